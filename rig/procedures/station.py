"""Where a meter is measured: source, clock, nameplate; setting a load, checking it, warming the meter up."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from rig.clock import Clock
from rig.criteria.model import Criterion
from rig.criteria.mpe import Edition
from rig.criteria.registry import criterion
from rig.metrology.decision import DecisionRule, judge
from rig.metrology.load_points import LoadPoint, basic_current_a
from rig.metrology.uncertainty import BenchUncertainty
from rig.ports.electrical import ElectricalState, PhaseState
from rig.ports.instruments import PowerSource, ReferenceMeter
from rig.ports.meter import MeterRating
from rig.results.records import Measurement, Verdict
from rig.units import to_decimal

#: a meter without supply for longer than this has cooled down (assumption of ours; the regulation is silent)
COOLING_S = 600.0


@dataclass(slots=True)
class WarmState:
    """What is known of a meter's warmth: the clock that timed it, since when and until when it was under load."""

    clock: Clock | None = None
    warm_since_s: float = 0.0
    warm_at_s: float = 0.0


@dataclass(frozen=True)
class Station:
    """One place on the bench with the meter in it.

    ``rule`` replaces the decision rule of every criterion (None: as the criterion and the lab's profile say); ``uncertainty``
    holds the bench's own contributions; ``warmth`` is shared by the cases of one bench, so that a meter that is warm is not
    warmed again.
    """

    clock: Clock
    rating: MeterRating
    source: PowerSource
    reference: ReferenceMeter | None = None
    position: int = 1
    edition: Edition = "JJG596-2026"
    rule: DecisionRule | None = None
    uncertainty: BenchUncertainty = field(default_factory=BenchUncertainty)
    warmth: WarmState = field(default_factory=WarmState)

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass on the bench's clock."""
        self.clock.wait_until(self.clock.now_s() + seconds)

    def judged(
        self, criterion_used: Criterion, value: Decimal, limit: Decimal, uncertainty: Decimal | None
    ) -> Verdict:
        """Verdict on a symmetric limit by the station's rule or the criterion's own."""
        rule = criterion_used.rule if self.rule is None else self.rule
        return Verdict(judge(value, -limit, limit, uncertainty=uncertainty, rule=rule))


def state_of(
    rating: MeterRating, voltage_v: Decimal, current_a: Decimal, angle_deg: float
) -> ElectricalState:
    """Balanced state of the circuit: one phase, or three of them 120 degrees apart; ``voltage_v`` is line to neutral."""
    angles = (0.0,) if rating.phases == 1 else (0.0, -120.0, 120.0)
    phases = tuple(
        PhaseState(float(voltage_v), float(current_a), angle_deg, voltage_angle) for voltage_angle in angles
    )
    return ElectricalState(phases, float(rating.frequency_hz))


def set_state(station: Station, state: ElectricalState) -> None:
    """Program the source, switch it on if it is off, and let it settle."""
    station.source.apply(state)
    if not station.source.output_is_on():
        station.source.output_on()
    station.wait(station.source.settling_s)


def set_load(station: Station, point: LoadPoint) -> ElectricalState:
    """Put a load point on the circuit and let it settle; returns what was asked for."""
    state = state_of(station.rating, station.rating.phase_voltage_v, point.current_a, point.angle_deg)
    set_state(station, state)
    return state


def total_power_w(station: Station, point: LoadPoint) -> Decimal:
    """Magnitude of the active power of all phases at a load point."""
    return point.power_w(station.rating.phase_voltage_v) * station.rating.phases


def verify_stimulus(station: Station, wanted: ElectricalState, where: str) -> list[Measurement]:
    """Compare what the reference meter reads with what was asked for; outside the reference conditions is INCONCLUSIVE.

    Without a reference meter only the source's own word is taken.

    Spec: JJG 596-2026, reference conditions
    """
    if not station.source.output_is_on():
        return [
            Measurement(f"source at {where}", "off", lower="on", upper="on", verdict=Verdict.INCONCLUSIVE)
        ]
    if station.reference is None:
        return []
    reading = station.reference.read()
    found = [_deviation(f"frequency at {where}", "FREQUENCY", reading.frequency_hz, wanted.frequency_hz)]
    for number, (asked, got) in enumerate(zip(wanted.phases, reading.phases, strict=False), start=1):
        phase = f"L{number} " if len(wanted.phases) > 1 else ""
        found.append(_deviation(f"{phase}voltage at {where}", "VOLTAGE", got.voltage_v, asked.voltage_v))
        if asked.current_a > 0:
            found.append(_deviation(f"{phase}current at {where}", "CURRENT", got.current_a, asked.current_a))
            difference = (got.angle_deg - asked.angle_deg + 180.0) % 360.0 - 180.0
            found.append(_condition(f"{phase}angle at {where}", "ANGLE", to_decimal(round(difference, 4))))
        else:
            share = got.current_a / float(station.rating.ist_a) * 100.0
            found.append(_condition(f"{phase}current at {where}", "OPEN", to_decimal(round(share, 4))))
    return found


def _deviation(name: str, condition: str, got: float, asked: float) -> Measurement:
    percent = (got - asked) / asked * 100.0 if asked else 0.0
    return _condition(name, condition, to_decimal(round(percent, 4)))


def _condition(name: str, condition: str, value: Decimal) -> Measurement:
    limit = criterion(f"JJG596-2026.REF.{condition}")
    kept = judge(value, limit.lower_limit, limit.upper_limit) == "PASS"
    return Measurement(
        name=f"{name}, against the wanted value",
        value=value,
        unit=limit.unit,
        lower=limit.lower_limit,
        upper=limit.upper_limit,
        verdict=Verdict.PASS if kept else Verdict.INCONCLUSIVE,
        criterion=limit.id,
        clause=f"{limit.standard} {limit.clause}",
        provisional=limit.provisional,
    )


def largest_deviations(found: list[Measurement]) -> list[Measurement]:
    """Of many comparisons with the reference conditions the largest of each quantity, for the record."""
    largest: dict[str, Measurement] = {}
    for item in found:
        quantity = item.criterion or item.name
        held = largest.get(quantity)
        if held is None or abs(Decimal(str(item.value))) > abs(Decimal(str(held.value))):
            largest[quantity] = item
    return list(largest.values())


def faults(found: list[Measurement]) -> list[Measurement]:
    """Those that are not good; empty when the load is as asked for."""
    return [item for item in found if item.verdict is not Verdict.PASS]


def faulty_stimulus(station: Station, wanted: ElectricalState, where: str) -> list[Measurement]:
    """What ``verify_stimulus`` finds wrong; empty when the load is as asked for."""
    return faults(verify_stimulus(station, wanted, where))


def bench_class(station: Station, uncertainty_percent: Decimal) -> Measurement:
    """Whether the bench is good enough for the class of the meter: if not, it can show nothing (INCONCLUSIVE).

    Spec: JJG 596-2026 table 6
    """
    needed = criterion(f"JJG596-2026.BENCH.{station.rating.accuracy_class}")
    assert needed.limit is not None
    return Measurement(
        name=f"uncertainty of the bench for class {station.rating.accuracy_class}",
        value=uncertainty_percent,
        unit=needed.unit,
        upper=needed.limit,
        verdict=Verdict.PASS if uncertainty_percent <= needed.limit else Verdict.INCONCLUSIVE,
        criterion=needed.id,
        clause=f"{needed.standard} {needed.clause}",
        provisional=needed.provisional,
    )


def warm_up(station: Station) -> Measurement:
    """Warm the meter up at PF 1, Unom, 10 Itr or In; a meter that is still warm is not warmed again.

    Spec: JJG 596-2026, warm-up: 15 min for classes A and B, 30 min for C, D and E; none between points
    """
    needed = criterion(f"JJG596-2026.WARM_UP.{station.rating.accuracy_class}")
    assert needed.limit is not None
    now = station.clock.now_s()
    warmth = station.warmth
    warm = warmth.clock is station.clock and now - warmth.warm_at_s <= COOLING_S
    if not warm:
        rating = station.rating
        set_state(station, state_of(rating, rating.phase_voltage_v, basic_current_a(rating), 0.0))
        warmth.clock, warmth.warm_since_s = station.clock, station.clock.now_s()
        station.wait(float(needed.limit) * 60.0)
    keep_warm(station)
    minutes = to_decimal(round((warmth.warm_at_s - warmth.warm_since_s) / 60.0, 1))
    return Measurement(
        name="under load before the first point",
        value=minutes,
        unit=needed.unit,
        lower=needed.limit,
        verdict=Verdict.PASS if minutes >= needed.limit else Verdict.INCONCLUSIVE,
        criterion=needed.id,
        clause=f"{needed.standard} {needed.clause}",
        provisional=needed.provisional,
    )


def keep_warm(station: Station) -> None:
    """Note that the meter has just been under load."""
    station.warmth.clock = station.clock
    station.warmth.warm_at_s = station.clock.now_s()
