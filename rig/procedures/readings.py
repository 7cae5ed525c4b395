"""One reading of an energy error: pulses chosen, measurement started, waited for as long as the load needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from rig.metrology.error import pulses_to_count, reference_pulses, run_time_s
from rig.ports.instruments import ErrorCalculator
from rig.procedures.station import Station

#: a meter this many times slower than a good one gives no more readings worth waiting for
SLOWEST = 2.0
#: on top of every bound: the instruments' own time, in seconds
INSTRUMENT_MARGIN_S = 5.0
#: shortest time between two looks at the instrument, in seconds
LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """How one reading is taken: pulses of the meter, time of one pulse and of the run in s, m0, longest wait in s."""

    pulses: int
    pulse_s: float
    run_s: float
    preset: Decimal
    longest_wait_s: float


def plan_reading(
    station: Station,
    calculator: ErrorCalculator,
    power_w: Decimal,
    mpe_percent: Decimal,
    *,
    slowest: float = SLOWEST,
) -> Plan:
    """Choose the pulses of a reading at this power.

    ``slowest`` is how many times slower than a good meter the meter may be before the wait ends.

    Spec: JJG 596-2026, error measurement: 1/m0 below MPE/20 and a run of at least 10 s
    """
    constant = station.rating.constant_imp_per_kwh
    pulses = pulses_to_count(
        meter_constant=constant,
        reference_constant=calculator.reference_constant_imp_per_kwh,
        power_w=power_w,
        mpe_percent=mpe_percent,
    )
    pulse_s = float(run_time_s(1, constant, power_w))
    return Plan(
        pulses=pulses,
        pulse_s=pulse_s,
        run_s=pulses * pulse_s,
        preset=reference_pulses(calculator.reference_constant_imp_per_kwh, constant, pulses),
        longest_wait_s=slowest * (pulses + 1) * pulse_s + INSTRUMENT_MARGIN_S,
    )


@dataclass(frozen=True, slots=True)
class Silence:
    """A reading that did not finish: pulses that were seen after the one that opens the gate, and how long was waited."""

    pulses_seen: int
    waited_s: float


def take_reading(station: Station, calculator: ErrorCalculator, plan: Plan) -> Decimal | Silence:
    """Start one measurement and wait for it; its error in percent, or what was seen when it did not finish."""
    before = calculator.status().finished
    calculator.start()
    started = station.clock.now_s()
    # a restart may set the count of finished measurements back to zero
    before = min(before, calculator.status().finished)
    deadline = started + plan.longest_wait_s
    station.clock.wait_until(min(deadline, started + plan.run_s))
    step = max(LOOK_EVERY_S, plan.pulse_s / 4)
    while True:
        status = calculator.status()
        if status.finished > before:
            return calculator.result_percent()
        now = station.clock.now_s()
        if now >= deadline:
            seen = math.floor(status.progress_percent / 100.0 * plan.pulses + 1e-9)
            return Silence(seen, now - started)
        station.clock.wait_until(min(deadline, now + step))
