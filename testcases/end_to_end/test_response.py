"""Response times, from the order at the command center to its effect; orders go out at times fixed in advance."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest

from rig.criteria.registry import criterion
from rig.ports.command_center import DAY_FORWARD_ACTIVE, PRESENT_FORWARD_ACTIVE
from rig.procedures.inspection import (
    LEAST_TRIALS,
    Stimulus,
    by_timetable,
    effects,
    latency_trials,
    limit_seconds,
)

pytestmark = [
    pytest.mark.device("network"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1379.1-2013", "response time"),
    pytest.mark.stand(design="mixed", concentrators=2, meters=10, direct=0),
]

TRIP, PERMIT = 1, 2
AT_ONCE = {"limit_time": 0, "alarm_delay": 0}
#: parameter F9: all events recorded, all important
EVERY_EVENT = {"valid": "FFFFFFFFFFFFFFFF", "important": "FFFFFFFFFFFFFFFF"}
#: ERC 13: fault of a meter, its supply among them
OUTAGE = 13
#: a relay is looked at this often, and at longest for so long, in s
LOOK_S, EVENT_LOOK_S, LONGEST_S = 0.05, 1.0, 60.0
#: between two stimuli, in s
PAUSE_S = 20.0
#: between what puts two households back, in s
RESTORE_EACH_S = 1.0
#: parameter F36: limit of traffic; it is set this often, and read back so long after, in s
TRAFFIC, SET_S, READ_BACK_S = 36, 10.0, 8.0


def _in_turn(network):
    """Households one after another, as many as the confidence asked for wants, so that every one of them is asked."""
    homes = network.households
    return [homes[number % len(homes)] for number in range(latency_trials())]


@pytest.mark.criterion("SYS.RT.READ_SET")
@pytest.mark.inspection_item("P04", "02008", "02009", "03001")
@pytest.mark.bench_time(2500)
@pytest.mark.title_zh("随机召测响应时间")
@pytest.mark.known_bad(
    "network-demand-not-stored",
    "network-slow-meters",
    "network-present-absent",
    "network-present-total-absent",
)
def test_read_on_demand(inspector, network, check):
    """Present energy read on demand, every household in turn: the longest of 100."""
    homes = _in_turn(network)
    orders = [
        partial(inspector.center.read_now, home.terminal, [home.point], [PRESENT_FORWARD_ACTIVE])
        for home in homes
    ]
    trials = inspector.run(orders, interval_s=20.0)
    trials = [inspector.present_stored(home, trial) for home, trial in zip(homes, trials, strict=True)]
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
@pytest.mark.known_bad("network-slow-history", "network-freeze-given-once", "network-meters-mixed-up")
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
    trials = [
        inspector.freeze_stored(home, yesterday, trial) for home, trial in zip(homes, trials, strict=True)
    ]
    inspector.timed(
        "history read: order to stored value",
        trials,
        "SYS.RT.HISTORY",
        households=[home.number for home in homes],
    )


@pytest.mark.criterion("SYS.RT.READ_SET")
@pytest.mark.inspection_item("P06", "01007")
@pytest.mark.bench_time(2500)
@pytest.mark.title_zh("参数设置响应时间")
@pytest.mark.known_bad("network-parameters-not-stored", "network-slow-parameters")
def test_parameter_set(inspector, network):
    """A parameter set every ten seconds, and read back as set: the longest of 100."""
    terminals = [terminal.address for terminal in network.terminals]
    table, wanted = [], []
    for number in range(latency_trials()):
        terminal, limit = terminals[number % len(terminals)], (100 + number) * 1024
        wanted.append(limit)
        due_s = (number + 1) * SET_S
        table += [
            (due_s, partial(inspector.center.set_parameter, terminal, TRAFFIC, {"monthly_limit": limit})),
            (due_s + READ_BACK_S, partial(inspector.center.query_parameter, terminal, TRAFFIC)),
        ]
    trials = by_timetable(inspector.center, table, timeout_s=300.0)
    judged = []
    for order, back, limit in zip(trials[::2], trials[1::2], wanted, strict=True):
        stored = back.result.value(0, f"0A.F{TRAFFIC}")
        judged.append(replace(order, confirmed=back.result.ok and stored == limit))
    inspector.timed(
        "parameter set: order to confirmation, read back as set",
        judged,
        "SYS.RT.READ_SET",
        households=[None] * len(judged),
    )


def _rounds(homes, number, *, pause_s, restore_s, begin, restore) -> tuple[list[Stimulus], dict[int, object]]:
    """So many stimuli, household after household and again, at times fixed in advance; between rounds everything is put back.

    Gives the timetable, and the household of every place in it that is awaited.
    """
    table: list[Stimulus] = []
    about: dict[int, object] = {}
    due_s = 0.0
    while len(about) < number:
        round_ = homes[: number - len(about)]
        for home in round_:
            due_s += pause_s
            about[len(table)] = home
            table.append(Stimulus(due_s, partial(begin, home)))
        for step in restore if len(about) < number else ():
            due_s += restore_s
            for home in round_:
                due_s += RESTORE_EACH_S
                table.append(Stimulus(due_s, partial(_without_command, step, home), awaited=False))
        due_s += restore_s
    return table, about


def _without_command(step, home) -> str:
    step(home)
    return ""


@pytest.mark.criterion("SYS.RT.REMOTE_CTRL")
@pytest.mark.inspection_item("P07", "04010")
@pytest.mark.clause("Q/GDW 1379.1-2013", "control")
@pytest.mark.stand(design="mixed", concentrators=4, meters=LEAST_TRIALS, direct=0, collect=True)
@pytest.mark.bench_time(4000)
@pytest.mark.title_zh("遥控响应时间（至继电器状态）")
@pytest.mark.known_bad("network-trip-acknowledged-only", "network-slow-trips", "network-trips-neighbour")
def test_remote_control(inspector, network, check):
    """Relay after relay is tripped at fixed times: from the order until its contact is open and the center has the confirmation."""
    early: list[str] = []

    def trip(home) -> str:
        if network.relay_is_open(home.number):
            early.append(home.meter)
        return inspector.center.control(home.terminal, TRIP, point=home.point, values=AT_ONCE)

    def permit(home) -> None:
        inspector.center.control(home.terminal, PERMIT, point=home.point)

    def press(home) -> None:
        network.press_button(home.number)

    table, about = _rounds(
        network.households,
        latency_trials(),
        pause_s=PAUSE_S,
        restore_s=300.0,
        begin=trip,
        restore=(permit, press),
    )
    found = effects(
        inspector.clock,
        table,
        lambda waiting: [place for place in waiting if network.relay_is_open(about[place].number)],
        look_s=LOOK_S,
        timeout_s=LONGEST_S,
    )
    check.equal("relays that were open before their order", early[:3], [])
    inspector.timed(
        "remote control: order to the relay's contact and the confirmation of it",
        [inspector.trial(effect) for effect in found],
        "SYS.RT.REMOTE_CTRL",
        households=[home.number for home in about.values()],
        resolution_s=LOOK_S,
    )


@pytest.mark.criterion("SYS.RT.EVENT")
@pytest.mark.inspection_item("P08", "02015", "01011")
@pytest.mark.clause("Q/GDW 1379.1-2013", "events")
@pytest.mark.stand(design="individual", concentrators=4, meters=LEAST_TRIALS, direct=0)
@pytest.mark.bench_time(20000)
@pytest.mark.title_zh("停电事件上报响应时间")
@pytest.mark.known_bad("network-events-kept-back")
def test_event_report(inspector, network):
    """Meter after meter loses its supply at fixed times: its event is in the center's database in time, without anybody asking for it."""
    for terminal in network.terminals:
        inspector.done(inspector.center.set_parameter(terminal.address, 9, EVERY_EVENT))
    known: dict[int, int] = {}

    def told(terminals) -> Counter:
        """Faults that the center knows, by terminal and point."""
        return Counter(
            (terminal, event.point)
            for terminal in terminals
            for event in inspector.center.events(terminal, erc=OUTAGE)
            if event.values.get("begins") == "1"
        )

    def reported(waiting) -> list[int]:
        homes = {place: about[place] for place in waiting}
        seen = told({home.terminal for home in homes.values()})
        return [at for at, home in homes.items() if seen[home.terminal, home.point] > known[home.number]]

    def lose(home) -> str:
        known[home.number] = told([home.terminal])[home.terminal, home.point]
        network.cause_event(home.number)
        return ""

    def give_back(home) -> None:
        network.end_event(home.number)

    table, about = _rounds(
        network.households,
        latency_trials(),
        pause_s=PAUSE_S,
        restore_s=900.0,
        begin=lose,
        restore=(give_back,),
    )
    found = effects(
        inspector.clock,
        table,
        reported,
        look_s=EVENT_LOOK_S,
        timeout_s=float(limit_seconds(criterion("SYS.RT.EVENT"))) + PAUSE_S,
    )
    homes = list(about.values())
    trials = [
        inspector.happened(f"event of {home.meter}", home.terminal, effect)
        for home, effect in zip(homes, found, strict=True)
    ]
    legs = [
        network.report_spans(home.terminal, home.point, effect.due_s, effect.seen_s)
        for home, effect in zip(homes, found, strict=True)
        if effect.seen_s is not None
    ]
    inspector.timed(
        "event report: supply lost to event stored",
        trials,
        "SYS.RT.EVENT",
        legs=[chain for chain in legs if chain is not None],
        resolution_s=EVENT_LOOK_S,
    )
