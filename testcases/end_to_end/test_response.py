"""Response times, from the order at the command center to its effect; orders go out at times fixed in advance."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from rig.criteria.registry import criterion
from rig.errors import BenchMissing
from rig.ports.command_center import DAY_FORWARD_ACTIVE, PRESENT_FORWARD_ACTIVE
from rig.procedures.inspection import LEAST_TRIALS, latency_trials, limit_seconds, open_loop

pytestmark = [
    pytest.mark.device("network"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1379.1-2013", "response time"),
    pytest.mark.stand(design="mixed", concentrators=2, meters=10, direct=0),
]

TRIP = 1
AT_ONCE = {"limit_time": 0, "alarm_delay": 0}
#: parameter F9: all events recorded, all important
EVERY_EVENT = {"valid": "FFFFFFFFFFFFFFFF", "important": "FFFFFFFFFFFFFFFF"}
#: ERC 13: fault of a meter, its supply among them
OUTAGE = 13
#: a relay is looked at this often, and at longest for so long, in s
LOOK_S, EVENT_LOOK_S, LONGEST_S = 0.05, 1.0, 60.0
#: between two stimuli, in s
PAUSE_S = 20.0


def _in_turn(network):
    """Households one after another, as many as the confidence asked for wants, so that every one of them is asked."""
    homes = network.households
    return [homes[number % len(homes)] for number in range(latency_trials())]


def _each_once(network):
    """As many households as the confidence asked for wants, each of them once."""
    homes = network.households
    if len(homes) < latency_trials():
        raise BenchMissing(f"a network of {latency_trials()} households: this one has {len(homes)}")
    return homes[: latency_trials()]


@pytest.mark.criterion("SYS.RT.READ_SET")
@pytest.mark.inspection_item("P04", "02008", "02010", "03001")
@pytest.mark.bench_time(2500)
@pytest.mark.title_zh("随机召测响应时间")
@pytest.mark.known_bad("network-slow-meters")
def test_read_on_demand(inspector, network, check):
    """Present energy read on demand, every household in turn: the longest of 100."""
    homes = _in_turn(network)
    orders = [
        partial(inspector.center.read_now, home.terminal, [home.point], [PRESENT_FORWARD_ACTIVE])
        for home in homes
    ]
    trials = inspector.run(orders, interval_s=20.0)
    inspector.timed(
        "read on demand: order to stored value",
        trials,
        "SYS.RT.READ_SET",
        households=[home.number for home in homes],
    )


@pytest.mark.criterion("SYS.RT.HISTORY")
@pytest.mark.inspection_item("P05", "03002")
@pytest.mark.bench_time(90000)
@pytest.mark.title_zh("历史数据召测响应时间")
@pytest.mark.known_bad("network-slow-history")
def test_history_read(inspector, network, check):
    """Yesterday's freeze read on demand, every household in turn: the longest of 100."""
    inspector.wait_till(days=1, hour=13)
    yesterday = inspector.whole_days()[1]
    homes = _in_turn(network)
    orders = [
        partial(inspector.center.read_history, home.terminal, [home.point], DAY_FORWARD_ACTIVE, yesterday)
        for home in homes
    ]
    trials = inspector.run(orders, interval_s=15.0)
    inspector.timed(
        "history read: order to stored value",
        trials,
        "SYS.RT.HISTORY",
        households=[home.number for home in homes],
    )


@pytest.mark.criterion("SYS.RT.READ_SET")
@pytest.mark.inspection_item("P06", "01005")
@pytest.mark.bench_time(2500)
@pytest.mark.title_zh("参数设置响应时间")
@pytest.mark.known_bad("network-parameters-not-stored", "network-slow-parameters")
def test_parameter_set(inspector, network, check):
    """A parameter set and read back as set: the longest of 100."""
    terminals = [terminal.address for terminal in network.terminals]
    wanted = [(terminals[number % len(terminals)], 100 + number) for number in range(latency_trials())]
    trials = []
    for terminal, limit in wanted:
        values = {"monthly_limit": limit * 1024}
        (trial,) = open_loop(
            inspector.center,
            [partial(inspector.center.set_parameter, terminal, 36, values)],
            interval_s=10.0,
            timeout_s=300.0,
        )
        back = inspector.center.wait(inspector.center.query_parameter(terminal, 36), 120.0)
        stored = back.value(0, "0A.F36")
        trials.append(replace(trial, confirmed=back.ok and stored == limit * 1024))
    nobody = [None] * len(trials)
    inspector.timed(
        "parameter set: order to confirmation, read back as set", trials, "SYS.RT.READ_SET", households=nobody
    )


@pytest.mark.criterion("SYS.RT.REMOTE_CTRL")
@pytest.mark.inspection_item("P07", "04010")
@pytest.mark.clause("Q/GDW 1379.1-2013", "control")
@pytest.mark.stand(design="mixed", concentrators=4, meters=LEAST_TRIALS, direct=0, collect=True)
@pytest.mark.bench_time(1500)
@pytest.mark.title_zh("遥控响应时间（至继电器状态）")
@pytest.mark.known_bad("network-trip-acknowledged-only", "network-slow-trips", "network-trips-neighbour")
def test_remote_control(inspector, network, check):
    """Every relay is tripped once: from the order until the relay's contact is open and the center has the confirmation."""
    trials = []
    homes = _each_once(network)
    for home in homes:
        check.equal(
            f"relay of {home.meter} before the order is open", network.relay_is_open(home.number), False
        )
        due_s = inspector.clock.now_s()
        command = inspector.center.control(home.terminal, TRIP, point=home.point, values=AT_ONCE)
        took_s = inspector.wait_for(
            lambda home=home: network.relay_is_open(home.number), LONGEST_S, step_s=LOOK_S
        )
        trials.append(inspector.trial(command, due_s, took_s))
        inspector.wait(PAUSE_S)
    inspector.timed(
        "remote control: order to the relay's contact and the confirmation of it",
        trials,
        "SYS.RT.REMOTE_CTRL",
        households=[home.number for home in homes],
        resolution_s=LOOK_S,
    )


@pytest.mark.criterion("SYS.RT.EVENT")
@pytest.mark.inspection_item("P08", "02015", "05018", "05028", "01011")
@pytest.mark.clause("Q/GDW 1379.1-2013", "events")
@pytest.mark.stand(design="individual", concentrators=4, meters=LEAST_TRIALS, direct=0)
@pytest.mark.bench_time(20000)
@pytest.mark.title_zh("停电事件上报响应时间")
@pytest.mark.known_bad("network-events-kept-back")
def test_event_report(inspector, network):
    """A meter loses its supply: its event is in the center's database in time, without anybody asking for it."""
    for terminal in network.terminals:
        inspector.done(inspector.center.set_parameter(terminal.address, 9, EVERY_EVENT))
    limit_s = float(limit_seconds(criterion("SYS.RT.EVENT")))
    trials = []
    for home in _each_once(network):
        due_s = inspector.clock.now_s()
        network.cause_event(home.number)

        def reported(home=home) -> bool:
            events = inspector.center.events(home.terminal, erc=OUTAGE)
            return any(event.point == home.point for event in events)

        took_s = inspector.wait_for(reported, limit_s + PAUSE_S, step_s=EVENT_LOOK_S)
        trials.append(inspector.happened(f"event of {home.meter}", home.terminal, due_s, took_s))
        inspector.wait(PAUSE_S)
    inspector.timed(
        "event report: supply lost to event stored", trials, "SYS.RT.EVENT", resolution_s=EVENT_LOOK_S
    )
