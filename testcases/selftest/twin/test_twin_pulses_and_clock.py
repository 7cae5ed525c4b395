"""Pulses in closed form, the meter's clock, its setting and its second pulse."""

# ruff: noqa: DTZ001 - meters keep local time without zone
from datetime import datetime, timedelta

import pytest

from rig.clock import VirtualClock
from rig.ports.electrical import DEAD, ElectricalState, PhaseState
from rig.twin.devices.error_model import ErrorModel
from rig.twin.devices.meter import Meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene

START = datetime(2026, 3, 2, 8, 0, 0)


def bench(start=START, **config):
    engine = Engine(1, VirtualClock(start))
    scene = Scene(engine)
    meter = Meter(engine, MeterConfig(**({"error_model": ErrorModel()} | config)))
    scene.place(1, meter)
    return engine, scene, meter


def load(scene, current, angle=0.0, voltage=220.0):
    scene.set_state(ElectricalState((PhaseState(voltage, current, angle),)))


def test_pulse_times_are_energy_over_power():
    engine, scene, _ = bench()
    load(scene, 5.0)
    output = scene.energy_output(1)
    # 1200 imp/kWh, 1.1 kW: a pulse every 3600 / 1320 s
    engine.clock.advance_to(100.0)
    assert output.count() == 36
    assert output.time_of(36) == pytest.approx(36 * 3600 / 1320)
    assert output.time_of(37) is None
    assert output.time_of(0) is None


def test_pulses_of_the_past_survive_changes_of_load_and_direction():
    engine, scene, _ = bench()
    load(scene, 5.0)
    engine.clock.advance_to(3600.0)
    scene.set_state(DEAD)
    engine.clock.advance_to(5000.0)
    load(scene, 10.0, 180.0)
    engine.clock.advance_to(5000.0 + 1800.0)
    output = scene.energy_output(1)
    assert output.count() == 2640
    assert output.time_of(1320) == pytest.approx(3600.0)
    assert output.time_of(1321) == pytest.approx(5000.0 + 3600 / 2640)
    assert output.time_of(660) == pytest.approx(1800.0)


def test_pulses_follow_the_error_and_stop_below_the_start():
    model = ErrorModel(starting_current_a=0.02)
    engine, scene, meter = bench(error_model=model)
    model = meter.error_model
    load(scene, 0.01)
    engine.clock.advance_to(86_400.0)
    assert scene.energy_output(1).count() == 0
    model.creep_w = 10.0
    meter.load_again()
    engine.clock.advance_to(2 * 86_400.0)
    # 240 Wh at 1200 imp/kWh
    assert scene.energy_output(1).count() == 288


def test_noise_keeps_order_and_mean_and_is_repeatable():
    times = []
    for _ in range(2):
        engine, scene, _ = bench(error_model=ErrorModel(noise_percent=0.05))
        load(scene, 10.0)
        engine.clock.advance_to(1000.0)
        output = scene.energy_output(1)
        times.append([output.time_of(number) for number in range(1, output.count() + 1)])
    assert times[0] == times[1]
    assert times[0] == sorted(times[0])
    period = 3600 / 2640
    assert times[0] != pytest.approx([period * number for number in range(1, len(times[0]) + 1)], abs=1e-6)
    assert times[0][-1] / len(times[0]) == pytest.approx(period, rel=1e-4)


def test_count_and_time_agree_at_every_moment_with_noise():
    engine, scene, _ = bench(error_model=ErrorModel(noise_percent=1.0))
    load(scene, 10.0)
    output = scene.energy_output(1)
    for step in range(400):
        engine.clock.advance_to(step * 0.1)
        count = output.count()
        assert output.time_of(count + 1) is None
        if count:
            assert output.time_of(count) <= engine.clock.now_s()


def test_clock_drift_and_second_pulse():
    engine, scene, meter = bench(clock_drift_s_per_day=43.2)
    engine.clock.advance_to(86_400.0)
    assert meter.wall() == START + timedelta(days=1, seconds=43)
    output = scene.clock_output(1)
    assert output.count() == 86_443
    # 500 ppm fast
    assert output.time_of(1000) == pytest.approx(1000 / 1.0005)
    assert output.time_of(86_444) is None


def test_setting_the_clock_leaves_the_second_pulse_alone():
    engine, scene, meter = bench()
    engine.clock.advance_to(100.5)
    meter.set_clock(datetime(2030, 1, 1, 12, 0, 0))
    engine.clock.advance_to(110.5)
    assert meter.wall() == datetime(2030, 1, 1, 12, 0, 10)
    assert scene.clock_output(1).count() == 110
    record = meter.events.record("clock-set", 1)
    assert record.values["after_s"] - record.values["before_s"] == pytest.approx(
        (datetime(2030, 1, 1, 12) - (START + timedelta(seconds=100.5))).total_seconds()
    )


@pytest.mark.parametrize(
    ("shown", "sent", "taken"),
    [
        (datetime(2026, 3, 2, 10, 0, 0), datetime(2026, 3, 2, 10, 5, 0), True),
        (datetime(2026, 3, 2, 10, 0, 0), datetime(2026, 3, 2, 10, 5, 1), False),
        (datetime(2026, 3, 2, 10, 0, 0), datetime(2026, 3, 2, 9, 55, 0), True),
        (datetime(2026, 3, 2, 10, 0, 0), datetime(2026, 3, 2, 9, 54, 59), False),
        (datetime(2026, 3, 2, 23, 56, 0), datetime(2026, 3, 2, 23, 54, 0), False),
        (datetime(2026, 3, 2, 23, 54, 0), datetime(2026, 3, 2, 23, 56, 0), False),
        (datetime(2026, 3, 2, 0, 4, 0), datetime(2026, 3, 2, 0, 6, 0), False),
        (datetime(2026, 3, 2, 0, 6, 0), datetime(2026, 3, 2, 0, 7, 0), True),
        (datetime(2026, 3, 15, 12, 3, 0), datetime(2026, 3, 15, 12, 4, 0), False),
        (datetime(2026, 3, 15, 11, 57, 0), datetime(2026, 3, 15, 11, 56, 0), False),
    ],
)
def test_limits_of_the_time_broadcast(shown, sent, taken):
    _, _, meter = bench(start=shown, billing_days=((15, 12),))
    assert meter.broadcast_time(sent) is taken
    assert meter.wall() == (sent if taken else shown)


def test_time_broadcast_works_once_a_day():
    engine, _, meter = bench()
    assert meter.broadcast_time(START + timedelta(seconds=60))
    assert not meter.broadcast_time(START + timedelta(seconds=120))
    engine.clock.advance_to(86_400.0)
    assert meter.broadcast_time(START + timedelta(days=1))
    assert meter.events.count("clock-set") == 0


def test_setting_the_clock_moves_tariff_and_freezes():
    engine, scene, meter = bench()
    load(scene, 5.0)
    assert meter.energy.tariff == 2
    meter.set_clock(datetime(2026, 3, 2, 23, 59, 30))
    assert meter.energy.tariff == 4
    engine.clock.advance_to(60.0)
    meter.advance()
    record = meter.freezes.record(6, 1)
    assert datetime(2000, 1, 1) + timedelta(seconds=record.epoch_s) == datetime(2026, 3, 3)
