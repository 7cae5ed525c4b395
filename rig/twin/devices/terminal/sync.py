"""Clocks of the meters: looked at once a day, and set by broadcast from the terminal's own clock.

Spec: layered time synchronisation (vendor summary of the State Grid scheme): the delay of each level is compensated
by the port that sends, and nothing is set near midnight or a full hour, where meters freeze
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from rig.protocols.dlt645.frame import encode
from rig.protocols.dlt645.messages import broadcast_time
from rig.twin.devices.terminal.archive import DLT645_2007, MeterEntry

if TYPE_CHECKING:
    from rig.twin.devices.terminal.terminal import Terminal

_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400.0
#: date with week day and time in one item
_CLOCK: Final = 0x0400010C
#: how long before the setting the clocks are read, in seconds
_LOOK_BEFORE_S: Final = 600.0


class ClockKeeping:
    """When meters are looked at and set.

    Attributes:
        deviations: last deviation seen of each point, in seconds, positive when the meter is ahead.
        asked: a setting is wanted as soon as it is allowed.
        broadcasts: settings sent.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.deviations: dict[int, float] = {}
        self.asked = False
        self.broadcasts = 0
        self._off: set[int] = set()
        self._looked_on = -1
        self._set_on = -1

    def start(self) -> None:
        """Work begins: a time of today that has passed is not made up for."""
        day, into_s = divmod(self.terminal.clock.epoch_s(), _DAY_S)
        if into_s >= self.terminal.config.sync_at_s - _LOOK_BEFORE_S:
            self._looked_on = self._set_on = int(day)

    def allowed(self, epoch_s: float) -> bool:
        """Far enough from midnight and from the full hour."""
        behaviour = self.terminal.behaviour
        into_hour = epoch_s % _HOUR_S
        into_day = epoch_s % _DAY_S
        return (
            min(into_hour, _HOUR_S - into_hour) >= behaviour.hour_guard_s
            and min(into_day, _DAY_S - into_day) >= behaviour.midnight_guard_s
        )

    def tick(self) -> None:
        """Look and set when it is time; called every minute."""
        terminal = self.terminal
        epoch_s = terminal.clock.epoch_s()
        day, into_s = divmod(epoch_s, _DAY_S)
        at_s = terminal.config.sync_at_s
        if into_s >= at_s - _LOOK_BEFORE_S and self._looked_on != day and terminal.config.clock_checks:
            self._looked_on = int(day)
            self._look()
        if into_s >= at_s and self._set_on != day:
            self._set_on = int(day)
            self.asked = True
        if self.asked and self.allowed(epoch_s):
            self.asked = False
            self.broadcast()

    def broadcast(self) -> None:
        """Set all meters; the ports add what queue and medium take."""
        terminal = self.terminal
        if not terminal.behaviour.meters_synchronised:
            return
        self.broadcasts += 1
        for queue in terminal.reader.queues.values():
            queue.port.broadcast(encode(broadcast_time(terminal.clock.now())))

    def _look(self) -> None:
        terminal = self.terminal
        for entry in terminal.archive:
            if entry.protocol == DLT645_2007 and terminal.reader.reaches(entry):
                terminal.reader.read(entry, _CLOCK, partial(self._seen, entry), urgent=False)

    def _seen(self, entry: MeterEntry, data: bytes | None) -> None:
        when = None if data is None else clock_of(data[:3], data[3:7])
        if when is not None:
            self.judge(entry, when)

    def judge(self, entry: MeterEntry, shown: datetime) -> None:
        """ERC 12 when a meter's clock is off, and when it is right again."""
        terminal = self.terminal
        deviation_s = (shown - terminal.clock.now()).total_seconds()
        self.deviations[entry.point] = deviation_s
        off = abs(deviation_s) > terminal.config.clock_deviation_s
        if off == (entry.point in self._off):
            return
        (self._off.add if off else self._off.discard)(entry.point)
        terminal.record_event(12, {"point": entry.point, "spare": 0, "begins": int(off)})


def clock_of(time: bytes, day: bytes) -> datetime | None:
    """A meter's clock from octets ss mm hh and WW DD MM YY; None when they are no time."""
    text = time.hex() + day.hex()
    if not text.isdigit():
        return None
    second, minute, hour, _, date, month, year = (int(text[at : at + 2]) for at in range(0, 14, 2))
    try:
        return datetime(2000 + year, month, date, hour, minute, second)  # noqa: DTZ001 - meters keep local time
    except ValueError:
        return None
