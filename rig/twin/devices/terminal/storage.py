"""What a terminal keeps of its meters: last readings, day and month freezes, curves; each of bounded depth.

Values are octets as the meter sent them (DL/T 645 BCD, low octet first), so that nothing is rounded on the way.
A freeze that was stored is never changed: a later reading adds what was missing, and an absent value changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rig.twin.devices.terminal.behaviour import TerminalBehaviour
from rig.twin.devices.terminal.config import TerminalConfig

#: curve slots are counted in minutes since 2000-01-01
_DAY_MIN = 1440


class Current(NamedTuple):
    """Octets of a read block, with the time of reading (epoch seconds, and format A.15)."""

    epoch_s: float
    stamp: bytes
    data: bytes


class FreezeEntry:
    """One freeze of one point: time of reading (format A.15) and items by DI1 of the meter's freeze."""

    __slots__ = ("items", "stamp")

    def __init__(self, stamp: bytes, items: dict[int, bytes]) -> None:
        self.stamp = stamp
        self.items = items


class Storage:
    """Readings by measuring point."""

    def __init__(self, config: TerminalConfig, behaviour: TerminalBehaviour) -> None:
        self._config = config
        self._behaviour = behaviour
        self._current: dict[int, dict[int, Current]] = {}
        #: point -> day (days since 2000-01-01) -> freeze at the end of that day
        self._days: dict[int, dict[int, FreezeEntry]] = {}
        #: point -> year * 12 + month - 1 -> freeze at the end of that month
        self._months: dict[int, dict[int, FreezeEntry]] = {}
        #: point -> class of the load record -> minute -> octets of the class
        self._curves: dict[int, dict[int, dict[int, bytes]]] = {}
        #: freezes stored for the first time
        self.stored = 0

    # --- last readings ------------------------------------------------------------------------------------------

    def put_current(self, point: int, di: int, current: Current) -> None:
        """Keep a reading; the one before is forgotten."""
        self._current.setdefault(point, {})[di] = current

    def current(self, point: int, di: int) -> Current | None:
        """Last reading of a block."""
        return self._current.get(point, {}).get(di)

    # --- freezes --------------------------------------------------------------------------------------------------

    def put_day(self, point: int, day: int, stamp: bytes, items: Mapping[int, bytes]) -> bool:
        """Keep items of a day freeze; True when something new was stored."""
        return self._put(self._days.setdefault(point, {}), day, stamp, items, self._config.day_depth)

    def put_month(self, point: int, month: int, stamp: bytes, items: Mapping[int, bytes]) -> bool:
        """Keep items of a month freeze; True when something new was stored."""
        return self._put(self._months.setdefault(point, {}), month, stamp, items, self._config.month_depth)

    def _put(
        self, kept: dict[int, FreezeEntry], key: int, stamp: bytes, items: Mapping[int, bytes], depth: int
    ) -> bool:
        entry = kept.get(key)
        if entry is None:
            if not items or (len(kept) >= depth and key < min(kept)):
                return False
            kept[key] = FreezeEntry(stamp, dict(items))
            self.stored += 1
            while len(kept) > depth:
                del kept[min(kept)]
            return True
        if not self._behaviour.stored_values_kept:
            kept[key] = FreezeEntry(stamp, dict(items))
            return True
        new = {item: data for item, data in items.items() if item not in entry.items}
        entry.items.update(new)
        return bool(new)

    def day(self, point: int, day: int) -> FreezeEntry | None:
        """Freeze at the end of a day."""
        return self._days.get(point, {}).get(day)

    def month(self, point: int, month: int) -> FreezeEntry | None:
        """Freeze at the end of a month (year * 12 + month - 1)."""
        return self._months.get(point, {}).get(month)

    def days(self, point: int) -> list[int]:
        """Days with a freeze, rising."""
        return sorted(self._days.get(point, ()))

    # --- curves -----------------------------------------------------------------------------------------------------

    def put_curve(self, point: int, number: int, minute: int, data: bytes) -> None:
        """Keep one load record class; the first reading of a moment stays."""
        slots = self._curves.setdefault(point, {}).setdefault(number, {})
        if minute in slots and self._behaviour.stored_values_kept:
            return
        slots[minute] = data
        oldest = minute - self._config.curve_depth_days * _DAY_MIN
        # slots come in rising order but for re-collection: looking at the first ones is enough to stay bounded
        while (first := next(iter(slots))) < oldest:
            del slots[first]

    def curve(self, point: int, number: int, minute: int) -> bytes | None:
        """One load record class of a moment."""
        return self._curves.get(point, {}).get(number, {}).get(minute)

    def curve_until(self, point: int, number: int) -> int | None:
        """Last minute of a curve, None when there is none."""
        slots = self._curves.get(point, {}).get(number)
        return max(slots) if slots else None

    # --- forgetting ---------------------------------------------------------------------------------------------------

    def forget_point(self, point: int) -> None:
        """The point holds another meter, or none."""
        for kept in (self._current, self._days, self._months, self._curves):
            kept.pop(point, None)

    def forget_current(self) -> None:
        """What is not kept without supply."""
        self._current.clear()

    def clear(self) -> None:
        """Forget everything."""
        for kept in (self._current, self._days, self._months, self._curves):
            kept.clear()
