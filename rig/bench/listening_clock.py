"""A clock for stands whose device talks while a case waits."""

from __future__ import annotations

from datetime import datetime

from rig.clock import Clock, Condition
from rig.sessions.acceptor import Meeting


class ListeningClock:
    """Real time in which the uplink is served while somebody waits, so that heartbeats are confirmed."""

    simulated = False

    def __init__(self, clock: Clock, meeting: Meeting) -> None:
        self._clock = clock
        self._meeting = meeting

    def now_s(self) -> float:
        """Seconds of the clock below."""
        return self._clock.now_s()

    def wall(self) -> datetime:
        """Local wall time of the clock below."""
        return self._clock.wall()

    def wait_until(self, deadline_s: float, condition: Condition | None = None) -> bool:
        """Wait as any clock; what the terminal sends meanwhile is heard and confirmed."""
        return self._meeting.wait(deadline_s, condition or _never)


def _never() -> bool:
    return False
