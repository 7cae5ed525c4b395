"""Uncertainty budget of an energy error as a GUM table: each source, its distribution, its sensitivity, U = 2 u."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rig.metrology.error import standard_deviation

COVERAGE_FACTOR = 2


class Distribution(StrEnum):
    """What a stated value means, and so what it is divided by to give a standard uncertainty."""

    EXPANDED = "normal, k = 2"
    STANDARD = "standard uncertainty"
    RECTANGULAR = "rectangular"
    TRIANGULAR = "triangular"

    @property
    def divisor(self) -> Decimal:
        """2, 1, sqrt(3) or sqrt(6)."""
        return _DIVISORS[self]


_DIVISORS = {
    Distribution.EXPANDED: Decimal(2),
    Distribution.STANDARD: Decimal(1),
    Distribution.RECTANGULAR: Decimal(3).sqrt(),
    Distribution.TRIANGULAR: Decimal(6).sqrt(),
}


@dataclass(frozen=True, slots=True)
class Contribution:
    """One row: ``value`` is a half width, an expanded or a standard uncertainty, zero or more, in ``unit``.

    ``sensitivity`` turns it into percent of the energy error.
    """

    name: str
    value: Decimal
    unit: str
    distribution: Distribution
    sensitivity: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if not self.value.is_finite() or self.value < 0:
            raise ValueError(f"{self.name}: an uncertainty is zero or more, got {self.value}")
        if not self.sensitivity.is_finite():
            raise ValueError(f"{self.name}: the sensitivity must be finite, got {self.sensitivity}")

    @property
    def standard_percent(self) -> Decimal:
        """Standard uncertainty in percent of the error."""
        return abs(self.sensitivity) * self.value / self.distribution.divisor


@dataclass(frozen=True, slots=True)
class Budget:
    """All rows of one measurement."""

    contributions: tuple[Contribution, ...]

    @property
    def combined_percent(self) -> Decimal:
        """Combined standard uncertainty u in percent: root of the sum of squares.

        Spec: JJF 1059.1-2012 (GUM), uncorrelated contributions
        """
        return sum((row.standard_percent**2 for row in self.contributions), Decimal(0)).sqrt()

    @property
    def expanded_percent(self) -> Decimal:
        """Expanded uncertainty U = 2 u in percent, to two significant digits, rounded up."""
        return _two_digits_up(COVERAGE_FACTOR * self.combined_percent)


def _two_digits_up(value: Decimal) -> Decimal:
    if value == 0:
        return Decimal(0)
    step = Decimal(1).scaleb(value.adjusted() - 1)
    return math.ceil(value / step) * step


@dataclass(frozen=True, slots=True)
class BenchUncertainty:
    """What a bench knows of its own sources of uncertainty beyond the reference meter; zero leaves a row out.

    ``calibration_percent``: expanded, of the reference's calibration, where its stated uncertainty does not hold it already;
    ``drift_percent``: half width since calibration; ``phase_error_deg``: half width of the angle between the reference's U and I;
    ``stability_percent``: half width of the source's power during a reading; ``temperature_percent``: half width of
    coefficient times deviation.
    """

    calibration_percent: Decimal = Decimal(0)
    drift_percent: Decimal = Decimal(0)
    phase_error_deg: Decimal = Decimal(0)
    stability_percent: Decimal = Decimal(0)
    temperature_percent: Decimal = Decimal(0)


def angle_sensitivity_percent_per_deg(angle_deg: float) -> Decimal:
    """Percent of active power for one degree of angle error: tan(angle) * pi/180 * 100 (3.023 at 60 degrees).

    Raises:
        ValueError: no active power at this angle (90 degrees).
    """
    if math.isclose(abs(math.cos(math.radians(angle_deg))), 0.0, abs_tol=1e-12):
        raise ValueError(f"no active power at {angle_deg} degrees")
    return Decimal(repr(round(abs(math.tan(math.radians(angle_deg))) * math.pi / 180 * 100, 12)))


def error_budget(
    readings: Sequence[Decimal],
    *,
    reference_percent: Decimal,
    reference_pulses: Decimal,
    angle_deg: float,
    rounding_percent: Decimal | None,
    bench: BenchUncertainty = BenchUncertainty(),
) -> Budget:
    """Budget of the mean of ``readings`` (errors in percent).

    Args:
        readings: two or more.
        reference_percent: expanded uncertainty (k = 2) of the reference's energy error.
        reference_pulses: m0 of one reading; the quantisation is 1/m0.
        angle_deg: angle between U and I at the load point.
        rounding_percent: rounding interval of the result; None leaves the row out.
        bench: further sources.

    Spec: JJF 1059.1-2012; JJG 596-2026, error measurement
    """
    if reference_pulses <= 0:
        raise ValueError(f"reference pulses must be positive, got {reference_pulses}")
    count = Decimal(len(readings))
    rows = [
        Contribution("reference meter", reference_percent, "%", Distribution.EXPANDED),
        Contribution(
            "repeatability", standard_deviation(readings) / count.sqrt(), "%", Distribution.STANDARD
        ),
        Contribution("quantisation 1/m0", 100 / reference_pulses, "%", Distribution.RECTANGULAR),
        Contribution("calibration of the reference", bench.calibration_percent, "%", Distribution.EXPANDED),
        Contribution("drift of the reference", bench.drift_percent, "%", Distribution.RECTANGULAR),
        Contribution(
            "phase error",
            bench.phase_error_deg,
            "deg",
            Distribution.RECTANGULAR,
            angle_sensitivity_percent_per_deg(angle_deg),
        ),
        Contribution("stability of the source", bench.stability_percent, "%", Distribution.RECTANGULAR),
        Contribution("temperature", bench.temperature_percent, "%", Distribution.RECTANGULAR),
    ]
    if rounding_percent is not None:
        rows.append(Contribution("rounding", rounding_percent / 2, "%", Distribution.RECTANGULAR))
    return Budget(tuple(row for row in rows if row.value > 0))
