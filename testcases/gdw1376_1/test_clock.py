"""Clocks: of the terminal by 05 F31, and of its meters by the terminal."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [pytest.mark.device("concentrator"), pytest.mark.link("M3-N1")]

STANDARD = "Q/GDW 1376.1-2013"
SET_CLOCK, CLOCK = 31, 2
#: looks at a clock that shows whole seconds, and the pause between two, in s
LOOKS, LOOK_S = 40, 0.13


@pytest.fixture
def put_clock_back(concentrator, tester):
    """After the case the terminal shows the time of the bench again."""
    yield
    if not concentrator.simulated:
        tester.control(Content(0, SET_CLOCK, {"clock": tester.clock.wall()}))


@pytest.fixture
def off_by(tester):
    """How far the terminal's clock is ahead of the bench's, in s."""

    def seconds(shift=timedelta()):
        return (tester.terminal_clock() - tester.clock.wall() - shift).total_seconds()

    return seconds


@pytest.fixture
def bounds(tester):
    """Between which limits the terminal's clock is ahead of the bench's, in s.

    It shows whole seconds, and was looked at some time between request and answer: every look narrows the limits.
    """

    def seconds():
        least, most = -math.inf, math.inf
        for _ in range(LOOKS):
            answer = tester.read([0], [CLOCK])
            arrived = tester.clock.wall()
            shown = (tester.clock_in(answer) - arrived).total_seconds()
            least, most = max(least, shown), min(most, shown + 1.0 + answer.response_s)
            tester.wait(LOOK_S)
        return least, max(least, most)

    return seconds


@pytest.mark.clause(STANDARD, "5.6 F31")
@pytest.mark.criterion("GDW1376.1.CLOCK")
@pytest.mark.title_zh("对时后终端时钟误差")
@pytest.mark.known_bad("terminal-time-sync-ignored")
@pytest.mark.inspection_item("01004")
def test_set(tester, off_by, check, put_clock_back):
    """05 F31 sets the clock: it shows the time set, five minutes ahead here."""
    shift = timedelta(minutes=5)
    answer = tester.control(Content(0, SET_CLOCK, {"clock": tester.clock.wall() + shift}))
    check.equal("answer to 05 F31", answer.accepted, True)
    check.within("clock against the time set", off_by(shift), "GDW1376.1.CLOCK")


@pytest.mark.clause(STANDARD, "5.6 F31")
@pytest.mark.criterion("GDW1376.1.CLOCK")
@pytest.mark.title_zh("向后对时")
@pytest.mark.known_bad("terminal-clock-never-set-back", "terminal-time-sync-ignored")
@pytest.mark.inspection_item("01004")
def test_set_back(tester, off_by, check, put_clock_back):
    """A clock that is ahead is set back too."""
    shift = timedelta(minutes=-4)
    tester.control(Content(0, SET_CLOCK, {"clock": tester.clock.wall() + shift}))
    check.within("clock against the time set", off_by(shift), "GDW1376.1.CLOCK")


@pytest.mark.clause(STANDARD, "5.6 F31")
@pytest.mark.title_zh("广播对时被执行且不应答")
@pytest.mark.criterion("GDW1376.1.CLOCK")
@pytest.mark.known_bad("terminal-broadcast-time-ignored", "terminal-time-sync-ignored")
@pytest.mark.inspection_item("01004", "01014")
def test_set_by_broadcast(tester, off_by, check, put_clock_back):
    """A time sent to the broadcast address is taken and not answered."""
    shift = timedelta(minutes=3)
    everybody = replace(tester.address, terminal=0xFFFF, group=True)
    units = [Content(0, SET_CLOCK, {"clock": tester.clock.wall() + shift + timedelta(seconds=10)})]
    answer = tester.ask(Afn.CONTROL, units, address=everybody, listen_s=10.0)
    check.equal("answer to a broadcast", answer.said, "silence")
    check.within("clock against the time set", off_by(shift) - 10.0, "GDW1376.1.CLOCK")


@pytest.mark.clause(STANDARD, "A")
@pytest.mark.criterion("GDW1376.1.CLOCK")
@pytest.mark.title_zh("非法时间被否认")
@pytest.mark.known_bad("terminal-impossible-time-taken")
@pytest.mark.parametrize("octets", ["000010320326", "006010020326", "FF0010020326"])
def test_impossible_time(tester, off_by, check, put_clock_back, octets):
    """A day 32, a minute 60 or an octet FF is refused, and the clock goes on."""
    before = off_by()
    answer = tester.control(Content(0, SET_CLOCK, bytes.fromhex(octets)))
    check.equal(f"time {octets} refused", answer.refused, True)
    check.within("step of the clock by the refused time", off_by() - before, "GDW1376.1.CLOCK")


@pytest.mark.clause(STANDARD, "4.3.4.6 PW")
@pytest.mark.criterion("GDW1376.1.CLOCK")
@pytest.mark.title_zh("密码错误的对时被否认")
@pytest.mark.known_bad("terminal-time-without-password")
def test_wrong_password(tester, off_by, check, wrong_password, taken, put_clock_back):
    """A time with a wrong PW is denied and not taken; with the right one it is."""
    taken(tester.control(Content(0, SET_CLOCK, {"clock": tester.clock.wall()})), "05 F31")
    before = off_by()
    ahead = tester.clock.wall() + timedelta(minutes=8)
    answer = tester.control(Content(0, SET_CLOCK, {"clock": ahead}), password=wrong_password)
    check.equal("answer to a wrong PW", answer.refused, True)
    check.within("step of the clock by the refused time", off_by() - before, "GDW1376.1.CLOCK")


@pytest.mark.clause(STANDARD, "clock")
@pytest.mark.criterion("GDW1376.1.CLOCK.DRIFT")
@pytest.mark.bench_time(691_500)
@pytest.mark.title_zh("终端日计时误差")
@pytest.mark.known_bad("terminal-clock-fast")
@pytest.mark.stand(rs485=1, carrier=0)
@pytest.mark.inspection_item("12006")
def test_drift(tester, bounds, check):
    """The terminal's clock gains or loses little in a day."""
    days = 8
    before = bounds()
    tester.wait(days * 86_400.0)
    after = bounds()
    least, most = (after[0] - before[1]) / days, (after[1] - before[0]) / days
    check.within(
        "gain in a day, mean of eight days",
        (least + most) / 2,
        "GDW1376.1.CLOCK.DRIFT",
        uncertainty=(most - least) / 2,
    )


@pytest.mark.clause(STANDARD, "clock")
@pytest.mark.criterion("GDW1376.1.CLOCK")
@pytest.mark.bench_time(1000)
@pytest.mark.title_zh("停电期间时钟继续走时")
@pytest.mark.known_bad("terminal-clock-stops-without-supply")
@pytest.mark.inspection_item("M05")
def test_runs_without_supply(tester, off_by, check, power_cycle):
    """The clock runs on while there is no supply."""
    before = off_by()
    power_cycle(3600.0)
    check.within("change over an hour without supply", off_by() - before, "GDW1376.1.CLOCK")


@pytest.mark.clause(STANDARD, "clock meters")
@pytest.mark.criterion("GDW1376.1.CLOCK.METER")
@pytest.mark.bench_time(90_000)
@pytest.mark.title_zh("终端对电表逐级对时")
@pytest.mark.known_bad("terminal-never-sets-meters")
@pytest.mark.inspection_item("01014", "M05")
@pytest.mark.requires("option:broadcast-time")
def test_meters_follow(concentrator, tester, points, check):
    """Within a day a meter whose clock is two minutes slow is set by the terminal."""
    concentrator.set_meter_clock(points[0].number, tester.clock.wall() - timedelta(minutes=2))
    tester.wait(86_400.0 + 7200.0)
    shown = concentrator.meter_clock(points[0].number)
    check.within("meter's clock", (shown - tester.clock.wall()).total_seconds(), "GDW1376.1.CLOCK.METER")


@pytest.mark.clause(STANDARD, "clock meters")
@pytest.mark.bench_time(4_000)
@pytest.mark.title_zh("不在整点前后对电表对时")
@pytest.mark.known_bad("terminal-sets-meters-at-full-hour")
@pytest.mark.inspection_item("M05")
@pytest.mark.requires("option:broadcast-time")
def test_no_sync_at_full_hour(concentrator, tester, points, check, put_clock_back):
    """A terminal that is given the time at the full hour does not set its meters right then."""
    slow = timedelta(minutes=2)
    hour = tester.clock.wall().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    tester.wait_until(hour - timedelta(seconds=20))
    concentrator.set_meter_clock(points[0].number, tester.clock.wall() - slow)
    tester.control(Content(0, SET_CLOCK, {"clock": tester.clock.wall()}))
    tester.wait_until(hour + timedelta(minutes=3))
    off = (tester.clock.wall() - concentrator.meter_clock(points[0].number)).total_seconds()
    kept = abs(off - slow.total_seconds()) < 30
    check.true(
        "meter's clock at the full hour", kept, observed=f"{off:.0f} s slow", expected="120 s slow as before"
    )
