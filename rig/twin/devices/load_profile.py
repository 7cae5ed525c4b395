"""Load profile: records at fixed intervals, six classes of quantities."""

from __future__ import annotations

from bisect import bisect_left

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


class LoadProfile:
    """Ring of records in order of time.

    Args:
        depth: number of records kept.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._records: list[ProfileRecord] = []

    def __len__(self) -> int:
        return len(self._records)

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
        self._records.clear()

    def _kept(self) -> list[ProfileRecord]:
        return self._records[-self.depth :]
