"""Clocks: the only place beside the transports that reads or waits for real time."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

Condition = Callable[[], bool]


class Clock(Protocol):
    """Monotonic seconds, wall time, and the one way to wait."""

    @property
    def simulated(self) -> bool:
        """True when time is virtual."""
        ...

    def now_s(self) -> float:
        """Monotonic time in seconds from an arbitrary origin."""
        ...

    def wall(self) -> datetime:
        """Local wall time, naive, as a meter shows it."""
        ...

    def wait_until(self, deadline_s: float, condition: Condition | None = None) -> bool:
        """Wait to ``deadline_s`` or until ``condition`` holds; returns whether it holds (False without one)."""
        ...


class SystemClock:
    """Real time."""

    simulated = False
    #: how often a condition is looked at; far below the 20 ms that DL/T 645 can ask to resolve
    poll_s = 0.001

    def now_s(self) -> float:
        """Seconds of the system's monotonic clock."""
        return time.monotonic()

    def wall(self) -> datetime:
        """Local wall time of the host."""
        return datetime.now()  # noqa: DTZ005 - meters keep local time without zone

    def wait_until(self, deadline_s: float, condition: Condition | None = None) -> bool:
        """Sleep to the deadline, looking at the condition every millisecond."""
        while True:
            if condition is not None and condition():
                return True
            left = deadline_s - time.monotonic()
            if left <= 0:
                return False
            time.sleep(left if condition is None else min(left, self.poll_s))


class Timer:
    """A due event that can be cancelled."""

    __slots__ = ("callback", "cancelled", "when_s")

    def __init__(self, when_s: float, callback: Callable[[], None]) -> None:
        self.when_s = when_s
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        """Never run it."""
        self.cancelled = True


class VirtualClock:
    """Time that moves only when somebody waits: a heap of due events, run in order of time, then of scheduling.

    The same clock serves emulated devices in real time: a server loop calls ``advance_to`` as real time passes.
    """

    simulated = True

    def __init__(self, start: datetime = datetime(2026, 3, 2, 8, 0, 0)) -> None:  # noqa: DTZ001 - local time of the twin
        self._start = start
        self._now_s = 0.0
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()

    def now_s(self) -> float:
        """Virtual seconds since the start."""
        return self._now_s

    def wall(self) -> datetime:
        """Virtual wall time."""
        return self._start + timedelta(seconds=self._now_s)

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` at ``when_s``; a time in the past runs at the next chance, never earlier than now."""
        timer = Timer(max(when_s, self._now_s), callback)
        heapq.heappush(self._heap, (timer.when_s, next(self._order), timer))
        return timer

    def next_due_s(self) -> float | None:
        """Time of the next event, or None."""
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance_to(self, when_s: float) -> None:
        """Run every event due up to ``when_s`` and set the time to it."""
        self.wait_until(when_s)

    def wait_until(self, deadline_s: float, condition: Condition | None = None) -> bool:
        """Run due events in order until the condition holds or the deadline is reached."""
        if condition is not None and condition():
            return True
        heap = self._heap
        while heap and heap[0][0] <= deadline_s:
            when_s, _, timer = heapq.heappop(heap)
            if timer.cancelled:
                continue
            self._now_s = when_s
            timer.callback()
            if condition is not None and condition():
                return True
        self._now_s = max(self._now_s, deadline_s)
        return False
