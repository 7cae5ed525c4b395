"""Freezes: when they are due, and what they keep."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from rig.twin.devices.demand import Maxima
from rig.twin.devices.energy import ChannelSteps, Stretch
from rig.twin.devices.meter_clock import from_epoch, to_epoch

_DAY_S = 86_400.0


class FreezeKind(IntEnum):
    """Kinds of freeze, numbered as in the identifiers."""

    TIMED = 0x00
    INSTANT = 0x01
    ZONE_SWITCH = 0x02
    DAY_TABLE_SWITCH = 0x03
    HOURLY = 0x04
    PRICE_SWITCH = 0x05
    DAILY = 0x06
    LADDER_SWITCH = 0x07


class FreezeRecord:
    """What one freeze keeps: time, energy registers, maxima, active and reactive power (W, var).

    The registers are worked out when somebody asks: most freezes are never read.
    """

    __slots__ = ("_at_s", "_stretch", "active_w", "epoch_s", "maxima", "reactive_var")

    def __init__(
        self,
        epoch_s: float,
        stretch: Stretch,
        at_s: float,
        maxima: Maxima,
        active_w: float,
        reactive_var: float,
    ) -> None:
        self.epoch_s = epoch_s
        self._stretch = stretch
        self._at_s = at_s
        self.maxima = maxima
        self.active_w = active_w
        self.reactive_var = reactive_var

    @property
    def energies(self) -> tuple[ChannelSteps, ...]:
        """Energy registers of all channels."""
        return self._stretch.snapshot(self._at_s)


class FreezeStore:
    """The last records of each kind, newest first; depth by kind."""

    def __init__(self, depth: dict[int, int]) -> None:
        self.depth = depth
        self._records: dict[int, deque[FreezeRecord]] = {}

    def add(self, kind: int, record: FreezeRecord) -> None:
        """Keep a record, forgetting the oldest beyond the depth."""
        records = self._records.setdefault(kind, deque())
        records.appendleft(record)
        while len(records) > self.depth.get(kind, 0):
            records.pop()

    def record(self, kind: int, number: int) -> FreezeRecord | None:
        """Record ``number`` (1 is the newest)."""
        records = self._records.get(kind)
        return records[number - 1] if records and 1 <= number <= len(records) else None

    def count(self, kind: int) -> int:
        """Number of records kept."""
        return len(self._records.get(kind, ()))

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()


@dataclass(frozen=True, slots=True)
class TimedFreeze:
    """Timed freeze: None is the wildcard 99; minute alone is hourly, hour and minute daily, with day monthly."""

    day: int | None
    hour: int | None
    minute: int

    def next_after(self, epoch_s: float) -> float:
        """Epoch second of the next freeze after ``epoch_s``."""
        now = from_epoch(epoch_s)
        moment = now.replace(minute=self.minute, second=0, microsecond=0)
        if self.hour is not None:
            moment = moment.replace(hour=self.hour)
        step = timedelta(hours=1) if self.hour is None else timedelta(days=1)
        while to_epoch(moment) <= epoch_s or (self.day is not None and moment.day != self.day):
            moment += step
        return to_epoch(moment)


def next_multiple(epoch_s: float, step_s: float) -> float:
    """Next multiple of ``step_s`` after ``epoch_s``."""
    return (math.floor(epoch_s / step_s) + 1.0) * step_s


def next_daily(epoch_s: float, hour: int, minute: int) -> float:
    """Next moment at this hour and minute after ``epoch_s``."""
    offset_s = hour * 3600.0 + minute * 60.0
    return next_multiple(epoch_s - offset_s, _DAY_S) + offset_s


def next_billing(epoch_s: float, days: tuple[tuple[int, int], ...]) -> float:
    """Next billing moment after ``epoch_s`` among up to three (day 1..28, hour); infinite when there is none."""
    valid = [(day, hour) for day, hour in days if 1 <= day <= 28 and 0 <= hour <= 23]
    if not valid:
        return math.inf
    now = from_epoch(epoch_s)
    found = []
    for year, month in ((now.year, now.month), _next_month(now)):
        found += [to_epoch(datetime(year, month, day, hour)) for day, hour in valid]  # noqa: DTZ001
    return min(moment for moment in found if moment > epoch_s)


def _next_month(now: datetime) -> tuple[int, int]:
    return (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
