"""Defects of terminals in the freezes of reading days."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import DataUnit
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import ROLE, Values, asks, hear_frames, on_values

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal

_READING_DAY = 169


@defect("terminal-reading-day-zero", "answers F169 with zeros", "5.13", role=ROLE)
def reading_day_zero(device: EmulatedTerminal, _: Parameter) -> None:
    """The place of the freeze is never filled."""

    def zeros(_: DataUnit, values: Values) -> Values:
        return {
            key: value if key == "tariffs" or not isinstance(value, Decimal) else Decimal(0)
            for key, value in values.items()
        }

    on_values(device, Afn.HISTORY_DATA, {_READING_DAY}, zeros)


@defect("terminal-reading-day-swallowed", "says nothing to a request for F169", "5.13", role=ROLE)
def reading_day_swallowed(device: EmulatedTerminal, _: Parameter) -> None:
    """Falls through the list of types, and no answer is made."""
    hear_frames(device, lambda frame: None if asks(device, frame, Afn.HISTORY_DATA, _READING_DAY) else frame)
