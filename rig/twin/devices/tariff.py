"""Tariff schedule: zone tables, day tables, week-rest and holidays decide the tariff of every moment."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from rig.errors import ConfigError

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone begins on this month and day and uses day table ``day_table`` (1-based)."""

    month: int
    day: int
    day_table: int


@dataclass(frozen=True, slots=True)
class Period:
    """A period begins at this hour and minute and uses ``tariff`` (1-based)."""

    hour: int
    minute: int
    tariff: int


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday and its day table."""

    day: date
    day_table: int


DAY_TABLE = (
    Period(0, 0, 4),
    Period(6, 0, 3),
    Period(8, 0, 2),
    Period(10, 0, 1),
    Period(12, 0, 3),
    Period(17, 0, 2),
    Period(19, 0, 1),
    Period(21, 0, 3),
    Period(22, 0, 4),
)
SECOND_DAY_TABLE = (Period(0, 0, 4), Period(8, 0, 3), Period(18, 0, 1), Period(23, 0, 4))
ZONES = (Zone(1, 1, 1), Zone(7, 1, 1))


@dataclass(slots=True)
class TariffTables:
    """Everything that decides the tariff; two sets of zones and of day tables with their switch times.

    ``week_rest_word`` bit 0 is Sunday .. bit 6 Saturday, 1 a working day, 0 a day of rest that uses
    ``week_rest_table`` (0: no special table).

    Spec: DL/T 645-2007, parameters 04000106..07, 04000201..05, 04000801..02, 0401xxxx..0403xxxx.
    """

    tariffs: int = 4
    zones: list[tuple[Zone, ...]] = field(default_factory=lambda: [ZONES, ZONES])
    day_tables: list[list[tuple[Period, ...]]] = field(
        default_factory=lambda: [[DAY_TABLE, SECOND_DAY_TABLE], [SECOND_DAY_TABLE, DAY_TABLE]]
    )
    holidays: list[Holiday] = field(default_factory=list)
    week_rest_word: int = 0x7F
    week_rest_table: int = 0
    zone_switch_at: datetime | None = None
    day_switch_at: datetime | None = None
    zone_set: int = 0
    day_set: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.tariffs <= 63:
            raise ConfigError("a meter has 1..63 tariffs", key="tariffs", value=self.tariffs)


class TariffSchedule:
    """Evaluates the tables: the tariff now and the moment of the next change."""

    def __init__(self, tables: TariffTables) -> None:
        self.tables = tables
        self._table: tuple[Period, ...] | None = None
        self._sorted: tuple[tuple[Period, ...], list[tuple[int, int]]] = ((), [])

    def day_table_of(self, day: date) -> int:
        """Number (1-based) of the day table in force on a day: holiday, then week-rest, then zone."""
        for holiday in self.tables.holidays:
            if holiday.day == day:
                return holiday.day_table
        weekday = day.isoweekday() % 7
        if self.tables.week_rest_table and not self.tables.week_rest_word >> weekday & 1:
            return self.tables.week_rest_table
        zones = self.tables.zones[self.tables.zone_set]
        number = zones[-1].day_table if zones else 1
        for zone in zones:
            if (zone.month, zone.day) <= (day.month, day.day):
                number = zone.day_table
        return number

    def periods_of(self, day: date) -> tuple[Period, ...]:
        """Periods of a day in order of time; one period of tariff 1 when the table is missing."""
        return self._day(day)[0]

    def tariff_at(self, when: datetime) -> int:
        """Tariff (1-based) of a moment. Before the first period of a day the last one of that table holds on."""
        periods, starts = self._day(when.date())
        index = bisect_right(starts, (when.hour, when.minute)) - 1
        return min(periods[index].tariff, self.tables.tariffs)

    def next_start(self, when: datetime) -> datetime:
        """Next moment after ``when`` at which a period or a day begins, or a table set switches."""
        _, starts = self._day(when.date())
        midnight = when.replace(hour=0, minute=0, second=0, microsecond=0)
        index = bisect_right(starts, (when.hour, when.minute))
        found = midnight + _DAY
        if index < len(starts) and starts[index][0] < 24:
            hour, minute = starts[index]
            found = midnight.replace(hour=hour, minute=minute)
        for at in (self.tables.zone_switch_at, self.tables.day_switch_at):
            if at is not None and when < at < found:
                found = at
        return found

    def _day(self, day: date) -> tuple[tuple[Period, ...], list[tuple[int, int]]]:
        """Periods of a day in order of time, and their (hour, minute); sorted anew only for another table."""
        tables = self.tables.day_tables[self.tables.day_set]
        number = self.day_table_of(day)
        table = tables[number - 1] if 1 <= number <= len(tables) else ()
        if table is not self._table:
            periods = tuple(sorted(table or (Period(0, 0, 1),), key=_begin))
            self._table, self._sorted = table, (periods, [_begin(period) for period in periods])
        return self._sorted


def _begin(period: Period) -> tuple[int, int]:
    return period.hour, period.minute
