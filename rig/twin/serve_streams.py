"""Serve emulated terminals and modules in real time: terminals dial a head-end by TCP, modules sit on a serial port.

Everything emulated lives on one virtual clock, which is advanced as real time passes::

    network = TcpNetwork(engine.clock)
    terminal = build_terminal(engine, network, config, ports=ports)   # dials the addresses of its configuration
    serve(engine.clock, stop, [network])

    module = build_module(engine, scene, config, nodes=nodes)
    end = ServedEnd(module.wire, "pty://", engine.clock)
    print(end.address)
    serve(engine.clock, stop, [end])
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Protocol

from rig.clock import SystemClock, VirtualClock
from rig.errors import ProtocolError
from rig.ports.byte_link import Burst, LineSettings, WireEndpoint
from rig.transports.manipulate import Direction, LineManipulator, Piece
from rig.transports.tcp_stream import TcpNetwork
from rig.twin.serve_ports import ServedPort, open_port

__all__ = ["RealTimeSource", "ServedEnd", "TcpNetwork", "serve"]

#: what the emulated devices' clock is made to follow
_REAL_TIME = SystemClock()
#: octets are written in groups that take about this long on the line
_GROUP_S = 0.004
#: the loop looks at its stop signal at least this often
_LONGEST_WAIT_S = 0.1
#: with several sources each is waited for in turn, this long
_TURN_S = 0.005


class RealTimeSource(Protocol):
    """Something outside that emulated devices talk to: a network, a port."""

    def wait(self, wait_s: float) -> None:
        """Wait until there is something to do, at most ``wait_s`` seconds; nothing emulated runs meanwhile."""
        ...

    def poll(self) -> None:
        """Handle what is there."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class ServedEnd:
    """One emulated end of a full-duplex serial connection on a real port: a local module, or the host of one.

    Characters are paced where the port does not do it: a burst counts as heard when its last stop bit would have
    passed, and what is sent leaves in groups of a few milliseconds, one burst after the other.

    Args:
        endpoint: the emulated end.
        url: ``pty://``, ``tcp://host:port`` (port 0: any free one), or a serial port (8E1).
        clock: of the engine.
        manipulators: line faults.

    Raises:
        ConfigError: the port cannot be opened.
    """

    def __init__(
        self,
        endpoint: WireEndpoint,
        url: str,
        clock: VirtualClock,
        *,
        manipulators: Iterable[LineManipulator] = (),
    ) -> None:
        self.clock = clock
        self.manipulators = list(manipulators)
        self._endpoint = endpoint
        self._port: ServedPort = open_port(url, endpoint.baud)
        self._heard = b""
        self._sending_until_s = 0.0
        self._hearing_until_s = 0.0
        endpoint.connect(self)

    @property
    def address(self) -> str:
        """Where the other end is reached: path of the terminal, or ``tcp://host:port``."""
        return self._port.address

    def send(
        self, data: bytes, *, delay_s: float = 0.0, byte_gap_s: float = 0.0, baud: int | None = None
    ) -> None:
        """Put octets on the line ``delay_s`` from now, behind what is still being sent."""
        rate = self._endpoint.baud if baud is None else baud
        step_s = LineSettings(baud=rate).character_time_s + byte_gap_s
        now_s = self.clock.now_s()
        start_s = max(now_s + delay_s, self._sending_until_s)
        if not self._port.paced:
            # the rate may change from one meter on the line to the next
            self.clock.call_at(start_s, partial(self._port.set_baud, rate))
        for piece in self._disturbed("answer", data):
            self._send_piece(piece.data, max(now_s, start_s + piece.start_s), step_s, gaps=byte_gap_s > 0.0)

    def _send_piece(self, data: bytes, start_s: float, step_s: float, *, gaps: bool) -> None:
        start_s = max(start_s, self._sending_until_s)
        self._sending_until_s = start_s + len(data) * step_s
        size = max(int(_GROUP_S / step_s), 1) if self._port.paced or gaps else max(len(data), 1)
        for begin in range(0, len(data), size):
            group = data[begin : begin + size]
            # a group leaves when its last stop bit has passed; a real port paces by itself from the start
            when_s = start_s + (begin + len(group) if self._port.paced else begin) * step_s
            self.clock.call_at(when_s, partial(self._port.write, group))

    def wait(self, wait_s: float) -> None:
        """Wait for octets, at most ``wait_s`` seconds."""
        if not self._heard:
            self._heard = self._port.read(wait_s)

    def poll(self) -> None:
        """Let the emulated end hear what came, when its last stop bit would have passed."""
        data, self._heard = self._heard or self._port.read(0.0), b""
        if not data:
            return
        for piece in self._disturbed("request", data):
            if piece.data:
                self._hear(piece.data, piece.start_s)

    def _hear(self, data: bytes, later_s: float) -> None:
        now_s = self.clock.now_s() + max(later_s, 0.0)
        length_s = len(data) * LineSettings(baud=self._endpoint.baud).character_time_s
        if self._port.paced:
            start_s = max(now_s, self._hearing_until_s)
            end_s = start_s + length_s
        else:
            start_s, end_s = now_s - length_s, now_s
        self._hearing_until_s = end_s
        self.clock.call_at(end_s, partial(self._endpoint.receive, Burst(data, start_s, end_s)))

    def _disturbed(self, direction: Direction, data: bytes) -> list[Piece]:
        pieces = [Piece(data)]
        for manipulator in self.manipulators:
            pieces = manipulator.apply(direction, pieces)
        return pieces

    def close(self) -> None:
        """Close the port."""
        self._port.close()


def serve(
    clock: VirtualClock,
    stop: threading.Event,
    sources: Sequence[RealTimeSource],
    *,
    lock: AbstractContextManager[object] | None = None,
) -> None:
    """Let everything on a virtual clock live in real time until ``stop`` is set; then close the sources.

    Args:
        clock: of the engine; advanced as real time passes.
        stop: ends the serving within 0.1 s.
        sources: networks and ports that bring events from outside, at least one.
        lock: held while emulated devices run (the scene's lock when instruments share the scene).
    """
    guard = nullcontext() if lock is None else lock
    origin_s = _REAL_TIME.now_s() - clock.now_s()
    try:
        while not stop.is_set():
            with guard:
                _live(clock, origin_s, sources)
                due_s = clock.next_due_s()
            left_s = _LONGEST_WAIT_S if due_s is None else due_s - (_REAL_TIME.now_s() - origin_s)
            _wait(sources, min(max(left_s, 0.0), _LONGEST_WAIT_S))
    finally:
        for source in sources:
            source.close()


def _live(clock: VirtualClock, origin_s: float, sources: Sequence[RealTimeSource]) -> None:
    """One turn. A fault of an emulated device is told and the rest lives on: no peer's octets end the serving."""
    try:
        clock.advance_to(_REAL_TIME.now_s() - origin_s)
        for source in sources:
            source.poll()
    except (ProtocolError, ValueError, LookupError, ArithmeticError) as error:
        traceback.print_exception(error, file=sys.stderr)


def _wait(sources: Sequence[RealTimeSource], wait_s: float) -> None:
    """Wait for the only source, or for each of several in turn."""
    if len(sources) == 1:
        sources[0].wait(wait_s)
        return
    share_s = min(wait_s, _TURN_S) / max(len(sources), 1)
    for source in sources:
        source.wait(share_s)
