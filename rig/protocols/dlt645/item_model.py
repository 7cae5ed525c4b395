"""What a table of data items is made of: fields, axes, rows; and the item a row becomes at one identifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

from rig.protocols.dlt645.profile import Provenance
from rig.protocols.dlt645.times import octets_of

FieldKind = Literal["bcd", "digits", "hex", "ascii", "time"]
Access = Literal["r", "w", "rw"]
#: how octets of an item are laid out: one after another, or as load profile blocks
Layout = Literal["fields", "load-profile"]

#: most tariffs a meter can have (3FH)
MAX_TARIFFS = 63
CLAUSE = "DL/T 645-2007 annex A"
EXTENSION = "State Grid extension of DL/T 645-2007"


@dataclass(frozen=True, slots=True)
class ItemField:
    """One field of an item, in wire order.

    ``key`` is empty for the principal field. ``kind``: ``bcd`` number (``decimals``; ``signed``: top bit of the
    highest octet), ``digits`` text of BCD digits, ``hex`` bit field or opaque octets as hex text (high octet
    first), ``ascii`` (low octet first), or ``time`` with a ``layout`` of times.LAYOUTS.
    """

    key: str
    octets: int
    kind: FieldKind = "bcd"
    decimals: int = 0
    signed: bool = False
    unit: str = ""
    layout: str = ""


@dataclass(frozen=True, slots=True)
class DataItem:
    """One data identifier.

    ``group`` > 0: the fields come in groups of so many octets, and fewer groups than listed are legal;
    ``per_tariff``: the groups are total and tariffs. ``in_blocks``: part of blocks over the octets 2, 1, 0 of DI.
    """

    di: int
    name: str
    name_zh: str
    fields: tuple[ItemField, ...]
    access: Access = "r"
    clause: str = CLAUSE
    provenance: Provenance = "seen"
    group: int = 0
    per_tariff: bool = False
    layout: Layout = "fields"
    edition: Literal["2007", "1997"] = "2007"
    #: decoder compiled on first use by values.decode_item
    plan: Callable[[bytes], Any] | None = field(default=None, compare=False, repr=False)

    @property
    def octets(self) -> int:
        """Octets on the wire without the identifier, with all groups present (0: variable)."""
        return sum(part.octets for part in self.fields)

    def octets_with(self, tariffs: int) -> int:
        """Octets on the wire when the meter has ``tariffs`` tariffs (0..63)."""
        return self.group * (1 + tariffs) if self.per_tariff else self.octets

    @property
    def unit(self) -> str:
        """Unit of the first field."""
        return self.fields[0].unit if self.fields else ""

    @property
    def id(self) -> str:
        """The identifier in hex: eight characters, four in the 1997 edition."""
        return f"{self.di:04X}" if self.edition == "1997" else f"{self.di:08X}"


@dataclass(frozen=True, slots=True)
class Axis:
    """One octet of the identifier that runs over codes; ``names`` fill the row's name where ``key`` stands."""

    key: str
    codes: tuple[int, ...]
    names: tuple[str, ...]
    names_zh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: all identifiers of a pattern (DI3 DI2 DI1 DI0) that share fields.

    ``blocks`` lists the octets of DI (2, 1, 0) where FF asks for all of them.
    """

    pattern: tuple[int | Axis, int | Axis, int | Axis, int | Axis]
    name: str
    name_zh: str
    fields: tuple[ItemField, ...]
    access: Access = "r"
    clause: str = CLAUSE
    provenance: Provenance = "seen"
    group: int = 0
    per_tariff: bool = False
    layout: Layout = "fields"
    blocks: tuple[int, ...] = ()
    edition: Literal["2007", "1997"] = "2007"

    def codes(self, position: int) -> tuple[int, ...]:
        """Codes of DI3 (position 0) to DI0 (position 3)."""
        part = self.pattern[position]
        return part.codes if isinstance(part, Axis) else (part,)

    def item(self, di: int) -> DataItem | None:
        """The item of an identifier, None when the pattern does not have it."""
        words: dict[str, str] = {}
        words_zh: dict[str, str] = {}
        for part, code in zip(self.pattern, di.to_bytes(4, "big"), strict=True):
            if isinstance(part, Axis):
                if code not in part.codes:
                    return None
                index = part.codes.index(code)
                words[part.key] = part.names[index]
                words_zh[part.key] = part.names_zh[index]
            elif part != code:
                return None
        return DataItem(
            di,
            " ".join(self.name.format(**words).split()),
            self.name_zh.format(**words_zh),
            self.fields,
            self.access,
            self.clause,
            self.provenance,
            self.group,
            self.per_tariff,
            self.layout,
            self.edition,
        )

    def identifiers(self) -> Iterator[int]:
        """Every identifier of the pattern, rising."""
        for octets in product(*(self.codes(position) for position in range(4))):
            yield int.from_bytes(bytes(octets), "big")


def axis(key: str, codes: range | tuple[int, ...], names: str, names_zh: str, *, first: int = 1) -> Axis:
    """An axis whose names count: ``{n}`` in the templates is ``first``, ``first`` + 1, ..."""
    numbers = range(first, first + len(codes))
    return Axis(
        key,
        tuple(codes),
        tuple(names.format(n=n) for n in numbers),
        tuple(names_zh.format(n=n) for n in numbers),
    )


def bcd(octets: int, decimals: int = 0, unit: str = "", *, key: str = "", signed: bool = False) -> ItemField:
    """A BCD number."""
    return ItemField(key, octets, "bcd", decimals, signed, unit)


def digits(octets: int, *, key: str = "") -> ItemField:
    """BCD digits that are a name, not a number."""
    return ItemField(key, octets, "digits")


def bits(octets: int, *, key: str = "") -> ItemField:
    """A bit field or opaque octets."""
    return ItemField(key, octets, "hex")


def text(octets: int, *, key: str = "") -> ItemField:
    """ASCII characters."""
    return ItemField(key, octets, "ascii")


def moment(layout: str, *, key: str = "") -> ItemField:
    """A time in one of the layouts of times.LAYOUTS."""
    return ItemField(key, octets_of(layout), "time", layout=layout)


def energy(key: str = "", unit: str = "kWh", *, signed: bool = False) -> ItemField:
    """An energy register XXXXXX.XX."""
    return ItemField(key, 4, "bcd", 2, signed, unit)


def demand(key: str = "", unit: str = "kW", *, signed: bool = False) -> tuple[ItemField, ItemField]:
    """A maximum demand XX.XXXX and the time it happened."""
    return (
        ItemField(key, 3, "bcd", 4, signed, unit),
        moment("YYMMDDhhmm", key=f"{key}.time" if key else "time"),
    )


def repeated(count: int, *fields: ItemField) -> tuple[ItemField, ...]:
    """The fields ``count`` times; keys become ``1.key``, ``2.key``, ..."""
    return tuple(
        ItemField(
            f"{n}.{part.key}" if part.key else str(n),
            part.octets,
            part.kind,
            part.decimals,
            part.signed,
            part.unit,
            part.layout,
        )
        for n in range(1, count + 1)
        for part in fields
    )


def with_tariffs(*fields: ItemField) -> tuple[ItemField, ...]:
    """The fields for the total (keys unchanged) and for each tariff (``t1``, ``t1.time``, ...)."""
    rest = tuple(
        ItemField(
            f"t{n}.{part.key}" if part.key else f"t{n}",
            part.octets,
            part.kind,
            part.decimals,
            part.signed,
            part.unit,
            part.layout,
        )
        for n in range(1, MAX_TARIFFS + 1)
        for part in fields
    )
    return (*fields, *rest)


#: octet DI1 of energies and demands
TARIFF = Axis(
    "tariff",
    tuple(range(MAX_TARIFFS + 1)),
    ("total", *(f"tariff {n}" for n in range(1, MAX_TARIFFS + 1))),
    ("总", *(f"费率{n}" for n in range(1, MAX_TARIFFS + 1))),
)
#: octet DI1 where only the total exists
TOTAL = Axis("tariff", (0,), ("total",), ("总",))
#: octet DI0 of energies and demands
BILLING = Axis(
    "billing",
    tuple(range(13)),
    ("", *(f"at billing day {n} back" for n in range(1, 13))),
    ("(当前)", *(f"(上{n}结算日)" for n in range(1, 13))),
)
#: phases A, B, C as 01..03
PHASE = Axis("phase", (1, 2, 3), ("phase A", "phase B", "phase C"), ("A相", "B相", "C相"))
#: the same with 00 for the whole circuit
TOTAL_AND_PHASE = Axis(
    "phase", (0, 1, 2, 3), ("total", "phase A", "phase B", "phase C"), ("总", "A相", "B相", "C相")
)
#: the last ten occurrences of an event
OCCURRENCE = axis("occurrence", range(1, 11), "{n} back", "上{n}次")
