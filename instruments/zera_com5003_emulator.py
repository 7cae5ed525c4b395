"""ZERA COM5003 emulated at the wire: error modules fed by the scene's pulses and energy, and a reference meter.

The reference of a measurement is the true energy between two pulses of the meter, made wrong by ``reference_error_percent``
(+0.004 % unless set) and counted in whole pulses of ``reference_constant_imp_per_kwh`` (5E8). Nothing is drawn at random.

Transcribed from the published firmware sources on its own. Unverified: no device has confirmed it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from instruments.scpi_emulation import Call, ScpiEmulator, ScpiError, command, query
from rig.ports.electrical import PulseOutput

_MODULES = 8


@dataclass
class _Module:
    """One error module: settings, and where its measurement began."""

    unit: str = "I/kWh"
    dut_constant: float = 10000.0
    rate: int = 10
    continuous: bool = False
    #: pulses the meter had given at START; None while idle
    first_count: int | None = None
    aborted: bool = False


class ZeraCom5003Emulator(ScpiEmulator):
    """Eight error modules, one a position, and the values of three phases."""

    identity = "ZERA,COM5003,EMULATED,0.0"
    unit_separator: ClassVar[str] = "|"
    own_codes: ClassVar[Mapping[int, int]] = {-113: -100, -109: -100, -108: -100, -104: -120}
    #: error of the reference energy in percent
    reference_error_percent = 0.004
    #: C0 in imp/kWh
    reference_constant_imp_per_kwh = 5e8
    #: errors of the reference meter's voltages and currents in percent
    voltage_error_percent = 0.002
    current_error_percent = 0.002

    def reset(self) -> None:
        """All modules idle with the settings of the delivered session."""
        self._modules = {number: _Module() for number in range(1, _MODULES + 1)}

    def split_arguments(self, text: str, *, is_query: bool) -> tuple[str, ...]:
        """Every parameter ends with a semicolon; one without is a command error."""
        if is_query or not text:
            return ()
        if not text.endswith(";"):
            raise ScpiError(-100)
        return tuple(part.strip() for part in text[:-1].split(";"))

    @query("SYSTem:ERRor")
    def _next_error(self, _call: Call) -> str:
        code, meaning = self.next_error()
        return f"{code:+d},{meaning}"

    @query("SYSTem:ERRor:ALL")
    def _all_errors(self, _call: Call) -> str:
        entries = [self.next_error()]
        while self._errors:
            entries.append(self.next_error())
        return ";".join(f"{code:+d},{meaning}" for code, meaning in entries)

    # -- settings of an error module --------------------------------------------------------------

    def _module(self, call: Call) -> _Module:
        number = call.suffixes[0]
        if number not in self._modules:
            raise ScpiError(-113)
        return self._modules[number]

    @command("CALCulate:EC01:#:DCUNIT")
    def _set_unit(self, call: Call) -> None:
        self._module(call).unit = call.word(0, "I/kWh")

    @query("CALCulate:EC01:#:DCUNIT")
    def _unit(self, call: Call) -> str:
        return self._module(call).unit

    @command("CALCulate:EC01:#:DUTConstant")
    def _set_dut_constant(self, call: Call) -> None:
        self._module(call).dut_constant = call.number(0, 1e-6, 1e20)

    @query("CALCulate:EC01:#:DUTConstant")
    def _dut_constant(self, call: Call) -> str:
        return f"{self._module(call).dut_constant:.12g}"

    @query("CALCulate:EC01:#:REFConstant")
    def _reference_constant(self, call: Call) -> str:
        self._module(call)
        return f"{self.reference_constant_imp_per_kwh:.12g}"

    @command("CALCulate:EC01:#:MRATe")
    def _set_rate(self, call: Call) -> None:
        self._module(call).rate = call.whole(0, 1, 4294967295)

    @query("CALCulate:EC01:#:MRATe")
    def _rate(self, call: Call) -> str:
        return str(self._module(call).rate)

    @query("CALCulate:EC01:#:TARGet")
    def _target_query(self, call: Call) -> str:
        return str(self._target(self._module(call)))

    @command("CALCulate:EC01:#:CONTinuous")
    def _set_continuous(self, call: Call) -> None:
        self._module(call).continuous = bool(call.whole(0, 0, 1))

    @query("CALCulate:EC01:#:CONTinuous")
    def _continuous(self, call: Call) -> str:
        return str(int(self._module(call).continuous))

    # -- measurement ------------------------------------------------------------------------------

    def _pulses_of(self, call: Call) -> PulseOutput | None:
        """The pulse input of a position without a meter stays quiet."""
        number = call.suffixes[0]
        return self._scene.energy_output(number) if number in self._scene.positions() else None

    @command("CALCulate:EC01:#:STARt")
    def _start(self, call: Call) -> None:
        module = self._module(call)
        if call.whole(0, 0, 1):
            output = self._pulses_of(call)
            module.first_count = output.count() if output else 0
            module.aborted = False
        elif module.first_count is not None and not self._finished(call):
            module.aborted = True

    def _given(self, call: Call) -> int:
        """Pulses since START, the one that opens the gate included."""
        module, output = self._module(call), self._pulses_of(call)
        if module.first_count is None or output is None:
            return 0
        return max(output.count() - module.first_count, 0)

    def _finished(self, call: Call) -> int:
        module = self._module(call)
        finished = max(self._given(call) - 1, 0) // module.rate
        return finished if module.continuous else min(finished, 1)

    @query("CALCulate:EC01:#:STATus")
    def _status(self, call: Call) -> str:
        module = self._module(call)
        if module.aborted:
            return "8"
        if module.first_count is None:
            return "0"
        ready = 4 if self._finished(call) else 0
        if ready and not module.continuous:
            return "4"
        return str(ready + (2 if self._given(call) else 1))

    @query("CALCulate:EC01:#:PROGress")
    def _progress(self, call: Call) -> str:
        module = self._module(call)
        counted = max(self._given(call) - 1, 0)
        if self._finished(call) and not module.continuous:
            return "100"
        return f"{counted % module.rate / module.rate * 100.0:.6g}"

    @query("CALCulate:EC01:#:MEASNUM")
    def _measurements(self, call: Call) -> str:
        return str(self._finished(call))

    @query("CALCulate:EC01:#:RESult")
    def _result(self, call: Call) -> str:
        """Pulses the reference should have given, against those it gave, as the firmware computes it."""
        module, output, finished = self._module(call), self._pulses_of(call), self._finished(call)
        if module.first_count is None or output is None or not finished:
            return "0"
        last = module.first_count + 1 + finished * module.rate
        opened, closed = output.time_of(last - module.rate), output.time_of(last)
        if opened is None or closed is None:
            raise ScpiError(-230)
        counted = self._reference_pulses(closed) - self._reference_pulses(opened)
        if counted == 0:
            return "nan"
        return f"{(self._target(module) - counted) / counted * 100.0:.6f}"

    @query("CALCulate:EC01:#:ENERgy")
    def _energy(self, call: Call) -> str:
        module, output = self._module(call), self._pulses_of(call)
        if module.first_count is None or output is None or not self._given(call):
            return "0"
        opened = output.time_of(module.first_count + 1)
        counted = self._reference_pulses(self._scene.now_s()) - self._reference_pulses(opened or 0.0)
        return f"{counted / self.reference_constant_imp_per_kwh:.9g}"

    def _target(self, module: _Module) -> int:
        return round(self.reference_constant_imp_per_kwh * module.rate / module.dut_constant)

    def _reference_pulses(self, at_s: float) -> int:
        """Whole pulses the reference has given by then; both directions of energy count."""
        energy = self._scene.energy(at_s)
        energy_kwh = (
            (energy.forward_wh + energy.reverse_wh) / 1000.0 * (1.0 + self.reference_error_percent / 100.0)
        )
        return math.floor(energy_kwh * self.reference_constant_imp_per_kwh)

    # -- values -----------------------------------------------------------------------------------

    def _values(self, phase: int) -> tuple[float, float, float, float, float]:
        """V, A, W, var, VA of a phase as this reference sees them; a phase that is not there reads zero."""
        phases = self._scene.true_values().phases
        if not 1 <= phase <= 3:
            raise ScpiError(-113)
        if phase > len(phases):
            return 0.0, 0.0, 0.0, 0.0, 0.0
        true = phases[phase - 1]
        u_gain, i_gain = 1.0 + self.voltage_error_percent / 100.0, 1.0 + self.current_error_percent / 100.0
        return (
            true.voltage_v * u_gain,
            true.current_a * i_gain,
            true.active_power_w * u_gain * i_gain,
            true.reactive_power_var * u_gain * i_gain,
            true.apparent_power_va * u_gain * i_gain,
        )

    @query("MEASure:RMS1:UL#")
    def _voltage(self, call: Call) -> str:
        return f"UL{call.suffixes[0]}:[V]:{self._values(call.suffixes[0])[0]:.8g};"

    @query("MEASure:RMS1:IL#")
    def _current(self, call: Call) -> str:
        return f"IL{call.suffixes[0]}:[A]:{self._values(call.suffixes[0])[1]:.8g};"

    @query("MEASure:POW1:P#")
    def _active(self, call: Call) -> str:
        return f"P{call.suffixes[0]}:[W]:{self._values(call.suffixes[0])[2]:.8g};"

    @query("MEASure:POW2:Q#")
    def _reactive(self, call: Call) -> str:
        return f"Q{call.suffixes[0]}:[Var]:{self._values(call.suffixes[0])[3]:.8g};"

    @query("MEASure:POW3:S#")
    def _apparent(self, call: Call) -> str:
        return f"S{call.suffixes[0]}:[VA]:{self._values(call.suffixes[0])[4]:.8g};"

    @query("MEASure:RNG1:F")
    def _frequency(self, _call: Call) -> str:
        return f"F:[Hz]:{self._scene.true_values().frequency_hz:.8g};"
