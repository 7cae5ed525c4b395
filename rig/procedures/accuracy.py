"""Intrinsic error, repeatability and starting: from a load point to judged measurements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from rig.criteria.gdw10364_2020 import REPEATABILITY_READINGS
from rig.criteria.jjg596_2026 import READINGS_PER_POINT
from rig.criteria.mpe import MaximumPermissibleError, active_mpe, repeatability_limit, starting_current_a
from rig.criteria.registry import criterion
from rig.metrology.error import mean, rounded_mean, spread
from rig.metrology.load_points import UNITY, LoadPoint
from rig.metrology.uncertainty import error_budget
from rig.ports.instruments import ErrorCalculator
from rig.procedures.readings import SLOWEST, Plan, Silence, plan_reading, take_reading
from rig.procedures.station import (
    Station,
    bench_class,
    faults,
    faulty_stimulus,
    keep_warm,
    largest_deviations,
    set_load,
    total_power_w,
    verify_stimulus,
)
from rig.results.records import Measurement, Verdict

_SHOWN = Decimal("0.0001")
_STARTING_RESERVE = 0.1


def curve_name(point: LoadPoint) -> str:
    """Name of the error curve a point lies on."""
    return f"PF {point.power_factor.name} {point.direction}"


def basic_error(station: Station, calculator: ErrorCalculator, point: LoadPoint) -> list[Measurement]:
    """Measure the error at one load point: two readings, their mean, rounded, judged.

    The last measurement is the judged one and lies on the error curve; those before it are the single readings. A load
    outside the reference conditions gives INCONCLUSIVE; a meter that gives no (or far too few) pulses gives FAIL with the
    pulses observed.

    Spec: JJG 596-2026, intrinsic error
    """
    limit = active_mpe(station.rating, point.current_a, point.power_factor.name, station.edition)
    return _error_at(station, calculator, point, limit, SLOWEST)[0]


def _error_at(
    station: Station,
    calculator: ErrorCalculator,
    point: LoadPoint,
    limit: MaximumPermissibleError,
    slowest: float,
) -> tuple[list[Measurement], list[Measurement]]:
    """Readings and judged error (or what stood in the way), and the comparisons with the reference conditions."""
    wanted = set_load(station, point)
    found = verify_stimulus(station, wanted, point.name)
    if faults(found):
        return faults(found), found
    plan = _configured(station, calculator, point, limit.limit_percent, slowest)
    taken = _take(station, calculator, plan, READINGS_PER_POINT)
    found += verify_stimulus(station, wanted, point.name)
    if faults(found):
        return faults(found), found
    keep_warm(station)
    if isinstance(taken, Silence):
        return [_too_few_pulses(point, plan, taken, limit)], found
    judged = _judged_error(station, calculator, point, limit, plan, taken)
    return [*_readings(point, taken), judged], found


def _configured(
    station: Station,
    calculator: ErrorCalculator,
    point: LoadPoint,
    mpe_percent: Decimal,
    slowest: float = SLOWEST,
) -> Plan:
    """Plan the readings and set the calculator; twice where it tells its real constant C0 only when it is set."""
    power_w = total_power_w(station, point)
    assumed: Decimal | None = None
    while True:
        told, assumed = assumed, calculator.reference_constant_imp_per_kwh
        plan = plan_reading(station, calculator, power_w, mpe_percent, slowest=slowest)
        calculator.configure(
            meter_constant_imp_per_kwh=station.rating.constant_imp_per_kwh,
            pulses=plan.pulses,
            position=station.position,
        )
        if told is not None or calculator.reference_constant_imp_per_kwh == assumed:
            return plan


def _take(station: Station, calculator: ErrorCalculator, plan: Plan, number: int) -> list[Decimal] | Silence:
    readings: list[Decimal] = []
    for _ in range(number):
        reading = take_reading(station, calculator, plan)
        if isinstance(reading, Silence):
            return reading
        # what is judged is what the record shows, so that anyone can compute the verdict again from it
        readings.append(reading.quantize(_SHOWN))
    return readings


def _readings(point: LoadPoint, readings: Iterable[Decimal]) -> list[Measurement]:
    return [
        Measurement(f"reading {number} at {point.name}", reading, "%")
        for number, reading in enumerate(readings, start=1)
    ]


def _too_few_pulses(
    point: LoadPoint, plan: Plan, silence: Silence, limit: MaximumPermissibleError
) -> Measurement:
    return Measurement(
        name=f"output pulses at {point.name} in {silence.waited_s:.0f} s",
        value=Decimal(silence.pulses_seen),
        unit="imp",
        lower=Decimal(plan.pulses),
        verdict=Verdict.FAIL,
        criterion=limit.criterion.id,
        clause=f"{limit.criterion.standard} {limit.criterion.clause}",
        provisional=limit.criterion.provisional,
    )


def _judged_error(
    station: Station,
    calculator: ErrorCalculator,
    point: LoadPoint,
    limit: MaximumPermissibleError,
    plan: Plan,
    readings: list[Decimal],
) -> Measurement:
    interval = limit.rounding_percent
    value = (
        mean(readings).quantize(_SHOWN)
        if interval is None
        else rounded_mean(readings, interval, limit.limit_percent)
    )
    budget = error_budget(
        readings,
        reference_percent=calculator.error_uncertainty_percent,
        reference_pulses=plan.preset,
        angle_deg=point.angle_deg,
        rounding_percent=interval,
        bench=station.uncertainty,
    )
    shown_limit = limit.limit_percent.normalize() + 0
    return Measurement(
        name=f"error at {point.name}",
        value=value,
        unit="%",
        lower=-shown_limit,
        upper=shown_limit,
        uncertainty=budget.expanded_percent,
        verdict=station.judged(limit.criterion, value, limit.limit_percent, budget.expanded_percent),
        criterion=limit.criterion.id,
        clause=f"{limit.criterion.standard} {limit.criterion.clause}",
        provisional=limit.criterion.provisional,
        curve=curve_name(point),
        x=point.current_a,
        x_unit="A",
    )


def load_curve(
    station: Station, calculator: ErrorCalculator, points: Iterable[LoadPoint]
) -> list[Measurement]:
    """Basic error at every point, in the order given (the regulation asks for descending current).

    Before the points stands what the bench is good for, after them how many of them gave an error, and the largest
    deviation of every quantity from its reference condition.

    Spec: JJG 596-2026, intrinsic error, load points, reference conditions, table 6
    """
    good_enough = bench_class(station, calculator.error_uncertainty_percent)
    measured = [good_enough]
    conditions: list[Measurement] = []
    if good_enough.verdict is not Verdict.PASS:
        return measured
    planned = judged = 0
    for point in points:
        limit = active_mpe(station.rating, point.current_a, point.power_factor.name, station.edition)
        errors, found = _error_at(station, calculator, point, limit, SLOWEST)
        measured += errors
        conditions += found
        planned += 1
        judged += errors[-1].curve is not None or errors[-1].verdict is Verdict.FAIL
    measured.append(_points_run(planned, judged))
    return [*measured, *(item for item in largest_deviations(conditions) if item not in measured)]


def _points_run(planned: int, judged: int) -> Measurement:
    return Measurement(
        name="load points judged",
        value=Decimal(judged),
        unit="points",
        lower=Decimal(planned),
        upper=Decimal(planned),
        verdict=Verdict.PASS if judged == planned else Verdict.INCONCLUSIVE,
        clause="JJG 596-2026 load points",
    )


def repeatability(
    station: Station, calculator: ErrorCalculator, point: LoadPoint, number: int = REPEATABILITY_READINGS
) -> list[Measurement]:
    """Spread of nearly consecutive readings at one point (at least three).

    Spec: Q/GDW 10364-2020 4.5.10
    """
    if number < REPEATABILITY_READINGS:
        raise ValueError(f"repeatability needs at least {REPEATABILITY_READINGS} readings, got {number}")
    limit, used = repeatability_limit(station.rating, point.current_a, point.power_factor.name)
    mpe = active_mpe(station.rating, point.current_a, point.power_factor.name, station.edition)
    wanted = set_load(station, point)
    plan = _configured(station, calculator, point, mpe.limit_percent)
    taken = _take(station, calculator, plan, number)
    fault = faulty_stimulus(station, wanted, point.name)
    if fault:
        return fault
    keep_warm(station)
    if isinstance(taken, Silence):
        return [_too_few_pulses(point, plan, taken, mpe)]
    found = spread(taken).quantize(_SHOWN)
    judged = Measurement(
        name=f"spread of {number} readings at {point.name}",
        value=found,
        unit="%",
        upper=limit,
        verdict=Verdict.PASS if found <= limit else Verdict.FAIL,
        criterion=used.id,
        clause=f"{used.standard} {used.clause}",
        provisional=used.provisional,
    )
    return [*_readings(point, taken), judged]


def starting(station: Station, calculator: ErrorCalculator) -> list[Measurement]:
    """Error at the starting current: the meter must start, register continuously and stay inside the MPE of that current.

    Spec: JJG 596-2026 5.3 (method of measuring the error at Ist)
    """
    current_a = starting_current_a(station.rating)
    point = LoadPoint("Ist", current_a, UNITY)
    limit = active_mpe(station.rating, current_a, point.power_factor.name, station.edition)
    # a meter at the limit needs 1 / (1 - est) of the nominal time; a little more shows by how much it misses
    slowest = float(1 / (1 - limit.limit_percent / 100)) + _STARTING_RESERVE
    found = _error_at(station, calculator, point, limit, slowest)[0]
    judged = found[-1]
    if judged.uncertainty is None:
        return found
    # one point at a current of its own: no part of the curve that shares its power factor
    return [*found[:-1], _uncertain_start(judged, limit), replace(judged, curve=None, x=None, x_unit="")]


def _uncertain_start(judged: Measurement, limit: MaximumPermissibleError) -> Measurement:
    needed = criterion("JJG596-2026.START.UNCERTAINTY")
    assert needed.limit is not None
    assert judged.uncertainty is not None
    share = (judged.uncertainty / limit.limit_percent * 100).quantize(Decimal("0.1"))
    return Measurement(
        name="uncertainty at the starting current",
        value=share,
        unit=needed.unit,
        upper=needed.limit,
        verdict=Verdict.PASS if share < needed.limit else Verdict.INCONCLUSIVE,
        criterion=needed.id,
        clause=f"{needed.standard} {needed.clause}",
        provisional=needed.provisional,
        exclusive=not needed.inclusive,
    )
