"""Connections that carry octets both ways (TCP, or a cellular data call): who dials, who accepts, what each side hears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rig.clock import Clock


class Stream(Protocol):
    """One end of an open connection. Octets arrive at the peer object in order, but cut or joined as the medium likes."""

    @property
    def name(self) -> str:
        """Name for logs and evidence, for example ``concentrator-1->ncc``."""
        ...

    @property
    def remote(self) -> str:
        """Address of the far end as this end sees it, ``host:port``; behind NAT it can change at every connection."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock that times this connection."""
        ...

    def send(self, data: bytes) -> None:
        """Put octets on their way; after the connection is closed they are dropped silently, as a socket's buffer would."""
        ...

    def close(self) -> None:
        """Close this end; the far end is told, this end's peer is not. Closing twice is harmless."""
        ...


class StreamPeer(Protocol):
    """What uses one end of a connection: a terminal's uplink, a session of the command center, a tester. Never blocks."""

    def connected(self, stream: Stream) -> None:
        """The connection is open."""
        ...

    def received(self, data: bytes) -> None:
        """Octets arrived."""
        ...

    def disconnected(self, reason: str) -> None:
        """The far end closed, the connection broke, or (before ``connected``) it could not be opened."""
        ...


class Listener(Protocol):
    """A place where connections are accepted."""

    @property
    def address(self) -> str:
        """``host:port`` that can be dialled; the port is the one really taken."""
        ...

    def close(self) -> None:
        """Accept no more; open connections stay."""
        ...


class StreamNetwork(Protocol):
    """Where connections are made: the twin's cellular network in virtual time, or TCP in real time."""

    def listen(self, address: str, accept: Callable[[str], StreamPeer | None]) -> Listener:
        """Accept connections at ``host:port``; ``accept`` gets the caller's address, None refuses it."""
        ...

    def dial(self, address: str, peer: StreamPeer, *, source: str = "") -> None:
        """Open a connection; the peer hears ``connected`` or ``disconnected`` later, never during this call."""
        ...
