"""What the judging side needs to know of a meter under test, whatever the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class MeterRating:
    """Nameplate of a meter: V, A, Hz, imp/kWh, class letter, connection.

    ``itr_a`` is the transitional current (Itr = Ib/10 for direct connection), ``ist_a`` the starting current.
    """

    voltage_v: Decimal
    itr_a: Decimal
    imin_a: Decimal
    imax_a: Decimal
    ist_a: Decimal
    frequency_hz: Decimal
    constant_imp_per_kwh: Decimal
    accuracy_class: Literal["A", "B", "C", "D", "E"]
    connection: Literal["direct", "transformer"] = "direct"
    phases: Literal[1, 3] = 1
    bidirectional: bool = True
    register_decimals: int = 2
    tariffs: int = 4
