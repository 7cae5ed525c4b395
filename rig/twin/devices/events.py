"""Event log: counters and the last ten records a kind; and the monitors that watch the load."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rig.twin.devices.behaviour import Behaviour

#: records kept a kind
DEPTH = 10

#: kinds of the log
KINDS = (
    "loss-of-voltage",
    "under-voltage",
    "over-voltage",
    "loss-of-current",
    "over-current",
    "reversal",
    "overload",
    "power-off",
    "programming",
    "meter-reset",
    "demand-reset",
    "event-reset",
    "clock-set",
    "day-table-programming",
    "zone-table-programming",
    "week-rest-programming",
    "holiday-programming",
    "active-combination-programming",
    "reactive-combination-1-programming",
    "reactive-combination-2-programming",
    "billing-day-programming",
    "cover-open",
    "terminal-cover-open",
    "relay-trip",
    "relay-close",
)


@dataclass(slots=True)
class EventRecord:
    """One event: begin and end in epoch seconds (None while it lasts), operator, and what else is kept.

    ``values`` and ``end_values`` hold snapshots of the meter by name.
    """

    start_s: float
    end_s: float | None = None
    operator: str = "00000000"
    values: dict[str, Any] = field(default_factory=dict)
    end_values: dict[str, Any] = field(default_factory=dict)


class EventLog:
    """Counters and records by kind, newest first."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._counts: dict[str, int] = {}
        self._minutes: dict[str, float] = {}
        self._records: dict[str, deque[EventRecord]] = {}

    def count(self, kind: str) -> int:
        """How often it happened, at most 999999."""
        return min(self._counts.get(kind, 0), 999_999)

    def minutes(self, kind: str, now_s: float) -> int:
        """Accumulated duration in minutes, a lasting event included."""
        total_s = self._minutes.get(kind, 0.0)
        record = self.record(kind, 1)
        if record is not None and record.end_s is None:
            total_s += now_s - record.start_s
        return int(total_s / 60.0)

    def record(self, kind: str, number: int) -> EventRecord | None:
        """Record ``number`` (1 is the newest), None when there are fewer."""
        records = self._records.get(kind)
        return records[number - 1] if records and 1 <= number <= len(records) else None

    def lasting(self, kind: str) -> bool:
        """Whether the newest event of a kind has not ended."""
        record = self.record(kind, 1)
        return record is not None and record.end_s is None

    def add(self, kind: str, record: EventRecord) -> None:
        """Count and keep an event."""
        if not self.behaviour.events_enabled or kind in self.behaviour.disabled_events:
            return
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self._records.setdefault(kind, deque(maxlen=DEPTH)).appendleft(record)

    def finish(self, kind: str, end_s: float, values: dict[str, Any] | None = None) -> None:
        """End the lasting event of a kind, if there is one."""
        record = self.record(kind, 1)
        if record is None or record.end_s is not None:
            return
        record.end_s = end_s
        record.end_values = values or {}
        self._minutes[kind] = self._minutes.get(kind, 0.0) + max(end_s - record.start_s, 0.0)

    def clear(self, kind: str | None = None, *, keep: tuple[str, ...] = ()) -> None:
        """Forget one kind, or all but ``keep``."""
        kinds = [kind] if kind is not None else [name for name in KINDS if name not in keep]
        for name in kinds:
            self._counts.pop(name, None)
            self._minutes.pop(name, None)
            self._records.pop(name, None)


@dataclass(slots=True)
class Monitor:
    """Watches a condition: after ``delay_s`` without interruption the event begins, or ends."""

    kind: str
    holds: Callable[[], bool]
    delay_s: float = 60.0
    active: bool = False
    due_s: float = math.inf

    def look(self, epoch_s: float) -> None:
        """The load has changed: start or stop waiting."""
        if self.holds() == self.active:
            self.due_s = math.inf
        elif self.due_s == math.inf:
            self.due_s = epoch_s + self.delay_s
