"""Reporting tasks: when a class 1 or class 2 task is due, for which times, and what came too late for its report.

Spec: Q/GDW 376.1-2009 AFN=04H F65..F68
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from rig.errors import ProtocolError
from rig.protocols.gdw1376_1.layout import Plain, encode_unit_text
from rig.protocols.gdw1376_1.units import UnitId, decode_unit_id
from rig.twin.devices.terminal.clock import clock_value
from rig.twin.devices.terminal.collection import DAY_S, day_of

if TYPE_CHECKING:
    from rig.twin.devices.terminal.terminal import Terminal

#: octet of F67 and F68 that starts a task
STARTED: Final = "55"
_SETTING: Final = {1: 65, 2: 66}
_SWITCH: Final = {1: 67, 2: 68}
_MINUTES: Final = {0: 1, 1: 60, 2: 1440}
_MONTHS: Final = 3
#: days that a task reports afterwards when the terminal was without supply
_MOST_DAYS_BEHIND: Final = 7
#: late data are collected this long before they are reported, in minutes
_LATE_EVERY_MIN: Final = 5


@dataclass(slots=True, eq=False)
class Task:
    """A reporting task. ``kind`` 1: class 1 data (F65), 2: class 2 data (F66); ``base_min``: minutes since 2000-01-01.

    ``reported_day`` is the last day that was reported; ``late`` the (point, type, day) that were not there then.
    """

    kind: int
    number: int
    period: int
    unit: int
    base: datetime
    multiple: int
    units: tuple[UnitId, ...]
    reported_day: int | None = None
    late: set[tuple[int, int, int]] = field(default_factory=set)

    def due(self, now: datetime) -> bool:
        """Due in the minute of ``now``."""
        if not self.period or now < self.base.replace(second=0):
            return False
        if self.unit == _MONTHS:
            months = (now.year - self.base.year) * 12 + now.month - self.base.month
            same = (now.day, now.hour, now.minute) == (self.base.day, self.base.hour, self.base.minute)
            return same and months % self.period == 0
        minutes = int((now.replace(second=0) - self.base.replace(second=0)).total_seconds() // 60)
        return minutes % (self.period * _MINUTES[self.unit]) == 0

    @property
    def period_min(self) -> int:
        """Minutes from one report to the next; a month counts as 30 days."""
        return self.period * (43_200 if self.unit == _MONTHS else _MINUTES[self.unit])


class Reporter(Protocol):
    """What sends reports: the uplink protocol."""

    def prepare(self, tasks: list[Task]) -> None:
        """The class 2 tasks changed: see to it that what they report is collected."""
        ...

    def class_1(self, task: Task) -> None:
        """Report class 1 data of a task."""
        ...

    def class_2(self, task: Task, days: list[int]) -> None:
        """Report class 2 data of a task: days for day marks; months and curves follow from the present time."""
        ...

    def late(self, task: Task, found: list[tuple[int, int, int]]) -> None:
        """Report day freezes (point, type, day) that came after the task's report."""
        ...


class Tasks:
    """Tasks that run, made from the parameters."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.reporter: Reporter | None = None
        self.tasks: dict[tuple[int, int], Task] = {}
        self._fresh: set[tuple[int, int]] = set()
        terminal.collection.on_stored.append(self._stored)

    def refresh(self) -> None:
        """Make the tasks anew from the parameters; what a task had reported it keeps."""
        parameters = self.terminal.parameters
        made: dict[tuple[int, int], Task] = {}
        for kind in (1, 2):
            for number in parameters.points(_SETTING[kind]):
                switch = parameters.values(_SWITCH[kind], number) or {}
                task = _task(kind, number, parameters.values(_SETTING[kind], number) or {})
                if task is None or switch.get("start") != STARTED:
                    continue
                old = self.tasks.get((kind, number))
                if old is not None and (old.base, old.units) == (task.base, task.units):
                    task.reported_day, task.late = old.reported_day, old.late
                made[kind, number] = task
        self.tasks = made
        if self.reporter is not None:
            self.reporter.prepare(self.active(2))

    def active(self, kind: int) -> list[Task]:
        """Tasks of a kind, by number."""
        return [task for key, task in sorted(self.tasks.items()) if key[0] == kind]

    def tick(self) -> None:
        """Report what is due; called every minute."""
        if not self.tasks or self.reporter is None or not self.terminal.behaviour.tasks_run:
            return
        now = self.terminal.clock.now()
        for task in list(self.tasks.values()):
            if task.due(now):
                self._run(task)
        if now.minute % _LATE_EVERY_MIN == 0:
            self._report_late()

    def _run(self, task: Task) -> None:
        if self.reporter is None:
            return
        if task.kind == 1:
            self.reporter.class_1(task)
            return
        yesterday = int(self.terminal.clock.epoch_s() // DAY_S) - 1
        first = yesterday if task.reported_day is None else task.reported_day + 1
        first = max(first, yesterday - _MOST_DAYS_BEHIND)
        days = list(range(first, yesterday + 1)) or [yesterday]
        task.reported_day = yesterday
        task.late = {item for item in task.late if item[2] >= first - _MOST_DAYS_BEHIND}
        self.reporter.class_2(task, days)

    def catch_up(self) -> None:
        """Supply is back: a class 2 task that was due meanwhile reports now."""
        now = self.terminal.clock.now()
        for task in self.active(2):
            due_today = now.replace(hour=task.base.hour, minute=task.base.minute, second=0)
            behind = task.reported_day is not None and task.reported_day < day_of(now.date()) - 1
            if task.unit == 2 and behind and now >= due_today:
                self._run(task)

    def _stored(self, point: int, day: int) -> None:
        if self.tasks:
            self._fresh.add((point, day))

    def _report_late(self) -> None:
        """Data that came after their report go out as a report of their own."""
        fresh, self._fresh = self._fresh, set()
        if not fresh or self.reporter is None or not self.terminal.behaviour.late_data_reported:
            return
        for task in self.active(2):
            found = sorted(item for item in task.late if (item[0], item[2]) in fresh)
            if found:
                task.late.difference_update(found)
                self.reporter.late(task, found)


def _task(kind: int, number: int, values: Mapping[str, Plain]) -> Task | None:
    """A task from the values of F65 or F66, None when they make none."""
    try:
        base = clock_value(values["base_time"])
        if base is None:
            return None
        count = int(values["units"] or 0)
        units = tuple(
            decode_unit_id(encode_unit_text(str(values[f"unit.{place}"]))) for place in range(1, count + 1)
        )
        return Task(
            kind,
            number,
            int(values["period"] or 0),
            int(values["period_unit"] or 0),
            base,
            int(values["curve_multiple"] or 1),
            units,
        )
    except (KeyError, ValueError, ProtocolError):
        return None
