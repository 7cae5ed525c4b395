"""Values: octets of an item to exact decimals and text, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from rig.errors import Finding, LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645.bcd import bad_bcd, decode_number, encode_number, exact_decimal
from rig.protocols.dlt645.item_model import DataItem, ItemField
from rig.protocols.dlt645.items import MAX_TARIFFS, expand_block, lookup
from rig.protocols.dlt645.load_profile import decode_load_records
from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.protocols.dlt645.times import time_octets, time_text

_CLAUSE = "DL/T 645-2007 annex A"
_END_MARK = 0xAA
_WILD = 0xFF


class Value(NamedTuple):
    """One decoded value; ``id`` is the identifier in hex, with ``.key`` for further fields."""

    id: str
    name: str
    value: Decimal | str
    unit: str


#: a named tuple made without the call of its Python constructor
new_tuple = tuple.__new__


Decoder = Callable[[bytes], tuple[Value, ...]]


def decode_item(item: DataItem, data: bytes, profile: Profile = DEFAULT) -> tuple[Value, ...]:
    """Octets of one item (without identifier) to its values.

    Raises:
        RemoteProtocolError: code ``length`` or ``bad-bcd`` (``load-profile`` for its blocks), offset into ``data``.
    """
    plan = item.plan
    if plan is None:
        if item.layout == "load-profile":
            return _load_profile_values(item, data, profile)
        plan = _compile(item)
        object.__setattr__(item, "plan", plan)
    values: tuple[Value, ...] = plan(data)
    return values


def _compile(item: DataItem) -> Decoder:
    """The fastest decoder for the item's fields."""
    if len(item.fields) == 1 and item.fields[0].kind == "bcd":
        return _single_number(item)
    return lambda data: _fields(item, data)


def _single_number(item: DataItem) -> Decoder:
    part = item.fields[0]
    id_, name, unit, octets, signed = item.id, item.name, part.unit, part.octets, part.signed
    exponent = f"E-{part.decimals}"
    create, decimal, value_class = new_tuple, exact_decimal, Value

    def decode(data: bytes) -> tuple[Value, ...]:
        text = data[::-1].hex()
        if len(data) != octets or not text.isdigit() or (signed and text[0] > "7"):
            return _fields(item, data)
        return (create(value_class, (id_, name, decimal(text + exponent), unit)),)

    return decode


def _fields(item: DataItem, data: bytes) -> tuple[Value, ...]:
    """Field by field; a group that may be absent ends the item early."""
    expected = item.octets
    short = expected - len(data)
    if short < 0 or (short and (not item.group or short % item.group or short == expected)):
        raise RemoteProtocolError(
            f"{item.id} {item.name} has a wrong length",
            code="length",
            clause=item.clause,
            offset=min(len(data), expected),
            expected=f"{expected} octets"
            if not item.group
            else f"{expected} octets less groups of {item.group}",
            got=len(data),
            frame=data,
        )
    values: list[Value] = []
    offset = 0
    for part in item.fields:
        if offset == len(data):
            break
        piece = data[offset : offset + part.octets]
        try:
            value = decode_field(part, piece)
        except RemoteProtocolError as error:
            raise RemoteProtocolError(
                f"{item.id} {item.name}: {error.message}",
                code=error.code,
                clause=item.clause,
                offset=offset + (error.offset or 0),
                expected=error.expected,
                got=error.got,
                frame=data,
            ) from None
        values.append(Value(_id(item, part), _name(item, part), value, part.unit))
        offset += part.octets
    return tuple(values)


def _id(item: DataItem, part: ItemField) -> str:
    return f"{item.id}.{part.key}" if part.key else item.id


def _name(item: DataItem, part: ItemField) -> str:
    if not part.key:
        return item.name
    return f"{item.name}: {part.key.replace('.', ' ').replace('_', ' ')}"


def decode_field(part: ItemField, data: bytes) -> Decimal | str:
    """One field. ``data`` has the field's length.

    Raises:
        RemoteProtocolError: code ``bad-bcd`` or ``length``, offset into ``data``.
    """
    if len(data) != part.octets:
        raise RemoteProtocolError(
            "field has a wrong length", code="length", offset=len(data), expected=part.octets, got=len(data)
        )
    if part.kind == "bcd":
        return decode_number(data, part.decimals, signed=part.signed)
    if part.kind == "time":
        return time_text(data, part.layout)
    text = data[::-1].hex()
    if part.kind == "hex":
        return text.upper()
    if part.kind == "ascii":
        return data[::-1].rstrip(b"\0").decode("ascii", "backslashreplace")
    if not text.isdigit():
        raise bad_bcd(data, signed=False)
    return text


def _load_profile_values(item: DataItem, data: bytes, profile: Profile) -> tuple[Value, ...]:
    values: list[Value] = []
    for number, record in enumerate(decode_load_records(data, item.di >> 16 & 0xFF, profile), start=1):
        prefix = f"{item.id}.{number}"
        values.append(Value(f"{prefix}.time", f"{item.name}: time of block {number}", record.time, ""))
        values.extend(
            Value(f"{prefix}.{key}", f"{item.name}: {key.replace('_', ' ')} of block {number}", value, unit)
            for key, value, unit in record.named_values()
        )
    return tuple(values)


def encode_item(item: DataItem, *values: Decimal | int | str | datetime) -> bytes:
    """Octets of an item from its values in field order.

    Items of groups (day tables, frozen energies by tariff) take whole groups from the first on.

    Raises:
        LocalProtocolError: code ``value`` or ``count``: it does not fit; nothing is rounded.
    """
    if item.layout == "load-profile":
        raise LocalProtocolError(
            "load profile blocks are built by encode_load_records", code="value", got=item.id
        )
    parts = item.fields[: len(values)]
    short = item.octets - sum(part.octets for part in parts)
    legal = (
        len(values) <= len(item.fields) and parts and (not short or (item.group and short % item.group == 0))
    )
    if not legal:
        raise LocalProtocolError(
            f"{item.id} {item.name}: wrong number of values",
            code="count",
            expected=len(item.fields),
            got=len(values),
        )
    return b"".join(encode_field(part, value) for part, value in zip(parts, values, strict=True))


def encode_field(part: ItemField, value: Decimal | int | str | datetime) -> bytes:
    """Octets of one field.

    Raises:
        LocalProtocolError: code ``value``.
    """
    if part.kind == "bcd":
        octets = (
            None
            if isinstance(value, datetime)
            else encode_number(value, part.octets, part.decimals, signed=part.signed)
        )
        if octets is None:
            raise _unfit(part, value)
        return octets
    if part.kind == "time":
        if isinstance(value, datetime | str):
            return time_octets(value, part.layout)
        raise _unfit(part, value)
    if not isinstance(value, str):
        raise _unfit(part, value)
    if part.kind == "ascii":
        if len(value) > part.octets or not value.isascii():
            raise _unfit(part, value)
        return value.encode("ascii").ljust(part.octets, b"\0")[::-1]
    legal = "0123456789" if part.kind == "digits" else "0123456789abcdefABCDEF"
    if len(value) != 2 * part.octets or set(value) - set(legal):
        raise _unfit(part, value)
    return bytes.fromhex(value)[::-1]


def _unfit(part: ItemField, value: object) -> LocalProtocolError:
    sign = "signed " if part.signed else ""
    return LocalProtocolError(
        f"value does not fit field {part.key or 'value'}",
        code="value",
        expected=f"{sign}{part.kind} {part.octets} octets, {part.decimals} decimals {part.layout}".strip(),
        got=value,
    )


@dataclass(frozen=True, slots=True)
class BlockReading:
    """Values of a block answer.

    ``items``: identifiers that are in it; ``tariffs``: inferred from the length; ``end_mark``: a trailing AA was
    there; ``separators``: AA stood between the items; ``findings``: items without a legal value, by offset.
    """

    values: tuple[Value, ...]
    items: tuple[int, ...]
    tariffs: int
    end_mark: bool
    separators: bool = False
    findings: tuple[Finding, ...] = ()


def decode_block(di: int, data: bytes, profile: Profile = DEFAULT, *, strict: bool = True) -> BlockReading:
    """Octets of a block answer (without identifier).

    The number of tariffs follows from the length. A meter may give fewer items than the table lists (one phase of
    three, ten harmonics of twenty-one), never part of an item; where that has several meanings (a frozen record with
    items switched off) it is refused, not guessed. A trailing AA and AA between items are accepted.

    Args:
        di: identifier of the block.
        data: octets behind the identifier.
        profile: reading of the standard.
        strict: False keeps the good values beside an item that has none (an absent phase filled with FF), which is
            then a finding.

    Raises:
        RemoteProtocolError: code ``unknown-di``, ``length`` or (strict) ``bad-bcd``, offset into ``data``.
    """
    full = expand_block(di, tariffs=MAX_TARIFFS, profile=profile)
    if full is None:
        raise RemoteProtocolError(
            "identifier is no known block", code="unknown-di", clause=_CLAUSE, got=f"{di:08X}"
        )
    for pieces, tariffs, end_mark, separators in _layouts(di, full, data, profile):
        values: list[Value] = []
        findings: list[Finding] = []
        for item, offset, size in pieces:
            try:
                values.extend(_piece(item, data, offset, size, profile))
            except RemoteProtocolError as error:
                if strict:
                    raise
                findings.append(Finding(error.code, error.message, error.offset, error.clause))
        members = tuple(item.di for item, _, _ in pieces)
        return BlockReading(tuple(values), members, tariffs, end_mark, separators, tuple(findings))
    raise RemoteProtocolError(
        "block length fits no number of tariffs or items",
        code="length",
        clause=_CLAUSE,
        offset=0,
        got=len(data),
        frame=data,
    )


def _piece(item: DataItem, data: bytes, offset: int, size: int, profile: Profile) -> tuple[Value, ...]:
    try:
        return decode_item(item, data[offset : offset + size], profile)
    except RemoteProtocolError as error:
        raise RemoteProtocolError(
            error.message,
            code=error.code,
            clause=error.clause,
            offset=offset + (error.offset or 0),
            expected=error.expected,
            got=error.got,
            frame=data,
        ) from None


Pieces = list[tuple[DataItem, int, int]]


def _layouts(
    di: int, full: tuple[int, ...], data: bytes, profile: Profile
) -> Iterable[tuple[Pieces, int, bool, bool]]:
    """Ways to cut the data: all items of some number of tariffs, else as many whole items as there are."""
    tariff_counts = _tariff_counts(di, full, profile)
    ends = (
        ((False, len(data)), (True, len(data) - 1))
        if data[-1:] == bytes((_END_MARK,))
        else ((False, len(data)),)
    )
    for marked, end in reversed(ends):
        for separated in (False, True):
            for tariffs in tariff_counts:
                members = expand_block(di, tariffs=tariffs, profile=profile) or ()
                pieces = _cut(members, tariffs, data, end, profile, separated=separated)
                if pieces is not None:
                    yield pieces, tariffs, marked, separated
    if not _may_end_early(di, full, profile):
        return
    for marked, end in reversed(ends):
        pieces = _cut(full, 0, data, end, profile, separated=False, partial=True)
        if pieces:
            yield pieces, 0, marked, False


def _may_end_early(di: int, full: tuple[int, ...], profile: Profile) -> bool:
    """Whether fewer items than listed can be told apart: one octet counts, and no item depends on the tariffs.

    Elsewhere (kinds of energy, two octets at once, frozen registers by tariff) the same length fits several meanings.
    """
    if profile.edition != "1997":
        octets = di.to_bytes(4, "big")
        if octets[1] == _WILD or octets[1:].count(_WILD) > 1:
            return False
    items = (lookup(member, profile) for member in full)
    return not any(item is None or item.per_tariff for item in items)


def _tariff_counts(di: int, full: tuple[int, ...], profile: Profile) -> tuple[int, ...]:
    """Numbers of tariffs worth trying: all when they change the block, else only 0."""
    none = expand_block(di, tariffs=0, profile=profile) or ()
    first = lookup(full[0], profile)
    by_tariff = len(none) != len(full) or any(
        item is not None and item.per_tariff
        for item in (first, *(lookup(member, profile) for member in full[:2]))
    )
    return tuple(range(MAX_TARIFFS + 1)) if by_tariff else (0,)


def _cut(
    members: tuple[int, ...],
    tariffs: int,
    data: bytes,
    end: int,
    profile: Profile,
    *,
    separated: bool,
    partial: bool = False,
) -> Pieces | None:
    """Items with offset and size when they fill ``data[:end]`` exactly, else None."""
    pieces: Pieces = []
    offset = 0
    for number, member in enumerate(members):
        if partial and offset == end:
            break
        item = lookup(member, profile)
        if item is None:
            return None
        if separated and number:
            if offset >= end or data[offset] != _END_MARK:
                return None
            offset += 1
        size = item.octets_with(tariffs)
        if offset + size > end:
            return None
        pieces.append((item, offset, size))
        offset += size
    return pieces if offset == end and pieces else None


def encode_block(
    di: int,
    values: Callable[[DataItem], Iterable[Decimal | int | str | datetime]],
    *,
    tariffs: int,
    profile: Profile = DEFAULT,
) -> bytes:
    """Octets of a block answer: ``values`` gives the values of each item; the profile says where AA stands.

    Raises:
        LocalProtocolError: code ``unknown-di``: not a block; ``value`` or ``count`` from an item.
    """
    members = expand_block(di, tariffs=tariffs, profile=profile)
    if members is None:
        raise LocalProtocolError("identifier is no known block", code="unknown-di", got=f"{di:08X}")
    items = [item for item in (lookup(member, profile) for member in members) if item is not None]
    separator = b"\xaa" if profile.freeze_separator and di >> 24 == 0x05 else b""
    block = separator.join(encode_item(item, *values(item)) for item in items)
    return block + (b"\xaa" if profile.block_end_mark else b"")
