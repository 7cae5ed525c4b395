"""What a local module does with each data unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.twin.wire.gdw1376_2 import Handler, ModuleWire


def handlers(wire: ModuleWire) -> dict[tuple[int, int], Handler]:
    """Handlers by function code and Fn."""
    return {}
