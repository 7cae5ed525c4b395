"""Defects of a local module that has a list of the route and does not give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import BUSY, denied, module_defect, wrap

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

IDENTITIES = (0x10, 7)


@module_defect(
    "denies-long-lists",
    "denies the list of identities that it has when more are asked for",
    "10F7",
    default=64,
)
def denies_long_lists(device: EmulatedModule, most: Parameter) -> None:
    """Its maker asked for one page at once, always."""

    def change(request: Request, sound: Handler) -> Frame | None:
        if int(request.content["count"]) > int(str(most)):
            return denied(request.frame, BUSY)
        return sound(request)

    wrap(device, IDENTITIES, change)
