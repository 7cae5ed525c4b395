"""Electrical quantities, and the scene through which instrument emulators see the physics."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Harmonic:
    """One harmonic of a phase, relative to its fundamental.

    ``order`` 2..40; amplitudes in percent of the fundamental; angles in degrees of the harmonic.
    """

    order: int
    voltage_percent: float = 0.0
    voltage_angle_deg: float = 0.0
    current_percent: float = 0.0
    current_angle_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class PhaseState:
    """Fundamental RMS values of one phase.

    ``angle_deg`` is the angle by which the current lags the voltage: +60 is PF 0.5 inductive, -36.87 is PF 0.8
    capacitive, 180 is reverse energy. ``voltage_angle_deg`` places the phase (0, -120, +120).
    """

    voltage_v: float = 0.0
    current_a: float = 0.0
    angle_deg: float = 0.0
    voltage_angle_deg: float = 0.0
    harmonics: tuple[Harmonic, ...] = ()


@dataclass(frozen=True, slots=True)
class ElectricalState:
    """What a source puts on the bench: one to three phases and a frequency in Hz."""

    phases: tuple[PhaseState, ...] = (PhaseState(),)
    frequency_hz: float = 50.0


#: source off
DEAD = ElectricalState()


@dataclass(frozen=True, slots=True)
class PhaseReading:
    """True or measured values of one phase: V, A, W, var, VA, power factor (signed as P), degrees."""

    voltage_v: float
    current_a: float
    active_power_w: float
    reactive_power_var: float
    apparent_power_va: float
    power_factor: float
    angle_deg: float


@dataclass(frozen=True, slots=True)
class ElectricalReading:
    """Values of the whole circuit at one moment."""

    phases: tuple[PhaseReading, ...]
    frequency_hz: float

    @property
    def active_power_w(self) -> float:
        """Total active power in W, negative when energy flows back."""
        return sum(phase.active_power_w for phase in self.phases)


@dataclass(frozen=True, slots=True)
class EnergyTotals:
    """True energy since the scene began, in watt-hours and var-hours; all counters rise."""

    forward_wh: float = 0.0
    reverse_wh: float = 0.0
    reactive_q_varh: tuple[float, float, float, float] = field(default=(0.0, 0.0, 0.0, 0.0))


class PulseOutput(Protocol):
    """A pulse output of a device on the scene (energy test output, or the clock's second pulse)."""

    def count(self) -> int:
        """Pulses given from the beginning up to now."""
        ...

    def time_of(self, number: int) -> float | None:
        """Scene time in seconds of pulse ``number`` (1 is the first), or None while it has not been given."""
        ...


class ElectricalScene(Protocol):
    """The physics as instrument emulators see it. Hold ``lock`` around every use: emulators are threads."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """One re-entrant lock for the whole scene."""
        ...

    def now_s(self) -> float:
        """Scene (virtual) time in seconds."""
        ...

    def state(self) -> ElectricalState:
        """What the source gives at this moment."""
        ...

    def set_state(self, state: ElectricalState) -> None:
        """The source changes now."""
        ...

    def true_values(self) -> ElectricalReading:
        """True values at this moment."""
        ...

    def energy(self, at_s: float | None = None) -> EnergyTotals:
        """True energy from the beginning to ``at_s`` (any past time; default now)."""
        ...

    def energy_output(self, position: int = 1) -> PulseOutput:
        """Energy pulse output of the meter in this position (1-based).

        Raises:
            KeyError: no meter in this position.
        """
        ...

    def clock_output(self, position: int = 1) -> PulseOutput:
        """Second-pulse output of the meter in this position; pulse n is given n meter-clock seconds after start."""
        ...

    def positions(self) -> Sequence[int]:
        """Positions that hold a meter."""
        ...
