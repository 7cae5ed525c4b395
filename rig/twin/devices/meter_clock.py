"""The meter's own clock: drift, setting, and its second pulse."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timedelta

#: origin of the meter's epoch seconds; two-digit years count from here
EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - meters keep local time without zone
_DAY_S = 86_400.0
#: a moment this close below a full second counts as the second: float sums must not show 07:59:59 for 08:00:00
_GRAIN_S = 1e-6


def to_epoch(when: datetime) -> float:
    """Seconds since 2000-01-01 00:00 of a local time."""
    return (when - EPOCH).total_seconds()


def from_epoch(epoch_s: float) -> datetime:
    """Local time of epoch seconds, cut to whole seconds."""
    return EPOCH + timedelta(seconds=math.floor(epoch_s + _GRAIN_S))


class MeterClock:
    """Clock that runs fast or slow by a constant rate, can be set, and is never stopped by a power failure.

    Args:
        scene_s: scene time at the start.
        shown: what it shows then.
        drift_s_per_day: seconds it gains in a day.
    """

    def __init__(self, scene_s: float, shown: datetime, drift_s_per_day: float = 0.0) -> None:
        self.drift_s_per_day = drift_s_per_day
        self._rate = 1.0 + drift_s_per_day / _DAY_S
        self._scene_s = scene_s
        self._epoch_s = to_epoch(shown)
        self.second_pulses = SecondPulses(scene_s, self._rate)

    def epoch_at(self, scene_s: float) -> float:
        """Epoch seconds shown at a scene time (since the last setting)."""
        return self._epoch_s + (scene_s - self._scene_s) * self._rate

    def scene_at(self, epoch_s: float) -> float:
        """Scene time at which the clock shows this, if nobody sets it."""
        return self._scene_s + (epoch_s - self._epoch_s) / self._rate

    def converter(self) -> Callable[[float], float]:
        """``scene_at`` as it is now, whatever is set later."""
        scene_s, epoch_s, rate = self._scene_s, self._epoch_s, self._rate
        return lambda at_epoch_s: scene_s + (at_epoch_s - epoch_s) / rate

    def set(self, scene_s: float, epoch_s: float) -> None:
        """Set the clock: from ``scene_s`` on it shows ``epoch_s`` and runs on."""
        self._scene_s = scene_s
        self._epoch_s = epoch_s

    def set_drift(self, scene_s: float, drift_s_per_day: float) -> None:
        """Change the rate from ``scene_s`` on."""
        self._epoch_s = self.epoch_at(scene_s)
        self._scene_s = scene_s
        self.drift_s_per_day = drift_s_per_day
        self._rate = 1.0 + drift_s_per_day / _DAY_S
        self.second_pulses.set_rate(scene_s, self._rate)


class SecondPulses:
    """Pulse n comes n seconds of the meter's crystal after the start; setting the clock does not disturb it."""

    def __init__(self, start_s: float, rate: float) -> None:
        self._starts = [start_s]
        self._pieces = [(start_s, 0.0, rate)]

    def set_rate(self, scene_s: float, rate: float) -> None:
        """Crystal rate from ``scene_s`` on."""
        start_s, ticks, old = self._pieces[-1]
        piece = (scene_s, ticks + (scene_s - start_s) * old, rate)
        if scene_s <= start_s:
            self._pieces[-1] = piece
        else:
            self._pieces.append(piece)
            self._starts.append(scene_s)

    def count_at(self, scene_s: float) -> int:
        """Pulses given up to a scene time."""
        start_s, ticks, rate = self._pieces[max(bisect_right(self._starts, scene_s) - 1, 0)]
        return max(math.floor(ticks + (scene_s - start_s) * rate + 1e-9), 0)

    def time_of(self, number: int) -> float:
        """Scene time of pulse ``number``, past or future."""
        for start_s, ticks, rate in reversed(self._pieces):
            if number > ticks or ticks == 0.0:
                return start_s + (number - ticks) / rate
        return self._pieces[0][0]
