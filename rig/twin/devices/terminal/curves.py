"""Curves of key users, of reporting tasks and on demand, from the meters' own load records.

Spec: DL/T 645-2007 annex B, load records 06 (nn class, 01: from a given time)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645.bcd import encode_number
from rig.protocols.dlt645.load_profile import CLASSES, LoadRecord, decode_load_records
from rig.protocols.dlt645.messages import read_data
from rig.twin.devices.meter_clock import EPOCH
from rig.twin.devices.terminal.archive import DLT645_2007, MeterEntry

if TYPE_CHECKING:
    from rig.protocols.dlt645.messages import Answer
    from rig.twin.devices.terminal.terminal import Terminal

_FROM_TIME: Final = 0x06000001
#: octets of an answer that load records may fill, so that most meters need one frame
_ROOM: Final = 120
#: octets around the values of one record
_AROUND: Final = 16
#: curves are read so many minutes behind the full hour
_READ_AT_MIN: Final = 4
#: classes kept of key users: voltages and currents, powers, power factors, readings
KEY_USER_CLASSES: Final = frozenset((1, 2, 3, 4))
#: interval of the meters' load records, in minutes
INTERVAL_MIN: Final = 15
#: longest stretch that is collected again after an interruption, in minutes
_LONGEST_MIN: Final = 3 * 1440

Done = Callable[[], None]


def octets_in_class(number: int) -> int:
    """Octets of the values of a class."""
    return sum(part[1] for part in CLASSES[number])


def _class_octets(record: LoadRecord, number: int) -> bytes | None:
    values = record.classes.get(number)
    if values is None:
        return None
    octets = [
        encode_number(value, part[1], part[2], signed=part[4])
        for value, part in zip(values, CLASSES[number], strict=True)
    ]
    return None if None in octets else b"".join(item for item in octets if item is not None)


class Curves:
    """Which curves are kept, and reading them.

    Attributes:
        wanted: point -> classes that reporting tasks need.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.wanted: dict[int, set[int]] = {}
        self._begun: dict[tuple[int, int], int] = {}
        self._busy: set[tuple[int, int]] = set()

    def reset(self) -> None:
        """Nothing is under way any more (power, reset)."""
        self._busy.clear()

    def minute(self) -> int:
        """Minutes since 2000-01-01 on the terminal's clock."""
        return int(self.terminal.clock.epoch_s() // 60)

    def classes_of(self, point: int) -> set[int]:
        """Classes kept of a point."""
        found = set(self.wanted.get(point, ()))
        if point in self.terminal.key_users():
            found |= KEY_USER_CLASSES
        return found

    def tick(self) -> None:
        """Read the last hour's records of the points whose curves are kept; called every minute."""
        if self.minute() % 60 != _READ_AT_MIN or not self.terminal.behaviour.curves_collected:
            return
        last = self.minute() // INTERVAL_MIN * INTERVAL_MIN
        for point in sorted({*self.wanted, *self.terminal.key_users()}):
            entry = self.terminal.archive.at_point(point)
            if entry is None or entry.protocol != DLT645_2007:
                continue
            for number in sorted(self.classes_of(point)):
                self.fetch(entry, number, self._first(point, number, last), last, lambda: None, urgent=False)

    def _first(self, point: int, number: int, last: int) -> int:
        """First moment still missing: behind what is stored, from the time on since which the curve is kept."""
        begun = self._begun.setdefault((point, number), last)
        until = self.terminal.storage.curve_until(point, number)
        first = begun if until is None else until + INTERVAL_MIN
        if not self.terminal.behaviour.recollects:
            first = max(first, last - 60)
        return max(first, last - _LONGEST_MIN)

    def fetch(
        self, entry: MeterEntry, number: int, first: int, last: int, done: Done, *, urgent: bool
    ) -> None:
        """Read records of a class from ``first`` to ``last`` (minutes), in pieces that fit into one frame."""
        key = (entry.point, number)
        if first > last or key in self._busy or not self.terminal.reader.reaches(entry):
            done()
            return
        self._busy.add(key)
        self._ask(entry, number, first, last, done, urgent)

    def _ask(self, entry: MeterEntry, number: int, first: int, last: int, done: Done, urgent: bool) -> None:
        count = max(1, _ROOM // (_AROUND + octets_in_class(number)))
        count = min(count, (last - first) // INTERVAL_MIN + 1)
        at = EPOCH + timedelta(minutes=first)
        frame = read_data(entry.address, _FROM_TIME | number << 16, block_count=count, at=at)
        back = partial(self._back, entry, number, first, last, done, urgent)
        self.terminal.reader.exchange(entry, frame, back, urgent=urgent)

    def _back(
        self,
        entry: MeterEntry,
        number: int,
        first: int,
        last: int,
        done: Done,
        urgent: bool,
        answer: Answer | None,
    ) -> None:
        newest = -1 if answer is None else self._store(entry, number, answer.data)
        if newest < first or newest >= last:
            self._busy.discard((entry.point, number))
            done()
            return
        self._ask(entry, number, newest + INTERVAL_MIN, last, done, urgent)

    def _store(self, entry: MeterEntry, number: int, data: bytes) -> int:
        """Keep the records of an answer; gives the minute of the newest, -1 when there is none."""
        newest = -1
        try:
            records = decode_load_records(data, number)
        except (RemoteProtocolError, LocalProtocolError):
            return newest
        for record in records:
            octets = _class_octets(record, number)
            minute = _minute_of(record.time)
            if octets is not None and minute is not None:
                self.terminal.storage.put_curve(entry.point, number, minute, octets)
                newest = max(newest, minute)
        return newest


def _minute_of(text: str) -> int | None:
    """Minutes since 2000-01-01 of ``2026-03-02 08:15``."""
    try:
        when = EPOCH.strptime(text, "%Y-%m-%d %H:%M")
    except ValueError:
        return None
    return int((when - EPOCH).total_seconds() // 60)
