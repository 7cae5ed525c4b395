"""Load profile: records at fixed intervals, six classes of quantities."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from rig.twin.devices.demand import DemandRegisters
from rig.twin.devices.energy import Channel, Stretch
from rig.twin.devices.metering import Shown

#: number of classes: 1 U I f, 2 P Q, 3 power factors, 4 energies, 5 reactive of quadrants, 6 demands
CLASSES = 6


class ProfileRecord:
    """One record; ``classes`` has bit n-1 set when class n was due.

    Energies (in steps) are worked out when somebody asks. ``demands_w`` are active and reactive demand in W and var.
    """

    __slots__ = ("_at_s", "_stretch", "classes", "demands_w", "epoch_s", "shown")

    def __init__(
        self,
        epoch_s: float,
        classes: int,
        shown: Shown,
        stretch: Stretch,
        at_s: float,
        demands_w: tuple[float, float],
    ) -> None:
        self.epoch_s = epoch_s
        self.classes = classes
        self.shown = shown
        self._stretch = stretch
        self._at_s = at_s
        self.demands_w = demands_w

    @property
    def quadrants(self) -> tuple[int, int, int, int]:
        """Reactive registers of the four quadrants."""
        steps = self._stretch.total_steps
        at_s = self._at_s
        return (
            steps(Channel.Q1, at_s),
            steps(Channel.Q2, at_s),
            steps(Channel.Q3, at_s),
            steps(Channel.Q4, at_s),
        )

    @property
    def energies(self) -> tuple[int, int, int, int]:
        """Forward and reverse active, reactive of quadrants 1 and 4, and of 2 and 3."""
        q1, q2, q3, q4 = self.quadrants
        steps = self._stretch.total_steps
        return (
            steps(Channel.FORWARD, self._at_s),
            steps(Channel.REVERSE, self._at_s),
            q1 + q4,
            q2 + q3,
        )


@dataclass(frozen=True, slots=True)
class ProfileContext:
    """What stays the same between two changes of load: from it and a time follows every record."""

    classes: int
    shown: Shown
    stretch: Stretch
    demand: DemandRegisters
    scene_at: Callable[[float], float]

    def record(self, epoch_s: float) -> ProfileRecord:
        """The record of a moment."""
        forward, reverse, first, second = self.demand.present(epoch_s)
        demands_w = (forward - reverse, first - second)
        return ProfileRecord(
            epoch_s, self.classes, self.shown, self.stretch, self.scene_at(epoch_s), demands_w
        )


class LoadProfile:
    """Ring of records in order of time.

    Records due are noted as spans of constant load and made when somebody reads: nearly all are never read.

    Args:
        depth: number of records kept.
        note_due: called before reading; notes the spans up to now.
    """

    def __init__(self, depth: int, note_due: Callable[[], None]) -> None:
        self.depth = depth
        self._note_due = note_due
        self._spans: list[tuple[ProfileContext, float, float, float]] = []
        self._records: list[ProfileRecord] = []

    def __len__(self) -> int:
        return len(self._kept())

    def note(self, context: ProfileContext, first_s: float, last_s: float, step_s: float) -> None:
        """Records are due every ``step_s`` from ``first_s`` to ``last_s`` (epoch seconds)."""
        self._spans.append((context, first_s, last_s, step_s))

    def add(self, record: ProfileRecord) -> None:
        """Keep a record."""
        records = self._records
        records.append(record)
        # trimming in bulk keeps adding cheap
        if len(records) >= self.depth + 256:
            del records[: len(records) - self.depth]

    def earliest(self, count: int = 1) -> list[ProfileRecord]:
        """The oldest records."""
        return self._kept()[:count]

    def latest(self, count: int = 1) -> list[ProfileRecord]:
        """The newest records, in order of time."""
        return self._kept()[-count:] if count else []

    def since(self, epoch_s: float, count: int = 1) -> list[ProfileRecord]:
        """Records from the first at or after ``epoch_s``."""
        kept = self._kept()
        start = bisect_left(kept, epoch_s, key=lambda record: record.epoch_s)
        return kept[start : start + count]

    def clear(self) -> None:
        """Forget everything."""
        self._spans.clear()
        self._records.clear()

    def _kept(self) -> list[ProfileRecord]:
        self._note_due()
        spans, self._spans = self._spans, []
        for context, first_s, last_s, step_s in spans:
            # what the ring could not hold anyway is not made
            oldest_s = last_s - (self.depth - 1) * step_s
            epoch_s = max(first_s, oldest_s)
            while epoch_s <= last_s:
                self.add(context.record(epoch_s))
                epoch_s += step_s
        return self._records[-self.depth :]
