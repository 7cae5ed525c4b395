"""Whoever knows a terminal's address may log in as it: what the terminal keeps, and what is told of it."""

from __future__ import annotations

import pytest

from fixtures.ncc_center import World
from fixtures.ncc_terminal import PlainTerminal

HERE, THERE = "10.0.0.1", "10.9.9.9"


def online_from(world: World) -> str:
    return world.center.terminals()[0].remote.rpartition(":")[0]


def test_login_from_elsewhere_right_after_a_login_is_refused_and_told(make):
    world = make()
    true = world.terminal(1, source=HERE)
    world.run(9)
    liar = world.terminal(1, source=THERE)
    assert (liar.denials, bool(liar.closed)) == (1, True)
    assert not true.closed
    assert online_from(world) == HERE
    assert world.counter("refused.takeover") == 1
    assert any("has just logged in elsewhere" in line for line in world.log)


def test_terminal_whose_address_changed_gets_in_at_once_or_after_the_documented_time(make):
    world = make()
    world.terminal(1, source=HERE)
    world.run(10)
    # its connection is half-open, and it calls from another address
    assert not world.terminal(1, source=THERE).closed
    assert online_from(world) == THERE
    # again, too soon; ten seconds later it is in
    assert world.terminal(1, source=HERE).closed
    world.run(10)
    assert not world.terminal(1, source=HERE).closed
    assert online_from(world) == HERE


def test_terminal_that_calls_again_from_its_address_gets_in_at_once(make):
    world = make()
    for _ in range(5):
        newer = world.terminal(1, source=HERE)
        assert not newer.closed
    assert world.counter("refused.takeover") == 0
    assert world.counter("sessions.taken-over") == 0


def test_terminal_whose_connection_ended_gets_in_at_once_from_anywhere(make):
    world = make()
    older = world.terminal(1, source=HERE)
    older.stream.close()
    world.run(0.1)
    assert not world.terminal(1, source=THERE).closed
    assert world.counter("sessions.taken-over") == 0


def fight(world: World, times: int) -> None:
    """The terminal and somebody else take the connection from each other."""
    for number in range(times):
        world.terminal(1, source=THERE if number % 2 else HERE)
        world.run(20)


def test_terminal_fought_for_is_a_finding(make):
    world = make(takeovers=3)
    fight(world, 3)
    assert world.counter("security.contested") == 0
    fight(world, 2)
    assert world.counter("security.contested") >= 1
    assert any(
        "security.contested" in line and "0171-0001" in line and "somebody else" in line for line in world.log
    )


def test_addresses_that_change_now_and_then_are_no_finding(make):
    world = make(takeovers=3)
    for number in range(10):
        world.terminal(1, source=THERE if number % 2 else HERE)
        world.run(400)
    assert world.counter("sessions.taken-over") == 9
    assert world.counter("security.contested") == 0


@pytest.mark.parametrize("closes", [False, True], ids=["keeps", "closes first"])
def test_logins_again_and_again_from_elsewhere_do_not_keep_the_terminal_out(make, closes):
    world = make()
    world.terminal(1, source=HERE)
    world.run(10)
    liar = world.terminal(1, source=THERE)
    assert online_from(world) == THERE
    got_in, next_s = 0, world.clock.now_s() + 9
    for _ in range(200):
        # the terminal calls every 30 s, the liar every 9 s, whether he is connected or not
        call_s = world.clock.now_s() + 30
        while next_s < call_s:
            world.clock.wait_until(next_s)
            next_s += 9
            if closes and liar.stream is not None:
                liar.stream.close()
            liar = world.terminal(1, source=THERE)
        world.clock.wait_until(call_s)
        true = world.terminal(1, source=HERE)
        got_in += not true.closed and online_from(world) == HERE
    assert got_in == 200
    # each round the terminal takes its connection back
    assert world.counter("sessions.taken-over") >= 200
    assert world.counter("security.contested") >= 1
    assert any("security.contested" in line for line in world.log)


def test_refused_takeovers_are_a_finding(make):
    world = make(takeovers=3)
    world.terminal(1, source=HERE)
    for number in range(3):
        assert world.counter("security.contested") == 0
        world.run(2)
        assert world.terminal(1, source=f"10.9.9.{number}").closed
    assert world.counter("sessions.taken-over") == 0
    assert world.counter("refused.takeover") == 3
    assert world.counter("security.contested") == 1
    assert online_from(world) == HERE


def test_terminal_that_stays_at_its_address_does_not_gain_time_by_calling_again(make):
    world = make()
    world.terminal(1, source=HERE)
    world.run(8)
    world.terminal(1, source=HERE)
    world.run(3)
    assert not world.terminal(1, source=THERE).closed


def flood(terminal: PlainTerminal) -> None:
    for _ in range(60):
        if terminal.stream is not None:
            terminal.heartbeat()


def test_flood_under_a_terminals_name_does_not_keep_the_terminal_out(make):
    world = make(frames_burst=50.0, frames_per_s=10.0, penalty_s=60.0)
    liar = world.terminal(1, source=THERE)
    flood(liar)
    world.run(1)
    assert liar.closed
    true = world.terminal(1, source=HERE)
    assert not true.closed
    world.run(20)
    assert world.terminal(1, source=THERE).closed
    assert world.counter("refused.penalty") == 1
    assert online_from(world) == HERE


def test_addresses_of_floods_are_remembered_within_bounds(make):
    world = make(octets_burst=100.0, octets_per_s=1.0)
    for number in range(1100):
        session = world.core.accept(f"h{number}:1")
        session.received(b"\0" * 101)
    assert 0 < len(world.core._penalties) <= 1000
