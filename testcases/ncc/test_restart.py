"""A center that dies and comes back: what it acknowledged, what it was told, and what it was to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rig.ports.command_center import CollectionTask
from rig.protocols.gdw1376_1.control import Afn

pytestmark = [
    pytest.mark.device("ncc"),
    pytest.mark.link("M3-N1"),
    pytest.mark.stand(durable=True),
    pytest.mark.needs("virtual_time"),
    pytest.mark.bench_time(300),
]

OWN = "Reference NCC rules"


@pytest.fixture
def restarted(desk, ncc, terminal):
    """Kills the center at once, starts it again, and lets the terminal come back."""

    def restart() -> str:
        ncc.restart()
        desk.center = ncc.center
        if not terminal.dial():
            return "no connection"
        return terminal.login().said

    return restart


@pytest.mark.clause(OWN, "restart")
@pytest.mark.title_zh("重启后已确认的数据仍在")
@pytest.mark.known_bad("ncc-acknowledges-first")
def test_acknowledged_data_survive(desk, terminal, restarted, check):
    """Killed the moment it has acknowledged a report, the center has it afterwards."""
    values = {point: desk.energy() for point in (1, 2, 3)}
    report = terminal.report(Afn.HISTORY_DATA, [desk.day(point, [value]) for point, value in values.items()])
    restarted()
    check.equal("answer to the report", report.said, "confirmed")
    check.equal(
        "readings after the restart",
        desk.stored(terminal),
        {(point, 0): value for point, value in values.items()},
    )


@pytest.mark.clause(OWN, "restart")
@pytest.mark.title_zh("重启后档案仍在")
@pytest.mark.known_bad("ncc-points-in-memory")
def test_archive_survives(desk, terminal, restarted, check):
    """Terminals and points that were registered before are known after."""
    points = desk.center.points(terminal.name)
    check.equal("login after the restart", restarted(), "confirmed")
    check.equal("points after the restart", desk.center.points(terminal.name), points)


@pytest.mark.clause(OWN, "restart")
@pytest.mark.title_zh("重启后任务继续")
@pytest.mark.known_bad("ncc-tasks-in-memory", "ncc-points-in-memory")
def test_tasks_survive(desk, terminal, restarted, check):
    """A task that was scheduled before runs after."""
    values = {point: desk.energy() for point in range(1, 5)}
    desk.freezes(terminal, values)
    first_at = desk.clock.wall().replace(second=0, microsecond=0) + timedelta(minutes=3)
    name = f"days of {terminal.name}"
    desk.center.schedule(CollectionTask(name, ("0D.F161",), 86_400.0, first_at, (terminal.name,)))
    restarted()
    terminal.keep_alive(300.0)
    desk.wait(600.0)
    check.equal(
        "readings after the restart",
        desk.stored(terminal),
        {(point, 0): value for point, value in values.items()},
    )


@pytest.mark.clause(OWN, "restart")
@pytest.mark.title_zh("重启后不重复读取事件")
@pytest.mark.known_bad("ncc-event-place-forgotten", "ncc-events-fetched-again")
def test_events_not_fetched_again(desk, terminal, restarted, ring, outages, check):
    """Events that are stored are not asked for again after a restart."""
    ring(terminal)
    terminal.report(Afn.EVENTS, outages(0, 3))
    desk.wait(2.0)
    restarted()
    terminal.report(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])], events=(3, 0))
    desk.wait(3.0)
    check.equal("requests for events after the restart", len(terminal.requests_of(Afn.EVENTS)), 0)


@pytest.mark.clause(OWN, "uniqueness")
@pytest.mark.title_zh("重启后重发的数据不重复存储")
@pytest.mark.known_bad("ncc-replay-doubled-after-restart")
def test_replay_over_a_restart(desk, terminal, restarted, check):
    """A report that was acknowledged before a restart and comes again after it is stored once."""
    report = terminal.report(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])])
    desk.wait(2.0)
    restarted()
    again = terminal.ask_octets(report.octets, report.frame)
    check.equal("answer to the repeated report", again.said, "confirmed")
    check.equal("values stored", desk.count(terminal), 1)
