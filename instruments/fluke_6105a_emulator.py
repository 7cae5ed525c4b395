"""Fluke 6105A with 52120A amplifiers, emulated at the wire.

Transcribed from the manual's command pages on its own, without looking at the driver's tables. Amplitudes act at once: the ramp
time is remembered and not played. A fundamental that a new range cannot give goes to the end of that range, an assumption of ours.

Unverified: no device has confirmed it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from instruments.scpi_emulation import Call, ScpiEmulator, ScpiError, command, query
from rig.ports.electrical import DEAD, ElectricalState, Harmonic, PhaseState

_PHASES = 3
_VOLT_TOPS = [23.0, 45.0, 90.0, 180.0, 360.0, 650.0, 1008.0]
_AMPERE_RANGES = [
    (0.05, 0.25),
    (0.05, 0.5),
    (0.1, 1.0),
    (0.2, 2.0),
    (0.5, 5.0),
    (1.0, 10.0),
    (2.0, 21.0),
]
_AMPLIFIER_TOPS = [2.0, 20.0, 120.0]


@dataclass
class _Circuit:
    """Voltage or current channel of a phase; harmonics as (RMS amplitude, leading angle)."""

    low: float
    high: float
    on: bool = False
    harmonics_on: bool = False
    harmonics: dict[int, tuple[float, float]] = field(default_factory=lambda: {1: (0.0, 0.0)})

    def select(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        amplitude, angle = self.harmonics[1]
        self.harmonics[1] = (min(max(amplitude, low), high), angle)

    @property
    def fundamental(self) -> tuple[float, float]:
        return self.harmonics[1] if self.on else (0.0, 0.0)

    def relative(self, order: int) -> tuple[float, float]:
        """Percent of the fundamental and angle; zero while harmonics are inactive."""
        base = self.harmonics[1][0]
        if not (self.on and self.harmonics_on and base and order in self.harmonics):
            return 0.0, 0.0
        amplitude, angle = self.harmonics[order]
        return amplitude / base * 100.0, angle


class Fluke6105AEmulator(ScpiEmulator):
    """Three fitted phases, each with an amplifier unless ``amplifiers_fitted`` is cleared."""

    identity = "FLUKE,6105A,EMULATED,0.0"
    #: how many phases answer FITT? with 1
    phases_fitted = _PHASES
    #: whether each phase has a 52120A
    amplifiers_fitted = True

    def reset(self) -> None:
        """Output off, lowest ranges, everything at zero."""
        self._output = False
        self._frequency_hz = 50.0
        self._ramp_s = 2.0
        self._voltage = [_Circuit(0.0, _VOLT_TOPS[0]) for _ in range(_PHASES)]
        self._current = [_Circuit(*_AMPERE_RANGES[0]) for _ in range(_PHASES)]

    def publish(self) -> None:
        """Bring the scene to what the terminals give."""
        state = self._terminals() if self._output else DEAD
        if state != self._scene.state():
            self._scene.set_state(state)

    def _terminals(self) -> ElectricalState:
        used = [n for n in range(_PHASES) if self._voltage[n].on or self._current[n].on]
        count = used[-1] + 1 if used else 1
        return ElectricalState(tuple(self._phase(n) for n in range(count)), self._frequency_hz)

    def _phase(self, n: int) -> PhaseState:
        volts, amperes = self._voltage[n], self._current[n]
        voltage_v, voltage_angle = volts.fundamental
        current_a, current_lead = amperes.fundamental
        harmonics = []
        for order in sorted((volts.harmonics.keys() | amperes.harmonics.keys()) - {0, 1}):
            u_percent, u_angle = volts.relative(order)
            i_percent, i_angle = amperes.relative(order)
            if u_percent or i_percent:
                harmonics.append(Harmonic(order, u_percent, u_angle, i_percent, i_angle))
        return PhaseState(voltage_v, current_a, 0.0 - current_lead, voltage_angle, tuple(harmonics))

    def _index(self, call: Call) -> int:
        phase = call.suffixes[0]
        if not 1 <= phase <= _PHASES:
            raise ScpiError(-113)
        if phase > self.phases_fitted:
            raise ScpiError(-241)
        return phase - 1

    # -- output -----------------------------------------------------------------------------------

    @query("SYSTem:ERRor")
    def _next_error(self, _call: Call) -> str:
        return self.pop_error()

    @command("OUTPut:STATe")
    def _switch(self, call: Call) -> None:
        self._output = call.boolean(0)
        self.publish()

    @query("OUTPut:STATe")
    def _switched(self, _call: Call) -> str:
        return "1" if self._output else "0"

    @command("OUTPut:SENSe")
    def _sense(self, call: Call) -> None:
        call.boolean(0)

    @command("OUTPut:RAMP:TIME")
    def _ramp(self, call: Call) -> None:
        self._ramp_s = call.number(0, 0.0, 10.0)

    @command("SOURce:FREQuency")
    def _frequency(self, call: Call) -> None:
        self._frequency_hz = call.number(0, 16.0, 850.0)
        self.publish()

    @query("SOURce:PHASe#:FITTed")
    def _fitted(self, call: Call) -> str:
        return "1" if 1 <= call.suffixes[0] <= self.phases_fitted else "0"

    # -- voltage ----------------------------------------------------------------------------------

    @command("SOURce:PHASe#:VOLTage:RANGe")
    def _voltage_range(self, call: Call) -> None:
        circuit = self._voltage[self._index(call)]
        upper = call.number(1, call.number(0, 0.0, _VOLT_TOPS[-1]), _VOLT_TOPS[-1])
        circuit.select(0.0, min(top for top in _VOLT_TOPS if upper <= top))
        self.publish()

    @command("SOURce:PHASe#:VOLTage:MHARmonics:HARMonic#")
    def _voltage_harmonic(self, call: Call) -> None:
        self._harmonic(self._voltage[self._index(call)], call)

    @command("SOURce:PHASe#:VOLTage:MHARmonics:CLEar")
    def _voltage_clear(self, call: Call) -> None:
        circuit = self._voltage[self._index(call)]
        circuit.harmonics = {1: circuit.harmonics[1]}
        self.publish()

    @command("SOURce:PHASe#:VOLTage:MHARmonics:STATe")
    def _voltage_harmonics_state(self, call: Call) -> None:
        self._voltage[self._index(call)].harmonics_on = call.boolean(0)
        self.publish()

    @command("SOURce:PHASe#:VOLTage:STATe")
    def _voltage_state(self, call: Call) -> None:
        self._voltage[self._index(call)].on = call.boolean(0)
        self.publish()

    # -- current ----------------------------------------------------------------------------------

    @command("SOURce:PHASe#:CURRent:RANGe")
    def _current_range(self, call: Call) -> None:
        circuit = self._current[self._index(call)]
        top_a = _AMPERE_RANGES[-1][1]
        lower = call.number(0, 0.0, top_a)
        upper = call.number(1, lower, top_a)
        fitting = [limits for limits in _AMPERE_RANGES if limits[0] <= lower and upper <= limits[1]]
        if not fitting:
            raise ScpiError(-222)
        circuit.select(*min(fitting, key=lambda limits: limits[1]))
        self.publish()

    @query("SOURce:PHASe#:CURRent:EAMPlifier:FITTed")
    def _amplifier(self, call: Call) -> str:
        self._index(call)
        return "1" if self.amplifiers_fitted else "0"

    @command("SOURce:PHASe#:CURRent:EAMPlifier:RANGe")
    def _amplifier_range(self, call: Call) -> None:
        circuit = self._current[self._index(call)]
        if not self.amplifiers_fitted:
            raise ScpiError(-241)
        upper = call.number(1, call.number(0, 0.0, _AMPLIFIER_TOPS[-1]), _AMPLIFIER_TOPS[-1])
        circuit.select(0.0, min(top for top in _AMPLIFIER_TOPS if upper <= top))
        self.publish()

    @command("SOURce:PHASe#:CURRent:EAMPlifier:TERMinal:MODE")
    def _amplifier_terminal(self, call: Call) -> None:
        self._index(call)
        if not self.amplifiers_fitted:
            raise ScpiError(-241)
        call.word(0, "AUTO", "HIGH")

    @command("SOURce:PHASe#:CURRent:MHARmonics:HARMonic#")
    def _current_harmonic(self, call: Call) -> None:
        self._harmonic(self._current[self._index(call)], call)

    @command("SOURce:PHASe#:CURRent:MHARmonics:CLEar")
    def _current_clear(self, call: Call) -> None:
        circuit = self._current[self._index(call)]
        circuit.harmonics = {1: circuit.harmonics[1]}
        self.publish()

    @command("SOURce:PHASe#:CURRent:MHARmonics:STATe")
    def _current_harmonics_state(self, call: Call) -> None:
        self._current[self._index(call)].harmonics_on = call.boolean(0)
        self.publish()

    @command("SOURce:PHASe#:CURRent:STATe")
    def _current_state(self, call: Call) -> None:
        self._current[self._index(call)].on = call.boolean(0)
        self.publish()

    def _harmonic(self, circuit: _Circuit, call: Call) -> None:
        """Amplitude and angle of one order; order 0 is DC, whose angle must be zero."""
        call.expect(2)
        order = call.suffixes[1]
        if order > 100:
            raise ScpiError(-113)
        lowest = circuit.low if order == 1 else 0.0
        amplitude = call.number(0, lowest, circuit.high)
        angle = call.number(1, 0.0, 0.0) if order == 0 else call.number(1, -180.0, 180.0)
        circuit.harmonics[order] = (amplitude, angle)
        self.publish()
