"""Defects of terminals in the freezes of reading days, and of days that they no longer have."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.formats import decode_format
from rig.protocols.gdw1376_1.messages import DataUnit
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import ROLE, Values, asks, hear_frames, on_values
from rig.twin.devices.terminal.collection import date_of

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal

_DAY, _READING_DAY = 161, 169


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


@defect(
    "terminal-lost-days-as-oldest",
    "keeps few day freezes and answers F161 of an older day with the oldest of them",
    "5.13",
    role=ROLE,
    default=3,
    unit="d",
)
def lost_days_as_oldest(device: EmulatedTerminal, days: Parameter) -> None:
    """Its search ends at the last place of the table."""
    storage = device.terminal.storage

    def oldest(unit: DataUnit, values: Values) -> Values:
        kept = storage.days(unit.point)[-int(days or 1) :]
        freeze = storage.day(unit.point, kept[0]) if kept else None
        if freeze is None or str(values["date"]) >= str(date_of(kept[0])):
            return values
        return values | {"total": decode_format(14, b"\0" + freeze.items[1][:4])}

    on_values(device, Afn.HISTORY_DATA, {_DAY}, oldest)
