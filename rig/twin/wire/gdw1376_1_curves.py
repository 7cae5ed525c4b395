"""Handlers of the curves of class 2 data (0D), from the load records of the meters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.formats import encode_format
from rig.protocols.gdw1376_1.layout import POINTS_AN_HOUR
from rig.protocols.gdw1376_1.units import encode_unit_id
from rig.twin.devices.meter_clock import EPOCH
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.curves import INTERVAL_MIN
from rig.twin.wire.gdw1376_1_answers import unit_room
from rig.twin.wire.gdw1376_1_calls import Call, Handler
from rig.twin.wire.gdw1376_1_meter_data import energy, entry_of

_ABSENT: Final = b"\xee"
#: first minute whose year has no place in two digits
_BEHIND_LAST_MIN: Final = int((EPOCH.replace(year=2100) - EPOCH).total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve: class of the load record, where a value lies in it; ``energy``: difference of two readings."""

    number: int
    at: int
    octets: int
    energy: bool = False


CURVES: Final[dict[int, Curve]] = {
    **{81 + place: Curve(2, 3 * place, 3) for place in range(8)},
    **{89 + place: Curve(1, 2 * place, 2) for place in range(3)},
    **{92 + place: Curve(1, 6 + 3 * place, 3) for place in range(3)},
    **{97 + place: Curve(4, 4 * at, 4, energy=True) for place, at in enumerate((0, 2, 1, 3))},
    **{101 + place: Curve(4, 4 * at, 4) for place, at in enumerate((0, 2, 1, 3))},
    **{105 + place: Curve(3, 2 * place, 2) for place in range(4)},
    **{145 + place: Curve(5, 4 * at, 4) for place, at in enumerate((0, 3, 1, 2))},
}


def curve_handlers() -> dict[tuple[int, int], Handler]:
    """Handlers of curves."""
    return {(Afn.HISTORY_DATA, number): curve for number in CURVES}


@dataclass(frozen=True, slots=True)
class _Points:
    """Points of a curve that were asked for: minutes since 2000-01-01, and minutes from one to the next."""

    minutes: tuple[int, ...]
    density: int
    step: int

    def mark(self, at: int, count: int) -> bytes:
        """Td_c of ``count`` points from place ``at`` on."""
        start = EPOCH + timedelta(minutes=self.minutes[at] if self.minutes else 0)
        return encode_format(15, start) + bytes((self.density, count))


def _points(call: Call) -> _Points | None:
    """What the mark of a curve asks for; None when it is none."""
    text, points = str(call.values.get("start") or ""), call.values.get("points")
    density = int(Decimal(call.values.get("density") or 0))
    an_hour = POINTS_AN_HOUR.get(density, 0)
    try:
        begin = int((EPOCH.fromisoformat(text) - EPOCH).total_seconds() // 60)
    except ValueError:
        begin = -1
    if begin < 0 or not an_hour or not isinstance(points, Decimal):
        return None
    step = 60 // an_hour
    if begin + int(points) * step >= _BEHIND_LAST_MIN:
        return None
    return _Points(tuple(begin + place * step for place in range(int(points))), density, step)


def curve(call: Call) -> None:
    """Points of a curve from a start in steps of the density; points that were not recorded are absent.

    An energy is the difference of the readings at its moment and one step before, so the reading before the first
    point is needed too.

    Spec: Q/GDW 376.1-2009 AFN=0DH: Td_c (start, density, number of points)
    """
    entry = entry_of(call)
    if entry is None:
        return
    points = _points(call)
    if points is None:
        call.deny()
        return
    answer = partial(_answer_curve, call, points)
    terminal = call.terminal
    what = CURVES[call.number]
    missing = _missing(call, entry, points)
    if not missing or not terminal.behaviour.curves_collected or not call.may_ask_meters():
        answer()
        return
    over = False

    def end() -> None:
        nonlocal over
        if not over:
            over = True
            timer.cancel()
            answer()

    clock = terminal.engine.clock
    timer = clock.call_at(clock.now_s() + terminal.config.history_wait_s, end)
    terminal.curves.fetch(entry, what.number, min(missing), max(missing), end, urgent=True)


def _missing(call: Call, entry: MeterEntry, points: _Points) -> list[int]:
    """Minutes whose records the answer needs, that the meter may have, and that are not stored."""
    terminal = call.terminal
    what = CURVES[call.number]
    wanted = set(points.minutes)
    if what.energy:
        wanted |= {minute - points.step for minute in points.minutes}
    now = terminal.curves.minute()
    return [
        minute
        for minute in sorted(wanted)
        if minute <= now
        and minute % INTERVAL_MIN == 0
        and terminal.storage.curve(entry.point, what.number, minute) is None
    ]


def _answer_curve(call: Call, points: _Points) -> None:
    """The mark and its points; what no frame can hold goes into several units, each with a mark of its own."""
    terminal = call.terminal
    values, found = _curve_values(call, points)
    if call.request.stored_only and not found:
        call.deny()
        return
    repeated = terminal.behaviour.time_mark_repeated
    identifier = encode_unit_id((call.point,), (call.number,))
    room = unit_room(terminal) - len(identifier) - len(call.unit.data)
    step = max(1, room // CURVES[call.number].octets)
    if len(values) <= step:
        call.data((call.unit.data if repeated else b"") + b"".join(values))
        return
    units = []
    for at in range(0, len(values), step):
        part = values[at : at + step]
        units.append(identifier + (points.mark(at, len(part)) if repeated else b"") + b"".join(part))
    call.units(units)


def _curve_values(call: Call, points: _Points) -> tuple[list[bytes], int]:
    """Octets of every point, and how many of them were recorded."""
    what = CURVES[call.number]
    record = partial(call.terminal.storage.curve, call.point, what.number)
    absent = (_ABSENT if call.terminal.behaviour.absent_values_marked else b"\0") * what.octets
    cell = slice(what.at, what.at + what.octets)
    found = 0
    values: list[bytes] = []
    for minute in points.minutes:
        data = record(minute)
        found += data is not None
        if data is None:
            values.append(absent)
        elif what.energy:
            before = record(minute - points.step)
            values.append(energy(None if before is None else before[cell], data[cell]))
        else:
            values.append(data[cell])
    return values, found
