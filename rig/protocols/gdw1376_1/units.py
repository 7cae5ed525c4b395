"""Data unit identifiers: information points Pn (DA1 DA2) and information types Fn (DT1 DT2).

Spec: Q/GDW 376.1-2009, data unit identifier; order of the bits seen in captured frames
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from rig.errors import LocalProtocolError, RemoteProtocolError

CLAUSE: Final = "Q/GDW 376.1-2009 data unit identifier"
MAX_POINT: Final = 2040
MAX_TYPE: Final = 248
#: DA1 = FF, DA2 = 00: all valid measuring points but p0 (recalled)
ALL_POINTS: Final = -1


@dataclass(frozen=True, slots=True)
class UnitId:
    """One identifier: all its points and types, each rising. A point of -1 stands for all points but p0."""

    points: tuple[int, ...]
    types: tuple[int, ...]

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Every (Pn, Fn) in the order their data follow: by point, then by type."""
        return product(self.points, self.types)

    def __str__(self) -> str:
        points = "+".join("all" if point == ALL_POINTS else f"P{point}" for point in self.points)
        return f"{points} {'+'.join(f'F{number}' for number in self.types)}"


def decode_points(da1: int, da2: int) -> tuple[int, ...]:
    """Points of DA1 DA2.

    Raises:
        RemoteProtocolError: code ``unit-id``: no bit set, or DA2 = 0 with some bits (offset 0 or 1).
    """
    if da2 == 0:
        if da1 == 0:
            return (0,)
        if da1 == 0xFF:
            return (ALL_POINTS,)
        raise _illegal("DA2 of 0 allows DA1 of 00 or FF only", 0, f"{da1:02X} {da2:02X}")
    if da1 == 0:
        raise _illegal("no information point is set", 0, f"{da1:02X} {da2:02X}")
    return tuple((da2 - 1) * 8 + bit + 1 for bit in range(8) if da1 >> bit & 1)


def decode_types(dt1: int, dt2: int) -> tuple[int, ...]:
    """Types of DT1 DT2.

    Raises:
        RemoteProtocolError: code ``unit-id``: no bit set, or DT2 above 30 (offset 2 or 3).
    """
    if dt2 > 30:
        raise _illegal("information type group above 30", 3, f"{dt1:02X} {dt2:02X}")
    if dt1 == 0:
        raise _illegal("no information type is set", 2, f"{dt1:02X} {dt2:02X}")
    return tuple(dt2 * 8 + bit + 1 for bit in range(8) if dt1 >> bit & 1)


def _illegal(message: str, offset: int, got: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, code="unit-id", clause=CLAUSE, offset=offset, got=got)


def decode_unit_id(data: bytes) -> UnitId:
    """The identifier in the first four octets.

    Raises:
        RemoteProtocolError: code ``truncated`` or ``unit-id``.
    """
    if len(data) < 4:
        raise RemoteProtocolError(
            "data unit identifier ends too early",
            code="truncated",
            clause=CLAUSE,
            offset=len(data),
            expected="4 octets",
            got=len(data),
            frame=data,
        )
    return UnitId(decode_points(data[0], data[1]), decode_types(data[2], data[3]))


def encode_unit_id(points: Iterable[int], types: Iterable[int]) -> bytes:
    """DA1 DA2 DT1 DT2 of points that share a group and types that share a group.

    Raises:
        LocalProtocolError: code ``unit-id``: out of range, empty, or not of one group.
    """
    return _encode_bits(points, MAX_POINT, "points", first_group=1) + _encode_bits(
        types, MAX_TYPE, "types", first_group=0
    )


def _encode_bits(numbers: Iterable[int], highest: int, what: str, *, first_group: int) -> bytes:
    wanted = sorted(set(numbers))
    if first_group and wanted == [0]:
        return b"\x00\x00"
    if first_group and wanted == [ALL_POINTS]:
        return b"\xff\x00"
    groups = {(number - 1) // 8 for number in wanted}
    if len(groups) != 1 or wanted[0] < 1 or wanted[-1] > highest:
        raise LocalProtocolError(
            f"{what} of one identifier share a group of eight",
            code="unit-id",
            expected=f"1..{highest} in one group",
            got=wanted,
            clause=CLAUSE,
        )
    bits = sum(1 << (number - 1) % 8 for number in wanted)
    return bytes((bits, groups.pop() + first_group))


def group_ids(points: Iterable[int], types: Iterable[int]) -> list[UnitId]:
    """The fewest identifiers that name every point with every type, rising: one a pair of groups of eight."""
    return [UnitId(some, kinds) for some in _groups(points) for kinds in _groups(types)]


def _groups(numbers: Iterable[int]) -> list[tuple[int, ...]]:
    found: dict[int, list[int]] = {}
    for number in sorted(set(numbers)):
        found.setdefault((number - 1) // 8 if number > 0 else number - 1, []).append(number)
    return [tuple(group) for group in found.values()]
