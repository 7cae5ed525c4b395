"""After a loss of supply, link or center everything comes back by itself, and no stored point is lost or doubled."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rig.ports.command_center import PRESENT_FORWARD_ACTIVE

pytestmark = [
    pytest.mark.device("network"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1379.1-2013", "recovery"),
]

CENTER = "command center"
#: tasks that every network runs
DAILY, MONTHLY = "daily", "monthly"
#: ERC 14: a terminal lost its supply, or has it again
SUPPLY = 14


@pytest.mark.criterion("SYS.RT.RECONNECT")
@pytest.mark.inspection_item("M03")
@pytest.mark.stand(design="individual", concentrators=12, meters=12, direct=12)
@pytest.mark.bench_time(2 * 86400)
@pytest.mark.title_zh("终端集中重连")
@pytest.mark.known_bad(
    "network-redials-late",
    "network-export-as-import",
    "network-meters-mixed-up",
    "network-never-calls-again",
    "network-tariffs-shifted",
)
def test_reconnect_storm(inspector, network, check):
    """Every terminal loses its connection at once and calls at once: all are back in time, and the night's freezes are whole."""
    network.storm(silent_s=60.0)
    inspector.wait(30.0)
    online = [state.entry.address for state in inspector.center.terminals() if state.online]
    check.equal("terminals online while none can call", online, [])
    inspector.wait(30.0)
    took_s = inspector.wait_for(
        lambda: all(state.online for state in inspector.center.terminals()), 3600.0, step_s=1.0
    )
    check.true(
        "all came back",
        took_s is not None,
        observed="never" if took_s is None else f"{took_s:.0f} s",
        expected="within an hour",
    )
    check.within("until the last one was back", took_s / 60, "SYS.RT.RECONNECT")
    inspector.wait_till(days=1, hour=23)
    inspector.books_balance()


@pytest.mark.criterion("SYS.RT.RESUME")
@pytest.mark.inspection_item("M03")
@pytest.mark.stand(design="metering_box", concentrators=2, meters=8, direct=1)
@pytest.mark.bench_time(7200)
@pytest.mark.title_zh("链路中断后恢复时间")
@pytest.mark.known_bad(
    "network-never-calls-again",
    "network-redials-late",
    "network-slow-meters",
    "network-present-absent",
    "network-present-total-absent",
)
def test_cut_link_resumes(inspector, network, check):
    """The uplink of one concentrator is cut for half an hour: the first good answer after it is whole again comes in time."""
    home = network.households[0]
    network.outage("M3-N1", 1800.0, home.terminal)
    inspector.wait(1800.0)

    def answers() -> bool:
        command = inspector.center.read_now(home.terminal, [home.point], [PRESENT_FORWARD_ACTIVE])
        return inspector.present(home, inspector.center.wait(command, 20.0)) is not None

    took_s = inspector.wait_for(answers, 3600.0, step_s=5.0)
    check.true(
        "answers again",
        took_s is not None,
        observed="never" if took_s is None else f"{took_s:.0f} s",
        expected="within an hour",
    )
    check.within("first good answer after the cut", took_s / 60, "SYS.RT.RESUME")


@pytest.mark.inspection_item("R02", "03006")
@pytest.mark.stand(design="mixed", concentrators=2, meters=10, direct=1)
@pytest.mark.bench_time(2 * 86400)
@pytest.mark.title_zh("主站中断后不丢不重")
@pytest.mark.known_bad(
    "network-never-calls-again",
    "network-export-as-import",
    "network-meters-mixed-up",
    "network-no-recollection",
    "network-tariffs-shifted",
    "network-tasks-forgotten",
    "network-archive-forgotten",
)
def test_center_away_when_it_should_collect(inspector, network):
    """The center is killed before the night's collection and comes back at seven: every freeze is there, once."""
    inspector.wait_till(days=1, hour=1, minute=29)
    network.kill(CENTER)
    inspector.wait_till(hour=7)
    network.revive(CENTER)
    inspector.wait_till(hour=23)
    inspector.books_balance()


@pytest.mark.inspection_item("R02", "03006")
@pytest.mark.stand(design="mixed", concentrators=2, meters=10, direct=1)
@pytest.mark.bench_time(2 * 86400)
@pytest.mark.title_zh("主站采集中被杀后不丢不重")
@pytest.mark.known_bad(
    "network-never-calls-again",
    "network-export-as-import",
    "network-meters-mixed-up",
    "network-tariffs-shifted",
    "network-no-recollection",
    "network-tasks-forgotten",
    "network-archive-forgotten",
)
def test_center_killed_while_it_collects(inspector, network, check):
    """The center is killed in the middle of the night's collection and begins again a minute later: every freeze is there, once."""
    inspector.wait_till(days=1, hour=1, minute=29)
    stored = len(inspector.center.readings())
    inspector.wait_for(lambda: len(inspector.center.readings()) > stored, 3600.0, step_s=0.1)
    network.kill(CENTER)
    inspector.wait(60.0)
    network.revive(CENTER)
    tasks = [task.name for task in inspector.center.tasks()]
    check.equal("tasks of the center that began again", tasks, [DAILY, MONTHLY])
    inspector.wait_till(hour=23)
    inspector.books_balance()


@pytest.mark.clause("Q/GDW 1379.1-2013", "events")
@pytest.mark.criterion("GDW1376.1.EVENT.TIME")
@pytest.mark.inspection_item("05018", "05019")
@pytest.mark.stand(design="individual", concentrators=2, meters=8, direct=0)
@pytest.mark.bench_time(2 * 86400)
@pytest.mark.title_zh("台区停电后数据完整")
@pytest.mark.known_bad(
    "network-freezes-lost-with-supply",
    "network-export-as-import",
    "network-meters-mixed-up",
    "network-never-calls-again",
    "network-no-recollection",
    "network-tariffs-shifted",
    "network-outages-not-recorded",
    "network-events-kept-back",
)
def test_area_without_supply(inspector, network, check):
    """A transformer area is dark for two hours before the center has its freezes: they are whole, and the outage is told."""
    terminal = network.terminals[0].address
    inspector.wait_till(days=1, hour=0, minute=10)
    network.outage("M3-N1", 9 * 3600.0, terminal)
    dark = inspector.wait_till(hour=3)
    network.cut_power(terminal, 7200.0)
    inspector.wait_till(hour=23)
    told = [event.values for event in inspector.center.events(terminal, erc=SUPPLY)]
    for key, happened in (("power_off", dark), ("power_on", dark + timedelta(hours=2))):
        times = [datetime.fromisoformat(values[key]) for values in told if values.get(key)]
        check.true(f"{key} was told", bool(times), observed=len(times), expected="once or more")
        check.within(f"{key}, as told", (times[-1] - happened).total_seconds() / 60, "GDW1376.1.EVENT.TIME")
    inspector.books_balance()
