"""Defects of a local module that changes its carrier band."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import BUSY, module_defect, wrap

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

SET_BAND, MONITOR = (0x05, 16), (0x13, 1)


@module_defect("band-3-becomes-2", "takes band 3 for band 2", "05F16")
def band_3_becomes_2(device: EmulatedModule, _: Parameter) -> None:
    """The table of bands has three entries."""

    def change(request: Request, sound: Handler) -> Frame | None:
        request.content = {"band": min(request.content["band"], 2) if request.content["band"] < 4 else 4}
        return sound(request)

    wrap(device, SET_BAND, change)


@module_defect("takes-band-4", "confirms a band that does not exist", "05F16")
def takes_band_4(device: EmulatedModule, _: Parameter) -> None:
    """The value is not looked at."""
    device.cco.behaviour.band_range_checked = False


@module_defect("leaves-node-on-old-band", "leaves a node behind when the band changes", "05F16")
def leaves_node_on_old_band(device: EmulatedModule, _: Parameter) -> None:
    """It was not told in time."""

    def change(request: Request, sound: Handler) -> Frame | None:
        before = device.medium.band
        answer = sound(request)
        if device.medium.band != before:
            relays = {station.proxy for station in device.medium.stations}
            leaves = [station for station in device.medium.stations if station not in relays]
            leaves[-1].joins_at_s = float("inf")
        return answer

    wrap(device, SET_BAND, change)


@module_defect("cannot-read-after-band-change", "reads no node after a change of the band", "05F16")
def cannot_read_after_band_change(device: EmulatedModule, _: Parameter) -> None:
    """The state of the change is not put back."""
    changed: list[bool] = []

    def note(request: Request, sound: Handler) -> Frame | None:
        if request.content["band"] != device.medium.band:
            changed.append(True)
        return sound(request)

    def read(request: Request, sound: Handler) -> Frame | None:
        return request.deny(BUSY) if changed else sound(request)

    wrap(device, SET_BAND, note)
    wrap(device, MONITOR, read)


@module_defect("forgets-band-at-reset", "goes back to its first band at a reset", "05F16")
def forgets_band_at_reset(device: EmulatedModule, _: Parameter) -> None:
    """Kept in volatile memory."""
    device.cco.behaviour.band_survives_reset = False


@module_defect(
    "restarts-network-for-same-band", "lets all nodes join anew when its band is set again", "05F16"
)
def restarts_network_for_same_band(device: EmulatedModule, _: Parameter) -> None:
    """The old value is not compared."""

    def change(request: Request, sound: Handler) -> Frame | None:
        same = request.content["band"] == device.medium.band
        answer = sound(request)
        if same:
            device.medium.change_band(device.medium.band, device.config.band_switch_s)
        return answer

    wrap(device, SET_BAND, change)


@module_defect("band-change-clears-archive", "loses its archive when the band changes", "05F16")
def band_change_clears_archive(device: EmulatedModule, _: Parameter) -> None:
    """The whole of the network's memory is cleared."""

    def change(request: Request, sound: Handler) -> Frame | None:
        other = request.content["band"] != device.medium.band
        answer = sound(request)
        if other:
            device.cco.archive.clear()
        return answer

    wrap(device, SET_BAND, change)
