"""The terminal's clock: drift, setting, and the octets of the present time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from rig.clock import VirtualClock
from rig.protocols.gdw1376_1.formats import encode_format
from rig.twin.devices.meter_clock import MeterClock, from_epoch, to_epoch

_MINUTE_S = 60.0
DAY_S = 86_400.0


class TerminalClock:
    """A clock with a battery: it runs on while the terminal has no supply.

    Args:
        clock: time of the engine.
        offset_s: how far it is ahead at the start.
        drift_s_per_day: seconds it gains in a day.
    """

    def __init__(self, clock: VirtualClock, offset_s: float = 0.0, drift_s_per_day: float = 0.0) -> None:
        self._clock = clock
        self._shown = MeterClock(clock.now_s(), clock.wall(), drift_s_per_day)
        if offset_s:
            self._shown.set(clock.now_s(), to_epoch(clock.wall()) + offset_s)
        self._minute = -1
        self._stamp = b""
        #: times it was set
        self.settings = 0

    def epoch_s(self) -> float:
        """Seconds since 2000-01-01 00:00 that it shows."""
        return self._shown.epoch_at(self._clock.now_s())

    def now(self) -> datetime:
        """What it shows, in whole seconds."""
        return from_epoch(self.epoch_s())

    def engine_time_of(self, epoch_s: float) -> float:
        """Engine time at which it will show this, if nobody sets it."""
        return self._shown.scene_at(epoch_s)

    def set(self, when: datetime) -> None:
        """Set it."""
        self._shown.set(self._clock.now_s(), to_epoch(when))
        self.settings += 1

    def set_drift(self, drift_s_per_day: float) -> None:
        """Change its rate from now on."""
        self._shown.set_drift(self._clock.now_s(), drift_s_per_day)

    def stamp(self) -> bytes:
        """Now in format A.15 (minute hour day month year)."""
        minute = int(self.epoch_s() // _MINUTE_S)
        if minute != self._minute:
            self._minute = minute
            self._stamp = encode_format(15, self.now())
        return self._stamp


def clock_value(value: Decimal | str | None) -> datetime | None:
    """A time of format A.1 from its text (``2026-03-02 W1 08:15:30``); None when it is none."""
    day, _, time = str(value or "").partition(" ")
    try:
        return datetime.fromisoformat(f"{day} {time.rpartition(' ')[2]}")
    except ValueError:
        return None
