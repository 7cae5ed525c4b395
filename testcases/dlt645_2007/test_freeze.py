"""Freeze command and freezes by themselves: kept, in order, with the right time."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from rig.protocols.dlt645.frame import Frame
from rig.protocols.dlt645.messages import freeze
from rig.protocols.dlt645.times import decode_datetime

pytestmark = pytest.mark.link("K8-C1")

STANDARD = "DL/T 645-2007"
FORWARD = 0x00010000
INSTANT_TIME, INSTANT_FORWARD = 0x05010000, 0x05010100
TIMED_TIME, TIMED_FORWARD = 0x05000000, 0x05000100
HOURLY_TIME, DAILY_TIME = 0x05040000, 0x05060000
DAILY_FORWARD = 0x05060100
#: one step of a register in kWh
STEP = Decimal("0.01")


@pytest.fixture
def frozen_at(meter):
    """Time of a frozen record."""
    return lambda di: decode_datetime(meter.read(di).data[:5], "YYMMDDhhmm")


def minutes_off(observed: datetime, expected: datetime) -> float:
    """Difference of two moments in minutes, the seconds of the expected one cut off."""
    return (observed - expected.replace(second=0, microsecond=0)).total_seconds() / 60


@pytest.mark.clause(STANDARD, "7.7")
@pytest.mark.title_zh("冻结命令的正常应答")
@pytest.mark.known_bad("freeze-answer-with-data")
def test_freeze_answer(dut, ask, meter, check):
    """A freeze command to the meter's own address is answered with 96H and no data."""
    commands = [("instant", freeze(meter.address))]
    if dut.declaration.declares("option:timed-freeze"):
        commands.append(("hourly", freeze(meter.address, minute=30)))
    for name, request in commands:
        answer = ask(request)
        check.equal(f"control octet, {name} freeze", f"{answer.control:02X}H", "96H")
        check.equal(f"octets of data, {name} freeze", len(answer.data), 0, unit="octets")


@pytest.mark.clause(STANDARD, "7.7")
@pytest.mark.criterion("DLT645.FREEZE_TIME")
@pytest.mark.bench_time(65)
@pytest.mark.title_zh("瞬时冻结的时间")
@pytest.mark.known_bad("freeze-time-missing", "instant-freeze-not-stored")
def test_instant_freeze_time(meter, check, wait, frozen_at):
    """An instant freeze keeps the meter's date and time of the command."""
    wait(61)
    now = meter.read_clock()
    meter.freeze()
    check.within("time of the freeze", minutes_off(frozen_at(INSTANT_TIME | 1), now), "DLT645.FREEZE_TIME")


@pytest.mark.clause(STANDARD, "A.6")
@pytest.mark.title_zh("瞬时冻结的电能与当前值一致")
@pytest.mark.known_bad("frozen-energy-wrong", "instant-freeze-not-stored")
def test_instant_freeze_energy(dut, meter, check):
    """An instant freeze keeps the forward energy, total and tariffs, as the registers show it."""

    def registers() -> bytes:
        return b"".join(meter.read(FORWARD | tariff << 8).data for tariff in range(dut.rating.tariffs + 1))

    before = registers()
    meter.freeze()
    frozen = meter.read(INSTANT_FORWARD | 1).data
    check.true("frozen forward energy", frozen in {before, registers()}, observed=frozen, expected=before)


@pytest.mark.clause(STANDARD, "A.6")
@pytest.mark.needs("source")
@pytest.mark.bench_time(400)
@pytest.mark.title_zh("冻结值不随负荷变化")
@pytest.mark.known_bad("frozen-energy-runs-on")
def test_frozen_energy_stays(dut, meter, check, wait, load):
    """Frozen energy stays as it was while the registers run on."""
    load(float(dut.rating.imax_a) / 2)
    meter.freeze()
    frozen = meter.read(INSTANT_FORWARD | 1).data
    begun = meter.read(FORWARD).value
    wait(300)
    load(0.0)
    check.true(
        "register",
        meter.read(FORWARD).value > begun,
        observed=meter.read(FORWARD).value,
        expected=f"> {begun}",
    )
    check.equal("frozen forward energy", meter.read(INSTANT_FORWARD | 1).data, frozen)


@pytest.mark.clause(STANDARD, "A.6")
@pytest.mark.bench_time(70)
@pytest.mark.title_zh("最近一次冻结序号为一")
@pytest.mark.known_bad(
    "freeze-without-history",
    "freeze-order-reversed",
    "freeze-time-missing",
    "instant-freeze-not-stored",
)
def test_freeze_history(meter, check, wait, frozen_at):
    """The newest freeze is number 1, the one before it number 2."""
    meter.freeze()
    first = frozen_at(INSTANT_TIME | 1)
    wait(61)
    meter.freeze()
    newest, previous = frozen_at(INSTANT_TIME | 1), frozen_at(INSTANT_TIME | 2)
    check.true("time of number 1", newest > first, observed=newest, expected=f"after {first}")
    check.equal("time of number 2", previous.isoformat(), first.isoformat())


@pytest.mark.clause(STANDARD, "7.7")
@pytest.mark.criterion("DLT645.FREEZE_TIME")
@pytest.mark.bench_time(140)
@pytest.mark.title_zh("广播冻结被执行")
@pytest.mark.known_bad(
    "broadcast-freeze-ignored",
    "freeze-time-missing",
    "instant-freeze-not-stored",
    "freeze-order-reversed",
)
def test_broadcast_freeze(meter, check, wait, frozen_at):
    """A broadcast freeze is carried out, though not answered."""
    meter.freeze()
    # more than the limit, so that the freeze before cannot pass for this one
    wait(125)
    now = meter.read_clock()
    meter.freeze_broadcast(listen_s=meter.timing.wait_s)
    check.within("time of the freeze", minutes_off(frozen_at(INSTANT_TIME | 1), now), "DLT645.FREEZE_TIME")


@pytest.mark.clause(STANDARD, "7.7")
@pytest.mark.title_zh("冻结时间非法时拒绝")
@pytest.mark.known_bad("impossible-freeze-accepted")
def test_impossible_freeze(send, meter, check):
    """A freeze at a minute that does not exist gets no normal answer."""
    meter.read(FORWARD)
    answer = send(Frame(meter.address, 0x16, bytes.fromhex("61999999"))).frame
    check.true(
        "answer to minute 61",
        answer is None or answer.abnormal,
        observed="silence" if answer is None else f"{answer.control:02X}H",
        expected="silence or D6H",
    )


@pytest.mark.clause(STANDARD, "A.6")
@pytest.mark.requires("option:timed-freeze")
@pytest.mark.needs("password:4")
@pytest.mark.bench_time(190)
@pytest.mark.title_zh("定时小时冻结")
@pytest.mark.known_bad("timed-freeze-missing", "timed-freeze-hourly-missing", "freeze-answer-with-data")
def test_timed_freeze_every_hour(meter, check, wait, frozen_at, meter_clock):
    """A timed freeze of 999999mm freezes when the minute comes."""
    due = meter_clock.set_quiet() + timedelta(minutes=2)
    meter.freeze(minute=due.minute)
    wait(180)
    check.equal("time of the timed freeze", frozen_at(TIMED_TIME | 1).isoformat(), due.isoformat())


@pytest.mark.clause(STANDARD, "A.6")
@pytest.mark.requires("option:timed-freeze")
@pytest.mark.needs("password:4")
@pytest.mark.bench_time(190)
@pytest.mark.title_zh("定时日冻结")
@pytest.mark.known_bad("timed-freeze-missing", "timed-freeze-daily-missing")
def test_timed_freeze_every_day(meter, check, wait, frozen_at, meter_clock):
    """A timed freeze of 9999hhmm freezes when hour and minute come."""
    due = meter_clock.set_quiet() + timedelta(minutes=2)
    meter.freeze(hour=due.hour, minute=due.minute)
    wait(180)
    check.equal("time of the timed freeze", frozen_at(TIMED_TIME | 1).isoformat(), due.isoformat())


@pytest.mark.clause(STANDARD, "A.6")
@pytest.mark.requires("option:timed-freeze")
@pytest.mark.needs("password:4")
@pytest.mark.bench_time(190)
@pytest.mark.title_zh("定时月冻结")
@pytest.mark.known_bad("timed-freeze-missing", "timed-freeze-monthly-missing")
def test_timed_freeze_every_month(meter, check, wait, frozen_at, meter_clock):
    """A timed freeze of 99DDhhmm freezes when day, hour and minute come."""
    due = meter_clock.set_quiet() + timedelta(minutes=2)
    meter.freeze(day=due.day, hour=due.hour, minute=due.minute)
    wait(180)
    check.equal("time of the timed freeze", frozen_at(TIMED_TIME | 1).isoformat(), due.isoformat())


@pytest.mark.clause(STANDARD, "A.6")
@pytest.mark.requires("option:hourly-freeze")
@pytest.mark.needs("password:4")
@pytest.mark.bench_time(190)
@pytest.mark.title_zh("整点冻结")
@pytest.mark.known_bad("hourly-freeze-missing")
def test_hourly_freeze(meter, check, wait, frozen_at, meter_clock):
    """On the hour the meter makes an hourly freeze by itself."""
    full_hour = meter_clock.set_quiet().replace(minute=0) + timedelta(hours=1)
    meter_clock.set(full_hour - timedelta(minutes=2))
    wait(180)
    check.equal("time of the hourly freeze", frozen_at(HOURLY_TIME | 1).isoformat(), full_hour.isoformat())


@pytest.mark.clause(STANDARD, "A.6")
@pytest.mark.requires("option:daily-freeze")
@pytest.mark.needs("password:4")
@pytest.mark.bench_time(190)
@pytest.mark.title_zh("日冻结")
@pytest.mark.known_bad("daily-freeze-missing")
def test_daily_freeze(meter, check, wait, frozen_at, meter_clock):
    """At midnight the meter makes a daily freeze by itself, with the energy of that moment."""
    midnight = meter_clock.set_quiet().replace(hour=0, minute=0) + timedelta(days=1)
    meter_clock.set(midnight - timedelta(minutes=2))
    wait(180)
    check.equal("time of the daily freeze", frozen_at(DAILY_TIME | 1).isoformat(), midnight.isoformat())
    frozen = Decimal(meter.read(DAILY_FORWARD | 1).data[3::-1].hex()) / 100
    now = meter.read(FORWARD).value
    check.between("frozen forward total", frozen, now - STEP, now, unit="kWh")
