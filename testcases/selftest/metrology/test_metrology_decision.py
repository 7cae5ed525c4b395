"""Decision rules at, inside and beyond the limit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.metrology.decision import (
    GUARDED,
    SIMPLE,
    DecisionRule,
    acceptance_limits,
    judge,
    rounded_for_verdict,
)

LIMIT = Decimal("1.0")


def verdict(value: str, rule: DecisionRule | str, uncertainty: str = "0.1") -> str:
    return judge(Decimal(value), -LIMIT, LIMIT, uncertainty=Decimal(uncertainty), rule=rule)


@pytest.mark.parametrize(
    ("value", "expected"), [("1.0", "PASS"), ("-1.0", "PASS"), ("1.01", "FAIL"), ("0", "PASS")]
)
def test_simple_includes_the_limit(value, expected):
    assert verdict(value, "simple") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.9", "PASS"),
        ("0.91", "INCONCLUSIVE"),
        ("1.1", "INCONCLUSIVE"),
        ("1.11", "FAIL"),
        ("-0.95", "INCONCLUSIVE"),
    ],
)
def test_guard_band_of_the_uncertainty(value, expected):
    assert verdict(value, "guarded") == expected


def test_guard_band_without_uncertainty_is_simple():
    assert verdict("1.0", "guarded", "0") == "PASS"
    assert verdict("1.01", "guarded", "0") == "FAIL"


@pytest.mark.parametrize(("value", "expected"), [("0.6", "PASS"), ("0.61", "FAIL"), ("-0.6", "PASS")])
def test_share_of_the_limit(value, expected):
    assert verdict(value, "percent:60") == expected


def test_uncertainty_larger_than_the_tolerance_never_passes():
    assert verdict("0", "guarded", "1.5") == "INCONCLUSIVE"
    assert acceptance_limits(-LIMIT, LIMIT, GUARDED, Decimal("1.5")) == (Decimal("0.5"), Decimal("-0.5"))


def test_rounding_comes_before_the_verdict():
    assert judge(Decimal("1.049"), -LIMIT, LIMIT, rounding=Decimal("0.1")) == "PASS"
    assert judge(Decimal("1.051"), -LIMIT, LIMIT, rounding=Decimal("0.1")) == "FAIL"


def test_open_limit():
    assert judge(Decimal(15), None, Decimal(15), inclusive=False) == "FAIL"
    assert judge(Decimal("14.9"), None, Decimal(15), inclusive=False) == "PASS"
    assert judge(Decimal(5), Decimal(1), None) == "PASS"


@pytest.mark.parametrize("rule", ["percent:0", "percent:101", "percent", "strict", ""])
def test_unknown_rules_are_refused(rule):
    with pytest.raises(ValueError, match=r"rule|percentage"):
        DecisionRule.parse(rule)


@pytest.mark.parametrize(
    ("value", "lower", "upper", "uncertainty"),
    [("NaN", "0", "1", "0"), ("1", "0", "1", "-1"), ("1", "2", "1", "0"), ("1", "0", "1", "Infinity")],
)
def test_impossible_judgements_are_refused(value, lower, upper, uncertainty):
    with pytest.raises(ValueError, match=r"cannot judge|cross"):
        judge(Decimal(value), Decimal(lower), Decimal(upper), uncertainty=Decimal(uncertainty))


def test_nothing_to_judge_by_is_refused():
    with pytest.raises(ValueError, match="without a limit"):
        judge(Decimal(1), None, None)


@given(value=st.decimals("-3", "3", places=3), uncertainty=st.decimals("0", "2", places=3))
def test_guarded_is_never_more_generous_than_simple(value, uncertainty):
    guarded = judge(value, -LIMIT, LIMIT, uncertainty=uncertainty, rule=GUARDED)
    simple = judge(value, -LIMIT, LIMIT, uncertainty=uncertainty, rule=SIMPLE)
    if guarded == "PASS":
        assert simple == "PASS"
    if guarded == "FAIL":
        assert simple == "FAIL"


def test_every_rule_says_what_it_does():
    for text in ("simple", "guarded", "percent:60"):
        assert len(DecisionRule.parse(text).describe()) > 20


@pytest.mark.parametrize(
    ("value", "interval", "limit", "shown", "verdict"),
    [
        # a limit between two multiples: good up to the limit itself, bad from there on
        ("18.75", "0.1", "18.75", "18.75", "PASS"),
        ("-18.75", "0.1", "18.75", "-18.75", "PASS"),
        ("18.7501", "0.1", "18.75", "18.8", "FAIL"),
        ("18.77", "0.1", "18.78", "18.77", "PASS"),
        ("18.74", "0.1", "18.72", "18.7", "PASS"),
        ("2.5", "0.2", "2.5", "2.4", "PASS"),
        # a limit on a multiple: the regulation's rounding decides alone
        ("1.05", "0.1", "1.0", "1.0", "PASS"),
        ("1.0501", "0.1", "1.0", "1.1", "FAIL"),
    ],
)
def test_rounding_does_not_carry_a_good_error_over_its_limit(value, interval, limit, shown, verdict):
    lower, upper = -Decimal(limit), Decimal(limit)
    assert str(rounded_for_verdict(Decimal(value), Decimal(interval), lower, upper)) == shown
    assert judge(Decimal(value), lower, upper, rounding=Decimal(interval)) == verdict
