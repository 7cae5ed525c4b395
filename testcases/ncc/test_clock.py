"""Clocks of terminals: looked at, set when they may be set, left alone when not, and to the second."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.sessions.played_terminal import Reply

pytestmark = [
    pytest.mark.device("ncc"),
    pytest.mark.link("M3-N1"),
    pytest.mark.needs("virtual_time"),
    pytest.mark.bench_time(90_000),
]

CENTER = "Q/GDW 378.1"
CLOCK = 31
#: a day in which every clock is looked at
DAY_S = 25 * 3600.0


class Clock:
    """The clock of a played terminal, and every setting of it."""

    def __init__(self, desk, terminal) -> None:
        self.desk = desk
        self.terminal = terminal
        self.settings: list[tuple[datetime, datetime]] = []
        self.obeys = True
        terminal.answers[Afn.CONTROL, CLOCK] = self.take
        terminal.keep_alive(300.0)

    def take(self, heard):
        """The clock is set."""
        shown = str(heard.message.unit(0, CLOCK).value("clock").value)
        told = datetime.fromisoformat(" ".join(part for part in shown.split() if part[0] != "W"))
        self.settings.append((heard.at, told))
        self.terminal.clock_offset_s = (told - heard.at).total_seconds()
        return Reply.CONFIRM

    def put(self, offset_s: float) -> None:
        """Put it wrong by so many seconds."""
        self.terminal.clock_offset_s = offset_s

    @property
    def error_s(self) -> float:
        """What it shows, less the time."""
        return self.terminal.clock_offset_s


@pytest.fixture
def wrong(desk, ncc):
    """A terminal that logs in with a clock wrong by so many seconds."""

    def make(offset_s: float, latency_s: float = 0.0) -> Clock:
        terminal = ncc.terminal(login=False)
        clock = Clock(desk, terminal)
        clock.put(offset_s)
        terminal.latency_s = latency_s
        terminal.dial()
        terminal.login()
        return clock

    return make


def faulty(desk, terminal) -> bool:
    """Whether the center calls the terminal's clock faulty."""
    return next(
        state.faulty_clock for state in desk.center.terminals() if state.entry.address == terminal.name
    )


@pytest.mark.clause(CENTER, "time")
@pytest.mark.criterion("NCC.CLOCK", "NCC.CLOCK.WATCH")
@pytest.mark.title_zh("时钟偏差 1 至 15 分钟对时")
@pytest.mark.known_bad("ncc-clock-never-set")
@pytest.mark.parametrize("offset_s", [100.0, -840.0])
def test_wrong_clock_is_set(desk, wrong, check, offset_s):
    """A clock that is 1 to 15 minutes wrong is set within a day, to the second."""
    clock = wrong(offset_s)
    took_s = desk.wait_for(lambda: bool(clock.settings), DAY_S)
    check.equal("settings of the clock", len(clock.settings), 1)
    check.within("time to it", took_s / 3600, "NCC.CLOCK.WATCH")
    check.within("clock after it", clock.error_s, "NCC.CLOCK")


@pytest.mark.clause(CENTER, "time")
@pytest.mark.title_zh("时钟偏差小于 1 分钟不对时")
@pytest.mark.known_bad("ncc-clock-always-set")
def test_good_clock_is_left_alone(desk, wrong, check):
    """A clock that is less than a minute wrong is not touched."""
    clock = wrong(40.0)
    desk.wait(DAY_S)
    check.equal("settings of the clock", len(clock.settings), 0)


@pytest.mark.clause(CENTER, "time")
@pytest.mark.title_zh("时钟偏差大于 15 分钟报故障")
@pytest.mark.known_bad("ncc-clock-jumps")
def test_far_clock_is_faulty(desk, wrong, check):
    """A clock that is more than 15 minutes wrong is not set by itself, but called faulty."""
    clock = wrong(1800.0)
    desk.wait(DAY_S)
    check.equal("settings of the clock", len(clock.settings), 0)
    check.equal("called faulty", faulty(desk, clock.terminal), True)


@pytest.mark.clause(CENTER, "time")
@pytest.mark.criterion("NCC.CLOCK.GUARD")
@pytest.mark.title_zh("零点和整点附近不对时")
@pytest.mark.known_bad("ncc-clock-set-at-the-hour", "ncc-clock-never-set")
@pytest.mark.parametrize("hour", [0, 11], ids=["midnight", "hour"])
def test_not_at_the_hour(desk, ncc, wrong, check, hour):
    """No clock is set within five minutes of midnight or of a full hour."""
    at = desk.today.replace(hour=hour) + timedelta(days=1, minutes=-7)
    desk.wait_until(at)
    clocks = [wrong(200.0) for _ in range(3)]
    desk.wait_for(lambda: all(clock.settings for clock in clocks), DAY_S)
    for clock in clocks:
        check.true("clock set", bool(clock.settings), observed=len(clock.settings), expected="1")
        moment = clock.settings[0][0]
        within_s = moment.minute * 60 + moment.second
        check.within("distance from the full hour", min(within_s, 3600 - within_s), "NCC.CLOCK.GUARD")


@pytest.mark.clause(CENTER, "time")
@pytest.mark.criterion("NCC.CLOCK")
@pytest.mark.title_zh("对时补偿通信延时")
@pytest.mark.known_bad("ncc-delay-not-compensated", "ncc-clock-never-set")
def test_delay_compensated(desk, wrong, check):
    """Over a link of 3 s one way the clock is right when it has been set."""
    clock = wrong(300.0, latency_s=3.0)
    desk.wait_for(lambda: bool(clock.settings), DAY_S)
    check.equal("settings of the clock", len(clock.settings), 1)
    check.within("clock after it", clock.error_s, "NCC.CLOCK")


@pytest.mark.clause(CENTER, "time")
@pytest.mark.title_zh("两次对时后仍超差报故障")
@pytest.mark.known_bad("ncc-corrections-not-counted", "ncc-clock-never-set")
def test_faulty_after_two_corrections(desk, wrong, check):
    """A clock that is wrong by more than 5 minutes after two corrections is called faulty and not set a third time."""
    clock = wrong(400.0)
    for number in (1, 2):
        desk.wait_for(lambda number=number: len(clock.settings) >= number, DAY_S)
        check.equal("settings of the clock", len(clock.settings), number)
        desk.wait(60.0)
        clock.put(400.0)
    desk.wait(DAY_S)
    check.equal("settings of the clock", len(clock.settings), 2)
    check.equal("called faulty", faulty(desk, clock.terminal), True)


@pytest.mark.clause(CENTER, "time")
@pytest.mark.title_zh("人工对时")
@pytest.mark.known_bad("ncc-clock-by-hand-in-universal-time")
def test_clock_set_by_hand(desk, wrong, check):
    """A clock is set on command, whatever its error."""
    clock = wrong(4000.0)
    result = desk.finish(desk.center.set_clock(clock.terminal.name))
    check.equal("end of the command", result.status, "done")
    check.within("clock after it", clock.error_s, "NCC.CLOCK")


@pytest.mark.clause(CENTER, "log")
@pytest.mark.title_zh("自动对时记入日志")
@pytest.mark.known_bad("ncc-own-clock-setting-not-audited", "ncc-clock-never-set")
def test_setting_is_in_the_trail(desk, wrong, check):
    """A clock that the center sets by itself is in the trail before it is set, and how that ended afterwards."""
    clock = wrong(200.0)
    name = clock.terminal.name
    seen: list[int] = []
    take = clock.take

    def taken(heard):
        seen.append(len(lines_of(desk, name)))
        return take(heard)

    clock.terminal.answers[Afn.CONTROL, CLOCK] = taken
    desk.wait_for(lambda: bool(clock.settings), DAY_S)
    desk.wait(1.0)
    check.equal("settings of the clock", len(clock.settings), 1)
    check.equal("lines of the trail before it is set", seen, [1])
    lines = lines_of(desk, name)
    check.equal("lines of the trail after it", len(lines), 2)
    check.true("actor", bool(lines[0].actor), observed=lines[0].actor, expected="a name")
    outcome = lines[-1].outcome
    check.true("outcome", outcome.endswith("done"), observed=outcome, expected="done")


def lines_of(desk, name: str):
    """Lines of the trail about the clock of a terminal."""
    return [line for line in desk.center.audit(name) if "clock" in line.action]
