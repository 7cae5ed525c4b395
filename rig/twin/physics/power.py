"""Power of one phase from fundamental values and harmonics, in closed form."""

from __future__ import annotations

import math

from rig.ports.electrical import ElectricalReading, ElectricalState, PhaseReading, PhaseState


def phase_reading(phase: PhaseState) -> PhaseReading:
    """True values of one phase: RMS V and A with harmonics, W, var, VA, power factor, degrees of the fundamental.

    A harmonic's angles count from the fundamental of its own waveform, in degrees of the harmonic, so that the
    harmonic current lags the harmonic voltage by ``order * angle + voltage_angle - current_angle``. Reactive power is
    the sum of the sine products (Budeanu).
    """
    voltage, current = phase.voltage_v, phase.current_a
    angle = math.radians(phase.angle_deg)
    active = voltage * current * _cosine(phase.angle_deg)
    reactive = voltage * current * _sine(phase.angle_deg)
    voltage_square, current_square = voltage * voltage, current * current
    for harmonic in phase.harmonics:
        u = voltage * harmonic.voltage_percent / 100.0
        i = current * harmonic.current_percent / 100.0
        lag = harmonic.order * angle + math.radians(harmonic.voltage_angle_deg - harmonic.current_angle_deg)
        active += u * i * math.cos(lag)
        reactive += u * i * math.sin(lag)
        voltage_square += u * u
        current_square += i * i
    voltage_rms, current_rms = math.sqrt(voltage_square), math.sqrt(current_square)
    apparent = voltage_rms * current_rms
    return PhaseReading(
        voltage_v=voltage_rms,
        current_a=current_rms,
        active_power_w=active,
        reactive_power_var=reactive,
        apparent_power_va=apparent,
        power_factor=active / apparent if apparent else 1.0,
        angle_deg=phase.angle_deg,
    )


def reading(state: ElectricalState) -> ElectricalReading:
    """True values of the whole circuit."""
    return ElectricalReading(tuple(phase_reading(phase) for phase in state.phases), state.frequency_hz)


def quadrant(active_w: float, reactive_var: float) -> int:
    """Quadrant 1..4 of a load: 1 import inductive, 2 export with reactive import, 3 export, 4 import capacitive.

    Spec: IEC 62053-23, annex on the geometric representation of power.
    """
    if reactive_var >= 0:
        return 1 if active_w >= 0 else 2
    return 4 if active_w >= 0 else 3


def _cosine(degrees: float) -> float:
    # 90 and 270 degrees are exactly zero power: radians would leave 1e-16 of the apparent power
    return 0.0 if degrees % 180.0 == 90.0 else math.cos(math.radians(degrees))


def _sine(degrees: float) -> float:
    return 0.0 if degrees % 180.0 == 0.0 else math.sin(math.radians(degrees))
