"""Quantities as people read them: one form in the console, the pages and the certificate."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rig.results.quantities import bare_limit_text, limit_text, shown_uncertainty, shown_value
from rig.results.records import Measurement


@pytest.mark.parametrize(
    ("lower", "upper", "text", "exclusive"),
    [
        (Decimal("-1.0"), Decimal("1.0"), "±1.0", "|x| < 1.0"),
        (Decimal("0.02"), Decimal("0.5"), "0.02 … 0.5", "> 0.02, < 0.5"),
        (None, Decimal(5), "≤ 5", "< 5"),
        (Decimal("1E+2"), None, "≥ 100", "> 100"),
    ],
)
def test_limits(lower, upper, text, exclusive):
    assert bare_limit_text(Measurement("m", Decimal(1), lower=lower, upper=upper)) == text
    assert (
        bare_limit_text(Measurement("m", Decimal(1), lower=lower, upper=upper, exclusive=True)) == exclusive
    )


@pytest.mark.parametrize(
    ("expected", "text"), [("silence", "silence"), (Decimal(0), "= 0"), (Decimal(68), "= 68"), (None, "")]
)
def test_expected_values(expected, text):
    assert bare_limit_text(Measurement("m", Decimal(1), lower=expected, upper=expected)) == text


def test_limits_have_six_digits_at_most():
    assert bare_limit_text(Measurement("m", Decimal(1), upper=Decimal(2) / Decimal(55))) == "≤ 0.0363636"


def test_an_expected_frame_fits_a_column():
    assert len(limit_text(Measurement("m", "68", lower="FE" * 40, upper="FE" * 40, provisional=True))) < 32


def test_a_value_at_an_excluded_limit_is_not_rounded_to_either_side():
    below = Measurement("m", Decimal("5.99999"), "s", upper=Decimal(6), exclusive=True)
    assert shown_value(below) == "5.99999"
    assert shown_value(Measurement("m", Decimal("5.99999"), "s", upper=Decimal(6))) == "6.00"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.24892723731999666"), "0.248927"),
        (Decimal("-0.20"), "-0.20"),
        (Decimal("NaN"), "NaN"),
        ("0161", "0161"),
        (None, ""),
    ],
)
def test_values(value, text):
    assert shown_value(Measurement("m", value)) == text


def test_an_uncertainty_has_two_digits():
    assert shown_uncertainty(Measurement("m", Decimal(1), uncertainty=Decimal("0.06312"))) == "0.063"
    assert shown_uncertainty(Measurement("m", Decimal(1))) == ""
