"""Time through the layers: the center sets terminals, terminals set meters, each makes up for the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rig.criteria.registry import criterion
from rig.procedures.inspection import limit_seconds

#: parameter F9: all events recorded, all important
EVERY_EVENT = {"valid": "FFFFFFFFFFFFFFFF", "important": "FFFFFFFFFFFFFFFF"}
#: ERC 12: a meter's clock is wrong
CLOCK_OFF = 12

pytestmark = [
    pytest.mark.device("network"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1379.1-2013", "clock"),
    pytest.mark.stand(design="mixed", concentrators=2, meters=8, direct=0),
]


@pytest.mark.criterion("TERM.SYNC")
@pytest.mark.inspection_item("01014", "M05")
@pytest.mark.bench_time(2 * 86400)
@pytest.mark.title_zh("终端对时误差")
@pytest.mark.known_bad("network-time-ignored", "network-time-set-late")
def test_terminals_follow_the_center(inspector, network, check):
    """Terminals three minutes slow are set by the center by itself, to within the limit."""
    for terminal in network.terminals:
        slow = network.terminal_clock(terminal.address) - timedelta(minutes=3)
        network.set_terminal_clock(terminal.address, slow)
    inspector.wait_till(days=1, hour=20)
    for terminal in network.terminals:
        offset = network.terminal_clock(terminal.address) - inspector.clock.wall()
        check.within(f"clock of {terminal.address}", offset.total_seconds(), "TERM.SYNC", stop=False)


@pytest.mark.criterion("METER.SYNC")
@pytest.mark.inspection_item("01014")
@pytest.mark.link("C2-M1")
@pytest.mark.stand(
    design="mixed",
    concentrators=2,
    meters=8,
    direct=0,
    keep_time=True,
    clock_spread_s=120.0,
    medium="NARROWBAND_OFDM",
)
@pytest.mark.bench_time(3 * 86400)
@pytest.mark.title_zh("电能表对时误差")
@pytest.mark.known_bad("network-broadcast-without-delay", "network-meters-never-set", "network-time-ignored")
def test_meters_follow_their_terminal(inspector, network, check):
    """Meters up to two minutes off are set through a slow medium by terminals that were set, to within the limit."""
    for terminal in network.terminals:
        inspector.done(inspector.center.set_clock(terminal.address))
    inspector.wait_till(days=2, hour=20)
    for home in network.households:
        offset = network.meter_clock(home.number) - inspector.clock.wall()
        check.within(f"clock of {home.meter}", offset.total_seconds(), "METER.SYNC", stop=False)


@pytest.mark.clause("Q/GDW 1379.1-2013", "events")
@pytest.mark.inspection_item("05012")
@pytest.mark.stand(design="individual", concentrators=1, meters=4, direct=0, keep_time=True)
@pytest.mark.bench_time(2 * 86400)
@pytest.mark.title_zh("电能表时间超差事件")
@pytest.mark.known_bad("network-wrong-clocks-not-told", "network-events-kept-back")
def test_a_wrong_meter_clock_is_told(inspector, network, check):
    """A meter's clock is put an hour wrong: a day later its event, and no other meter's, is in the center's database."""
    home = network.households[1]
    inspector.done(inspector.center.set_parameter(home.terminal, 9, EVERY_EVENT))
    network.set_meter_clock(home.number, inspector.clock.wall() + timedelta(hours=1))
    inspector.wait_till(days=1, hour=6)
    events = inspector.center.events(home.terminal, erc=CLOCK_OFF)
    points = [event.point for event in events if event.values.get("begins") == "1"]
    check.equal("points whose clock is told to be wrong", points, [home.point])


@pytest.mark.inspection_item("01004")
@pytest.mark.bench_time(3 * 3600)
@pytest.mark.title_zh("偏差过大不自动对时")
@pytest.mark.known_bad("network-time-whatever-the-offset", "network-never-calls-again")
def test_an_impossible_offset_is_left_to_people(inspector, network, check):
    """A clock more than 15 minutes off is not set by the center by itself: freezes would be lost or taken twice."""
    terminal = network.terminals[0].address
    wrong = network.terminal_clock(terminal) + timedelta(minutes=40)
    network.set_terminal_clock(terminal, wrong)
    network.drop_connections([terminal])
    inspector.wait(1.6 * 86400)
    offset_s = (network.terminal_clock(terminal) - inspector.clock.wall()).total_seconds()
    check.true(
        "the clock was left alone",
        offset_s > timedelta(minutes=35).total_seconds(),
        observed=f"{offset_s:.0f} s off",
        expected="2400 s off",
    )
    offsets = {state.entry.address: state.clock_offset_s for state in inspector.center.terminals()}
    told = offsets[terminal]
    correctable_s = float(limit_seconds(criterion("TERM.CLOCK.CORRECTABLE")))
    check.true(
        "the center tells it",
        told is not None and abs(told) > correctable_s,
        observed="nothing" if told is None else told,
        expected=f"an offset beyond {correctable_s:.0f} s",
    )
