"""The catalogue of known-bad local modules, and the cases that name them, fit together; that they kill `rig prove` shows."""

from __future__ import annotations

import pytest

from rig.criteria.gdw1376_2 import STANDARD
from rig.criteria.registry import clause
from rig.testing.catalogue import all_cases
from rig.twin.build_module import build_module
from rig.twin.defects import all_defects, role_of_defect
from rig.twin.engine import Engine

DEFECTS = all_defects("local_module")


@pytest.fixture(scope="module")
def namers():
    """Cases of the suite by the defect that they name."""
    found = {}
    for case in all_cases():
        if case.id.startswith("gdw1376_2."):
            for text in case.known_bad:
                found.setdefault(text.partition(":")[0], []).append(case)
    return found


def test_module_cases_name_modules_only(namers):
    assert namers
    assert {role_of_defect(name) for name in namers} == {"local_module"}


def test_every_module_defect_is_named(namers):
    ours = {
        name
        for name, entry in DEFECTS.items()
        if entry.apply.__module__.startswith("rig.twin.defects.module_")
    }
    assert ours - set(namers) == set()


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_module_defect_breaks_a_clause_that_its_cases_judge(name, namers):
    entry = DEFECTS[name]
    assert clause(STANDARD, entry.clause)
    judged = {
        number for case in namers.get(name, ()) for standard, number in case.clauses if standard == STANDARD
    }
    assert entry.clause in judged


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_module_defect_can_be_put_on_a_module_without_nodes(name):
    module = build_module(Engine(1), None, defects=(name,))
    assert module.defects == (name,)
