"""Event records of a terminal in two rings, with the counters EC1 (important) and EC2 (general)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rig.twin.devices.terminal.behaviour import TerminalBehaviour

#: counters and rings have this size
RING = 256


class EventRecord(NamedTuple):
    """One record: code ERC and body as it travels."""

    code: int
    body: bytes


class EventRing:
    """Records by pointer 0..255; the counter is the pointer of the next record."""

    def __init__(self, depth: int = RING) -> None:
        self.counter = 0
        self._depth = min(depth, RING)
        self._records: dict[int, EventRecord] = {}

    def add(self, record: EventRecord) -> int:
        """Keep a record; gives its pointer."""
        pointer = self.counter
        self._records[pointer] = record
        self.counter = (pointer + 1) % RING
        self._records.pop((pointer - self._depth) % RING if self._depth < RING else -1, None)
        return pointer

    def replace(self, pointer: int, record: EventRecord) -> None:
        """Another body for a record that is still there."""
        kept = self._records.get(pointer)
        if kept is not None and kept.code == record.code:
            self._records[pointer] = record

    def between(self, first: int, last: int) -> list[tuple[int, EventRecord]]:
        """Records from pointer ``first`` up to, not with, ``last``, as far as they are kept."""
        pointers = ((first + step) % RING for step in range((last - first) % RING))
        return [(pointer, self._records[pointer]) for pointer in pointers if pointer in self._records]

    def clear(self) -> None:
        """Forget all and count from 0."""
        self.counter = 0
        self._records.clear()

    def __len__(self) -> int:
        return len(self._records)


class EventLog:
    """Both rings, what is still to be read, and who hears of new records.

    ``listeners`` get (important, pointer, record).
    """

    def __init__(self, behaviour: TerminalBehaviour, depth: int = RING) -> None:
        self.behaviour = behaviour
        self.important = EventRing(depth)
        self.general = EventRing(depth)
        self.listeners: list[Callable[[bool, int, EventRecord], None]] = []
        #: bit n - 1: ERC n was recorded since the flags were cleared
        self.flags = 0
        self._read_up_to = 0

    @property
    def counters(self) -> tuple[int, int]:
        """EC1 and EC2."""
        return self.important.counter, self.general.counter

    @property
    def waiting(self) -> bool:
        """An important record has not been read yet: ACD."""
        return self._read_up_to != self.important.counter

    def record(self, code: int, body: bytes, *, important: bool) -> int | None:
        """Keep a record and tell the listeners; gives its pointer, None when nothing is recorded."""
        if not self.behaviour.events_recorded:
            return None
        ring = self.important if important else self.general
        record = EventRecord(code, body)
        pointer = ring.add(record)
        self.flags |= 1 << (code - 1)
        for listener in self.listeners:
            listener(important, pointer, record)
        return pointer

    def complete(self, pointer: int, code: int, body: bytes, *, important: bool) -> None:
        """Put into a record what was not known when it was made; one that was overwritten since stays as it is."""
        (self.important if important else self.general).replace(pointer, EventRecord(code, body))

    def read(self, first: int, last: int, *, important: bool) -> list[tuple[int, EventRecord]]:
        """Records from ``first`` up to, not with, ``last``; reading important ones up to the newest clears ACD."""
        ring = self.important if important else self.general
        found = ring.between(first, last)
        if important and found:
            self.acknowledge((found[-1][0] + 1) % RING)
        return found

    def acknowledge(self, pointer: int) -> None:
        """The master knows the important records before ``pointer``."""
        ahead = (pointer - self._read_up_to) % RING
        if ahead <= (self.important.counter - self._read_up_to) % RING:
            self._read_up_to = pointer

    def clear(self) -> None:
        """Forget all records; counters begin again."""
        self.important.clear()
        self.general.clear()
        self.flags = 0
        self._read_up_to = 0
