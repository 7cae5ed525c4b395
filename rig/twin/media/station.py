"""A node's state on the medium: its place, its relay, and when it joined."""

from __future__ import annotations

from rig.twin.media.nodes import MediumNode
from rig.twin.media.topology import Placement

#: joining time of a node that does not join
NEVER_S = float("inf")


class Station:
    """One node as the network sees it.

    ``level``: hops from the coordinator, 1 is a direct one. ``links``: chance that a frame crosses each hop, from the
    coordinator outwards; ``path_success`` that it crosses all. ``cost``: mean transmissions to reach it.
    ``margin_db``: signal to noise of its last hop at quiet, ``tei`` its network number (the coordinator has 1).
    """

    __slots__ = (
        "cost",
        "joins_at_s",
        "level",
        "links",
        "margin_db",
        "node",
        "path_success",
        "placement",
        "powered",
        "proxy",
        "tei",
    )

    def __init__(self, node: MediumNode, placement: Placement) -> None:
        self.node = node
        self.placement = placement
        self.powered = True
        self.joins_at_s = NEVER_S
        self.tei = 0
        self.level = 0
        self.cost = 0.0
        self.margin_db = 0.0
        self.proxy: Station | None = None
        self.links: tuple[float, ...] = ()
        self.path_success = 0.0

    @property
    def address(self) -> str:
        """12 digits of the unit."""
        return self.node.address

    @property
    def reachable(self) -> bool:
        """There is a route to it."""
        return self.level > 0

    def route(self) -> list[Station]:
        """Relays from the node towards the coordinator, nearest to the node first."""
        relays = []
        relay = self.proxy
        while relay is not None:
            relays.append(relay)
            relay = relay.proxy
        return relays

    def take_route(self, proxy: Station | None, margin_db: float, success: float) -> None:
        """Reach the coordinator by ``proxy`` (None: directly)."""
        self.proxy = proxy
        self.level = 1 if proxy is None else proxy.level + 1
        self.margin_db = margin_db
        self.take_link(success)

    def take_link(self, success: float) -> None:
        """The last hop has this chance; relays must have theirs already."""
        proxy = self.proxy
        self.links = (success,) if proxy is None else (*proxy.links, success)
        self.path_success = success if proxy is None else proxy.path_success * success
        self.cost = (0.0 if proxy is None else proxy.cost) + 1.0 / max(success, 1e-6)

    def lose_route(self) -> None:
        """There is no way to it."""
        self.proxy = None
        self.level = 0
        self.cost = 0.0
        self.links = ()
        self.path_success = 0.0
