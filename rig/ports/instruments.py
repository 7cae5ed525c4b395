"""What procedures ask of bench instruments; drivers in ``instruments`` implement these over PyVISA."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from rig.ports.electrical import ElectricalReading, ElectricalScene, ElectricalState


@dataclass(frozen=True, slots=True)
class InstrumentIdentity:
    """Who answered: maker, model, serial, firmware as in ``*IDN?``; whether it is an emulator; bring-up state."""

    maker: str
    model: str
    serial: str
    firmware: str
    simulated: bool
    verified: bool = False


class Instrument(Protocol):
    """Common to all instruments."""

    def identify(self) -> InstrumentIdentity:
        """Ask the instrument who it is."""
        ...

    def close(self) -> None:
        """Leave the session; closing twice is harmless."""
        ...


class PowerSource(Instrument, Protocol):
    """Programmable source of voltage and current.

    Every method raises InstrumentError when the value is outside the range (never clipped) or the instrument
    reports an error.
    """

    #: time to wait after a change before a measurement, in seconds
    settling_s: float

    def apply(self, state: ElectricalState) -> None:
        """Program all phases and the frequency; does not switch the output."""
        ...

    def output_on(self) -> None:
        """Switch on."""
        ...

    def output_off(self) -> None:
        """Switch off: the safe state."""
        ...

    def output_is_on(self) -> bool:
        """Ask the instrument whether its output is on."""
        ...


class ReferenceMeter(Instrument, Protocol):
    """Power meter whose readings count as true."""

    #: relative expanded uncertainty (k=2) of active power in percent, from class or calibration
    power_uncertainty_percent: Decimal

    def read(self) -> ElectricalReading:
        """Present values."""
        ...


@dataclass(frozen=True, slots=True)
class ErrorCalculatorStatus:
    """State of a running error measurement: finished measurements and progress 0..100 %."""

    finished: int
    progress_percent: float


class ErrorCalculator(Instrument, Protocol):
    """Counts reference pulses during N pulses of the meter under test and gives its error in percent."""

    #: relative expanded uncertainty (k=2) of the energy error in percent
    error_uncertainty_percent: Decimal

    #: reference constant C0 in pulses per kWh (for the quantisation part of the budget)
    reference_constant_imp_per_kwh: Decimal

    def configure(self, *, meter_constant_imp_per_kwh: Decimal, pulses: int, position: int = 1) -> None:
        """Set the constant of the meter and the number of its pulses to count (1..2**31-1)."""
        ...

    def start(self) -> None:
        """Start one measurement; the first pulse of the meter opens the gate."""
        ...

    def status(self) -> ErrorCalculatorStatus:
        """How far it is."""
        ...

    def result_percent(self) -> Decimal:
        """Error of the last finished measurement in percent, positive when the meter registers too much.

        Raises:
            InstrumentError: nothing finished.
        """
        ...


class PulseCounter(Instrument, Protocol):
    """Counter for energy pulses (totalize) and for the clock output (period or frequency)."""

    #: relative expanded uncertainty (k=2) of its time base
    timebase_relative_uncertainty: Decimal

    def start_totalize(self, *, position: int = 1) -> None:
        """Count pulses of the meter's energy output from now on."""
        ...

    def read_total(self) -> int:
        """Pulses counted so far."""
        ...

    def measure_frequency(self, *, gate_s: float, position: int = 1) -> Decimal:
        """Frequency in Hz of the meter's clock output over a gate of ``gate_s`` (the caller lets time pass first)."""
        ...


class InstrumentEmulator(Protocol):
    """An instrument at the wire: a server that real PyVISA talks to, coupled to a scene."""

    def __init__(self, scene: ElectricalScene) -> None: ...

    @property
    def resource(self) -> str:
        """VISA resource string it is reached at, e.g. ``TCPIP::127.0.0.1::5025::SOCKET``."""
        ...

    def start(self) -> None:
        """Serve on a free loopback port, on a thread."""
        ...

    def rebind(self, scene: ElectricalScene) -> None:
        """Forget everything and couple to a fresh scene (a new case begins)."""
        ...

    def stop(self) -> None:
        """Stop serving and join the thread."""
        ...
