"""What an answer has of what was asked for: a terminal may answer in time and say nothing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from rig.ncc.items import ItemType, item_type, place_of
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.messages import DataUnit, parse_message
from rig.protocols.gdw1376_1.profile import Profile
from rig.protocols.gdw1376_1.units import decode_unit_id

#: points and types that a request names
Asked = frozenset[tuple[int, int]]
#: why a command failed whose answer came
NOTHING: Final = "nothing of what was asked for"
ABSENT: Final = "absent: the terminal has no value of what was asked for"
#: what is said of a command whose answers have more values than the center keeps for it
CUT: Final = "the answer has more values than are kept with a command"
_IDENTIFIER: Final = 4
_MARK: Final = {"day": 3, "month": 2, "curve": 7}


def asked_by(body: bytes, history: ItemType | None = None) -> Asked:
    """What the identifiers of a body name; behind each of them is a mark when it asks for ``history``."""
    step = _IDENTIFIER + (_MARK[history.mark] if history is not None else 0)
    return frozenset(
        pair
        for at in range(0, len(body), step)
        for pair in decode_unit_id(body[at : at + _IDENTIFIER]).pairs()
    )


def units_within(frames: Iterable[Frame], profile: Profile, most_values: int) -> tuple[list[DataUnit], bool]:
    """The units of an answer, frame by frame until they have so many values; whether that is all of it.

    A terminal may answer with far more than it was asked for, and nobody else is served while that is read.
    """
    units: list[DataUnit] = []
    values = 0
    for frame in frames:
        if values >= most_values:
            return units, False
        found = parse_message(frame, profile).units
        units += found
        values += sum(len(unit.values) for unit in found)
    return units, True


def asked_among(units: Iterable[DataUnit], asked: Asked) -> list[DataUnit]:
    """The units of an answer that were asked for."""
    return [unit for unit in units if (unit.point, unit.number) in asked]


def has_value(afn: int, unit: DataUnit) -> bool:
    """Whether a unit has a value: of readings one that can be stored, else any; what cannot be read counts as one."""
    if unit.item is None or not unit.item.up:
        return True
    if item_type(afn, unit.number) is None:
        return any(value.value is not None for value in unit.values)
    return any(
        isinstance(value.value, Decimal) and place_of(afn, unit.number, value.key) is not None
        for value in unit.values
    )
