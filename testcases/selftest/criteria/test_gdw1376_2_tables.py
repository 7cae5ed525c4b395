"""Clauses, criteria and groups of the local module's interface: complete, consistent, honest about their origin."""

from __future__ import annotations

import pytest

from rig.criteria.gdw1376_2 import CLAUSES, CRITERIA, STANDARD
from rig.criteria.gdw1376_2_groups import GROUPS, SUITE
from rig.criteria.registry import clause
from rig.protocols.gdw1376_2.functions import all_functions
from rig.testing.catalogue import all_cases


@pytest.fixture(scope="module")
def suite():
    """Cases of the suite."""
    return [case for case in all_cases() if case.id.startswith(f"{SUITE}.")]


def test_module_clauses_are_unique_and_bilingual():
    assert len({rule.id for rule in CLAUSES}) == len(CLAUSES)
    assert all(rule.title and rule.title_zh and rule.source for rule in CLAUSES)


def test_clauses_named_as_functions_exist():
    known = {function.id for function in all_functions()}
    named = {rule.id for rule in CLAUSES if rule.id[2:3] == "F" and rule.id[3:].isdigit()}
    assert named
    assert named <= known


def test_what_was_recalled_is_never_mandatory():
    assert not [rule.id for rule in CLAUSES if rule.mandatory and rule.provenance == "recalled"]


@pytest.mark.parametrize("item", CRITERIA, ids=lambda item: item.id)
def test_module_criteria_belong_to_known_clauses(item):
    assert clause(STANDARD, item.clause)
    assert item.id.startswith("GDW10376_2.")


def test_our_own_choices_are_provisional():
    assert not [item.id for item in CRITERIA if "this suite" in item.source and not item.provisional]


def test_there_are_25_groups_and_none_is_empty():
    assert len(GROUPS) == 25
    assert len({group.name for group in GROUPS}) == 25
    assert all(group.cases and group.name_zh for group in GROUPS)


def test_every_case_is_in_one_group(suite):
    grouped = [case for group in GROUPS for case in group.case_ids]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {case.id for case in suite}


def test_enough_cases_and_all_of_the_module(suite):
    assert len(suite) >= 60
    assert {case.device_role for case in suite} == {"local_module"}
    assert {case.link for case in suite} == {"C2-M1"}


def test_every_mandatory_clause_has_a_case(suite):
    judged = {number for case in suite for standard, number in case.clauses if standard == STANDARD}
    assert [rule.id for rule in CLAUSES if rule.mandatory and rule.id not in judged] == []
