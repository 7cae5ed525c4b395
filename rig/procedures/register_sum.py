"""Registers of the tariffs against the total, over a run that switches tariffs, and the maximum demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rig.criteria.jjg596_2026 import REGISTER_SUM_LEAST_STEPS, REGISTER_SUM_PERIOD_MIN, REGISTER_SUM_SWITCHES
from rig.criteria.mpe import active_mpe
from rig.criteria.registry import criterion
from rig.metrology.load_points import UNITY, LoadPoint
from rig.metrology.registers import demand_limit_percent, register_sum_limit_steps, register_sum_steps
from rig.procedures.station import Station, faulty_stimulus, set_load, set_state, state_of, total_power_w
from rig.results.records import Measurement, Verdict
from rig.units import round_to_interval

_CLAUSE = "JJG 596-2026 register sum"
_DEMAND_CLAUSE = "JJG 596-2026 demand"
_SHOWN = Decimal("0.0001")

#: reads the total (0) or a tariff's (1..n) register of forward active energy in kWh
ReadTariff = Callable[[int], Decimal]


@dataclass(frozen=True, slots=True)
class Registers:
    """Total and tariff registers at one moment in kWh."""

    total_kwh: Decimal
    tariffs_kwh: tuple[Decimal, ...]


def _read_all(station: Station, read: ReadTariff, tariffs: int) -> Registers:
    """Read with the current off, so that nothing moves between two registers."""
    rating = station.rating
    set_state(station, state_of(rating, rating.voltage_v, Decimal(0), 0.0))
    return Registers(read(0), tuple(read(tariff) for tariff in range(1, tariffs + 1)))


def register_sum(
    station: Station, read_register: ReadTariff, *, periods_min: Sequence[Decimal], tariffs: int
) -> list[Measurement]:
    """Run the meter at Imax through tariff periods and compare the total with the sum of the tariffs.

    Args:
        station: with the meter's tariff table already set to these periods.
        read_register: reads one register.
        periods_min: lengths of the tariff periods to run through, 15..60 min each, at least five changes between them.
        tariffs: number of tariffs in the table.

    Raises:
        ValueError: the run is not what the regulation asks for.

    Spec: JJG 596-2026, register sum (first verification)
    """
    shortest, longest = REGISTER_SUM_PERIOD_MIN
    if len(periods_min) <= REGISTER_SUM_SWITCHES or not all(
        shortest <= item <= longest for item in periods_min
    ):
        raise ValueError(
            f"needs more than {REGISTER_SUM_SWITCHES} periods of {shortest}..{longest} min, got {periods_min}"
        )
    before = _read_all(station, read_register, tariffs)
    point = LoadPoint("Imax", station.rating.imax_a, UNITY)
    wanted = set_load(station, point)
    station.wait(float(sum(periods_min, Decimal(0))) * 60.0)
    fault = faulty_stimulus(station, wanted, point.name)
    if fault:
        return fault
    after = _read_all(station, read_register, tariffs)
    return [*_increments(station, before, after), _sum(station, after, tariffs)]


def _increments(station: Station, before: Registers, after: Registers) -> list[Measurement]:
    """Every tariff must have run for the comparison to mean something."""
    least = Decimal(REGISTER_SUM_LEAST_STEPS).scaleb(-station.rating.register_decimals)
    found = []
    for tariff, (start, end) in enumerate(zip(before.tariffs_kwh, after.tariffs_kwh, strict=True), start=1):
        enough = end - start >= least
        found.append(
            Measurement(
                name=f"increment of tariff {tariff}",
                value=end - start,
                unit="kWh",
                lower=least,
                verdict=Verdict.PASS if enough else Verdict.FAIL,
                clause=_CLAUSE,
            )
        )
    return found


def _sum(station: Station, after: Registers, tariffs: int) -> Measurement:
    steps = register_sum_steps(after.total_kwh, after.tariffs_kwh, station.rating.register_decimals)
    limit = Decimal(register_sum_limit_steps(tariffs))
    return Measurement(
        name="total less sum of tariffs, in steps of the last digit",
        value=steps,
        unit="steps",
        upper=limit,
        verdict=Verdict.PASS if steps <= limit else Verdict.FAIL,
        clause=_CLAUSE,
    )


def maximum_demand(
    station: Station, read_demand_kw: Callable[[], Decimal], point: LoadPoint, *, run_min: Decimal
) -> list[Measurement]:
    """Run a constant load for longer than the demand period and compare the maximum demand with the true power.

    The register must have been reset before. ``run_min`` is longer than the period of 15 min.

    Spec: JJG 596-2026, demand: b + 0.05 Pn/P
    """
    rating = station.rating
    wanted = set_load(station, point)
    station.wait(float(run_min) * 60.0)
    fault = faulty_stimulus(station, wanted, point.name)
    if fault:
        return fault
    power_w = total_power_w(station, point)
    if station.reference is not None:
        power_w = abs(Decimal(str(station.reference.read().active_power_w)))
    shown_kw = read_demand_kw()
    basic = active_mpe(rating, point.current_a, point.power_factor.name)
    limit = demand_limit_percent(
        basic.limit_percent,
        criterion("JJG596-2026.DEMAND.SHARE").limit or Decimal(0),
        rating.voltage_v * 10 * rating.itr_a * rating.phases,
        power_w,
    ).quantize(_SHOWN)
    error = (shown_kw * 1000 - power_w) / power_w * 100
    # the regulation rounds errors of demand as those of energy
    value = (
        error.quantize(_SHOWN)
        if basic.rounding_percent is None
        else round_to_interval(error, basic.rounding_percent)
    )
    used = criterion("JJG596-2026.DEMAND.SHARE")
    return [
        Measurement(
            name=f"error of the maximum demand at {point.name}",
            value=value,
            unit="%",
            lower=-limit,
            upper=limit,
            verdict=station.judged(used, value, limit, None),
            criterion=used.id,
            clause=_DEMAND_CLAUSE,
        )
    ]
