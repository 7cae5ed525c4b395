"""What the center knows of one terminal: archive, connection, requests, clock, event counters."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from rig.ncc.decode import Decoder
from rig.ncc.items import terminal_key
from rig.ncc.requests import Incomplete, RequestQueue
from rig.ports.command_center import PointEntry, TerminalEntry, TerminalState
from rig.protocols.gdw1376_1.frame import Address

if TYPE_CHECKING:
    from rig.ncc.session import Session
    from rig.ncc.settings import Scheduler, Settings


@dataclass(slots=True)
class ClockState:
    """What is known of a terminal's clock. ``offset_s``: terminal less center."""

    offset_s: float | None = None
    corrected: list[datetime] = field(default_factory=list)
    faulty: bool = False


class Terminal:
    """One registered terminal."""

    def __init__(
        self, entry: TerminalEntry, clock: Scheduler, settings: Settings, incomplete: Incomplete
    ) -> None:
        self.entry = entry
        self.key = terminal_key(entry.address)
        region, _, terminal = entry.address.partition("-")
        self.address = Address(region, int(terminal, 16), settings.master)
        self.points: dict[int, PointEntry] = {}
        self.decoder = Decoder(self.key, self.has, settings.profile)
        self.queue = RequestQueue(self.address, entry.password, clock, settings, incomplete)
        self.session: Session | None = None
        self.logins = 0
        #: address that it logged in from last, and when it first did since it was another, s
        self.held_by = ""
        self.held_since_s = -math.inf
        #: after a flood its login is refused until this time, s, from that address: whoever else floods under its name
        #: shuts it out at his own address only
        self.refused_until_s: dict[str, float] = {}
        #: when it was superseded from another address, or was to be, s
        self.takeovers: deque[float] = deque(maxlen=settings.limits.takeovers)
        self.last_seen: datetime | None = None
        self.clock = ClockState()
        #: number of the event that comes next, by importance; None: not asked the store yet
        self.next_event: dict[bool, int | None] = {True: None, False: None}
        self.fetching: set[bool] = set()

    def has(self, point: int) -> bool:
        """Whether a point is one of its own, or what it says of itself: it may write no others."""
        return point == 0 or point in self.points

    def update(self, entry: TerminalEntry) -> None:
        """Its entry was replaced."""
        self.entry = entry
        self.queue.password = entry.password

    def state(self) -> TerminalState:
        """For those who ask."""
        session = self.session
        return TerminalState(
            self.entry,
            session is not None,
            session.remote if session is not None else "",
            self.logins,
            self.last_seen,
            self.clock.offset_s,
            self.clock.faulty,
        )
