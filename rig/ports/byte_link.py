"""A line that carries bytes: the master's end (ByteLink) and the emulated device's end (WireEndpoint, LineTap)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from rig.clock import Clock, VirtualClock


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How characters look on the line; the default is DL/T 645 over RS-485: 2400 bit/s, 8E1."""

    baud: int = 2400
    data_bits: int = 8
    parity: Literal["N", "E", "O"] = "E"
    stop_bits: int = 1

    @property
    def bits_per_character(self) -> int:
        """Start, data, parity and stop bits: 11 for 8E1."""
        return 1 + self.data_bits + (self.parity != "N") + self.stop_bits

    @property
    def character_time_s(self) -> float:
        """Seconds one character takes on the line."""
        return self.bits_per_character / self.baud


class Burst(NamedTuple):
    """Bytes that crossed the line without a pause, with the time of the first start bit and the last stop bit.

    On real adapters the times are estimates: the link's ``timing_uncertainty_s`` says how good.
    """

    data: bytes
    start_s: float
    end_s: float


class ByteLink(Protocol):
    """The master's end of a line. One exchange at a time: take a turn on the bus before using it."""

    @property
    def name(self) -> str:
        """Name of the link in the bench file."""
        ...

    @property
    def simulated(self) -> bool:
        """True when the far end is emulated in this process."""
        ...

    @property
    def sets_baud(self) -> bool:
        """True when ``reconfigure`` reaches the line itself; False on raw TCP, where a bridge keeps its own rate."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock that stamps this link's bursts."""
        ...

    @property
    def settings(self) -> LineSettings:
        """Present line settings."""
        ...

    @property
    def timing_uncertainty_s(self) -> float:
        """Expanded uncertainty (k=2) of a measured delay on this link, in seconds; 0 on a memory link."""
        ...

    def write(self, data: bytes) -> Burst:
        """Send bytes; returns when they are on their way, with the (computed) time of the last stop bit.

        Raises:
            LinkClosedError: the port is gone.
        """
        ...

    def read(self, deadline_s: float) -> Burst | None:
        """Next bytes to arrive, or None at the deadline (clock seconds). Never more than one burst.

        Raises:
            LinkClosedError: the port is gone.
        """
        ...

    def discard_input(self) -> bytes:
        """Throw away what has arrived already; returns it, so that it can be recorded."""
        ...

    def reconfigure(self, settings: LineSettings) -> None:
        """Change the line settings at once."""
        ...

    def close(self) -> None:
        """Give the port back; closing twice is harmless."""
        ...


class LineTap(Protocol):
    """What the line offers to an emulated device that listens on it."""

    @property
    def clock(self) -> VirtualClock:
        """Engine time: schedule with ``call_at``."""
        ...

    def send(
        self, data: bytes, *, delay_s: float = 0.0, byte_gap_s: float = 0.0, baud: int | None = None
    ) -> None:
        """Put bytes on the line ``delay_s`` from now, with ``byte_gap_s`` of silence between characters.

        ``baud`` is the sender's own rate; a listener at another rate receives garbage.
        """
        ...


class WireEndpoint(Protocol):
    """An emulated device's end of a line."""

    @property
    def baud(self) -> int:
        """The rate the device listens at; bursts sent at another rate arrive as garbage."""
        ...

    def connect(self, tap: LineTap) -> None:
        """Called once, when the device is put on the line."""
        ...

    def receive(self, burst: Burst) -> None:
        """Bytes seen on the line, other devices' answers included; must not block or wait."""
        ...
