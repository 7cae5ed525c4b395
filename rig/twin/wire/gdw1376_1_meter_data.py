"""Handlers of class 1 (0C) and class 2 (0D) data of meters: from the meters' octets to the octets of the answer.

DL/T 645 and Q/GDW 1376.1 write most quantities in the same BCD; what differs is done by the conversions below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rig.errors import ProtocolError
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.formats import decode_format, encode_format, octets_of
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.collection import DAY_S, DAY_ZERO, day_of
from rig.twin.devices.terminal.realtime import METER_DATE, METER_TIME, Blocks
from rig.twin.devices.terminal.storage import FreezeEntry
from rig.twin.wire.gdw1376_1_calls import Call, Handler

_ABSENT: Final = b"\xee"
_ABSENT_TIME: Final = _ABSENT * 5

Convert = Callable[[bytes], bytes]


def _same(data: bytes) -> bytes:
    return data


def _format_14(data: bytes) -> bytes:
    """XXXXXX.XX to XXXXXX.XXXX."""
    return b"\0" + data


def _demand_time(data: bytes) -> bytes:
    """Minute, hour, day, month of YYMMDDhhmm; "never" is an absent value."""
    return data[:4] if data[2:4].strip(b"\0") else _ABSENT * 4


@dataclass(frozen=True, slots=True)
class Part:
    """A row of values of one block: its identifier (or DI1 of a freeze), octets of one value there and here.

    ``count`` values, or one for the total and each tariff when it is 0; ``at`` is where a value lies in its cell.
    """

    source: int
    cell: int
    octets: int
    convert: Convert = _same
    count: int = 0
    at: int = 0
    width: int = 0

    def encode(self, data: bytes | None, tariffs: int, *, marked: bool = True) -> bytes:
        """Octets for an answer; values that are not there are EE (zeros when they are not marked, which is wrong)."""
        absent = (_ABSENT if marked else b"\0") * self.octets
        wanted = self.count or tariffs + 1
        if data is None:
            return absent * wanted
        cell, at, width = self.cell, self.at, self.width or self.cell
        have = min(wanted, len(data) // cell)
        out = b"".join(
            self.convert(data[place * cell + at : place * cell + at + width]) for place in range(have)
        )
        return out + absent * (wanted - have)


def _active(source: int) -> Part:
    return Part(source, 4, 5, _format_14)


def _reactive(source: int) -> Part:
    return Part(source, 4, 4)


def _demand(source: int) -> tuple[Part, Part]:
    """Demands of all tariffs, then their times."""
    return Part(source, 8, 3, width=3), Part(source, 8, 4, _demand_time, at=3, width=5)


def _demand_pairs(source: int) -> Part:
    """Demand and time by tariff."""
    return Part(source, 8, 7, lambda cell: cell[:3] + _demand_time(cell[3:8]))


def _row(source: int, octets: int, count: int) -> Part:
    return Part(source, octets, octets, count=count)


#: Fn of 0C -> whether M stands before the values, and the values
_PRESENT: Final[dict[int, tuple[bool, tuple[Part, ...]]]] = {
    25: (
        False,
        (
            _row(0x0203FF00, 3, 4),
            _row(0x0204FF00, 3, 4),
            _row(0x0206FF00, 2, 4),
            _row(0x0201FF00, 2, 3),
            _row(0x0202FF00, 3, 3),
            _row(0x02800001, 3, 1),
            _row(0x0205FF00, 3, 4),
        ),
    ),
    **{
        first: (
            True,
            (
                _active(0x0001FF00 | back),
                *(_reactive(di | back) for di in (0x0003FF00, 0x0005FF00, 0x0008FF00)),
            ),
        )
        for first, back in ((33, 0), (37, 1))
    },
    **{
        first: (
            True,
            (
                _active(0x0002FF00 | back),
                *(_reactive(di | back) for di in (0x0004FF00, 0x0006FF00, 0x0007FF00)),
            ),
        )
        for first, back in ((34, 0), (38, 1))
    },
    **{
        first: (True, (*_demand(active | back), *_demand(reactive | back)))
        for first, active, reactive, back in (
            (35, 0x0101FF00, 0x0103FF00, 0),
            (36, 0x0102FF00, 0x0104FF00, 0),
            (39, 0x0101FF00, 0x0103FF00, 1),
            (40, 0x0102FF00, 0x0104FF00, 1),
        )
    },
    **{
        first + place: (True, (_active(di | back) if place in {0, 2} else _reactive(di | back),))
        for first, back in ((129, 0), (137, 1))
        for place, di in enumerate(
            (0x0001FF00, 0x0003FF00, 0x0002FF00, 0x0004FF00, 0x0005FF00, 0x0006FF00, 0x0007FF00, 0x0008FF00)
        )
    },
    **{
        first + place: (True, (_demand_pairs(di | back),))
        for first, back in ((145, 0), (149, 1))
        for place, di in enumerate((0x0101FF00, 0x0103FF00, 0x0102FF00, 0x0104FF00))
    },
}

#: what a freeze item that no meter keeps is called
_NEVER: Final = 0
#: Fn of 0D day freezes -> values; the months' types are these by another number
_FREEZES: Final[dict[int, tuple[Part, ...]]] = {
    1: (_active(1), _reactive(3), _reactive(5), _reactive(8)),
    2: (_active(2), _reactive(4), _reactive(6), _reactive(7)),
    3: (*_demand(9), *_demand(_NEVER)),
    4: (*_demand(10), *_demand(_NEVER)),
    161: (_active(1),),
    162: (_reactive(3),),
    163: (_active(2),),
    164: (_reactive(4),),
    **{160 + place: (_reactive(place),) for place in (5, 6, 7, 8)},
    185: (_demand_pairs(9),),
    186: (_demand_pairs(_NEVER),),
    187: (_demand_pairs(10),),
    188: (_demand_pairs(_NEVER),),
}
#: energies of a day or month: Fn -> DI1 of the readings whose difference they are
_ENERGIES: Final = {5: 1, 6: 3, 7: 2, 8: 4}
#: month Fn -> day Fn with the same values
_MONTHS: Final = {
    17: 1, 18: 2, 19: 3, 20: 4, 21: 5, 22: 6, 23: 7, 24: 8,
    **{177 + place: 161 + place for place in range(8)},
    **{193 + place: 185 + place for place in range(4)},
}  # fmt: skip
#: reading-day Fn -> day Fn: the terminal reads every day
_READING_DAYS: Final = {
    9: 1, 10: 2, 11: 3, 12: 4,
    **{169 + place: 161 + place for place in range(8)},
    **{189 + place: 185 + place for place in range(4)},
}  # fmt: skip


def freeze_items(number: int) -> set[int]:
    """DI1 of the day freezes that a type of 0D is made of; empty for other types."""
    day = _MONTHS.get(number, _READING_DAYS.get(number, number))
    if day in _ENERGIES:
        return {_ENERGIES[day]}
    return {part.source for part in _FREEZES.get(day, ()) if part.source != _NEVER}


def meter_data_handlers() -> dict[tuple[int, int], Handler]:
    """Handlers of meters' class 1 and class 2 data."""
    table: dict[tuple[int, int], Handler] = {(Afn.REALTIME_DATA, number): present for number in _PRESENT}
    table |= {(Afn.REALTIME_DATA, 41 + place): energy_so_far for place in range(8)}
    table[Afn.REALTIME_DATA, 27] = meter_clock
    table[Afn.REALTIME_DATA, 28] = status_words
    table[Afn.REALTIME_DATA, 161] = relay_state
    days = {*_FREEZES, *_ENERGIES, *_READING_DAYS}
    table |= {(Afn.HISTORY_DATA, number): day_freeze for number in days}
    table |= {(Afn.HISTORY_DATA, number): month_freeze for number in _MONTHS}
    return table


# --- class 1 ----------------------------------------------------------------------------------------------------------


def entry_of(call: Call) -> MeterEntry | None:
    """The meter asked for; without one the call is denied."""
    entry = call.terminal.archive.at_point(call.point)
    if entry is None:
        call.deny()
    return entry


def _stamp(call: Call, blocks: Blocks) -> bytes:
    """Time of the oldest reading used; absent when nothing came."""
    read = [current for current in blocks.values() if current is not None]
    if read:
        return min(read, key=lambda current: current.epoch_s).stamp
    return _ABSENT_TIME if call.terminal.behaviour.absent_values_marked else call.terminal.clock.stamp()


def _cells(data: bytes | None, cell: int) -> bytes | None:
    """A block without AA behind it; None when its digits are none."""
    if data is None:
        return None
    if len(data) % cell == 1 and data[-1] == 0xAA:
        data = data[:-1]
    return data if data.hex().isdigit() else None


def present(call: Call) -> None:
    """Present readings, demands, powers: read from the meter now unless a reading is fresh."""
    entry = entry_of(call)
    if entry is None:
        return
    with_tariffs, parts = _PRESENT[call.number]

    def read(blocks: Blocks) -> None:
        marked = call.terminal.behaviour.absent_values_marked
        out = _stamp(call, blocks) + (bytes((entry.tariffs,)) if with_tariffs else b"")
        for part in parts:
            kept = blocks.get(part.source)
            data = _cells(None if kept is None else kept.data, part.cell)
            out += part.encode(data, entry.tariffs, marked=marked)
        call.data(out)

    call.terminal.realtime.gather(entry, dict.fromkeys(part.source for part in parts), read)


def energy_so_far(call: Call) -> None:
    """Energy since midnight (F41..F44) or since the first of the month (F45..F48)."""
    entry = entry_of(call)
    if entry is None:
        return
    place = (call.number - 41) % 4
    item = (1, 3, 2, 4)[place]
    source = 0x0000FF00 | item << 16
    terminal = call.terminal
    day = int(terminal.clock.epoch_s() // DAY_S)
    if call.number < 45:
        base = terminal.storage.day(entry.point, day - 1)
    else:
        now = terminal.clock.now()
        base = terminal.storage.month(entry.point, now.year * 12 + now.month - 2)

    def read(blocks: Blocks) -> None:
        kept = blocks.get(source)
        later = None if kept is None else _cells(kept.data, 4)
        earlier = None if base is None else base.items.get(item)
        call.data(bytes((entry.tariffs,)) + difference(earlier, later, entry.tariffs))

    terminal.realtime.gather(entry, (source,), read)


def meter_clock(call: Call) -> None:
    """F27: clock of the meter; the counts of programming are absent."""
    entry = entry_of(call)
    if entry is None:
        return

    def read(blocks: Blocks) -> None:
        day, time = blocks.get(METER_DATE), blocks.get(METER_TIME)
        shown = _ABSENT * 6
        if day is not None and time is not None and (day.data + time.data).hex().isdigit():
            week, date, month, year = day.data[:4]
            shown = time.data[:3] + bytes((date, month | (week or 7) << 5, year))
            call.terminal.judge_clock(entry, time.data[:3], day.data[:4])
        call.data(_stamp(call, blocks) + shown + _ABSENT * (4 + 5 * 9))

    call.terminal.realtime.gather(entry, (METER_DATE, METER_TIME), read, fresh_s=0.0)


def status_words(call: Call) -> None:
    """F28: status words 1..7 and which of their bits changed since the last reading."""
    entry = entry_of(call)
    if entry is None:
        return
    before = call.terminal.storage.current(entry.point, 0x040005FF)

    def read(blocks: Blocks) -> None:
        kept = blocks.get(0x040005FF)
        if kept is None or len(kept.data) < 14:
            call.data(_ABSENT_TIME + _ABSENT * 28)
            return
        now = kept.data[:14]
        was = now if before is None else before.data[:14]
        changed = bytes(one ^ other for one, other in zip(now, was, strict=False))
        call.data(kept.stamp + changed + now)

    call.terminal.realtime.gather(entry, (0x040005FF,), read, fresh_s=0.0)


def relay_state(call: Call) -> None:
    """F161: relay of the meter (bit 0 of the state: open), from status word 3; the times are absent."""
    entry = entry_of(call)
    if entry is None:
        return

    def read(blocks: Blocks) -> None:
        kept = blocks.get(0x04000503)
        state = _ABSENT if kept is None or not kept.data else bytes((kept.data[0] >> 4 & 1,))
        call.data(_stamp(call, blocks) + state + _ABSENT * 10)

    call.terminal.realtime.gather(entry, (0x04000503,), read, fresh_s=0.0)


# --- class 2: freezes -----------------------------------------------------------------------------------------------------


def _day_of(call: Call) -> int | None:
    """The day of the mark; None when it is none."""
    text = str(call.values.get("date") or "")
    try:
        return day_of(DAY_ZERO.fromisoformat(text))
    except ValueError:
        return None


def day_freeze(call: Call) -> None:
    """Freeze at the end of a day; what is missing and still in the meter is read first.

    Spec: Q/GDW 376.1-2009 AFN=0DH: Td_d, time of reading, values; the day is the one that ended with the freeze
    """
    entry, day = entry_of(call), _day_of(call)
    if entry is None:
        return
    if day is None:
        call.deny()
        return
    number = _READING_DAYS.get(call.number, call.number)
    wanted = freeze_items(number)
    needed = (day, day - 1) if number in _ENERGIES else (day,)

    def answer() -> None:
        storage = call.terminal.storage
        freezes = [storage.day(entry.point, needed_day) for needed_day in needed]
        _answer_freeze(call, entry, number, freezes)

    _when_read(call, entry, needed, wanted, answer)


def _when_read(
    call: Call, entry: MeterEntry, days: Sequence[int], wanted: Iterable[int], answer: Callable[[], None]
) -> None:
    """Answer at once from the storage, or after the meter was asked for what is missing."""
    terminal = call.terminal
    missing_items = set(wanted) - terminal.collection.habits_of(entry).missing
    missing = [
        day
        for day in days
        if (kept := terminal.storage.day(entry.point, day)) is None or missing_items - kept.items.keys()
    ]
    if not missing or not call.may_ask_meters() or not terminal.reader.reaches(entry):
        answer()
        return
    left = len(missing)
    over = False

    def end() -> None:
        nonlocal over
        if not over:
            over = True
            timer.cancel()
            answer()

    def one(_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            end()

    clock = terminal.engine.clock
    timer = clock.call_at(clock.now_s() + terminal.config.history_wait_s, end)
    for day in missing:
        terminal.collection.fetch_day(entry, day, missing_items, one)


def _answer_freeze(call: Call, entry: MeterEntry, number: int, freezes: Sequence[FreezeEntry | None]) -> None:
    """Mark, time of reading, M, values; what only tasks ask for and is not there makes no unit."""
    behaviour = call.terminal.behaviour
    newest = freezes[0]
    items = freeze_items(number)
    there = newest is not None and (not items or not items.isdisjoint(newest.items))
    if call.request.stored_only and not there:
        call.deny()
        return
    mark = call.unit.data if behaviour.time_mark_repeated else b""
    stamp = newest.stamp if newest is not None and there else _ABSENT_TIME
    if not there and not behaviour.absent_values_marked:
        stamp = call.terminal.clock.stamp()
    out = mark + stamp + bytes((entry.tariffs,))
    if number in _ENERGIES:
        readings = [None if freeze is None else freeze.items.get(_ENERGIES[number]) for freeze in freezes]
        out += difference(readings[1], readings[0], entry.tariffs)
    else:
        for part in _FREEZES[number]:
            data = None if newest is None else newest.items.get(part.source)
            out += part.encode(data, entry.tariffs, marked=behaviour.absent_values_marked)
    call.data(out)


def month_freeze(call: Call) -> None:
    """Freeze at the end of a month: that of its last day.

    Spec: Q/GDW 376.1-2009 AFN=0DH: Td_m, time of reading, values
    """
    entry = entry_of(call)
    if entry is None:
        return
    year, _, month = str(call.values.get("month") or "").partition("-")
    if not (year.isdigit() and month.isdigit()):
        call.deny()
        return
    key = int(year) * 12 + int(month) - 1
    number = _MONTHS[call.number]
    keys = (key, key - 1) if number in _ENERGIES else (key,)
    days = [day_of(DAY_ZERO.replace(year=(of + 1) // 12, month=(of + 1) % 12 + 1)) - 1 for of in keys]

    def answer() -> None:
        storage = call.terminal.storage
        _answer_freeze(call, entry, number, [storage.month(entry.point, of) for of in keys])

    storage = call.terminal.storage
    missing = [day for of, day in zip(keys, days, strict=True) if storage.month(entry.point, of) is None]
    if missing:
        _when_read(call, entry, missing, freeze_items(number), answer)
    else:
        _when_read(call, entry, days, freeze_items(number), answer)


def difference(earlier: bytes | None, later: bytes | None, tariffs: int) -> bytes:
    """Energies (format A.13) as differences of two rows of readings XXXXXX.XX."""
    out = b""
    for place in range(tariffs + 1):
        cell = slice(4 * place, 4 * place + 4)
        out += energy(None if earlier is None else earlier[cell], None if later is None else later[cell])
    return out


def energy(earlier: bytes | None, later: bytes | None) -> bytes:
    """Format A.13 of the difference of two readings XXXXXX.XX; EE when one is missing or it is no energy."""
    if not earlier or not later:
        return _ABSENT * octets_of(13)
    try:
        before, after = decode_format(11, earlier), decode_format(11, later)
        if not isinstance(before, Decimal) or not isinstance(after, Decimal):
            return _ABSENT * octets_of(13)
        return encode_format(13, after - before)
    except ProtocolError:
        return _ABSENT * octets_of(13)
