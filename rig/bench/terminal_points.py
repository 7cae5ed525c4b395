"""Measuring points of a terminal: the meters at them as they really are, and their lines in the archive (F10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rig.bench.terminal_archive import Line, archive_unit
from rig.protocols.gdw1376_1.layout import Input

#: ports of the archive
CARRIER, RS485 = 31, 1
_DLT645_2007: Final = 30
#: protocols of points that are no meters to be read: none, and the terminal's own measurement
_NO_METERS: Final = frozenset((0, 2))


@dataclass(frozen=True, slots=True)
class PointFacts:
    """A measuring point: the meter at it, as it really is.

    ``port`` 31: carrier, lower ones: RS-485; ``speed_code`` of the line to it, as transparent forwarding and the
    archive have it (3: 2400 bit/s); ``index`` of its line in the archive, 0: that of the point.
    """

    number: int
    address: str
    port: int
    tariffs: int
    protocol: int = _DLT645_2007
    phases: int = 1
    speed_code: int = 3
    index: int = 0

    @property
    def is_meter(self) -> bool:
        """Whether the terminal reads a meter at this point."""
        return self.protocol not in _NO_METERS

    @property
    def speaks_2007(self) -> bool:
        """Whether the meter speaks DL/T 645-2007."""
        return self.protocol == _DLT645_2007


def archive_values(points: tuple[PointFacts, ...]) -> dict[str, Input]:
    """Values of parameter F10 that archive these points, index the same as the point."""
    return archive_unit([_line(point) for point in points])


def _line(point: PointFacts) -> Line:
    return {
        "index": point.number,
        "point": point.number,
        "port": point.port,
        "speed_code": point.speed_code if point.port != CARRIER else 0,
        "protocol": point.protocol,
        "address": point.address,
        "password": "00" * 6,
        "tariffs": point.tariffs,
        "decimals_less_1": 1,
        "integers_less_4": 2,
        "spare": 0,
        "collector": "0" * 12,
        "small_class": 0,
        "big_class": 0,
    }


def facts_of(line: Mapping[str, Any]) -> PointFacts:
    """The point of a line of the archive."""
    return PointFacts(
        int(line["point"]),
        str(line["address"]),
        int(line["port"]),
        int(line["tariffs"]),
        int(line["protocol"]),
        # 0 in the archive is the port's own rate, which nobody tells: the usual one
        speed_code=int(line["speed_code"]) or 3,
        index=int(line["index"]),
    )
