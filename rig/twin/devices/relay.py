"""The load relay: trip, permission to close, close, delayed trip, keep-supply, alarm."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import IntEnum

from rig.twin.devices.behaviour import Behaviour
from rig.twin.devices.refusal import Reason, Refusal

#: unit of the automatic restore time of the extension commands, in seconds (recalled)
_RESTORE_UNIT_S = 300.0


class Command(IntEnum):
    """Commands of the relay, numbered as the State Grid numbers them."""

    TRIP = 0x1A
    PERMIT = 0x1B
    CLOSE = 0x1C
    TRIP_RESTORE = 0x1D
    TRIP_RESTORE_ALTERNATE = 0x1E
    ALARM = 0x2A
    ALARM_OFF = 0x2B
    KEEP_SUPPLY = 0x3A
    KEEP_SUPPLY_OFF = 0x3B


class Relay:
    """State of the relay; ``moved`` is told ``(opened, epoch_s)`` when the contact has really moved.

    Spec: State Grid extension of DL/T 645-2007, function 1CH
    """

    def __init__(self, behaviour: Behaviour, moved: Callable[[bool, float], None]) -> None:
        self.behaviour = behaviour
        self.moved = moved
        self.open = False
        self.permitted = False
        self.keep_supply = False
        self.alarm = False
        self.commanded_open = False
        self.trip_delay_s = 0.0
        #: epoch second of a trip to come, infinite when none
        self.trip_due_s = math.inf
        self.restore_due_s = math.inf
        self.operator = "00000000"

    @property
    def next_due_s(self) -> float:
        """Epoch second of the next move by itself."""
        return min(self.trip_due_s, self.restore_due_s)

    def command(self, code: int, epoch_s: float, *, parameter: int = 0, operator: str = "00000000") -> None:
        """Carry out a command.

        Raises:
            Refusal: unknown command (no data), or a trip while the supply must be kept (not authorised).
        """
        if code not in set(Command):
            raise Refusal(Reason.NO_DATA)
        self.operator = operator
        if code in {Command.TRIP, Command.TRIP_RESTORE, Command.TRIP_RESTORE_ALTERNATE}:
            self._order_trip(code, epoch_s, parameter)
        elif code in {Command.CLOSE, Command.PERMIT}:
            self._order_close(code, epoch_s)
        elif code in {Command.ALARM, Command.ALARM_OFF}:
            self.alarm = code == Command.ALARM
        else:
            self.keep_supply = code == Command.KEEP_SUPPLY
            if self.keep_supply and self.behaviour.keep_supply_respected:
                self._order_close(Command.CLOSE, epoch_s)

    def press_button(self, epoch_s: float) -> None:
        """The user presses the button on the meter: closes when permitted."""
        if self.permitted:
            self._move(False, epoch_s)

    def run_due(self, epoch_s: float) -> None:
        """Carry out what has become due."""
        if self.trip_due_s <= epoch_s:
            self.trip_due_s = math.inf
            self._move(True, epoch_s)
        if self.restore_due_s <= epoch_s:
            self.restore_due_s = math.inf
            self._order_close(Command.CLOSE, epoch_s)

    def _order_trip(self, code: int, epoch_s: float, parameter: int) -> None:
        if self.keep_supply and self.behaviour.keep_supply_respected:
            raise Refusal(Reason.NOT_AUTHORISED)
        self.commanded_open = True
        self.permitted = False
        if code != Command.TRIP:
            self.restore_due_s = epoch_s + self.trip_delay_s + max(parameter, 1) * _RESTORE_UNIT_S
        if self.trip_delay_s > 0 and not self.open:
            self.trip_due_s = epoch_s + self.trip_delay_s
        else:
            self._move(True, epoch_s)

    def _order_close(self, code: int, epoch_s: float) -> None:
        self.commanded_open = False
        self.trip_due_s = self.restore_due_s = math.inf
        if code == Command.PERMIT:
            self.permitted = self.open
        else:
            self._move(False, epoch_s)

    def _move(self, opened: bool, epoch_s: float) -> None:
        if not opened:
            self.permitted = False
        if opened == self.open or not self.behaviour.relay_moves:
            return
        self.open = opened
        self.moved(opened, epoch_s)
