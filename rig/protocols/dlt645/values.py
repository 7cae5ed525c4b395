"""Values: octets of an item to exact decimals and text, and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rig.protocols.dlt645.items import DataItem
from rig.protocols.dlt645.profile import DEFAULT, Profile


@dataclass(frozen=True, slots=True)
class Value:
    """One decoded value; ``id`` is the identifier in hex, with ``.key`` for further fields."""

    id: str
    name: str
    value: Decimal | str
    unit: str


def decode_item(item: DataItem, data: bytes, profile: Profile = DEFAULT) -> tuple[Value, ...]:
    """Octets of one item (without identifier) to its values.

    Raises:
        RemoteProtocolError: code ``length`` or ``bad-bcd``, offset into ``data``.
    """
    raise NotImplementedError


def encode_item(item: DataItem, *values: Decimal | str | datetime) -> bytes:
    """Octets of an item from its values in field order.

    Raises:
        LocalProtocolError: code ``value`` or ``count``: it does not fit; nothing is rounded.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class BlockReading:
    """Values of a block answer; ``tariffs`` as inferred from the length, ``end_mark``: a trailing AA was there."""

    values: tuple[Value, ...]
    items: tuple[int, ...]
    tariffs: int
    end_mark: bool


def decode_block(di: int, data: bytes, profile: Profile = DEFAULT) -> BlockReading:
    """Octets of a block answer (without identifier); the number of tariffs is inferred from the length.

    Raises:
        RemoteProtocolError: code ``unknown-di``, ``length`` or ``bad-bcd``, offset into ``data``.
    """
    raise NotImplementedError
