"""A household of an emulated network: its circuit, its meter, what it does all day, and the truth of its energy."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeVar

from rig.ports.electrical import DEAD, ElectricalState, PhaseState
from rig.twin.build import EmulatedMeter
from rig.twin.devices.meter_clock import from_epoch
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene

Direction = Literal["import", "export"]

N = TypeVar("N", int, float)

_DAY = timedelta(days=1)
#: last digit of a register, in watt-hours
_STEP_WH = 10.0
#: a sum of floats may end this far below a full step
_GRAIN_STEPS = 1e-7
_VOLTAGE_V = 220.0
#: steps in which loads are drawn, in watts: so that states repeat and can be reused
_STEP_W = 25.0
#: hours at which a household changes what it does, the most telling ones first
_HOURS = (17.5, 6.5, 10.0, 14.5, 21.5, 0.5, 12.0, 8.0, 19.0, 15.5, 23.0, 4.0)


@dataclass(frozen=True, slots=True)
class Habits:
    """What a household has: consumption scale, peak of its generation in watts (0: none), storage in watts (0: none)."""

    scale: float
    generation_w: float
    storage_w: float

    @classmethod
    def draw(cls, draw: random.Random, *, two_way: float, storage: float) -> Habits:
        """Habits by chance; ``two_way`` and ``storage`` are shares 0..1."""
        scale = draw.uniform(0.5, 2.0)
        generates = draw.random() < two_way
        generation_w = draw.choice((3000.0, 5000.0, 8000.0)) if generates else 0.0
        stores = generates and draw.random() < storage
        return cls(scale, generation_w, draw.choice((1000.0, 2000.0)) if stores else 0.0)

    def net_w(self, hour: float, draw: random.Random) -> float:
        """Power drawn from the network at this hour of the day; negative: fed back."""
        if hour < 6:
            load_w = draw.uniform(60, 300)
        elif 17 <= hour < 22:
            load_w = draw.uniform(800, 3000)
        else:
            load_w = draw.uniform(200, 1200)
        load_w *= self.scale
        sun = draw.uniform(0.2, 0.9) if 9 <= hour < 16 else 0.0
        surplus_w = self.generation_w * sun - load_w
        if surplus_w > 0:
            return -(surplus_w - min(surplus_w, self.storage_w))
        if hour >= 17:
            return max(load_w - self.storage_w, 50.0)
        return load_w


@dataclass(frozen=True, slots=True)
class Totals:
    """Energy from the beginning by tariff (index 0: tariff 1), in watt-hours, and the steps that registers made of it.

    A step of a register belongs to the tariff in force when the total made it, so that tariffs add up to the total.
    """

    taken_wh: tuple[float, ...]
    given_wh: tuple[float, ...]
    taken_steps: tuple[int, ...]
    given_steps: tuple[int, ...]

    def of(self, direction: Direction, tariff: int) -> tuple[float, int]:
        """Watt-hours and steps of a tariff; 0: of all."""
        taken = direction == "import"
        wh, steps = (self.taken_wh, self.taken_steps) if taken else (self.given_wh, self.given_steps)
        if tariff == 0:
            return sum(wh), sum(steps)
        return (wh[tariff - 1], steps[tariff - 1]) if tariff <= len(wh) else (0.0, 0)


class Truth:
    """Energy of a circuit by direction and tariff, from the physics and the plan's tariff times alone.

    Args:
        scene: the circuit.
        start: wall time of second 0.
        tariffs: hour, minute and tariff at which each begins, the first at 00:00.
    """

    def __init__(self, scene: Scene, start: datetime, tariffs: tuple[tuple[int, int, int], ...]) -> None:
        self._scene = scene
        self._start = start
        self._tariffs = tariffs
        self._count = max(tariff for _, _, tariff in tariffs)
        self._marks_s = [0.0]
        none = (0,) * self._count
        self._totals = [Totals((0.0,) * self._count, (0.0,) * self._count, none, none)]

    def at(self, when: datetime) -> Totals:
        """Energy from the beginning to ``when`` (not in the future)."""
        at_s = (when - self._start).total_seconds()
        self._extend(at_s)
        index = bisect_right(self._marks_s, at_s) - 1
        return self._add(self._totals[index], self._marks_s[index], at_s)

    def _extend(self, at_s: float) -> None:
        """Take the totals at every change of tariff up to a moment."""
        while (change_s := self._next_change_s(self._marks_s[-1])) <= at_s:
            self._totals.append(self._add(self._totals[-1], self._marks_s[-1], change_s))
            self._marks_s.append(change_s)

    def _next_change_s(self, at_s: float) -> float:
        now = self._start + timedelta(seconds=at_s)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in (midnight, midnight + _DAY):
            for hour, minute, _ in self._tariffs:
                moment = day + timedelta(hours=hour, minutes=minute)
                if moment > now:
                    return (moment - self._start).total_seconds()
        raise AssertionError("a day has a first tariff")

    def _tariff_at(self, at_s: float) -> int:
        now = self._start + timedelta(seconds=at_s)
        begun = [tariff for hour, minute, tariff in self._tariffs if (hour, minute) <= (now.hour, now.minute)]
        return begun[-1]

    def _add(self, base: Totals, from_s: float, to_s: float) -> Totals:
        """Energy between two moments of one tariff, on top of what was before."""
        before, after = self._scene.energy(from_s), self._scene.energy(to_s)
        index = self._tariff_at(from_s) - 1
        return Totals(
            _grown(base.taken_wh, index, after.forward_wh - before.forward_wh),
            _grown(base.given_wh, index, after.reverse_wh - before.reverse_wh),
            _grown(base.taken_steps, index, _steps(after.forward_wh) - _steps(before.forward_wh)),
            _grown(base.given_steps, index, _steps(after.reverse_wh) - _steps(before.reverse_wh)),
        )


def _steps(wh: float) -> int:
    """Steps of a register of two decimals; so little below a full step is rounding of the arithmetic."""
    return math.floor(wh / _STEP_WH + _GRAIN_STEPS)


def _grown(values: tuple[N, ...], index: int, more: N) -> tuple[N, ...]:
    grown = list(values)
    grown[index] += more
    return tuple(grown)


class Household:
    """A circuit with a meter whose load changes by itself.

    Args:
        engine: clock and chance.
        scene: circuit of this household alone.
        device: the meter on it.
        habits: what it draws and gives.
        truth: of its energy.
        changes: times a day at which its load changes.
    """

    def __init__(
        self,
        number: int,
        engine: Engine,
        scene: Scene,
        device: EmulatedMeter,
        habits: Habits,
        truth: Truth,
        *,
        changes: int,
    ) -> None:
        self.number = number
        self.scene = scene
        self.device = device
        self.habits = habits
        self.truth = truth
        #: None: it lives by its habits; else the power that was set, in watts
        self.set_power_w: float | None = None
        self.supplied = True
        self._engine = engine
        self._draw = engine.random(f"household/{number}")
        self._hours = sorted(_HOURS[:changes])
        self._power_w = 0.0
        self._watch_relay()
        self._live()

    @property
    def address(self) -> str:
        """Address of its meter, 12 digits."""
        return self.device.config.address

    @property
    def relay_is_open(self) -> bool:
        """State of the contact itself."""
        self.device.meter.advance()
        return self.device.meter.relay.open

    def meter_clock(self) -> datetime:
        """What the meter's clock shows."""
        return from_epoch(self.device.meter.clock.epoch_at(self._engine.clock.now_s()))

    def energy_kwh(self, when: datetime, direction: Direction, tariff: int = 0) -> Decimal:
        """True energy up to a past moment in kWh, exact to the physics."""
        return Decimal(repr(self.truth.at(when).of(direction, tariff)[0])) / 1000

    def register_kwh(self, when: datetime, direction: Direction, tariff: int = 0) -> Decimal:
        """What the register of a meter without error shows then, in kWh with two decimals."""
        return Decimal(self.truth.at(when).of(direction, tariff)[1]) / 100

    def set_power(self, power_w: float | None) -> None:
        """Draw this from now on (negative: feed back); None: live by the habits again."""
        self.set_power_w = power_w
        if power_w is not None:
            self._power_w = power_w
        self._apply()

    def set_supply(self, supplied: bool) -> None:
        """Voltage at the household's door."""
        self.supplied = supplied
        self._apply()

    def _watch_relay(self) -> None:
        """What does not flow through an open contact is not drawn from the network either."""
        relay = self.device.meter.relay
        told = relay.moved

        def moved(opened: bool, epoch_s: float) -> None:
            told(opened, epoch_s)
            self._engine.clock.call_at(self._engine.clock.now_s(), self._apply)

        relay.moved = moved

    def _live(self) -> None:
        """Change the load now, and again when the next hour of the habits comes."""
        clock = self._engine.clock
        now = clock.wall()
        hour = now.hour + now.minute / 60
        power_w = round(self.habits.net_w(hour, self._draw) / _STEP_W) * _STEP_W
        if self.set_power_w is None:
            self._power_w = power_w
            self._apply()
        later = next((begin for begin in self._hours if begin > hour + 0.2), self._hours[0] + 24)
        jitter_s = self._draw.uniform(0.0, 600.0)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        wait_s = (midnight - now).total_seconds() + later * 3600 + jitter_s
        clock.call_at(clock.now_s() + wait_s, self._live)

    def _apply(self) -> None:
        if not self.supplied:
            self.scene.set_state(DEAD)
        elif self.device.meter.relay.open:
            self.scene.set_state(_state(0.0))
        else:
            self.scene.set_state(_state(self._power_w))


def _state(power_w: float) -> ElectricalState:
    """Single-phase mains with this power at a power factor of one; negative: fed back."""
    known = _STATES.get(power_w)
    if known is None:
        angle = 0.0 if power_w >= 0 else 180.0
        phase = PhaseState(voltage_v=_VOLTAGE_V, current_a=abs(power_w) / _VOLTAGE_V, angle_deg=angle)
        known = _STATES[power_w] = ElectricalState((phase,))
    return known


_STATES: dict[float, ElectricalState] = {}
