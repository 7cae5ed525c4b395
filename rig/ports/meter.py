"""What the judging side needs to know of a meter under test, whatever the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rig.errors import ConfigError


@dataclass(frozen=True, slots=True)
class MeterRating:
    """Nameplate of a meter: V, A, Hz, imp/kWh, class letter, connection.

    ``itr_a`` is the transitional current (Itr = Ib/10 for direct connection), ``ist_a`` the starting current. ``voltage_v`` is
    Unom: line to neutral with two and four wires, line to line with three. A three-phase meter must say its ``wires``: its
    power and the time of its no-load test depend on them.

    Raises:
        ConfigError: no meter has such a nameplate (currents out of order, class E connected directly, wires unknown).
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
    wires: Literal[2, 3, 4] | None = None

    def __post_init__(self) -> None:
        if not self.ist_a <= self.imin_a:
            raise _impossible("imin_a", self.imin_a, f"at least ist_a, {self.ist_a}")
        if not self.imin_a <= self.itr_a:
            raise _impossible("itr_a", self.itr_a, f"at least imin_a, {self.imin_a}")
        if not self.itr_a < self.imax_a:
            raise _impossible("imax_a", self.imax_a, f"above itr_a, {self.itr_a}")
        if self.accuracy_class == "E" and self.connection == "direct":
            raise _impossible("accuracy_class", "E", 'class E is for connection = "transformer" only')
        if self.phases == 1 and self.wires not in {None, 2}:
            raise _impossible("wires", self.wires, "2 for one phase")
        if self.phases == 3 and self.wires not in {3, 4}:
            raise _impossible("wires", self.wires, "3 or 4 for three phases, as the nameplate says")

    @property
    def elements_factor(self) -> int:
        """Factor d by measuring elements: 1 single-phase, 2 three-phase three-wire, 3 three-phase four-wire.

        Spec: JJG 596-2026, no-load
        """
        return 1 if self.phases == 1 else 2 if self.wires == 3 else 3

    @property
    def phase_voltage_v(self) -> Decimal:
        """Nominal voltage between line and neutral in V, which a source has to give."""
        return self.voltage_v / Decimal(3).sqrt() if self.wires == 3 else self.voltage_v


def _impossible(field: str, value: object, right: str) -> ConfigError:
    return ConfigError("no meter has such a rating", key=f"rating.{field}", value=str(value), hint=right)
