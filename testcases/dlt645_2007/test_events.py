"""Event records: counted, newest first, with time and operator."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rig.protocols.dlt645.messages import di_octets
from rig.protocols.dlt645.times import decode_datetime
from rig.testing.outcomes import Inconclusive

pytestmark = [
    pytest.mark.link("K8-C1"),
    pytest.mark.requires("option:events"),
    pytest.mark.clause("DL/T 645-2007", "A.4"),
]

PROGRAMMING, CLOCK_SET, POWER_OFF = 0x03300000, 0x03300400, 0x03110000
EVENT_RESET = 0x03300300
OVER_VOLTAGE, UNDER_VOLTAGE = 0x03030000, 0x03020000
CUSTOMER_NUMBER = 0x0400040E


@pytest.fixture
def program(meter, keep, credentials):
    """Write a parameter with its own value: an event of programming."""
    data = keep(CUSTOMER_NUMBER)
    return lambda: meter.write_raw(CUSTOMER_NUMBER, data, credentials(4))


@pytest.fixture
def own_record(meter):
    """Write with ``programme`` and give the newest record; it may be shared with earlier writes of the session."""

    def record_of(programme) -> bytes:
        before = meter.read(PROGRAMMING).value
        programme()
        record = meter.read(PROGRAMMING | 1).data
        shared = before > 0 and di_octets(CUSTOMER_NUMBER) in record[10:]
        if meter.read(PROGRAMMING).value == before and shared:
            raise Inconclusive(
                "the write joined the record of an earlier one: end the programming session first"
            )
        return record

    return record_of


def seconds(octets: bytes):
    """Six octets of date and time."""
    return decode_datetime(octets, "YYMMDDhhmmss")


@pytest.mark.needs("password:4")
@pytest.mark.title_zh("编程记录次数")
@pytest.mark.known_bad("programming-unrecorded")
def test_programming_counted(meter, check, program):
    """A write counts as programming."""
    before = meter.read(PROGRAMMING).value
    program()
    after = meter.read(PROGRAMMING).value
    # writes of one programming session may share a record with ten identifiers: it then names this write
    shared = before > 0 and di_octets(CUSTOMER_NUMBER) in meter.read(PROGRAMMING | 1).data[10:]
    check.true("programming count", after > before or shared, observed=after, expected=f"> {before}")


@pytest.mark.needs("password:4")
@pytest.mark.criterion("DLT645.EVENT_TIME")
@pytest.mark.title_zh("编程记录的时间")
@pytest.mark.known_bad("event-time-missing", "programming-unrecorded")
def test_programming_time(meter, check, program, own_record):
    """The record of a programming has the meter's time of it."""
    now = meter.read_clock()
    record = own_record(program)
    check.true("time of the record", any(record[:6]), observed=record[:6], expected="a time")
    check.within("time of the record", (seconds(record[:6]) - now).total_seconds(), "DLT645.EVENT_TIME")


@pytest.mark.needs("password:4")
@pytest.mark.title_zh("编程记录的操作者代码")
@pytest.mark.known_bad("operator-lost", "programming-unrecorded")
def test_programming_operator(meter, check, credentials, keep, own_record):
    """The record of a programming has the operator code of the write."""
    operator = replace(credentials(4), operator="12345678")
    data = keep(CUSTOMER_NUMBER)
    record = own_record(lambda: meter.write_raw(CUSTOMER_NUMBER, data, operator))
    check.equal("operator code", record[6:10], bytes.fromhex("78563412"))


@pytest.mark.needs("password:4")
@pytest.mark.title_zh("编程记录的数据标识")
@pytest.mark.known_bad("programmed-item-lost", "programming-unrecorded")
def test_programming_identifier(meter, check, program):
    """The record of a programming names the identifier that was written."""
    program()
    record = meter.read(PROGRAMMING | 1).data
    check.true(
        "identifiers of the record", di_octets(CUSTOMER_NUMBER) in record[10:],
        observed=record[10:], expected=di_octets(CUSTOMER_NUMBER).hex().upper(),
    )  # fmt: skip


@pytest.mark.needs("password:2")
@pytest.mark.requires("option:event-reset")
@pytest.mark.title_zh("最近一次事件序号为一")
@pytest.mark.known_bad("event-order-reversed", "event-reset-unrecorded")
def test_newest_event_is_number_one(meter, check, wait):
    """The newest record is number 1, the one before it number 2."""
    meter.reset_events(PROGRAMMING | 0xFF)
    first = seconds(meter.read(EVENT_RESET | 1).data[:6])
    wait(10)
    meter.reset_events(PROGRAMMING | 0xFF)
    newest, previous = (seconds(meter.read(EVENT_RESET | number).data[:6]) for number in (1, 2))
    check.true("time of number 1", newest > first, observed=newest, expected=f"after {first}")
    check.equal("time of number 2", previous.isoformat(), first.isoformat())


@pytest.mark.needs("password:4")
@pytest.mark.criterion("DLT645.EVENT_TIME")
@pytest.mark.title_zh("校时记录")
@pytest.mark.known_bad("clock-set-unrecorded", "clock-set-record-swapped")
def test_clock_set_recorded(meter, check, meter_clock):
    """The record of a clock setting has the time before and the time after."""
    begin = meter_clock.set_quiet()
    count = meter.read(CLOCK_SET).value
    after = meter_clock.set(begin + timedelta(hours=1))
    check.true(
        "number of settings", meter.read(CLOCK_SET).value > count,
        observed=meter.read(CLOCK_SET).value, expected=f"> {count}",
    )  # fmt: skip
    record = meter.read(CLOCK_SET | 1).data
    check.within("time after", (seconds(record[10:16]) - after).total_seconds(), "DLT645.EVENT_TIME")


@pytest.mark.needs("source")
@pytest.mark.criterion("DLT645.EVENT_TIME", "DLT645.POWER_OFF_LENGTH")
@pytest.mark.bench_time(180)
@pytest.mark.title_zh("掉电记录")
@pytest.mark.known_bad("power-off-unrecorded", "power-off-time-wrong")
def test_power_off_recorded(dut, meter, check, source, load, wait):
    """A loss of supply is recorded with its beginning and end."""
    load(0.0)
    wait(30)
    count = meter.read(POWER_OFF).value
    begin = meter.read_clock()
    source.output_off()
    wait(90)
    load(0.0)
    wait(30)
    check.equal("number of losses", meter.read(POWER_OFF).value, count + 1)
    record = meter.read(POWER_OFF | 1).data
    check.within("beginning", (seconds(record[:6]) - begin).total_seconds(), "DLT645.EVENT_TIME")
    length = (seconds(record[6:12]) - seconds(record[:6])).total_seconds()
    check.within("length beyond 90 s", length - 90, "DLT645.POWER_OFF_LENGTH")


@pytest.mark.needs("source")
@pytest.mark.requires("option:voltage-events")
@pytest.mark.bench_time(400)
@pytest.mark.title_zh("过压记录")
@pytest.mark.known_bad("over-voltage-unrecorded")
def test_over_voltage_recorded(dut, meter, check, load, wait):
    """A lasting over-voltage is counted."""
    load(1.0)
    count = meter.read(OVER_VOLTAGE).value
    load(1.0, voltage_v=float(dut.rating.voltage_v) * 1.25)
    wait(180)
    load(1.0)
    wait(120)
    check.equal("number of over-voltages", meter.read(OVER_VOLTAGE).value, count + 1)


@pytest.mark.needs("source")
@pytest.mark.requires("option:voltage-events")
@pytest.mark.bench_time(400)
@pytest.mark.title_zh("欠压记录")
@pytest.mark.known_bad("under-voltage-unrecorded")
def test_under_voltage_recorded(dut, meter, check, load, wait):
    """A lasting under-voltage is counted."""
    load(1.0)
    count = meter.read(UNDER_VOLTAGE).value
    load(1.0, voltage_v=float(dut.rating.voltage_v) * 0.75)
    wait(180)
    load(1.0)
    wait(120)
    check.equal("number of under-voltages", meter.read(UNDER_VOLTAGE).value, count + 1)
