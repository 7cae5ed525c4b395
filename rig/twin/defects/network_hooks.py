"""What defects of a whole network touch: its terminals and its command center."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from rig.twin.build_terminal import EmulatedTerminal

ROLE: Final = "network"


class ANetwork(Protocol):
    """What a defect touches of a network: areas with their terminals, and the command center."""

    areas: list[Any]
    center: Any
    clock: Any


def terminals(network: ANetwork) -> Iterator[EmulatedTerminal]:
    """Every terminal that is emulated."""
    for area in network.areas:
        if area.terminal is not None:
            yield area.terminal


def first(network: ANetwork) -> EmulatedTerminal:
    """The terminal that is bad where one is enough."""
    return next(terminals(network))


def in_center(network: ANetwork, spoil: Callable[[], None]) -> None:
    """Spoil the center as it is, and every process of it that begins later."""
    spoil()
    network.center.on_start.append(spoil)
