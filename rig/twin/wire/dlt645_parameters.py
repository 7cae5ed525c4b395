"""Parameters of DL/T 645 (DI3 = 04): what each reads from the meter, and what writing it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.items import DataItem, lookup
from rig.protocols.dlt645.profile import Profile
from rig.protocols.dlt645.times import decode_datetime, encode_datetime
from rig.protocols.dlt645.values import decode_item
from rig.twin.devices.meter import Meter
from rig.twin.devices.refusal import Reason, Refusal
from rig.twin.devices.tariff import Holiday, Period, Zone
from rig.twin.wire.dlt645_octets import bcd, is_bcd, number_of, text_octets

_Row = TypeVar("_Row", Zone, Period)
Read = Callable[[Meter], bytes]
Write = Callable[[Meter, bytes], None]

MOST_ZONES = 14
MOST_DAY_TABLES = 8
MOST_PERIODS = 14
MOST_TARIFFS = 63
MOST_HOLIDAYS = 254


@dataclass(frozen=True, slots=True)
class Parameter:
    """How an identifier is read and written; ``event`` is the kind its writing records beside the programming."""

    read: Read | None
    write: Write | None = None
    event: str | None = None


class ParameterTable:
    """Parameters of one meter: those with a meaning act on the meter, all others are kept as they were written."""

    def __init__(self, meter: Meter, profile: Profile) -> None:
        self.meter = meter
        self.profile = profile
        #: written values of parameters without further meaning
        self.kept: dict[int, bytes] = {}
        self._own = _parameters(profile)

    def parameter(self, di: int) -> Parameter | None:
        """The parameter with a meaning behind an identifier."""
        found = self._own.get(di)
        if found is not None:
            return found
        head, number = di >> 8, di & 0xFF
        if head in {0x040100, 0x040200} and number <= MOST_DAY_TABLES:
            return _day_table(head >> 8 & 0xFF, number) if number else _zone_table(head >> 8 & 0xFF)
        if head == 0x040300 and 1 <= number <= MOST_HOLIDAYS:
            return _holiday(number)
        return None

    def read(self, di: int) -> bytes | None:
        """Octets of a parameter; None when the meter has none, or it may not be read."""
        self.meter.advance()
        found = self.parameter(di)
        if found is not None:
            return found.read(self.meter) if found.read is not None else None
        item = lookup(di, self.profile)
        if item is None or item.access == "w" or item.layout != "fields" or di >> 24 != 0x04:
            return None
        return self.kept.get(di, _DEFAULTS.get(di, bytes(item.octets)))

    def write(self, di: int, data: bytes, operator: str) -> None:
        """Write a parameter and record it.

        Raises:
            Refusal: unknown (no data), read-only or ill-formed (other error), or a count is exceeded.
        """
        item = lookup(di, self.profile)
        if item is None:
            raise Refusal(Reason.NO_DATA)
        if item.access == "r":
            raise Refusal(Reason.OTHER)
        self._check(item, data)
        self.meter.advance()
        found = self.parameter(di)
        if found is not None:
            if found.write is None:
                raise Refusal(Reason.OTHER)
            try:
                self.meter.close_profile(self.meter.epoch_s())
                found.write(self.meter, data)
                self.meter.open_profile(self.meter.epoch_s())
            except (ValueError, RemoteProtocolError):
                raise Refusal(Reason.OTHER) from None
        else:
            self.kept[di] = data
        self.meter.programmed(operator, di, found.event if found else None)

    def _check(self, item: DataItem, data: bytes) -> None:
        """Refuse a wrong length and digits that are none."""
        if item.group:
            if not data or len(data) % item.group or len(data) > item.octets:
                raise Refusal(Reason.OTHER)
            return
        if len(data) != item.octets:
            raise Refusal(Reason.OTHER)
        try:
            decode_item(item, data, self.profile)
        except RemoteProtocolError:
            raise Refusal(Reason.OTHER) from None


# --- reading and writing of single values ---------------------------------------------------------------------


def _number(name: str, octets: int, lowest: int, highest: int, *, changed: bool = False) -> Parameter:
    """A whole number kept in the configuration under ``name``."""

    def write(meter: Meter, data: bytes) -> None:
        value = number_of(data)
        if not lowest <= value <= highest:
            raise Refusal(Reason.OTHER)
        meter.advance()
        setattr(meter.config, name, value)
        if changed:
            meter.tables_changed()

    return Parameter(lambda meter: bcd(getattr(meter.config, name), octets), write)


def _word(name: str, event: str | None = None) -> Parameter:
    """A bit field of one octet kept in the configuration under ``name``."""

    def write(meter: Meter, data: bytes) -> None:
        meter.advance()
        setattr(meter.config, name, data[0])

    return Parameter(lambda meter: bytes((getattr(meter.config, name),)), write, event)


def _fixed_text(text: Callable[[Meter], str], octets: int) -> Parameter:
    return Parameter(lambda meter: text_octets(text(meter), octets))


def _set_date(meter: Meter, data: bytes) -> None:
    when = decode_datetime(data, "YYMMDDWW")
    if data[0] != when.isoweekday() % 7:
        raise Refusal(Reason.OTHER)
    meter.set_clock(datetime.combine(when.date(), meter.wall().time()))


def _set_time(meter: Meter, data: bytes) -> None:
    seconds, minutes, hours = (number_of(data[index : index + 1]) for index in range(3))
    meter.set_clock(datetime.combine(meter.wall().date(), time(hours, minutes, seconds)))


def _set_date_time(meter: Meter, data: bytes) -> None:
    # YYMMDDWWhhmmss: the weekday stands between date and time
    when = decode_datetime(data, "YYMMDDWWhhmmss")
    if data[3] != when.isoweekday() % 7:
        raise Refusal(Reason.OTHER)
    meter.set_clock(when)


def _switch_time(name: str) -> Parameter:
    def read(meter: Meter) -> bytes:
        when = getattr(meter.config.tables, name)
        return bytes(5) if when is None else encode_datetime(when, "YYMMDDhhmm")

    def write(meter: Meter, data: bytes) -> None:
        meter.advance()
        never = data in {bytes(5), b"\x99" * 5}
        setattr(meter.config.tables, name, None if never else decode_datetime(data, "YYMMDDhhmm"))
        meter.tables_changed()

    return Parameter(read, write)


def _count(name: str, used: Callable[[Meter], int], most: int, reason: Reason) -> Parameter:
    """A count of table rows: as written, before that as many as the tables use."""

    def write(meter: Meter, data: bytes) -> None:
        count = number_of(data)
        if not 1 <= count <= most:
            raise Refusal(reason)
        meter.table_counts[name] = count

    return Parameter(lambda meter: bcd(meter.table_counts.get(name, used(meter)), 1), write)


def _tariff_count() -> Parameter:
    def write(meter: Meter, data: bytes) -> None:
        count = number_of(data)
        if not 1 <= count <= MOST_TARIFFS or count > meter.energy.tariffs:
            raise Refusal(Reason.TARIFFS)
        meter.config.tables.tariffs = count
        meter.tables_changed()

    return Parameter(lambda meter: bcd(meter.config.tables.tariffs, 1), write)


def _billing_day(index: int) -> Parameter:
    def read(meter: Meter) -> bytes:
        days = meter.config.billing_days
        day, hour = days[index] if index < len(days) else (99, 99)
        return bcd(hour, 1) + bcd(day, 1)

    def write(meter: Meter, data: bytes) -> None:
        hour, day = number_of(data[:1]), number_of(data[1:])
        unused = (day, hour) in {(99, 99), (0, 0)}
        if not unused and not (1 <= day <= 28 and hour <= 23):
            raise Refusal(Reason.OTHER)
        meter.advance()
        days = list(meter.config.billing_days)
        days += [(99, 99)] * (3 - len(days))
        days[index] = (99, 99) if unused else (day, hour)
        meter.config.billing_days = tuple(days)
        meter.tables_changed()

    return Parameter(read, write, "billing-day-programming")


def _week_rest(name: str, highest: int, event: str) -> Parameter:
    def write(meter: Meter, data: bytes) -> None:
        value = data[0] if highest == 0xFF else number_of(data)
        if value > highest:
            raise Refusal(Reason.OTHER)
        meter.advance()
        setattr(meter.config.tables, name, value)
        meter.tables_changed()

    def read(meter: Meter) -> bytes:
        value = getattr(meter.config.tables, name)
        return bytes((value,)) if highest == 0xFF else bcd(value, 1)

    return Parameter(read, write, event)


def _address(meter: Meter, data: bytes) -> None:
    if not is_bcd(data) or data == b"\x99" * 6:
        raise Refusal(Reason.OTHER)
    meter.address = data[::-1].hex()


def _digits_of(name: str) -> Parameter:
    def write(meter: Meter, data: bytes) -> None:
        setattr(meter.config, name, data[::-1].hex())

    return Parameter(
        lambda meter: bytes.fromhex((getattr(meter.config, name) or meter.address).zfill(12))[::-1], write
    )


def _asset_code() -> Parameter:
    def write(meter: Meter, data: bytes) -> None:
        meter.config.asset_code = data[::-1].rstrip(b"\0").decode("ascii")

    return Parameter(lambda meter: text_octets(meter.config.asset_code or f"RIG{meter.address}", 32), write)


def _daily_freeze() -> Parameter:
    def write(meter: Meter, data: bytes) -> None:
        minute, hour = number_of(data[:1]), number_of(data[1:])
        moment = time(hour, minute)
        meter.advance()
        meter.config.daily_freeze_at = (moment.hour, moment.minute)
        meter.reschedule()

    return Parameter(
        lambda meter: bcd(meter.config.daily_freeze_at[1], 1) + bcd(meter.config.daily_freeze_at[0], 1), write
    )


def _status(number: int) -> Parameter:
    return Parameter(lambda meter: meter.status_word(number).to_bytes(2, "little"))


def _baud_word(profile: Profile) -> Parameter:
    return Parameter(lambda meter: bytes((profile.baud_word(meter.config.baud) or 0,)))


def _password(level: int) -> Parameter:
    """Write only: level PA and six digits, low first."""

    def write(meter: Meter, data: bytes) -> None:
        if not is_bcd(data) or data[0] != level:
            raise Refusal(Reason.OTHER)
        meter.security.passwords[level] = data[1:][::-1].hex()

    return Parameter(None, write)


# --- tables ---------------------------------------------------------------------------------------------------


def _zone_table(which: int) -> Parameter:
    """Zone table of a set: 14 rows MMDDNN."""
    index = which - 1

    def read(meter: Meter) -> bytes:
        zones = meter.config.tables.zones[index] or (Zone(1, 1, 1),)
        rows = [*zones, *([zones[-1]] * MOST_ZONES)][:MOST_ZONES]
        return b"".join(bcd(row.day_table, 1) + bcd(row.day, 1) + bcd(row.month, 1) for row in rows)

    def write(meter: Meter, data: bytes) -> None:
        rows = [data[start : start + 3] for start in range(0, len(data), 3)]
        if len(rows) > MOST_ZONES:
            raise Refusal(Reason.YEAR_ZONES)
        zones = []
        for row in rows:
            table, day, month = (number_of(row[place : place + 1]) for place in range(3))
            date(2000, month, day)
            if not 1 <= table <= MOST_DAY_TABLES:
                raise Refusal(Reason.OTHER)
            zones.append(Zone(month, day, table))
        meter.advance()
        meter.config.tables.zones[index] = _without_repeats(zones)
        meter.tables_changed()

    return Parameter(read, write, "zone-table-programming")


def _day_table(which: int, number: int) -> Parameter:
    """Day table 1..8 of a set: 14 rows hhmmNN."""
    index = which - 1

    def read(meter: Meter) -> bytes:
        tables = meter.config.tables.day_tables[index]
        periods = tables[number - 1] if number <= len(tables) else ()
        periods = periods or (Period(0, 0, 1),)
        rows = [*periods, *([periods[-1]] * MOST_PERIODS)][:MOST_PERIODS]
        return b"".join(bcd(row.tariff, 1) + bcd(row.minute, 1) + bcd(row.hour, 1) for row in rows)

    def write(meter: Meter, data: bytes) -> None:
        rows = [data[start : start + 3] for start in range(0, len(data), 3)]
        if len(rows) > MOST_PERIODS:
            raise Refusal(Reason.DAY_PERIODS)
        periods = []
        for row in rows:
            tariff, minute, hour = (number_of(row[place : place + 1]) for place in range(3))
            time(hour, minute)
            if not 1 <= tariff <= meter.config.tables.tariffs:
                raise Refusal(Reason.TARIFFS)
            periods.append(Period(hour, minute, tariff))
        meter.advance()
        tables = meter.config.tables.day_tables[index]
        tables += [()] * (number - len(tables))
        tables[number - 1] = _without_repeats(periods)
        meter.tables_changed()

    return Parameter(read, write, "day-table-programming")


def _holiday(number: int) -> Parameter:
    """Holiday 1..254: YYMMDDNN."""

    def read(meter: Meter) -> bytes:
        holidays = meter.config.tables.holidays
        if number > len(holidays):
            return bytes(4)
        holiday = holidays[number - 1]
        return bcd(holiday.day_table, 1) + bytes.fromhex(holiday.day.strftime("%y%m%d"))[::-1]

    def write(meter: Meter, data: bytes) -> None:
        table = number_of(data[:1])
        day = decode_datetime(data[1:], "YYMMDD").date()
        if not 1 <= table <= MOST_DAY_TABLES:
            raise Refusal(Reason.OTHER)
        meter.advance()
        holidays = meter.config.tables.holidays
        if number <= len(holidays):
            holidays[number - 1] = Holiday(day, table)
        else:
            holidays.append(Holiday(day, table))
        meter.tables_changed()

    return Parameter(read, write, "holiday-programming")


def _without_repeats(rows: list[_Row]) -> tuple[_Row, ...]:
    """Unused rows repeat the last one."""
    kept: list[_Row] = []
    for row in rows:
        if not kept or row != kept[-1]:
            kept.append(row)
    return tuple(kept)


# --- the table of parameters ----------------------------------------------------------------------------------


def _rated_current(meter: Meter) -> str:
    rating = meter.config.rating
    return f"{rating.itr_a * 10:f}A"


_CLASS_NAMES = {"A": "2.0", "B": "1.0", "C": "0.5S", "D": "0.2S", "E": "0.1S"}

#: values of parameters without further meaning before anybody writes them
_DEFAULTS: dict[int, bytes] = {
    0x04000301: bcd(5, 1),
    0x04000302: bcd(5, 1),
    0x04000303: bcd(2, 1),
    0x04000304: bcd(4, 1),
    0x04000305: bcd(20, 1),
    0x04000306: bcd(1, 3),
    0x04000307: bcd(1, 3),
    0x04000902: b"\xff",
    0x04000903: b"\xff",
    0x04000904: b"\xff",
    0x04000905: b"\x03",
    0x04000906: b"\xff",
    0x04000701: b"\x04",
    0x04000702: b"\x04",
    0x04000206: bcd(21, 1),
}


@cache
def _parameters(profile: Profile) -> Mapping[int, Parameter]:
    """Parameters with a meaning; one table for all meters of a profile."""
    tables = {
        0x04000101: Parameter(lambda meter: encode_datetime(meter.wall(), "YYMMDDWW"), _set_date),
        0x04000102: Parameter(lambda meter: encode_datetime(meter.wall(), "hhmmss"), _set_time),
        0x0400010C: Parameter(lambda meter: encode_datetime(meter.wall(), "YYMMDDWWhhmmss"), _set_date_time),
        0x04000103: _number("demand_period_min", 1, 1, 60, changed=True),
        0x04000104: _number("demand_slide_min", 1, 1, 60, changed=True),
        0x04000105: _number("pulse_width_ms", 2, 1, 9999),
        0x04000106: _switch_time("zone_switch_at"),
        0x04000107: _switch_time("day_switch_at"),
        0x04000201: _count("zones", _zones_used, MOST_ZONES, Reason.YEAR_ZONES),
        0x04000202: _count("day tables", _day_tables_used, MOST_DAY_TABLES, Reason.DAY_PERIODS),
        0x04000203: _count("periods", _periods_used, MOST_PERIODS, Reason.DAY_PERIODS),
        0x04000204: _tariff_count(),
        0x04000401: Parameter(lambda meter: bytes.fromhex(meter.address)[::-1], _address),
        0x04000402: _digits_of("meter_number"),
        0x04000403: _asset_code(),
        0x04000404: _fixed_text(lambda meter: f"{meter.config.rating.voltage_v:f}V", 6),
        0x04000405: _fixed_text(_rated_current, 6),
        0x04000406: _fixed_text(lambda meter: f"{meter.config.rating.imax_a:f}A", 6),
        0x04000407: _fixed_text(lambda meter: _CLASS_NAMES[meter.config.rating.accuracy_class], 4),
        0x04000408: _fixed_text(lambda _: "2.0", 4),
        0x04000409: Parameter(lambda meter: bcd(int(meter.config.rating.constant_imp_per_kwh), 3)),
        0x0400040A: Parameter(lambda meter: bcd(int(meter.config.rating.constant_imp_per_kwh), 3)),
        0x0400040B: _fixed_text(lambda _: "RIG-TWIN-1", 10),
        0x0400040C: _fixed_text(lambda _: "2026-01-05", 10),
        0x0400040D: _fixed_text(lambda _: "DL/T645-2007-14", 16),
        0x04000601: _word("combined_active_word", "active-combination-programming"),
        0x04000602: _word("combined_reactive_1_word", "reactive-combination-1-programming"),
        0x04000603: _word("combined_reactive_2_word", "reactive-combination-2-programming"),
        0x04000703: _baud_word(profile),
        0x04000801: _week_rest("week_rest_word", 0xFF, "week-rest-programming"),
        0x04000802: _week_rest("week_rest_table", MOST_DAY_TABLES, "week-rest-programming"),
        0x04000901: _word("profile_mode_word"),
        0x04000A02: _number("profile_interval_min", 2, 1, 1440, changed=True),
        0x04001202: _number("freeze_interval_min", 1, 1, 60, changed=True),
        0x04001203: _daily_freeze(),
        0x04001401: _number("trip_delay_min", 2, 0, 9999),
        0x04800001: _fixed_text(lambda _: "RIG TWIN SOFTWARE 1", 32),
        0x04800002: _fixed_text(lambda _: "RIG TWIN HARDWARE 1", 32),
        0x04800003: _fixed_text(lambda _: "RIG", 32),
    }
    tables |= {0x04000500 + number: _status(number) for number in range(1, 8)}
    tables |= {0x04000B01 + index: _billing_day(index) for index in range(3)}
    tables |= {0x04000C01 + level: _password(level) for level in range(10)}
    return MappingProxyType(tables)


def _zones_used(meter: Meter) -> int:
    return max(len(meter.config.tables.zones[meter.config.tables.zone_set]), 1)


def _day_tables_used(meter: Meter) -> int:
    return max(len(meter.config.tables.day_tables[meter.config.tables.day_set]), 1)


def _periods_used(meter: Meter) -> int:
    return max(
        (len(table) for table in meter.config.tables.day_tables[meter.config.tables.day_set]), default=1
    )
