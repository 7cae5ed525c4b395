"""Passwords, relay, events: what a master may order, and what is refused."""

# ruff: noqa: DTZ001 - meters keep local time without zone
from datetime import datetime, timedelta

import pytest

from rig.clock import VirtualClock
from rig.ports.electrical import ElectricalState, PhaseState
from rig.twin.devices.authentication import cipher
from rig.twin.devices.behaviour import Behaviour
from rig.twin.devices.meter import Meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.devices.refusal import Reason, Refusal
from rig.twin.devices.relay import Command
from rig.twin.devices.security import Security
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene

START = datetime(2026, 3, 2, 22, 0, 0)
LATER = datetime(2099, 12, 31, 23, 59, 59)


def bench(**config):
    engine = Engine(1, VirtualClock(START))
    scene = Scene(engine)
    meter = Meter(engine, MeterConfig(**config))
    scene.place(1, meter)
    scene.set_state(ElectricalState((PhaseState(220.0, 5.0),)))
    return engine, scene, meter


class Time:
    now = 1000.0

    def __call__(self):
        return self.now


def security(**rules):
    now = Time()
    return Security({2: "111111", 4: "222222"}, Behaviour(**rules), now), now


def refused(action):
    with pytest.raises(Refusal) as caught:
        action()
    return caught.value.reasons


def test_three_wrong_passwords_lock_their_level_only():
    guard, now = security()
    for _ in range(2):
        refused(lambda: guard.check(4, "000000", (2, 4)))
    guard.check(4, "222222", (2, 4))
    assert guard.failures(4) == 0
    for _ in range(3):
        assert refused(lambda: guard.check(4, "000000", (2, 4))) == (Reason.NOT_AUTHORISED,)
    assert guard.locked(4)
    refused(lambda: guard.check(4, "222222", (2, 4)))
    guard.check(2, "111111", (2, 4))
    now.now += 86_399.0
    assert guard.locked(4)
    now.now += 1.0
    guard.check(4, "222222", (2, 4))


def test_lock_may_end_with_the_date():
    guard, now = security(lockout_reset="date-change", lockout_threshold=1)
    now.now = 86_400.0 * 5 + 86_000.0
    refused(lambda: guard.check(4, "1", (4,)))
    assert guard.locked(4)
    now.now += 400.0
    assert not guard.locked(4)


def test_right_password_of_a_level_without_the_right_is_refused():
    guard, _ = security()
    assert refused(lambda: guard.check(4, "222222", (2,))) == (Reason.NOT_AUTHORISED,)
    assert guard.failures(4) == 0


def test_change_of_password_needs_authority():
    guard, _ = security()
    guard.change(4, 2, "111111", 4, "999999")
    guard.check(4, "999999", (4,))
    refused(lambda: guard.change(2, 4, "999999", 2, "123456"))
    refused(lambda: guard.change(4, 4, "999999", 2, "123456"))
    refused(lambda: guard.change(4, 4, "000000", 4, "123456"))
    assert guard.passwords == {2: "111111", 4: "999999"}


def test_trip_interrupts_the_load_and_close_restores_it():
    engine, _, meter = bench()
    engine.clock.advance_to(3600.0)
    meter.control(Command.TRIP, LATER, operator="00001234")
    assert meter.status_word(3) >> 4 & 1 == 1
    engine.clock.advance_to(7200.0)
    assert meter.energy_steps(1, 0) == 110
    assert meter.shown.current_a == 0.0
    meter.control(Command.CLOSE, LATER)
    assert meter.status_word(3) >> 4 & 1 == 0
    engine.clock.advance_to(10_800.0)
    assert meter.energy_steps(1, 0) == 220
    record = meter.events.record("relay-trip", 1)
    assert (record.operator, record.start_s) == ("00001234", record.end_s)
    assert meter.events.count("relay-close") == 1


def test_permission_waits_for_the_button():
    _, _, meter = bench()
    meter.press_button()
    meter.control(Command.TRIP, LATER)
    meter.press_button()
    assert meter.relay.open
    meter.control(Command.PERMIT, LATER)
    assert meter.relay.open
    meter.press_button()
    assert not meter.relay.open


def test_delayed_trip_and_automatic_restore():
    engine, _, meter = bench(trip_delay_min=2)
    meter.control(Command.TRIP_RESTORE, LATER, parameter=1)
    assert not meter.relay.open
    assert meter.status_word(3) >> 7 & 1 == 1
    engine.clock.advance_to(121.0)
    meter.advance()
    assert meter.relay.open
    engine.clock.advance_to(121.0 + 300.0)
    meter.advance()
    assert not meter.relay.open


def test_keep_supply_and_validity_refuse_a_trip():
    _, _, meter = bench()
    meter.control(Command.KEEP_SUPPLY, LATER)
    assert meter.status_word(3) >> 12 & 1 == 1
    assert refused(lambda: meter.control(Command.TRIP, LATER)) == (Reason.NOT_AUTHORISED,)
    meter.control(Command.KEEP_SUPPLY_OFF, LATER)
    assert refused(lambda: meter.control(Command.TRIP, START - timedelta(seconds=1))) == (
        Reason.NOT_AUTHORISED,
    )
    assert refused(lambda: meter.control(0x55, LATER)) == (Reason.NO_DATA,)
    assert not meter.relay.open


@pytest.mark.parametrize(
    ("kind", "voltage", "current", "angle", "bit"),
    [
        ("over-voltage", 270.0, 5.0, 0.0, 2),
        ("under-voltage", 170.0, 5.0, 0.0, 1),
        ("loss-of-voltage", 140.0, 5.0, 0.0, 0),
        ("over-current", 220.0, 73.0, 90.0, 4),
        ("overload", 230.0, 71.0, 0.0, 5),
        ("reversal", 220.0, 5.0, 180.0, 6),
    ],
)
def test_monitored_events_begin_and_end_after_their_delay(kind, voltage, current, angle, bit):
    engine, scene, meter = bench()
    engine.clock.advance_to(1000.0)
    scene.set_state(ElectricalState((PhaseState(voltage, current, angle),)))
    engine.clock.advance_to(1059.0)
    assert meter.status_word(4) == 0
    engine.clock.advance_to(1061.0)
    assert meter.status_word(4) >> bit & 1
    assert meter.events.lasting(kind)
    scene.set_state(ElectricalState((PhaseState(220.0, 5.0),)))
    engine.clock.advance_to(2000.0)
    meter.advance()
    record = meter.events.record(kind, 1)
    assert record.end_s - record.start_s == pytest.approx(61.0)
    assert meter.events.minutes(kind, meter.epoch_s()) == 1
    assert meter.status_word(4) == 0


def test_current_led_past_the_meter_is_a_loss_of_current():
    engine, _, meter = bench()
    meter.error_model.bypass = 1.0
    meter.load_again()
    engine.clock.advance_to(61.0)
    meter.advance()
    assert meter.events.lasting("loss-of-current")
    assert meter.status_word(4) >> 3 & 1
    assert (meter.shown.current_a, meter.shown.neutral_current_a) == (0.0, 5.0)


def test_a_short_excursion_is_no_event():
    engine, scene, meter = bench()
    scene.set_state(ElectricalState((PhaseState(270.0, 5.0),)))
    engine.clock.advance_to(59.0)
    scene.set_state(ElectricalState((PhaseState(220.0, 5.0),)))
    engine.clock.advance_to(500.0)
    meter.advance()
    assert meter.events.count("over-voltage") == 0


def test_ten_records_are_kept_newest_first():
    engine, _, meter = bench()
    for turn in range(12):
        engine.clock.advance_to(10.0 * turn)
        meter.move_cover(opened=True)
        engine.clock.advance_to(10.0 * turn + 5.0)
        meter.move_cover(opened=False)
    assert meter.events.count("cover-open") == 12
    assert meter.events.record("cover-open", 11) is None
    newest = meter.events.record("cover-open", 1)
    assert newest.end_s - newest.start_s == pytest.approx(5.0)


def test_clearing_events_keeps_the_meter_reset():
    _, _, meter = bench()
    meter.reset_meter("00000007")
    meter.move_cover(opened=True)
    meter.reset_events("00000008")
    assert meter.events.count("cover-open") == 0
    assert meter.events.count("meter-reset") == 1
    assert meter.events.record("event-reset", 1).operator == "00000008"
    assert refused(lambda: meter.reset_events(kind="meter-reset")) == (Reason.OTHER,)


def test_software_cipher_needs_its_own_key():
    random_1, dispersal = bytes(range(8)), bytes(8)
    assert len(cipher(random_1, dispersal)) == 8
    assert cipher(random_1, dispersal) != cipher(random_1, dispersal, b"another key")
