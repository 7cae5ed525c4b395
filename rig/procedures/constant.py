"""Meter constant: the pulse output against the register, over an energy that makes the last digit small enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from rig.criteria.mpe import active_mpe
from rig.criteria.registry import criterion
from rig.metrology.error import WATT_SECONDS_PER_KWH
from rig.metrology.load_points import UNITY, LoadPoint
from rig.metrology.registers import constant_error_percent, least_register_energy_kwh
from rig.metrology.uncertainty import Budget, Contribution, Distribution
from rig.ports.instruments import PulseCounter
from rig.procedures.station import Station, faulty_stimulus, set_load, total_power_w
from rig.results.records import Measurement, Verdict
from rig.units import to_decimal

#: reads the register of total forward active energy in kWh
ReadRegister = Callable[[], Decimal]

#: a register that has not moved after this many times the expected time stands still
STANDSTILL = 3.0
_SHOWN = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Edge:
    """The register has just moved on: its value in kWh, the pulses then, and how well the moment is known in s."""

    register_kwh: Decimal
    pulses: int
    window_s: float


def _await_edge(station: Station, counter: PulseCounter, read: ReadRegister, step_s: float) -> Edge | None:
    clock = station.clock
    deadline = clock.now_s() + STANDSTILL * step_s
    first = read()
    looked = clock.now_s()
    while True:
        value = read()
        pulses = counter.read_total()
        now = clock.now_s()
        if value != first:
            return Edge(value, pulses, now - looked)
        if now >= deadline:
            return None
        looked = now
        # an answer takes time on a real line; on a line that takes none this keeps the clock moving
        clock.wait_until(now + min(0.05, step_s / 50))


def _await_energy(station: Station, read: ReadRegister, target_kwh: Decimal, power_w: Decimal) -> bool:
    """Wait until the register reaches ``target_kwh``; False when it takes far longer than the load needs."""
    left_kwh = target_kwh - read()
    deadline = station.clock.now_s() + STANDSTILL * float(left_kwh * WATT_SECONDS_PER_KWH / power_w)
    while left_kwh > 0:
        if station.clock.now_s() >= deadline:
            return False
        station.wait(max(1.0, float(left_kwh * WATT_SECONDS_PER_KWH / power_w)))
        left_kwh = target_kwh - read()
    return True


def meter_constant(station: Station, counter: PulseCounter, read_register: ReadRegister) -> list[Measurement]:
    """Compare the pulses with the register at Imax and PF 1, from one change of its last digit to a later one.

    Starting and ending on a change of the last digit keeps the register's resolution out of the result, so that the least
    energy of the regulation is enough.

    Spec: JJG 596-2026, meter constant, method (a)
    """
    rating = station.rating
    point = LoadPoint("Imax", rating.imax_a, UNITY)
    basic = active_mpe(rating, rating.imax_a, "1")
    resolution = Decimal(1).scaleb(-rating.register_decimals)
    least_kwh = least_register_energy_kwh(resolution, basic.limit_percent)
    power_w = total_power_w(station, point)
    step_s = float(resolution * WATT_SECONDS_PER_KWH / power_w)
    wanted = set_load(station, point)
    counter.start_totalize(position=station.position)
    first = _await_edge(station, counter, read_register, step_s)
    last: Edge | None = None
    if first is not None and _await_energy(station, read_register, first.register_kwh + least_kwh, power_w):
        last = _await_edge(station, counter, read_register, step_s)
    fault = faulty_stimulus(station, wanted, point.name)
    if fault:
        return fault
    if first is None or last is None:
        return [_standstill(point, resolution)]
    return [_judged(station, first, last, power_w)]


def _standstill(point: LoadPoint, resolution: Decimal) -> Measurement:
    used = criterion("JJG596-2026.CONSTANT.SHARE")
    return Measurement(
        name=f"register at {point.name}, moved as the load asks",
        value="stands still or crawls",
        lower=f"a step of {resolution} kWh in time",
        verdict=Verdict.FAIL,
        criterion=used.id,
        clause=f"{used.standard} {used.clause}",
    )


def _judged(station: Station, first: Edge, last: Edge, power_w: Decimal) -> Measurement:
    used = criterion("JJG596-2026.CONSTANT.SHARE")
    basic = active_mpe(station.rating, station.rating.imax_a, "1")
    assert used.limit is not None
    limit = basic.limit_percent * used.limit / 100
    energy = last.register_kwh - first.register_kwh
    constant = station.rating.constant_imp_per_kwh
    error = constant_error_percent(Decimal(last.pulses - first.pulses), constant, energy).quantize(_SHOWN)
    uncertainty = _budget(first, last, power_w, constant, energy).expanded_percent
    shown = limit.normalize() + 0
    return Measurement(
        name=f"pulses against register over {energy} kWh",
        value=error,
        unit="%",
        lower=-shown,
        upper=shown,
        uncertainty=uncertainty,
        verdict=station.judged(used, error, limit, uncertainty),
        criterion=used.id,
        clause=f"{used.standard} {used.clause}",
        provisional=used.provisional,
    )


def _budget(first: Edge, last: Edge, power_w: Decimal, constant: Decimal, energy_kwh: Decimal) -> Budget:
    """Each change of the digit is known to the time between two looks; pulses are whole."""
    percent = 100 / energy_kwh

    def looked(edge: Edge) -> Decimal:
        return to_decimal(edge.window_s) * power_w / WATT_SECONDS_PER_KWH / 2

    return Budget(
        (
            Contribution(
                "first change of the register", looked(first), "kWh", Distribution.RECTANGULAR, percent
            ),
            Contribution(
                "last change of the register", looked(last), "kWh", Distribution.RECTANGULAR, percent
            ),
            Contribution("whole pulses", 1 / constant, "kWh", Distribution.TRIANGULAR, percent),
        )
    )
