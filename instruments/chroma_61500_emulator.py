"""Chroma 61504 emulated at the wire: one phase of voltage without load current.

Unverified: no device has confirmed it.
"""

from __future__ import annotations

from instruments.scpi_emulation import Call, ScpiEmulator, ScpiError, command, query
from rig.ports.electrical import DEAD, ElectricalState, PhaseState

_TOPS = {"LOW": 150.0, "HIGH": 300.0}


class Chroma61500Emulator(ScpiEmulator):
    """Voltage in two ranges; a voltage beyond the present range is an error, and so is a range below the voltage."""

    identity = "Chroma ATE 61504,EMULATED,0.00,0.00,0.00"

    def reset(self) -> None:
        """Output off, 0 V in the low range, 50 Hz."""
        self._output = False
        self._range = "LOW"
        self._voltage_v = 0.0
        self._frequency_hz = 50.0

    def publish(self) -> None:
        """Bring the scene to what the terminals give."""
        live = ElectricalState((PhaseState(voltage_v=self._voltage_v),), self._frequency_hz)
        state = live if self._output else DEAD
        if state != self._scene.state():
            self._scene.set_state(state)

    @query("SYSTem:ERRor")
    def _next_error(self, _call: Call) -> str:
        return self.pop_error()

    @command("[SOURce]:VOLTage:RANGe")
    def _set_range(self, call: Call) -> None:
        wanted = call.word(0, "LOW", "HIGH")
        if self._voltage_v > _TOPS[wanted]:
            raise ScpiError(-222)
        self._range = wanted

    @query("[SOURce]:VOLTage:RANGe")
    def _get_range(self, _call: Call) -> str:
        return self._range

    @command("[SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]:AC")
    def _set_voltage(self, call: Call) -> None:
        self._voltage_v = call.number(0, 0.0, _TOPS[self._range])
        self.publish()

    @query("[SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]:AC")
    def _get_voltage(self, _call: Call) -> str:
        return f"{self._voltage_v:.1f}"

    @command("[SOURce]:FREQuency[:IMMediate]")
    def _set_frequency(self, call: Call) -> None:
        self._frequency_hz = call.number(0, 15.0, 1000.0)
        self.publish()

    @query("[SOURce]:FREQuency[:IMMediate]")
    def _get_frequency(self, _call: Call) -> str:
        return f"{self._frequency_hz:.2f}"

    @command("OUTPut[:STATe]")
    def _switch(self, call: Call) -> None:
        self._output = call.word(0, "ON", "OFF") == "ON"
        self.publish()

    @query("OUTPut[:STATe]")
    def _switched(self, _call: Call) -> str:
        return "ON" if self._output else "OFF"
