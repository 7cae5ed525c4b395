"""Events, reporting tasks, control, clocks and supply of a terminal."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from fixtures.fake_meter_port import FakeMeterPort
from fixtures.terminal_world import PASSWORD, PORT, World, at, value
from rig.protocols.dlt645.frame import encode as encode_645
from rig.protocols.dlt645.messages import read_data
from rig.protocols.gdw1376_1 import builders
from rig.protocols.gdw1376_1.messages import Auxiliary, Content
from rig.twin.devices.terminal.behaviour import TerminalBehaviour
from rig.twin.devices.terminal.events import EventLog
from rig.twin.devices.terminal.sync import clock_of
from rig.twin.devices.terminal.tasks import Task

TRIP = {"limit_time": 0, "alarm_delay": 0}


def masks(world, *, important):
    bits = sum(1 << (code - 1) for code in important)
    return world.set(Content(0, 9, {"valid": "FFFFFFFFFFFFFFFF", "important": f"{bits:016X}"}))


# --- rings ------------------------------------------------------------------------------------------------------------------


def test_counters_are_rings_of_256():
    log = EventLog(TerminalBehaviour())
    for number in range(300):
        log.record(3, bytes((number % 256,)), important=True)
    assert log.counters == (44, 0)
    assert [pointer for pointer, _ in log.important.between(40, 44)] == [40, 41, 42, 43]
    assert log.important.between(43, 44)[0][1].body == bytes((299 % 256,))
    assert len(log.important.between(45, 44)) == 255
    assert log.waiting
    log.read(40, 44, important=True)
    assert not log.waiting
    log.record(4, b"", important=False)
    assert not log.waiting
    assert log.flags == 0b1100


def test_bounded_rings_and_late_completion():
    log = EventLog(TerminalBehaviour(), depth=4)
    pointers = [log.record(5, bytes((number,)), important=True) for number in range(6)]
    assert [pointer for pointer, _ in log.important.between(0, 6)] == [2, 3, 4, 5]
    log.complete(pointers[-1], 5, b"new", important=True)
    log.complete(pointers[0], 5, b"gone", important=True)
    assert log.important.between(5, 6)[0][1].body == b"new"
    assert len(log.important) == 4
    log.acknowledge(200)
    assert log.waiting
    silent = EventLog(TerminalBehaviour(events_recorded=False))
    assert silent.record(5, b"", important=True) is None


def test_access_demand_until_the_events_are_read():
    world = World(1)
    world.control(Content(0, 37))
    world.terminal.record_event(21, {"fault": 1})
    messages = world.ask(builders.read_realtime(world.address, [0], [2]))
    assert messages[0].frame.access_demand
    assert messages[0].auxiliary.events == (1, 0)
    assert [record["fault"] for record in world.records(important=True)] == [Decimal(1)]
    messages = world.ask(builders.read_realtime(world.address, [0], [2]))
    assert not messages[0].frame.access_demand
    assert not world.master.reports(0x0E)


def test_general_events_are_neither_reported_nor_announced():
    world = World(1)
    world.set(Content(0, 36, {"monthly_limit": 1}))
    world.wait(30.0)
    assert not world.master.reports(0x0E)
    assert world.codes(important=False) == [3]
    assert not world.ask(builders.read_realtime(world.address, [0], [2]))[0].frame.access_demand


def test_mask_of_valid_events():
    world = World(1)
    world.set(Content(0, 9, {"valid": "0" * 16, "important": "0" * 16}))
    world.set(Content(0, 36, {"monthly_limit": 1}))
    assert world.terminal.events.counters == (0, 0)


def test_parameter_changes_are_one_record_a_frame():
    world = World(1)
    masks(world, important=[3])
    world.set(Content(0, 36, {"monthly_limit": 1}), Content(1, 28, {"limit_1": "80.0", "limit_2": "90.0"}))
    world.wait(30.0)
    last = world.records(important=True)[-1]
    assert (last["unit.1"], last["unit.2"], last["master"]) == ("P0 F36", "P1 F28", 1)
    assert len(world.master.reports(0x0E)) == 2


def test_events_over_several_frames():
    world = World(1, largest_user_data=600)
    for fault in range(120):
        world.terminal.record_event(21, {"fault": fault})
    faults = [int(record["fault"]) for record in world.records(important=True)]
    assert faults == list(range(120))


def test_silent_meter_is_an_event_once():
    world = World(2)
    world.silence(2)
    world.wait_until(at(2026, 3, 3, 8, 0))
    world.restore(2)
    world.wait(3600.0)
    found = [(int(record["begins"]), int(record["point"])) for record in world.records(important=True)]
    assert found == [(1, 2), (0, 2)]


def test_reading_that_goes_down_is_an_event():
    world = World(1)
    world.wait_until(at(2026, 3, 3, 8, 0))
    entry = world.terminal.archive.at_point(1)
    world.terminal.compare_readings(entry, bytes.fromhex("00000100"), bytes.fromhex("99990000"))
    world.terminal.compare_readings(entry, bytes.fromhex("00000100"), bytes.fromhex("00000100"))
    (record,) = [record for record in world.records(important=False) if record["erc"] == 27]
    assert (record["before"], record["after"]) == (Decimal("100.0000"), Decimal("99.9900"))


def test_clock_of_a_meter_is_looked_at_every_day():
    world = World(2, meter={"clock_offset_s": 900.0})
    world.wait_until(at(2026, 3, 4, 8, 0))
    found = [
        (int(record["begins"]), int(record["point"]))
        for record in world.records(important=False)
        if record["erc"] == 12
    ]
    assert found == [(1, 1), (1, 2)]
    assert abs(world.terminal.clock_keeping.deviations[1] - 900) < 5


def test_outage_of_a_meter_and_changed_status():
    world = World(1)
    world.port.power("000000000001", False)
    world.port.power("000000000009", False)
    world.read([1], [28])
    world.control(Content(1, 1, TRIP))
    world.wait(120.0)
    world.read([1], [28])
    codes = world.codes(important=False)
    assert codes.count(13) == 1
    assert codes.count(33) == 1


def test_what_ports_say_unasked():
    class Carrier(FakeMeterPort):
        on_registered = None

    world = World(1)
    carrier = Carrier(world.clock)
    world.terminal._listen_to(5, carrier)
    carrier.on_registered("000000000077", 2)
    carrier.on_registered("000000000001", 2)
    (record,) = [record for record in world.records(important=True) if record["erc"] == 35]
    assert record["detail.1"] == "05"
    assert record["detail.3"] == "77"
    world.read([1], [28])
    world.meters[1].meter.control(0x1A, None)
    world.port.raise_event("000000000001", b"")
    world.port.raise_event("000000000077", b"")
    world.wait(120.0)
    assert world.codes(important=False).count(33) == 1
    taken = Carrier(world.clock)
    taken.power = taken.events = taken.on_registered = print
    world.terminal._listen_to(6, taken)
    assert taken.power is taken.on_registered is print


# --- tasks ------------------------------------------------------------------------------------------------------------------


def task(world, kind, units, *, base, period=1, unit=2, number=1):
    values = {
        "period": period,
        "period_unit": unit,
        "base_time": base,
        "curve_multiple": 1,
        "units": len(units),
    }
    values |= {f"unit.{place}": text for place, text in enumerate(units, start=1)}
    assert (
        world.set(Content(number, 64 + kind, values), Content(number, 66 + kind, {"start": "55"}))
        == "confirmed"
    )


@pytest.mark.parametrize(
    ("unit", "period", "base", "now", "due"),
    [
        (0, 15, at(2026, 3, 2), at(2026, 3, 2, 8, 30), True),
        (0, 15, at(2026, 3, 2), at(2026, 3, 2, 8, 31), False),
        (1, 2, at(2026, 3, 2, 1, 5), at(2026, 3, 2, 9, 5), True),
        (2, 1, at(2026, 3, 2, 1, 5), at(2026, 3, 9, 1, 5), True),
        (2, 1, at(2026, 3, 12, 1, 5), at(2026, 3, 9, 1, 5), False),
        (3, 2, at(2026, 1, 1, 1, 5), at(2026, 3, 1, 1, 5), True),
        (3, 2, at(2026, 1, 1, 1, 5), at(2026, 4, 1, 1, 5), False),
        (0, 0, at(2026, 3, 2), at(2026, 3, 2, 8, 30), False),
    ],
)
def test_when_a_task_is_due(unit, period, base, now, due):
    assert Task(1, 1, period, unit, base, 1, ()).due(now) == due


def test_class_1_task_reports_at_its_times():
    world = World(2)
    task(world, 1, ["P1+P2 F129"], base=at(2026, 3, 2, 8, 0), period=15, unit=0)
    world.wait_until(at(2026, 3, 2, 9, 1))
    times = [at_s for at_s, message in world.master.heard if message.frame.afn == 0x0C]
    assert [round(at_s / 60) for at_s in times] == [15, 30, 45, 60]
    assert {unit.point for unit in world.master.reports(0x0C)[0].units} == {1, 2}
    assert world.set(Content(1, 67, {"start": "AA"})) == "confirmed"
    world.wait(3600.0)
    assert len(world.master.reports(0x0C)) == 4


def test_class_2_task_reports_what_is_there_and_the_rest_later():
    world = World(3)
    world.load(1, 5.0)
    world.silence(3)
    task(world, 2, ["P1+P2+P3 F161"], base=at(2026, 3, 1, 0, 10))
    world.wait_until(at(2026, 3, 3, 1, 0))
    first = [
        (unit.point, value(unit, "date")) for message in world.master.reports(0x0D) for unit in message.units
    ]
    assert first == [(1, "2026-03-02"), (2, "2026-03-02")]
    world.restore(3)
    world.wait(3 * 3600.0)
    every = [
        (unit.point, value(unit, "date")) for message in world.master.reports(0x0D) for unit in message.units
    ]
    assert every == [*first, (3, "2026-03-02")]


def test_class_2_task_catches_up_after_an_outage():
    world = World(1, stored_energy_s=60.0)
    task(world, 2, ["P1 F161"], base=at(2026, 3, 1, 0, 30))
    world.wait_until(at(2026, 3, 3, 8, 0))
    world.terminal.power.off()
    world.wait_until(at(2026, 3, 6, 8, 0))
    world.terminal.power.on()
    world.wait(2 * 3600.0)
    days = [value(unit, "date") for message in world.master.reports(0x0D) for unit in message.units]
    assert sorted(days) == ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"]
    assert len(days) == len(set(days))


def test_month_and_curve_tasks():
    world = World(1)
    world.load(1, 10.0)
    task(world, 2, ["P1 F81"], base=at(2026, 3, 2, 0, 10), period=1, unit=1, number=2)
    task(world, 2, ["P1 F177"], base=at(2026, 3, 1, 2, 0), period=1, unit=3, number=3)
    world.wait_until(at(2026, 3, 2, 12, 30))
    curves = [unit for message in world.master.reports(0x0D) for unit in message.units if unit.number == 81]
    assert [value(unit, "start") for unit in curves][-1] == "2026-03-02 11:00"
    assert value(curves[-1], "point.4") is not None
    world.wait_until(at(2026, 4, 1, 3, 0))
    months = [unit for message in world.master.reports(0x0D) for unit in message.units if unit.number == 177]
    assert [value(unit, "month") for unit in months] == ["2026-03"]


def test_task_data_on_request_and_forbidden_reports():
    world = World(1)
    task(world, 1, ["P1 F129"], base=at(2026, 3, 2, 8, 0), period=15, unit=0)
    assert world.said(builders.request(world.address, 0x0B, builders.identifiers([1], [1]))) == "data"
    assert world.said(builders.request(world.address, 0x0B, builders.identifiers([2], [1]))) == "denied"
    assert world.control(Content(0, 37)) == "confirmed"
    world.wait(3600.0)
    assert not world.master.reports(0x0C)
    assert value(world.read([0], [4])[0, 4], "reports") == 2
    assert world.control(Content(0, 29)) == "confirmed"
    world.wait(3600.0)
    assert world.master.reports(0x0C)


# --- control -----------------------------------------------------------------------------------------------------------------


def test_trip_and_permission_reach_the_relay():
    world = World(2)
    world.load(1, 10.0)
    world.wait(60.0)
    assert world.control(Content(1, 1, TRIP)) == "confirmed"
    relay = world.meters[1].meter.relay
    assert relay.open
    assert not world.meters[2].meter.relay.open
    world.wait(200.0)
    (record,) = [record for record in world.records(important=True) if record["erc"] == 5]
    assert record["power_after_2_min"] == 0
    assert world.control(Content(1, 2)) == "confirmed"
    assert relay.permitted


def test_trip_of_a_silent_or_unknown_meter_is_denied():
    world = World(1)
    world.silence(1)
    assert world.control(Content(1, 1, TRIP)) == "denied"
    assert world.control(Content(5, 1, TRIP)) == "denied"
    assert world.control(Content(0, 1, TRIP)) == "denied"


def test_trip_with_alarm_and_limit():
    world = World(1)
    assert world.control(Content(1, 1, {"limit_time": 1, "alarm_delay": 5})) == "confirmed"
    relay = world.meters[1].meter.relay
    assert relay.alarm
    assert not relay.open
    world.wait(310.0)
    assert relay.open
    world.wait(1800.0)
    assert relay.permitted
    assert world.control(Content(1, 1, {"limit_time": 0, "alarm_delay": 5})) == "confirmed"
    assert world.control(Content(1, 2)) == "confirmed"
    world.wait(600.0)
    assert not relay.commanded_open


def test_wrong_meter_password_is_denied_and_archive_passwords_are_used():
    world = World(1, meter={"passwords": {2: "654321"}})
    assert world.control(Content(1, 1, TRIP)) == "denied"
    right = World(1, meter={"passwords": {2: "654321"}}, entry={"password": bytes.fromhex("022143650000")})
    assert right.control(Content(1, 1, TRIP)) == "confirmed"


def test_keeping_of_supply():
    world = World(1)
    assert world.control(Content(0, 25, {"duration": 1})) == "confirmed"
    assert world.control(Content(1, 1, TRIP)) == "denied"
    world.wait(1801.0)
    assert world.control(Content(1, 1, TRIP)) == "confirmed"
    assert world.control(Content(1, 25, {"duration": 0})) == "confirmed"
    assert world.meters[1].meter.relay.keep_supply
    assert world.control(Content(1, 33)) == "confirmed"
    assert not world.meters[1].meter.relay.keep_supply
    assert world.control(Content(0, 26)) == "confirmed"
    assert value(world.read([0], [6])[0, 6], "arrears_alarm") == "01"
    assert world.control(Content(1, 26)) == "confirmed"
    assert world.meters[1].meter.relay.alarm


def test_ports_are_paused_resumed_and_emptied():
    world = World(2)
    assert world.control(Content(0, 49, {"port": PORT})) == "confirmed"
    world.wait_until(at(2026, 3, 3, 6, 0))
    assert not world.terminal.storage.days(1)
    assert world.control(Content(1, 1, TRIP)) == "confirmed", "commands still go"
    assert world.control(Content(0, 50, {"port": PORT})) == "confirmed"
    world.wait(600.0)
    assert world.terminal.storage.days(1)
    assert world.control(Content(0, 51, {"port": PORT})) == "confirmed"
    assert world.control(Content(0, 52, {"port": PORT})) == "confirmed"
    assert world.control(Content(0, 49, {"port": 7})) == "denied"
    assert world.control(Content(0, 53, {"port": PORT})) == "confirmed"
    assert len(world.terminal.archive) == 0


# --- forwarding and files ------------------------------------------------------------------------------------------------------


def forward(world, data, *, port=PORT, timeout_s=5):
    return builders.forward(world.address, port, data, timeout_s=timeout_s, auxiliary=Auxiliary(PASSWORD))


def test_forwarding():
    world = World(2)
    asked = encode_645(read_data("000000000002", 0x00010000))
    unit = world.units(forward(world, asked))[0, 1]
    assert bytes.fromhex(value(unit, "message")).lstrip(b"\xfe")[1:7] == bytes.fromhex("020000000000")
    assert world.said(forward(world, asked, port=9)) == "denied"
    world.port.silence_s = 30.0
    world.silence(2)
    begin = world.clock.now_s()
    assert world.said(forward(world, asked)) == "denied"
    assert world.clock.now_s() - begin < 10.0
    world.wait(60.0)
    everybody = encode_645(read_data("000000000002", 0x00010000))
    assert world.said(forward(world, everybody[:5])) in {"denied", "data"}
    assert (
        world.said(
            builders.request(
                world.address,
                0x10,
                builders.identifiers([0], [10]) + bytes(16),
                auxiliary=Auxiliary(PASSWORD),
            )
        )
        == "denied"
    )


def test_files():
    world = World(1)

    def segment(number, content, *, file=1):
        values = {"file": file, "attribute": 0, "command": 0, "segments": 3, "segment": number}
        values |= {"length": len(content), "content": content.hex()}
        frame = builders.request(
            world.address, 0x0F, [Content(0, 1, values)], number=number, auxiliary=Auxiliary(PASSWORD)
        )
        return int(value(world.units(frame)[0, 1], "segment"))

    failed = 0xFFFFFFFF
    assert segment(1, b"lost") == failed
    assert segment(0, b"one ") == 0
    assert segment(1, b"two ") == 1
    assert segment(1, b"two ") == 1
    assert segment(3, b"gap") == failed
    assert segment(2, b"three") == 2
    assert bytes(world.terminal.files[1]) == b"one two three"
    assert segment(0, b"", file=0) == 0
    assert not world.terminal.files


# --- clocks --------------------------------------------------------------------------------------------------------------------


def test_meters_are_set_by_broadcast_from_the_terminals_clock():
    world = World(2, meter={"clock_offset_s": -120.0})
    world.wait_until(at(2026, 3, 3, 3, 0))
    assert len(world.port.broadcasts) == 1
    for device in world.meters.values():
        assert abs((device.meter.wall() - world.clock.wall()).total_seconds()) < 3


def test_no_setting_near_midnight_and_full_hours():
    world = World(1)
    keeping = world.terminal.clock_keeping
    day = 86_400.0 * 9000
    for into_s, allowed in (
        (0, False),
        (600, False),
        (900, True),
        (3600 - 299, False),
        (3600 + 301, True),
        (86_399, False),
    ):
        assert keeping.allowed(day + into_s) == allowed, into_s
    world.wait_until(at(2026, 3, 2, 23, 52))
    frame = builders.set_clock(
        world.address, world.clock.wall() + timedelta(seconds=60), auxiliary=Auxiliary(PASSWORD)
    )
    assert world.said(frame) == "confirmed"
    world.wait_until(at(2026, 3, 3, 0, 12))
    assert not world.port.broadcasts
    world.wait(600.0)
    assert len(world.port.broadcasts) == 1


def test_a_clock_that_cannot_be_read_is_denied():
    world = World(1)
    body = bytes.fromhex("00004003") + bytes.fromhex("61 00 08 02 23 26".replace(" ", ""))
    frame = builders.request(world.address, 5, body, auxiliary=Auxiliary(PASSWORD))
    assert world.said(frame) == "denied"
    assert clock_of(bytes(3), bytes(4)) is None
    assert clock_of(b"\xff\x00\x00", bytes(4)) is None


def test_drift_and_offset():
    world = World(1, clock_drift_s_per_day=0.5, clock_offset_s=2.0)
    world.wait(86_400.0)
    off = (world.terminal.clock.now() - world.clock.wall()).total_seconds()
    assert 1.0 < off < 3.6
    world.terminal.clock.set_drift(-3600.0)
    world.wait(86_400.0)
    assert (world.terminal.clock.now() - world.clock.wall()).total_seconds() < -3500


# --- supply --------------------------------------------------------------------------------------------------------------------


def test_outage_is_reported_before_the_terminal_dies():
    world = World(1, stored_energy_s=60.0)
    world.wait(60.0)
    begin = world.clock.now_s()
    world.terminal.power.off()
    world.wait(59.0)
    (report,) = world.master.reports(0x0E)
    assert value(report.units[0], "1.power_on") is None
    assert world.terminal.running
    world.wait(2.0)
    assert not world.terminal.running
    assert world.said(builders.read_realtime(world.address, [0], [2])) == "silence"
    world.wait(3600.0)
    world.terminal.power.on()
    world.master.wait_login()
    world.wait(30.0)
    records = world.records(important=True)
    assert [record["erc"] for record in records] == [14, 14]
    off, on = (datetime.fromisoformat(str(records[-1][key])) for key in ("power_off", "power_on"))
    assert (on - off).total_seconds() > 3500
    assert world.clock.now_s() > begin


def test_a_short_interruption_is_survived():
    world = World(1, stored_energy_s=60.0)
    world.terminal.power.off()
    world.wait(30.0)
    world.terminal.power.on()
    world.wait(600.0)
    assert len(world.master.logins) == 1
    assert [record["erc"] for record in world.records(important=True)] == [14, 14]
    world.terminal.power.on()
    assert world.terminal.power.outages == 1


def test_supply_that_comes_and_goes_while_it_boots():
    world = World(1, login=False, boot_s=20.0)
    world.wait(5.0)
    world.terminal.power.off()
    world.wait(100.0)
    assert not world.master.logins
    world.terminal.power.off()
    world.terminal.power.on()
    world.wait(60.0)
    assert len(world.master.logins) == 1


@pytest.mark.parametrize(
    "rule", ["data_survive_power_loss", "parameters_survive_power_loss", "archive_survives_power_loss"]
)
def test_bad_terminals_forget(rule):
    world = World(1, stored_energy_s=60.0)
    world.set(Content(0, 36, {"monthly_limit": 5}))
    world.wait_until(at(2026, 3, 3, 8, 0))
    setattr(world.terminal.behaviour, rule, False)
    world.terminal.power.off()
    world.wait(61.0)
    assert bool(world.terminal.storage.days(1)) == (rule != "data_survive_power_loss")
    assert (world.terminal.parameters.octets(36) is not None) == (rule != "parameters_survive_power_loss")
    assert bool(len(world.terminal.archive)) == (rule != "archive_survives_power_loss")


def test_traffic_limit_is_an_event():
    world = World(1, heartbeat_min=1)
    world.set(Content(0, 36, {"monthly_limit": 500}))
    world.wait(3600.0)
    assert world.codes(important=False).count(32) == 1
    day = world.clock.wall().strftime("%Y-%m-%d")
    units = world.history([0], 53, {"date": day}) | world.history([0], 54, {"month": day[:7]})
    assert value(units[0, 54], "traffic") >= value(units[0, 53], "traffic") > 1000
