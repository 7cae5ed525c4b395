"""Upgrade by files: segments that come in, the check of the whole, and what the new version changes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from rig.twin.devices.cco_route import UPGRADING

if TYPE_CHECKING:
    from rig.twin.devices.cco import Cco

CLEAR, LOCAL_MODULE, MAIN_AND_NODES, NODES = 0, 3, 7, 8
_FILES: Final = frozenset({LOCAL_MODULE, MAIN_AND_NODES, NODES})
_MAGIC: Final = b"TWIN"


def firmware_image(version: str, octets: int = 4096) -> bytes:
    """An image that emulated modules take: mark, version (four digits), filling, CRC-32 of all before it, low first.

    Args:
        version: four digits.
        octets: size of the whole, 16 and more.
    """
    body = (_MAGIC + bytes.fromhex(version)).ljust(octets - 4, b"\xa5")
    return body + zlib.crc32(body).to_bytes(4, "little")


def image_version(image: bytes) -> str | None:
    """Version of an image, None when it is damaged or none of ours."""
    sound = zlib.crc32(image[:-4]).to_bytes(4, "little") == image[-4:]
    return image[4:6].hex() if sound and image[:4] == _MAGIC else None


class Upgrade:
    """Upgrade of one module. ``spreading``: nodes are being given their new version."""

    def __init__(self, cco: Cco) -> None:
        self._cco = cco
        self.spreading = False
        self._file = 0
        self._segments: dict[int, bytes] = {}
        self._total = 0
        self._number = 0

    @property
    def receiving(self) -> bool:
        """Some segments are here, others are not."""
        return bool(self._segments)

    @property
    def task(self) -> int | None:
        """Task that 10 F4 shows; None: none of this."""
        return UPGRADING if self.receiving or self.spreading else None

    def take(self, file: int, *, last: bool, segments: int, segment: int, data: bytes) -> int | None:
        """15 F1: one segment; its number, None when the file is wrong.

        Spec: Q/GDW 10376.2-2019, AFN=15H F1
        """
        behaviour = self._cco.behaviour
        if file == CLEAR:
            if behaviour.upgrade_clear_effective:
                self._clear()
            return segment
        if file not in _FILES or not data or len(data) > self._cco.config.longest_file_packet:
            return None
        if segment == 0:
            self._clear()
            self._file, self._total = file, segments
        if behaviour.segment_order_checked and not self._fits(file, segments, segment, last=last):
            return None
        self._segments[segment] = data
        if last or len(self._segments) == self._total:
            return segment if self._finish() else None
        return segment

    def _fits(self, file: int, segments: int, segment: int, *, last: bool) -> bool:
        """The segment belongs to the file that is coming, as the next one or as a repetition."""
        expected = len(self._segments)
        return (
            (file, segments) == (self._file, self._total)
            and segment <= expected
            and segment < segments
            and last == (segment == segments - 1)
        )

    def _finish(self) -> bool:
        image = b"".join(self._segments[number] for number in sorted(self._segments))
        version = image_version(image)
        file = self._file
        self._clear()
        behaviour = self._cco.behaviour
        if version is None and behaviour.image_checked:
            return False
        if behaviour.upgrade_effective and version is not None:
            self._apply(file, version)
        return True

    def _apply(self, file: int, version: str) -> None:
        cco = self._cco
        clock = cco.clock
        self._number += 1
        number = self._number
        if file != LOCAL_MODULE:
            self.spreading = True
            clock.call_at(
                clock.now_s() + cco.config.node_upgrade_s, lambda: self._spread(number, file, version)
            )
            return
        clock.call_at(clock.now_s() + cco.config.upgrade_s, lambda: self._take_version(number, version))

    def _spread(self, number: int, file: int, version: str) -> None:
        if number != self._number:
            return
        self.spreading = False
        for station in self._cco.medium.members():
            station.node.version = version
        if file == MAIN_AND_NODES:
            self._take_version(number, version)
        else:
            self._cco.route.go_on()

    def _take_version(self, number: int, version: str) -> None:
        if number != self._number:
            return
        if self._cco.behaviour.version_told_after_upgrade:
            self._cco.version = version
        self._cco.restart()

    def _clear(self) -> None:
        self._segments = {}
        self._total = 0

    def forget(self) -> None:
        """A restart: a file that is not whole is lost, and so is the spreading."""
        self._clear()
        self._number += 1
        self.spreading = False
