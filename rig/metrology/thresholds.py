"""No-load and starting: how long to watch, and between which times a pulse must come."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rig.metrology.error import run_time_s

_MINUTES_PER_HOUR = 60


def no_load_time_min(
    *,
    mpe_percent: Decimal,
    meter_constant: Decimal,
    elements_factor: int,
    voltage_v: Decimal,
    imin_a: Decimal,
) -> Decimal:
    """Least no-load test time in minutes.

    Args:
        mpe_percent: b, the MPE at Imin and PF 1.
        meter_constant: C in pulses per kWh (secondary).
        elements_factor: d, 1 single-phase, 2 three-phase three-wire, 3 four-wire.
        voltage_v: Unom in V.
        imin_a: Imin in A.

    Spec: JJG 596-2026, no-load: dt = 100e3 / (1.1 b C d Unom Imin) hours
    """
    product = mpe_percent * meter_constant * elements_factor * voltage_v * imin_a
    if not product.is_finite() or product <= 0:
        raise ValueError("MPE, constant, factor, voltage and current must be positive")
    return Decimal(100_000) / (Decimal("1.1") * product) * _MINUTES_PER_HOUR


def no_load_time_2012_min(
    *,
    coefficient: Decimal,
    meter_constant: Decimal,
    elements_factor: Decimal,
    voltage_v: Decimal,
    imax_a: Decimal,
) -> Decimal:
    """Least no-load test time in minutes by the 2012 edition (``elements_factor`` is 1, sqrt(3) or 3).

    Spec: JJG 596-2012, no-load: dt = K * 1e6 / (C m U Imax) minutes, as public bench software codes it
    """
    product = meter_constant * elements_factor * voltage_v * imax_a
    if not product.is_finite() or product <= 0 or coefficient <= 0:
        raise ValueError("coefficient, constant, factor, voltage and current must be positive")
    return coefficient * 1_000_000 / product


def starting_time_limit_2012_min(
    *, meter_constant: Decimal, elements_factor: Decimal, voltage_v: Decimal, ist_a: Decimal
) -> Decimal:
    """Longest time to the first pulse in minutes by the 2012 edition.

    Spec: JJG 596-2012, starting: tQ = 1.2 * 60 * 1000 / (C m U Ist), as public bench software codes it
    """
    return Decimal("1.2") * run_time_s(1, meter_constant, elements_factor * voltage_v * ist_a) / 60


@dataclass(frozen=True, slots=True)
class StartingInterval:
    """Time between two pulses at the starting current in seconds: nominal, shortest and longest accepted."""

    nominal_s: Decimal
    shortest_s: Decimal
    longest_s: Decimal


def starting_interval(*, meter_constant: Decimal, power_w: Decimal, mpe_percent: Decimal) -> StartingInterval:
    """Interval between two pulses that the error limit at Ist allows.

    Args:
        meter_constant: pulses per kWh.
        power_w: power at Ist.
        mpe_percent: est, the MPE at Ist (b Imin/Ist), below 100.

    Spec: JJG 596-2026 5.3: inside (1 -/+ est) 3.6e6 / (C Pst)
    """
    if not 0 < mpe_percent < 100:
        raise ValueError(f"the MPE at the starting current must be between 0 and 100 %, got {mpe_percent}")
    nominal = run_time_s(1, meter_constant, power_w)
    share = mpe_percent / 100
    return StartingInterval(nominal, nominal * (1 - share), nominal * (1 + share))
