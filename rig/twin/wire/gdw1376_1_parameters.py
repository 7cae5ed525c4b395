"""Handlers of AFN 04H (set parameters) and 0AH (query parameters), the meter archive F10 among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.fn_parameters import PARAMETERS
from rig.protocols.gdw1376_1.layout import Input, Plain, encode_layout
from rig.protocols.gdw1376_1.units import encode_unit_id
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.parameters import ARCHIVE_TYPE, layout_of
from rig.twin.wire.gdw1376_1_answers import unit_room
from rig.twin.wire.gdw1376_1_calls import Call, Handler

#: meters in one data unit of an answer to 0A F10
_METERS_IN_UNIT: Final = 16
#: octets of one meter in it
_METER_OCTETS: Final = 27
#: types of measuring points: they need a meter at the point
_POINT_TYPES: Final = frozenset((25, 26, 27, 28, 59))
#: types by number of a task, 1..64
_TASK_TYPES: Final = frozenset((65, 66, 67, 68))


def parameter_handlers() -> dict[tuple[int, int], Handler]:
    """Handlers of all parameters whose layout is known."""
    table: dict[tuple[int, int], Handler] = {}
    for row in PARAMETERS:
        if row.data is not None and row.number != ARCHIVE_TYPE:
            table[Afn.SET_PARAMETERS, row.number] = set_parameter
            table[Afn.QUERY_PARAMETERS, row.number] = query_parameter
    table[Afn.SET_PARAMETERS, ARCHIVE_TYPE] = set_archive
    table[Afn.QUERY_PARAMETERS, ARCHIVE_TYPE] = query_archive
    return table


def set_parameter(call: Call) -> None:
    """Keep a parameter as it came."""
    if not _fits(call):
        call.deny()
        return
    if call.terminal.behaviour.parameters_effective:
        call.terminal.parameters.set(call.number, call.point, call.unit.data)
    call.terminal.parameter_changed(call.number)
    call.changed()
    call.confirm()


def _fits(call: Call) -> bool:
    """The point is one that the type has, and values that must be in a range are."""
    number, point = call.number, call.point
    if number in _TASK_TYPES:
        if not 1 <= point <= 64:
            return False
    elif number in _POINT_TYPES:
        if call.terminal.archive.at_point(point) is None:
            return False
    elif point != 0 and number < _FIRST_OF_GROUPS:
        return False
    check = _CHECKS.get(number)
    return check is None or check(call.values)


#: from here on types belong to groups, rounds or points
_FIRST_OF_GROUPS: Final = 25


def _whole(values: Mapping[str, Plain], key: str) -> int:
    value = values.get(key)
    return -1 if value is None or isinstance(value, str) else int(value)


_CHECKS: Final = {
    1: lambda values: _whole(values, "wait") > 0,
    3: lambda values: _whole(values, "main_port") > 0,
    65: lambda values: _whole(values, "period") > 0 and _whole(values, "units") > 0,
    66: lambda values: _whole(values, "period") > 0 and _whole(values, "units") > 0,
    67: lambda values: values.get("start") in {"55", "AA"},
    68: lambda values: values.get("start") in {"55", "AA"},
}


def query_parameter(call: Call) -> None:
    """Answer with a parameter; one that was never set is denied."""
    octets = call.terminal.parameters.octets(call.number, call.point)
    if octets is None:
        call.deny()
    else:
        call.data(octets)


# --- archive ------------------------------------------------------------------------------------------------------------


def set_archive(call: Call) -> None:
    """Add, replace and delete meters; a unit with a line that does not fit changes nothing.

    Spec: Q/GDW 376.1-2009 AFN=04H F10
    """
    terminal = call.terminal
    entries = _entries(call.values)
    capacity = terminal.config.capacity
    fitting = call.point == 0 and all(
        entry.index and 1 <= entry.number <= capacity and 0 <= entry.point <= capacity for entry in entries
    )
    if not fitting or not _points_free(call, entries):
        call.deny()
        return
    for entry in sorted(entries, key=lambda entry: entry.point != 0):
        terminal.put_meter(entry)
    terminal.parameter_changed(ARCHIVE_TYPE)
    call.changed()
    call.confirm()


def _points_free(call: Call, entries: Sequence[MeterEntry]) -> bool:
    """No measuring point belongs to another index, before or within this unit."""
    archive = call.terminal.archive
    changed = {entry.number for entry in entries}
    taken: set[int] = set()
    for entry in entries:
        if not entry.point:
            continue
        holder = archive.at_point(entry.point)
        if entry.point in taken or (holder is not None and holder.number not in changed):
            return False
        taken.add(entry.point)
    return True


def _entries(values: Mapping[str, Plain]) -> list[MeterEntry]:
    return [_entry(values, f"meter.{place}.") for place in range(1, _whole(values, "meters") + 1)]


def _entry(values: Mapping[str, Plain], prefix: str) -> MeterEntry:
    def number(key: str) -> int:
        return max(0, _whole(values, prefix + key))

    return MeterEntry(
        point=number("point"),
        address=str(values.get(prefix + "address") or "0" * 12),
        port=number("port"),
        index=number("index"),
        speed_code=number("speed_code"),
        protocol=number("protocol"),
        password=bytes.fromhex(str(values.get(prefix + "password") or "00" * 6)),
        tariffs=number("tariffs"),
        integers=number("integers_less_4") + 4,
        decimals=number("decimals_less_1") + 1,
        collector=str(values.get(prefix + "collector") or "0" * 12),
        big_class=number("big_class"),
        small_class=number("small_class"),
    )


def meter_values(entry: MeterEntry, prefix: str) -> dict[str, Input]:
    """Values of one archive line by the keys of F10."""
    values: dict[str, Input] = {
        "index": entry.number,
        "point": entry.point,
        "port": entry.port,
        "speed_code": entry.speed_code,
        "protocol": entry.protocol,
        "address": entry.address,
        "password": entry.password.hex(),
        "tariffs": entry.tariffs,
        "decimals_less_1": entry.decimals - 1,
        "integers_less_4": entry.integers - 4,
        "spare": 0,
        "collector": entry.collector,
        "small_class": entry.small_class,
        "big_class": entry.big_class,
    }
    return {prefix + key: value for key, value in values.items()}


def archive_unit(entries: Iterable[MeterEntry]) -> bytes:
    """Data of F10 for some meters."""
    values: dict[str, Input] = {}
    count = 0
    for count, entry in enumerate(entries, start=1):
        values |= meter_values(entry, f"meter.{count}.")
    return encode_layout(layout_of(ARCHIVE_TYPE) or (), {"meters": count} | values)


def query_archive(call: Call) -> None:
    """Lines of the archive, some of them in each data unit: those asked for by index, or all.

    Spec: Q/GDW 376.1-2009 AFN=0AH F10; the indexes of the request recalled
    """
    archive = call.terminal.archive
    asked = [value for key, value in call.values.items() if key.startswith("index.")]
    if asked:
        numbers = [int(value) for value in asked if value is not None and not isinstance(value, str)]
        entries = [entry for entry in map(archive.at_index, numbers) if entry is not None]
        entries += [MeterEntry(0, "0" * 12, 0, index) for index in numbers if archive.at_index(index) is None]
    else:
        entries = list(archive)
    head = encode_unit_id((0,), (ARCHIVE_TYPE,))
    step = max(1, min(_METERS_IN_UNIT, (unit_room(call.terminal) - len(head) - 2) // _METER_OCTETS))
    call.units(
        [
            head + archive_unit(_known(entry) for entry in entries[at : at + step])
            for at in range(0, len(entries), step)
        ]
    )


def _known(entry: MeterEntry) -> MeterEntry:
    """An index without a meter is told with measuring point 0 and nothing else."""
    return entry if entry.point else replace(entry, protocol=0, tariffs=0)
