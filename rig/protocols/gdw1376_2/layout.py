"""What layouts of data units are made of: kinds of fields that read, write and show themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, Protocol

from rig.errors import Finding, LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_2.frame import address_octets, address_text

CLAUSE: Final = "Q/GDW 10376.2-2019 application layer"
#: values of a data unit by field name: int, str, bytes, list of int, or list of such mappings
Content = dict[str, Any]


@dataclass(slots=True)
class Cursor:
    """The octets of a data unit being read, and what was found on the way; offsets count from ``base``."""

    data: bytes
    base: int = 0
    position: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Octets not yet read."""
        return len(self.data) - self.position

    def take(self, count: int, key: str) -> bytes:
        """The next octets.

        Raises:
            RemoteProtocolError: code ``length``.
        """
        if self.left < count:
            raise RemoteProtocolError(
                f"data unit ends inside {key}",
                code="length",
                clause=CLAUSE,
                offset=self.base + len(self.data),
                expected=f"{count} octets",
                got=self.left,
                frame=self.data,
            )
        piece = self.data[self.position : self.position + count]
        self.position += count
        return piece

    def note(self, code: str, message: str, back: int = 0) -> None:
        """Record a broken rule at the present position less ``back`` octets."""
        self.findings.append(Finding(code, message, self.base + self.position - back, CLAUSE))


class Field(Protocol):
    """One kind of field. Its values live under its own keys of a Content."""

    def names(self) -> Iterable[str]:
        """The keys it reads and writes."""
        ...

    def read(self, cursor: Cursor, content: Content) -> None:
        """Take octets, add values."""
        ...

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """Append octets of the values; LocalProtocolError when one is missing or does not fit."""
        ...

    def show(self, content: Mapping[str, Any]) -> Content:
        """The values in plain types, with the meaning of codes beside them."""
        ...


Layout = tuple[Field, ...]


def _value(content: Mapping[str, Any], key: str, kind: type | tuple[type, ...]) -> Any:
    if key not in content:
        raise LocalProtocolError(f"{key} is missing", code="missing", expected=key, clause=CLAUSE)
    value = content[key]
    if not isinstance(value, kind):
        raise _misfit(key, kind, value)
    return value


def _misfit(key: str, expected: object, got: object) -> LocalProtocolError:
    return LocalProtocolError(f"{key} does not fit", code="value", expected=expected, got=got, clause=CLAUSE)


@dataclass(frozen=True, slots=True)
class Number:
    """Unsigned binary number, low octet first. ``meanings`` names its codes; others are a finding."""

    key: str
    octets: int = 1
    unit: str = ""
    meanings: Mapping[int, str] | None = None

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """An int."""
        value = int.from_bytes(cursor.take(self.octets, self.key), "little")
        content[self.key] = value
        if self.meanings is not None and value not in self.meanings:
            cursor.note("undefined-value", f"{self.key} {value} is not defined", self.octets)

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From an int that fits; undefined codes may be sent."""
        value = _value(content, self.key, int)
        if not 0 <= value < 1 << 8 * self.octets:
            raise _misfit(self.key, f"0..{(1 << 8 * self.octets) - 1}", value)
        output += value.to_bytes(self.octets, "little")

    def show(self, content: Mapping[str, Any]) -> Content:
        """The number, and what it means."""
        return _shown(self.key, content[self.key], self.meanings)


def _shown(key: str, value: int, meanings: Mapping[int, str] | None) -> Content:
    if meanings is None:
        return {key: value}
    return {key: value, f"{key}_meaning": meanings.get(value, "undefined")}


@dataclass(frozen=True, slots=True)
class Part:
    """A run of bits, from bit ``low`` of the word; ``meanings`` as in Number."""

    key: str
    low: int
    width: int = 1
    meanings: Mapping[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Bits:
    """A word of parts, low octet first; bits in no part are spare: zero when sent, a finding when set."""

    octets: int
    parts: tuple[Part, ...]

    def names(self) -> tuple[str, ...]:
        """One key a part."""
        return tuple(part.key for part in self.parts)

    def read(self, cursor: Cursor, content: Content) -> None:
        """One int a part."""
        word = int.from_bytes(cursor.take(self.octets, self.parts[0].key), "little")
        for part in self.parts:
            mask = (1 << part.width) - 1
            value = word >> part.low & mask
            word &= ~(mask << part.low)
            content[part.key] = value
            if part.meanings is not None and value not in part.meanings:
                cursor.note("undefined-value", f"{part.key} {value} is not defined", self.octets)
        if word:
            cursor.note("spare-bits", f"spare bits {word:X} are set", self.octets)

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From ints that fit; a part that is left out is zero."""
        word = 0
        for part in self.parts:
            value = _value(content, part.key, int) if part.key in content else 0
            if not 0 <= value < 1 << part.width:
                raise _misfit(part.key, f"0..{(1 << part.width) - 1}", value)
            word |= value << part.low
        output += word.to_bytes(self.octets, "little")

    def show(self, content: Mapping[str, Any]) -> Content:
        """Each part, and what it means."""
        shown: Content = {}
        for part in self.parts:
            shown.update(_shown(part.key, content[part.key], part.meanings))
        return shown


@dataclass(frozen=True, slots=True)
class Address:
    """Node address: 12 digits."""

    key: str

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """Text; hexadecimal digits are a finding."""
        text = address_text(cursor.take(6, self.key))
        content[self.key] = text
        if not text.isdigit():
            cursor.note("address-not-bcd", f"{self.key} is not BCD", 6)

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From 12 digits."""
        output += address_octets(_value(content, self.key, str))

    def show(self, content: Mapping[str, Any]) -> Content:
        """The digits."""
        return {self.key: content[self.key]}


@dataclass(frozen=True, slots=True)
class Digits:
    """BCD digits, low octet first, as text most significant first."""

    key: str
    octets: int

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """Text; hexadecimal digits are a finding."""
        text = cursor.take(self.octets, self.key)[::-1].hex().upper()
        content[self.key] = text
        if not text.isdigit():
            cursor.note("bad-bcd", f"{self.key} is not BCD", self.octets)

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From exactly so many digits."""
        text = _value(content, self.key, str)
        if len(text) != 2 * self.octets or set(text) - set("0123456789"):
            raise _misfit(self.key, f"{2 * self.octets} digits", text)
        output += bytes.fromhex(text)[::-1]

    def show(self, content: Mapping[str, Any]) -> Content:
        """The digits."""
        return {self.key: content[self.key]}


@dataclass(frozen=True, slots=True)
class Text:
    """ASCII in the order it travels; NUL stays."""

    key: str
    octets: int

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """Text; an octet above 7F is a finding and read as Latin-1."""
        octets = cursor.take(self.octets, self.key)
        content[self.key] = octets.decode("latin-1")
        if not octets.isascii():
            cursor.note("not-ascii", f"{self.key} is not ASCII", self.octets)

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From text of exactly so many characters."""
        text = _value(content, self.key, str)
        if len(text) != self.octets or not text.isascii():
            raise _misfit(self.key, f"{self.octets} ASCII characters", text)
        output += text.encode("ascii")

    def show(self, content: Mapping[str, Any]) -> Content:
        """The text."""
        return {self.key: content[self.key]}


@dataclass(frozen=True, slots=True)
class Stamp:
    """BCD date (day, month, year) or time (second .. year), two-digit year of this century, as ISO text."""

    key: str
    kind: Literal["date", "time"] = "time"

    @property
    def octets(self) -> int:
        """Octets on the wire."""
        return 3 if self.kind == "date" else 6

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """ISO text; hexadecimal digits, in the order of ISO text, with a finding when it is no date or time."""
        digits = cursor.take(self.octets, self.key)[::-1].hex().upper()
        content[self.key] = digits
        try:
            if self.kind == "date":
                content[self.key] = _date(digits).isoformat()
            else:
                moment = datetime.combine(_date(digits), datetime.min.time()).replace(
                    hour=_two(digits, 6), minute=_two(digits, 8), second=_two(digits, 10)
                )
                content[self.key] = moment.isoformat(" ")
        except ValueError:
            cursor.note("bad-time", f"{self.key} {digits} is no {self.kind}", self.octets)

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From ISO text, or a date or datetime, of the years 2000 to 2099, to the second."""
        value = _value(content, self.key, (str, date))
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            raise _misfit(self.key, "ISO text", value) from None
        if not 2000 <= moment.year <= 2099:
            raise _misfit(self.key, "2000..2099", value)
        if self.kind == "time":
            if not isinstance(moment, datetime):
                raise _misfit(self.key, "a date and a time", value)
            output += bytes.fromhex(moment.strftime("%S%M%H"))
        output += bytes.fromhex(moment.strftime("%d%m%y"))

    def show(self, content: Mapping[str, Any]) -> Content:
        """The text."""
        return {self.key: content[self.key]}


def _two(digits: str, at: int) -> int:
    pair = digits[at : at + 2]
    if not pair.isdigit():
        raise ValueError(pair)
    return int(pair)


def _date(digits: str) -> date:
    return date(2000 + _two(digits, 0), _two(digits, 2), _two(digits, 4))


@dataclass(frozen=True, slots=True)
class Octets:
    """Octets as they travel: a fixed number, as many as the Number of the given key says, or all left (None)."""

    key: str
    octets: int | str | None = None

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """Bytes."""
        size = cursor.left if self.octets is None else self._size(content, self.octets)
        content[self.key] = cursor.take(size, self.key)

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From bytes of the right number."""
        value = _value(content, self.key, bytes)
        if self.octets is not None and len(value) != self._size(content, self.octets):
            raise _misfit(self.key, f"{self._size(content, self.octets)} octets", value.hex())
        output += value

    def show(self, content: Mapping[str, Any]) -> Content:
        """Hexadecimal text."""
        return {self.key: content[self.key].hex().upper()}

    @staticmethod
    def _size(content: Mapping[str, Any], octets: int | str) -> int:
        return octets if isinstance(octets, int) else int(content[octets])


@dataclass(frozen=True, slots=True)
class Bitmap:
    """A set of numbers, bit 0 of the first octet being ``first``."""

    key: str
    octets: int
    first: int = 1

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """Ascending list of int."""
        word = int.from_bytes(cursor.take(self.octets, self.key), "little")
        content[self.key] = [self.first + bit for bit in range(8 * self.octets) if word >> bit & 1]

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From any sequence of int."""
        word = 0
        for number in _value(content, self.key, (list, tuple)):
            if not isinstance(number, int) or not 0 <= number - self.first < 8 * self.octets:
                raise _misfit(self.key, f"{self.first}..{self.first + 8 * self.octets - 1}", number)
            word |= 1 << number - self.first
        output += word.to_bytes(self.octets, "little")

    def show(self, content: Mapping[str, Any]) -> Content:
        """The numbers."""
        return {self.key: list(content[self.key])}


@dataclass(frozen=True, slots=True)
class Message:
    """A frame of another protocol, behind its length."""

    key: str = "message"
    length_octets: int = 1

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """Bytes."""
        length = int.from_bytes(cursor.take(self.length_octets, f"length of {self.key}"), "little")
        content[self.key] = cursor.take(length, self.key)

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From bytes that the length octets can count."""
        value = _value(content, self.key, bytes)
        limit = (1 << 8 * self.length_octets) - 1
        if len(value) > limit:
            raise _misfit(self.key, f"at most {limit} octets", len(value))
        output += len(value).to_bytes(self.length_octets, "little") + value

    def show(self, content: Mapping[str, Any]) -> Content:
        """Hexadecimal text."""
        return {self.key: content[self.key].hex().upper()}


@dataclass(frozen=True, slots=True)
class Items:
    """A list of groups of fields, behind its count; ``count_octets`` 0: as many as there are.

    ``omit_empty``: an empty list is written as nothing when the field ``omit_empty`` names is zero.
    """

    key: str
    fields: Layout
    count_octets: int = 1
    omit_empty: str = ""

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """A list of contents."""
        items: list[Content] = []
        content[self.key] = items
        if self.omit_empty and not content[self.omit_empty]:
            return
        if not self.count_octets:
            while cursor.left:
                items.append(read_fields(self.fields, cursor))
            return
        count = int.from_bytes(cursor.take(self.count_octets, f"number of {self.key}"), "little")
        items.extend(read_fields(self.fields, cursor) for _ in range(count))

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From a sequence of mappings."""
        items: Sequence[Mapping[str, Any]] = _value(content, self.key, (list, tuple))
        if self.omit_empty and not content.get(self.omit_empty):
            if items:
                raise _misfit(self.key, f"none where {self.omit_empty} is 0", len(items))
            return
        if self.count_octets:
            limit = (1 << 8 * self.count_octets) - 1
            if len(items) > limit:
                raise _misfit(self.key, f"at most {limit}", len(items))
            output += len(items).to_bytes(self.count_octets, "little")
        for item in items:
            if not isinstance(item, Mapping):
                raise _misfit(self.key, "a list of mappings", item)
            write_fields(self.fields, item, output)

    def show(self, content: Mapping[str, Any]) -> Content:
        """A list of what its items show."""
        return {self.key: [show_fields(self.fields, item) for item in content[self.key]]}


#: the layout of octets that fit no other
RAW: Final[Layout] = (Octets("raw"),)


@dataclass(frozen=True, slots=True)
class Body:
    """Octets behind their length, in one of the layouts that ``variants`` takes from the fields before them.

    Reading tries them in order; when none fits, the octets stay raw with a finding. Writing takes the one that has
    the keys of the values. The values live in a content of their own under ``key``.
    """

    key: str
    variants: Callable[[Mapping[str, Any]], tuple[Layout, ...]]
    length_octets: int = 1

    def names(self) -> tuple[str, ...]:
        """Its one key."""
        return (self.key,)

    def read(self, cursor: Cursor, content: Content) -> None:
        """A content."""
        length = int.from_bytes(cursor.take(self.length_octets, f"length of {self.key}"), "little")
        start = cursor.base + cursor.position
        octets = cursor.take(length, self.key)
        for layout in self.variants(content):
            inner = Cursor(octets, start)
            try:
                value = read_fields(layout, inner)
            except RemoteProtocolError:
                continue
            if not inner.left:
                content[self.key] = value
                cursor.findings += inner.findings
                return
        content[self.key] = {"raw": octets}
        cursor.note("layout", f"{self.key} fits no known layout", length)

    def write(self, content: Mapping[str, Any], output: bytearray) -> None:
        """From a mapping."""
        value = _value(content, self.key, Mapping)
        body = bytearray()
        write_fields(self._layout(content, value), value, body)
        limit = (1 << 8 * self.length_octets) - 1
        if len(body) > limit:
            raise _misfit(self.key, f"at most {limit} octets", len(body))
        output += len(body).to_bytes(self.length_octets, "little") + body

    def show(self, content: Mapping[str, Any]) -> Content:
        """What its fields show."""
        inner = content[self.key]
        return {self.key: show_fields(self._layout(content, inner), inner)}

    def _layout(self, content: Mapping[str, Any], value: Mapping[str, Any]) -> Layout:
        """The layout with the keys of the values; raw when they are raw; else the first."""
        offered = (*self.variants(content), RAW)
        return next((one for one in offered if set(layout_names(one)) == set(value)), offered[0])


def layout_names(layout: Layout) -> tuple[str, ...]:
    """Every key of a layout, in wire order."""
    return tuple(key for part in layout for key in part.names())


def read_fields(layout: Layout, cursor: Cursor) -> Content:
    """Values of the fields, from where the cursor stands.

    Raises:
        RemoteProtocolError: code ``length``.
    """
    content: Content = {}
    for part in layout:
        part.read(cursor, content)
    return content


def write_fields(layout: Layout, content: Mapping[str, Any], output: bytearray) -> None:
    """Append the octets of the values.

    Raises:
        LocalProtocolError: code ``missing``, ``unknown`` or ``value``.
    """
    known = layout_names(layout)
    unknown = [key for key in content if key not in known]
    if unknown:
        raise LocalProtocolError(
            f"{unknown[0]} is no field here",
            code="unknown",
            expected=", ".join(known) or "none",
            got=unknown[0],
        )
    for part in layout:
        part.write(content, output)


def show_fields(layout: Layout, content: Mapping[str, Any]) -> Content:
    """The values in plain types, with the meaning of codes beside them."""
    shown: Content = {}
    for part in layout:
        shown.update(part.show(content))
    return shown


def decode_layout(layout: Layout, data: bytes, *, base: int = 0) -> tuple[Content, tuple[Finding, ...]]:
    """Values of a whole data unit, and the rules it breaks; octets left over are a finding.

    Raises:
        RemoteProtocolError: code ``length``; offsets count from ``base`` before the data unit.
    """
    cursor = Cursor(data, base)
    content = read_fields(layout, cursor)
    if cursor.left:
        cursor.note("trailing-data", f"{cursor.left} octets after the fields")
    return content, tuple(cursor.findings)


def encode_layout(layout: Layout, content: Mapping[str, Any]) -> bytes:
    """Octets of a whole data unit.

    Raises:
        LocalProtocolError: code ``missing``, ``unknown``, ``value`` or ``address``.
    """
    output = bytearray()
    write_fields(layout, content, output)
    return bytes(output)
