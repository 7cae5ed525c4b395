"""What the center stores: quantities of the protocol's information types, each with a code, a unit and its decimals.

Derived from the layout tables of Q/GDW 1376.1, so that there is one truth about what a frame carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from rig.errors import ConfigError
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.fn_model import Fn
from rig.protocols.gdw1376_1.formats import FORMATS, EnergyFormat, NumberFormat, ScaledFormat
from rig.protocols.gdw1376_1.functions import all_functions, lookup
from rig.protocols.gdw1376_1.layout import Field, Group, Layout

#: marks and times of reception count from here, local time without zone
EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - the network keeps local time
DAY_S: Final = 86400
#: what a mark names: the time a meter was read, a day, a month, points of a curve
MarkKind = Literal["read", "day", "month", "curve"]
#: keys that say when or how many, never what
_SERVICE: Final = frozenset(
    {"time", "tariffs", "date", "month", "start", "density", "points", "hour", "port", "number"}
)
_ITEM: Final = re.compile(r"(0[CD])\.F([1-9][0-9]{0,2})")
_TARIFF: Final = re.compile(r"t([1-9][0-9]?)")
#: seconds between points of a curve, by its density octet
DENSITY_S: Final[Mapping[int, int]] = MappingProxyType({1: 900, 2: 1800, 3: 3600, 254: 300, 255: 60})
DENSITY_CODE: Final[Mapping[int, int]] = MappingProxyType({value: code for code, value in DENSITY_S.items()})


class Quantity(NamedTuple):
    """One stored quantity: its code in the database, its id, and how its whole numbers are scaled."""

    code: int
    id: str
    key: str
    unit: str
    decimals: int


class Place(NamedTuple):
    """Where a value of an answer belongs: its quantity, tariff (0 the total) and place in a curve (from 0)."""

    quantity: Quantity
    tariff: int
    point: int


@dataclass(frozen=True, slots=True)
class ItemType:
    """An information type whose values are stored. ``quantities`` by the key they have beside tariff and place."""

    afn: int
    number: int
    mark: MarkKind
    quantities: Mapping[str, Quantity]
    fn: Fn

    @property
    def id(self) -> str:
        """``0D.F161``."""
        return self.fn.id

    @property
    def leading(self) -> Quantity:
        """The quantity by which presence is judged: the first one."""
        return next(iter(self.quantities.values()))


def _decimals(field: Field) -> int | None:
    """Decimals of a number field, None for what is no number."""
    if field.kind == "bin":
        return 0
    if field.kind != "format" or field.number == 12:
        return None
    form = FORMATS[field.number]
    if isinstance(form, NumberFormat):
        return form.decimals
    if isinstance(form, ScaledFormat):
        return 3
    return 0 if isinstance(form, EnergyFormat) else None


def _numbers(layout: Layout, prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Number fields of a layout with their keys, rounds of tariffs and of curve points left out of the key."""
    for node in layout:
        if isinstance(node, Field):
            key = prefix + node.key if node.key else prefix.rstrip(".")
            if node.key not in _SERVICE and _decimals(node) is not None:
                yield key, node
        elif isinstance(node, Group) and (node.tariffs or (node.key, node.count) == ("point", "points")):
            inner = "" if node.key == "point" or not node.key else f"{node.key}."
            yield from _numbers(node.nodes, prefix + inner)


def _mark_kind(fn: Fn) -> MarkKind:
    if fn.afn == Afn.REALTIME_DATA:
        return "read"
    first = fn.down[0].key if fn.down and isinstance(fn.down[0], Field) else ""
    kinds: Mapping[str, MarkKind] = {"date": "day", "month": "month"}
    return kinds.get(first, "curve")


@cache
def item_type(afn: int, number: int) -> ItemType | None:
    """The stored type of an application function and number; None when nothing of it is stored."""
    fn = lookup(afn, number)
    if fn is None or afn not in {Afn.REALTIME_DATA, Afn.HISTORY_DATA} or not fn.up:
        return None
    found: dict[str, Quantity] = {}
    for key, node in _numbers(fn.up):
        if key in found:
            continue
        place = 0 if not key else len(found) + 1
        identity = fn.id if not key else f"{fn.id}.{key}"
        found[key] = Quantity(afn << 16 | number << 8 | place, identity, key, node.unit, _decimals(node) or 0)
    return ItemType(afn, number, _mark_kind(fn), MappingProxyType(found), fn) if found else None


@cache
def all_quantities() -> Mapping[int, Quantity]:
    """Every stored quantity by its code."""
    found: dict[int, Quantity] = {}
    for fn in all_functions():
        kind = item_type(fn.afn, fn.number)
        if kind is not None:
            found.update({quantity.code: quantity for quantity in kind.quantities.values()})
    return MappingProxyType(found)


@cache
def quantities_by_id() -> Mapping[str, Quantity]:
    """Every stored quantity by its id."""
    return MappingProxyType({quantity.id: quantity for quantity in all_quantities().values()})


def parse_item(text: str) -> ItemType:
    """The type that an id like ``0D.F161`` names.

    Raises:
        ConfigError: it names none that is stored.
    """
    found = _ITEM.fullmatch(text)
    kind = item_type(int(found[1], 16), int(found[2])) if found else None
    if kind is None:
        raise ConfigError(
            "no such item", key="item", value=text, hint="class 1 or 2 data, e.g. 0C.F129 or 0D.F161"
        )
    return kind


def codes_of(text: str) -> tuple[int, ...]:
    """Codes that an id names: all of a type (``0D.F1``) or one quantity (``0D.F1.active``).

    Raises:
        ConfigError: it names none that is stored.
    """
    exact = quantities_by_id().get(text)
    if exact is not None:
        return (exact.code,)
    return tuple(quantity.code for quantity in parse_item(text).quantities.values())


@cache
def place_of(afn: int, number: int, key: str) -> Place | None:
    """Where the value of this key in an answer belongs; None when it is not stored."""
    kind = item_type(afn, number)
    if kind is None:
        return None
    tariff = index = 0
    rest: list[str] = []
    parts = key.split(".")
    if parts[0] == "point" and len(parts) > 1 and parts[1].isdigit():
        index, parts = int(parts[1]) - 1, parts[2:]
    for part in parts:
        found = _TARIFF.fullmatch(part)
        if found:
            tariff = int(found[1])
        elif part != "total":
            rest.append(part)
    quantity = kind.quantities.get(".".join(rest))
    return None if quantity is None else Place(quantity, tariff, index)


def seconds_of(when: datetime) -> int:
    """Whole seconds since the epoch of the store."""
    gap = when - EPOCH
    return gap.days * DAY_S + gap.seconds


def moment(seconds: int) -> datetime:
    """The local time that is so many seconds after the epoch of the store."""
    return EPOCH + timedelta(seconds=seconds)


def terminal_key(address: str) -> int:
    """Number of a terminal in the store: region and terminal address of ``0171-0001``.

    Raises:
        ConfigError: that is no address.
    """
    region, _, terminal = address.partition("-")
    good = re.fullmatch(r"[0-9]{4}", region) and re.fullmatch(r"[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{2})?", terminal)
    if not good or not int(terminal, 16) or int(terminal, 16) in {0xFFFF, 0xFFFFFF}:
        raise ConfigError(
            "not the address of one terminal",
            key="terminal",
            value=address,
            hint="region and terminal, four digits and four hex digits: 0171-0001",
        )
    return int(region) << 24 | int(terminal, 16)


def written(address: str) -> str:
    """An address as the center writes it, however it was given.

    Raises:
        ConfigError: that is no address.
    """
    return terminal_address(terminal_key(address))


def terminal_address(key: int) -> str:
    """Address of a terminal by its number in the store."""
    terminal = key & 0xFFFFFF
    return f"{key >> 24:04d}-{terminal:0{4 if terminal <= 0xFFFF else 6}X}"
