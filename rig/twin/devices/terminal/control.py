"""Control of meters and of the terminal's own rights: trip, permission to close, alarms, keeping of supply, reports.

Spec: Q/GDW 376.1-2009 AFN=05H; DL/T 645-2007 function 1CH (State Grid extension)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from rig.errors import LocalProtocolError
from rig.protocols.dlt645.messages import Credentials, RemoteControl, remote_control
from rig.twin.devices.terminal.archive import MeterEntry

if TYPE_CHECKING:
    from rig.protocols.dlt645.messages import Answer
    from rig.twin.devices.terminal.terminal import Terminal

Done = Callable[[bool], None]

#: level of the password for control commands
_CONTROL_LEVEL: Final = 2
#: how long a command stays valid for the meter
_VALID: Final = timedelta(minutes=10)
_HALF_HOUR_S: Final = 1800.0
#: total active power of a meter
POWER: Final = 0x02030000


class Control:
    """Commands to meters, and what the terminal itself is allowed."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.reports_permitted = True
        self.talk_permitted = True
        self.keeping = False
        self.removed = False
        self.arrears_alarm = False
        self._keep_order = 0
        self._orders: dict[int, int] = {}

    def keep(self, *, on: bool, half_hours: int = 0) -> None:
        """Keep the supply of everybody behind the terminal: no trip is passed on; 0 half hours: until it is ended."""
        self._keep_order += 1
        self.keeping = on
        if on and half_hours:
            clock = self.terminal.engine.clock
            over = partial(self._keep_over, self._keep_order)
            clock.call_at(clock.now_s() + half_hours * _HALF_HOUR_S, over)

    def _keep_over(self, order: int) -> None:
        if order == self._keep_order:
            self.keeping = False

    def credentials(self, entry: MeterEntry) -> Credentials:
        """Level, password and operator for a meter: from the archive when it has a password, else the configured one.

        The archive's six octets are read as level, three octets of password low first, and two that are not used.
        """
        config = self.terminal.config
        if any(entry.password):
            digits = entry.password[1:4][::-1].hex()
            if digits.isdigit():
                return Credentials(entry.password[0], digits, config.operator)
        return Credentials(_CONTROL_LEVEL, config.meter_passwords[_CONTROL_LEVEL], config.operator)

    def command(self, entry: MeterEntry, command: int, done: Done) -> None:
        """Send a command; ``done`` hears whether the meter accepted it."""
        terminal = self.terminal
        try:
            frame = remote_control(
                entry.address, self.credentials(entry), command, terminal.clock.now() + _VALID
            )
        except LocalProtocolError:
            done(False)
            return

        def answered(answer: Answer | None) -> None:
            done(answer is not None)

        terminal.reader.exchange(entry, frame, answered, retries=0)

    def trip(self, entry: MeterEntry, done: Done, *, alarm_min: int = 0, limit_half_hours: int = 0) -> None:
        """Open the relay, after an alarm of some minutes when asked; with a limit permit closing again behind it."""
        point = entry.point
        order = self._orders[point] = self._orders.get(point, 0) + 1
        if self.keeping and self.terminal.behaviour.keeping_respected:
            done(False)
            return
        if not self.terminal.behaviour.trip_forwarded:
            done(True)
            return
        if not alarm_min:
            self._trip_now(entry, order, limit_half_hours, done)
            return
        self.command(entry, RemoteControl.ALARM, done)
        clock = self.terminal.engine.clock
        later = partial(self._trip_now, entry, order, limit_half_hours, lambda _: None)
        clock.call_at(clock.now_s() + alarm_min * 60.0, later)

    def _trip_now(self, entry: MeterEntry, order: int, limit_half_hours: int, done: Done) -> None:
        if self._orders.get(entry.point) != order or not self.terminal.running:
            return
        clock = self.terminal.engine.clock
        if self.terminal.behaviour.trip_confirmed_by_meter:
            told: Done = partial(self._tripped, entry, done)
        else:
            told = partial(self._tripped, entry, lambda _: None)
            done(True)
        self.command(entry, RemoteControl.TRIP, told)
        if limit_half_hours:
            back = partial(self._limit_over, entry, order)
            clock.call_at(clock.now_s() + limit_half_hours * _HALF_HOUR_S, back)

    def _limit_over(self, entry: MeterEntry, order: int) -> None:
        if self._orders.get(entry.point) == order and self.terminal.running:
            self.permit(entry, lambda _: None)

    def _tripped(self, entry: MeterEntry, done: Done, ok: bool) -> None:
        """ERC 5 at once with the power before the trip; two minutes later the power then is put into the record."""
        if ok:
            self.terminal.record_trip(entry)
        done(ok)

    def permit(self, entry: MeterEntry, done: Done) -> None:
        """Permission to close; a trip that still waits for its alarm is dropped."""
        self._orders[entry.point] = self._orders.get(entry.point, 0) + 1
        self.command(entry, RemoteControl.CLOSE_PERMIT, done)

    def factory(self) -> None:
        """Rights at delivery."""
        self.reports_permitted = self.talk_permitted = True
        self.keeping = self.removed = self.arrears_alarm = False
        self._orders.clear()
