"""Collection by task: what is asked for, and what is asked for again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rig.ports.command_center import CollectionTask
from rig.protocols.gdw1376_1.control import Afn
from rig.sessions.played_terminal import Reply

pytestmark = [
    pytest.mark.device("ncc"),
    pytest.mark.link("M3-N1"),
    pytest.mark.needs("virtual_time"),
    pytest.mark.bench_time(14_400),
]

CENTER = "Q/GDW 378.1"
HOUR_S = 3600.0


@pytest.fixture
def task(desk, terminal):
    """Starts a task for the day freezes of one terminal, whose run is a minute away."""
    terminal.keep_alive(300.0)

    def start(*, recollect_s: float = HOUR_S) -> CollectionTask:
        now = desk.clock.wall()
        first_at = now.replace(second=0, microsecond=0) + timedelta(minutes=2)
        made = CollectionTask(
            f"days of {terminal.name}",
            ("0D.F161",),
            86_400.0,
            first_at,
            terminals=(terminal.name,),
            recollect_s=recollect_s,
        )
        desk.center.schedule(made)
        return made

    return start


def asked_points(terminal, since: int = 0) -> list[int]:
    """Points whose day freezes were asked for, from a request on."""
    return [
        point for heard in terminal.requests_of(Afn.HISTORY_DATA, 161)[since:] for point, _ in heard.pairs
    ]


@pytest.mark.clause(CENTER, "collection")
@pytest.mark.title_zh("按任务采集日冻结")
@pytest.mark.known_bad("ncc-cycle-counts-terminals")
def test_task_collects(desk, terminal, task, check):
    """A task asks for every point and stores what comes; it is complete then."""
    values = {point: desk.energy() for point in range(1, 5)}
    desk.freezes(terminal, values)
    made = task()
    desk.wait(600.0)
    check.equal("readings", desk.stored(terminal), {(point, 0): value for point, value in values.items()})
    cycle = desk.center.cycle(made.name, desk.yesterday, desk.yesterday)
    check.equal("due, stored and missing", (cycle.due, cycle.stored, len(cycle.missing)), (4, 4, 0))


@pytest.mark.clause(CENTER, "re-collection")
@pytest.mark.title_zh("终端已上报的数据不再采集")
@pytest.mark.known_bad("ncc-asks-for-what-it-has", "ncc-mark-of-arrival")
def test_reported_not_asked(desk, terminal, task, check):
    """What a terminal reported by itself is not asked for."""
    values = {point: desk.energy() for point in range(1, 5)}
    desk.freezes(terminal, values)
    for point in (1, 3):
        terminal.report(Afn.HISTORY_DATA, [desk.day(point, [values[point]])])
    task(recollect_s=0)
    desk.wait(600.0)
    check.equal("points asked for", asked_points(terminal), [2, 4])


@pytest.mark.clause(CENTER, "re-collection")
@pytest.mark.title_zh("只补抄缺失数据")
@pytest.mark.known_bad("ncc-asks-for-what-it-has", "ncc-never-recollects")
def test_gaps_only(desk, terminal, task, check):
    """A point that had nothing in the first run is asked for again, the others are not."""
    values = {point: desk.energy() for point in range(1, 5)}
    held = {point: value for point, value in values.items() if point != 2}
    desk.freezes(terminal, held)
    made = task()
    desk.wait(600.0)
    runs = len(terminal.requests_of(Afn.HISTORY_DATA, 161))
    held[2] = values[2]
    desk.wait(1.5 * HOUR_S)
    again = asked_points(terminal, runs)
    check.true("point asked for again", 2 in again, observed=again, expected=[2])
    check.equal("points asked for again", set(again), {2})
    check.equal("readings", desk.stored(terminal), {(point, 0): value for point, value in values.items()})
    cycle = desk.center.cycle(made.name, desk.yesterday, desk.yesterday)
    check.equal("values of the first run, and of all", (cycle.once, cycle.stored), (3, 4))


@pytest.mark.clause(CENTER, "re-collection")
@pytest.mark.title_zh("终端上线后补抄")
@pytest.mark.known_bad("ncc-no-catching-up")
def test_catches_up_after_login(desk, terminal, task, check):
    """A terminal that was away during the run is asked for the gaps soon after its login."""
    values = {point: desk.energy() for point in range(1, 5)}
    desk.freezes(terminal, values)
    task(recollect_s=6 * HOUR_S)
    terminal.cut()
    desk.wait(1200.0)
    check.equal("values stored while the terminal is away", desk.count(terminal), 0)
    terminal.dial()
    terminal.login()
    desk.wait(600.0)
    check.equal("readings", desk.stored(terminal), {(point, 0): value for point, value in values.items()})


@pytest.mark.clause(CENTER, "collection")
@pytest.mark.title_zh("一个终端无应答不影响其它终端采集")
@pytest.mark.known_bad("ncc-task-stops-at-silence")
def test_silent_terminal_does_not_stop_the_task(desk, ncc, check):
    """A task goes on with the other terminals when one is silent."""
    silent, good = ncc.terminal(points=1), ncc.terminal(points=1)
    value = desk.energy()
    desk.freezes(good, {1: value})
    silent.answers[Afn.HISTORY_DATA, 161] = lambda _heard: Reply.SILENCE
    for terminal in (silent, good):
        terminal.keep_alive(300.0)
    first_at = desk.clock.wall().replace(second=0, microsecond=0) + timedelta(minutes=2)
    names = (silent.name, good.name)
    desk.center.schedule(CollectionTask(f"days of {good.name}", ("0D.F161",), 86_400.0, first_at, names))
    desk.wait(900.0)
    check.equal("readings of the other terminal", desk.stored(good), {(1, 0): value})
