"""Energy pulse output: the time of every pulse solved in closed form over stretches of constant power."""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable

#: a pulse this small a part of a pulse away counts as given: float sums
_GRAIN = 1e-9
#: jitter never moves a pulse by more than this part of its period, so that pulses keep their order
_LARGEST_JITTER = 0.2
#: the noise setting speaks of a measurement of ten seconds between two pulses
_NOISE_SPAN_S = 10.0


class EnergyPulses:
    """Pulse n is given when registered energy (both directions) passes n / constant, plus a little jitter.

    Args:
        constant_imp_per_kwh: pulses per kWh.
        start_s: scene time at which counting begins.
        now_s: gives the scene time.
        seed: of the jitter.
    """

    def __init__(
        self, constant_imp_per_kwh: float, start_s: float, now_s: Callable[[], float], seed: int
    ) -> None:
        self.constant_imp_per_kwh = constant_imp_per_kwh
        self.noise_percent = 0.0
        self._now_s = now_s
        self._seed = seed
        self._starts = [start_s]
        self._pulses = [0.0]
        #: pulses per second in each stretch
        self._rates = [0.0]

    def set_power(self, at_s: float, power_w: float) -> None:
        """From ``at_s`` on this power (absolute, registered) flows."""
        rate = power_w * self.constant_imp_per_kwh / 3.6e6
        if rate == self._rates[-1]:
            return
        done = self._pulses[-1] + (at_s - self._starts[-1]) * self._rates[-1]
        if at_s <= self._starts[-1]:
            self._rates[-1] = rate
            return
        self._starts.append(at_s)
        self._pulses.append(done)
        self._rates.append(rate)

    def count(self) -> int:
        """Pulses given from the beginning up to now."""
        return self.count_at(self._now_s())

    def count_at(self, at_s: float) -> int:
        """Pulses given up to a scene time."""
        index = max(bisect_right(self._starts, at_s) - 1, 0)
        done = self._pulses[index] + max(at_s - self._starts[index], 0.0) * self._rates[index]
        number = math.floor(done + _GRAIN)
        if self.noise_percent == 0.0:
            return number
        # jitter can hold back the last pulse or bring the next one forward
        if number and self._moment(number) > at_s:
            return number - 1
        return number + 1 if self._moment(number + 1) <= at_s else number

    def time_of(self, number: int) -> float | None:
        """Scene time in seconds of pulse ``number`` (1 is the first), or None while it has not been given."""
        if number < 1:
            return None
        now_s = self._now_s()
        if number > self.count_at(now_s):
            return None
        return min(self._moment(number), now_s)

    def _moment(self, number: int) -> float:
        """Time of a pulse at the present power, past or future; infinite when nothing flows."""
        index = max(bisect_left(self._pulses, number - _GRAIN) - 1, 0)
        while index + 1 < len(self._pulses) and self._pulses[index + 1] < number - _GRAIN:
            index += 1
        rate = self._rates[index]
        if rate <= 0.0:
            return math.inf
        moment = self._starts[index] + (number - self._pulses[index]) / rate
        return moment + self._jitter(number, rate)

    def _jitter(self, number: int, rate: float) -> float:
        if self.noise_percent == 0.0:
            return 0.0
        sigma_s = self.noise_percent / 100.0 * _NOISE_SPAN_S / math.sqrt(2.0)
        bound_s = _LARGEST_JITTER / rate
        drawn_s = random.Random(self._seed * 1_000_003 + number).gauss(0.0, sigma_s)
        return max(-bound_s, min(bound_s, drawn_s))


class ClockPulses:
    """Second pulses seen through a clock that can be exchanged; see ``MeterClock.second_pulses``."""

    def __init__(
        self, count_at: Callable[[float], int], time_at: Callable[[int], float], now_s: Callable[[], float]
    ) -> None:
        self._count_at = count_at
        self._time_at = time_at
        self._now_s = now_s

    def count(self) -> int:
        """Pulses given from the beginning up to now."""
        return self._count_at(self._now_s())

    def time_of(self, number: int) -> float | None:
        """Scene time in seconds of pulse ``number``, or None while it has not been given."""
        if number < 1 or number > self.count():
            return None
        return self._time_at(number)
