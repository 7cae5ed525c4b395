"""Recorder: everything that crosses a link, with monotonic and wall time of the first and the last octet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rig.clock import Clock
from rig.ports.byte_link import Burst
from rig.transports.manipulate import Direction

#: turns octets into a line of text for people; must not raise
Describe = Callable[[bytes], str]


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """What crossed a link in one direction without a pause that ends a frame.

    ``first_s`` is the start of the first character and ``last_s`` the end of the last one in clock seconds;
    ``wall_first`` and ``wall_last`` are the same moments as local wall time; ``longest_gap_s`` is the longest
    silence between two characters.
    """

    link: str
    direction: Direction
    first_s: float
    last_s: float
    wall_first: datetime
    wall_last: datetime
    data: bytes
    longest_gap_s: float = 0.0
    decode: str = ""


class _Entry:
    """A record in the making: cheap to append to while the line is in use."""

    __slots__ = ("data", "direction", "first_s", "last_s", "link", "longest_gap_s")

    def __init__(self, link: str, direction: Direction, burst: Burst) -> None:
        self.link = link
        self.direction = direction
        self.data = burst.data
        self.first_s = burst.start_s
        self.last_s = burst.end_s
        self.longest_gap_s = 0.0


class Recorder:
    """Keeps the bursts of one or more links in order; turns them into records when somebody asks.

    Args:
        clock: clock that stamps the bursts; its wall time is taken once, so that records never jump.
        describe: gives the text of ``ExchangeRecord.decode``; called only when records are asked for.
        join_gap_s: bursts of the same link and direction that are closer than this are one record, in seconds.
    """

    def __init__(self, clock: Clock, *, describe: Describe | None = None, join_gap_s: float = 0.5) -> None:
        self.describe = describe
        self._describe_by_link: dict[str, Describe] = {}
        self._join_gap_s = join_gap_s
        self._entries: list[_Entry] = []
        self._latest: dict[str, _Entry] = {}
        self._anchor_s = clock.now_s()
        self._anchor_wall = clock.wall()

    def append(self, link: str, direction: Direction, burst: Burst) -> None:
        """Keep one burst of a link."""
        latest = self._latest.get(link)
        if latest is not None and latest.direction == direction:
            gap_s = burst.start_s - latest.last_s
            if gap_s <= self._join_gap_s:
                latest.data += burst.data
                latest.last_s = burst.end_s
                latest.longest_gap_s = max(latest.longest_gap_s, gap_s)
                return
        entry = _Entry(link, direction, burst)
        self._latest[link] = entry
        self._entries.append(entry)

    def describe_as(self, link: str, describe: Describe) -> None:
        """Describe the octets of one link in its own way: links of one recorder carry different protocols."""
        self._describe_by_link[link] = describe

    def mark(self) -> int:
        """Remember this point; what comes later starts a new record."""
        self._latest.clear()
        return len(self._entries)

    def since(self, mark: int = 0) -> list[ExchangeRecord]:
        """Records from a mark on (0: all), in the order in which they began to be recorded."""
        return [self._materialise(entry) for entry in self._entries[mark:]]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._latest.clear()

    def _materialise(self, entry: _Entry) -> ExchangeRecord:
        describe = self._describe_by_link.get(entry.link, self.describe)
        return ExchangeRecord(
            link=entry.link,
            direction=entry.direction,
            first_s=entry.first_s,
            last_s=entry.last_s,
            wall_first=self._wall(entry.first_s),
            wall_last=self._wall(entry.last_s),
            data=entry.data,
            longest_gap_s=entry.longest_gap_s,
            decode=describe(entry.data) if describe else "",
        )

    def _wall(self, moment_s: float) -> datetime:
        return self._anchor_wall + timedelta(seconds=moment_s - self._anchor_s)
