"""Maximum demand: sliding windows evaluated where they can have their maximum, not minute by minute."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum

from rig.twin.devices.energy import Channel, Powers


class DemandChannel(IntEnum):
    """Demands that the meter keeps."""

    FORWARD = 0
    REVERSE = 1
    REACTIVE_1 = 2
    REACTIVE_2 = 3


@dataclass(frozen=True, slots=True)
class Maximum:
    """Largest demand in steps of 0.0001 kW and the epoch second of the end of its window; None: none yet."""

    steps: int = 0
    at_epoch_s: float | None = None


Maxima = tuple[tuple[Maximum, ...], ...]
_Vector = tuple[float, float, float, float]
_NOTHING: _Vector = (0.0, 0.0, 0.0, 0.0)


def demand_powers(powers: Powers) -> _Vector:
    """Powers of the demand channels: forward, reverse, reactive of Q1 and Q4, reactive of Q2 and Q3."""
    return (
        powers[Channel.FORWARD],
        powers[Channel.REVERSE],
        powers[Channel.Q1] + powers[Channel.Q4],
        powers[Channel.Q2] + powers[Channel.Q3],
    )


class DemandRegisters:
    """Maximum demand per channel, total and per tariff.

    Windows of ``period_s`` end every ``slide_s``. Sliding ones are counted from the last restart (power-up, clear, clock
    setting, change of tariff period), the first ends one full period after it; blocks (``slide_s`` equals ``period_s``)
    go by the clock, the one broken by a restart is left out. All times are the meter's epoch seconds.

    Spec: DL/T 645-2007, 04000103 and 04000104; restart rules provisional.
    """

    def __init__(self, tariffs: int, epoch_s: float, period_s: float, slide_s: float) -> None:
        self.period_s = period_s
        self.slide_s = slide_s
        self.tariffs = tariffs
        self._maxima = self._empty()
        self._began_s = self._first_begin(epoch_s)
        self._next = 0
        self._marks: list[tuple[float, _Vector, _Vector]] = [(epoch_s, _NOTHING, _NOTHING)]

    def restart(self, epoch_s: float) -> None:
        """Begin a new first window at this moment; the power flowing goes on."""
        powers = self._marks[-1][2]
        self._began_s = self._first_begin(epoch_s)
        self._next = 0
        self._marks = [(epoch_s, _NOTHING, powers)]

    def set_powers(self, epoch_s: float, powers: Powers, tariff: int) -> None:
        """From ``epoch_s`` on these powers flow."""
        vector = demand_powers(powers)
        if vector == self._marks[-1][2]:
            return
        self.evaluate(epoch_s, tariff)
        self._marks.append((epoch_s, self._energy(epoch_s), vector))

    def clear(self, epoch_s: float) -> None:
        """All maxima to zero and a new first window."""
        self._maxima = self._empty()
        self.restart(epoch_s)

    def maxima(self) -> Maxima:
        """Per demand channel: total first, then tariff 1..n. Call ``evaluate`` before."""
        return tuple(self._maxima)

    def maximum(self, channel: int, tariff: int) -> Maximum:
        """Maximum of a channel; tariff 0 is the total."""
        return self._maxima[channel][tariff]

    def present(self, epoch_s: float) -> _Vector:
        """Average power in W of the window that ended last (0 before the first), per demand channel."""
        index = self._last_index(epoch_s)
        if index < 0:
            return _NOTHING
        start_s, _, powers = self._marks[-1]
        return powers if self._end(index) - self.period_s >= start_s else self._window(index)

    def view(self) -> DemandRegisters:
        """Copy that goes on as the present load does: for asking ``present`` later about times of this load."""
        twin = DemandRegisters(self.tariffs, self._marks[0][0], self.period_s, self.slide_s)
        twin._began_s, twin._marks = self._began_s, list(self._marks)
        return twin

    def evaluate(self, epoch_s: float, tariff: int) -> None:
        """Look at every window that has ended since the last call; ``tariff`` was in force throughout."""
        last = self._last_index(epoch_s)
        if last < self._next:
            return
        since_s, _, powers = self._marks[-1]
        constant_s = since_s + self.period_s
        if self._end(self._next) >= constant_s:
            # constant load: all windows are equal, the first one counts
            if not self._next or self._end(self._next - 1) < constant_s:
                self._take(self._next, powers, tariff)
        else:
            for index in self._candidates(last):
                self._take(index, self._window(index), tariff)
        self._next = last + 1
        if len(self._marks) > 1:
            self._prune()

    def _empty(self) -> list[tuple[Maximum, ...]]:
        return [(Maximum(),) * (self.tariffs + 1)] * len(DemandChannel)

    def _first_begin(self, epoch_s: float) -> float:
        """Begin of the first window after a restart."""
        if self.slide_s < self.period_s:
            return epoch_s
        return math.ceil(epoch_s / self.period_s - 1e-9) * self.period_s

    def _end(self, index: int) -> float:
        return self._began_s + self.period_s + index * self.slide_s

    def _last_index(self, epoch_s: float) -> int:
        return math.floor((epoch_s - self._began_s - self.period_s) / self.slide_s + 1e-9)

    def _candidates(self, last: int) -> list[int]:
        """Windows beside the points where a window begins or ends at a change of load: extremes lie there."""
        found = {self._next, last}
        for epoch_s, _, _ in self._marks:
            for end_s in (epoch_s, epoch_s + self.period_s):
                index = math.floor((end_s - self._began_s - self.period_s) / self.slide_s)
                found.update(i for i in (index, index + 1) if self._next <= i <= last)
        return sorted(found)

    def _take(self, index: int, powers: _Vector, tariff: int) -> None:
        """Put the powers of a window where they are larger than what is there."""
        for channel, power in enumerate(powers):
            row = self._maxima[channel]
            steps = round(power * 10)
            if steps > row[0].steps or steps > row[tariff].steps:
                self._maxima[channel] = self._raised(row, tariff, Maximum(steps, self._end(index)))

    @staticmethod
    def _raised(row: tuple[Maximum, ...], tariff: int, found: Maximum) -> tuple[Maximum, ...]:
        return tuple(
            found if place in {0, tariff} and found.steps > kept.steps else kept
            for place, kept in enumerate(row)
        )

    def _window(self, index: int) -> _Vector:
        end_s = self._end(index)
        before, after = self._energy(end_s - self.period_s), self._energy(end_s)
        return tuple((b - a) / self.period_s for a, b in zip(before, after, strict=True))  # type: ignore[return-value]

    def _energy(self, epoch_s: float) -> _Vector:
        """Watt-seconds per channel since the restart."""
        place = max(bisect_right(self._marks, epoch_s, key=lambda mark: mark[0]) - 1, 0)
        start_s, energy, powers = self._marks[place]
        span_s = epoch_s - start_s
        return tuple(e + p * span_s for e, p in zip(energy, powers, strict=True))  # type: ignore[return-value]

    def _prune(self) -> None:
        """Forget changes of load that no window to come can reach."""
        oldest_s = self._end(self._next) - self.period_s - self.slide_s
        while len(self._marks) > 1 and self._marks[1][0] <= oldest_s:
            self._marks.pop(0)
