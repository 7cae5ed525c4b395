"""Data items: lookup by identifier over the literal tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rig.protocols.dlt645.profile import DEFAULT, Profile, Provenance


@dataclass(frozen=True, slots=True)
class ItemField:
    """One field of an item, in wire order.

    ``key`` is empty for the principal field. ``kind``: ``bcd`` number (``decimals``, ``signed``: top bit),
    ``digits`` text of BCD digits, ``hex`` bit field or opaque octets as hex text (high octet first), ``ascii``
    (low octet first), or ``time`` with a ``layout`` of times.LAYOUTS.
    """

    key: str
    octets: int
    kind: Literal["bcd", "digits", "hex", "ascii", "time"] = "bcd"
    decimals: int = 0
    signed: bool = False
    unit: str = ""
    layout: str = ""


@dataclass(frozen=True, slots=True)
class DataItem:
    """One data identifier. ``group`` > 0: so many octets repeat, and fewer repetitions than listed are legal."""

    di: int
    name: str
    name_zh: str
    fields: tuple[ItemField, ...]
    access: Literal["r", "w", "rw"] = "r"
    clause: str = "DL/T 645-2007 annex A"
    provenance: Provenance = "seen"
    group: int = 0
    edition: Literal["2007", "1997"] = "2007"

    @property
    def octets(self) -> int:
        """Octets on the wire, without the identifier (0: variable)."""
        return sum(field.octets for field in self.fields)

    @property
    def unit(self) -> str:
        """Unit of the first field."""
        return self.fields[0].unit if self.fields else ""


def lookup(di: int, profile: Profile = DEFAULT) -> DataItem | None:
    """The item of an identifier, None when the tables do not know it (blocks are not items)."""
    raise NotImplementedError


def all_items(profile: Profile = DEFAULT) -> Iterator[DataItem]:
    """Every item of the profile's edition, by rising identifier within each table."""
    raise NotImplementedError


def expand_block(di: int, *, tariffs: int, profile: Profile = DEFAULT) -> tuple[int, ...] | None:
    """Identifiers a block (FF in DI2, DI1 or DI0) stands for, in wire order; None: not a block."""
    raise NotImplementedError
