"""Octets between terminal and command center, by day and month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.devices.terminal.clock import TerminalClock

if TYPE_CHECKING:
    from rig.twin.devices.terminal.terminal import Terminal

#: days of traffic kept
_KEPT_DAYS = 400


class Traffic:
    """Counters by day; ERC 32 when the month's limit (parameter F36) is passed."""

    def __init__(self, clock: TerminalClock) -> None:
        self._clock = clock
        self._days: dict[str, int] = {}
        self._warned = ""

    def count(self, octets: int) -> None:
        """Octets went out or came in."""
        today = self._clock.now().strftime("%Y-%m-%d")
        self._days[today] = self._days.get(today, 0) + octets
        while len(self._days) > _KEPT_DAYS:
            del self._days[next(iter(self._days))]

    def of_day(self, day: str) -> int:
        """Octets of a day ``2026-03-02``."""
        return self._days.get(day, 0)

    def of_month(self, month: str) -> int:
        """Octets of a month ``2026-03``."""
        return sum(octets for day, octets in self._days.items() if day.startswith(month))

    def tick(self, terminal: Terminal) -> None:
        """Look at the limit."""
        limit = terminal.parameters.number(36, "monthly_limit")
        if not limit:
            return
        month = self._clock.now().strftime("%Y-%m")
        octets = self.of_month(month)
        if octets > limit and self._warned != month:
            self._warned = month
            terminal.record_event(32, {"month": octets, "limit": limit})
