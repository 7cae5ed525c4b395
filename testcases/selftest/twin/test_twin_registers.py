"""Registers of the meter against energy worked out by hand."""

# ruff: noqa: DTZ001 - meters keep local time without zone
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

import pytest

from rig.clock import VirtualClock
from rig.ports.electrical import DEAD, ElectricalState, PhaseState
from rig.twin.devices.energy import combined_active, combined_reactive
from rig.twin.devices.error_model import ErrorModel, GainRegion
from rig.twin.devices.meter import Meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.devices.tariff import Period, TariffTables
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene

START = datetime(2026, 3, 2, 8, 0, 0)
FORWARD, REVERSE, Q1, Q2, Q3, Q4 = 1, 2, 5, 6, 7, 8


def bench(config=None, start=START):
    engine = Engine(1, VirtualClock(start))
    scene = Scene(engine)
    meter = Meter(engine, config or MeterConfig(error_model=ErrorModel()))
    scene.place(1, meter)
    return engine, scene, meter


def load(scene, current, angle=0.0, voltage=220.0):
    scene.set_state(ElectricalState((PhaseState(voltage, current, angle),)))


def cut(kwh):
    return int((Decimal(kwh) * 100).to_integral_value(rounding=ROUND_DOWN))


def test_forward_energy_is_power_times_time():
    engine, scene, meter = bench()
    load(scene, 5.0)
    engine.clock.advance_to(3600.0)
    # 220 V x 5 A x 1 h = 1.1 kWh
    assert meter.energy_steps(FORWARD, 0) == cut("1.1")
    engine.clock.advance_to(3600.0 * 7.5)
    assert meter.energy_steps(FORWARD, 0) == cut("8.25")
    assert meter.energy_steps(REVERSE, 0) == 0


def test_both_directions_and_four_quadrants():
    engine, scene, meter = bench()
    for hour, angle in enumerate((60, 120, 240, -60), start=1):
        load(scene, 10.0, angle)
        engine.clock.advance_to(3600.0 * hour)
    # cos 60 = 0.5: two hours of 1.1 kW each way; sin 60 = 0.8660: 1.90525 kvarh a quadrant
    assert meter.energy_steps(FORWARD, 0) == cut("2.2")
    assert meter.energy_steps(REVERSE, 0) == cut("2.2")
    assert [meter.energy_steps(item, 0) for item in (Q1, Q2, Q3, Q4)] == [190, 190, 190, 190]
    # default words: active forward + reverse, reactive 1 = Q1 + Q4, reactive 2 = Q2 + Q3
    assert meter.energy_steps(0, 0) == cut("4.4")
    assert meter.energy_steps(3, 0) == 380
    assert meter.energy_steps(4, 0) == 380
    assert meter.energy_steps(9, 0) == meter.energy_steps(10, 0) == cut("4.4")


def test_combination_words_sign_every_part():
    assert combined_active(0x05, (7,), (3,)) == (10,)
    assert combined_active(0x09, (7,), (3,)) == (4,)
    assert combined_active(0x06, (7,), (3,)) == (-4,)
    assert combined_active(0x01, (7,), (3,)) == (7,)
    quadrants = [(1,), (10,), (100,), (1000,)]
    assert combined_reactive(0x41, quadrants) == (1001,)
    assert combined_reactive(0x14, quadrants) == (110,)
    assert combined_reactive(0b10_10_01_01, quadrants) == (1 + 10 - 100 - 1000,)


def test_tariffs_take_the_energy_of_their_hours_and_add_up():
    tables = TariffTables(
        day_tables=[[(Period(0, 0, 4), Period(9, 0, 1), Period(10, 30, 2), Period(11, 15, 3))]] * 2
    )
    engine, scene, meter = bench(MeterConfig(tables=tables))
    load(scene, 7.0)
    engine.clock.advance_to(3600.0 * 4)
    # 1.54 kW: one hour tariff 4, one and a half tariff 1, three quarters tariff 2, three quarters tariff 3
    tariffs = [meter.energy_steps(FORWARD, tariff) for tariff in (1, 2, 3, 4)]
    for got, kwh in zip(tariffs, ("2.31", "1.155", "1.155", "1.54"), strict=True):
        assert abs(got - Decimal(kwh) * 100) <= 1
    assert sum(tariffs) == meter.energy_steps(FORWARD, 0) == cut("6.16")


def test_tariffs_add_up_exactly_over_a_year_of_odd_loads():
    engine, scene, meter = bench()
    day = 0.0
    for current, angle in ((3.3337, 11.0), (0.7771, 170.0), (41.913, -33.3), (13.0001, 190.0)):
        load(scene, current, angle)
        day += 91.37 * 86_400
        engine.clock.advance_to(day)
        for item in range(11):
            total = meter.energy_steps(item, 0)
            assert sum(meter.energy_steps(item, tariff) for tariff in (1, 2, 3, 4)) == total


def test_billing_days_of_a_year():
    config = MeterConfig(billing_days=((1, 0), (15, 12)))
    engine, scene, meter = bench(config)
    load(scene, 10.0)
    engine.clock.advance_to(86_400.0 * 40)
    meter.advance()
    moments = [datetime(2000, 1, 1) + timedelta(seconds=record.epoch_s) for record in meter.billings]
    assert moments == [datetime(2026, 4, 1), datetime(2026, 3, 15, 12)]
    # 2.2 kW from 2 March 08:00 to 15 March 12:00: 316 h
    assert meter.billings[1].energies[0][0] == cut("695.2")
    assert meter.billings[0].energies[0][0] == cut(Decimal("2.2") * (29 * 24 + 16))


def test_only_twelve_billings_are_kept_newest_first():
    engine, scene, meter = bench()
    load(scene, 1.0)
    engine.clock.advance_to(86_400.0 * 500)
    meter.advance()
    assert len(meter.billings) == 12
    epochs = [record.epoch_s for record in meter.billings]
    assert epochs == sorted(epochs, reverse=True)


def test_demand_is_the_average_of_a_sliding_quarter_of_an_hour():
    engine, scene, meter = bench()
    load(scene, 5.0)
    engine.clock.advance_to(14 * 60.0 + 59)
    assert meter.maxima_now()[0][0].steps == 0
    engine.clock.advance_to(15 * 60.0)
    assert meter.maxima_now()[0][0].steps == 11_000
    # ten minutes of 2.2 kW after five of 1.1 kW: (10 x 2.2 + 5 x 1.1) / 15
    load(scene, 10.0)
    engine.clock.advance_to(25 * 60.0)
    assert meter.maxima_now()[0][0].steps == round((10 * 22_000 + 5 * 11_000) / 15)
    load(scene, 0.0)
    engine.clock.advance_to(60 * 60.0)
    maximum = meter.maxima_now()[0][0]
    assert maximum.steps == round((10 * 22_000 + 5 * 11_000) / 15)
    assert datetime(2000, 1, 1) + timedelta(seconds=maximum.at_epoch_s) == datetime(2026, 3, 2, 8, 25)


def test_demand_by_blocks_goes_by_the_clock_and_leaves_a_broken_block_out():
    engine, scene, meter = bench(MeterConfig(demand_period_min=15, demand_slide_min=15))
    load(scene, 5.0)
    engine.clock.advance_to(15 * 60.0)
    # the meter was powered at 08:00: the block to 08:15 is whole
    assert meter.maxima_now()[0][0].steps == 11_000
    engine.clock.advance_to(22 * 60.0)
    meter.reset_demand()
    load(scene, 10.0)
    engine.clock.advance_to(44 * 60.0)
    assert meter.maxima_now()[0][0].steps == 0
    load(scene, 0.0)
    engine.clock.advance_to(60 * 60.0)
    maximum = meter.maxima_now()[0][0]
    assert maximum.steps == round(14 * 22_000 / 15)
    assert datetime(2000, 1, 1) + timedelta(seconds=maximum.at_epoch_s) == datetime(2026, 3, 2, 8, 45)


@pytest.mark.parametrize("seed", range(6))
def test_demand_equals_a_minute_by_minute_count(seed):
    draw = Engine(seed).random("loads")
    tables = TariffTables(tariffs=1, day_tables=[[(Period(0, 0, 1),)]] * 2)
    engine, scene, meter = bench(MeterConfig(tables=tables))
    minutes = []
    while len(minutes) < 300:
        current, span = round(draw.uniform(0, 50), 2), draw.randrange(1, 40)
        load(scene, current)
        minutes += [220.0 * current] * span
        engine.clock.advance_to(len(minutes) * 60.0)
    best = max(sum(minutes[end - 15 : end]) / 15 for end in range(15, len(minutes) + 1))
    assert meter.maxima_now()[0][0].steps == pytest.approx(best * 10, abs=1)


def test_starting_current_creep_and_gain_by_region():
    model = ErrorModel(
        starting_current_a=0.02,
        creep_w=2.0,
        regions=[GainRegion(1.0), GainRegion(0.5, direction="reverse"), GainRegion(2.0, current_below_a=0.5)],
    )
    engine, scene, meter = bench(MeterConfig(error_model=model))
    load(scene, 0.019)
    assert meter.energy.powers[0] == 2.0
    load(scene, 0.4)
    assert meter.energy.powers[0] == pytest.approx(88.0 * 1.03)
    load(scene, 5.0)
    assert meter.energy.powers[0] == pytest.approx(1100.0 * 1.01)
    load(scene, 5.0, 180.0)
    assert meter.energy.powers[1] == pytest.approx(1100.0 * 1.015)
    assert engine.clock.now_s() == 0.0


def test_inductive_and_capacitive_regions():
    engine, scene, meter = bench(
        MeterConfig(error_model=ErrorModel(regions=[GainRegion(10.0, kind="inductive")]))
    )
    powers = []
    for angle in (60.0, -60.0, 240.0, 120.0, 0.0):
        load(scene, 10.0, angle)
        powers.append(round(max(meter.energy.powers[:2]), 3))
    # 240 degrees is energy flowing back with the sign of an inductive load turned: inductive; 120 is capacitive
    assert powers == [1210.0, 1100.0, 1210.0, 1100.0, 2200.0]
    assert engine.seed == 1


def test_dead_meter_counts_nothing_and_remembers_the_outage():
    engine, scene, meter = bench()
    load(scene, 5.0)
    engine.clock.advance_to(3600.0)
    scene.set_state(DEAD)
    assert not meter.alive
    engine.clock.advance_to(7200.0)
    load(scene, 5.0)
    engine.clock.advance_to(10_800.0)
    assert meter.energy_steps(FORWARD, 0) == cut("2.2")
    record = meter.events.record("power-off", 1)
    assert record.end_s - record.start_s == pytest.approx(3600.0)
    assert meter.events.count("power-off") == 1


def test_supply_below_sixty_percent_is_no_supply():
    _, scene, meter = bench()
    load(scene, 5.0, voltage=133.0)
    assert meter.alive
    load(scene, 5.0, voltage=131.0)
    assert not meter.alive


def test_unidirectional_meter_ignores_reverse_energy():
    config = MeterConfig.from_mapping({"rating": {"bidirectional": False}})
    engine, scene, meter = bench(config)
    load(scene, 5.0, 180.0)
    engine.clock.advance_to(3600.0)
    assert meter.energy_steps(REVERSE, 0) == meter.energy_steps(FORWARD, 0) == 0


def test_meter_reset_clears_what_counts():
    engine, scene, meter = bench(MeterConfig(energy_wh=((12_340.0,), (560.0,))))
    assert (meter.energy_steps(FORWARD, 0), meter.energy_steps(REVERSE, 0)) == (1234, 56)
    load(scene, 5.0)
    engine.clock.advance_to(86_400.0 * 3)
    meter.reset_meter()
    assert meter.energy_steps(FORWARD, 0) == 0
    assert meter.maxima_now()[0][0].steps == 0
    assert meter.freezes.count(6) == 0
    assert meter.events.count("meter-reset") == 1
    engine.clock.advance_to(86_400.0 * 3 + 3600)
    assert meter.energy_steps(FORWARD, 0) == cut("1.1")


def test_registers_roll_over_at_a_million():
    engine, scene, meter = bench(MeterConfig(energy_wh=((999_999_990.0,), (0.0,))))
    assert meter.energy_steps(FORWARD, 0) == 99_999_999
    load(scene, 5.0)
    engine.clock.advance_to(3600.0)
    assert meter.energy_steps(FORWARD, 0) == 109
