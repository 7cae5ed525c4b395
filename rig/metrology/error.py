"""Error of an energy meter from pulses or time, how many pulses to count, and the mean and spread of readings.

Power is in W, energy in kWh, constants in pulses per kWh, errors in percent, positive when the meter registers too much.
Ratios of instrument transformers (KI, KU) are 1 for a meter that is tested directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rig.metrology.decision import rounded_for_verdict

#: watt-seconds in a kilowatt-hour
WATT_SECONDS_PER_KWH = Decimal(3_600_000)


def _positive(**quantities: Decimal) -> None:
    for name, value in quantities.items():
        if not value.is_finite() or value <= 0:
            raise ValueError(f"{name} must be positive, got {value}")


def reference_pulses(
    reference_constant: Decimal,
    meter_constant: Decimal,
    pulses: int,
    *,
    current_ratio: Decimal = Decimal(1),
    voltage_ratio: Decimal = Decimal(1),
) -> Decimal:
    """Pulses m0 that the reference gives during ``pulses`` pulses of a meter without error.

    Spec: JJG 596-2026, reference-meter method: m0 = C0 N / (C KI KU)
    """
    _positive(reference_constant=reference_constant, meter_constant=meter_constant, pulses=Decimal(pulses))
    _positive(current_ratio=current_ratio, voltage_ratio=voltage_ratio)
    return reference_constant * pulses / (meter_constant * current_ratio * voltage_ratio)


def pulse_comparison_error_percent(preset: Decimal, counted: Decimal) -> Decimal:
    """Error (m0 - m) / m * 100 from the preset and the counted reference pulses.

    Spec: JJG 596-2026, reference-meter method
    """
    _positive(preset=preset, counted=counted)
    return (preset - counted) / counted * 100


def run_time_s(pulses: int, meter_constant: Decimal, power_w: Decimal) -> Decimal:
    """Seconds in which a meter without error gives ``pulses`` pulses at ``power_w`` (magnitude).

    Spec: JJG 596-2026, watt-second method: T = 3.6e6 N / (C P)
    """
    _positive(meter_constant=meter_constant, power_w=power_w)
    return WATT_SECONDS_PER_KWH * pulses / (meter_constant * power_w)


def watt_second_error_percent(computed_s: Decimal, measured_s: Decimal) -> Decimal:
    """Error (T - t) / t * 100 from the computed and the measured time of the pulses.

    Spec: JJG 596-2026, watt-second method
    """
    _positive(computed_s=computed_s, measured_s=measured_s)
    return (computed_s - measured_s) / measured_s * 100


def pulses_to_count(
    *,
    meter_constant: Decimal,
    reference_constant: Decimal,
    power_w: Decimal,
    mpe_percent: Decimal,
    least_run_s: Decimal = Decimal(10),
    quantisation_share: Decimal = Decimal(20),
) -> int:
    """Least number N of meter pulses: quantisation 1/m0 below MPE/20, and a run of at least 10 s.

    Spec: JJG 596-2026, error measurement
    """
    _positive(
        meter_constant=meter_constant,
        reference_constant=reference_constant,
        power_w=power_w,
        mpe_percent=mpe_percent,
        least_run_s=least_run_s,
        quantisation_share=quantisation_share,
    )
    # whole divisions: a rounded quotient would miss the border by a pulse
    by_quantisation = int(100 * quantisation_share * meter_constant // (mpe_percent * reference_constant)) + 1
    whole, rest = divmod(least_run_s * meter_constant * power_w, WATT_SECONDS_PER_KWH)
    by_time = int(whole) + (rest > 0)
    return max(1, by_quantisation, by_time)


def mean(readings: Sequence[Decimal]) -> Decimal:
    """Arithmetic mean of at least one reading."""
    if not readings:
        raise ValueError("no readings")
    return sum(readings, Decimal(0)) / len(readings)


def rounded_mean(readings: Sequence[Decimal], interval: Decimal, limit: Decimal) -> Decimal:
    """Mean of at least two readings, rounded to the interval for a verdict against plus and minus ``limit``.

    Spec: JJG 596-2026, error measurement (two readings, their mean) and rounding of errors
    """
    if len(readings) < 2:
        raise ValueError(f"at least two readings are needed, got {len(readings)}")
    return rounded_for_verdict(mean(readings), interval, -limit, limit)


def spread(readings: Sequence[Decimal]) -> Decimal:
    """Largest less smallest of at least two readings."""
    if len(readings) < 2:
        raise ValueError(f"at least two readings are needed, got {len(readings)}")
    return max(readings) - min(readings)


def standard_deviation(readings: Sequence[Decimal]) -> Decimal:
    """Estimate s of the standard deviation, with n - 1 in the denominator."""
    if len(readings) < 2:
        raise ValueError(f"at least two readings are needed, got {len(readings)}")
    centre = mean(readings)
    return (sum(((reading - centre) ** 2 for reading in readings), Decimal(0)) / (len(readings) - 1)).sqrt()
