"""Connections in memory, in virtual time: a StreamNetwork whose medium decides delays, cuts, losses and outages.

Octets of one direction arrive in order. A medium that joins lets pieces that arrive at the same moment arrive as one,
as they do behind a segment that had to be sent again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import NamedTuple, Protocol

from rig.clock import VirtualClock
from rig.errors import ConfigError
from rig.ports.byte_link import Burst
from rig.ports.stream import StreamPeer
from rig.transports.manipulate import Direction
from rig.transports.record import Describe, Recorder

#: told what crossed: name of the connection or line, direction, octets, when they were sent, when they arrived
Observer = Callable[[str, Direction, bytes, float, float], None]

#: one way, when no medium says otherwise, in seconds
LATENCY_S = 0.0002
#: a sender whose octets vanish learns it after this time, in seconds
GIVE_UP_S = 60.0
#: a call to an address that swallows everything fails after this time, in seconds
DIAL_TIMEOUT_S = 20.0
_FIRST_PORT = 40000
_PORTS = 20000


class Arrival(NamedTuple):
    """Octets that arrive together, and when, in clock seconds."""

    when_s: float
    data: bytes


class Path(Protocol):
    """One connection across a medium."""

    @property
    def host(self) -> str:
        """Address of the dialling end as the accepting end sees it, without port; empty: its own name."""
        ...

    @property
    def joins(self) -> bool:
        """Pieces that arrive at the same moment arrive as one."""
        ...

    def opening_s(self, now_s: float) -> float | None:
        """Time from dialling to the open connection in seconds; None: the call comes to nothing."""
        ...

    def carry(self, direction: Direction, data: bytes, now_s: float) -> Sequence[Arrival] | None:
        """Pieces of what is sent at ``now_s`` ("answer": by the dialling end), in order; None: lost, and all to come."""
        ...


class Medium(Protocol):
    """What lies between the dialling ends and the network."""

    def path(self, source: str, now_s: float) -> Path:
        """A new connection of this source."""
        ...


class _DirectPath:
    """A wire of constant latency."""

    host = ""
    joins = False

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s

    def opening_s(self, now_s: float) -> float:  # noqa: ARG002 - constant
        return 2 * self._latency_s

    def carry(self, direction: Direction, data: bytes, now_s: float) -> tuple[Arrival]:  # noqa: ARG002 - both alike
        return (Arrival(now_s + self._latency_s, data),)


class DirectMedium:
    """A medium of constant latency, in seconds, that cuts and loses nothing."""

    def __init__(self, latency_s: float = LATENCY_S) -> None:
        self._path = _DirectPath(latency_s)

    def path(self, source: str, now_s: float) -> Path:  # noqa: ARG002 - the same for all
        """Without memory, so one for all connections."""
        return self._path


class MemoryStream:
    """One end of a connection in memory."""

    __slots__ = (
        "_arrivals_s",
        "_pending",
        "clock",
        "connection",
        "direction",
        "is_open",
        "name",
        "peer",
        "remote",
    )

    def __init__(
        self, connection: _Connection, peer: StreamPeer, direction: Direction, name: str, remote: str
    ) -> None:
        self.connection = connection
        self.peer = peer
        #: direction of what this end sends
        self.direction: Direction = direction
        self.name = name
        self.remote = remote
        self.clock: VirtualClock = connection.network.clock
        self.is_open = True
        #: when the last octet sent so far arrives, in clock seconds
        self._arrivals_s = 0.0
        self._pending: deque[tuple[float, float, bytes]] = deque()

    def send(self, data: bytes) -> None:
        """Put octets on their way."""
        if self.is_open and data:
            self.connection.transmit(self, data)

    def close(self) -> None:
        """Close this end; the far end is told behind everything that is on its way."""
        if self.is_open:
            self.is_open = False
            self.connection.closed(self)

    def schedule(self, sent_s: float, when_s: float, data: bytes) -> float:
        """Let octets arrive at the far end, never before earlier ones; returns the moment."""
        when_s = max(when_s, self._arrivals_s)
        pending = self._pending
        if pending and pending[-1][1] == when_s and self.connection.path.joins:
            first_s, _, before = pending[-1]
            pending[-1] = (first_s, when_s, before + data)
            return when_s
        self._arrivals_s = when_s
        pending.append((sent_s, when_s, data))
        self.clock.call_at(when_s, self._arrive)
        return when_s

    def last_arrival_s(self) -> float:
        """When everything sent has arrived, in clock seconds; the present when it has."""
        return max(self._arrivals_s, self.clock.now_s())

    def _arrive(self) -> None:
        sent_s, when_s, data = self._pending.popleft()
        self.connection.arrived(self, data, sent_s, when_s)

    def break_off(self, reason: str) -> None:
        """This end's peer hears that the connection is gone."""
        if self.is_open:
            self.is_open = False
            self.connection.forget_when_over()
            self.peer.disconnected(reason)


class _Connection:
    """Two ends and the path between them."""

    __slots__ = ("_lost", "acceptor", "address", "dialler", "name", "network", "path", "source")

    acceptor: MemoryStream
    dialler: MemoryStream

    def __init__(self, network: MemoryNetwork, path: Path, source: str, address: str) -> None:
        self.network = network
        self.path = path
        self.source = source
        self.address = address
        self.name = f"{source}->{address}"
        self._lost = False

    def other(self, end: MemoryStream) -> MemoryStream:
        return self.acceptor if end is self.dialler else self.dialler

    def lose(self) -> None:
        """From now on everything vanishes; whoever sends learns it by time-out."""
        self._lost = True

    def transmit(self, end: MemoryStream, data: bytes) -> None:
        network = self.network
        now_s = network.clock.now_s()
        free_s = network.free_s(self.source, self.address) if network.has_blocks else now_s
        if free_s - now_s >= network.give_up_s:
            self._lost = True
        arrivals = None if self._lost else self.path.carry(end.direction, data, max(now_s, free_s))
        if arrivals is None:
            self._lost = True
            network.clock.call_at(now_s + network.give_up_s, partial(end.break_off, "timed out"))
            return
        last_s = now_s
        for when_s, piece in arrivals:
            last_s = end.schedule(now_s, when_s, piece)
        if network.observer is not None and end.direction == "request":
            network.observer(self.name, "request", data, now_s, last_s)

    def arrived(self, sender: MemoryStream, data: bytes, sent_s: float, when_s: float) -> None:
        receiver = self.other(sender)
        if self._lost:
            return
        if not receiver.is_open:
            if sender.is_open:
                self.network.clock.call_at(
                    when_s + LATENCY_S, partial(sender.break_off, "connection reset by peer")
                )
            return
        if self.network.observer is not None and sender.direction == "answer":
            self.network.observer(self.name, "answer", data, sent_s, when_s)
        receiver.peer.received(data)

    def closed(self, end: MemoryStream) -> None:
        """One end was closed by its user: the other hears it, unless nothing gets through."""
        self.forget_when_over()
        network = self.network
        now_s = network.clock.now_s()
        free_s = network.free_s(self.source, self.address) if network.has_blocks else now_s
        if self._lost or free_s - now_s >= network.give_up_s:
            return
        farewell = self.path.carry(end.direction, b"", max(now_s, free_s))
        if farewell is None:
            self._lost = True
            return
        when_s = max([end.last_arrival_s(), *(arrival.when_s for arrival in farewell)])
        far = self.other(end)
        network.clock.call_at(when_s, partial(self._told, far))

    def _told(self, far: MemoryStream) -> None:
        if not self._lost:
            far.break_off("closed by the far end")

    def forget_when_over(self) -> None:
        if not self.dialler.is_open and not self.acceptor.is_open:
            self.network.connections.discard(self)


class MemoryListener:
    """A place in memory where connections are accepted."""

    def __init__(
        self, network: MemoryNetwork, address: str, accept: Callable[[str], StreamPeer | None]
    ) -> None:
        self._network = network
        self.address = address
        self.accept = accept

    def close(self) -> None:
        """Accept no more."""
        self._network.forget(self)


class MemoryNetwork:
    """Connections in virtual time; a StreamNetwork.

    Args:
        clock: engine time.
        medium: between dialling ends and network; None: a wire of 0.2 ms.
        observer: told at the accepting end what crosses: "request" is what the accepting end sends (told when
            sent), "answer" what the dialling end sends (told when it arrives).
        give_up_s: a sender whose octets vanish hears ``disconnected`` after this time, in seconds.
        dial_timeout_s: a call into nothing fails after this time, in seconds.
    """

    def __init__(
        self,
        clock: VirtualClock,
        *,
        medium: Medium | None = None,
        observer: Observer | None = None,
        give_up_s: float = GIVE_UP_S,
        dial_timeout_s: float = DIAL_TIMEOUT_S,
    ) -> None:
        self.clock = clock
        self.observer = observer
        self.give_up_s = give_up_s
        self.dial_timeout_s = dial_timeout_s
        self.connections: set[_Connection] = set()
        self._media: dict[str, Medium] = {"": medium or DirectMedium()}
        self._listeners: dict[str, MemoryListener] = {}
        self._blocks: dict[str, float] = {}
        self._ports = count(0)

    def set_medium(self, source_prefix: str, medium: Medium) -> None:
        """Medium of new connections of sources whose name begins so; the longest prefix wins."""
        self._media[source_prefix] = medium

    def listen(self, address: str, accept: Callable[[str], StreamPeer | None]) -> MemoryListener:
        """Accept connections at ``host:port``; port 0 takes a free one.

        Raises:
            ConfigError: the address is taken or is none.
        """
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigError("host or port is missing", key="address", value=address, hint="host:port")
        if port == "0":
            address = f"{host}:{self._next_port()}"
        if address in self._listeners:
            raise ConfigError("address is taken", key="address", value=address)
        listener = self._listeners[address] = MemoryListener(self, address, accept)
        return listener

    def dial(self, address: str, peer: StreamPeer, *, source: str = "") -> None:
        """Open a connection; the peer hears the outcome later."""
        now_s = self.clock.now_s()
        caller = source or f"caller-{self._next_port()}"
        path = self._medium(caller).path(caller, now_s)
        opening_s = path.opening_s(now_s)
        free_s = self.free_s(caller, address)
        if opening_s is None or free_s - now_s >= self.dial_timeout_s:
            self.clock.call_at(now_s + self.dial_timeout_s, partial(peer.disconnected, "timed out"))
            return
        when_s = max(now_s, free_s) + opening_s
        self.clock.call_at(when_s, partial(self._open, path, caller, address, peer))

    def drop(self, source: str, *, reason: str = "connection reset by peer", silent: bool = False) -> int:
        """Break every open connection of a source; returns how many.

        Both ends hear it at once; when ``silent`` none does: octets vanish, and who sends learns it by time-out,
        as behind a NAT that has forgotten the connection or with a device that lost its supply.
        """
        broken = [connection for connection in self.connections if connection.source == source]
        for connection in broken:
            connection.lose()
            if not silent:
                for end in (connection.dialler, connection.acceptor):
                    self.clock.call_at(self.clock.now_s(), partial(end.break_off, reason))
        return len(broken)

    def block(self, address: str, until_s: float) -> None:
        """Let nothing pass to or from a source or a listening address until then, in clock seconds.

        What is sent meanwhile arrives afterwards, unless the outage lasts longer than the sender's patience.
        """
        self._blocks[address] = until_s

    @property
    def has_blocks(self) -> bool:
        """Some outage was announced."""
        return bool(self._blocks)

    def free_s(self, source: str, address: str) -> float:
        """When octets between the two pass again, in clock seconds; the present when they do."""
        now_s = self.clock.now_s()
        if not self._blocks:
            return now_s
        return max(now_s, self._blocks.get(source, now_s), self._blocks.get(address, now_s))

    def forget(self, listener: MemoryListener) -> None:
        """A listener closed."""
        if self._listeners.get(listener.address) is listener:
            del self._listeners[listener.address]

    def _medium(self, source: str) -> Medium:
        return self._media[max((known for known in self._media if source.startswith(known)), key=len)]

    def _next_port(self) -> int:
        return _FIRST_PORT + next(self._ports) % _PORTS

    def _open(self, path: Path, caller: str, address: str, peer: StreamPeer) -> None:
        host, _, port = address.rpartition(":")
        listener = self._listeners.get(address) or self._listeners.get(f"0.0.0.0:{port}")
        if listener is None:
            peer.disconnected("connection refused")
            return
        remote = f"{path.host or caller}:{self._next_port()}"
        accepted = listener.accept(remote)
        if accepted is None:
            peer.disconnected("connection refused")
            return
        connection = _Connection(self, path, caller, address)
        connection.dialler = MemoryStream(connection, peer, "answer", f"{caller}->{host}", address)
        connection.acceptor = MemoryStream(connection, accepted, "request", f"{host}->{caller}", remote)
        self.connections.add(connection)
        accepted.connected(connection.acceptor)
        if connection.dialler.is_open:
            peer.connected(connection.dialler)


def to_recorder(recorder: Recorder, *, describe: Describe | None = None, link: str | None = None) -> Observer:
    """An observer that keeps what crosses in a recorder.

    Args:
        recorder: where to.
        describe: describes octets of these connections; None: as the recorder does.
        link: name of all records; None: the name of each connection or line.
    """

    def observe(name: str, direction: Direction, data: bytes, start_s: float, end_s: float) -> None:
        shown = link or name
        if describe is not None:
            recorder.describe_as(shown, describe)
        recorder.append(shown, direction, Burst(data, start_s, end_s))

    return observe
