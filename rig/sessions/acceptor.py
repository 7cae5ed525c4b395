"""Where a tester meets terminals that call: one listener, the latest connection, octets in order of arrival."""

from __future__ import annotations

from rig.clock import Clock
from rig.ports.stream import Stream, StreamNetwork


class Acceptor:
    """Listens at ``host:port`` of a network for one terminal; a later call replaces an earlier connection.

    Args:
        network: memory or TCP.
        address: ``host:port``; port 0 takes a free one.
        clock: of the network.
    """

    def __init__(self, network: StreamNetwork, address: str, clock: Clock) -> None:
        raise NotImplementedError

    @property
    def address(self) -> str:
        """``host:port`` that terminals dial."""
        raise NotImplementedError

    @property
    def stream(self) -> Stream | None:
        """The open connection, None without one."""
        raise NotImplementedError

    def close(self) -> None:
        """Accept no more and close what is open."""
        raise NotImplementedError
