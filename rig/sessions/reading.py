"""What a read gives."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from rig.errors import LocalProtocolError
from rig.exchange.exchange import Exchange
from rig.protocols.dlt645.items import DataItem
from rig.protocols.dlt645.values import Value


class Reading(NamedTuple):
    """What a read gave: identifier, item, values, raw octets after the identifier, last exchange, frames taken.

    ``item`` is None for blocks and for identifiers that the tables do not know; the latter have no ``values``.
    """

    di: int
    item: DataItem | None
    values: tuple[Value, ...]
    data: bytes
    exchange: Exchange
    frames: int = 1

    @property
    def value(self) -> Decimal:
        """The only or first value as a number.

        Raises:
            LocalProtocolError: there is none, or it is text.
        """
        first = self.values[0].value if self.values else None
        if not isinstance(first, Decimal):
            raise LocalProtocolError(
                f"{self.di:08X} has no number as its first value", code="value", got=first
            )
        return first

    @property
    def text(self) -> str:
        """The only or first value as text; hex of the raw octets when it is not known."""
        return str(self.values[0].value) if self.values else self.data[::-1].hex().upper()

    @property
    def unit(self) -> str:
        """Unit of the first value, empty when it has none."""
        return self.values[0].unit if self.values else ""
