"""The module's node archive: which meters the concentrator has told it, in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rig.protocols.gdw1376_2.codes import DLT645_2007
from rig.twin.devices.cco_behaviour import ModuleBehaviour


@dataclass(slots=True)
class ArchiveNode:
    """One archived meter: 12 digits, protocol code, fixed relays, and how its reading in this round stands."""

    address: str
    protocol: int = DLT645_2007
    relays: tuple[str, ...] = ()
    read: bool = False
    given_up: bool = False
    failures: int = 0


class Archive:
    """Nodes in the order they came; indexes count from 1.

    Args:
        most: capacity.
        behaviour: named rules.
    """

    def __init__(self, most: int, behaviour: ModuleBehaviour) -> None:
        self.most = most
        self._behaviour = behaviour
        self._nodes: dict[str, ArchiveNode] = {}
        self._indexes: dict[str, int] | None = {}
        #: counts changes of the list and beginnings of a round
        self.changes = 0

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, address: str) -> bool:
        return address in self._nodes

    def get(self, address: str) -> ArchiveNode | None:
        """The node with this address."""
        return self._nodes.get(address)

    @property
    def nodes(self) -> tuple[ArchiveNode, ...]:
        """All nodes in order."""
        return tuple(self._nodes.values())

    def index(self, address: str) -> int:
        """1-based place of a node, 0 when it is not there."""
        if self._indexes is None:
            self._indexes = {one: number for number, one in enumerate(self._nodes, start=1)}
        return self._indexes.get(address, 0)

    def after(self, address: str) -> str:
        """The node behind this one, round the end; the address itself in an archive of one."""
        every = list(self._nodes)
        return every[self.index(address) % len(every)] if every else address

    def add(self, entries: Sequence[tuple[str, int]]) -> str | None:
        """Add (address, protocol) pairs, all or none; the reason of a denial, None when it is done.

        Spec: Q/GDW 10376.2-2019, AFN=11H F1
        """
        behaviour = self._behaviour
        addresses = [address for address, _ in entries]
        doubled = len(set(addresses)) < len(addresses) or any(one in self._nodes for one in addresses)
        if doubled and behaviour.duplicate_refused:
            return "duplicate"
        if behaviour.capacity_enforced and len(self._nodes.keys() | set(addresses)) > self.most:
            return "unit"
        if behaviour.add_effective:
            for address, protocol in entries:
                self._nodes[address] = ArchiveNode(address, protocol)
            self._changed()
        return None

    def delete(self, addresses: Iterable[str]) -> str | None:
        """Take nodes out, all or none; the reason of a denial, None when it is done.

        Spec: Q/GDW 10376.2-2019, AFN=11H F2
        """
        every = list(addresses)
        if self._behaviour.absent_refused and any(one not in self._nodes for one in every):
            return "absent"
        if self._behaviour.delete_effective:
            for address in every:
                self._nodes.pop(address, None)
            self._changed()
        return None

    def clear(self) -> None:
        """Forget all nodes."""
        if self._behaviour.clear_effective:
            self._nodes.clear()
            self._changed()

    def _changed(self) -> None:
        self._indexes = None
        self.changes += 1

    def begin_round(self) -> None:
        """Nobody is read yet."""
        self.changes += 1
        for node in self._nodes.values():
            node.read = node.given_up = False
            node.failures = 0
