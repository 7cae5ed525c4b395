"""The uplink of a collector to the command center: the supplementary route past the concentrator."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from rig.bench.stands.collector import archive_values
from rig.errors import DeviceRefused, LinkTimeout
from rig.protocols.dlt645.frame import Frame, encode
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import encode as encode_frame
from rig.protocols.gdw1376_1.messages import Content

STANDARD = "Q/GDW 1374.2-2013"
UPLINK = "Q/GDW 1376.1-2013"
ENERGY = 0x00010000
#: of no meter on the line
STRANGER = "000987654321"
#: after this time a reading bears another minute
NEXT_MINUTE_S = 61.0
#: of forward active energy by point: a time, the number of tariffs, the total, each tariff
FORWARD_ACTIVE = 129

pytestmark = [pytest.mark.device("collector"), pytest.mark.link("N5-C4")]


def total_shown(exchange, point):
    """Total of forward active energy in an answer, in words where it is missing."""
    unit = exchange.unit(point, FORWARD_ACTIVE)
    if unit is None:
        return "no data unit"
    value = unit.values[2].value
    return "absent" if value is None else value


def total_of(meter):
    """The meter's own total in kWh."""
    return Decimal(int(meter.register(ENERGY)[::-1].hex())).scaleb(-2)


def archived(collector):
    """Measuring point, address and rate of each meter, as parameter F10 shows them."""
    count = len(collector.meters)
    asked = {"meters": count} | {f"index.{place}": place for place in range(1, count + 1)}
    unit = collector.session.query_parameter(Content(0, 10, asked)).unit(0, 10)
    found = {} if unit is None else {value.key: value.value for value in unit.values}
    rates = (0, 600, 1200, 2400, 4800, 7200, 9600, 19200)
    return [
        f"{found.get(f'meter.{place}.point')} {found.get(f'meter.{place}.address')} "
        f"{rates[int(found.get(f'meter.{place}.speed_code', 0))]}"
        for place in range(1, count + 1)
    ]


def in_archive(collector):
    """What the stand has put into the archive, in the words of ``archived``."""
    return [f"{meter.point} {meter.address} {meter.baud}" for meter in collector.meters]


def reading_of(exchange, point):
    """Time of reading, and the values of forward active energy that are there, in an answer."""
    unit = exchange.unit(point, FORWARD_ACTIVE)
    if unit is None:
        return None, []
    values = [value.value for value in unit.values]
    try:
        read_at = datetime.fromisoformat(str(values[0]))
    except ValueError:
        read_at = None
    return read_at, [value for value in values[2:] if value is not None]


@pytest.mark.clause(UPLINK, "5.3")
@pytest.mark.title_zh("登录与心跳")
@pytest.mark.known_bad("collector-no-heartbeat")
def test_login_and_heartbeat(collector, check):
    """The collector logs in when it is connected, and beats within twice its own period."""
    session = collector.session
    check.true(
        "first frame", session.reports[0].login, observed=session.reports[0].frame.afn, expected="login"
    )
    period_min = int(session.query_parameters([1]).value(0, 1, "heartbeat"))
    reports = session.listen(2 * 60.0 * period_min + 60.0)
    beats = [report for report in reports if report.has(Afn.LINK, 3)]
    check.true("heartbeats", len(beats) > 0, observed=len(beats), expected="one or more")


@pytest.mark.clause(UPLINK, "4.4")
@pytest.mark.title_zh("断线后重新连接")
@pytest.mark.known_bad("collector-never-calls-again")
def test_it_calls_again(collector, check, right):
    """After the connection was closed the collector calls again, logs in, and serves its meters."""
    collector.session.close_connection()
    report = collector.session.wait_login(600.0, fresh=True)
    check.true("login", report.login, observed=report.frame.afn, expected="login")
    right("a meter afterwards", collector.meter(1))


@pytest.mark.clause(UPLINK, "clock")
@pytest.mark.clause(UPLINK, "5.6 F31")
@pytest.mark.title_zh("对时")
@pytest.mark.criterion("COLLECTOR.CLOCK")
@pytest.mark.known_bad("collector-clock-not-set")
def test_the_clock_is_set(collector, check):
    """The collector's clock takes the time that the command center sends, and keeps going from there."""
    session = collector.session
    wanted = collector.clock.wall() + timedelta(minutes=7)
    session.set_clock(wanted)
    begun_s = collector.clock.now_s()
    collector.wait(30.0)
    shown = session.read_clock()
    off_s = (shown - wanted).total_seconds() - (collector.clock.now_s() - begun_s)
    session.set_clock(collector.clock.wall())
    check.within("clock", round(off_s, 3), "COLLECTOR.CLOCK")


@pytest.mark.clause(UPLINK, "5.5 F10")
@pytest.mark.clause(STANDARD, "archive")
@pytest.mark.title_zh("表计档案的设置与掉电保持")
@pytest.mark.known_bad("collector-forgets-meters")
def test_the_archive_outlasts_an_outage(collector, check):
    """Meters put into the archive are read back as they were set, before and after a loss of supply."""
    check.equal("archive", archived(collector), in_archive(collector))
    collector.cut_power(900.0)
    check.equal("archive after an outage", archived(collector), in_archive(collector))


@pytest.mark.clause(UPLINK, "4.3.4.6 PW")
@pytest.mark.title_zh("密码错误时拒绝设置")
@pytest.mark.known_bad("collector-any-password", "collector-denies-and-stores")
def test_a_wrong_password_is_refused(collector, check):
    """Parameters that come with a wrong password are not taken: neither confirmed nor stored."""
    session = collector.session
    right = session.password or bytes(16)
    wrong = bytes(octet ^ 0x5A for octet in right)
    values = archive_values([collector.meter(1)]) | {"meter.1.address": STRANGER}
    frame = session.frame(Afn.SET_PARAMETERS, [Content(0, 10, values)], password=wrong)
    before = archived(collector)
    check.equal("archive", before, in_archive(collector))
    try:
        answer = session.send_raw(encode_frame(frame, profile=session.profile))
        said = "silence" if answer.silent else "confirmed" if answer.confirmed else "denied"
        check.true("wrong password", said != "confirmed", observed=said, expected="denied, or silence")
        check.equal("archive afterwards", archived(collector), before)
    finally:
        collector.archive()


@pytest.mark.clause(UPLINK, "5.12")
@pytest.mark.title_zh("直接抄读实时数据")
@pytest.mark.known_bad("collector-one-rate")
@pytest.mark.stand(meters=4, fast=2)
def test_present_data_of_meters(collector, check):
    """Class 1 data of every meter are those of the meter."""
    answer = collector.session.read_realtime([meter.point for meter in collector.meters], [FORWARD_ACTIVE])
    for meter in collector.meters:
        check.equal(
            f"meter {meter.point}: total", total_shown(answer, meter.point), total_of(meter), unit="kWh"
        )


@pytest.mark.clause(UPLINK, "4.3.4.5")
@pytest.mark.title_zh("抄不到的数据置无效")
@pytest.mark.known_bad("collector-zeros-for-absent")
@pytest.mark.bench_time(75)
def test_absent_data_are_marked(collector, check):
    """Of a meter that does not answer, the values are absent, or those of the last reading with its time."""
    session = collector.session
    silent = collector.meter(2)
    _, shown = reading_of(session.read_realtime([1, 2], [FORWARD_ACTIVE]), 2)
    silent.be_silent()
    silent_from = session.read_clock()
    collector.wait(NEXT_MINUTE_S)
    try:
        answer = session.read_realtime([1, 2], [FORWARD_ACTIVE])
    except DeviceRefused:
        check.true("answer", True, observed="denied as a whole", expected="no values of the silent meter")
        return
    check.equal("meter 1: total", total_shown(answer, 1), total_of(collector.meter(1)), unit="kWh")
    read_at, kept = reading_of(answer, 2)
    if not kept:
        check.equal("meter 2: values", kept, [])
        return
    check.equal("meter 2: values of the last reading", kept, shown or [total_of(silent)])
    check.true(
        "meter 2: time of that reading",
        read_at is not None and read_at <= silent_from,
        observed=read_at,
        expected=f"{silent_from} or before, when the meter still answered",
    )


@pytest.mark.clause(UPLINK, "5.16")
@pytest.mark.clause(STANDARD, "forwarding")
@pytest.mark.title_zh("透明转发")
@pytest.mark.known_bad("collector-adds-wake-up")
def test_forwarding(collector, check, read, asked, wakes_with, passed_on):
    """A forwarded frame brings the meter's answer, octet by octet, with or without its wake-up octets."""
    for meter in collector.meters:
        wakes_with(meter, 1 + meter.point % 4)
        collector.bursts.clear()
        answer = read(meter, ENERGY)
        heard = collector.answers_to(asked(meter, ENERGY))
        name = f"meter {meter.point}"
        check.true(f"{name}: an answer on the line", bool(heard), observed="none", expected="an answer")
        passed_on(name, answer, heard[-1].data)
        own = encode(Frame(meter.address, 0x91, ENERGY.to_bytes(4, "little") + meter.register(ENERGY)))
        check.equal(f"{name}: what the meter said", heard[-1].body, own)


@pytest.mark.clause(UPLINK, "5.1")
@pytest.mark.title_zh("不支持的功能应否认")
@pytest.mark.known_bad("collector-mute-on-unknown")
def test_unknown_functions_are_denied(collector, check):
    """A type of data that the collector does not have is denied, not passed over in silence."""
    try:
        exchange = collector.session.read_realtime([0], [240])
    except DeviceRefused:
        said = "denied"
    except LinkTimeout:
        said = "silence"
    else:
        said = f"data of {len(exchange.units)} units"
    check.equal("answer", said, "denied")
