"""Daily clock error by counter on the clock output, and the displayed time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from rig.criteria.jjg596_2026 import CLOCK_RUN_S, CLOCK_RUNS
from rig.criteria.model import Criterion
from rig.criteria.registry import criterion
from rig.errors import NoSignalError
from rig.metrology.error import mean, standard_deviation
from rig.metrology.registers import SECONDS_PER_DAY, daily_clock_error_s
from rig.metrology.uncertainty import Budget, Contribution, Distribution
from rig.ports.instruments import PulseCounter
from rig.procedures.station import Station, faulty_stimulus, set_state, state_of
from rig.results.records import Measurement, Verdict
from rig.units import round_to_interval, to_decimal

_SHOWN = Decimal("0.0001")


def daily_clock_error(station: Station, counter: PulseCounter) -> list[Measurement]:
    """Three runs of one minute on the clock output, their mean, rounded and judged.

    Spec: JJG 596-2026, clock
    """
    rating = station.rating
    used = criterion("JJG596-2026.CLOCK.DAILY")
    wanted = state_of(rating, rating.phase_voltage_v, Decimal(0), 0.0)
    set_state(station, wanted)
    fault = faulty_stimulus(station, wanted, "clock test")
    if fault:
        return fault
    gate_s = float(CLOCK_RUN_S)
    runs = []
    for _ in range(CLOCK_RUNS):
        station.wait(gate_s)
        try:
            measured_hz = counter.measure_frequency(gate_s=gate_s, position=station.position)
        except NoSignalError:
            return [_silent_output(used)]
        runs.append(daily_clock_error_s(measured_hz))
    value = mean(runs)
    if used.rounding is not None:
        value = round_to_interval(value, used.rounding)
    uncertainty = _clock_budget(counter, runs, used.rounding).expanded_percent
    assert used.limit is not None
    return [
        *(
            Measurement(f"daily clock error, run {number}", run.quantize(_SHOWN), used.unit)
            for number, run in enumerate(runs, start=1)
        ),
        Measurement(
            name="daily clock error",
            value=value,
            unit=used.unit,
            lower=used.lower_limit,
            upper=used.upper_limit,
            uncertainty=uncertainty,
            verdict=station.judged(used, value, used.limit, uncertainty),
            criterion=used.id,
            clause=f"{used.standard} {used.clause}",
            provisional=used.provisional,
        ),
    ]


def _silent_output(used: Criterion) -> Measurement:
    """A clock output that gives nothing fails as a silent pulse output does: the meter is fed, as was just verified."""
    return Measurement(
        name=f"clock output in {CLOCK_RUN_S:f} s",
        value="no signal",
        lower="pulses",
        verdict=Verdict.FAIL,
        criterion=used.id,
        clause=f"{used.standard} {used.clause}",
        provisional=used.provisional,
    )


def _clock_budget(counter: PulseCounter, runs: list[Decimal], rounding: Decimal | None) -> Budget:
    """In seconds a day; the time base is stated relative."""
    return Budget(
        (
            Contribution(
                "time base",
                counter.timebase_relative_uncertainty,
                "1",
                Distribution.EXPANDED,
                SECONDS_PER_DAY,
            ),
            Contribution(
                "repeatability",
                standard_deviation(runs) / Decimal(len(runs)).sqrt(),
                "s/d",
                Distribution.STANDARD,
            ),
            Contribution("rounding", (rounding or Decimal(0)) / 2, "s/d", Distribution.RECTANGULAR),
        )
    )


def displayed_time(station: Station, read_clock: Callable[[], datetime]) -> list[Measurement]:
    """Difference of the meter's displayed time and the bench's, in whole seconds, positive when the meter is ahead.

    The meter shows whole seconds, so half a second is added to what it shows; the moment of reading lies somewhere in the
    exchange.

    Spec: JJG 596-2026, clock (first verification)
    """
    used = criterion("JJG596-2026.CLOCK.TIME")
    assert used.limit is not None
    before = station.clock.wall()
    shown = read_clock()
    took_s = (station.clock.wall() - before).total_seconds()
    difference = (shown - before).total_seconds() - took_s / 2 + 0.5
    value = to_decimal(round(difference, 3))
    if used.rounding is not None:
        # plus zero: no minus sign on a clock that is right
        value = round_to_interval(value, used.rounding) + 0
    uncertainty = to_decimal(round(0.5 + took_s / 2, 3))
    return [
        Measurement(
            name="displayed time against the bench",
            value=value,
            unit="s",
            lower=used.lower_limit,
            upper=used.upper_limit,
            uncertainty=uncertainty,
            verdict=station.judged(used, value, used.limit, uncertainty),
            criterion=used.id,
            clause=f"{used.standard} {used.clause}",
            provisional=used.provisional,
        )
    ]
