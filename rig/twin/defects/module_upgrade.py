"""Defects of a local module that takes files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.codes import FILE_ERROR_SEGMENT
from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import module_defect, overrule, told, wrap
from rig.twin.devices.cco_upgrade import image_version

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

FILE, RUNNING_MODE = (0x15, 1), (0x03, 10)
CLEAR = 0
_ANNOUNCED = 256


@module_defect("segments-counted-from-one", "answers a segment with the number of the next one", "15F1")
def segments_counted_from_one(device: EmulatedModule, _: Parameter) -> None:
    """Tells what it expects, not what came."""

    def change(content: dict[str, Any]) -> None:
        if content["segment"] != FILE_ERROR_SEGMENT:
            content["segment"] += 1

    told(device, FILE, change)


@module_defect("keeps-old-version", "takes a file and runs the old version", "15F1")
def keeps_old_version(device: EmulatedModule, _: Parameter) -> None:
    """Stored and not started."""
    device.cco.behaviour.version_told_after_upgrade = False


@module_defect("upgrade-clears-archive", "loses its archive by an upgrade", "15F1")
def upgrade_clears_archive(device: EmulatedModule, _: Parameter) -> None:
    """The new version does not know the old one's memory."""
    take = device.cco.upgrade._take_version  # noqa: SLF001 - a defect reaches into the device

    def change(number: int, version: str) -> None:
        take(number, version)
        device.cco.archive.clear()

    overrule(device.cco.upgrade, "_take_version", change)


@module_defect("takes-file-with-a-gap", "takes a file of which a segment is missing", "15F1")
def takes_file_with_a_gap(device: EmulatedModule, _: Parameter) -> None:
    """The last segment ends the file, whatever came."""
    device.cco.behaviour.segment_order_checked = False
    device.cco.behaviour.image_checked = False


@module_defect("repeated-segment-is-an-error", "takes a segment that comes again for an error", "15F1")
def repeated_segment_is_an_error(device: EmulatedModule, _: Parameter) -> None:
    """Numbers must grow."""
    last = [-1]

    def change(request: Request, sound: Handler) -> Frame | None:
        segment = request.content["segment"]
        if segment and segment == last[0]:
            return request.answer({"segment": FILE_ERROR_SEGMENT})
        last[0] = segment
        return sound(request)

    wrap(device, FILE, change)


@module_defect("does-not-clear-file", "confirms that a file is cleared and keeps it", "15F1")
def does_not_clear_file(device: EmulatedModule, _: Parameter) -> None:
    """Confirmed and forgotten."""
    device.cco.behaviour.upgrade_clear_effective = False


@module_defect("runs-broken-file", "runs a file that was changed on the way", "15F1")
def runs_broken_file(device: EmulatedModule, _: Parameter) -> None:
    """The file's own checksum is not looked at."""
    upgrade = device.cco.upgrade
    finish = upgrade._finish  # noqa: SLF001 - a defect reaches into the device

    def change() -> bool:
        segments = upgrade._segments  # noqa: SLF001
        image = b"".join(segments[number] for number in sorted(segments))
        file = upgrade._file  # noqa: SLF001
        if image_version(image) is not None:
            return finish()
        finish()
        upgrade._apply(file, image[4:6].hex())  # noqa: SLF001
        return True

    overrule(upgrade, "_finish", change)


@module_defect("takes-oversize-segment", "takes segments longer than it announces", "15F1")
def takes_oversize_segment(device: EmulatedModule, _: Parameter) -> None:
    """The limit is told and not looked at."""
    device.config.longest_file_packet = 9999
    told(device, RUNNING_MODE, lambda content: content.update(longest_file_packet=_ANNOUNCED))


@module_defect("upgrades-only-once", "takes no file after one that was cleared", "15F1")
def upgrades_only_once(device: EmulatedModule, _: Parameter) -> None:
    """The state of the transfer is not put back."""
    cleared: list[bool] = []

    def change(request: Request, sound: Handler) -> Frame | None:
        if request.content["file"] == CLEAR and device.cco.upgrade.receiving:
            cleared.append(True)
        elif cleared and request.content["file"] != CLEAR:
            return request.answer({"segment": FILE_ERROR_SEGMENT})
        return sound(request)

    wrap(device, FILE, change)


@module_defect("runs-half-a-file", "tells the new version after a reset in the middle of a file", "01F1")
def runs_half_a_file(device: EmulatedModule, _: Parameter) -> None:
    """The first segment is written over the old version."""
    upgrade = device.cco.upgrade
    forget = upgrade.forget

    def change() -> None:
        first = upgrade._segments.get(0, b"")  # noqa: SLF001 - a defect reaches into the device
        if first:
            device.cco.version = first[4:6].hex()
        forget()

    overrule(upgrade, "forget", change)
