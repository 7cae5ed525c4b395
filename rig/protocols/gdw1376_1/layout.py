"""What the data of an information type are made of, and the walk over it: octets to values by key, and back.

Keys name values in wire order; repeated groups prefix them (``active.total``, ``active.t1``, ``2.port``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from rig.errors import Finding, LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_1.formats import ABSENT, decode_format, encode_format, octets_of
from rig.protocols.gdw1376_1.profile import Provenance
from rig.protocols.gdw1376_1.units import ALL_POINTS, decode_unit_id, encode_unit_id

CLAUSE: Final = "Q/GDW 376.1-2009 data unit layouts"

#: ``format`` A.1..A.27, ``bin`` number low octet first, ``hex`` bit field high octet first, ``bytes`` in wire
#: order, ``ascii``, ``ip`` four octets, ``unit`` a data unit identifier
FieldKind = Literal["format", "bin", "hex", "bytes", "ascii", "ip", "unit"]
#: how often a group comes: ``value`` of the count field, number of one ``bits`` of it, ``points`` an hour by its
#: density, as long as octets are there (``rest``), or ``optional``: once, when octets are there
Repetition = Literal["value", "bits", "points", "rest", "optional"]

Plain = Decimal | str | None
Input = Decimal | int | str | datetime | None
_TEXT: Final = re.compile(r"(?:[^\\]|\\x[0-9a-f]{2})*")
_ESCAPED: Final = re.compile(r"\\x([0-9a-f]{2})")
#: points an hour by freeze density
POINTS_AN_HOUR: Final[Mapping[int, int]] = {0: 0, 1: 4, 2: 2, 3: 1, 254: 12, 255: 60}


@dataclass(frozen=True, slots=True)
class Part:
    """Some bits of a word, lowest bit ``low``."""

    key: str
    low: int
    width: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One value. ``highest``: a count that may not be more, and that is absent when it is EE."""

    key: str
    kind: FieldKind
    octets: int
    unit: str = ""
    number: int = 0
    highest: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    """Octets, low first, cut into numbers of some bits."""

    octets: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Blob:
    """As many octets as an earlier count says."""

    key: str
    count: str
    kind: Literal["bytes", "ascii"] = "bytes"
    less: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that come ``count`` (+ ``plus``) times; the number of a round, or ``names``, goes before their keys."""

    key: str
    count: str | int
    nodes: tuple[Node, ...]
    plus: int = 0
    repetition: Repetition = "value"
    tariffs: bool = False


@dataclass(frozen=True, slots=True)
class Events:
    """Event records: code ERC, length Le, body by the event's own layout; as many as Pm and Pn say."""

    table: Mapping[int, EventType]


@dataclass(frozen=True, slots=True)
class EventType:
    """One event code ERC with the layout of its body."""

    code: int
    name: str
    name_zh: str
    layout: Layout
    provenance: Provenance = "seen"


Node = Field | Word | Blob | Group | Events
Layout = tuple[Node, ...]


class Value(NamedTuple):
    """One value by its key; None when the device sent EE for it."""

    key: str
    value: Plain
    unit: str


@dataclass(slots=True)
class Walk:
    """Where a decoder stands in the data, and what it has found."""

    data: bytes
    position: int
    end: int
    counts: dict[str, int] = field(default_factory=dict)
    values: list[Value] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def take(self, count: int, key: str) -> bytes:
        """The next octets.

        Raises:
            RemoteProtocolError: code ``length`` when they are not there.
        """
        start = self.position
        if start + count > self.end:
            raise RemoteProtocolError(
                f"data end inside {key or 'a value'}",
                code="length",
                clause=CLAUSE,
                offset=self.end,
                expected=f"{count} octets",
                got=self.end - start,
                frame=self.data,
            )
        self.position = start + count
        return self.data[start : self.position]


def decode_layout(layout: Layout, walk: Walk, prefix: str = "") -> None:
    """Take the layout's values off the walk.

    Raises:
        RemoteProtocolError: code ``length`` or ``unit-id``; values that cannot be read are findings instead.
    """
    for place, node in enumerate(layout):
        if isinstance(node, Field) and node.highest:
            _decode_count(node, layout[place + 1 :], walk, prefix)
        elif isinstance(node, Field):
            _decode_field(node, walk, prefix)
        elif isinstance(node, Group):
            _decode_group(node, walk, prefix)
        elif isinstance(node, Word):
            _decode_word(node, walk, prefix)
        elif isinstance(node, Blob):
            key = prefix + node.key
            data = walk.take(max(0, walk.counts[_inner(prefix, node.count, walk)] - node.less), key)
            walk.values.append(Value(key, _text(data) if node.kind == "ascii" else data.hex().upper(), ""))
        else:
            _decode_events(node, walk)


def _inner(prefix: str, count: str, walk: Walk) -> str:
    """The count field meant: one of the same round if there is one, else the outer one."""
    own = prefix + count
    return own if own in walk.counts else count


def _decode_field(node: Field, walk: Walk, prefix: str) -> None:
    key = prefix + node.key if node.key else prefix.rstrip(".")
    start = walk.position
    data = walk.take(node.octets, key)
    try:
        value = _field_value(node, data)
    except RemoteProtocolError as error:
        walk.findings.append(
            Finding(error.code, f"{key}: {error.message}", start + (error.offset or 0), error.clause)
        )
        return
    if node.kind == "bin":
        walk.counts[key] = int.from_bytes(data, "little")
    walk.values.append(Value(key, value, node.unit))


def _decode_count(node: Field, following: Layout, walk: Walk, prefix: str) -> None:
    """A count of groups: EE says nothing of their number, and then the octets EE that follow tell it."""
    key = prefix + node.key
    start = walk.position
    number = walk.take(1, key)[0]
    if number == ABSENT:
        walk.values.append(Value(key, None, node.unit))
        walk.counts[key] = _absent_rounds(node, following, walk)
        message = f"{key} is EE: what follows is taken as long as it is absent too"
        walk.findings.append(Finding("absent-count", message, start, CLAUSE))
        return
    walk.values.append(Value(key, Decimal(number), node.unit))
    walk.counts[key] = number
    if number > node.highest:
        message = f"{key} is {number}, at most {node.highest}"
        walk.findings.append(Finding("count", message, start, CLAUSE))


def _absent_rounds(node: Field, following: Layout, walk: Walk) -> int:
    """Tariffs whose cells are all EE, whole sets of total and tariffs; none when something else follows."""
    cell = sum(
        part.octets
        for group in following
        if isinstance(group, Group) and group.count == node.key
        for part in group.nodes
        if isinstance(part, Field)
    )
    left = walk.data[walk.position : min(walk.end, walk.position + cell * (node.highest + 1))]
    absent = len(left) - len(left.lstrip(bytes((ABSENT,))))
    return max(0, absent // cell - 1) if cell else 0


def _field_value(node: Field, data: bytes) -> Plain:
    if node.kind == "format":
        return decode_format(node.number, data)
    if node.octets > 1 and data == bytes((ABSENT,)) * node.octets:
        return None
    if node.kind == "bin":
        return Decimal(int.from_bytes(data, "little"))
    if node.kind == "hex":
        return data[::-1].hex().upper()
    if node.kind == "bytes":
        return data.hex().upper()
    if node.kind == "ascii":
        return _text(data)
    if node.kind == "ip":
        return ".".join(map(str, data))
    return str(decode_unit_id(data))


def _text(data: bytes) -> str:
    """ASCII up to the zeros that fill it; octets that are no printable ASCII as a backslash, x and two digits."""
    return "".join(
        chr(octet) if 32 <= octet < 127 and octet != 92 else f"\\x{octet:02x}" for octet in data.rstrip(b"\0")
    )


def _decode_word(node: Word, walk: Walk, prefix: str) -> None:
    word = int.from_bytes(walk.take(node.octets, prefix + node.parts[0].key), "little")
    for part in node.parts:
        number = word >> part.low & ((1 << part.width) - 1)
        walk.counts[prefix + part.key] = number
        walk.values.append(Value(prefix + part.key, Decimal(number), part.unit))


def _rounds(node: Group, counts: Mapping[str, int], prefix: str) -> int:
    if isinstance(node.count, int):
        return node.count + node.plus
    own = prefix + node.count
    number = counts[own if own in counts else node.count]
    if node.repetition == "bits":
        number = number.bit_count()
    elif node.repetition == "points":
        number = POINTS_AN_HOUR.get(number, 0)
    return number + node.plus


def _round_name(node: Group, index: int) -> str:
    name = ("total" if index == 0 else f"t{index}") if node.tariffs else str(index + 1)
    return f"{node.key}.{name}." if node.key else f"{name}."


def _decode_group(node: Group, walk: Walk, prefix: str) -> None:
    if node.repetition == "optional":
        if walk.position < walk.end:
            decode_layout(node.nodes, walk, prefix)
        return
    if node.repetition == "rest":
        index = 0
        while walk.position < walk.end:
            decode_layout(node.nodes, walk, prefix + _round_name(node, index))
            index += 1
        return
    for index in range(_rounds(node, walk.counts, prefix)):
        decode_layout(node.nodes, walk, prefix + _round_name(node, index))


def _decode_events(node: Events, walk: Walk) -> None:
    """Records until the count of Pm and Pn is reached or the octets end."""
    expected = (walk.counts["pn"] - walk.counts["pm"]) % 256
    index = 0
    while walk.position < walk.end and (index < expected or not expected):
        index += 1
        prefix = f"{index}."
        start = walk.position
        code, length = walk.take(2, f"{prefix}erc")
        body_end = walk.position + length
        walk.values += [
            Value(f"{prefix}erc", Decimal(code), ""),
            Value(f"{prefix}length", Decimal(length), ""),
        ]
        walk.counts.update({f"{prefix}erc": code, f"{prefix}length": length})
        if body_end > walk.end:
            walk.take(length, f"{prefix}body")
        event = node.table.get(code)
        body = Walk(walk.data, walk.position, body_end, walk.counts)
        if event is None:
            walk.findings.append(Finding("unknown-event", f"event ERC {code} is in no table", start, CLAUSE))
        else:
            _decode_event_body(event, body, prefix)
        walk.values += body.values
        walk.findings += body.findings
        if body.position < body_end:
            rest = walk.data[body.position : body_end]
            walk.values.append(Value(f"{prefix}rest", rest.hex().upper(), ""))
        walk.position = body_end
    if index != expected:
        walk.findings.append(
            Finding("event-count", f"{index} event records, Pm and Pn say {expected}", walk.end, CLAUSE)
        )


def _decode_event_body(event: EventType, body: Walk, prefix: str) -> None:
    """A body shorter or longer than its layout is a finding; what could not be read stays as ``rest``."""
    start = body.position
    try:
        decode_layout(event.layout, body, prefix)
    except RemoteProtocolError as error:
        body.findings.append(Finding(error.code, error.message, error.offset, error.clause))
        body.values.clear()
        body.position = start
        return
    if body.position < body.end:
        message = f"event ERC {event.code} has {body.end - body.position} octets more than its layout"
        body.findings.append(Finding("event-length", message, body.position, CLAUSE))


@dataclass(slots=True)
class Build:
    """What an encoder has made so far."""

    values: Mapping[str, Input]
    data: bytearray = field(default_factory=bytearray)
    counts: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def value(self, key: str) -> Input:
        """A value that must be given.

        Raises:
            LocalProtocolError: code ``value`` when it is not.
        """
        if key not in self.values:
            raise LocalProtocolError("a value is missing", code="value", expected=key, clause=CLAUSE)
        self.used.add(key)
        return self.values[key]


def encode_layout(layout: Layout, values: Mapping[str, Input]) -> bytes:
    """Octets of values by key, counts included.

    Raises:
        LocalProtocolError: code ``value``: one is missing, too many, or does not fit.
    """
    build = Build(values)
    _encode_nodes(layout, build, "")
    unused = sorted(set(values) - build.used)
    if unused:
        raise LocalProtocolError("value is not in the layout", code="value", got=unused[0], clause=CLAUSE)
    return bytes(build.data)


def _encode_nodes(layout: Layout, build: Build, prefix: str) -> None:
    for node in layout:
        if isinstance(node, Field):
            _encode_field(node, build, prefix)
        elif isinstance(node, Group):
            _encode_group(node, build, prefix)
        elif isinstance(node, Word):
            _encode_word(node, build, prefix)
        elif isinstance(node, Blob):
            _encode_blob(node, build, prefix)
        else:
            _encode_events(node, build)


def _unfit(key: str, value: object, wanted: str) -> LocalProtocolError:
    return LocalProtocolError(f"{key} does not fit", code="value", expected=wanted, got=value, clause=CLAUSE)


def _integer(key: str, value: Input, octets_or_bits: int, *, bits: bool = False) -> int:
    limit = 1 << (octets_or_bits if bits else 8 * octets_or_bits)
    number = value if isinstance(value, Decimal) else None
    if isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    if number is not None and number.is_finite() and 0 <= number < limit and number == int(number):
        return int(number)
    raise _unfit(key, value, f"a whole number below {limit}")


def _octets(key: str, value: Input, count: int | None) -> bytes:
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        data = None
    if data is None or (count is not None and len(data) != count):
        raise _unfit(key, value, f"{count if count is not None else 'some'} octets as hex")
    return data


def _encode_field(node: Field, build: Build, prefix: str) -> None:
    key = prefix + node.key if node.key else prefix.rstrip(".")
    value = build.value(key)
    if node.highest and value is None:
        build.data.append(ABSENT)
        build.counts[key] = _rounds_given(build, node.highest)
    elif node.kind == "format":
        build.data += encode_format(node.number, value)
    elif value is None:
        if node.octets == 1:
            raise _unfit(key, value, "one octet, which cannot be absent")
        build.data += bytes((ABSENT,)) * node.octets
    else:
        data = _field_octets(node, key, value)
        if node.octets > 1 and data == bytes((ABSENT,)) * node.octets:
            raise _unfit(key, value, "octets that do not mean an absent value")
        build.data += data
        if node.kind == "bin":
            build.counts[key] = int.from_bytes(data, "little")


def _rounds_given(build: Build, highest: int) -> int:
    """Tariffs that have a value when their number is absent."""
    parts = {part for key in build.values for part in key.split(".")}
    return max((place for place in range(1, highest + 1) if f"t{place}" in parts), default=0)


def _field_octets(node: Field, key: str, value: Input) -> bytes:
    if node.kind == "bin":
        return _integer(key, value, node.octets).to_bytes(node.octets, "little")
    if node.kind == "hex":
        return _octets(key, value, node.octets)[::-1]
    if node.kind == "bytes":
        return _octets(key, value, node.octets)
    if node.kind == "ascii":
        return _text_octets(key, value, node.octets).ljust(node.octets, b"\0")
    if node.kind == "ip":
        parts = str(value).split(".")
        if len(parts) != 4 or not all(
            part.isdecimal() and part.isascii() and int(part) < 256 for part in parts
        ):
            raise _unfit(key, value, "an address like 10.0.0.1")
        return bytes(map(int, parts))
    return encode_unit_text(str(value))


def _text_octets(key: str, value: Input, limit: int) -> bytes:
    if not isinstance(value, str) or not value.isascii():
        raise _unfit(key, value, "ASCII text")
    if not _TEXT.fullmatch(value):
        raise _unfit(key, value, "text with \\xNN for other octets")
    data = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value).encode("latin-1")
    if len(data) > limit:
        raise _unfit(key, value, f"at most {limit} characters")
    return data


def encode_unit_text(words: str) -> bytes:
    """Octets of an identifier in words, as ``P1+P3 F25``; the point may be ``all``.

    Raises:
        LocalProtocolError: code ``unit-id``.
    """
    points, _, types = words.partition(" ")
    try:
        return encode_unit_id(
            [ALL_POINTS if point == "all" else int(point.removeprefix("P")) for point in points.split("+")],
            [int(number.removeprefix("F")) for number in types.split("+")],
        )
    except ValueError:
        raise LocalProtocolError(
            "no data unit identifier", code="unit-id", expected="P1 F25", got=words, clause=CLAUSE
        ) from None


def _encode_word(node: Word, build: Build, prefix: str) -> None:
    word = 0
    for part in node.parts:
        key = prefix + part.key
        number = _integer(key, build.value(key), part.width, bits=True)
        build.counts[key] = number
        word |= number << part.low
    build.data += word.to_bytes(node.octets, "little")


def _encode_blob(node: Blob, build: Build, prefix: str) -> None:
    key = prefix + node.key
    own = prefix + node.count
    count = max(0, build.counts[own if own in build.counts else node.count] - node.less)
    value = build.value(key)
    if node.kind == "ascii":
        build.data += _text_octets(key, value, count).ljust(count, b"\0")
    else:
        build.data += _octets(key, value, count)


def _given(build: Build, prefix: str) -> bool:
    return any(key.startswith(prefix) or key == prefix[:-1] for key in build.values)


def _encode_group(node: Group, build: Build, prefix: str) -> None:
    if node.repetition == "optional":
        first = node.nodes[0]
        if isinstance(first, Field) and prefix + first.key in build.values:
            _encode_nodes(node.nodes, build, prefix)
        return
    if node.repetition == "rest":
        index = 0
        while _given(build, name := prefix + _round_name(node, index)):
            _encode_nodes(node.nodes, build, name)
            index += 1
        return
    for index in range(_rounds(node, build.counts, prefix)):
        _encode_nodes(node.nodes, build, prefix + _round_name(node, index))


def _encode_events(node: Events, build: Build) -> None:
    index = 1
    while f"{index}.erc" in build.values:
        prefix = f"{index}."
        code = _integer(f"{prefix}erc", build.value(f"{prefix}erc"), 1)
        body = Build(build.values, used=build.used)
        event = node.table.get(code)
        if event is not None and (f"{prefix}rest" not in build.values or _has_body(build, prefix)):
            _encode_nodes(event.layout, body, prefix)
        if f"{prefix}rest" in build.values:
            body.data += _octets(f"{prefix}rest", build.value(f"{prefix}rest"), None)
        build.used.add(f"{prefix}length")
        if len(body.data) > 255:
            raise _unfit(f"{prefix}rest", len(body.data), "a body of at most 255 octets")
        build.data += bytes((code, len(body.data))) + body.data
        index += 1


def _has_body(build: Build, prefix: str) -> bool:
    plain = {f"{prefix}erc", f"{prefix}length", f"{prefix}rest"}
    return any(key.startswith(prefix) and key not in plain for key in build.values)


def fmt(number: int, key: str, unit: str = "") -> Field:
    """A value of format A.``number``."""
    return Field(key, "format", octets_of(number), unit, number)


def binary(octets: int, key: str, unit: str = "") -> Field:
    """An unsigned number, low octet first."""
    return Field(key, "bin", octets, unit)


def count(key: str, highest: int) -> Field:
    """A number of groups in one octet, absent when it is EE."""
    return Field(key, "bin", 1, highest=highest)


def bits(octets: int, key: str) -> Field:
    """A bit field, shown high octet first."""
    return Field(key, "hex", octets)


def octets(count: int, key: str) -> Field:
    """Opaque octets in wire order."""
    return Field(key, "bytes", count)


def text(count: int, key: str) -> Field:
    """ASCII, filled with zeros."""
    return Field(key, "ascii", count)


def address(key: str) -> Field:
    """An IP address."""
    return Field(key, "ip", 4)


def unit_id(key: str) -> Field:
    """A data unit identifier."""
    return Field(key, "unit", 4)


def by_tariff(number: int, key: str, unit: str) -> Group:
    """Total and every tariff of the field ``tariffs``."""
    return Group(key, "tariffs", (fmt(number, "", unit),), plus=1, tariffs=True)
