"""No-load: voltage on, current open, and at most one pulse in the time that the regulation computes.

Silence says something of the meter only while its pulses are heard, so the same input counts pulses under load before and after.
"""

from __future__ import annotations

from decimal import Decimal

from rig.criteria.jjg596_2026 import NO_LOAD_VOLTAGE
from rig.criteria.mpe import active_mpe
from rig.criteria.registry import criterion
from rig.metrology.decision import judge
from rig.metrology.error import run_time_s
from rig.metrology.load_points import UNITY, LoadPoint
from rig.metrology.thresholds import no_load_time_min
from rig.ports.instruments import PulseCounter
from rig.ports.meter import MeterRating
from rig.procedures.readings import SLOWEST
from rig.procedures.station import (
    Station,
    faults,
    faulty_stimulus,
    set_load,
    set_state,
    state_of,
    total_power_w,
)
from rig.results.records import Measurement, Verdict

#: how often the counter is looked at, so that a creeping meter is known before the full time is over
LOOK_EVERY_S = 60.0
#: pulses under load that show that the output lives and that the counter hears it
PROOF_PULSES = 2


def no_load_minutes(rating: MeterRating) -> Decimal:
    """Test time in minutes for this meter.

    Spec: JJG 596-2026, no-load
    """
    at_imin = active_mpe(rating, rating.imin_a, "1")
    return no_load_time_min(
        mpe_percent=at_imin.limit_percent,
        meter_constant=rating.constant_imp_per_kwh,
        elements_factor=rating.elements_factor,
        voltage_v=rating.voltage_v,
        imin_a=rating.imin_a,
    )


def no_load(station: Station, counter: PulseCounter) -> list[Measurement]:
    """Count pulses at 1.1 Unom without current for the least test time; ends early when the limit is passed.

    The last measurement is the judged one. Where no pulses come under load either, before or after, the result is
    INCONCLUSIVE: a dead output or a loose pick-up would pass every no-load test.

    Spec: JJG 596-2026, no-load
    """
    before = pulses_under_load(station, counter, "before")
    if faults(before):
        return before
    judged = _watched(station, counter)
    if faults(judged):
        return [*before, *judged]
    after = pulses_under_load(station, counter, "after")
    return [*before, *after] if faults(after) else [*before, *after, *judged]


def pulses_under_load(station: Station, counter: PulseCounter, when: str) -> list[Measurement]:
    """Pulses at 10 Itr and PF 1; fewer than expected are INCONCLUSIVE, for the no-load rule was neither kept nor broken."""
    used = criterion("JJG596-2026.NO_LOAD.PULSES")
    point = LoadPoint("10 Itr", 10 * station.rating.itr_a, UNITY)
    wanted = set_load(station, point)
    pulse_s = float(run_time_s(1, station.rating.constant_imp_per_kwh, total_power_w(station, point)))
    deadline = station.clock.now_s() + SLOWEST * (PROOF_PULSES + 1) * pulse_s
    counter.start_totalize(position=station.position)
    total = 0
    while total < PROOF_PULSES and station.clock.now_s() < deadline:
        station.wait(pulse_s)
        total = counter.read_total()
    fault = faulty_stimulus(station, wanted, point.name)
    if fault:
        return fault
    return [
        Measurement(
            name=f"output pulses at 10 Itr {when} the no-load test",
            value=Decimal(total),
            unit=used.unit,
            lower=Decimal(PROOF_PULSES),
            verdict=Verdict.PASS if total >= PROOF_PULSES else Verdict.INCONCLUSIVE,
            clause=f"{used.standard} {used.clause}",
        )
    ]


def _watched(station: Station, counter: PulseCounter) -> list[Measurement]:
    rating = station.rating
    used = criterion("JJG596-2026.NO_LOAD.PULSES")
    assert used.limit is not None
    limit = int(used.limit)
    wanted = state_of(rating, rating.phase_voltage_v * NO_LOAD_VOLTAGE, Decimal(0), 0.0)
    set_state(station, wanted)
    fault = faulty_stimulus(station, wanted, "no load")
    if fault:
        return fault
    minutes = no_load_minutes(rating)
    started = station.clock.now_s()
    deadline = started + float(minutes) * 60.0
    counter.start_totalize(position=station.position)
    total = 0
    while total <= limit and station.clock.now_s() < deadline:
        station.clock.wait_until(min(deadline, station.clock.now_s() + LOOK_EVERY_S))
        total = counter.read_total()
    fault = faulty_stimulus(station, wanted, "no load")
    if fault:
        return fault
    watched = (station.clock.now_s() - started) / 60.0
    judged = judge(Decimal(total), None, used.upper_limit)
    return [
        Measurement(
            name=f"output pulses without current in {watched:.1f} of {minutes:.1f} min",
            value=Decimal(total),
            unit=used.unit,
            upper=used.upper_limit,
            verdict=Verdict(judged),
            criterion=used.id,
            clause=f"{used.standard} {used.clause}",
            provisional=used.provisional,
        )
    ]
