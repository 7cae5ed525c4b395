"""What real links have in common: computed times of what is sent, estimated times of what arrives."""

from __future__ import annotations

from abc import ABC, abstractmethod

from rig.clock import Clock
from rig.errors import LinkClosedError
from rig.ports.byte_link import Burst, LineSettings
from rig.transports.adapter import AdapterTiming

#: a line that is never quiet is left alone after this time in seconds, or after so many octets
_DISCARD_S = 0.5
_DISCARD_OCTETS = 16384


class RealLink(ABC):
    """A ByteLink in real time.

    The end of what is sent is computed from the rate; the start of what arrives is its arrival, less its own
    length on the line, less the adapter's latency. Where the far end may not be paced at all (``paced`` False:
    TCP, pseudo-terminals), a device cannot be told to have answered before the request was over, so estimates
    are moved to that moment at the earliest.
    """

    simulated = False
    #: whether ``reconfigure`` reaches the far end's rate
    sets_baud = True
    #: whether characters are known to take their time on the line
    paced = True

    def __init__(self, name: str, settings: LineSettings, clock: Clock, timing: AdapterTiming) -> None:
        self.name = name
        self.clock = clock
        self.settings = settings
        self.timing = timing
        self._busy_until_s = float("-inf")
        self._heard_until_s = float("-inf")
        self._overdue_s = float("nan")
        self._closed = False

    @property
    def timing_uncertainty_s(self) -> float:
        """Expanded uncertainty (k=2) of a measured delay, in seconds."""
        return self.timing.uncertainty_s

    def write(self, data: bytes) -> Burst:
        """Hand octets to the port; the times are those of the line."""
        self._check_open()
        start_s = max(self.clock.now_s(), self._busy_until_s)
        self._send(data)
        self._busy_until_s = start_s + len(data) * self.settings.character_time_s
        return Burst(data, start_s, self._busy_until_s)

    def read(self, deadline_s: float) -> Burst | None:
        """What arrives next, or None at the deadline.

        What waited in the port at the deadline is given out once, or a line that is never quiet would have no end.
        """
        self._check_open()
        if deadline_s == self._overdue_s:
            return None
        data = self._receive(deadline_s)
        if not data:
            return None
        if self.clock.now_s() > deadline_s:
            self._overdue_s = deadline_s
        arrival_s = self.clock.now_s()
        end_s = arrival_s - self.timing.latency_s
        start_s = max(end_s - len(data) * self.settings.character_time_s, self._heard_until_s)
        if not self.paced:
            start_s = max(start_s, self._busy_until_s)
        end_s = max(start_s, end_s)
        self._heard_until_s = end_s
        if not self.paced:
            self._busy_until_s = min(self._busy_until_s, arrival_s)
        return Burst(data, start_s, end_s)

    def discard_input(self) -> bytes:
        """Throw away what has arrived; returns it. Ends on a line that is never quiet, too."""
        self._check_open()
        end_s = self.clock.now_s() + _DISCARD_S
        heard = bytearray()
        while len(heard) < _DISCARD_OCTETS and (now_s := self.clock.now_s()) < end_s:
            data = self._receive(now_s)
            if not data:
                break
            heard += data
        return bytes(heard)

    def reconfigure(self, settings: LineSettings) -> None:
        """Change the line settings when what was sent is over."""
        self._check_open()
        self.clock.wait_until(self._busy_until_s)
        self._configure(settings)
        self.settings = settings

    def close(self) -> None:
        """Give the port back; closing twice is harmless."""
        if not self._closed:
            self._closed = True
            self._shut()

    def _check_open(self) -> None:
        if self._closed:
            raise LinkClosedError(f"link {self.name} is closed")

    @abstractmethod
    def _send(self, data: bytes) -> None:
        """Hand all octets to the port."""

    @abstractmethod
    def _receive(self, deadline_s: float) -> bytes:
        """At least one octet, or none at the deadline; a deadline in the past takes what is there."""

    @abstractmethod
    def _configure(self, settings: LineSettings) -> None:
        """Set the port."""

    @abstractmethod
    def _shut(self) -> None:
        """Close the port."""
