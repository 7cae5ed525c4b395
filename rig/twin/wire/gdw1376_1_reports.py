"""Reports of a terminal's own accord: important events and data of tasks, packed into frames that ask for confirmation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.fn_history import MARKS
from rig.protocols.gdw1376_1.formats import encode_format
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.functions import lookup
from rig.protocols.gdw1376_1.layout import Plain, Value
from rig.protocols.gdw1376_1.messages import DataUnit, Message
from rig.twin.devices.terminal.collection import DAY_S, date_of
from rig.twin.devices.terminal.events import RING, EventRecord
from rig.twin.devices.terminal.tasks import Task
from rig.twin.devices.terminal.uplink import Outgoing
from rig.twin.wire.gdw1376_1_answers import unit_room
from rig.twin.wire.gdw1376_1_calls import Call, Request
from rig.twin.wire.gdw1376_1_curves import CURVES
from rig.twin.wire.gdw1376_1_meter_data import freeze_items
from rig.twin.wire.gdw1376_1_own_data import event_units

if TYPE_CHECKING:
    from rig.twin.wire.gdw1376_1 import Gdw1376Wire

_DENSITY_15: Final = 1
#: from an event to its report, in seconds
_EVENT_PAUSE_S: Final = 3.0

Mark = tuple[bytes, dict[str, Plain]]


def day_mark(day: int) -> Mark:
    """Td_d: octets and values."""
    text = date_of(day).isoformat()
    return encode_format(20, text), {"date": text}


def month_mark(month: int) -> Mark:
    """Td_m of year * 12 + month - 1."""
    text = f"{month // 12}-{month % 12 + 1:02d}"
    return encode_format(21, text), {"month": text}


def curve_mark(start: datetime, points: int) -> Mark:
    """Td_c at 15 minutes."""
    text = start.strftime("%Y-%m-%d %H:%M")
    octets = encode_format(15, text) + bytes((_DENSITY_15, points))
    return octets, {"start": text, "density": _whole(_DENSITY_15), "points": _whole(points)}


def _whole(number: int) -> Plain:
    return Decimal(number)


class Reports:
    """Makes reports and gives them to the uplink; ``event_pause_s`` runs from an event to its report."""

    def __init__(self, wire: Gdw1376Wire) -> None:
        self.event_pause_s = _EVENT_PAUSE_S
        self.wire = wire
        self.terminal = wire.terminal
        self.terminal.tasks.reporter = self
        self.terminal.events.listeners.append(self.event)

    # --- events ---------------------------------------------------------------------------------------------------------

    def event(self, important: bool, pointer: int, record: EventRecord) -> None:
        """An event was recorded: an important one is reported at once."""
        terminal = self.terminal
        behaviour = terminal.behaviour
        if not important or not behaviour.events_reported or not terminal.control.reports_permitted:
            return
        if record.code == 14 and not behaviour.outage_reported:
            return
        known = partial(self._event_known, (pointer + 1) % RING)
        clock = terminal.engine.clock

        def report() -> None:
            self.send(Afn.EVENTS, event_units(terminal, 1, [(pointer, record)]), 3, known)

        # the answer to what brought the event about goes first
        clock.call_at(clock.now_s() + self.event_pause_s, report)

    def _event_known(self, pointer: int, ok: bool) -> None:
        if ok:
            self.terminal.events.acknowledge(pointer)

    # --- tasks ----------------------------------------------------------------------------------------------------------

    def prepare(self, tasks: list[Task]) -> None:
        """Collect what the class 2 tasks report: items of day freezes, classes of load records."""
        items: set[int] = set()
        wanted: dict[int, set[int]] = {}
        for task in tasks:
            for identifier in task.units:
                for number in identifier.types:
                    items |= freeze_items(number)
            for point, number in self._pairs(task):
                if number in CURVES:
                    wanted.setdefault(point, set()).add(CURVES[number].number)
        self.terminal.collection.extra_items = items
        self.terminal.curves.wanted = wanted

    def class_1(self, task: Task) -> None:
        """F65: present data of the task's points."""
        pairs = self._pairs(task)
        units = [self._unit(Afn.REALTIME_DATA, point, number, b"", {}) for point, number in pairs]
        self._gather(
            Afn.REALTIME_DATA, units, partial(self._gathered, Afn.REALTIME_DATA, 1), stored_only=False
        )

    def class_2(self, task: Task, days: list[int]) -> None:
        """F66: the freezes of the days, last month's freezes, the curves of the last period."""
        made: list[DataUnit] = []
        late: list[tuple[int, int, int]] = []
        for point, number in self._pairs(task):
            for day, (octets, values) in self._marks(task, number, days):
                made.append(self._unit(Afn.HISTORY_DATA, point, number, octets, values))
                late.append((point, number, day))
        self._gather(Afn.HISTORY_DATA, made, partial(self._class_2_gathered, task, late), stored_only=True)

    def on_request(self, call: Call) -> None:
        """0B F1, F2: the data of a task as its next report would carry them.

        Spec: Q/GDW 376.1-2009 AFN=0BH; data units laid out as those of 0C and 0D (recalled)
        """
        kind = call.number
        task = self.terminal.tasks.tasks.get((kind, call.point))
        if task is None:
            call.deny()
            return
        afn = Afn.REALTIME_DATA if kind == 1 else Afn.HISTORY_DATA

        def done(request: Request) -> None:
            call.units([unit for inner in request.calls for unit in inner.sent])

        if kind == 1:
            units = [self._unit(afn, point, number, b"", {}) for point, number in self._pairs(task)]
        else:
            yesterday = int(self.terminal.clock.epoch_s() // DAY_S) - 1
            units = [
                self._unit(afn, point, number, *mark)
                for point, number in self._pairs(task)
                for _, mark in self._marks(task, number, [yesterday])
            ]
        self._gather(afn, units, done, stored_only=kind == 2)

    def late(self, task: Task, found: list[tuple[int, int, int]]) -> None:
        """Freezes that came after their report."""
        del task
        units = []
        for point, number, day in found:
            octets, values = day_mark(day)
            units.append(self._unit(Afn.HISTORY_DATA, point, number, octets, values))
        self._gather(Afn.HISTORY_DATA, units, partial(self._gathered, Afn.HISTORY_DATA, 2), stored_only=True)

    def _pairs(self, task: Task) -> list[tuple[int, int]]:
        points = self.terminal.archive.points()
        return [
            (place, number)
            for identifier in task.units
            for point, number in identifier.pairs()
            for place in (points if point < 0 else (point,))
        ]

    def _marks(self, task: Task, number: int, days: Sequence[int]) -> Iterable[tuple[int, Mark]]:
        """Marks of a type of class 2, each with its day (-1 where the mark is none)."""
        item = lookup(Afn.HISTORY_DATA, number)
        down = None if item is None else item.down
        now = self.terminal.clock.now()
        if down == MARKS["day"]:
            return [(day, day_mark(day)) for day in days]
        if down == MARKS["month"]:
            return [(-1, month_mark(now.year * 12 + now.month - 2))]
        if number in CURVES:
            points = max(1, min(255, task.period_min // 15))
            end = now.replace(minute=now.minute // 15 * 15, second=0)
            return [(-1, curve_mark(end - timedelta(minutes=15 * points), points))]
        return []

    def _unit(self, afn: int, point: int, number: int, octets: bytes, values: dict[str, Plain]) -> DataUnit:
        shown = tuple(Value(key, value, "") for key, value in values.items())
        return DataUnit(point, number, lookup(afn, number), octets, shown, 0)

    def _gather(
        self, afn: int, units: list[DataUnit], done: Callable[[Request], None], *, stored_only: bool
    ) -> None:
        """Let the handlers answer as if the master had asked."""
        frame = Frame(self.wire.own_address, 0x4B, afn, 0)
        request = Request(self.wire, Message(frame, units=tuple(units)), done)
        request.stored_only = stored_only
        request.run()

    def _class_2_gathered(self, task: Task, late: list[tuple[int, int, int]], request: Request) -> None:
        task.late.update(
            item
            for item, call in zip(late, request.calls, strict=True)
            if item[2] >= 0 and call.outcome == "denied"
        )
        self._gathered(Afn.HISTORY_DATA, 2, request)

    def _gathered(self, afn: int, kind: int, request: Request) -> None:
        self.send(afn, [unit for call in request.calls for unit in call.sent], kind, None)

    # --- frames -----------------------------------------------------------------------------------------------------------

    def send(self, afn: int, units: Sequence[bytes], kind: int, done: Callable[[bool], None] | None) -> None:
        """Whole units, as many in a frame as fit; ``kind`` 1..3 is the class of data, whose CON parameter F1 sets."""
        terminal = self.terminal
        if not units or not terminal.control.reports_permitted:
            return
        confirm = kind in terminal.parameters.communication().confirmed_classes
        room = unit_room(terminal)
        bodies: list[bytes] = [b""]
        for unit in units:
            if bodies[-1] and len(bodies[-1]) + len(unit) > room:
                bodies.append(b"")
            bodies[-1] += unit
        for body in bodies:
            last = body is bodies[-1]
            terminal.uplink.offer(Outgoing("report", afn, body, confirm, done if last else None))
