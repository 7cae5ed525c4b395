"""Data items: lookup by identifier over the literal tables of the ``items_*`` modules, and expansion of blocks."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from importlib import import_module
from typing import Final

import rig.protocols.dlt645 as package
from rig.protocols.dlt645.item_model import (
    CLAUSE,
    EXTENSION,
    MAX_TARIFFS,
    Axis,
    DataItem,
    ItemField,
    Row,
)
from rig.protocols.dlt645.profile import DEFAULT, Profile

__all__ = [
    "CLAUSE",
    "EXTENSION",
    "MAX_TARIFFS",
    "Axis",
    "DataItem",
    "ItemField",
    "Row",
    "all_items",
    "expand_block",
    "lookup",
]

#: identifiers remembered per profile; more than the tables hold, so that only unknown ones can overflow it
_REMEMBERED: Final = 100_000
_FF: Final = 0xFF


@cache
def _rows(edition: str) -> tuple[Row, ...]:
    """Rows of all tables of an edition, in the order of the first identifier."""
    names = sorted(
        info.name for info in pkgutil.iter_modules(package.__path__) if info.name.startswith("items_")
    )
    modules = [import_module(f"{package.__name__}.{name}") for name in names]
    rows = [row for module in modules for row in module.ROWS if row.edition == edition]
    return tuple(sorted(rows, key=lambda row: tuple(row.codes(position)[0] for position in range(4))))


@cache
def _index(edition: str) -> dict[int, tuple[Row, ...]]:
    """Rows by the first two octets of the identifier (1997: by DI1)."""
    index: dict[int, list[Row]] = {}
    first, second = (1, 2) if edition == "1997" else (0, 1)
    for row in _rows(edition):
        for high in row.codes(first):
            for low in row.codes(second):
                index.setdefault(high << 8 | low, []).append(row)
    return {key: tuple(rows) for key, rows in index.items()}


_DEFAULT_ITEMS: dict[int, DataItem | None] = {}
_ITEMS: dict[Profile, dict[int, DataItem | None]] = {DEFAULT: _DEFAULT_ITEMS}


def lookup(di: int, profile: Profile = DEFAULT) -> DataItem | None:
    """The item of an identifier, None when the tables do not know it (blocks are not items)."""
    known = _DEFAULT_ITEMS if profile is DEFAULT else _ITEMS.setdefault(profile, {})
    try:
        return known[di]
    except KeyError:
        pass
    item = _find(di, profile)
    if len(known) < _REMEMBERED:
        known[di] = item
    return item


def _find(di: int, profile: Profile) -> DataItem | None:
    if not 0 <= di <= 0xFFFFFFFF:
        return None
    key = di >> 8 if profile.edition == "1997" else di >> 16
    for row in _index(profile.edition).get(key, ()):
        item = row.item(di)
        if item is not None:
            return _as_profile_says(item, profile)
    return None


def _as_profile_says(item: DataItem, profile: Profile) -> DataItem:
    """The item with the names a profile setting changes."""
    if item.di >> 16 == 0x0507 and profile.freeze_07 == "monthly":
        return replace(
            item,
            name=item.name.replace("ladder switch freeze", "monthly freeze"),
            name_zh=item.name_zh.replace("两套阶梯切换冻结", "月冻结"),
        )
    return item


def all_items(profile: Profile = DEFAULT) -> Iterator[DataItem]:
    """Every item of the profile's edition, table by table, by rising identifier within a row."""
    for row in _rows(profile.edition):
        for di in row.identifiers():
            item = lookup(di, profile)
            if item is not None:
                yield item


def expand_block(di: int, *, tariffs: int, profile: Profile = DEFAULT) -> tuple[int, ...] | None:
    """Identifiers a block stands for, in wire order; None: not a block.

    Args:
        di: identifier with FF in DI2, DI1 or DI0 (1997: with F in the last digit).
        tariffs: tariffs the meter has, 0..63; the total comes before them.
        profile: edition to read it by.

    Spec: DL/T 645-2007, annex A (blocks); DL/T 645-1997, annex A
    """
    return _expand(di, max(0, min(tariffs, MAX_TARIFFS)), profile)


@lru_cache(maxsize=8192)
def _expand(di: int, tariffs: int, profile: Profile) -> tuple[int, ...] | None:
    if lookup(di, profile) is not None:
        return None
    members = _members_1997(di, tariffs) if profile.edition == "1997" else _members(di, tariffs)
    return tuple(members) or None


def _members(di: int, tariffs: int) -> list[int]:
    octets = di.to_bytes(4, "big") if 0 <= di <= 0xFFFFFFFF else b""
    wild = tuple(3 - position for position, octet in enumerate(octets) if position and octet == _FF)
    if not wild:
        return []
    members: list[int] = []
    for row in _rows("2007"):
        if octets[0] not in row.codes(0) or not set(wild) <= set(row.blocks):
            continue
        choices = [
            _choices(row, position, octets[position], 3 - position in wild, tariffs) for position in range(4)
        ]
        members.extend(
            first << 24 | second << 16 | third << 8 | fourth
            for first in choices[0]
            for second in choices[1]
            for third in choices[2]
            for fourth in choices[3]
        )
    return members


def _choices(row: Row, position: int, octet: int, wild: bool, tariffs: int) -> tuple[int, ...]:
    codes = row.codes(position)
    if not wild:
        return (octet,) if octet in codes else ()
    part = row.pattern[position]
    if isinstance(part, Axis) and part.key == "tariff":
        return tuple(code for code in codes if code <= tariffs)
    return codes


def _members_1997(di: int, tariffs: int) -> list[int]:
    if di & 0x0F != 0x0F or not 0 <= di <= 0xFFFF:
        return []
    members: list[int] = []
    for row in _index("1997").get(di >> 8, ()):
        part = row.pattern[3]
        base = di & 0xF0
        if isinstance(part, Axis):
            members.extend(di & 0xFF00 | code for code in part.codes if 0 <= code - base <= min(tariffs, 14))
        else:
            members.extend(di & 0xFF00 | code for code in (part,) if 0 <= code - base < 0x0F)
    return members
