"""Tasks: what is due in a cycle, what of it is stored, and asking for the rest again until it is there.

A run and a re-collection are the same: the gaps between what is due and what is stored are asked for. So what a
terminal reports by itself is never asked for, and a center that was away catches up. Gaps are looked for beside the
loop that serves the terminals, some terminals at a time: their number must not make it stand still.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from rig.errors import ConfigError
from rig.ncc.bodies import history_unit, joined, next_month
from rig.ncc.items import (
    DAY_S,
    DENSITY_CODE,
    EPOCH,
    ItemType,
    parse_item,
    seconds_of,
    terminal_key,
)
from rig.ncc.requests import BULK, Outcome, Request
from rig.ncc.store import StoreError
from rig.ncc.success import DueAt, Turns, success
from rig.ports.command_center import CollectionTask, CycleStatistics
from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn

if TYPE_CHECKING:
    from rig.ncc.core import Core
    from rig.ncc.settings import Handle
    from rig.ncc.terminal import Terminal

_TASK: Final = 1
_RECOLLECTION: Final = 2
_CURVE_POINTS: Final = 255
#: the longest period, and the longest time for which gaps are looked for, s
_LONGEST_S: Final = 366 * 86400.0
_SHORTEST_S: Final = 60.0
#: runs whose gaps are looked for at once, and runs that are counted at once
_MOST_RUNS: Final = 10_000
_COUNTED_RUNS: Final = 50_000
#: values due, and terminals, whose gaps are looked for in one step
_VALUES_AT_ONCE: Final = 20_000
_TERMINALS_AT_ONCE: Final = 1_000
_LAST_YEAR: Final = 2099


class Due(NamedTuple):
    """Marks of one item that a run collects; for class 1 data any mark from the first of them to the second."""

    kind: ItemType
    marks: tuple[int, ...]
    until: int = 0


@dataclass(slots=True)
class _Running:
    """A task under way."""

    task: CollectionTask
    kinds: tuple[ItemType, ...]
    #: terminals that it names; none: all
    named: frozenset[int]
    run: Handle | None = None
    again: Handle | None = None


class TaskDesk:
    """Runs tasks."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._running: dict[str, _Running] = {}
        self._busy: set[tuple[str, int]] = set()
        #: terminals that will be caught up soon
        self._returned: set[int] = set()
        self._turns = Turns()

    # -- start and end

    def check(self, task: CollectionTask) -> tuple[ItemType, ...]:
        """The types that a task collects.

        Raises:
            ConfigError: an item, a period or a density that cannot be.
        """
        kinds = tuple(parse_item(item) for item in task.items)
        if not task.name:
            raise ConfigError("a task has a name", key="name", value=task.name)
        if not kinds:
            raise ConfigError("a task has items", key="items", value=task.items, hint="e.g. 0D.F161")
        if not task.period_s >= _SHORTEST_S:
            raise ConfigError(
                "a task has a period of a minute or more", key="period_s", value=task.period_s, hint="seconds"
            )
        if any(kind.mark == "curve" for kind in kinds) and int(task.density_s) not in DENSITY_CODE:
            raise ConfigError(
                "no such density", key="density_s", value=task.density_s, hint=f"{sorted(DENSITY_CODE)}"
            )
        for key, given_s in (("period_s", task.period_s), ("recollect_for_s", task.recollect_for_s)):
            if not 0 <= given_s <= _LONGEST_S:
                raise ConfigError("a task reaches back a year at most", key=key, value=given_s)
        if task.recollect_for_s / task.period_s > _MOST_RUNS:
            raise ConfigError(
                "too many runs to look for gaps in", key="recollect_for_s", value=task.recollect_for_s
            )
        if task.recollect_s and not 1 <= task.recollect_s <= _LONGEST_S:
            raise ConfigError(
                "gaps are looked for once a second at most", key="recollect_s", value=task.recollect_s
            )
        if task.first_at.tzinfo is not None or not 2000 <= task.first_at.year < _LAST_YEAR:
            raise ConfigError(
                "a task begins at a local time, without zone", key="first_at", value=str(task.first_at)
            )
        for address in task.terminals:
            self._core.terminal(address)
        return kinds

    def start(self, task: CollectionTask) -> None:
        """Run a task from now on; one of the same name is replaced.

        Raises:
            ConfigError: an item, a period or a density that cannot be.
        """
        kinds = self.check(task)
        self.stop(task.name)
        named = frozenset(terminal_key(address) for address in task.terminals)
        running = self._running[task.name] = _Running(task, kinds, named)
        self._next_run(running)
        if task.recollect_s:
            self._next_again(running, min(task.recollect_s, self._core.settings.recollect_login_s))

    def stop(self, name: str) -> None:
        """End a task."""
        running = self._running.pop(name, None)
        for handle in (running.run, running.again) if running is not None else ():
            if handle is not None:
                handle.cancel()

    def tasks(self) -> tuple[CollectionTask, ...]:
        """Tasks that run."""
        return tuple(running.task for running in self._running.values())

    def _next_run(self, running: _Running) -> None:
        task, clock = running.task, self._core.clock
        now = clock.wall()
        past_s = (now - task.first_at).total_seconds()
        number = max(0, math.floor(past_s / task.period_s + 1e-9) + 1) if past_s >= 0 else 0
        at = task.first_at + timedelta(seconds=number * task.period_s)
        when_s = clock.now_s() + (at - now).total_seconds()
        running.run = clock.call_at(when_s, lambda: self._run(running, at))

    def _run(self, running: _Running, at: datetime) -> None:
        self._next_run(running)
        self._core.counters["tasks.runs"] += 1
        self._collect(running, [at], self._terminals(running.task), _TASK)

    def _next_again(self, running: _Running, delay_s: float) -> None:
        clock = self._core.clock
        running.again = clock.call_at(clock.now_s() + delay_s, lambda: self._again(running))

    def _again(self, running: _Running) -> None:
        self._next_again(running, running.task.recollect_s)
        runs = self.open_runs(running.task)
        if runs:
            self._collect(running, runs, self._terminals(running.task), _RECOLLECTION)

    def open_runs(self, task: CollectionTask) -> list[datetime]:
        """Runs whose gaps are still looked for; the newest, if its own requests may still be out, too."""
        now = self._core.clock.wall()
        first = now - timedelta(seconds=task.recollect_for_s)
        return list(runs_between(task, first, now))

    def logged_in(self, terminal: Terminal) -> None:
        """A terminal is back: what it missed is asked for soon."""
        clock = self._core.clock
        if self._running and terminal.key not in self._returned:
            self._returned.add(terminal.key)
            delay_s = self._core.settings.recollect_login_s
            clock.call_at(clock.now_s() + delay_s, lambda: self._catch_up(terminal))

    def _catch_up(self, terminal: Terminal) -> None:
        self._returned.discard(terminal.key)
        for running in tuple(self._running.values()):
            if running.task.recollect_s and (not running.named or terminal.key in running.named):
                runs = self.open_runs(running.task)
                if runs:
                    self._collect(running, runs, [terminal], _RECOLLECTION)

    def _terminals(self, task: CollectionTask) -> list[Terminal]:
        if task.terminals:
            return [self._core.terminal(address) for address in task.terminals]
        return list(self._core.terminals())

    # -- gaps

    def _collect(
        self, running: _Running, runs: list[datetime], terminals: list[Terminal], source: int
    ) -> None:
        """Ask the terminals that are there for what is due and not stored."""
        now = seconds_of(self._core.clock.wall())
        # what was to be read at a time that is over cannot be read any more
        dues = [
            due for at in runs for due in dues_of(running, at) if due.kind.mark != "read" or due.until >= now
        ]
        if dues:
            self._core.journal.flush()
            self._look(running, dues, terminals, source, 0)

    def _look(
        self, running: _Running, dues: list[Due], terminals: Sequence[Terminal], source: int, at: int
    ) -> None:
        """Look for gaps of some terminals beside the loop and ask for them on it; then for those of the next ones."""
        core, task = self._core, running.task
        chosen, at = self._chosen(task, sum(len(due.marks) for due in dues), terminals, at)
        if not chosen or self._running.get(task.name) is not running:
            return
        self._busy.update((task.name, terminal.key) for terminal, _ in chosen)

        def gaps() -> list[list[tuple[int, bytes]]]:
            stored = self._present(dues, [terminal.key for terminal, _ in chosen])
            return [
                self._bodies(task, points, dues, stored.get(terminal.key, set()))
                for terminal, points in chosen
            ]

        def found(lacking: list[list[tuple[int, bytes]]] | StoreError) -> None:
            if isinstance(lacking, StoreError):
                self._busy.difference_update((task.name, terminal.key) for terminal, _ in chosen)
                core.note("tasks.failed", task.name, str(lacking))
                return
            for (terminal, _), bodies in zip(chosen, lacking, strict=True):
                self._ask(running, terminal, deque(bodies), source)
            if at < len(terminals):
                core.clock.call_at(
                    core.clock.now_s(), partial(self._look, running, dues, terminals, source, at)
                )

        core.query(gaps, found)

    def _chosen(
        self, task: CollectionTask, marks: int, terminals: Sequence[Terminal], at: int
    ) -> tuple[list[tuple[Terminal, list[int]]], int]:
        """Terminals from a place on that are there and not being asked, with their points, and the next place."""
        chosen: list[tuple[Terminal, list[int]]] = []
        values = 0
        while at < len(terminals) and values < _VALUES_AT_ONCE and len(chosen) < _TERMINALS_AT_ONCE:
            terminal = terminals[at]
            at += 1
            if terminal.session is not None and (task.name, terminal.key) not in self._busy:
                points = points_of(task, terminal)
                chosen.append((terminal, points))
                values += marks * len(points)
        return chosen, at

    def _present(self, dues: list[Due], terminals: Sequence[int]) -> dict[int, set[tuple[int, int, int]]]:
        """What is stored: point, quantity and mark, by terminal."""
        codes = sorted({due.kind.leading.code for due in dues})
        first = min(min(due.marks) for due in dues)
        last = max(max(due.until, *due.marks) for due in dues)
        found: dict[int, set[tuple[int, int, int]]] = {}
        for row in self._core.store.present(codes, first, last, terminals):
            found.setdefault(row.terminal, set()).add((row.point, row.item, row.mark))
        return found

    def _bodies(
        self, task: CollectionTask, points: list[int], dues: list[Due], stored: set[tuple[int, int, int]]
    ) -> list[tuple[int, bytes]]:
        """Requests for the gaps of one terminal."""
        settings = self._core.settings
        history: list[bytes] = []
        curves: list[bytes] = []
        found: list[tuple[int, bytes]] = []
        for due in dues:
            code = due.kind.leading.code
            if due.kind.mark == "read":
                have = {
                    point
                    for point, item, mark in stored
                    if item == code and due.marks[0] <= mark <= due.until
                }
                lacking = [point for point in points if point not in have]
                found += [
                    (
                        Afn.REALTIME_DATA,
                        identifiers(lacking[at : at + settings.points_per_request], [due.kind.number]),
                    )
                    for at in range(0, len(lacking), settings.points_per_request)
                ]
                continue
            for point in points:
                lacks = [mark for mark in due.marks if (point, code, mark) not in stored]
                if due.kind.mark == "curve":
                    curves += _stretches(due.kind, point, lacks, int(task.density_s))
                else:
                    history += [history_unit(due.kind, point, mark) for mark in lacks]
        found += [(Afn.HISTORY_DATA, body) for body in joined(history, settings.points_per_request)]
        most = max(1, settings.values_per_request // max((len(due.marks) for due in dues), default=1))
        found += [(Afn.HISTORY_DATA, body) for body in joined(curves, min(most, settings.points_per_request))]
        return found

    def _ask(
        self, running: _Running, terminal: Terminal, bodies: deque[tuple[int, bytes]], source: int
    ) -> None:
        """One request after the other; silence ends it, the next re-collection goes on."""
        key = (running.task.name, terminal.key)
        if not bodies or self._running.get(running.task.name) is not running:
            self._busy.discard(key)
            return
        afn, body = bodies.popleft()

        def done(outcome: Outcome) -> None:
            self._core.request_ended(outcome)
            if outcome.status in {"done", "denied"}:
                self._ask(running, terminal, bodies, source)
            else:
                self._busy.discard(key)

        request = Request(afn, body, done, BULK, self._core.settings.command_s, source)
        if not terminal.queue.submit(request):
            self._busy.discard(key)

    # -- figures

    def cycle(self, name: str, first: datetime, last: datetime) -> CycleStatistics:
        """Success of a task for marks of a period (for class 1 data: for its runs), counted at the database.

        Raises:
            ConfigError: no such task, or a period with too many runs.
        """
        return self.counting(name, first, last)()

    def counting(self, name: str, first: datetime, last: datetime) -> Callable[[], CycleStatistics]:
        """The counting of ``cycle``: takes long, and may be done in another thread.

        Raises:
            ConfigError: no such task, or a period with too many runs.
        """
        running = self._running.get(name)
        if running is None:
            raise ConfigError("no such task", key="task", value=name)
        task = running.task
        if last < first:
            raise ConfigError("ends before it begins", key="last", value=str(last), hint=f"first is {first}")
        if (last - first).total_seconds() / task.period_s > _COUNTED_RUNS:
            raise ConfigError("too many runs to count", key="last", value=str(last), hint="a shorter period")
        self._core.journal.flush()
        low, high = seconds_of(first), seconds_of(last)
        places = [(terminal.key, points_of(task, terminal)) for terminal in self._terminals(task)]
        store = self._core.store

        def dues() -> Iterator[DueAt]:
            # a run lies after the marks it collects, by a month and its length at most
            for at in runs_between(task, first, last + timedelta(days=32, seconds=task.period_s)):
                for due in dues_of(running, at):
                    marks = due.marks
                    if due.kind.mark != "read":
                        marks = tuple(mark for mark in due.marks if low <= mark <= high)
                    elif at > last:
                        continue
                    if marks:
                        yield DueAt(at, due._replace(marks=marks))

        return lambda: self._turns(lambda: success(store, task, dues(), places))


def check_name(name: str) -> None:
    """Refuse a name that no path and no line can have.

    Raises:
        ConfigError: it is none.
    """
    if (
        not name.strip()
        or name != name.strip()
        or name in {".", ".."}
        or "/" in name
        or not name.isprintable()
    ):
        raise ConfigError(
            "no name of a task",
            key="name",
            value=name[:128],
            hint="it has no slash, no line breaks, and no spaces at its ends",
        )


def points_of(task: CollectionTask, terminal: Terminal) -> list[int]:
    """Points that a task collects of a terminal; those it names and the terminal does not have are never due."""
    return [point for point in task.points if terminal.has(point)] if task.points else sorted(terminal.points)


def runs_between(task: CollectionTask, first: datetime, last: datetime) -> Iterator[datetime]:
    """Runs of a task from ``first`` to ``last``, in time order."""
    period_s = task.period_s
    number = max(0, math.ceil((first - task.first_at).total_seconds() / period_s - 1e-9))
    while (at := task.first_at + timedelta(seconds=number * period_s)) <= last:
        yield at
        number += 1


def dues_of(running: _Running, at: datetime) -> list[Due]:
    """What the run at this time collects."""
    return [due for kind in running.kinds if (due := _due(running.task, kind, at)).marks]


def _due(task: CollectionTask, kind: ItemType, at: datetime) -> Due:
    begin = at - timedelta(seconds=task.period_s)
    if kind.mark == "read":
        # marks are whole minutes of the terminal's clock, which may be a minute late
        start = seconds_of(at) - 60
        return Due(kind, (start,), start + int(task.period_s) - 1)
    if kind.mark == "curve":
        step = int(task.density_s)
        first = -(-seconds_of(begin) // step) * step
        return Due(kind, tuple(range(first, seconds_of(at), step)))
    if kind.mark == "day":
        return Due(kind, tuple(seconds_of(day) for day in _ended_days(begin, at)))
    return Due(kind, tuple(seconds_of(month) for month in _ended_months(begin, at)))


def _ended_days(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Days whose end lies after ``begin`` and not after ``end``."""
    last = EPOCH + timedelta(days=(end - EPOCH).days - 1)
    while last + timedelta(days=1) > begin:
        yield last
        last -= timedelta(days=1)


def _ended_months(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Months whose end lies after ``begin`` and not after ``end``."""
    month = begin.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while (following := next_month(month)) <= end:
        if following > begin:
            yield month
        month = following


def _stretches(kind: ItemType, point: int, marks: list[int], step: int) -> list[bytes]:
    """Units for marks of a curve, neighbours in one."""
    units: list[bytes] = []
    start = 0
    for at in range(1, len(marks) + 1):
        if at == len(marks) or marks[at] - marks[at - 1] != step or at - start == _CURVE_POINTS:
            units.append(history_unit(kind, point, marks[start], step, at - start))
            start = at
    return units if marks else []


__all__ = ["DAY_S", "Due", "TaskDesk", "dues_of", "points_of", "runs_between"]
