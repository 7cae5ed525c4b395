"""Defects of measurement: registered energy, pulses and clock outside the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.defects import Parameter, defect

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter


@defect("gain-error", "registers too much or too little at every load", "JJG 596", default=3.0, unit="%")
def gain_error(device: EmulatedMeter, percent: Parameter) -> None:
    """Pulses and registers alike."""
    device.set_error("gain", float(percent or 0.0))


@defect("reverse-gain", "registers reverse energy wrongly", "JJG 596", default=3.0, unit="%")
def reverse_gain(device: EmulatedMeter, percent: Parameter) -> None:
    """Calibrated in one direction only."""
    device.set_error("gain-reverse", float(percent or 0.0))


@defect(
    "nonlinear-low-current",
    "registers wrongly below the transitional current",
    "JJG 596",
    default=3.0,
    unit="%",
)
def nonlinear_low_current(device: EmulatedMeter, percent: Parameter) -> None:
    """Offset of the current channel."""
    device.set_error("gain-low-current", float(percent or 0.0))


@defect("nonlinear-high-current", "registers wrongly at large currents", "JJG 596", default=-3.0, unit="%")
def nonlinear_high_current(device: EmulatedMeter, percent: Parameter) -> None:
    """The current transformer saturates."""
    device.set_error("gain-high-current", float(percent or 0.0))


@defect(
    "power-factor-error", "turns the angle between voltage and current", "JJG 596", default=2.0, unit="deg"
)
def power_factor_error(device: EmulatedMeter, degrees: Parameter) -> None:
    """Right at power factor 1, wrong elsewhere."""
    device.set_error("angle-error", float(degrees or 0.0))


@defect(
    "unstable-error", "has an error that changes from reading to reading", "JJG 596", default=0.15, unit="%"
)
def unstable_error(device: EmulatedMeter, percent: Parameter) -> None:
    """Noise of the measuring channel."""
    device.set_error("noise", float(percent or 0.0))


@defect("no-start", "does not register at the starting current", "JJG 596", default=0.03, unit="A")
def no_start(device: EmulatedMeter, current_a: Parameter) -> None:
    """Its creep threshold is too high."""
    device.set_error("start", float(current_a or 0.0))


@defect(
    "wrong-constant",
    "gives more or fewer pulses a kWh than its nameplate says",
    "JJG 596",
    default=0.4,
    unit="%",
)
def wrong_constant(device: EmulatedMeter, percent: Parameter) -> None:
    """The registers are right."""
    device.meter.pulses.constant_imp_per_kwh *= 1.0 + float(percent or 0.0) / 100.0


@defect("clock-drift", "has a clock that gains or loses", "JJG 596", default=2.0, unit="s/d")
def clock_drift(device: EmulatedMeter, seconds_a_day: Parameter) -> None:
    """Clock and second pulses alike."""
    device.meter.clock.set_drift(device.engine.clock.now_s(), float(seconds_a_day or 0.0))


@defect("clock-offset", "shows a time that is ahead from the start", "JJG 596", default=60.0, unit="s")
def clock_offset(device: EmulatedMeter, seconds: Parameter) -> None:
    """Was never set after its battery was put in."""
    meter = device.meter
    now_s = device.engine.clock.now_s()
    meter.clock.set(now_s, meter.clock.epoch_at(now_s) + float(seconds or 0.0))
    meter.reschedule()
