"""Load profile blocks: A0 A0, length, time, six classes each closed by AA, sum, E5.

Spec: DL/T 645-2007, annex B; octet count and sum as recalled, therefore provisional: reading accepts the usual
variants of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645.bcd import decode_number, encode_number
from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.protocols.dlt645.times import time_octets, time_text

_CLAUSE = "DL/T 645-2007 annex B"
_HEAD = b"\xa0\xa0"
_BAD_HEAD = b"\xe0\xe0"
_CLASS_END = 0xAA
_TAIL = 0xE5
_TIME = "YYMMDDhhmm"

#: class -> (key, octets, decimals, unit, signed), in wire order
CLASSES: Final[Mapping[int, tuple[tuple[str, int, int, str, bool], ...]]] = {
    1: (
        *((f"voltage_{phase}", 2, 1, "V", False) for phase in "abc"),
        *((f"current_{phase}", 3, 3, "A", True) for phase in "abc"),
        ("frequency", 2, 2, "Hz", False),
    ),
    2: (
        *((f"active_power_{owner}", 3, 4, "kW", True) for owner in ("total", "a", "b", "c")),
        *((f"reactive_power_{owner}", 3, 4, "kvar", True) for owner in ("total", "a", "b", "c")),
    ),
    3: tuple((f"power_factor_{owner}", 2, 3, "", True) for owner in ("total", "a", "b", "c")),
    4: (
        ("forward_active_energy", 4, 2, "kWh", False),
        ("reverse_active_energy", 4, 2, "kWh", False),
        ("reactive_energy_1", 4, 2, "kvarh", True),
        ("reactive_energy_2", 4, 2, "kvarh", True),
    ),
    5: tuple((f"reactive_energy_quadrant_{n}", 4, 2, "kvarh", False) for n in range(1, 5)),
    6: (("active_demand", 3, 4, "kW", True), ("reactive_demand", 3, 4, "kvar", True)),
}


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """One block: ``time`` as text (2026-03-02 08:15), values by class 1..6; a class not recorded is absent.

    ``bad``: the meter marked the block as bad (E0 E0); it then carries no values.
    """

    time: str
    classes: Mapping[int, tuple[Decimal, ...]] = field(default_factory=dict)
    bad: bool = False

    def named_values(self) -> Iterator[tuple[str, Decimal, str]]:
        """Key, value and unit of everything recorded."""
        for number, values in self.classes.items():
            for (key, _, _, unit, _), value in zip(CLASSES[number], values, strict=True):
                yield key, value, unit


def _octets(number: int) -> int:
    return sum(part[1] for part in CLASSES[number])


def _error(message: str, offset: int, data: bytes, *, code: str = "load-profile") -> RemoteProtocolError:
    return RemoteProtocolError(message, code=code, clause=_CLAUSE, offset=offset, frame=data)


def decode_load_records(data: bytes, which: int = 0, profile: Profile = DEFAULT) -> tuple[LoadRecord, ...]:
    """Blocks of an answer, one after another.

    Args:
        data: what follows the identifier; empty when the meter has no record.
        which: 0 for all classes, 1..6 when one class was asked for (DI2).
        profile: says whether there are five or six classes.

    Raises:
        RemoteProtocolError: code ``load-profile`` or ``bad-bcd``, offset into ``data``.
    """
    records: list[LoadRecord] = []
    offset = 0
    while offset < len(data):
        record, offset = _decode_one(data, offset, which, profile)
        records.append(record)
    return tuple(records)


def _decode_one(data: bytes, start: int, which: int, profile: Profile) -> tuple[LoadRecord, int]:
    head = data[start : start + 2]
    if head not in (_HEAD, _BAD_HEAD):
        raise _error("load profile block does not start with A0 A0", start, data)
    if start + 8 > len(data):
        raise _error("load profile block ends too early", len(data), data)
    try:
        time = time_text(data[start + 3 : start + 8], _TIME)
    except RemoteProtocolError as error:
        raise _error(
            "time of a block is not BCD", start + 3 + (error.offset or 0), data, code="bad-bcd"
        ) from None
    classes, end = _decode_classes(data, start + 8, which, profile)
    if end + 2 > len(data) or data[end + 1] != _TAIL:
        raise _error("load profile block does not end with E5", min(end + 1, len(data)), data)
    _check_head(data, start, end)
    bad = head == _BAD_HEAD
    return LoadRecord(time, {} if bad else classes, bad), end + 2


def _check_head(data: bytes, start: int, end: int) -> None:
    """Octet count (from the time on, with or without sum and tail) and sum (from A0 or from the time on)."""
    body = end - (start + 3)
    if data[start + 2] not in (body, body + 1, body + 2, body + 5):
        raise _error("octet count of a load profile block is wrong", start + 2, data)
    if data[end] not in (sum(data[start:end]) & 0xFF, sum(data[start + 3 : end]) & 0xFF):
        raise _error("sum of a load profile block is wrong", end, data)


def _decode_classes(
    data: bytes, offset: int, which: int, profile: Profile
) -> tuple[dict[int, tuple[Decimal, ...]], int]:
    classes: dict[int, tuple[Decimal, ...]] = {}
    if which and _is_lone_class(data, offset, which):
        classes[which] = _decode_class(data, offset, which)
        return classes, offset + _octets(which) + 1
    for number in range(1, profile.load_profile_classes + 1):
        if data[offset : offset + 1] != bytes((_CLASS_END,)):
            classes[number] = _decode_class(data, offset, number)
            offset += _octets(number)
        if data[offset : offset + 1] != bytes((_CLASS_END,)):
            raise _error(f"class {number} is not closed by AA", offset, data)
        offset += 1
    return classes, offset


def _is_lone_class(data: bytes, offset: int, which: int) -> bool:
    """One class was asked for and only it came: data, AA, sum, E5."""
    end = offset + _octets(which)
    return data[end : end + 1] == bytes((_CLASS_END,)) and data[end + 2 : end + 3] == bytes((_TAIL,))


def _decode_class(data: bytes, offset: int, number: int) -> tuple[Decimal, ...]:
    values: list[Decimal] = []
    for key, octets, decimals, _, signed in CLASSES[number]:
        piece = data[offset : offset + octets]
        if len(piece) != octets:
            raise _error(f"block ends inside class {number}", len(data), data)
        try:
            values.append(decode_number(piece, decimals, signed=signed))
        except RemoteProtocolError as error:
            at = offset + (error.offset or 0)
            raise _error(f"{key} is not BCD", at, data, code="bad-bcd") from None
        offset += octets
    return tuple(values)


def encode_load_records(records: Sequence[LoadRecord], profile: Profile = DEFAULT) -> bytes:
    """Blocks of an answer; ``time`` may be any text ``times.time_octets`` takes.

    Raises:
        LocalProtocolError: code ``value`` or ``count``.
    """
    return b"".join(_encode_one(record, profile) for record in records)


def _encode_one(record: LoadRecord, profile: Profile) -> bytes:
    body = bytearray(time_octets(record.time, _TIME))
    for number in range(1, profile.load_profile_classes + 1):
        values = record.classes.get(number)
        if values is not None:
            body += _encode_class(number, values)
        body.append(_CLASS_END)
    block = (_BAD_HEAD if record.bad else _HEAD) + bytes((len(body),)) + body
    return block + bytes((sum(block) & 0xFF, _TAIL))


def _encode_class(number: int, values: Sequence[Decimal]) -> bytes:
    parts = CLASSES[number]
    if len(values) != len(parts):
        raise LocalProtocolError(f"class {number} has {len(parts)} values", code="count", got=len(values))
    octets = bytearray()
    for (key, size, decimals, _, signed), value in zip(parts, values, strict=True):
        packed = encode_number(value, size, decimals, signed=signed)
        if packed is None:
            raise LocalProtocolError(f"{key} does not fit", code="value", got=value)
        octets += packed
    return bytes(octets)
