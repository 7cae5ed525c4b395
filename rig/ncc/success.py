"""Success of a task, counted at the database in portions: neither the period nor the terminals decide what it takes.

One counting goes on at a time; a few wait for a while, others are refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from rig.errors import RigError
from rig.ncc.items import DAY_S, moment, seconds_of, terminal_address
from rig.ports.command_center import CollectionTask, CycleStatistics, Missing

if TYPE_CHECKING:
    from rig.ncc.store import PresentRow, Store
    from rig.ncc.tasks import Due

#: gaps that a report of success lists
_LISTED: Final = 10_000
#: a value got on demand, and one asked for again, among the sources of readings
_RECOLLECTION: Final = 2
_DEMAND: Final = 3
#: values due, terminals, and dues that are looked up in one question to the database
_VALUES_AT_ONCE: Final = 20_000
_TERMINALS_AT_ONCE: Final = 1_000
_DUES_AT_ONCE: Final = 366
#: countings under way and waiting, and how long one waits for those before it, s
_COUNTS_AT_ONCE: Final = 4
_PATIENCE_S: Final = 10.0

#: a terminal and points of it
Place = tuple[int, list[int]]


class CountingRefused(RigError):
    """Too many successes are being counted."""


class DueAt(NamedTuple):
    """Marks of one item that a run owes of every place."""

    at: datetime
    due: Due


class _Portion(NamedTuple):
    dues: list[DueAt]
    places: list[Place]


class Turns:
    """Lets one counting go on at a time."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(_COUNTS_AT_ONCE)
        self._turn = threading.Lock()

    def __call__(self, count: Callable[[], CycleStatistics]) -> CycleStatistics:
        """Count when it is its turn.

        Raises:
            CountingRefused: too many count, or they take too long.
        """
        if not self._places.acquire(blocking=False):
            raise CountingRefused("too many successes of tasks are counted at once: ask again later")
        try:
            if not self._turn.acquire(timeout=_PATIENCE_S):
                raise CountingRefused("another counting takes long: ask again later")
            try:
                return count()
            finally:
                self._turn.release()
        finally:
            self._places.release()


def success(
    store: Store, task: CollectionTask, dues: Iterable[DueAt], places: Sequence[Place]
) -> CycleStatistics:
    """Success of a task for what its runs owe, looked up portion by portion."""
    tally = _Tally(task)
    for portion in _portions(dues, places):
        rows = _stored(store, portion)
        for at, due in portion.dues:
            for terminal, points in portion.places:
                tally.count(terminal, points, due, at, rows)
    return tally.result()


def _portions(dues: Iterable[DueAt], places: Sequence[Place]) -> Iterator[_Portion]:
    """Dues together until they are many values; of one that is many by itself, places after places."""
    points = sum(len(owned) for _, owned in places)
    whole = len(places) <= _TERMINALS_AT_ONCE
    held: list[DueAt] = []
    values = 0
    for owed in dues if points else ():
        own = len(owed.due.marks) * points
        if held and (values + own > _VALUES_AT_ONCE or len(held) >= _DUES_AT_ONCE):
            yield _Portion(held, list(places))
            held, values = [], 0
        if whole and own <= _VALUES_AT_ONCE:
            held.append(owed)
            values += own
        else:
            most = max(1, _VALUES_AT_ONCE // len(owed.due.marks))
            yield from (_Portion([owed], part) for part in _parts(places, most))
    if held:
        yield _Portion(held, list(places))


def _parts(places: Sequence[Place], most: int) -> Iterator[list[Place]]:
    """Places in their order, so many points and terminals at a time."""
    part: list[Place] = []
    free = most
    for terminal, points in places:
        at = 0
        while at < len(points):
            taken = points[at : at + free]
            part.append((terminal, taken))
            at, free = at + len(taken), free - len(taken)
            if not free or len(part) >= _TERMINALS_AT_ONCE:
                yield part
                part, free = [], most
    if part:
        yield part


def _stored(store: Store, portion: _Portion) -> _Stored:
    """What is stored of a portion."""
    dues = [owed.due for owed in portion.dues]
    codes = sorted({due.kind.leading.code for due in dues})
    first = min(min(due.marks) for due in dues)
    last = max(max(due.until, *due.marks) for due in dues)
    terminals = [terminal for terminal, _ in portion.places]
    points = portion.places[0][1] if len(terminals) == 1 else ()
    return _Stored(store.present(codes, first, last, terminals, points))


class _Stored:
    """Stored totals, found by place; and those of one quantity in the order of their marks."""

    def __init__(self, rows: Iterable[PresentRow]) -> None:
        self.exact: dict[tuple[int, int, int, int], PresentRow] = {}
        self._series: dict[tuple[int, int, int], list[PresentRow]] = {}
        for row in rows:
            self.exact[row.terminal, row.point, row.item, row.mark] = row
            self._series.setdefault((row.terminal, row.point, row.item), []).append(row)

    def find(self, terminal: int, point: int, due: Due, mark: int) -> PresentRow | None:
        """The value of a mark; for class 1 data the first one of the run's period."""
        code = due.kind.leading.code
        if due.kind.mark != "read":
            return self.exact.get((terminal, point, code, mark))
        series = self._series.get((terminal, point, code), ())
        return min(
            (row for row in series if mark <= row.mark <= due.until), key=lambda row: row.mark, default=None
        )


class _Tally:
    """Counts the success of a task."""

    def __init__(self, task: CollectionTask) -> None:
        self._task = task
        self._due = self._once = self._stored = self._demanded = self._late = 0
        #: a cycle lasts until the next run, a day at the least
        self._cycle_s = max(task.period_s, DAY_S)
        self._missing: list[Missing] = []

    def count(self, terminal: int, points: list[int], due: Due, at: datetime, rows: _Stored) -> None:
        """What a run owes of one terminal."""
        latest = seconds_of(at) + self._task.window_s
        for point in points:
            for mark in due.marks:
                self._due += 1
                row = rows.find(terminal, point, due, mark)
                if row is None:
                    if len(self._missing) < _LISTED:
                        where = terminal_address(terminal)
                        self._missing.append(Missing(where, point, due.kind.leading.id, moment(mark)))
                elif row.source == _DEMAND:
                    self._demanded += 1
                elif row.received > seconds_of(at) + self._cycle_s:
                    self._late += 1
                else:
                    self._stored += 1
                    self._once += row.source != _RECOLLECTION and row.received <= latest

    def result(self) -> CycleStatistics:
        """The counts."""
        return CycleStatistics(
            self._task.name,
            self._due,
            self._once,
            self._stored,
            self._demanded,
            tuple(self._missing),
            self._late,
        )
