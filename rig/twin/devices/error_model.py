"""How a meter errs: gain by region of the load, starting threshold, creep, pulse noise; set by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from rig.errors import ConfigError


@dataclass(frozen=True, slots=True)
class GainRegion:
    """Gain error in percent inside a region of the load; None leaves a side open.

    Currents in A (lower included, upper excluded), power factor by its magnitude, ``kind`` "inductive" or
    "capacitive" or None for both, ``direction`` "forward" or "reverse" or None for both.
    """

    gain_percent: float
    current_from_a: float | None = None
    current_below_a: float | None = None
    power_factor_below: float | None = None
    kind: str | None = None
    direction: str | None = None

    def holds(self, current_a: float, active_w: float, reactive_var: float, apparent_va: float) -> bool:
        """Whether this load lies in the region."""
        if self.current_from_a is not None and current_a < self.current_from_a:
            return False
        if self.current_below_a is not None and current_a >= self.current_below_a:
            return False
        if self.direction is not None and (self.direction == "forward") != (active_w >= 0):
            return False
        factor = abs(active_w) / apparent_va if apparent_va else 1.0
        if self.power_factor_below is not None and factor >= self.power_factor_below:
            return False
        if self.kind is None:
            return True
        # a load is inductive when current lags; energy that flows back turns the sign of the reactive power too
        inductive = (reactive_var > 0) == (active_w >= 0)
        return factor < 0.999 and (self.kind == "inductive") == inductive


@dataclass(slots=True)
class ErrorModel:
    """Error of registered energy. All regions that hold add up.

    Attributes:
        regions: gain errors in percent.
        starting_current_a: below this current nothing is registered.
        creep_w: power registered while the current is below the start, in W.
        noise_percent: spread (one sigma) of a measurement of ten seconds, in percent.
        angle_error_deg: phase displacement of the current channel in degrees.
        voltage_percent: error of the shown voltage in percent; likewise current, power, frequency.
        stops_above_a: above this current nothing is registered; None: never.
        bypass: part (0..1) of the current that is led past the phase element; the neutral carries all of it.
    """

    regions: list[GainRegion] = field(default_factory=list)
    starting_current_a: float = 0.01
    creep_w: float = 0.0
    noise_percent: float = 0.0
    angle_error_deg: float = 0.0
    voltage_percent: float = 0.0
    current_percent: float = 0.0
    power_percent: float = 0.0
    frequency_percent: float = 0.0
    stops_above_a: float | None = None
    bypass: float = 0.0

    def gain(self, current_a: float, active_w: float, reactive_var: float, apparent_va: float) -> float:
        """Factor on energy (1.0 is no error) for this load."""
        percent = 0.0
        for region in self.regions:
            if region.holds(current_a, active_w, reactive_var, apparent_va):
                percent += region.gain_percent
        return 1.0 + percent / 100.0


def apply_setting(name: str, parameter: float, model: ErrorModel, *, itr_a: float = 0.5) -> bool:
    """Change the error model by name; False when the name is not one of ``SETTINGS``.

    Args:
        name: one of ``SETTINGS``.
        parameter: percent, ampere, watt or degree as ``SETTINGS`` says.
        model: changed in place.
        itr_a: transitional current of the meter, the border between low and high current.
    """
    region: GainRegion | None = None
    if name == "gain":
        region = GainRegion(parameter)
    elif name == "gain-forward":
        region = GainRegion(parameter, direction="forward")
    elif name == "gain-reverse":
        region = GainRegion(parameter, direction="reverse")
    elif name == "gain-low-current":
        region = GainRegion(parameter, current_below_a=itr_a)
    elif name == "gain-high-current":
        region = GainRegion(parameter, current_from_a=20 * itr_a)
    elif name == "gain-inductive":
        region = GainRegion(parameter, kind="inductive")
    elif name == "gain-capacitive":
        region = GainRegion(parameter, kind="capacitive")
    if region is not None:
        model.regions.append(region)
        return True
    attribute = {
        "start": "starting_current_a",
        "creep": "creep_w",
        "noise": "noise_percent",
        "angle-error": "angle_error_deg",
        "voltage-error": "voltage_percent",
        "current-error": "current_percent",
        "power-error": "power_percent",
        "frequency-error": "frequency_percent",
        "stops-above": "stops_above_a",
        "bypass": "bypass",
    }.get(name)
    if attribute is None:
        return False
    if parameter < 0 and name in {"start", "creep", "noise", "stops-above", "bypass"}:
        raise ConfigError("must not be negative", key=name, value=parameter)
    if name == "bypass" and parameter > 1:
        raise ConfigError("more than everything", key=name, value=parameter, hint="0..1 or 0%..100%")
    setattr(model, attribute, parameter)
    return True


#: names of error model settings and their unit
SETTINGS: dict[str, str] = {
    "gain": "%",
    "gain-forward": "%",
    "gain-reverse": "%",
    "gain-low-current": "%",
    "gain-high-current": "%",
    "gain-inductive": "%",
    "gain-capacitive": "%",
    "start": "A",
    "creep": "W",
    "noise": "%",
    "angle-error": "deg",
    "voltage-error": "%",
    "current-error": "%",
    "power-error": "%",
    "frequency-error": "%",
    "stops-above": "A",
    "bypass": "",
}
