"""Yokogawa WT310E (one element; WT333E with three) emulated at the wire.

Reads the scene's true values with its own errors, settable and fixed in time: voltage +0.01 %, current -0.01 %. Where a circuit
is dead, power factor and frequency are NAN.

Unverified: no device has confirmed it.
"""

from __future__ import annotations

from instruments.scpi_emulation import Call, ScpiEmulator, ScpiError, command, query

_FUNCTIONS = ("U", "I", "P", "S", "Q", "LAMBda", "FU")
_NO_DATA = "NAN"
_MODELS = {1: "WT310E", 2: "WT332E", 3: "WT333E"}


class YokogawaWTEmulator(ScpiEmulator):
    """Numeric output in ASCII."""

    #: own errors in percent
    voltage_error_percent = 0.01
    current_error_percent = -0.01
    #: measuring elements: 1, 2 or 3
    elements = 1

    def identification(self) -> str:
        """The model follows from the number of elements."""
        return self.identity or f"YOKOGAWA,{_MODELS[self.elements]},EMULATED,F0.00"

    def reset(self) -> None:
        """Three items: voltage, current and power of element 1."""
        self._count = 3
        self._items: dict[int, tuple[str, int]] = {1: ("U", 1), 2: ("I", 1), 3: ("P", 1)}
        self._ascii = False

    @query("STATus:ERRor")
    def _next_error(self, _call: Call) -> str:
        return self.pop_error()

    @command("COMMunicate:HEADer")
    def _header(self, call: Call) -> None:
        call.boolean(0)

    @command("[INPut]:MODE")
    def _mode(self, call: Call) -> None:
        call.word(0, "RMS", "VMEan", "DC")

    @command("[INPut]:VOLTage:AUTO")
    def _voltage_auto(self, call: Call) -> None:
        call.boolean(0)

    @command("[INPut]:CURRent:AUTO")
    def _current_auto(self, call: Call) -> None:
        call.boolean(0)

    @command("NUMeric:FORMat")
    def _format(self, call: Call) -> None:
        self._ascii = call.word(0, "ASCii", "FLOat") == "ASCii"

    @command("NUMeric[:NORMal]:NUMBer")
    def _number(self, call: Call) -> None:
        self._count = call.whole(0, 1, 255)

    @command("NUMeric[:NORMal]:ITEM#")
    def _item(self, call: Call) -> None:
        index = call.suffixes[0]
        if not 1 <= index <= 255:
            raise ScpiError(-113)
        function = call.word(0, *_FUNCTIONS)
        self._items[index] = (function, call.whole(1, 1, self.elements))

    @query("NUMeric[:NORMal]:VALue")
    def _values(self, _call: Call) -> str:
        if not self._ascii:
            raise ScpiError(-221)
        return ",".join(self._value(index) for index in range(1, self._count + 1))

    def _value(self, index: int) -> str:
        """One item in NR3; an item that was never set has no value."""
        if index not in self._items:
            return _NO_DATA
        function, element = self._items[index]
        true = self._scene.true_values()
        if element > len(true.phases):
            return _NO_DATA if function in {"LAMBda", "FU"} else _nr3(0.0)
        phase = true.phases[element - 1]
        u_gain = 1.0 + self.voltage_error_percent / 100.0
        i_gain = 1.0 + self.current_error_percent / 100.0
        match function:
            case "U":
                return _nr3(phase.voltage_v * u_gain)
            case "I":
                return _nr3(phase.current_a * i_gain)
            case "P":
                return _nr3(phase.active_power_w * u_gain * i_gain)
            case "Q":
                return _nr3(phase.reactive_power_var * u_gain * i_gain)
            case "S":
                return _nr3(phase.apparent_power_va * u_gain * i_gain)
            case "LAMBda":
                return _nr3(phase.power_factor) if phase.apparent_power_va else _NO_DATA
            case _:
                return _nr3(true.frequency_hz) if phase.voltage_v else _NO_DATA


def _nr3(value: float) -> str:
    return f"{value:.5E}"
