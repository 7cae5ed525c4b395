"""Registers of the tariffs against the total, over a run that switches tariffs, and the maximum demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rig.criteria.jjg596_2026 import REGISTER_SUM_LEAST_STEPS, REGISTER_SUM_PERIOD_MIN, REGISTER_SUM_SWITCHES
from rig.criteria.mpe import active_mpe
from rig.criteria.registry import criterion
from rig.metrology.decision import rounded_for_verdict
from rig.metrology.error import mean, spread
from rig.metrology.load_points import UNITY, LoadPoint
from rig.metrology.registers import demand_limit_percent, register_sum_limit_steps, register_sum_steps
from rig.metrology.uncertainty import Budget, Contribution, Distribution
from rig.procedures.station import Station, faulty_stimulus, set_load, set_state, state_of, total_power_w
from rig.results.records import Measurement, Verdict
from rig.units import to_decimal

_CLAUSE = "JJG 596-2026 register sum"
_DEMAND_CLAUSE = "JJG 596-2026 demand"
_SHOWN = Decimal("0.0001")
_LOOK_EVERY_S = 60.0

#: reads the total (0) or a tariff's (1..n) register of forward active energy in kWh
ReadTariff = Callable[[int], Decimal]


@dataclass(frozen=True, slots=True)
class Registers:
    """Total and tariff registers in kWh: at one moment, or what they gained between two."""

    total_kwh: Decimal
    tariffs_kwh: tuple[Decimal, ...]


def _read_all(station: Station, read: ReadTariff, tariffs: int) -> Registers:
    """Read with the current off, so that nothing moves between two registers."""
    rating = station.rating
    set_state(station, state_of(rating, rating.phase_voltage_v, Decimal(0), 0.0))
    return Registers(read(0), tuple(read(tariff) for tariff in range(1, tariffs + 1)))


def register_sum(
    station: Station, read_register: ReadTariff, *, periods_min: Sequence[Decimal], tariffs: int
) -> list[Measurement]:
    """Run the meter at Imax through tariff periods and compare the total with the sum of the tariffs.

    What was gained in the run is compared, so a difference that a used meter brings along is not held against it. Cut
    digits cannot make n registers differ by more than n - 1 steps, before or after, and so neither what they gained.

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
    gained = Registers(
        after.total_kwh - before.total_kwh,
        tuple(end - start for start, end in zip(before.tariffs_kwh, after.tariffs_kwh, strict=True)),
    )
    return [*_increments(station, gained), _sum(station, gained)]


def _increments(station: Station, gained: Registers) -> list[Measurement]:
    """Every tariff must have run for the comparison to mean something."""
    least = Decimal(REGISTER_SUM_LEAST_STEPS).scaleb(-station.rating.register_decimals)
    return [
        Measurement(
            name=f"increment of tariff {tariff}",
            value=increment,
            unit="kWh",
            lower=least,
            verdict=Verdict.PASS if increment >= least else Verdict.FAIL,
            clause=_CLAUSE,
        )
        for tariff, increment in enumerate(gained.tariffs_kwh, start=1)
    ]


def _sum(station: Station, gained: Registers) -> Measurement:
    steps = register_sum_steps(gained.total_kwh, gained.tariffs_kwh, station.rating.register_decimals)
    limit = Decimal(register_sum_limit_steps(len(gained.tariffs_kwh)))
    return Measurement(
        name="increment of the total less those of the tariffs, in steps of the last digit",
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

    The truth is the mean of what the reference meter read every minute of the run; without one the nominal load, and no
    uncertainty is known. The register must have been reset before. ``run_min`` is longer than the period of 15 min.

    Spec: JJG 596-2026, demand: b + 0.05 Pn/P
    """
    wanted = set_load(station, point)
    powers_w = _watch_power(station, float(run_min) * 60.0)
    fault = faulty_stimulus(station, wanted, point.name)
    if fault:
        return fault
    power_w = mean(powers_w) if powers_w else total_power_w(station, point)
    used = criterion("JJG596-2026.DEMAND.SHARE")
    basic = active_mpe(station.rating, point.current_a, point.power_factor.name)
    nominal_w = total_power_w(station, LoadPoint("10 Itr", 10 * station.rating.itr_a, UNITY))
    exact = demand_limit_percent(basic.limit_percent, used.limit or Decimal(0), nominal_w, power_w)
    limit = exact.quantize(_SHOWN).normalize() + 0
    value = ((read_demand_kw() * 1000 - power_w) / power_w * 100).quantize(_SHOWN)
    # the regulation rounds errors of demand as those of energy
    if basic.rounding_percent is not None:
        value = rounded_for_verdict(value, basic.rounding_percent, -limit, limit)
    uncertainty = _demand_uncertainty(station, powers_w, basic.rounding_percent)
    return [
        Measurement(
            name=f"error of the maximum demand at {point.name}",
            value=value,
            unit="%",
            lower=-limit,
            upper=limit,
            uncertainty=uncertainty,
            verdict=station.judged(used, value, limit, uncertainty),
            criterion=used.id,
            clause=_DEMAND_CLAUSE,
            provisional=used.provisional or basic.criterion.provisional,
        )
    ]


def _watch_power(station: Station, run_s: float) -> list[Decimal]:
    """Let ``run_s`` pass and read the active power in W once a minute and at the end; empty without a reference meter."""
    powers_w = []
    end = station.clock.now_s() + run_s
    while (now := station.clock.now_s()) < end:
        if station.reference is None:
            station.clock.wait_until(end)
            continue
        station.clock.wait_until(min(end, now + _LOOK_EVERY_S))
        powers_w.append(abs(to_decimal(station.reference.read().active_power_w)))
    return powers_w


def _demand_uncertainty(
    station: Station, powers_w: Sequence[Decimal], rounding_percent: Decimal | None
) -> Decimal | None:
    """Expanded, in percent: the highest period lies within the spread of the power that was read."""
    if station.reference is None or not powers_w:
        return None
    half_spread = spread(powers_w) / 2 / mean(powers_w) * 100 if len(powers_w) > 1 else Decimal(0)
    bench = station.uncertainty
    sources = (
        ("reference meter", station.reference.power_uncertainty_percent, Distribution.EXPANDED),
        ("calibration of the reference", bench.calibration_percent, Distribution.EXPANDED),
        ("drift of the reference", bench.drift_percent, Distribution.RECTANGULAR),
        ("stability of the power", half_spread, Distribution.RECTANGULAR),
        ("temperature", bench.temperature_percent, Distribution.RECTANGULAR),
        ("rounding", (rounding_percent or Decimal(0)) / 2, Distribution.RECTANGULAR),
    )
    return Budget(
        tuple(Contribution(name, value, "%", kind) for name, value, kind in sources)
    ).expanded_percent
