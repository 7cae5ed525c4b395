"""The archive: which meter is at which measuring point (parameter F10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: protocol codes of parameter F10
DLT645_1997: Final = 1
DLT645_2007: Final = 30
SERIAL_CARRIER_MODULE: Final = 31
#: rates by code D7..D5 of the octet with speed and port; 0: the port's own
SPEEDS: Final = (0, 600, 1200, 2400, 4800, 7200, 9600, 19200)


@dataclass(frozen=True, slots=True)
class MeterEntry:
    """One line of the archive.

    ``port`` 1..31 (31: carrier), ``protocol`` 1 DL/T 645-1997, 30 DL/T 645-2007, 0: not read.
    """

    point: int
    address: str
    port: int = 31
    index: int = 0
    speed_code: int = 0
    protocol: int = DLT645_2007
    password: bytes = bytes(6)
    tariffs: int = 4
    integers: int = 6
    decimals: int = 2
    collector: str = "000000000000"
    big_class: int = 0
    small_class: int = 0

    @property
    def number(self) -> int:
        """Index in the archive; the measuring point when none was given."""
        return self.index or self.point

    @property
    def baud(self) -> int:
        """Rate in bit/s, 0: the port's own."""
        return SPEEDS[self.speed_code]


class Archive:
    """Entries by index and by measuring point; an index and a point hold one meter each."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._by_index: dict[int, MeterEntry] = {}
        self._by_point: dict[int, MeterEntry] = {}

    def __len__(self) -> int:
        return len(self._by_index)

    def __iter__(self) -> Iterator[MeterEntry]:
        return (self._by_point[point] for point in sorted(self._by_point))

    def put(self, entry: MeterEntry) -> bool:
        """Add or replace; False when it does not fit: number out of range, or the point is another meter's.

        Spec: Q/GDW 376.1-2009 AFN=04H F10: measuring point 0 deletes the entry of the index
        """
        number = entry.number
        if not 1 <= number <= self.capacity or not 0 <= entry.point <= self.capacity:
            return False
        if entry.point == 0:
            self.remove(number)
            return True
        holder = self._by_point.get(entry.point)
        if holder is not None and holder.number != number:
            return False
        self.remove(number)
        self._by_index[number] = entry
        self._by_point[entry.point] = entry
        return True

    def remove(self, index: int) -> MeterEntry | None:
        """Delete by index."""
        entry = self._by_index.pop(index, None)
        if entry is not None:
            del self._by_point[entry.point]
        return entry

    def at_index(self, index: int) -> MeterEntry | None:
        """Entry of an index."""
        return self._by_index.get(index)

    def at_point(self, point: int) -> MeterEntry | None:
        """Entry of a measuring point."""
        return self._by_point.get(point)

    def at_address(self, address: str) -> MeterEntry | None:
        """First entry with this meter address."""
        return next((entry for entry in self._by_index.values() if entry.address == address), None)

    def points(self) -> list[int]:
        """Measuring points with a meter, rising."""
        return sorted(self._by_point)

    def on_port(self, port: int) -> list[MeterEntry]:
        """Entries of a port, by measuring point."""
        return [entry for entry in self if entry.port == port]

    def clear(self) -> None:
        """Delete all."""
        self._by_index.clear()
        self._by_point.clear()
