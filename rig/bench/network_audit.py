"""The books of an emulated network against its physics: what is stored, what should be, what is doubled or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.bench.household import Direction, Household
from rig.ports.command_center import DAY_FORWARD_ACTIVE, DAY_REVERSE_ACTIVE, Reading

if TYPE_CHECKING:
    from rig.bench.network import Network

_DAY = timedelta(days=1)
_ITEMS: dict[str, Direction] = {DAY_FORWARD_ACTIVE: "import", DAY_REVERSE_ACTIVE: "export"}


@dataclass
class Audit:
    """What came of looking at every stored day freeze; each entry names terminal, point, item, day and tariff."""

    compared: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Everything is there once and right."""
        return self.compared > 0 and not (self.missing or self.doubled or self.wrong)

    def summary(self) -> str:
        """One line."""
        counts = f"{self.compared} values, {len(self.missing)} missing, {len(self.doubled)} doubled, {len(self.wrong)} wrong"
        first = next(iter([*self.doubled, *self.wrong, *self.missing]), "")
        return f"{counts}; first: {first}" if first else counts


def audit_days(network: Network, first: datetime, last: datetime) -> Audit:
    """Compare the stored day freezes of every household with the physics, for days ``first`` .. ``last`` (dates count).

    Meters must be without error of their own and on time.
    """
    audit = Audit()
    begin = first.replace(hour=0, minute=0, second=0, microsecond=0)
    days = list(_days(begin, last))
    for area in network.areas:
        for home, entry in zip(area.households, area.entries, strict=True):
            for item, direction in _ITEMS.items():
                rows = network.command_center.readings(
                    area.address, entry.point, item, first=begin, last=days[-1], limit=1_000_000
                )
                name = f"{area.address} point {entry.point} {item}"
                _compare(audit, name, rows, home, direction, days, network.plan.tariff_count)
    return audit


def _days(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += _DAY


def _compare(
    audit: Audit,
    name: str,
    rows: tuple[Reading, ...],
    home: Household,
    direction: Direction,
    days: list[datetime],
    tariffs: int,
) -> None:
    found: dict[tuple[datetime, int], Decimal] = {}
    for row in rows:
        key = (row.mark, row.tariff)
        if key in found:
            audit.doubled.append(f"{name} {row.mark:%Y-%m-%d} tariff {row.tariff}")
        found[key] = row.value
    for day in days:
        for tariff in range(tariffs + 1):
            what = f"{name} {day:%Y-%m-%d} tariff {tariff}"
            value = found.get((day, tariff))
            if value is None:
                audit.missing.append(what)
                continue
            audit.compared += 1
            truth = home.register_kwh(day + _DAY, direction, tariff)
            if value != truth:
                audit.wrong.append(f"{what}: {value} stored, {truth} drawn")
