"""The catalogue of known-bad meters, and the cases that name them, fit together; that they kill is shown by `rig prove`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from rig.criteria.registry import all_clauses, criterion
from rig.errors import ConfigError
from rig.twin.defects import all_defects, check_defect

SUITES = Path(__file__).parents[4] / "testcases"
STANDARD = "DL/T 645-2007"


def markers(folder: str) -> dict[str, dict[str, list[str]]]:
    """Marker arguments of every pytest case of a folder: case, marker, texts."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted((SUITES / folder).glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{path.stem}.{node.name}"] = {
                    call.func.attr: [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
                    for call in node.decorator_list
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                }
    return found


CASES = markers("dlt645_2007")


def test_there_are_enough_cases_and_defects():
    assert len(CASES) >= 70
    assert len(all_defects("meter")) >= 60


@pytest.mark.parametrize("case", sorted(CASES))
def test_every_case_names_known_defects(case):
    named = CASES[case].get("known_bad", [])
    assert named
    for text in named:
        check_defect(text)


@pytest.mark.parametrize("case", sorted(CASES))
def test_every_case_uses_known_criteria_and_has_a_chinese_title(case):
    assert CASES[case]["title_zh"]
    for name in CASES[case].get("criterion", []):
        assert criterion(name).standard == STANDARD


def test_every_defect_of_the_protocol_is_named_by_a_case():
    named = {text.partition(":")[0] for case in CASES.values() for text in case.get("known_bad", [])}
    protocol = {name for name, defect in all_defects("meter").items() if not defect.clause.startswith("JJG")}
    assert protocol - named == set()


def test_every_defect_breaks_a_known_clause():
    clauses = {clause.id for clause in all_clauses(STANDARD)}
    for defect in all_defects("meter").values():
        assert defect.clause in clauses or defect.clause.startswith("JJG 596"), defect.name


def test_defects_say_what_is_bad_in_one_line():
    for defect in all_defects().values():
        assert defect.summary
        assert "\n" not in defect.summary
        assert not defect.summary.endswith(".")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("late-anser", "defect"),
        ("late-answer:soon", "late-answer"),
        ("late-answer:3A", "late-answer"),
        ("trip-unrecorded:5", "trip-unrecorded"),
    ],
)
def test_what_does_not_fit_is_refused(text, key):
    with pytest.raises(ConfigError) as caught:
        check_defect(text)
    assert caught.value.key == key
