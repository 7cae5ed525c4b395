"""What a meter makes of its load: the powers it registers and the values it shows, errors included."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rig.ports.electrical import ElectricalReading, ElectricalState, Harmonic
from rig.twin.devices.energy import NO_POWER, Powers
from rig.twin.devices.error_model import ErrorModel
from rig.twin.physics.power import quadrant


@dataclass(frozen=True, slots=True)
class Shown:
    """Values as shown: V, A (negative when energy flows back), W, var, VA, power factor (signed), degrees 0..360, Hz."""

    voltage_v: float = 0.0
    current_a: float = 0.0
    active_w: float = 0.0
    reactive_var: float = 0.0
    apparent_va: float = 0.0
    power_factor: float = 1.0
    angle_deg: float = 0.0
    frequency_hz: float = 0.0
    neutral_current_a: float = 0.0
    voltage_distortion_percent: float = 0.0
    current_distortion_percent: float = 0.0


NOTHING_SHOWN = Shown()


@dataclass(frozen=True, slots=True)
class Load:
    """Load of the meter's first element after the phase displacement of its current channel."""

    voltage_v: float
    current_a: float
    active_w: float
    reactive_var: float
    angle_deg: float
    frequency_hz: float
    neutral_current_a: float

    @property
    def apparent_va(self) -> float:
        """Apparent power in VA."""
        return self.voltage_v * self.current_a


def load_of(values: ElectricalReading, model: ErrorModel, *, interrupted: bool) -> Load:
    """Load as the meter's chip sees it; an open relay interrupts the current."""
    phase = values.phases[0]
    if interrupted:
        return Load(phase.voltage_v, 0.0, 0.0, 0.0, 0.0, values.frequency_hz, 0.0)
    active, reactive, angle = phase.active_power_w, phase.reactive_power_var, phase.angle_deg
    if model.angle_error_deg:
        shift = math.radians(model.angle_error_deg)
        cosine, sine = math.cos(shift), math.sin(shift)
        active, reactive = active * cosine - reactive * sine, reactive * cosine + active * sine
        angle += model.angle_error_deg
    seen = 1.0 - model.bypass
    return Load(
        phase.voltage_v,
        phase.current_a * seen,
        active * seen,
        reactive * seen,
        angle,
        values.frequency_hz,
        phase.current_a,
    )


def registered_powers(load: Load, model: ErrorModel, *, bidirectional: bool) -> Powers:
    """Powers that the registers count: forward, reverse, four quadrants, apparent forward and reverse."""
    if load.current_a < model.starting_current_a:
        return (model.creep_w, *NO_POWER[1:]) if model.creep_w else NO_POWER
    if model.stops_above_a is not None and load.current_a > model.stops_above_a:
        return NO_POWER
    gain = model.gain(load.current_a, load.active_w, load.reactive_var, load.apparent_va)
    active, reactive, apparent = load.active_w * gain, load.reactive_var * gain, load.apparent_va * gain
    powers = [0.0] * 8
    if active >= 0:
        powers[0], powers[6] = active, apparent
    elif bidirectional:
        powers[1], powers[7] = -active, apparent
    powers[1 + quadrant(active, reactive)] = abs(reactive)
    return tuple(powers)  # type: ignore[return-value]


def shown_values(load: Load, state: ElectricalState, model: ErrorModel) -> Shown:
    """Values that the meter shows for this load."""
    harmonics = state.phases[0].harmonics
    below_start = load.current_a < model.starting_current_a
    power = 0.0 if below_start else 1.0 + model.power_percent / 100.0
    current = 0.0 if below_start else load.current_a * (1.0 + model.current_percent / 100.0)
    active, apparent = load.active_w * power, load.apparent_va * power
    return Shown(
        voltage_v=load.voltage_v * (1.0 + model.voltage_percent / 100.0),
        current_a=-current if active < 0 else current,
        active_w=active,
        reactive_var=load.reactive_var * power,
        apparent_va=apparent,
        power_factor=active / apparent if apparent else 1.0,
        angle_deg=load.angle_deg % 360.0 if not below_start else 0.0,
        frequency_hz=load.frequency_hz * (1.0 + model.frequency_percent / 100.0),
        neutral_current_a=load.neutral_current_a
        if load.neutral_current_a >= model.starting_current_a
        else 0.0,
        voltage_distortion_percent=_distortion(harmonics, "voltage_percent"),
        current_distortion_percent=_distortion(harmonics, "current_percent"),
    )


def _distortion(harmonics: tuple[Harmonic, ...], quantity: str) -> float:
    """Total distortion in percent of the fundamental."""
    return math.sqrt(sum(getattr(harmonic, quantity) ** 2 for harmonic in harmonics)) if harmonics else 0.0
