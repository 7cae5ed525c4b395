"""Data of a terminal: archive and parameters, present data against the meters, freezes and curves, what is absent."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from fixtures.terminal_world import PASSWORD, PORT, World, at, value
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.protocols.gdw1376_1 import builders
from rig.protocols.gdw1376_1.formats import encode_format
from rig.protocols.gdw1376_1.messages import Auxiliary, Content
from rig.twin.devices.meter_clock import from_epoch
from rig.twin.devices.tariff import TariffTables
from rig.twin.devices.terminal.archive import Archive, MeterEntry
from rig.twin.devices.terminal.behaviour import TerminalBehaviour
from rig.twin.devices.terminal.collection import date_of, day_of, parse_freeze_block
from rig.twin.devices.terminal.config import TerminalConfig
from rig.twin.devices.terminal.storage import Storage
from rig.twin.wire.gdw1376_1_meter_data import difference
from rig.twin.wire.gdw1376_1_parameters import archive_unit, meter_values


def archive(*entries):
    """04 F10."""
    values = {"meters": len(entries)}
    for place, entry in enumerate(entries, start=1):
        values |= meter_values(entry, f"meter.{place}.")
    return Content(0, 10, values)


def kwh(world, number, item=1, tariff=0):
    meter = world.meters[number].meter
    meter.advance()
    return Decimal(meter.energy_steps(item, tariff)).scaleb(-2)


# --- archive and parameters ------------------------------------------------------------------------------------------------


def test_archive_rules():
    kept = Archive(10)
    assert kept.put(MeterEntry(1, "1" * 12))
    assert kept.put(MeterEntry(2, "2" * 12, index=5))
    assert not kept.put(MeterEntry(1, "3" * 12, index=7)), "the point is taken"
    assert not kept.put(MeterEntry(11, "3" * 12))
    assert not kept.put(MeterEntry(3, "3" * 12, index=11))
    assert kept.at_index(5).point == 2
    assert kept.put(MeterEntry(3, "2" * 12, index=5))
    assert kept.at_point(2) is None
    assert kept.points() == [1, 3]
    assert kept.put(MeterEntry(0, "0" * 12, index=5))
    assert kept.points() == [1]
    assert kept.at_address("1" * 12).number == 1


def test_archive_through_the_protocol():
    world = World(3, archived=False)
    entries = [world.entry(number) for number in (1, 2, 3)]
    assert world.said(builders.read_realtime(world.address, [1], [129])) == "denied"
    assert world.set(archive(*entries)) == "confirmed"
    assert world.port.busy is False
    values = {item.key: item.value for item in world.query(10)[0, 10].values}
    assert [values[f"meter.{place}.address"] for place in (1, 2, 3)] == [entry.address for entry in entries]
    assert world.set(archive(MeterEntry(0, "0" * 12, index=2))) == "confirmed"
    assert world.terminal.archive.points() == [1, 3]
    assert world.said(builders.read_realtime(world.address, [2], [129])) == "denied"


def test_archive_query_by_index():
    world = World(3)
    body = bytes.fromhex("00000201") + bytes((2, 0, 2, 0, 9, 0))
    messages = world.ask(builders.request(world.address, 0x0A, body))
    unit = messages[0].units[0]
    assert [value(unit, f"meter.{place}.index") for place in (1, 2)] == [2, 9]
    assert [value(unit, f"meter.{place}.point") for place in (1, 2)] == [2, 0]


def test_an_archive_line_that_does_not_fit_changes_nothing():
    world = World(2)
    good, taken = world.entry(1), MeterEntry(2, "9" * 12, index=7)
    too_far = MeterEntry(2041, "9" * 12)
    for bad in (taken, too_far, MeterEntry(5, "5" * 12, index=0x7FF + 100)):
        assert world.set(archive(good, bad)) == "denied"
    assert len(world.terminal.archive) == 2
    assert len(archive_unit([good])) == 2 + 27


def test_another_meter_at_a_point_takes_its_history_away():
    world = World(2)
    world.wait(86_400.0)
    assert world.terminal.storage.days(1)
    world.terminal.put_meter(MeterEntry(1, "000000000009", PORT))
    assert not world.terminal.storage.days(1)


def test_parameters_are_told_as_set_and_denied_when_never_set():
    world = World(1)
    limits = {"limit_1": "85.0", "limit_2": "90.0"}
    assert world.set(Content(1, 28, limits)) == "confirmed"
    assert value(world.query(28, points=(1,))[1, 28], "limit_2") == Decimal("90.0")
    assert world.said(builders.query_parameters(world.address, [27], points=[1])) == "denied"
    assert world.set(Content(7, 28, limits)) == "denied", "no meter at the point"
    assert (
        world.set(
            Content(
                0,
                65,
                {
                    "period": 0,
                    "period_unit": 0,
                    "base_time": at(2026, 3, 1),
                    "curve_multiple": 1,
                    "units": 0,
                },
            )
        )
        == "denied"
    )


def test_mixed_set_is_answered_by_unit():
    world = World(1)
    messages = world.ask(
        builders.set_parameters(
            world.address,
            [Content(0, 36, {"monthly_limit": 9}), Content(0, 67, {"start": "55"})],
            auxiliary=Auxiliary(PASSWORD),
        )
    )
    unit = messages[0].units[0]
    assert unit.number == 3
    assert [(item.key, str(item.value)) for item in unit.values if "unit" in item.key] == [
        ("unit.1.id", "P0 F36"),
        ("unit.1.error", "0"),
        ("unit.2.id", "P0 F67"),
        ("unit.2.error", "1"),
    ]
    assert [record["erc"] for record in world.records(important=False)] == [3]


def test_parameters_outlive_a_loss_of_supply():
    world = World(1, stored_energy_s=60.0)
    world.set(Content(0, 36, {"monthly_limit": 77}))
    world.terminal.power.off()
    world.wait(600.0)
    world.terminal.power.on()
    world.master.wait_login()
    assert value(world.query(36)[0, 36], "monthly_limit") == 77
    assert len(world.terminal.archive) == 1


# --- class 1 -----------------------------------------------------------------------------------------------------------------


def test_present_readings_are_those_of_the_meter():
    world = World(2)
    world.load(1, 10.0)
    world.wait(3600.0)
    unit = world.read([1], [129])[1, 129]
    assert abs(value(unit, "total") - kwh(world, 1)) <= Decimal("0.01")
    assert value(unit, "total") > 3
    assert value(unit, "time") == world.terminal.clock.now().strftime("%Y-%m-%d %H:%M")
    block = world.read([1], [33])[1, 33]
    assert value(block, "active.total") >= value(unit, "total")


def test_reverse_and_quadrants():
    world = World(1)
    world.load(1, 10.0, 180.0)
    world.wait(3600.0)
    units = world.read([1], [131, 34, 133])
    assert abs(value(units[1, 131], "total") - kwh(world, 1, 2)) <= Decimal("0.01")
    assert value(units[1, 131], "total") > 2
    assert value(units[1, 34], "active.total") == value(units[1, 131], "total")
    assert value(units[1, 133], "total") == 0


def test_powers_of_a_single_phase_meter():
    world = World(1)
    world.load(1, 10.0, 60.0)
    world.wait(60.0)
    unit = world.read([1], [25])[1, 25]
    assert value(unit, "voltage_a") == Decimal("220.0")
    assert abs(value(unit, "active_power") - Decimal("1.1")) < Decimal("0.01")
    assert abs(value(unit, "power_factor") - Decimal("50.0")) < Decimal("0.2")
    assert abs(value(unit, "current_a") - 10) < Decimal("0.01")
    for key in ("voltage_b", "current_c", "active_power_b", "power_factor_c"):
        assert value(unit, key) is None


def test_demands_clock_status_and_relay():
    world = World(1)
    world.load(1, 5.0)
    world.wait(7200.0)
    units = world.read([1], [145, 35, 27, 28, 161])
    assert abs(value(units[1, 145], "total.demand") - Decimal("1.1")) < Decimal("0.02")
    assert value(units[1, 145], "total.time") is not None
    assert value(units[1, 35], "active.total") == value(units[1, 145], "total.demand")
    assert str(value(units[1, 27], "meter_clock"))[-8:-6] == f"{world.clock.wall().hour:02d}"
    assert value(units[1, 161], "state") == "00"
    assert world.control(Content(1, 1, {"limit_time": 0, "alarm_delay": 0})) == "confirmed"
    world.wait(120.0)
    assert value(world.read([1], [161])[1, 161], "state") == "01"
    assert value(world.read([1], [28])[1, 28], "status_3") != value(units[1, 28], "status_3")


def test_a_silent_meter_gives_absent_values():
    world = World(2)
    world.silence(1)
    units = world.read([1, 2], [129])
    assert value(units[1, 129], "total") is None
    assert value(units[1, 129], "time") is None
    assert value(units[2, 129], "total") is not None


def test_fresh_readings_are_not_asked_for_twice():
    world = World(1)
    world.read([1], [129])
    asked = len(world.port.requests)
    world.read([1], [129])
    assert len(world.port.requests) == asked
    world.wait(61.0)
    world.read([1], [129])
    assert len(world.port.requests) > asked


def test_energy_so_far():
    world = World(1)
    world.load(1, 10.0)
    assert value(world.read([1], [41])[1, 41], "total") is None
    world.wait(86_400.0)
    before = world.day(1, "2026-03-02")
    unit = world.read([1], [41])[1, 41]
    assert abs(value(unit, "total") - (kwh(world, 1) - before)) <= Decimal("0.02")


def test_own_data_of_the_terminal():
    world = World(2)
    units = world.read([0], [2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    assert value(units[0, 7], "ec1") == 0
    assert int(value(units[0, 3], "set"), 16) & 1 << 9
    assert value(units[0, 10], "day") > 0
    assert value(units[0, 11], "port.1.meters") == 2
    configuration = world.units(
        builders.request(world.address, 9, builders.identifiers([0], [1, 2, 3, 4, 5, 8]))
    )
    assert value(configuration[0, 2], "meters") == 2040
    assert value(configuration[0, 3], "days") == world.config.day_depth
    served = bytes.fromhex(value(configuration[0, 4], "types"))
    assert served[1] & 1 << 1, "F10"
    assert value(world.read([1], [170])[1, 170], "port") == PORT


# --- freezes -------------------------------------------------------------------------------------------------------------------


def test_freeze_blocks():
    time = bytes.fromhex("0000030326")
    forward, reverse = bytes.fromhex("11223344" * 3), bytes.fromhex("55667700" * 3)
    whole = time + forward + reverse
    assert parse_freeze_block(whole + b"\x99", 2) == (time, {1: forward, 2: reverse})
    marked = time + b"\xaa" + forward + b"\xaa" + reverse + b"\xaa"
    assert parse_freeze_block(marked, 2) == (time, {1: forward, 2: reverse})
    assert parse_freeze_block(whole[:-1], 2) is None
    assert parse_freeze_block(time + bytes(11) + b"\xfa" + reverse, 2) is None
    assert date_of(day_of(at(2026, 3, 2).date())).isoformat() == "2026-03-02"


@pytest.mark.parametrize(
    "meter", [{}, {"freeze_separator": True}, {"block_end_mark": True, "tables": TariffTables(tariffs=2)}]
)
def test_day_freeze_is_the_reading_at_midnight(meter):
    world = World(1, meter=meter)
    world.load(1, 10.0)
    for day in range(3):
        world.wait_until(at(2026, 3, 3 + day))
        midnight = kwh(world, 1)
        world.wait(3 * 3600.0)
        unit = world.history([1], 161, {"date": f"2026-03-{2 + day:02d}"})[1, 161]
        assert abs(value(unit, "total") - midnight) <= Decimal("0.01")
        assert value(unit, "date") == f"2026-03-{2 + day:02d}"
        assert value(unit, "t1") is not None
    reads = [frame for _, frame, _ in world.port.requests if frame[8] == 0x11 and frame[12:14] == b"\x39\x38"]
    assert len(reads) <= 2 * 3 + 3, "first day item by item, then a block a day"


def test_all_types_of_a_day():
    world = World(1)
    world.load(1, 10.0, 30.0)
    world.wait(2 * 86_400.0)
    mark = {"date": "2026-03-03"}
    types = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, *range(161, 169), 169, 185, 187]
    units = {}
    for number in types:
        units |= world.history([1], number, mark)
    assert value(units[1, 1], "active.total") == value(units[1, 161], "total")
    assert value(units[1, 1], "quadrant_1.total") == value(units[1, 165], "total") > 0
    assert value(units[1, 1], "reactive.total") == value(units[1, 162], "total")
    assert value(units[1, 9], "active.total") == value(units[1, 161], "total")
    earlier = world.day(1, "2026-03-02")
    assert value(units[1, 5], "total") == value(units[1, 161], "total") - earlier
    assert value(units[1, 185], "total.demand") > 1
    assert value(units[1, 3], "active.total") == value(units[1, 185], "total.demand")
    assert value(units[1, 3], "reactive.total") is None


def test_days_to_come_and_days_too_long_ago_are_absent():
    world = World(1)
    world.wait(86_400.0)
    for day in ("2026-03-03", "2026-03-20", "2025-12-24"):
        unit = world.history([1], 161, {"date": day})[1, 161]
        assert value(unit, "total") is None
        assert value(unit, "date") == day


def test_month_freeze_is_that_of_the_last_day():
    world = World(1)
    world.load(1, 1.0)
    world.wait_until(at(2026, 4, 1))
    true = kwh(world, 1)
    world.wait(6 * 3600.0)
    unit = world.history([1], 177, {"month": "2026-03"})[1, 177]
    assert abs(value(unit, "total") - true) <= Decimal("0.01")
    assert value(world.history([1], 17, {"month": "2026-03"})[1, 17], "active.total") == value(unit, "total")
    assert value(world.history([1], 177, {"month": "2026-04"})[1, 177], "total") is None


def test_a_freeze_that_the_meter_lacks_shifts_the_others():
    world = World(1)
    world.load(1, 10.0)
    world.silence(1)
    world.wait_until(at(2026, 3, 6, 1, 0))
    meter = world.meters[1].meter
    meter.advance()
    records = meter.freezes._records[6]
    true = {
        from_epoch(record.epoch_s).day - 1: Decimal(record.energies[0][0]).scaleb(-2) for record in records
    }
    del records[2]  # the third from the end: that of 2026-03-03
    world.restore(1)
    world.wait_until(at(2026, 3, 6, 8, 0))
    shown = {day: world.day(1, f"2026-03-{day:02d}") for day in (2, 3, 4, 5)}
    assert shown == true | {3: None}


def test_recollection_after_silence():
    world = World(2)
    world.load(1, 10.0)
    world.silence(1)
    world.wait_until(at(2026, 3, 5, 8, 0))
    assert world.day(1, "2026-03-03") is None
    assert world.day(2, "2026-03-03") is not None
    world.restore(1)
    world.wait(3600.0)
    days = [date_of(day).isoformat() for day in world.terminal.storage.days(1)]
    assert days == ["2026-03-02", "2026-03-03", "2026-03-04"]


def test_a_silent_meter_is_asked_once_a_run_however_much_is_missing():
    world = World(1, read_retries=0)
    world.silence(1)
    world.wait_until(at(2026, 3, 8, 8, 0))
    asked = len(world.port.requests)
    world.wait(3 * 1800.0)
    assert len(world.port.requests) - asked == 3
    world.restore(1)
    world.wait(3600.0)
    assert len(world.terminal.storage.days(1)) == 6


def test_a_reset_during_a_run_is_not_undone_by_it():
    world = World(1)
    world.port.delay_s = 20.0
    world.wait_until(at(2026, 3, 3, 0, 2))
    world.wait(5.0)
    assert world.terminal.collection.running
    assert world.said(builders.reset(world.address, 2, auxiliary=Auxiliary(PASSWORD))) == "confirmed"
    world.wait(6 * 3600.0)
    assert not world.terminal.storage.days(1)
    assert not world.terminal.collection.running


def test_without_recollection_it_stays_missing():
    world = World(1)
    world.terminal.behaviour.recollects = False
    world.silence(1)
    world.wait_until(at(2026, 3, 3, 8, 0))
    world.restore(1)
    world.wait(4 * 3600.0)
    assert world.day(1, "2026-03-02") is None


def test_what_is_missing_is_read_when_it_is_asked_for():
    world = World(1)
    world.load(1, 10.0)
    world.silence(1)
    world.wait_until(at(2026, 3, 3, 8, 1))
    world.restore(1)
    assert world.day(1, "2026-03-02") is not None


def test_stored_values_are_never_changed():
    storage = Storage(TerminalConfig(day_depth=3), TerminalBehaviour())
    assert storage.put_day(1, 10, b"a", {1: b"\x01"})
    assert not storage.put_day(1, 10, b"b", {})
    assert not storage.put_day(1, 10, b"b", {1: b"\x02"})
    assert storage.put_day(1, 10, b"b", {2: b"\x03"})
    entry = storage.day(1, 10)
    assert (entry.stamp, entry.items) == (b"a", {1: b"\x01", 2: b"\x03"})
    for day in (11, 12, 13):
        storage.put_day(1, day, b"c", {1: b"\x04"})
    assert storage.days(1) == [11, 12, 13]
    assert not storage.put_day(1, 5, b"d", {1: b"\x05"}), "older than everything kept"
    bad = Storage(TerminalConfig(), TerminalBehaviour(stored_values_kept=False))
    bad.put_day(1, 10, b"a", {1: b"\x01"})
    bad.put_day(1, 10, b"b", {1: b"\x02"})
    assert bad.day(1, 10).items == {1: b"\x02"}


def test_freezes_outlive_the_supply():
    world = World(1, stored_energy_s=60.0)
    world.load(1, 10.0)
    world.wait_until(at(2026, 3, 3, 8, 0))
    kept = world.day(1, "2026-03-02")
    world.terminal.power.off()
    world.wait_until(at(2026, 3, 5, 8, 0))
    world.terminal.power.on()
    world.master.wait_login()
    world.wait(1800.0)
    assert world.day(1, "2026-03-02") == kept
    assert world.terminal.storage.days(1)[-2:] == [day_of(at(2026, 3, day).date()) for day in (3, 4)]


def test_data_reset_forgets_what_was_frozen():
    world = World(1)
    world.wait_until(at(2026, 3, 3, 8, 0))
    assert world.day(1, "2026-03-02") is not None
    frame = builders.reset(world.address, 2, auxiliary=Auxiliary(PASSWORD))
    assert world.said(frame) == "confirmed"
    assert world.day(1, "2026-03-02") is None
    assert world.codes(important=False) == [1]
    world.wait(86_400.0)
    assert world.day(1, "2026-03-02") is None
    assert world.day(1, "2026-03-03") is not None


@pytest.mark.parametrize(
    ("kind", "archived", "restarted"), [(1, True, True), (3, False, True), (4, False, False)]
)
def test_other_resets(kind, archived, restarted):
    world = World(1)
    world.set(Content(0, 36, {"monthly_limit": 5}))
    assert world.said(builders.reset(world.address, kind, auxiliary=Auxiliary(PASSWORD))) == "confirmed"
    world.wait(60.0)
    assert bool(len(world.terminal.archive)) == archived
    assert (world.terminal.parameters.octets(36) is not None) == archived
    assert (len(world.master.logins) == 2) == restarted


def test_older_protocol_is_read_at_midnight_only():
    world = World(1, entry={"protocol": 1})
    answers = []

    def respond(frame):
        asked = decode_frame(frame)
        answers.append(asked.data.hex())
        data = bytes.fromhex("78563412" * 5) + b"\xaa"
        return encode(asked.answer(asked.data[:2] + data), strict=False)

    world.port.respond["000000000001"] = respond
    world.wait_until(at(2026, 3, 3, 6, 0))
    assert "1f90" in answers
    assert world.day(1, "2026-03-02") == Decimal("123456.7800")
    assert world.day(1, "2026-03-01") is None


# --- curves ---------------------------------------------------------------------------------------------------------------------


def test_curves_come_from_the_load_records():
    world = World(1)
    world.load(1, 10.0)
    assert world.set(Content(0, 35, {"users": 1, "user.1": 1})) == "confirmed"
    world.wait_until(at(2026, 3, 2, 12, 30))
    mark = {"start": "2026-03-02 10:00", "density": 1, "points": 8}
    powers = world.history([1], 81, mark)[1, 81]
    assert all(
        abs(value(powers, f"point.{place}") - Decimal("2.2")) < Decimal("0.02") for place in range(1, 9)
    )
    readings = world.history([1], 101, mark)[1, 101]
    energies = world.history([1], 97, mark)[1, 97]
    steps = [value(readings, f"point.{place}") for place in range(1, 9)]
    assert all(
        abs(later - earlier - Decimal("0.55")) <= Decimal("0.01") for earlier, later in pairwise(steps)
    )
    assert value(energies, "point.2") == steps[1] - steps[0]
    assert value(world.history([1], 89, mark)[1, 89], "point.1") == Decimal("220.0")
    hourly = world.history([1], 101, mark | {"density": 3, "points": 2})[1, 101]
    assert [value(hourly, f"point.{place}") for place in (1, 2)] == [steps[0], steps[4]]


def test_curves_of_others_are_read_on_demand_and_future_points_are_absent():
    world = World(1)
    world.load(1, 10.0)
    world.wait_until(at(2026, 3, 2, 12, 5))
    unit = world.history([1], 81, {"start": "2026-03-02 11:30", "density": 1, "points": 5})[1, 81]
    shown = [value(unit, f"point.{place}") for place in range(1, 6)]
    assert shown[:3].count(None) == 0
    assert shown[3:] == [None, None]
    odd = world.history([1], 81, {"start": "2026-03-02 11:30", "density": 254, "points": 4})[1, 81]
    assert [value(odd, f"point.{place}") is None for place in range(1, 5)] == [False, True, True, False]
    frame = builders.read_history(
        world.address, [1], 81, {"start": "2026-03-02 11:30", "density": 0, "points": 4}
    )
    assert world.said(frame) == "denied"


def test_curves_are_bounded_and_collected_again():
    world = World(1, curve_depth_days=1)
    world.set(Content(0, 35, {"users": 1, "user.1": 1}))
    world.wait(2 * 3600.0)
    world.silence(1)
    world.wait(5 * 3600.0)
    world.restore(1)
    world.wait(2 * 3600.0)
    mark = {"start": "2026-03-02 11:00", "density": 1, "points": 20}
    assert "None" not in str([item.value for item in world.history([1], 81, mark)[1, 81].values])
    world.wait(2 * 86_400.0)
    assert len(world.terminal.storage._curves[1][2]) <= 97


def test_energies_of_a_curve_go_with_its_density_from_the_first_point_on():
    world = World(1)
    world.load(1, 10.0)
    world.wait_until(at(2026, 3, 2, 14))
    for density, step in ((1, "0.55"), (2, "1.10"), (3, "2.20")):
        for points in (1, 3):
            mark = {"start": "2026-03-02 10:00", "density": density, "points": points}
            unit = world.history([1], 97, mark)[1, 97]
            got = [value(unit, f"point.{place}") for place in range(1, points + 1)]
            assert all(found is not None and abs(found - Decimal(step)) < Decimal("0.02") for found in got), (
                mark
            )


def test_a_curve_that_no_frame_can_hold_comes_in_several_units():
    world = World(1, largest_user_data=512)
    world.load(1, 10.0)
    world.wait_until(at(2026, 3, 3, 8, 5))
    mark = {"start": "2026-03-02 10:00", "density": 1, "points": 255}
    frame = builders.read_history(world.address, [1], 101, mark)
    units = [unit for message in world.ask(frame, 120.0) for unit in message.units]
    assert [value(unit, "start") for unit in units] == [
        "2026-03-02 10:00",
        "2026-03-03 16:15",
        "2026-03-04 22:30",
    ]
    assert [value(unit, "points") for unit in units] == [121, 121, 13]
    assert value(units[0], "point.1") is not None
    assert value(units[2], "point.13") is None


def test_a_unit_that_no_frame_can_hold_is_denied():
    world = World(1, largest_user_data=300)
    world.wire.handlers[0x0C, 2] = lambda call: call.data(bytes(300))
    assert world.said(builders.read_realtime(world.address, [0], [2])) == "denied"
    world.wire.handlers[0x0C, 2] = lambda call: call.data(encode_format(1, "nothing"))
    assert world.said(builders.read_realtime(world.address, [0], [2])) == "denied"
    many = [MeterEntry(number, f"{number:012d}", PORT) for number in range(2, 30)]
    assert all(world.terminal.put_meter(entry) for entry in many)
    messages = world.ask(builders.query_parameters(world.address, [10]), 120.0)
    assert sum(value(unit, "meters") for message in messages for unit in message.units) == 29


def test_a_curve_beyond_the_years_of_the_protocol_is_denied():
    world = World(1)
    mark = {"start": "2099-12-31 10:00", "density": 3, "points": 255}
    assert world.said(builders.read_history(world.address, [1], 101, mark)) == "denied"


def test_differences():
    assert difference(None, bytes(4), 0) == b"\xee" * 4
    assert difference(bytes.fromhex("01000000"), bytes.fromhex("03000000"), 0) == bytes.fromhex("00020000")
    assert difference(bytes.fromhex("03000000"), bytes.fromhex("01000000"), 0) == b"\xee" * 4


def test_capacity_of_two_thousand_points():
    world = World(1)
    for number in range(2, 2041):
        assert world.terminal.put_meter(MeterEntry(number, f"{number:012d}", PORT))
    assert not world.terminal.put_meter(MeterEntry(2041, f"{2041:012d}", PORT))
    assert len(world.terminal.archive) == 2040
