"""Energy registers: totals and tariffs per channel, linear over stretches of constant load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum

#: one register step of 0.01 kWh in Wh
STEP_WH = 10.0
#: registers roll over at 1 000 000 kWh
ROLL_OVER = 100_000_000
#: a sum of floats may end this far below a full step
_GRAIN_STEPS = 1e-7


class Channel(IntEnum):
    """What is counted. Reactive channels are the four quadrants."""

    FORWARD = 0
    REVERSE = 1
    Q1 = 2
    Q2 = 3
    Q3 = 4
    Q4 = 5
    APPARENT_FORWARD = 6
    APPARENT_REVERSE = 7


CHANNELS = len(Channel)
Powers = tuple[float, float, float, float, float, float, float, float]
NO_POWER: Powers = (0.0,) * 8
#: total first, then tariff 1..n, in steps of 0.01
ChannelSteps = tuple[int, ...]


class EnergyRegisters:
    """1 + n registers per channel.

    Each register step belongs to the tariff in force when the total made it, so the tariffs always add up to the
    total exactly.

    Args:
        tariffs: number of tariffs.
        start_s: scene time.
        forward_wh: start values per tariff, likewise ``reverse_wh``.
    """

    def __init__(
        self, tariffs: int, start_s: float, forward_wh: Sequence[float] = (), reverse_wh: Sequence[float] = ()
    ) -> None:
        self.tariffs = tariffs
        self.tariff = 1
        self._since_s = start_s
        self._powers: Powers = NO_POWER
        self._tariff_steps = [[0] * tariffs for _ in range(CHANNELS)]
        for channel, values in ((Channel.FORWARD, forward_wh), (Channel.REVERSE, reverse_wh)):
            for index, value_wh in enumerate(values[:tariffs]):
                self._tariff_steps[channel][index] = math.floor(value_wh / STEP_WH + _GRAIN_STEPS)
        self._wh = [sum(steps) * STEP_WH for steps in self._tariff_steps]
        self._marks = [sum(steps) for steps in self._tariff_steps]

    @property
    def powers(self) -> Powers:
        """Power registered now per channel, in W, var or VA."""
        return self._powers

    def energy_wh(self, channel: int, at_s: float) -> float:
        """Registered energy of a channel since the last reset, in Wh (not rolled over)."""
        return self._wh[channel] + self._powers[channel] * (at_s - self._since_s) / 3600.0

    def set_powers(self, at_s: float, powers: Powers) -> None:
        """From ``at_s`` on these powers flow."""
        self._fold(at_s)
        self._powers = powers

    def switch_tariff(self, at_s: float, tariff: int) -> None:
        """From ``at_s`` on steps belong to ``tariff``."""
        self._fold(at_s)
        self._credit()
        self.tariff = tariff

    def add_steps(self, channel: int, tariff: int, steps: int) -> None:
        """Put energy on a register directly (a defect or a test)."""
        self._tariff_steps[channel][tariff - 1] += steps
        self._wh[channel] += steps * STEP_WH
        self._marks[channel] += steps

    def clear(self, at_s: float) -> None:
        """All registers to zero.

        Spec: DL/T 645-2007, meter reset.
        """
        self._since_s = at_s
        self._wh = [0.0] * CHANNELS
        self._marks = [0] * CHANNELS
        self._tariff_steps = [[0] * self.tariffs for _ in range(CHANNELS)]

    def total_steps(self, channel: int, at_s: float) -> int:
        """Total register in steps of 0.01."""
        wh = self._wh[channel] + self._powers[channel] * (at_s - self._since_s) / 3600.0
        return math.floor(wh / STEP_WH + _GRAIN_STEPS) % ROLL_OVER

    def tariff_steps(self, channel: int, tariff: int, at_s: float) -> int:
        """Register of one tariff (1-based) in steps of 0.01."""
        steps = self._tariff_steps[channel][tariff - 1]
        if tariff == self.tariff:
            wh = self._wh[channel] + self._powers[channel] * (at_s - self._since_s) / 3600.0
            steps += math.floor(wh / STEP_WH + _GRAIN_STEPS) - self._marks[channel]
        return steps % ROLL_OVER

    def channel_steps(self, channel: int, at_s: float) -> ChannelSteps:
        """Total and tariffs of one channel."""
        values = list(self._tariff_steps[channel])
        wh = self._wh[channel] + self._powers[channel] * (at_s - self._since_s) / 3600.0
        total = math.floor(wh / STEP_WH + _GRAIN_STEPS)
        values[self.tariff - 1] += total - self._marks[channel]
        return (total % ROLL_OVER, *(value % ROLL_OVER for value in values))

    def snapshot(self, at_s: float) -> tuple[ChannelSteps, ...]:
        """All channels."""
        return tuple(self.channel_steps(channel, at_s) for channel in range(CHANNELS))

    def _fold(self, at_s: float) -> None:
        hours = (at_s - self._since_s) / 3600.0
        if hours:
            for channel, power in enumerate(self._powers):
                if power:
                    self._wh[channel] += power * hours
        self._since_s = at_s

    def _credit(self) -> None:
        for channel in range(CHANNELS):
            total = math.floor(self._wh[channel] / STEP_WH + _GRAIN_STEPS)
            self._tariff_steps[channel][self.tariff - 1] += total - self._marks[channel]
            self._marks[channel] = total


def combined_active(word: int, forward: ChannelSteps, reverse: ChannelSteps) -> ChannelSteps:
    """Combined active energy by its mode word: b0 +forward, b1 -forward, b2 +reverse, b3 -reverse.

    Spec: DL/T 645-2007, appendix C, combination word of active energy (04000601).
    """
    first = (word & 1) - (word >> 1 & 1)
    second = (word >> 2 & 1) - (word >> 3 & 1)
    return tuple(first * a + second * b for a, b in zip(forward, reverse, strict=True))


def combined_reactive(word: int, quadrants: Sequence[ChannelSteps]) -> ChannelSteps:
    """Combined reactive energy by its mode word: two bits a quadrant, plus then minus.

    Spec: DL/T 645-2007, appendix C, combination words of reactive energy (04000602, 04000603).
    """
    signs = [(word >> 2 * index & 1) - (word >> 2 * index + 1 & 1) for index in range(4)]
    return tuple(
        sum(sign * value for sign, value in zip(signs, values, strict=True))
        for values in zip(*quadrants, strict=True)
    )
