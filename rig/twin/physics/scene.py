"""The scene: what the source gives, which meters hang on it, and the true energy of every past moment."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from rig.ports.electrical import (
    ElectricalReading,
    ElectricalState,
    EnergyTotals,
    PhaseState,
    PulseOutput,
)
from rig.twin.engine import Engine
from rig.twin.physics.power import quadrant, reading

#: single-phase mains without load: what a meter hangs on where the bench has no source of its own
MAINS = ElectricalState((PhaseState(voltage_v=220.0),))


class SceneDevice(Protocol):
    """A device that hangs on the scene."""

    @property
    def energy_output(self) -> PulseOutput:
        """Energy pulse output."""
        ...

    @property
    def clock_output(self) -> PulseOutput:
        """Second-pulse output."""
        ...

    def load_changed(self, state: ElectricalState, values: ElectricalReading) -> None:
        """The source changed at this moment; called after the change."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of constant load: start in seconds, state, true values, energy totals at its start."""

    start_s: float
    state: ElectricalState
    values: ElectricalReading
    totals: EnergyTotals

    def energy_at(self, at_s: float) -> EnergyTotals:
        """Totals ``at_s`` inside this segment: power times time, no ticking."""
        hours = (at_s - self.start_s) / 3600.0
        active = self.values.active_power_w
        reactive = sum(phase.reactive_power_var for phase in self.values.phases)
        quadrants = list(self.totals.reactive_q_varh)
        quadrants[quadrant(active, reactive) - 1] += abs(reactive) * hours
        return EnergyTotals(
            forward_wh=self.totals.forward_wh + max(active, 0.0) * hours,
            reverse_wh=self.totals.reverse_wh + max(-active, 0.0) * hours,
            reactive_q_varh=(quadrants[0], quadrants[1], quadrants[2], quadrants[3]),
        )


class Scene:
    """Implements ``ElectricalScene`` over the engine's clock.

    Args:
        engine: gives the time.
        initial: what the circuit carries at the start: mains without load where no source is on the bench,
            ``DEAD`` where a source is.
    """

    def __init__(self, engine: Engine, initial: ElectricalState = MAINS) -> None:
        self.engine = engine
        self._lock = threading.RLock()
        self._segments = [Segment(engine.clock.now_s(), initial, reading(initial), EnergyTotals())]
        self._starts = [self._segments[0].start_s]
        self._devices: dict[int, SceneDevice] = {}

    @property
    def lock(self) -> AbstractContextManager[object]:
        """One re-entrant lock for the whole scene."""
        return self._lock

    def now_s(self) -> float:
        """Scene (virtual) time in seconds."""
        return self.engine.clock.now_s()

    def place(self, position: int, device: SceneDevice) -> None:
        """Hang a device on the circuit at ``position`` (1-based); it sees the present load at once.

        Raises:
            ValueError: the position is taken or below 1.
        """
        if position < 1 or position in self._devices:
            raise ValueError(f"position {position} is not free")
        with self._lock:
            self._devices[position] = device
            device.load_changed(self._segments[-1].state, self._segments[-1].values)

    def device(self, position: int = 1) -> SceneDevice:
        """Device at ``position``.

        Raises:
            KeyError: nothing there.
        """
        return self._devices[position]

    def positions(self) -> Sequence[int]:
        """Positions that hold a meter."""
        return sorted(self._devices)

    def state(self) -> ElectricalState:
        """What the source gives at this moment."""
        return self._segments[-1].state

    def set_state(self, state: ElectricalState) -> None:
        """The source changes now."""
        with self._lock:
            now = self.now_s()
            last = self._segments[-1]
            if state == last.state:
                return
            segment = Segment(now, state, reading(state), last.energy_at(now))
            if now <= last.start_s:
                self._segments[-1] = segment
            else:
                self._segments.append(segment)
                self._starts.append(now)
            for device in self._devices.values():
                device.load_changed(segment.state, segment.values)

    def true_values(self) -> ElectricalReading:
        """True values at this moment."""
        return self._segments[-1].values

    def energy(self, at_s: float | None = None) -> EnergyTotals:
        """True energy from the beginning to ``at_s`` (any past time; default now)."""
        with self._lock:
            when = self.now_s() if at_s is None else at_s
            index = max(bisect_right(self._starts, when) - 1, 0)
            segment = self._segments[index]
            return segment.energy_at(max(when, segment.start_s))

    def energy_output(self, position: int = 1) -> PulseOutput:
        """Energy pulse output of the meter in this position (1-based).

        Raises:
            KeyError: no meter in this position.
        """
        return self._devices[position].energy_output

    def clock_output(self, position: int = 1) -> PulseOutput:
        """Second-pulse output of the meter in this position.

        Raises:
            KeyError: no meter in this position.
        """
        return self._devices[position].clock_output
