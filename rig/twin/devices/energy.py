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


class Stretch:
    """Registers over a stretch of constant powers and tariff; never changed once made, so records may keep it."""

    __slots__ = ("marks", "powers", "since_s", "tariff", "tariff_steps", "wh")

    def __init__(
        self,
        since_s: float,
        wh: tuple[float, ...],
        powers: Powers,
        tariff: int,
        tariff_steps: tuple[ChannelSteps, ...],
        marks: tuple[int, ...],
    ) -> None:
        self.since_s = since_s
        self.wh = wh
        self.powers = powers
        self.tariff = tariff
        #: steps credited to each tariff up to the last change of tariff, per channel
        self.tariff_steps = tariff_steps
        #: total steps at the last change of tariff, per channel
        self.marks = marks

    def energy_wh(self, channel: int, at_s: float) -> float:
        """Energy of a channel in Wh, not rolled over."""
        return self.wh[channel] + self.powers[channel] * (at_s - self.since_s) / 3600.0

    def total_steps(self, channel: int, at_s: float) -> int:
        """Total register in steps of 0.01."""
        wh = self.wh[channel] + self.powers[channel] * (at_s - self.since_s) / 3600.0
        return math.floor(wh / STEP_WH + _GRAIN_STEPS) % ROLL_OVER

    def channel_steps(self, channel: int, at_s: float) -> ChannelSteps:
        """Total and tariffs of one channel."""
        values = list(self.tariff_steps[channel])
        total = math.floor(self.energy_wh(channel, at_s) / STEP_WH + _GRAIN_STEPS)
        values[self.tariff - 1] += total - self.marks[channel]
        return (total % ROLL_OVER, *(value % ROLL_OVER for value in values))

    def snapshot(self, at_s: float) -> tuple[ChannelSteps, ...]:
        """All channels."""
        return tuple(self.channel_steps(channel, at_s) for channel in range(CHANNELS))


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
        steps = [[0] * tariffs for _ in range(CHANNELS)]
        for channel, values in ((Channel.FORWARD, forward_wh), (Channel.REVERSE, reverse_wh)):
            for index, value_wh in enumerate(values[:tariffs]):
                steps[channel][index] = math.floor(value_wh / STEP_WH + _GRAIN_STEPS)
        marks = tuple(sum(row) for row in steps)
        wh = tuple(mark * STEP_WH for mark in marks)
        self.stretch = Stretch(start_s, wh, NO_POWER, 1, tuple(tuple(row) for row in steps), marks)

    @property
    def tariff(self) -> int:
        """Tariff in force."""
        return self.stretch.tariff

    @property
    def powers(self) -> Powers:
        """Power registered now per channel, in W, var or VA."""
        return self.stretch.powers

    def energy_wh(self, channel: int, at_s: float) -> float:
        """Registered energy of a channel since the last reset, in Wh (not rolled over)."""
        return self.stretch.energy_wh(channel, at_s)

    def set_powers(self, at_s: float, powers: Powers) -> None:
        """From ``at_s`` on these powers flow."""
        old = self.stretch
        if powers != old.powers:
            self.stretch = Stretch(at_s, self._wh_at(at_s), powers, old.tariff, old.tariff_steps, old.marks)

    def switch_tariff(self, at_s: float, tariff: int) -> None:
        """From ``at_s`` on steps belong to ``tariff``."""
        old = self.stretch
        wh = self._wh_at(at_s)
        marks = tuple(math.floor(value / STEP_WH + _GRAIN_STEPS) for value in wh)
        rows = []
        for row, mark, new_mark in zip(old.tariff_steps, old.marks, marks, strict=True):
            if new_mark == mark:
                rows.append(row)
                continue
            credited = list(row)
            credited[old.tariff - 1] += new_mark - mark
            rows.append(tuple(credited))
        self.stretch = Stretch(at_s, wh, old.powers, tariff, tuple(rows), marks)

    def add_steps(self, channel: int, tariff: int, steps: int, *, total: bool = True) -> None:
        """Put energy on a tariff's register directly (a defect or a test); ``total`` False leaves the total as it is."""
        old = self.stretch
        rows = [list(row) for row in old.tariff_steps]
        rows[channel][tariff - 1] += steps
        wh, marks = list(old.wh), list(old.marks)
        if total:
            wh[channel] += steps * STEP_WH
            marks[channel] += steps
        self.stretch = Stretch(
            old.since_s, tuple(wh), old.powers, old.tariff, tuple(tuple(row) for row in rows), tuple(marks)
        )

    def clear(self, at_s: float) -> None:
        """All registers to zero.

        Spec: DL/T 645-2007, meter reset.
        """
        old = self.stretch
        rows = ((0,) * self.tariffs,) * CHANNELS
        self.stretch = Stretch(at_s, (0.0,) * CHANNELS, old.powers, old.tariff, rows, (0,) * CHANNELS)

    def total_steps(self, channel: int, at_s: float) -> int:
        """Total register in steps of 0.01."""
        return self.stretch.total_steps(channel, at_s)

    def tariff_steps(self, channel: int, tariff: int, at_s: float) -> int:
        """Register of one tariff (1-based) in steps of 0.01."""
        stretch = self.stretch
        steps = stretch.tariff_steps[channel][tariff - 1]
        if tariff == stretch.tariff:
            wh = stretch.energy_wh(channel, at_s)
            steps += math.floor(wh / STEP_WH + _GRAIN_STEPS) - stretch.marks[channel]
        return steps % ROLL_OVER

    def channel_steps(self, channel: int, at_s: float) -> ChannelSteps:
        """Total and tariffs of one channel."""
        return self.stretch.channel_steps(channel, at_s)

    def snapshot(self, at_s: float) -> tuple[ChannelSteps, ...]:
        """All channels."""
        return self.stretch.snapshot(at_s)

    def _wh_at(self, at_s: float) -> tuple[float, ...]:
        old = self.stretch
        hours = (at_s - old.since_s) / 3600.0
        return tuple(wh + power * hours for wh, power in zip(old.wh, old.powers, strict=True))


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
