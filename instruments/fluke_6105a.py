"""Fluke 6105A electrical power standard, with or without the 52120A current amplifier.

Units: V, A, Hz, degrees. Ranges: 0..650 V; 0.05..21 A from the standard's own terminals, 0..120 A through the amplifier;
40..60 Hz. Angles follow the wire convention noted at :data:`LAG_SIGN`.

Unverified: written from a public laboratory driver and pages of the Users Manual 6100B/6105A, not yet run on a device.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from instruments.visa import Choice, MessageSession, Quantity, VisaInstrument, number, require_range
from rig.errors import InstrumentError
from rig.ports.electrical import ElectricalState, PhaseState

#: upper ends of the voltage ranges in V
VOLTAGE_RANGES_V = (23.0, 45.0, 90.0, 180.0, 360.0, 650.0)
#: current ranges of the standard itself in A: least and greatest amplitude
CURRENT_RANGES_A = ((0.05, 0.25), (0.05, 0.5), (0.1, 1.0), (0.2, 2.0), (0.5, 5.0), (1.0, 10.0), (2.0, 21.0))
#: upper ends of the ranges of the 52120A amplifier in A
AMPLIFIER_RANGES_A = (2.0, 20.0, 120.0)
HIGHEST_HARMONIC = 100
#: a current that lags by +60 degrees is sent as -60: angles on the wire lead, relative to the voltage of the same phase
LAG_SIGN = -1.0

_DRIVER = "public laboratory driver for 6105A + 52120A, 2013-2015"
_MANUAL = "Users Manual 6100B/6105A, chapter 5 (page copies)"
_BOTH = f"{_DRIVER}; {_MANUAL}"
_ON_OFF: Mapping[bool, str] = {True: "1", False: "0"}


class Fluke6105APhase:
    """One phase of the standard: voltage in V and current in A with harmonics."""

    fitted = Choice("Whether the phase is present.", values=_ON_OFF, query="SOUR:PHAS{channel}:FITT?")
    amplifier_fitted = Choice(
        "Whether a 52120A is connected.", values=_ON_OFF, query="SOUR:PHAS{channel}:CURR:EAMP:FITT?"
    )
    voltage_output = Choice(
        "Voltage channel on.", values=_ON_OFF, command="SOUR:PHAS{channel}:VOLT:STAT {value}"
    )
    current_output = Choice(
        "Current channel on.", values=_ON_OFF, command="SOUR:PHAS{channel}:CURR:STAT {value}"
    )
    voltage_harmonics = Choice(
        "Voltage harmonics applied.", values=_ON_OFF, command="SOUR:PHAS{channel}:VOLT:MHAR:STAT {value}"
    )
    current_harmonics = Choice(
        "Current harmonics applied.", values=_ON_OFF, command="SOUR:PHAS{channel}:CURR:MHAR:STAT {value}"
    )
    amplifier_terminals = Choice(
        "Terminals of the amplifier in use.",
        values={"auto": "AUTO", "high": "HIGH"},
        command="SOUR:PHAS{channel}:CURR:EAMP:TERM:MODE {value}",
    )

    def __init__(self, source: Fluke6105A, phase: int) -> None:
        self._source = source
        self.phase = phase
        self._present: bool | None = None
        self._amplified: bool | None = None

    @property
    def label(self) -> str:
        """Instrument and phase, for messages."""
        return f"{self._source.label} phase {self.phase}"

    @property
    def channel(self) -> str:
        """Number of the phase as it stands in headers."""
        return str(self.phase)

    def send(self, command: str) -> None:
        """Send through the instrument."""
        self._source.send(command)

    def ask(self, query: str, *, extra_s: float = 0.0) -> str:
        """Ask through the instrument."""
        return self._source.ask(query, extra_s=extra_s)

    @property
    def present(self) -> bool:
        """Whether the phase is fitted; asked once a session."""
        if self._present is None:
            self._present = self.fitted
        return self._present

    @property
    def amplified(self) -> bool:
        """Whether its current goes through a 52120A; asked once a session."""
        if self._amplified is None:
            self._amplified = self.amplifier_fitted
        return self._amplified

    def check(self, state: PhaseState) -> None:
        """Refuse what this phase cannot give, before anything is sent.

        Raises:
            InstrumentError: amplitude, angle or harmonic out of range, or the phase is not fitted.
        """
        if not self.present:
            raise InstrumentError(f"{self.label} is not fitted")
        require_range(self.label, "voltage", state.voltage_v, 0, VOLTAGE_RANGES_V[-1], "V")
        require_range(self.label, "angle", state.angle_deg, -360, 360, "degrees")
        require_range(self.label, "voltage angle", state.voltage_angle_deg, -360, 360, "degrees")
        if self.amplified:
            require_range(self.label, "current", state.current_a, 0, AMPLIFIER_RANGES_A[-1], "A")
        elif state.current_a != 0:
            low, high = CURRENT_RANGES_A[0][0], CURRENT_RANGES_A[-1][1]
            require_range(f"{self.label} without 52120A", "current", state.current_a, low, high, "A")
        for harmonic in state.harmonics:
            require_range(self.label, "harmonic order", harmonic.order, 2, HIGHEST_HARMONIC, "")
            require_range(self.label, "voltage harmonic", harmonic.voltage_percent, 0, 100, "%")
            require_range(self.label, "current harmonic", harmonic.current_percent, 0, 100, "%")

    def program(self, state: PhaseState) -> None:
        """Send amplitudes, angles and harmonics; a channel at zero is switched off, for no range reaches zero."""
        if state.voltage_v:
            self._program_voltage(state)
        self.voltage_output = bool(state.voltage_v)
        if state.current_a:
            self._program_current(state)
        self.current_output = bool(state.current_a)

    def silence(self) -> None:
        """Both channels off."""
        self.voltage_output = False
        self.current_output = False

    def _program_voltage(self, state: PhaseState) -> None:
        top = next(limit for limit in VOLTAGE_RANGES_V if state.voltage_v <= limit)
        self.send(f"SOUR:PHAS{self.phase}:VOLT:RANG 0,{number(top)}")
        self.send(f"SOUR:PHAS{self.phase}:VOLT:MHAR:CLE")
        self._send_harmonic("VOLT", 1, state.voltage_v, state.voltage_angle_deg)
        for harmonic in state.harmonics:
            amplitude_v = state.voltage_v * harmonic.voltage_percent / 100.0
            if amplitude_v:
                self._send_harmonic("VOLT", harmonic.order, amplitude_v, harmonic.voltage_angle_deg)
        self.voltage_harmonics = True

    def _program_current(self, state: PhaseState) -> None:
        self._select_current_range(state.current_a)
        self.send(f"SOUR:PHAS{self.phase}:CURR:MHAR:CLE")
        self._send_harmonic("CURR", 1, state.current_a, LAG_SIGN * state.angle_deg)
        for harmonic in state.harmonics:
            amplitude_a = state.current_a * harmonic.current_percent / 100.0
            if amplitude_a:
                self._send_harmonic("CURR", harmonic.order, amplitude_a, harmonic.current_angle_deg)
        self.current_harmonics = True

    def _select_current_range(self, current_a: float) -> None:
        if self.amplified:
            top = next(limit for limit in AMPLIFIER_RANGES_A if current_a <= limit)
            self.amplifier_terminals = "auto"
            self.send(f"SOUR:PHAS{self.phase}:CURR:EAMP:RANG 0,{number(top)}")
        else:
            low, top = next(limits for limits in CURRENT_RANGES_A if current_a <= limits[1])
            self.send(f"SOUR:PHAS{self.phase}:CURR:RANG {number(low)},{number(top)}")

    def _send_harmonic(self, circuit: str, order: int, amplitude: float, angle_deg: float) -> None:
        angle = number(half_turn(angle_deg))
        self.send(f"SOUR:PHAS{self.phase}:{circuit}:MHAR:HARM{order} {number(amplitude)},{angle}")


class Fluke6105A(VisaInstrument):
    """Programmable source of up to three phases: 0..650 V, 0.05..21 A (0..120 A with 52120A), 40..60 Hz."""

    label: ClassVar[str] = "Fluke 6105A"
    expected_identity: ClassVar[re.Pattern[str]] = re.compile(
        r"FLUKE\s*,\s*6(100A|100B|105A)\b", re.IGNORECASE
    )
    commands: ClassVar[Mapping[str, str]] = {
        "*RST": _DRIVER,
        "*CLS": _DRIVER,
        "*IDN?": "IEEE 488.2",
        "SYST:ERR?": _DRIVER,
        "OUTP:SENS 0": _DRIVER,
        "OUTP:RAMP:TIME <s>": _DRIVER,
        "OUTP:STAT ON": _DRIVER,
        "OUTP:STAT OFF": _DRIVER,
        "OUTP:STAT?": _DRIVER,
        "SOUR:FREQ <Hz>": _DRIVER,
        "SOUR:PHAS<n>:FITT?": _BOTH,
        "SOUR:PHAS<n>:VOLT:RANG <V>,<V>": _BOTH,
        "SOUR:PHAS<n>:VOLT:MHAR:CLE": _MANUAL,
        "SOUR:PHAS<n>:VOLT:MHAR:HARM<n> <V>,<deg>": _BOTH,
        "SOUR:PHAS<n>:VOLT:MHAR:STAT <bool>": _BOTH,
        "SOUR:PHAS<n>:VOLT:STAT <bool>": _DRIVER,
        "SOUR:PHAS<n>:CURR:RANG <A>,<A>": _BOTH,
        "SOUR:PHAS<n>:CURR:MHAR:CLE": f"{_MANUAL}, by analogy with the voltage channel",
        "SOUR:PHAS<n>:CURR:MHAR:HARM<n> <A>,<deg>": _BOTH,
        "SOUR:PHAS<n>:CURR:MHAR:STAT <bool>": _BOTH,
        "SOUR:PHAS<n>:CURR:STAT <bool>": _DRIVER,
        "SOUR:PHAS<n>:CURR:EAMP:FITT?": _DRIVER,
        "SOUR:PHAS<n>:CURR:EAMP:RANG 0,<A>": _DRIVER,
        "SOUR:PHAS<n>:CURR:EAMP:TERM:MODE AUTO": _DRIVER,
    }
    #: the public driver waits 5 s for the ramp and 30 s for the amplitudes; an emulated output is there at once
    settling_s: float = 35.0

    frequency_hz = Quantity(
        "Frequency of all phases in Hz, 40..60.",
        unit="Hz",
        command="SOUR:FREQ {value}",
        minimum=40,
        maximum=60,
    )
    ramp_s = Quantity(
        "Time of the soft start in s, 2..10.",
        unit="s",
        command="OUTP:RAMP:TIME {value}",
        minimum=2,
        maximum=10,
    )
    output = Choice(
        "Output relay.",
        values={True: "ON", False: "OFF"},
        replies={"1": True, "0": False},
        command="OUTP:STAT {value}",
        query="OUTP:STAT?",
    )

    def __init__(self, session: MessageSession, *, simulated: bool = False) -> None:
        super().__init__(session, simulated=simulated)
        self.phases = tuple(Fluke6105APhase(self, phase) for phase in (1, 2, 3))
        self._prepared = False
        if simulated:
            self.settling_s = 0.5

    def apply(self, state: ElectricalState) -> None:
        """Program all phases and the frequency; does not switch the output.

        The first call of a session resets the instrument, which switches its output off.

        Raises:
            InstrumentError: outside a range (nothing is sent then), or the instrument reports an error.
        """
        if not 1 <= len(state.phases) <= len(self.phases):
            raise InstrumentError(
                f"{self.label}: {len(state.phases)} phases asked, it gives 1 to {len(self.phases)}"
            )
        type(self).frequency_hz.check(self, state.frequency_hz)
        for channel, phase in zip(self.phases, state.phases, strict=False):
            channel.check(phase)
        self._prepare()
        self.frequency_hz = state.frequency_hz
        for channel, phase in zip(self.phases, state.phases, strict=False):
            channel.program(phase)
        for channel in self.phases[len(state.phases) :]:
            if channel.present:
                channel.silence()

    def _prepare(self) -> None:
        if self._prepared:
            return
        self.send("*RST")
        self.send("OUTP:SENS 0")
        self.ramp_s = 5
        self._prepared = True

    def output_on(self) -> None:
        """Switch on; the amplitudes are there after ``settling_s``."""
        self.output = True

    def output_off(self) -> None:
        """Switch off: the safe state."""
        self.output = False

    def output_is_on(self) -> bool:
        """Ask the instrument whether its output is on."""
        return self.output

    def _bringup_steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield from super()._bringup_steps()
        yield "output off", self._bringup_off
        yield "phases", self._bringup_phases
        yield "range refused", lambda: self._expect_refusal("SOUR:FREQ 1E9")
        yield "output on and off", self._bringup_switching

    def _bringup_off(self) -> str:
        self.output_off()
        if self.output_is_on():
            raise InstrumentError(f"{self.label}: OUTP:STAT? says on after OUTP:STAT OFF")
        return "OUTP:STAT? answers 0"

    def _bringup_phases(self) -> str:
        fitted = [channel for channel in self.phases if channel.present]
        if not fitted:
            raise InstrumentError(f"{self.label}: no phase is fitted")
        return ", ".join(
            f"{channel.phase}{' with 52120A' if channel.amplified else ''}" for channel in fitted
        )

    def _bringup_switching(self) -> str:
        """On at a voltage that is safe to touch, and off again."""
        self.apply(ElectricalState((PhaseState(voltage_v=20.0),), 50.0))
        self.output_on()
        is_on = self.output_is_on()
        self._bringup_off()
        if not is_on:
            raise InstrumentError(f"{self.label}: OUTP:STAT? says off after OUTP:STAT ON")
        return "20 V on phase 1, on and off again"


def half_turn(angle_deg: float) -> float:
    """The same angle between -180 (exclusive) and +180 degrees."""
    turned = angle_deg % 360.0
    return turned - 360.0 if turned > 180.0 else turned
