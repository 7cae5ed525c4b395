"""The catalogue of known-bad concentrators, and the cases that name them, fit together; that they kill is shown by `rig prove`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from rig.criteria.gdw1376_1 import CLAUSES, CRITERIA, STANDARD
from rig.criteria.inspection_items import inspection_item
from rig.criteria.registry import clause, criterion
from rig.transports.memory_stream import MemoryNetwork
from rig.twin.build_terminal import build_terminal
from rig.twin.defects import all_defects, check_defect
from rig.twin.engine import Engine

SUITE = Path(__file__).parents[4] / "testcases" / "gdw1376_1"
DEFECTS = {
    name: defect for name, defect in all_defects("concentrator").items() if name.startswith("terminal-")
}


def marked(decorators: list[ast.expr]) -> dict[str, list[str]]:
    """Marker arguments by marker."""
    return {
        call.func.attr: [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
        for call in decorators
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    }


def cases() -> dict[str, dict[str, list[str]]]:
    """Marker arguments of every case of the suite."""
    found = {}
    for path in sorted(SUITE.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{path.stem}.{node.name}"] = marked(node.decorator_list)
    return found


CASES = cases()


def test_there_are_enough_terminal_cases():
    assert len(CASES) >= 60
    assert len(DEFECTS) >= 60


@pytest.mark.parametrize("case", sorted(CASES))
def test_every_terminal_case_names_defects_and_has_a_chinese_title(case):
    markers = CASES[case]
    assert markers["known_bad"]
    assert markers["title_zh"]
    for text in markers["known_bad"]:
        check_defect(text)
        assert text.partition(":")[0] in DEFECTS
    for name in markers.get("criterion", []):
        assert criterion(name) in CRITERIA
    for number in markers.get("inspection_item", []):
        assert inspection_item(number)


def test_every_terminal_defect_is_named_by_a_case():
    named = {text.partition(":")[0] for markers in CASES.values() for text in markers["known_bad"]}
    assert set(DEFECTS) - named == set()


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_every_terminal_defect_breaks_a_known_clause_and_can_be_built(name):
    defect = DEFECTS[name]
    assert clause(STANDARD, defect.clause)
    assert defect.summary
    assert not defect.summary.endswith(".")
    engine = Engine(1)
    device = build_terminal(engine, MemoryNetwork(engine.clock), ports={}, defects=(name,), start=False)
    assert device.defects == (name,)


def test_terminal_clauses_are_honest_about_what_they_rest_on():
    assert len({rule.id for rule in CLAUSES}) == len(CLAUSES)
    for rule in CLAUSES:
        assert rule.title_zh
        assert rule.provenance == "recalled"
        assert rule.source


@pytest.mark.parametrize("item", CRITERIA, ids=lambda item: item.id)
def test_terminal_criteria_belong_to_known_clauses(item):
    assert clause(item.standard, item.clause)
    assert item.standard == STANDARD or not item.provisional
    assert item.id.startswith("GDW1376.1.")
    assert item.source
    assert (item.provenance == "own") == ("of this suite" in item.source)


@pytest.mark.parametrize("name", ["HEARTBEAT", "REPEAT", "RECONNECT", "CLASS1.AGE", "EVENT.REPORT"])
def test_what_no_text_says_is_our_own_and_provisional(name):
    item = criterion(f"GDW1376.1.{name}")
    assert item.provenance == "own"
    assert item.provisional
