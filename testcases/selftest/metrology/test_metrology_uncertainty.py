"""Uncertainty budget, recomputed with floats from the GUM's formulas."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from rig.metrology.uncertainty import (
    BenchUncertainty,
    Budget,
    Contribution,
    Distribution,
    angle_sensitivity_percent_per_deg,
    error_budget,
)

READINGS = [Decimal("0.70"), Decimal("0.76")]


def test_budget_against_an_independent_sum():
    budget = error_budget(
        READINGS,
        reference_percent=Decimal("0.04"),
        reference_pulses=Decimal(4_000),
        angle_deg=60.0,
        rounding_percent=Decimal("0.1"),
        bench=BenchUncertainty(
            calibration_percent=Decimal("0.02"),
            drift_percent=Decimal("0.01"),
            phase_error_deg=Decimal("0.01"),
            stability_percent=Decimal("0.005"),
            temperature_percent=Decimal("0.003"),
        ),
    )
    u = [
        0.04 / 2,
        (0.06 / math.sqrt(2)) / math.sqrt(2),
        100 / 4000 / math.sqrt(3),
        0.02 / 2,
        0.01 / math.sqrt(3),
        math.radians(0.01) * math.tan(math.radians(60)) * 100 / math.sqrt(3),
        0.005 / math.sqrt(3),
        0.003 / math.sqrt(3),
        0.05 / math.sqrt(3),
    ]
    assert len(budget.contributions) == len(u)
    for row, expected in zip(budget.contributions, u, strict=True):
        assert float(row.standard_percent) == pytest.approx(expected, rel=1e-9), row.name
    assert float(budget.combined_percent) == pytest.approx(math.hypot(*u), rel=1e-9)


def test_expanded_is_rounded_up_to_two_digits():
    def expanded(standard: str) -> Decimal:
        return Budget((Contribution("x", Decimal(standard), "%", Distribution.STANDARD),)).expanded_percent

    assert expanded("0.0605") == Decimal("0.13")
    assert expanded("0.06") == Decimal("0.12")
    assert expanded("0.00613") == Decimal("0.013")
    assert expanded("0") == 0


@pytest.mark.parametrize(
    ("angle", "sensitivity"), [(0.0, 0.0), (60.0, 3.023), (-36.8699, 1.309), (-120.0, 3.023)]
)
def test_sensitivity_to_the_angle(angle, sensitivity):
    assert float(angle_sensitivity_percent_per_deg(angle)) == pytest.approx(sensitivity, abs=1e-3)


def test_no_active_power_has_no_sensitivity():
    with pytest.raises(ValueError, match="no active power"):
        angle_sensitivity_percent_per_deg(90.0)


def test_zero_contributions_are_left_out():
    budget = error_budget(
        [Decimal(1), Decimal(1)],
        reference_percent=Decimal("0.02"),
        reference_pulses=Decimal("1E6"),
        angle_deg=0.0,
        rounding_percent=None,
    )
    assert [row.name for row in budget.contributions] == ["reference meter", "quantisation 1/m0"]


@pytest.mark.parametrize("bad", ["-0.1", "NaN", "Infinity"])
def test_impossible_contributions_are_refused(bad):
    with pytest.raises(ValueError, match="zero or more"):
        Contribution("x", Decimal(bad), "%", Distribution.STANDARD)


def test_distribution_divisors():
    assert float(Distribution.RECTANGULAR.divisor) == pytest.approx(math.sqrt(3))
    assert float(Distribution.TRIANGULAR.divisor) == pytest.approx(math.sqrt(6))
    assert Distribution.EXPANDED.divisor == 2
