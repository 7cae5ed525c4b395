"""What becomes of values: each is stored once, exactly, where it belongs, before it is acknowledged."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content, encode_data
from rig.protocols.gdw1376_1.units import encode_unit_id

pytestmark = [pytest.mark.device("ncc"), pytest.mark.link("M3-N1")]

STANDARD, CENTER, OWN = "Q/GDW 1376.1-2013", "Q/GDW 378.1", "Reference NCC rules"


@pytest.mark.clause(OWN, "durability")
@pytest.mark.title_zh("数据先存储后确认")
@pytest.mark.known_bad("ncc-acknowledges-first")
def test_stored_before_acknowledged(desk, terminal, check):
    """When the confirmation of a report arrives, its values are in the database."""
    report = terminal.report(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()]), desk.day(2, [desk.energy()])])
    stored = len(desk.center.readings(terminal.name))
    check.equal("answer to the report", report.said, "confirmed")
    check.equal("values stored when it arrives", stored, 2)


@pytest.mark.clause(OWN, "durability")
@pytest.mark.title_zh("事件先存储后确认")
@pytest.mark.known_bad("ncc-acknowledges-first")
def test_event_stored_before_acknowledged(desk, terminal, outages, check):
    """When the confirmation of an event arrives, the event is in the database."""
    report = terminal.report(Afn.EVENTS, outages(0, 1))
    stored = len(desk.center.events(terminal.name))
    check.equal("answer to the report", report.said, "confirmed")
    check.equal("events stored when it arrives", stored, 1)


@pytest.mark.clause(OWN, "uniqueness")
@pytest.mark.title_zh("重复上报不重复存储")
@pytest.mark.known_bad("ncc-replay-doubled")
def test_replay_not_doubled(desk, terminal, check):
    """A report that comes again, and again after a new login, is confirmed every time and stored once."""
    value = desk.energy()
    report = terminal.report(Afn.HISTORY_DATA, [desk.day(1, [value])])
    again = terminal.ask_octets(report.octets, report.frame)
    terminal.cut()
    terminal.dial()
    terminal.login()
    later = terminal.ask_octets(report.octets, report.frame)
    check.equal("answers", [found.said for found in (report, again, later)], ["confirmed"] * 3)
    check.equal("values stored", desk.count(terminal), 1)
    check.equal("value", desk.stored(terminal), {(1, 0): value})


@pytest.mark.clause(CENTER, "data")
@pytest.mark.title_zh("按费率精确存储")
@pytest.mark.known_bad("ncc-tariffs-shifted", "ncc-energy-rounded", "ncc-total-only")
def test_tariffs_exact(desk, terminal, check):
    """Every tariff of a reading is stored under its number, to the last digit of ten."""
    tariffs = [
        Decimal(desk.random.randrange(500_000_000, 1_200_000_000) * 2 + 1).scaleb(-4) for _ in range(4)
    ]
    values = [sum(tariffs), *tariffs]
    terminal.report(Afn.HISTORY_DATA, [desk.day(2, values)])
    check.equal(
        "readings by tariff",
        desk.stored(terminal),
        {(2, number): value for number, value in enumerate(values)},
    )
    one = desk.rows(terminal, point=2, item="0D.F161", tariff=3)
    check.equal("reading of tariff 3 asked for alone", [row.value for row in one], [tariffs[2]])


@pytest.mark.clause(CENTER, "data")
@pytest.mark.title_zh("时标为数据所属的日期")
@pytest.mark.known_bad("ncc-mark-of-arrival")
def test_mark_of_a_freeze(desk, terminal, check):
    """A freeze is stored under the day that it is of, not under the time of its arrival."""
    days = [desk.yesterday - timedelta(days=before) for before in (0, 1, 5)]
    for day in days:
        terminal.report(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()], day)])
    marks = [row.mark for row in desk.rows(terminal, point=1, item="0D.F161")]
    check.equal("days stored", sorted(marks), sorted(days))


@pytest.mark.clause(STANDARD, "4.3.4.5")
@pytest.mark.title_zh("无效数据 EE 不按零存储")
@pytest.mark.known_bad("ncc-absent-as-zero")
def test_absent_is_not_zero(desk, terminal, check):
    """A value that the terminal does not have (EE) is not stored; those beside it are."""
    values = {1: desk.energy(), 2: None, 3: desk.energy()}
    report = terminal.report(Afn.HISTORY_DATA, [desk.day(point, [value]) for point, value in values.items()])
    check.equal("answer to the report", report.said, "confirmed")
    wanted = {(point, 0): value for point, value in values.items() if value is not None}
    check.equal("readings by point", desk.stored(terminal), wanted)


@pytest.mark.clause(STANDARD, "A")
@pytest.mark.title_zh("负值的符号位")
@pytest.mark.known_bad("ncc-sign-ignored")
def test_sign(desk, terminal, check):
    """Power that flows back is stored with its sign."""
    power = Decimal(-desk.random.randrange(1, 790_000)).scaleb(-4)
    names = ("active_power", "reactive_power", "apparent_power")
    keys = [f"{name}{phase}" for name in names for phase in ("", "_a", "_b", "_c")]
    keys += [f"power_factor{phase}" for phase in ("", "_a", "_b", "_c")]
    keys += [f"{name}_{phase}" for name in ("voltage", "current") for phase in "abc"]
    values = dict.fromkeys([*keys, "current_zero_sequence"])
    now = desk.clock.wall().replace(second=0, microsecond=0)
    terminal.report(Afn.REALTIME_DATA, [Content(1, 25, values | {"time": now, "active_power": power})])
    rows = desk.rows(terminal, point=1, item="0C.F25.active_power")
    check.equal("active power stored", [row.value for row in rows], [power])


@pytest.mark.clause(STANDARD, "4.3.4.4")
@pytest.mark.title_zh("DA、DT 多位置位")
@pytest.mark.known_bad("ncc-first-point-bit-only")
def test_several_points_in_an_identifier(desk, terminal, check):
    """One identifier with several points: their data follow in the order of the bits, each is stored at its point."""
    values = {point: desk.energy() for point in (1, 2, 4)}
    body = encode_unit_id(tuple(values), (161,)) + b"".join(
        encode_data(Afn.HISTORY_DATA, desk.day(point, [value]), uplink=True)
        for point, value in values.items()
    )
    report = terminal.report(Afn.HISTORY_DATA, body)
    check.equal("answer to the report", report.said, "confirmed")
    wanted = {(point, 0): value for point, value in values.items()}
    check.equal("readings by point", desk.stored(terminal), wanted)


@pytest.mark.clause(STANDARD, "4.3.4.4")
@pytest.mark.title_zh("一帧中的多种信息类")
@pytest.mark.known_bad("ncc-first-type-bit-only")
def test_several_types_in_an_identifier(desk, terminal, check):
    """One identifier with two types: forward and reverse readings of a point."""
    forward, reverse = desk.energy(), desk.energy()
    body = encode_unit_id((3,), (161, 163)) + b"".join(
        encode_data(Afn.HISTORY_DATA, replace_number(desk.day(3, [value]), number), uplink=True)
        for number, value in ((161, forward), (163, reverse))
    )
    terminal.report(Afn.HISTORY_DATA, body)
    found = {item: desk.stored(terminal, item) for item in ("0D.F161", "0D.F163")}
    check.equal("forward", found["0D.F161"], {(3, 0): forward})
    check.equal("reverse", found["0D.F163"], {(3, 0): reverse})


def replace_number(content: Content, number: int) -> Content:
    """The same data under another type."""
    return content._replace(number=number)


@pytest.mark.clause(OWN, "identity")
@pytest.mark.title_zh("终端不能写其它终端的数据")
@pytest.mark.known_bad("ncc-address-not-bound")
def test_another_address(desk, ncc, terminal, check):
    """Data under the address of another terminal are neither confirmed nor stored, on whatever connection they come."""
    other = ncc.terminal()
    frame = terminal.report_frame(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])], address=other.address)
    report = terminal.ask(frame, 3.0)
    check.true(
        "answer to data of another",
        not report.confirmed,
        observed=report.said,
        expected="denied or silence",
    )
    check.equal("values stored of the other", desk.count(other), 0)
    check.equal("values stored of the liar", desk.count(terminal), 0)
    desk.unharmed(check)


@pytest.mark.clause(OWN, "identity")
@pytest.mark.title_zh("未建档测量点的数据不存储")
@pytest.mark.known_bad("ncc-unarchived-points-stored")
def test_unarchived_point(desk, terminal, check):
    """Values of a point that is not in the archive are not stored; those beside them are."""
    value = desk.energy()
    terminal.report(Afn.HISTORY_DATA, [desk.day(1, [value]), desk.day(9, [desk.energy()])])
    check.equal("readings by point", desk.stored(terminal), {(1, 0): value})


@pytest.mark.clause(CENTER, "data")
@pytest.mark.title_zh("曲线数据逐点存储")
@pytest.mark.known_bad("ncc-curve-step-wrong")
def test_curve(desk, terminal, check):
    """The points of a curve are stored at their own times."""
    start = desk.yesterday.replace(hour=10)
    values = [desk.energy().quantize(Decimal("0.01")) for _ in range(4)]
    told = {"start": start, "density": 1, "points": len(values)}
    told |= {f"point.{place}": value for place, value in enumerate(values, start=1)}
    report = terminal.report(Afn.HISTORY_DATA, [Content(1, 101, told)])
    check.equal("answer to the report", report.said, "confirmed")
    rows = desk.rows(terminal, point=1, item="0D.F101")
    check.equal("times of day", [f"{row.mark:%H:%M}" for row in rows], ["10:00", "10:15", "10:30", "10:45"])
    check.equal("values", [row.value for row in rows], values)


@pytest.mark.clause(STANDARD, "4.3.4.6")
@pytest.mark.title_zh("带 Tp 的上报")
@pytest.mark.known_bad("ncc-time-stamped-frames-dropped")
def test_report_with_time_stamp(desk, terminal, stamp, check):
    """Data before a time stamp are read to their end, and no further."""
    value = desk.energy()
    report = terminal.report(Afn.HISTORY_DATA, [desk.day(1, [value])], time_stamp=stamp())
    check.equal("answer to a report with Tp", report.said, "confirmed")
    check.equal("readings", desk.stored(terminal), {(1, 0): value})
