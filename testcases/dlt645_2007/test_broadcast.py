"""Broadcast time: set within its limits, ignored outside them. That nobody answers is judged in addressing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, Frame

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.needs("password:4")]

STANDARD = "DL/T 645-2007"


@pytest.fixture
def send_time(meter):
    """Broadcast a time."""
    return lambda when: meter.broadcast_time(when, listen_s=meter.timing.response_max_s)


@pytest.mark.clause(STANDARD, "7.6")
@pytest.mark.criterion("DLT645.SYNC_RESULT", "DLT645.SYNC_DEVIATION")
@pytest.mark.title_zh("广播校时在允许偏差内生效")
@pytest.mark.known_bad("broadcast-time-ignored")
def test_broadcast_time_sets_clock(check, meter_clock, send_time):
    """A broadcast time that differs by less than five minutes sets the clock, forward and back."""
    quiet = meter_clock.set_quiet()
    # more than a day apart, for meters that count 24 hours
    for day, minutes in ((0, 2), (2, -2)):
        begin = meter_clock.set(quiet + timedelta(days=day))
        meter_clock.takes(begin + timedelta(minutes=minutes))
        send_time(begin + timedelta(minutes=minutes))
        check.within(
            f"clock after a broadcast of {minutes:+d} min",
            meter_clock.seconds_off(),
            "DLT645.SYNC_RESULT",
        )


@pytest.mark.clause(STANDARD, "7.6")
@pytest.mark.criterion("DLT645.SYNC_DEVIATION", "DLT645.SYNC_RESULT")
@pytest.mark.title_zh("偏差超限的广播校时无效")
@pytest.mark.known_bad("broadcast-time-unlimited")
def test_broadcast_time_too_far(check, meter_clock, send_time, limit):
    """A broadcast time that differs by more than five minutes is ignored."""
    begin = meter_clock.set_quiet()
    send_time(begin + timedelta(minutes=2 * limit("DLT645.SYNC_DEVIATION")))
    check.within("clock after the broadcast", meter_clock.seconds_off(), "DLT645.SYNC_RESULT")


@pytest.mark.clause(STANDARD, "7.6")
@pytest.mark.criterion("DLT645.SYNC_PER_DAY", "DLT645.SYNC_RESULT")
@pytest.mark.title_zh("广播校时每日一次")
@pytest.mark.known_bad("broadcast-time-every-time")
def test_broadcast_time_once_a_day(meter, check, meter_clock, send_time):
    """A second broadcast time on the same day is ignored."""
    begin = meter_clock.set_quiet()
    send_time(begin + timedelta(minutes=1))
    after_first = meter.read_clock()
    meter_clock.takes(after_first)
    send_time(after_first + timedelta(minutes=2))
    check.within("clock after the second broadcast", meter_clock.seconds_off(), "DLT645.SYNC_RESULT")


@pytest.mark.clause(STANDARD, "7.6")
@pytest.mark.requires("option:sync-guard")
@pytest.mark.criterion("DLT645.SYNC_MIDNIGHT", "DLT645.SYNC_RESULT")
@pytest.mark.title_zh("零点前后不接受广播校时")
@pytest.mark.known_bad("broadcast-time-at-midnight")
def test_broadcast_time_near_midnight(check, meter_clock, send_time):
    """A broadcast time within five minutes of midnight is ignored."""
    day = meter_clock.set_quiet()
    begin = meter_clock.set(day.replace(hour=23, minute=56, second=0))
    send_time(begin + timedelta(minutes=1))
    check.within("clock after the broadcast", meter_clock.seconds_off(), "DLT645.SYNC_RESULT")


@pytest.mark.clause(STANDARD, "7.6")
@pytest.mark.criterion("DLT645.SYNC_RESULT")
@pytest.mark.title_zh("非法时间的广播校时无效")
@pytest.mark.known_bad("broadcast-time-unchecked")
def test_impossible_broadcast_time(meter, send, check, meter_clock):
    """A broadcast of a time that does not exist is ignored: 75 seconds."""
    begin = meter_clock.set_quiet()
    octets = bytes.fromhex("75" + f"{begin:%M%H%d%m%y}")
    send(Frame(BROADCAST_ADDRESS, 0x08, octets), listen_s=meter.timing.response_max_s)
    check.within("clock after the broadcast", meter_clock.seconds_off(), "DLT645.SYNC_RESULT")


@pytest.mark.clause(STANDARD, "7.6")
@pytest.mark.criterion("DLT645.SYNC_RESULT")
@pytest.mark.title_zh("其他地址的校时命令无效")
@pytest.mark.known_bad("time-of-others-taken", "answers-other-addresses")
def test_time_for_another_meter(meter, send, check, meter_clock):
    """A time synchronisation addressed to another meter does not set the clock."""
    begin = meter_clock.set_quiet()
    other = meter.address[:-1] + str((int(meter.address[-1]) + 1) % 10)
    octets = bytes.fromhex("00" + f"{begin + timedelta(minutes=2):%M%H%d%m%y}")
    send(Frame(other, 0x08, octets), listen_s=meter.timing.response_max_s)
    check.within("clock afterwards", meter_clock.seconds_off(), "DLT645.SYNC_RESULT")
