"""Where a tester meets a terminal that calls: one listener, the latest connection, octets in order of arrival."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from rig.clock import Clock
from rig.ports.stream import Stream, StreamNetwork

#: longest single look at a real network while waiting, in seconds
_LOOK_S = 0.05


class AcceptorUser(Protocol):
    """What uses the connection; all calls come from the network's events."""

    def opened(self, stream: Stream) -> None:
        """A terminal called."""
        ...

    def arrived(self, data: bytes) -> None:
        """Octets came on the present connection."""
        ...

    def lost(self, reason: str) -> None:
        """The present connection is gone."""
        ...


@runtime_checkable
class PolledNetwork(Protocol):
    """A network of real time: its events happen while somebody polls."""

    def poll(self, wait_s: float = 0.0) -> None:
        """Handle what is due, waiting up to ``wait_s`` for something."""
        ...


class _Call:
    """One connection: what it hears counts as long as it is the present one."""

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self.stream: Stream | None = None

    def connected(self, stream: Stream) -> None:
        """The connection is open."""
        self.stream = stream
        self._meeting.take(self)

    def received(self, data: bytes) -> None:
        """Octets of the terminal."""
        if self._meeting.call is self and self._meeting.user is not None:
            self._meeting.user.arrived(data)

    def disconnected(self, reason: str) -> None:
        """The terminal is gone, or never was there."""
        self._meeting.lose(self, reason)


class Meeting:
    """A place where a tester and one terminal are connected: whoever of the two calls."""

    def __init__(self, network: StreamNetwork, clock: Clock) -> None:
        self.clock = clock
        self.user: AcceptorUser | None = None
        self.call: _Call | None = None
        self._network = network

    @property
    def stream(self) -> Stream | None:
        """The open connection, None without one."""
        return self.call.stream if self.call is not None else None

    def wait(self, deadline_s: float, condition: Callable[[], bool]) -> bool:
        """Let the network work until the condition holds or the deadline passes; returns whether it holds."""
        network = self._network
        if not isinstance(network, PolledNetwork):
            return self.clock.wait_until(deadline_s, condition)
        while not condition():
            left_s = deadline_s - self.clock.now_s()
            if left_s <= 0:
                return False
            network.poll(min(left_s, _LOOK_S))
        return True

    def close_connection(self) -> None:
        """Close what is open; another connection may follow."""
        call, self.call = self.call, None
        if call is not None and call.stream is not None:
            call.stream.close()

    def close(self) -> None:
        """Close what is open, for good."""
        self.close_connection()

    def take(self, call: _Call) -> None:
        """A connection is open: it is the present one from now on."""
        if self.call is not None and self.user is not None:
            self.user.lost("replaced by a later call")
        self.close_connection()
        self.call = call
        if self.user is not None and call.stream is not None:
            self.user.opened(call.stream)

    def lose(self, call: _Call, reason: str) -> None:
        """A connection is gone."""
        if self.call is call:
            self.call = None
            if self.user is not None:
                self.user.lost(reason)


class Acceptor(Meeting):
    """Listens at ``host:port`` of a network for one terminal; a later call replaces an earlier connection.

    Args:
        network: memory or TCP.
        address: ``host:port``; port 0 takes a free one.
        clock: of the network.
        admit: decides by the caller's address who is let in; None lets in everybody.
    """

    def __init__(
        self,
        network: StreamNetwork,
        address: str,
        clock: Clock,
        *,
        admit: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__(network, clock)
        #: callers are refused when this says so
        self.admit = admit
        self._listener = network.listen(address, self._accept)

    @property
    def address(self) -> str:
        """``host:port`` that terminals dial."""
        return self._listener.address

    def close(self) -> None:
        """Accept no more and close what is open."""
        self._listener.close()
        super().close()

    def _accept(self, remote: str) -> _Call | None:
        return _Call(self) if self.admit is None or self.admit(remote) else None


class Caller(Meeting):
    """Calls a terminal that listens (server mode of the uplink), again and again while somebody waits.

    Args:
        network: memory or TCP.
        address: ``host:port`` of the terminal.
        clock: of the network.
        source: who calls, for names.
        pause_s: least time between two calls, in seconds.
    """

    def __init__(
        self,
        network: StreamNetwork,
        address: str,
        clock: Clock,
        *,
        source: str = "master",
        pause_s: float = 5.0,
    ) -> None:
        super().__init__(network, clock)
        self.address = address
        self._source = source
        self._pause_s = pause_s
        self._calling: _Call | None = None
        self._next_s = clock.now_s()

    def wait(self, deadline_s: float, condition: Callable[[], bool]) -> bool:
        """As ``Meeting.wait``, and call when there is no connection."""
        while True:
            self._dial()
            connected = self.call is not None
            step_s = deadline_s if connected else min(deadline_s, self.clock.now_s() + _LOOK_S)
            super().wait(step_s, lambda: condition() or (connected and self.call is None))  # noqa: B023
            if condition():
                return True
            if self.clock.now_s() >= deadline_s:
                return False

    def _dial(self) -> None:
        now_s = self.clock.now_s()
        if self.call is None and self._calling is None and now_s >= self._next_s:
            self._next_s = now_s + self._pause_s
            self._calling = _Call(self)
            self._network.dial(self.address, self._calling, source=self._source)

    def take(self, call: _Call) -> None:
        """The terminal answered."""
        self._calling = None
        super().take(call)

    def lose(self, call: _Call, reason: str) -> None:
        """The connection is gone, or the call came to nothing."""
        if self._calling is call:
            self._calling = None
        super().lose(call, reason)
