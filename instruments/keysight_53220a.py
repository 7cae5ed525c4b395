"""Keysight 53220A universal counter: energy pulses on input 1, clock output of the meter on input 2.

Units: Hz, s, V. Ranges: gate 1E-4..1000 s, threshold -5.125..+5.125 V. One meter position: a second one needs a second counter
or a pulse switch, which the bench has to provide.

Unverified: written from public drivers and pages of the Programmer's Reference, not yet run on a device.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import ClassVar

from instruments.visa import Choice, Quantity, VisaInstrument
from rig.errors import InstrumentError

#: inputs of the counter, by what hangs on them
ENERGY_INPUT, CLOCK_INPUT = 1, 2

_DRIVERS = "several public drivers"
_MANUAL = "53220A/53230A User's Guide and Programmer's Reference (page copies)"


class CounterInput:
    """One input: DC coupling, 1 Mohm, fixed threshold in V, rising edge."""

    coupling = Choice("Coupling.", values={"dc": "DC"}, command="INP{channel}:COUP {value}")
    impedance_ohm = Choice(
        "Input impedance in ohm.", values={50: "50", 1_000_000: "1E6"}, command="INP{channel}:IMP {value}"
    )
    threshold_v = Quantity(
        "Threshold in V, -5.125..5.125.",
        unit="V",
        command="INP{channel}:LEV {value}",
        minimum=-5.125,
        maximum=5.125,
    )
    slope = Choice(
        "Edge that counts.", values={"rising": "POS", "falling": "NEG"}, command="INP{channel}:SLOP {value}"
    )

    def __init__(self, counter: Keysight53220A, number: int) -> None:
        self._counter = counter
        self.number = number

    @property
    def label(self) -> str:
        """Instrument and input, for messages."""
        return f"{self._counter.label} input {self.number}"

    @property
    def channel(self) -> str:
        """Number of the input as it stands in headers."""
        return str(self.number)

    def send(self, command: str) -> None:
        """Send through the instrument."""
        self._counter.send(command)

    def ask(self, query: str, *, extra_s: float = 0.0) -> str:
        """Ask through the instrument."""
        return self._counter.ask(query, extra_s=extra_s)

    def prepare(self, threshold_v: float) -> None:
        """Settings for a pulse output; CONFigure resets them, so they follow it."""
        self.coupling = "dc"
        self.impedance_ohm = 1_000_000
        self.threshold_v = threshold_v
        self.slope = "rising"


class Keysight53220A(VisaInstrument):
    """Counter: totalizes pulses and measures frequency in Hz with a gate of 1E-4..1000 s."""

    label: ClassVar[str] = "Keysight 53220A"
    expected_identity: ClassVar[re.Pattern[str]] = re.compile(
        r"(KEYSIGHT|AGILENT)[^,]*,\s*532[23]0A\b", re.IGNORECASE
    )
    commands: ClassVar[Mapping[str, str]] = {
        "*CLS": _DRIVERS,
        "*IDN?": "IEEE 488.2",
        "SYST:ERR?": _DRIVERS,
        "ABOR": _DRIVERS,
        "CONF:TOT:CONT (@<n>)": _DRIVERS,
        "CONF:FREQ (@<n>)": _DRIVERS,
        "SENS:FREQ:GATE:TIME <s>": _DRIVERS,
        "SENS:TOT:DATA?": _DRIVERS,
        "INP<n>:COUP DC": _DRIVERS,
        "INP<n>:IMP <ohm>": _DRIVERS,
        "INP<n>:LEV <V>": _DRIVERS,
        "INP<n>:SLOP POS": _DRIVERS,
        "INIT": f"{_DRIVERS}; {_MANUAL}",
        "READ?": _MANUAL,
    }
    #: relative expanded uncertainty (k=2) of the time base: oven oscillator, recalled; a certificate replaces it
    timebase_relative_uncertainty: Decimal = Decimal("1E-7")
    #: threshold for pulse outputs pulled up to 5 V, in V
    threshold_v: float = 2.5

    gate_s = Quantity(
        "Gate of a frequency measurement in s, 1E-4..1000.",
        unit="s",
        command="SENS:FREQ:GATE:TIME {value}",
        minimum=1e-4,
        maximum=1000,
    )
    running_total = Quantity("Pulses counted so far; the count goes on.", unit="", query="SENS:TOT:DATA?")

    def start_totalize(self, *, position: int = 1) -> None:
        """Count pulses of the meter's energy output from now on.

        Raises:
            InstrumentError: no input is wired to this position.
        """
        self._require_position(position)
        self.send("ABOR")
        self.send(f"CONF:TOT:CONT (@{ENERGY_INPUT})")
        CounterInput(self, ENERGY_INPUT).prepare(self.threshold_v)
        self.send("INIT")

    def read_total(self) -> int:
        """Pulses counted so far.

        Raises:
            InstrumentError: the reading is not a whole number of pulses.
        """
        total = self.running_total
        if total != int(total) or total < 0:
            raise InstrumentError(f"{self.label}: total is {total}, not a number of pulses")
        return int(total)

    def measure_frequency(self, *, gate_s: float, position: int = 1) -> Decimal:
        """Frequency in Hz of the meter's clock output over a gate of ``gate_s``, 1E-4..1000 s.

        On a real counter the gate opens now and the call lasts as long. An emulated one takes no time and looks back
        over the last ``gate_s``, so the caller lets that time pass first.

        Raises:
            InstrumentError: no signal within the gate, or no input is wired to this position.
        """
        self._require_position(position)
        type(self).gate_s.check(self, gate_s)
        self.send("ABOR")
        self.send(f"CONF:FREQ (@{CLOCK_INPUT})")
        CounterInput(self, CLOCK_INPUT).prepare(self.threshold_v)
        self.gate_s = gate_s
        return self.ask_number("READ?", quantity="frequency", extra_s=2.0 * gate_s)

    def _require_position(self, position: int) -> None:
        if position != 1:
            raise InstrumentError(
                f"{self.label}: its inputs are wired to position 1, position {position} was asked"
            )

    def _bringup_steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield from super()._bringup_steps()
        yield "range refused", lambda: self._expect_refusal("SENS:FREQ:GATE:TIME 1E9")
        yield "totalize", self._bringup_totalize

    def _bringup_totalize(self) -> str:
        self.start_totalize()
        return f"{self.read_total()} pulses so far"
