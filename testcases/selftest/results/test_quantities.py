"""Quantities as people read them: one form in the console, the pages and the certificate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    ("value", "limits", "texts"),
    [
        ("5.99999", {"upper": "6", "exclusive": True}, ("5.99999", "< 6")),
        ("5.9999999", {"upper": "6", "exclusive": True}, ("5.9999999", "< 6")),
        ("5.99999", {"upper": "6"}, ("6.00", "≤ 6")),
        ("6", {"upper": "6", "exclusive": True}, ("6", "< 6")),
        ("6.0000001", {"upper": "6"}, ("6.0000001", "≤ 6")),
        ("98.9999999", {"lower": "99"}, ("98.9999999", "≥ 99")),
        ("-6.0000001", {"lower": "-6", "upper": "6"}, ("-6.0000001", "±6")),
        ("1000001.4", {"upper": "1000001.3"}, ("1000001.4", "≤ 1000001.3")),
        ("0.03636370", {"upper": "0.03636366"}, ("0.0363637", "≤ 0.03636366")),
        ("12345.68", {"lower": "12345.67", "upper": "12345.67"}, ("12345.68", "= 12345.67")),
        ("111111.1234", {"lower": "111111.1235", "upper": "111111.1235"}, ("111111.1234", "= 111111.1235")),
    ],
)
def test_what_decides_the_verdict_is_never_rounded_away(value, limits, texts):
    given = {name: Decimal(limit) if isinstance(limit, str) else limit for name, limit in limits.items()}
    item = Measurement("m", Decimal(value), "s", **given)
    assert (shown_value(item), bare_limit_text(item)) == texts


@given(
    st.decimals(-2000000, 2000000, places=9),
    st.decimals(-2000000, 2000000, places=9) | st.decimals(-10, 10, places=2),
    st.integers(-20, 20),
    st.booleans(),
)
def test_any_value_is_shown_on_its_side_of_the_limit(value, limit, step, exclusive):
    for shown in (value, limit + step * Decimal("1E-9")):
        item = Measurement("m", shown, upper=limit, exclusive=exclusive)
        text, sign, bound = Decimal(shown_value(item)), *bare_limit_text(item).split()
        inside = shown < limit if exclusive else shown <= limit
        assert sign == ("<" if exclusive else "≤")
        assert (text < Decimal(bound) if exclusive else text <= Decimal(bound)) == inside


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
    assert shown_uncertainty(Measurement("m", Decimal(1), uncertainty=Decimal("0.06312"))) == "0.064"
    assert shown_uncertainty(Measurement("m", Decimal(1), uncertainty=Decimal(0))) == ""
    assert shown_uncertainty(Measurement("m", Decimal(1))) == ""
