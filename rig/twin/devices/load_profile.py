"""Load profile: records at fixed intervals, six classes of quantities."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

#: number of classes: 1 U I f, 2 P Q, 3 power factors, 4 energies, 5 reactive of quadrants, 6 demands
CLASSES = 6


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """One record; ``classes`` has bit n-1 set when class n was due. Quantities in V, A, Hz, W, var; energy in steps."""

    epoch_s: float
    classes: int
    voltage_v: float
    current_a: float
    frequency_hz: float
    active_w: float
    reactive_var: float
    power_factor: float
    energies: tuple[int, int, int, int]
    quadrants: tuple[int, int, int, int]
    active_demand_w: float
    reactive_demand_var: float


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
