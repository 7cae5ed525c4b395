"""Clauses and criteria of DL/T 645-2007: complete, honest about what they rest on, extensions never mandatory."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rig.criteria.dlt645_2007 import CLAUSES, CRITERIA, STANDARD
from rig.criteria.registry import clause, criterion


def test_numbers_are_unique_and_titles_bilingual():
    assert len({rule.id for rule in CLAUSES}) == len(CLAUSES)
    for rule in CLAUSES:
        assert rule.title
        assert rule.title_zh
        assert rule.provenance == "recalled"
        assert rule.source


@pytest.mark.parametrize("number", ["E.1CH", "E.03H"])
def test_extensions_are_never_mandatory(number):
    assert not clause(STANDARD, number).mandatory
    assert "extension" in clause(STANDARD, number).source


@pytest.mark.parametrize("item", CRITERIA, ids=lambda item: item.id)
def test_criteria_belong_to_known_clauses(item):
    assert clause(STANDARD, item.clause)
    assert item.id.startswith("DLT645.")
    assert item.source


@pytest.mark.parametrize(
    "name", ["ENERGY_PLAUSIBLE", "VARIABLE_PLAUSIBLE", "LOCKOUT_DURATION", "RELAY_REACTION"]
)
def test_what_was_not_seen_is_provisional(name):
    assert criterion(f"DLT645.{name}").provisional


def test_response_delay_is_the_one_of_the_standard():
    limits = criterion("DLT645.RESPONSE_DELAY")
    assert (limits.lower_limit, limits.upper_limit) == (Decimal("0.020"), Decimal("0.500"))
