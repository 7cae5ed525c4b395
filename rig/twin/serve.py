"""Serve a line of emulated devices in real time: on a pseudo-terminal, a TCP port, or a serial port.

The devices live on the same virtual clock as always; here it is advanced as real time passes. Characters are paced:
a request counts as received when its last stop bit would have passed, an answer leaves character by character, at
high rates in groups of a few milliseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from rig.clock import SystemClock, VirtualClock
from rig.ports.byte_link import Burst, LineSettings, WireEndpoint
from rig.transports.manipulate import Direction, LineManipulator, Piece
from rig.transports.uart import hear
from rig.twin.serve_ports import ServedPort, open_port

#: what the emulated devices' clock is made to follow
_REAL_TIME = SystemClock()

#: answers are written in groups that take about this long on the line
_GROUP_S = 0.004
#: the loop looks at its stop signal at least this often
_LONGEST_WAIT_S = 0.1


class _Tap:
    """The served line as one device sees it."""

    def __init__(self, line: ServedLine, endpoint: WireEndpoint) -> None:
        self._line = line
        self._endpoint = endpoint
        self.clock = line.clock

    def send(
        self, data: bytes, *, delay_s: float = 0.0, byte_gap_s: float = 0.0, baud: int | None = None
    ) -> None:
        """Put bytes on the line ``delay_s`` from now."""
        rate = self._endpoint.baud if baud is None else baud
        self._line.put(self._endpoint, data, delay_s, byte_gap_s, rate)


class ServedLine:
    """Devices on one port, in real time.

    Args:
        endpoints: devices on the line.
        url: ``pty://``, ``tcp://host:port`` (port 0: any free one), or a serial port (``/dev/ttyUSB0``, ``COM3``).
        clock: the devices' clock; advanced by ``run``.
        lock: held while devices run (the scene's lock when instruments share the scene).
        manipulators: line faults.
    """

    def __init__(
        self,
        endpoints: Sequence[WireEndpoint],
        url: str,
        clock: VirtualClock,
        *,
        lock: AbstractContextManager[object] | None = None,
        manipulators: Iterable[LineManipulator] = (),
    ) -> None:
        self.clock = clock
        self.manipulators = list(manipulators)
        self._endpoints = list(endpoints)
        self._lock = nullcontext() if lock is None else lock
        self._port: ServedPort = open_port(url, self._endpoints[0].baud)
        self._receive_busy_until_s = 0.0
        self._origin_s: float | None = None
        #: told what crossed the line, when it has: direction, octets, first start bit and last stop bit in clock seconds
        self.observer: Callable[[Direction, bytes, float, float], None] | None = None
        for endpoint in self._endpoints:
            endpoint.connect(_Tap(self, endpoint))

    @property
    def address(self) -> str:
        """Where clients reach the line: path of the terminal, or ``tcp://host:port``."""
        return self._port.address

    def run(self, stop: threading.Event) -> None:
        """Serve until ``stop`` is set, then close the port."""
        try:
            while not stop.is_set():
                self.step(_LONGEST_WAIT_S)
        finally:
            self.close()

    def step(self, longest_wait_s: float) -> None:
        """Let the devices live up to now and hear what comes within ``longest_wait_s`` seconds, or less."""
        with self._lock:
            self._catch_up()
            due_s = self.clock.next_due_s()
            now_s = self.clock.now_s()
        wait_s = longest_wait_s if due_s is None else min(max(due_s - now_s, 0.0), longest_wait_s)
        data = self._port.read(wait_s)
        if data:
            with self._lock:
                self._catch_up()
                self._arrived(data)

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    @property
    def origin_s(self) -> float:
        """System time, in its monotonic seconds, at which the devices' clock showed zero; it stands from the first step on."""
        if self._origin_s is None:
            self._origin_s = _REAL_TIME.now_s() - self.clock.now_s()
        return self._origin_s

    def _catch_up(self) -> None:
        self.clock.advance_to(_REAL_TIME.now_s() - self.origin_s)

    def put(self, sender: WireEndpoint, data: bytes, delay_s: float, byte_gap_s: float, baud: int) -> None:
        """Let a device send."""
        for piece in self._disturbed("answer", data):
            start_s = max(self.clock.now_s() + delay_s + piece.start_s, self.clock.now_s())
            self._send_piece(sender, piece.data, start_s, byte_gap_s, baud)

    def _disturbed(self, direction: Direction, data: bytes) -> list[Piece]:
        pieces = [Piece(data)]
        for manipulator in self.manipulators:
            pieces = manipulator.apply(direction, pieces)
        return pieces

    def _send_piece(
        self, sender: WireEndpoint, data: bytes, start_s: float, byte_gap_s: float, baud: int
    ) -> None:
        settings = LineSettings(baud=baud)
        step_s = settings.character_time_s + byte_gap_s
        end_s = start_s + len(data) * step_s
        heard = self._for_client(data, settings)
        size = max(int(_GROUP_S / step_s), 1) if self._port.paced else len(heard)
        for begin in range(0, len(heard), size):
            group = heard[begin : begin + size]
            # a group leaves when its last stop bit has passed; a real port paces by itself from the start
            when_s = start_s + (begin + len(group)) * step_s if self._port.paced else start_s
            self.clock.call_at(when_s, partial(self._port.write, group))
        burst = Burst(data, start_s, end_s)
        if self.observer is not None:
            self.clock.call_at(end_s, partial(self.observer, "answer", data, start_s, end_s))
        for other in self._endpoints:
            if other is not sender:
                self.clock.call_at(end_s, partial(other.receive, burst))
        self.clock.call_at(end_s, self._follow_baud)

    def _for_client(self, data: bytes, settings: LineSettings) -> bytes:
        rate = self._port.client_baud()
        return data if rate in {None, settings.baud} else hear(data, settings, LineSettings(baud=rate or 0))

    def _arrived(self, data: bytes) -> None:
        """Bytes from the client: they count as heard when their last stop bit would have passed."""
        rate = self._port.client_baud()
        now_s = self.clock.now_s()
        for piece in self._disturbed("request", data):
            sent = LineSettings(baud=rate or self._endpoints[0].baud)
            start_s = max(now_s + piece.start_s, self._receive_busy_until_s, now_s)
            length_s = len(piece.data) * sent.character_time_s
            if not self._port.paced:
                # a real port delivers characters after they have passed
                start_s, end_s = now_s - length_s, now_s
            else:
                end_s = start_s + length_s
            self._receive_busy_until_s = end_s
            self.clock.call_at(end_s, partial(self._deliver, Burst(piece.data, start_s, end_s), sent))

    def _deliver(self, burst: Burst, sent: LineSettings) -> None:
        if self.observer is not None:
            self.observer("request", burst.data, burst.start_s, burst.end_s)
        for endpoint in self._endpoints:
            data = burst.data
            if endpoint.baud != sent.baud and self._port.client_baud() is not None:
                data = hear(data, sent, LineSettings(baud=endpoint.baud))
            if data:
                endpoint.receive(Burst(data, burst.start_s, burst.end_s))

    def _follow_baud(self) -> None:
        self._port.set_baud(self._endpoints[0].baud)


def run_clock(
    clock: VirtualClock, stop: threading.Event, lock: AbstractContextManager[object] | None = None
) -> None:
    """Advance a virtual clock with real time until ``stop`` is set: for instruments without a line."""
    guard = nullcontext() if lock is None else lock
    origin_s = _REAL_TIME.now_s() - clock.now_s()
    while not stop.wait(0.01):
        with guard:
            clock.advance_to(_REAL_TIME.now_s() - origin_s)
