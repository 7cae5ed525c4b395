"""The books of an emulated network against its physics: what is stored, what should be, what is doubled or wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.bench.household import Direction, Household
from rig.ports.command_center import (
    DAY_FORWARD_ACTIVE,
    DAY_REVERSE_ACTIVE,
    MONTH_FORWARD_ACTIVE,
    MONTH_REVERSE_ACTIVE,
    Reading,
)

if TYPE_CHECKING:
    from rig.bench.network import Network

_DAY = timedelta(days=1)
_DAYS: dict[str, Direction] = {DAY_FORWARD_ACTIVE: "import", DAY_REVERSE_ACTIVE: "export"}
_MONTHS: dict[str, Direction] = {MONTH_FORWARD_ACTIVE: "import", MONTH_REVERSE_ACTIVE: "export"}


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
    begin = first.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [begin + number * _DAY for number in range((last - begin).days + 1)]
    return _audit(network, _DAYS, {day: day + _DAY for day in days})


def audit_months(network: Network, first: datetime, last: datetime) -> Audit:
    """The same for month freezes, of the months that end between ``first`` and ``last``."""
    marks = {}
    month = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while (following := (month + 32 * _DAY).replace(day=1)) <= last:
        marks[month] = following
        month = following
    return _audit(network, _MONTHS, marks)


def _audit(network: Network, items: dict[str, Direction], marks: dict[datetime, datetime]) -> Audit:
    """Every household, item and mark; ``marks`` gives the moment at which the register was frozen."""
    audit = Audit()
    if not marks:
        return audit
    for area in network.areas:
        for home, entry in zip(area.households, area.entries, strict=True):
            for item, direction in items.items():
                rows = network.command_center.readings(
                    area.address, entry.point, item, first=min(marks), last=max(marks), limit=1_000_000
                )
                name = f"{area.address} point {entry.point} {item}"
                _compare(audit, name, rows, home, direction, marks, network.plan.tariff_count)
    return audit


def _compare(
    audit: Audit,
    name: str,
    rows: tuple[Reading, ...],
    home: Household,
    direction: Direction,
    marks: dict[datetime, datetime],
    tariffs: int,
) -> None:
    found: dict[tuple[datetime, int], Decimal] = {}
    for row in rows:
        key = (row.mark, row.tariff)
        if key in found:
            audit.doubled.append(f"{name} {row.mark:%Y-%m-%d} tariff {row.tariff}")
        found[key] = row.value
    for day, frozen in marks.items():
        for tariff in range(tariffs + 1):
            what = f"{name} {day:%Y-%m-%d} tariff {tariff}"
            value = found.get((day, tariff))
            if value is None:
                audit.missing.append(what)
                continue
            audit.compared += 1
            truth = home.register_kwh(frozen, direction, tariff)
            if value != truth:
                audit.wrong.append(f"{what}: {value} stored, {truth} drawn")
