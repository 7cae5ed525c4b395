"""The event records of a Q/GDW 1376.1 terminal, read by their pointers: two rings, each counted from 0 to 255 and round."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rig.errors import RemoteProtocolError
from rig.protocols.gdw1376_1.layout import Plain
from rig.protocols.gdw1376_1.messages import DataUnit

#: pointers of a ring
RING: Final = 256
#: records asked for at once
RECORDS: Final = 12


@dataclass(frozen=True)
class EventRecord:
    """One event record: its code ERC and its values by key."""

    code: int
    values: dict[str, Plain]

    @property
    def units(self) -> list[str]:
        """Points and types that the record of changed parameters names."""
        return [str(value) for key, value in self.values.items() if key.startswith("unit")]

    def minutes_after(self, moment: datetime) -> float:
        """How long after a moment the time of the record is, in min.

        Raises:
            RemoteProtocolError: the record has no time.
        """
        when = self.time()
        if when is None:
            raise RemoteProtocolError(
                f"no time in the record of code {self.code}", code="value", got="absent"
            )
        return (when - moment).total_seconds() / 60

    def time(self, key: str = "time") -> datetime | None:
        """A time of the record, to the minute; None when it is absent."""
        shown = self.values.get(key)
        return None if shown is None else datetime.fromisoformat(str(shown))


def records_of(units: Sequence[DataUnit]) -> list[EventRecord]:
    """The records in the data units of an answer or a report, in their order."""
    found: list[EventRecord] = []
    for unit in units:
        groups: dict[str, dict[str, Plain]] = {}
        for value in unit.values:
            place, _, key = value.key.partition(".")
            if key:
                groups.setdefault(place, {})[key] = value.value
        found += [EventRecord(int(str(group["erc"])), group) for group in groups.values() if "erc" in group]
    return found


class EventRings(ABC):
    """Reads the rings of important and of general events; how it asks is its maker's."""

    @abstractmethod
    def counters(self) -> tuple[int, int]:
        """Event counters EC1 and EC2."""

    @abstractmethod
    def event_units(self, first: int, last: int, *, important: bool) -> Sequence[DataUnit]:
        """The answer to a request for the records from pointer ``first`` up to, not with, ``last``."""

    def records(self, first: int, last: int, *, important: bool) -> list[EventRecord]:
        """Event records from pointer ``first`` up to, not with, ``last``."""
        return records_of(self.event_units(first, last, important=important))

    def events(self, *, important: bool, code: int | None = None, latest: int = 60) -> list[EventRecord]:
        """The latest records of one ring, oldest first; of one code when it is given.

        The counter is a ring of 256. Where it has not been round yet there is nothing before 0, and what is asked for
        there is denied.
        """
        end = self.counters()[0 if important else 1]
        found: list[EventRecord] = []
        for begin, stop in ((RING + min(0, end - latest), RING), (max(0, end - latest), end)):
            for first in range(begin, stop, RECORDS):
                last = min(first + RECORDS, stop)
                found += self._held(first, last, important=important)
        return [record for record in found if code in {None, record.code}]

    def _held(self, first: int, last: int, *, important: bool) -> list[EventRecord]:
        """Records of a window; one that is denied as a whole may hold some still: its latest one is asked for alone."""
        found = self.records(first, last % RING, important=important)
        if found or not self.records(last - 1, last % RING, important=important):
            return found
        singly = (self.records(at, (at + 1) % RING, important=important) for at in range(first, last))
        return [record for records in singly for record in records]

    def _passed(self, first: int, last: int, *, important: bool) -> list[EventRecord]:
        """Records of a ring from one state of its counter to another."""
        found: list[EventRecord] = []
        left = (last - first) % RING
        for step in range(0, left, RECORDS):
            begin = (first + step) % RING
            end = (begin + min(RECORDS, left - step)) % RING
            found += self.records(begin, end, important=important)
        return found

    def since(self, before: tuple[int, int], code: int) -> list[EventRecord]:
        """Records of one code that came after the counters EC1 and EC2 were ``before``, important ones first."""
        rings = zip(before, self.counters(), (True, False), strict=True)
        found = [self._passed(first, last, important=important) for first, last, important in rings]
        return [record for records in found for record in records if record.code == code]

    def steps(self, before: tuple[int, int], code: int) -> tuple[int, int]:
        """Steps of EC1 and EC2 since they were ``before``, without those that records of other codes stand for."""
        important, general = (
            (last - first) % RING
            - sum(record.code != code for record in self._passed(first, last, important=ring))
            for first, last, ring in zip(before, self.counters(), (True, False), strict=True)
        )
        return important, general

    def all_events(self, code: int) -> list[EventRecord]:
        """Records of one code in both rings."""
        return [record for ring in (True, False) for record in self.events(important=ring, code=code)]

    def event_count(self, code: int) -> int:
        """How many records of this code there are."""
        return len(self.all_events(code))
