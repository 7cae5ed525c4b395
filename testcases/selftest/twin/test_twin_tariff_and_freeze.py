"""Tariff schedule, freezes, load profile."""

# ruff: noqa: DTZ001 - meters keep local time without zone
from datetime import date, datetime, timedelta

import pytest

from rig.clock import VirtualClock
from rig.errors import ConfigError
from rig.ports.electrical import DEAD, ElectricalState, PhaseState
from rig.twin.devices.freeze import FreezeKind, TimedFreeze, next_billing
from rig.twin.devices.meter import Meter
from rig.twin.devices.meter_clock import from_epoch, to_epoch
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.devices.refusal import Refusal
from rig.twin.devices.tariff import Holiday, Period, TariffSchedule, TariffTables, Zone
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene

START = datetime(2026, 3, 2, 8, 0, 0)
DAY_S = 86_400.0


def bench(start=START, **config):
    engine = Engine(1, VirtualClock(start))
    scene = Scene(engine)
    meter = Meter(engine, MeterConfig(**config))
    scene.place(1, meter)
    scene.set_state(ElectricalState((PhaseState(220.0, 5.0),)))
    return engine, scene, meter


def one(tariff):
    return (Period(0, 0, tariff),)


def test_zone_then_week_rest_then_holiday_decide():
    tables = TariffTables(
        zones=[(Zone(1, 1, 1), Zone(4, 15, 2)), ()],
        day_tables=[[one(1), one(2), one(3), one(4)], []],
        week_rest_word=0b0111110,
        week_rest_table=3,
        holidays=[Holiday(date(2026, 5, 1), 4)],
    )
    schedule = TariffSchedule(tables)
    assert schedule.tariff_at(datetime(2026, 4, 14, 12)) == 1
    assert schedule.tariff_at(datetime(2026, 4, 15, 0)) == 2
    # 18 April 2026 is a Saturday, 19 April a Sunday
    assert schedule.tariff_at(datetime(2026, 4, 18, 12)) == 3
    assert schedule.tariff_at(datetime(2026, 4, 19, 12)) == 3
    assert schedule.tariff_at(datetime(2026, 5, 1, 12)) == 4
    # before the first zone of a year the last one holds
    tables.zones[0] = (Zone(3, 1, 1), Zone(10, 1, 2))
    assert schedule.tariff_at(datetime(2026, 1, 6, 12)) == 2


def test_before_the_first_period_the_last_one_holds():
    schedule = TariffSchedule(TariffTables(day_tables=[[(Period(6, 0, 1), Period(22, 30, 2))], []]))
    assert schedule.tariff_at(datetime(2026, 3, 2, 5, 59)) == 2
    assert schedule.tariff_at(datetime(2026, 3, 2, 6, 0)) == 1
    assert schedule.tariff_at(datetime(2026, 3, 2, 22, 30)) == 2
    assert schedule.next_start(datetime(2026, 3, 2, 6, 0)) == datetime(2026, 3, 2, 22, 30)
    assert schedule.next_start(datetime(2026, 3, 2, 22, 30)) == datetime(2026, 3, 3)


def test_number_of_tariffs_is_checked():
    with pytest.raises(ConfigError, match=r"1\.\.63"):
        TariffTables(tariffs=0)


def test_switch_of_table_sets_freezes_and_changes_tariff():
    tables = TariffTables(day_tables=[[one(1)], [one(3)]], zones=[(Zone(1, 1, 1),)] * 2)
    tables.day_switch_at = datetime(2026, 3, 2, 9, 0)
    tables.zone_switch_at = datetime(2026, 3, 2, 10, 0)
    engine, _, meter = bench(tables=tables)
    engine.clock.advance_to(3 * 3600.0)
    meter.advance()
    assert meter.energy.tariff == 3
    assert meter.status_word(3) & 0b100001 == 0b100001
    assert (
        meter.freezes.count(FreezeKind.DAY_TABLE_SWITCH) == meter.freezes.count(FreezeKind.ZONE_SWITCH) == 1
    )
    assert meter.freezes.record(FreezeKind.DAY_TABLE_SWITCH, 1).energies[0][0] == 110


def test_a_month_of_daily_and_hourly_freezes():
    engine, _, meter = bench()
    engine.clock.advance_to(30 * DAY_S)
    meter.advance()
    assert meter.freezes.count(FreezeKind.DAILY) == 30
    assert meter.freezes.count(FreezeKind.HOURLY) == 254
    newest = meter.freezes.record(FreezeKind.DAILY, 1)
    # 1.1 kW from 2 March 08:00 to 1 April 00:00
    assert from_epoch(newest.epoch_s) == datetime(2026, 4, 1)
    assert newest.energies[0][0] == (29 * 24 + 16) * 110
    assert meter.freezes.record(FreezeKind.DAILY, 31) is None
    hourly = meter.freezes.record(FreezeKind.HOURLY, 2)
    assert from_epoch(hourly.epoch_s) == datetime(2026, 4, 1, 7)
    assert meter.freezes.record(FreezeKind.HOURLY, 255) is None


def test_hourly_freezes_need_power_daily_ones_are_made_up():
    engine, scene, meter = bench()
    scene.set_state(DEAD)
    engine.clock.advance_to(2 * DAY_S)
    meter.advance()
    assert meter.freezes.count(FreezeKind.HOURLY) == 0
    assert meter.freezes.count(FreezeKind.DAILY) == 2


@pytest.mark.parametrize(
    ("order", "first", "count"),
    [
        ((None, None, 15), datetime(2026, 3, 2, 8, 15), 12),
        ((None, 9, 30), datetime(2026, 3, 2, 9, 30), 10),
        ((5, 9, 30), datetime(2026, 3, 5, 9, 30), 1),
    ],
)
def test_timed_freezes_by_order(order, first, count):
    engine, _, meter = bench()
    meter.order_freeze(*order)
    engine.clock.advance_to(10 * DAY_S)
    meter.advance()
    assert meter.freezes.count(FreezeKind.TIMED) == count
    if count < 12:
        assert from_epoch(meter.freezes.record(FreezeKind.TIMED, count).epoch_s) == first


def test_freeze_at_once_keeps_three():
    _, _, meter = bench()
    for _ in range(4):
        meter.order_freeze(None, None, None)
    assert meter.freezes.count(FreezeKind.INSTANT) == 3


@pytest.mark.parametrize("order", [(29, 0, 0), (1, None, 0), (None, 24, 0), (None, None, 60), (1, 2, None)])
def test_senseless_freezes_are_refused(order):
    _, _, meter = bench()
    with pytest.raises(Refusal):
        meter.order_freeze(*order)


def test_monthly_freeze_finds_its_day():
    start = to_epoch(datetime(2026, 1, 31, 12))
    assert from_epoch(TimedFreeze(28, 1, 2).next_after(start)) == datetime(2026, 2, 28, 1, 2)


def test_next_billing_over_the_turn_of_the_year_and_none_at_all():
    start = to_epoch(datetime(2026, 12, 20))
    assert from_epoch(next_billing(start, ((1, 0), (99, 99)))) == datetime(2027, 1, 1)
    assert next_billing(start, ((99, 99),)) == float("inf")


def test_load_profile_keeps_a_record_a_quarter_of_an_hour():
    engine, scene, meter = bench(profile_depth=50)
    engine.clock.advance_to(DAY_S)
    meter.advance()
    assert [from_epoch(r.epoch_s) for r in meter.profile.latest(2)] == [
        START + timedelta(days=1, minutes=-15),
        START + timedelta(days=1),
    ]
    assert meter.profile.latest(1)[0].energies[0] == 24 * 110
    assert len(meter.profile.earliest(100)) == 50
    wanted = to_epoch(START + timedelta(hours=20, minutes=1))
    assert from_epoch(meter.profile.since(wanted)[0].epoch_s) == START + timedelta(hours=20, minutes=15)
    assert scene.positions() == [1]
