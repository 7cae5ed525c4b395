"""Keysight 53220A emulated at the wire: input 1 hangs on the energy output of position 1, input 2 on its clock output.

Frequency is reciprocal: whole periods between the first and the last pulse inside the gate, and the gate lies in the past. The
time base runs ``timebase_error`` too fast (2E-8 unless set), so frequencies read too low by it. Nothing is drawn at random.

Unverified: no device has confirmed it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from instruments.scpi_emulation import Call, ScpiEmulator, ScpiError, command, query
from rig.ports.electrical import PulseOutput

#: what the counter answers when there is no valid reading
_NOT_A_NUMBER = "+9.91000000000000E+037"
_CHANNEL = re.compile(r"\(@([12])\)")


@dataclass
class _Input:
    """Conditioning of one input; a preset counter finds its own threshold."""

    coupling: str = "AC"
    impedance: float = 1e6
    level_v: float = 0.0
    auto_level: bool = True
    slope: str = "POSitive"


class Keysight53220AEmulator(ScpiEmulator):
    """Two inputs, totalize and frequency."""

    identity = "Keysight Technologies,53220A,EMULATED,0.0"
    #: relative error of the time base
    timebase_error = 2e-8

    def reset(self) -> None:
        """Frequency of input 1, gate 0.1 s, idle."""
        self._inputs = {1: _Input(), 2: _Input()}
        self._function = "FREQ"
        self._channel = 1
        self._gate_s = 0.1
        self._first_count: int | None = None
        self._held: int | None = None

    @query("SYSTem:ERRor")
    def _next_error(self, _call: Call) -> str:
        code, meaning = self.next_error()
        return f'{code:+d},"{meaning}"'

    # -- configuration ----------------------------------------------------------------------------

    def _configure(self, function: str, call: Call) -> None:
        """CONFigure presets the inputs and ends a measurement."""
        call.expect(1)
        channel = 1
        if call.arguments:
            match = _CHANNEL.fullmatch(call.arguments[0])
            if match is None:
                raise ScpiError(-224)
            channel = int(match[1])
        self.reset()
        self._function, self._channel = function, channel

    @command("CONFigure:TOTalize:CONTinuous")
    def _configure_totalize(self, call: Call) -> None:
        self._configure("TOT", call)

    @command("CONFigure[:SCALar][:VOLTage]:FREQuency")
    def _configure_frequency(self, call: Call) -> None:
        self._configure("FREQ", call)

    @command("[SENSe]:FREQuency:GATE:TIME")
    def _gate(self, call: Call) -> None:
        self._gate_s = call.number(0, 1e-4, 1000.0)

    def _input(self, call: Call) -> _Input:
        number = call.suffixes[0]
        if number not in self._inputs:
            raise ScpiError(-113)
        return self._inputs[number]

    @command("INPut#:COUPling")
    def _coupling(self, call: Call) -> None:
        self._input(call).coupling = call.word(0, "AC", "DC")

    @command("INPut#:IMPedance")
    def _impedance(self, call: Call) -> None:
        ohm = call.number(0, 50.0, 1e6)
        if ohm not in {50.0, 1e6}:
            raise ScpiError(-224)
        self._input(call).impedance = ohm

    @command("INPut#:LEVel")
    def _level(self, call: Call) -> None:
        circuit = self._input(call)
        circuit.level_v = call.number(0, -5.125, 5.125)
        circuit.auto_level = False

    @command("INPut#:SLOPe")
    def _slope(self, call: Call) -> None:
        self._input(call).slope = call.word(0, "POSitive", "NEGative")

    @command("DISPlay")
    def _display(self, call: Call) -> None:
        call.boolean(0)

    # -- measurement ------------------------------------------------------------------------------

    def _output(self) -> PulseOutput | None:
        """What hangs on the configured input; a bench without a meter leaves it open."""
        if 1 not in self._scene.positions():
            return None
        return self._scene.energy_output(1) if self._channel == 1 else self._scene.clock_output(1)

    def _now_count(self) -> int:
        output = self._output()
        return output.count() if output else 0

    @command("INITiate[:IMMediate]")
    def _initiate(self, _call: Call) -> None:
        if self._function == "TOT":
            self._first_count, self._held = self._now_count(), None

    @command("ABORt")
    def _abort(self, _call: Call) -> None:
        if self._first_count is not None:
            self._held = self._now_count() - self._first_count
            self._first_count = None

    @query("[SENSe]:TOTalize:DATA")
    def _total(self, _call: Call) -> str:
        if self._first_count is not None:
            return _reading(self._now_count() - self._first_count)
        if self._held is not None:
            return _reading(self._held)
        raise ScpiError(-230)

    @query("FETCh")
    def _fetch(self, _call: Call) -> str:
        """A total is not handed over while the gate is open."""
        if self._function == "TOT" and self._held is not None:
            return _reading(self._held)
        raise ScpiError(-230)

    @query("READ")
    def _read(self, _call: Call) -> str:
        if self._function != "FREQ":
            raise ScpiError(-221)
        frequency_hz = self._frequency()
        return _NOT_A_NUMBER if frequency_hz is None else _reading(frequency_hz)

    def _frequency(self) -> float | None:
        output = self._output()
        if output is None:
            return None
        last = output.count()
        opened = self._scene.now_s() - self._gate_s
        first = self._first_pulse_since(output, opened, last)
        first_s, last_s = output.time_of(first), output.time_of(last)
        if first_s is None or last_s is None or last <= first or last_s <= first_s:
            return None
        return (last - first) / (last_s - first_s) / (1.0 + self.timebase_error)

    @staticmethod
    def _first_pulse_since(output: PulseOutput, opened_s: float, last: int) -> int:
        """Number of the first pulse inside the gate, by bisection: pulse times only rise."""
        low, high = 1, last
        while low < high:
            middle = (low + high) // 2
            at_s = output.time_of(middle)
            if at_s is None or at_s < opened_s:
                low = middle + 1
            else:
                high = middle
        return low


def _reading(value: float) -> str:
    return f"{value:+.15E}"
