"""A criterion refuses what cannot be a limit, and says where it ends."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rig.criteria.model import Clause, Criterion
from rig.errors import ConfigError


def make(**changes):
    values = {
        "id": "X.Y",
        "standard": "S",
        "edition": "2026",
        "clause": "1",
        "quantity": "q",
        "operator": "<=",
        "unit": "s",
        "provenance": "seen",
        "source": "here",
        "limit": Decimal(5),
    }
    return Criterion(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "lower", "upper", "inclusive"),
    [
        ({}, None, Decimal(5), True),
        ({"operator": "<"}, None, Decimal(5), False),
        ({"operator": ">="}, Decimal(5), None, True),
        ({"operator": ">"}, Decimal(5), None, False),
        ({"operator": "abs<="}, Decimal(-5), Decimal(5), True),
        ({"operator": "abs<"}, Decimal(-5), Decimal(5), False),
        (
            {"operator": "within", "limit": None, "lower": Decimal(1), "upper": Decimal(2)},
            Decimal(1),
            Decimal(2),
            True,
        ),
    ],
)
def test_ends_of_a_criterion(changes, lower, upper, inclusive):
    made = make(**changes)
    assert (made.lower_limit, made.upper_limit, made.inclusive) == (lower, upper, inclusive)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"limit": None}, "X.Y.limit"),
        ({"limit": Decimal("NaN")}, "X.Y.limit"),
        ({"limit": Decimal("Infinity")}, "X.Y.limit"),
        ({"limit": Decimal(-1)}, "X.Y.limit"),
        ({"operator": "abs<=", "unit": "%", "limit": Decimal("-0.5")}, "X.Y.limit"),
        ({"operator": "<", "limit": Decimal(0)}, "X.Y.limit"),
        ({"operator": "abs<", "unit": "%", "limit": Decimal(0)}, "X.Y.limit"),
        ({"operator": "abs<", "unit": "%", "limit": Decimal(-1)}, "X.Y.limit"),
        ({"operator": ">", "unit": "%", "limit": Decimal(101)}, "X.Y.limit"),
        ({"operator": ">=", "unit": "years", "limit": Decimal(-1)}, "X.Y.limit"),
        ({"operator": ">=", "unit": "%", "limit": Decimal("100.1")}, "X.Y.limit"),
        ({"operator": "=="}, "X.Y.operator"),
        ({"operator": "within", "limit": None, "lower": Decimal(1)}, "X.Y.upper"),
        ({"operator": "within", "limit": None, "lower": Decimal(2), "upper": Decimal(1)}, "X.Y.lower"),
        ({"operator": "within", "lower": Decimal(1), "upper": Decimal(2)}, "X.Y.limit"),
        ({"lower": Decimal(1)}, "X.Y.lower"),
        ({"provenance": "guessed"}, "X.Y.provenance"),
        ({"rule": "strict"}, "X.Y.rule"),
        ({"rule": "percent:0"}, "X.Y.rule"),
        ({"rule": "percent:120"}, "X.Y.rule"),
        ({"rounding": Decimal(0)}, "X.Y.rounding"),
        ({"id": ""}, "id"),
        ({"id": " X"}, "id"),
    ],
)
def test_impossible_criteria_are_refused(changes, key):
    with pytest.raises(ConfigError) as raised:
        make(**changes)
    assert raised.value.key == key


def test_recalled_limits_are_provisional():
    assert make(provenance="recalled").provisional
    assert make(provenance="own").provisional
    assert not make().provisional


def test_a_clause_needs_a_standard_and_a_known_provenance():
    with pytest.raises(ConfigError, match="standard and an id"):
        Clause("", "S", "t")
    with pytest.raises(ConfigError, match="unknown provenance"):
        Clause("1", "S", "t", provenance="heard")
