"""Bus: a half-duplex link that several users share by taking turns; everything on it is recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from rig.clock import Clock
from rig.errors import BenchError
from rig.ports.byte_link import Burst, ByteLink, LineSettings
from rig.transports.record import Recorder


@dataclass(frozen=True, slots=True)
class Transaction:
    """What was sent and what came back in one turn on the bus."""

    sent: Burst
    received: tuple[Burst, ...]

    @property
    def data(self) -> bytes:
        """All received octets."""
        return b"".join(burst.data for burst in self.received)


class Bus:
    """A link with turn-taking: one exchange at a time, across threads.

    Args:
        link: the line; the bus owns it from now on.
        recorder: where bursts are kept; None records nothing.
        lease_timeout_s: how long to wait for a turn, in seconds of real time, before it is a bench error.
    """

    def __init__(
        self, link: ByteLink, recorder: Recorder | None = None, *, lease_timeout_s: float = 30.0
    ) -> None:
        self.link = link
        self.recorder = recorder
        self.lease_timeout_s = lease_timeout_s
        self._lock = threading.RLock()
        self._holder = 0
        #: end of the last character on the line, in clock seconds
        self.quiet_since_s = float("-inf")
        self._turn = _Turn(self)

    @property
    def name(self) -> str:
        """Name of the link."""
        return self.link.name

    @property
    def clock(self) -> Clock:
        """Clock of the link."""
        return self.link.clock

    @property
    def settings(self) -> LineSettings:
        """Present line settings."""
        return self.link.settings

    @property
    def timing_uncertainty_s(self) -> float:
        """Expanded uncertainty (k=2) of a delay measured on this link, in seconds."""
        return self.link.timing_uncertainty_s

    def turn(self) -> _Turn:
        """Context manager: the bus is ours inside; the same thread may enter it again.

        Raises:
            BenchError: somebody else holds the bus for longer than ``lease_timeout_s``.
        """
        return self._turn

    def acquire(self) -> None:
        """Take the bus; every call needs one ``release``."""
        if not self._lock.acquire(blocking=False) and not self._lock.acquire(timeout=self.lease_timeout_s):
            holder = next(
                (thread.name for thread in threading.enumerate() if thread.ident == self._holder), "?"
            )
            raise BenchError(f"bus {self.name}: no turn within {self.lease_timeout_s:g} s, held by {holder}")
        self._holder = threading.get_ident()

    def release(self) -> None:
        """Give the bus back."""
        self._lock.release()

    def write(self, data: bytes) -> Burst:
        """Send bytes within a turn; returns the burst with its computed times."""
        burst = self.link.write(data)
        self.quiet_since_s = burst.end_s
        if self.recorder is not None:
            self.recorder.append(self.link.name, "request", burst)
        return burst

    def read(self, deadline_s: float) -> Burst | None:
        """Next burst within a turn, or None at the deadline (clock seconds)."""
        burst = self.link.read(deadline_s)
        if burst is not None:
            self.quiet_since_s = burst.end_s
            if self.recorder is not None:
                self.recorder.append(self.link.name, "answer", burst)
        return burst

    def discard_input(self) -> bytes:
        """Throw away (and record) what arrived while nobody was listening."""
        data = self.link.discard_input()
        if not data:
            return data
        if self.recorder is not None:
            now_s = self.clock.now_s()
            start_s = now_s - len(data) * self.settings.character_time_s
            self.recorder.append(self.link.name, "answer", Burst(data, start_s, now_s))
        return data

    def transact(
        self, data: bytes, *, listen_s: float, complete: Callable[[bytes], bool] | None = None
    ) -> Transaction:
        """Send bytes and listen for ``listen_s`` after the last stop bit, or until ``complete(all octets)`` holds."""
        with self.turn():
            self.discard_input()
            sent = self.write(data)
            received: list[Burst] = []
            heard = b""
            while (burst := self.read(sent.end_s + listen_s)) is not None:
                received.append(burst)
                heard += burst.data
                if complete is not None and complete(heard):
                    break
            return Transaction(sent, tuple(received))

    def reconfigure(self, settings: LineSettings) -> None:
        """Change the line settings at once."""
        self.link.reconfigure(settings)

    def close(self) -> None:
        """Close the link."""
        self.link.close()


class _Turn:
    """The context manager of ``Bus.turn``; one object serves all turns."""

    __slots__ = ("_bus",)

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def __enter__(self) -> Bus:
        self._bus.acquire()
        return self._bus

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bus.release()
