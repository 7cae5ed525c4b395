"""Collection: day freezes from the meters' own frozen data, again and again until they are there; curves; clocks.

Spec: DL/T 645-2007, frozen data 05 06 xx nn (nn freezes back) and load records 06; Q/GDW 376.1-2009, class 2 data
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, Literal

from rig.twin.devices.meter_clock import from_epoch
from rig.twin.devices.terminal.archive import DLT645_1997, MeterEntry

if TYPE_CHECKING:
    from rig.twin.devices.terminal.terminal import Terminal

#: day 0 of the terminal's count
DAY_ZERO: Final = date(2000, 1, 1)
DAY_S: Final = 86_400
#: DI1 of a day freeze: forward and reverse active energy, which every meter keeps
ACTIVE_ITEMS: Final = (1, 2)
_BLOCK: Final = 0x0506FF00
_ITEM: Final = 0x05060000
_PRESENT: Final = {1: 0x0001FF00, 2: 0x0002FF00, 3: 0x0003FF00, 4: 0x0004FF00}
_PRESENT_1997: Final = {1: 0x901F, 2: 0x902F}
#: freezes a meter keeps
_DEEPEST: Final = 62
#: the place of a freeze is looked for so many times
_MOST_TRIES: Final = 3
_SEPARATOR: Final = 0xAA
#: until then a present reading passes for that of midnight, where a meter freezes nothing
_SOON_AFTER_MIDNIGHT_S: Final = 7200.0

#: what came of reading one day: stored, no answer, or the meter has no freeze of that day
Outcome = Literal["stored", "silent", "absent"]
Done = Callable[[Outcome], None]
#: a day that a meter says it has not is asked for so many times
_MOST_ABSENT: Final = 2


def day_of(when: date) -> int:
    """Days since 2000-01-01."""
    return (when - DAY_ZERO).days


def date_of(day: int) -> date:
    """Calendar day."""
    return DAY_ZERO + timedelta(days=day)


@lru_cache(maxsize=256)
def _day_octets(day: int) -> bytes:
    """Day, month, year in BCD."""
    return bytes.fromhex(date_of(day).strftime("%d%m%y"))


def _day_in(octets: bytes) -> int | None:
    """The day of DD MM YY octets, None when they are none."""
    text = octets.hex()
    try:
        return day_of(date(2000 + int(text[4:6]), int(text[2:4]), int(text[0:2])))
    except ValueError:
        return None


class Habits:
    """What was learned of a meter: number of tariffs, whether it answers the block of a freeze, items it lacks."""

    __slots__ = ("block", "missing", "tariffs")

    def __init__(self) -> None:
        self.tariffs: int | None = None
        self.block = True
        self.missing: set[int] = set()


def parse_freeze_block(data: bytes, tariffs: int) -> tuple[bytes, dict[int, bytes]] | None:
    """Time and active energies at the beginning of a freeze block, with or without AA between items; None: unreadable."""
    size = 4 * (tariffs + 1)
    step = 1 if len(data) > 5 and data[5] == _SEPARATOR else 0
    first = 5 + step
    second = first + size + step
    end = second + size
    if len(data) < end or not (data[first : first + size] + data[second:end]).hex().isdigit():
        return None
    if step and data[second - 1] != _SEPARATOR:
        return None
    return data[:5], {1: data[first : first + size], 2: data[second:end]}


class DayRead:
    """Reading the freeze of one day from one meter: the block where it will do, else time and items one by one.

    The place of a freeze is counted back from the newest one; its time says whether it is the day's. A meter that had
    no supply at midnight lacks a freeze, and older ones then stand at other places.
    """

    __slots__ = (
        "collection",
        "day",
        "done",
        "entry",
        "found",
        "habits",
        "items",
        "number",
        "tries",
        "urgent",
    )

    def __init__(
        self,
        collection: Collection,
        entry: MeterEntry,
        day: int,
        items: Iterable[int],
        done: Done,
        *,
        urgent: bool,
    ) -> None:
        self.collection = collection
        self.entry = entry
        self.day = day
        self.done = done
        self.urgent = urgent
        self.habits = collection.habits_of(entry)
        self.items = [item for item in items if item not in self.habits.missing]
        self.number = collection.today() - day
        self.tries = 0
        self.found: dict[int, bytes] = {}

    def start(self) -> None:
        """Ask for the freeze at the place it should have."""
        if not self.items:
            self.done("absent")
            return
        source = self.collection.terminal.behaviour.freeze_source
        if self.entry.protocol == DLT645_1997 or source == "present":
            self._read_present()
            return
        if not 1 <= self.number <= _DEEPEST:
            self.done("absent")
            return
        self.tries += 1
        habits = self.habits
        read = self.collection.terminal.reader.read
        if habits.block and habits.tariffs is not None and set(self.items) <= set(ACTIVE_ITEMS):
            read(self.entry, _BLOCK | self.number, self._block, urgent=self.urgent, whole=False)
        else:
            read(self.entry, _ITEM | self.number, self._time, urgent=self.urgent)

    def _block(self, data: bytes | None) -> None:
        if data is None and self.collection.terminal.reader.was_silent(self.entry):
            self.done("silent")
            return
        parsed = None if data is None else parse_freeze_block(data, self.habits.tariffs or 0)
        if parsed is None:
            self.habits.block = False
            self.tries = 0
            self.start()
        elif self._is_day(parsed[0]):
            self.found = parsed[1]
            self._store()

    def _time(self, data: bytes | None) -> None:
        if data is None or len(data) < 5:
            self.done("silent" if self.collection.terminal.reader.was_silent(self.entry) else "absent")
        elif self._is_day(data[:5]):
            self._next_item()

    def _is_day(self, time: bytes) -> bool:
        """The freeze is the day's; else look at the place where it must be then, or give up."""
        if (
            time[2:5] == _day_octets(self.day + 1)
            or not self.collection.terminal.behaviour.freeze_date_checked
        ):
            return True
        got = _day_in(time[2:5])
        # nothing so far back: older freezes stand at nearer places when some are missing between
        number = self.number - 1 if got is None else self.number + got - 1 - self.day
        if self.tries >= _MOST_TRIES or number == self.number or number < 1:
            self.done("absent")
            return False
        self.number = number
        self.start()
        return False

    def _next_item(self) -> None:
        if not self.items:
            self._store()
            return
        di = _ITEM | self.items[0] << 8 | self.number
        self.collection.terminal.reader.read(self.entry, di, self._item, urgent=self.urgent)

    def _item(self, data: bytes | None) -> None:
        item = self.items.pop(0)
        if data is None:
            if self.collection.terminal.reader.was_silent(self.entry):
                self._store(complete=False)
                return
            self.habits.missing.add(item)
        else:
            if data and data[-1] == _SEPARATOR and len(data) % 4 == 1:
                data = data[:-1]
            if data.hex().isdigit() and len(data) % 4 == 0:
                self.found[item] = data
                if item in ACTIVE_ITEMS:
                    self.habits.tariffs = len(data) // 4 - 1
        self._next_item()

    def _read_present(self) -> None:
        """Without frozen data: the present readings, which are right only soon after midnight."""
        into_s = self.collection.terminal.clock.epoch_s() % DAY_S
        if self.number != 1 or into_s > _SOON_AFTER_MIDNIGHT_S:
            self.done("absent")
            return
        old = self.entry.protocol == DLT645_1997
        table = _PRESENT_1997 if old else _PRESENT
        self.items = [item for item in self.items if item in table]
        self._next_present()

    def _next_present(self) -> None:
        table = _PRESENT_1997 if self.entry.protocol == DLT645_1997 else _PRESENT
        if not self.items:
            self._store()
            return
        read = self.collection.terminal.reader.read
        read(self.entry, table[self.items[0]], self._present, urgent=self.urgent)

    def _present(self, data: bytes | None) -> None:
        item = self.items.pop(0)
        if data is None:
            self.done("silent" if self.collection.terminal.reader.was_silent(self.entry) else "absent")
            return
        if data and data[-1] == _SEPARATOR and len(data) % 4 == 1:
            data = data[:-1]
        if data.hex().isdigit():
            self.found[item] = data
        self._next_present()

    def _store(self, *, complete: bool = True) -> None:
        if self.found:
            self.collection.store(self.entry, self.day, self.found)
        self.done("silent" if not complete else "stored" if self.found else "absent")


class Collection:
    """What is read when, and again when it is missing.

    Attributes:
        on_stored: called with point and day when a day freeze was stored or completed.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._extra_items: frozenset[int] = frozenset()
        self._items: tuple[int, ...] = ACTIVE_ITEMS
        #: points of which something may be missing
        self._open: set[int] = set()
        self.on_stored: list[Callable[[int, int], None]] = []
        #: point -> last day whose end the terminal did not have the meter yet
        self._since: dict[int, int] = {}
        self._habits: dict[str, Habits] = {}
        self._failing: set[int] = set()
        self._absent: dict[tuple[int, int], int] = {}
        self._last: dict[int, float] = {}
        #: freezes up to this day were cleared by the master and are not read again
        self._cleared = -1
        self._left = 0
        #: what was begun in an earlier round does not count any more
        self._round = 0
        self._run_of = -1
        self._next_run_s = 0.0

    @property
    def extra_items(self) -> frozenset[int]:
        """Further DI1 of the day freeze that tasks need (3..8 reactive, 9, 10 demands)."""
        return self._extra_items

    @extra_items.setter
    def extra_items(self, items: Iterable[int]) -> None:
        self._extra_items = frozenset(items)
        self._items = tuple(sorted({*ACTIVE_ITEMS, *self._extra_items}))
        self._open.update(self.terminal.archive.points())

    @property
    def running(self) -> bool:
        """A run is under way."""
        return self._left > 0

    def today(self) -> int:
        """The terminal's day."""
        return int(self.terminal.clock.epoch_s() // DAY_S)

    def habits_of(self, entry: MeterEntry) -> Habits:
        """What was learned of a meter."""
        habits = self._habits.get(entry.address)
        if habits is None:
            habits = self._habits[entry.address] = Habits()
        return habits

    # --- archive ------------------------------------------------------------------------------------------------------

    def added(self, entry: MeterEntry) -> None:
        """A meter came into the archive: what it froze last is wanted."""
        self._since[entry.point] = self.today() - 2
        self._open.add(entry.point)
        self._next_run_s = min(self._next_run_s, self.terminal.clock.epoch_s() + 60.0)

    def removed(self, entry: MeterEntry) -> None:
        """A meter left the archive."""
        self._since.pop(entry.point, None)
        self._habits.pop(entry.address, None)
        self._failing.discard(entry.point)

    def again(self) -> None:
        """Look for what is missing at the next chance, also for what a meter said it has not."""
        self._absent.clear()
        self._open.update(self.terminal.archive.points())
        self._next_run_s = 0.0

    def is_failing(self, entry: MeterEntry) -> bool:
        """The meter did not answer when it was read last."""
        return entry.point in self._failing

    def last_read(self, entry: MeterEntry) -> datetime | None:
        """When a freeze of the meter was read last."""
        at_s = self._last.get(entry.point)
        return None if at_s is None else from_epoch(at_s)

    def cleared(self) -> None:
        """The master cleared the data: what was frozen until now stays forgotten."""
        self._cleared = self.today() - 1
        self._absent.clear()
        self.reset()

    def reset(self) -> None:
        """Nothing is under way any more (power, reset)."""
        self._left = 0
        self._round += 1
        self._run_of = -1
        self._next_run_s = 0.0

    # --- runs ---------------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Begin a run when one is due; called every minute."""
        if not self.terminal.behaviour.collects or self.running:
            return
        epoch_s = self.terminal.clock.epoch_s()
        today = int(epoch_s // DAY_S)
        into_s = epoch_s - today * DAY_S
        if into_s < self.terminal.config.day_reading_s:
            return
        if today != self._run_of or (self.terminal.behaviour.recollects and epoch_s >= self._next_run_s):
            if today != self._run_of:
                self._open.update(self.terminal.archive.points())
            self._run_of = today
            self._run()

    @property
    def items(self) -> tuple[int, ...]:
        """DI1 of the day freeze that are collected."""
        return self._items

    def missing_days(self, entry: MeterEntry) -> list[int]:
        """Days whose freeze should be there and is not, or not completely; newest first."""
        today = self.today()
        behaviour = self.terminal.behaviour
        since = max(self._since.get(entry.point, today - 2), self._cleared)
        back = behaviour.recollection_days if behaviour.recollects else 1
        storage = self.terminal.storage
        wanted = set(self._items) - self.habits_of(entry).missing
        found = []
        for day in range(today - 1, max(since, today - 1 - back), -1):
            kept = storage.day(entry.point, day)
            lacking = kept is None or wanted - kept.items.keys()
            if lacking and self._absent.get((entry.point, day), 0) < _MOST_ABSENT:
                found.append(day)
        return found

    def _run(self) -> None:
        """Ask every meter for what is missing of it, newest day first."""
        terminal = self.terminal
        jobs: list[tuple[MeterEntry, list[int]]] = []
        for point in sorted(self._open):
            entry = terminal.archive.at_point(point)
            missing = self.missing_days(entry) if entry is not None and terminal.reader.reaches(entry) else []
            if entry is None or not missing:
                self._open.discard(point)
            else:
                jobs.append((entry, missing))
        if not jobs:
            self._ended()
            return
        self._left += len(jobs)
        for entry, days in jobs:
            self._begin(entry, days)

    def _begin(self, entry: MeterEntry, days: list[int]) -> None:
        """Read the first of the days, then the others; a meter that does not answer is left until the next run."""
        day = days[0]
        kept = self.terminal.storage.day(entry.point, day)
        wanted = [item for item in self._items if kept is None or item not in kept.items]
        done = partial(self._one_done, entry, days, self._round)
        DayRead(self, entry, day, wanted, done, urgent=False).start()

    def _one_done(self, entry: MeterEntry, days: list[int], round_: int, outcome: Outcome) -> None:
        if round_ != self._round:
            return
        if outcome == "absent":
            key = (entry.point, days[0])
            self._absent[key] = self._absent.get(key, 0) + 1
        self._judge(entry, answered=outcome != "silent")
        if outcome != "silent" and len(days) > 1:
            self._begin(entry, days[1:])
            return
        self._left -= 1
        if self._left == 0:
            self._ended()

    def _ended(self) -> None:
        self._next_run_s = self.terminal.clock.epoch_s() + self.terminal.config.recollection_interval_s
        oldest = self.today() - _DEEPEST
        for key in [key for key in self._absent if key[1] < oldest]:
            del self._absent[key]

    def _judge(self, entry: MeterEntry, *, answered: bool) -> None:
        """ERC 31 when a meter could not be read, and when it can be read again."""
        point = entry.point
        if answered == (point not in self._failing):
            return
        (self._failing.discard if answered else self._failing.add)(point)
        self.terminal.reading_failed(entry, begins=not answered)

    # --- single days ----------------------------------------------------------------------------------------------------

    def fetch_day(self, entry: MeterEntry, day: int, items: Iterable[int], done: Done) -> None:
        """Read what is missing of one day now, before what waits.

        Days that the master cleared and days beyond what meters keep are not asked for.
        """
        if not self._cleared < day < self.today():
            done("absent")
            return
        kept = self.terminal.storage.day(entry.point, day)
        wanted = [item for item in items if kept is None or item not in kept.items]
        DayRead(self, entry, day, wanted, done, urgent=True).start()

    def store(self, entry: MeterEntry, day: int, items: dict[int, bytes]) -> None:
        """Keep what was read; the last day of a month makes the month's freeze too."""
        terminal = self.terminal
        if terminal.archive.at_point(entry.point) is not entry or day <= self._cleared:
            return
        stamp = terminal.clock.stamp()
        self._last[entry.point] = terminal.clock.epoch_s()
        before = terminal.storage.day(entry.point, day - 1)
        changed = terminal.storage.put_day(entry.point, day, stamp, items)
        if before is not None and 1 in items and 1 in before.items:
            terminal.compare_readings(entry, before.items[1][:4], items[1][:4])
        following = date_of(day + 1)
        if following.day == 1:
            last = following - timedelta(days=1)
            terminal.storage.put_month(entry.point, last.year * 12 + last.month - 1, stamp, items)
        if changed:
            for listener in self.on_stored:
                listener(entry.point, day)
