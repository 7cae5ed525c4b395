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

    def __init__(self, acceptor: Acceptor) -> None:
        self._acceptor = acceptor
        self.stream: Stream | None = None

    def connected(self, stream: Stream) -> None:
        """The terminal is through."""
        self.stream = stream
        self._acceptor.take(self)

    def received(self, data: bytes) -> None:
        """Octets of the terminal."""
        if self._acceptor.call is self and self._acceptor.user is not None:
            self._acceptor.user.arrived(data)

    def disconnected(self, reason: str) -> None:
        """The terminal is gone."""
        self._acceptor.lose(self, reason)


class Acceptor:
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
        self.clock = clock
        self.user: AcceptorUser | None = None
        self.call: _Call | None = None
        #: callers are refused when this says so
        self.admit = admit
        self._network = network
        self._listener = network.listen(address, self._accept)

    @property
    def address(self) -> str:
        """``host:port`` that terminals dial."""
        return self._listener.address

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
        """Close what is open, and listen on."""
        call, self.call = self.call, None
        if call is not None and call.stream is not None:
            call.stream.close()

    def close(self) -> None:
        """Accept no more and close what is open."""
        self._listener.close()
        self.close_connection()

    def take(self, call: _Call) -> None:
        """A call is through: it is the present connection from now on."""
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

    def _accept(self, remote: str) -> _Call | None:
        return _Call(self) if self.admit is None or self.admit(remote) else None
