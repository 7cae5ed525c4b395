"""Chroma 61500 series programmable AC source (61501 to 61504): voltage only.

Units: V, Hz. Ranges: 0..300 V (high range), 15..1000 Hz. It cannot impress a current: a state with a current other than zero is
refused, so it serves no-load and supply tests. Harmonics are refused as well: the synthesis commands are not confirmed.

Unverified: written from pages of the Users Manual 61501/61502/61503/61504, not yet run on a device.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from instruments.visa import Choice, Quantity, VisaInstrument
from rig.errors import InstrumentError
from rig.ports.electrical import ElectricalState, PhaseState

_MANUAL = "Users Manual 61501/61502/61503/61504, chapter 8 (page copies)"
_TABLE = "public command table; spelling as in the Users Manual"


class Chroma61500(VisaInstrument):
    """Single-phase voltage source: 0..300 V, 15..1000 Hz."""

    label: ClassVar[str] = "Chroma 61500"
    expected_identity: ClassVar[re.Pattern[str]] = re.compile(r"CHROMA ATE\s*,?\s*615\d\d\b", re.IGNORECASE)
    commands: ClassVar[Mapping[str, str]] = {
        "*CLS": _MANUAL,
        "*IDN?": _MANUAL,
        "SYSTem:ERRor?": _TABLE,
        "SOURce:VOLTage:RANGe HIGH": f"{_TABLE}; {_MANUAL}",
        "SOURce:VOLTage:LEVel:IMMediate:AMPLitude:AC <V>": _MANUAL,
        "SOURce:FREQuency:IMMediate <Hz>": _MANUAL,
        "OUTPut:STATe ON": _TABLE,
        "OUTPut:STATe OFF": _TABLE,
        "OUTPut:STATe?": f"{_TABLE}; query form by the manual's convention",
    }
    error_query: ClassVar[str] = "SYSTem:ERRor?"
    #: time after a change before the voltage counts as settled, in seconds
    settling_s: float = 2.0

    voltage_range = Choice("Voltage range.", values={"high": "HIGH"}, command="SOURce:VOLTage:RANGe {value}")
    voltage_v = Quantity(
        "Voltage in V RMS, 0..300.",
        unit="V",
        command="SOURce:VOLTage:LEVel:IMMediate:AMPLitude:AC {value}",
        minimum=0,
        maximum=300,
    )
    frequency_hz = Quantity(
        "Frequency in Hz, 15..1000.",
        unit="Hz",
        command="SOURce:FREQuency:IMMediate {value}",
        minimum=15,
        maximum=1000,
    )
    output = Choice(
        "Output.",
        values={True: "ON", False: "OFF"},
        replies={"ON": True, "OFF": False, "1": True, "0": False},
        command="OUTPut:STATe {value}",
        query="OUTPut:STATe?",
    )

    def _split_identity(self, reply: str) -> tuple[str, str, str, str]:
        """Maker and model share the first field; three firmware versions follow the serial number."""
        head, *rest = [field.strip() for field in reply.split(",")]
        maker, _, model = head.rpartition(" ")
        if not rest or not model:
            raise InstrumentError(
                f"{self.label}: *IDN? answered {reply!r}; maker, model and serial were expected"
            )
        return maker, model, rest[0], "/".join(rest[1:])

    def apply(self, state: ElectricalState) -> None:
        """Program voltage and frequency; does not switch the output.

        Raises:
            InstrumentError: more than one phase, a current, harmonics, or a value out of range; nothing is sent then.
        """
        if len(state.phases) != 1:
            raise InstrumentError(f"{self.label}: {len(state.phases)} phases asked, it gives 1")
        phase = state.phases[0]
        if phase.current_a:
            raise InstrumentError(
                f"{self.label}: current = {phase.current_a} A asked; it is a voltage source, 0 A only"
            )
        if phase.harmonics:
            raise InstrumentError(f"{self.label}: harmonics are not confirmed for this source")
        type(self).voltage_v.check(self, phase.voltage_v)
        type(self).frequency_hz.check(self, state.frequency_hz)
        self.voltage_range = "high"
        self.frequency_hz = state.frequency_hz
        self.voltage_v = phase.voltage_v

    def output_on(self) -> None:
        """Switch on."""
        self.output = True

    def output_off(self) -> None:
        """Switch off: the safe state."""
        self.output = False

    def output_is_on(self) -> bool:
        """Ask the instrument whether its output is on."""
        return self.output

    def _bringup_steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield from super()._bringup_steps()
        yield "range refused", lambda: self._expect_refusal("SOURce:FREQuency:IMMediate 1E9")
        yield "output on and off", self._bringup_switching

    def _bringup_switching(self) -> str:
        """On at a voltage that is safe to touch, and off again."""
        self.apply(ElectricalState((PhaseState(voltage_v=20.0),), 50.0))
        self.output_on()
        is_on = self.output_is_on()
        self.output_off()
        if not is_on or self.output_is_on():
            raise InstrumentError(f"{self.label}: OUTPut:STATe? does not follow OUTPut:STATe")
        return "20 V, on and off again"
