"""Voltage for a device that hangs on the bench's own source, before anybody asks it anything."""

from __future__ import annotations

from rig.clock import Clock
from rig.ports.electrical import ElectricalState, PhaseState
from rig.ports.instruments import PowerSource
from rig.ports.meter import MeterRating


def rated_voltage(rating: MeterRating) -> ElectricalState:
    """Rated voltage and frequency on every phase, no current."""
    volts = float(rating.phase_voltage_v)
    angles = (0.0,) if rating.phases == 1 else (0.0, -120.0, 120.0)
    phases = tuple(PhaseState(voltage_v=volts, voltage_angle_deg=angle) for angle in angles)
    return ElectricalState(phases, float(rating.frequency_hz))


def feed(source: PowerSource, rating: MeterRating, clock: Clock) -> None:
    """Put the rated voltage on and let it settle; a source that is on already is left as it is."""
    if source.output_is_on():
        return
    source.apply(rated_voltage(rating))
    source.output_on()
    clock.wait_until(clock.now_s() + source.settling_s)
