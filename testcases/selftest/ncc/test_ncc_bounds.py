"""Peers that flood, stall, lie, replay or claim to be another: each bound, and that others are served meanwhile."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.gdw1376_1_plain import build
from fixtures.ncc_center import ADDRESS, World, limits
from fixtures.ncc_terminal import PlainTerminal, bcd, curve, day_freeze, unit_id

OTHER = "0171-0002"


class RawPeer:
    """A connection that sends octets."""

    def __init__(self) -> None:
        self.stream = None
        self.closed = ""
        self.heard = b""

    def connected(self, stream) -> None:
        self.stream = stream

    def disconnected(self, reason) -> None:
        self.closed = reason or "closed"

    def received(self, data) -> None:
        self.heard += data


@pytest.fixture
def make():
    made = []

    def build_world(**bounds) -> World:
        world = World(limits(**bounds))
        made.append(world)
        world.register()
        world.register(OTHER)
        return world

    yield build_world
    for world in made:
        world.ncc.close()


def raw(world: World, source: str = "") -> RawPeer:
    peer = RawPeer()
    world.network.dial(world.ncc.address, peer, source=source)
    world.run(0.01)
    return peer


def reading(point: int = 1) -> bytes:
    return unit_id(point, 161) + bytes.fromhex("010326") + bytes.fromhex("0000010326") + b"\0" + bcd(7, 5)


def alive(world: World, terminal: PlainTerminal) -> bool:
    """Another terminal is still served."""
    before = len(terminal.acks)
    terminal.heartbeat()
    world.run(0.1)
    return len(terminal.acks) == before + 1


def test_frames_of_other_protocols_before_a_login_are_refused(make):
    world = make()
    terminal = world.terminal(dial=False)
    terminal.login_at_once = False
    world.dial(terminal)
    terminal.report(0x0D, reading())
    world.run(1)
    assert terminal.denials == 1
    assert world.center.readings() == ()
    assert world.counter("refused.before-login") == 1
    assert any("before its login" in line for line in world.log)


def test_unknown_terminal_is_refused_and_cut_off(make):
    world = make()
    stranger = world.terminal(77)
    assert stranger.denials == 1
    assert stranger.closed
    assert world.counter("refused.unknown") == 1


@pytest.mark.parametrize("address", [(0xFFFF, 1), (0x0001, 1)])
def test_group_and_broadcast_addresses_cannot_log_in(make, address):
    world = make()
    peer = raw(world)
    terminal, group = address
    user = b"\xc9\x71\x01" + terminal.to_bytes(2, "little") + bytes((group, 0x02, 0x71)) + unit_id(0, 1)
    peer.stream.send(build(user))
    world.run(1)
    assert peer.closed
    assert world.counter("logins") == 0


def test_terminal_cannot_write_the_data_of_another(make):
    world = make()
    good, liar = world.terminal(1), world.terminal(2)
    liar.address = good.address
    liar.report(0x0D, reading())
    world.run(0.5)
    assert liar.denials == 1
    assert world.center.readings() == ()
    assert world.counter("refused.address") == 1
    assert any("0171-0002 sent a frame of 0171-0001" in line for line in world.log)
    assert world.center.terminals()[0].online


def test_terminal_cannot_log_another_in_on_its_connection(make):
    world = make()
    good, liar = world.terminal(1), world.terminal(2)
    liar.address = good.address
    liar.login()
    world.run(0.5)
    assert liar.denials == 1
    assert alive(world, good)
    assert world.counter("logins") == 2


def test_liar_is_cut_off_after_some_strikes(make):
    world = make(strikes=3)
    good, liar = world.terminal(1), world.terminal(2)
    liar.address = good.address
    for _ in range(5):
        if liar.stream is not None:
            liar.report(0x0D, reading())
        world.run(0.2)
    assert liar.closed
    assert world.counter("closed.strikes") == 1
    assert alive(world, good)


def test_answers_of_another_do_not_end_a_request(make):
    world = make()
    good, liar = world.terminal(1), world.terminal(2)
    command = world.center.control(ADDRESS, 2)
    world.run(0.1)
    seq = good.requests[0][1]
    liar.address = good.address
    liar.send(liar.user(0x80, 0x00, 0x60 | seq & 15, b"\0\0\x01\0", master=1))
    world.run(0.5)
    assert world.center.result(command).status == "pending"


def test_frame_of_a_master_is_refused(make):
    world = make()
    terminal = world.terminal()
    terminal.send(terminal.user(0x4B, 0x0C, 0x61, unit_id(0, 2)))
    world.run(0.2)
    assert world.counter("refused.direction") == 1


def test_wrong_password_in_authentication_is_refused_and_counted(make):
    world = make()
    terminal = world.terminal()
    terminal.report(0x06, unit_id(0, 1) + bytes(16) + b"\x01" * 16)
    world.run(0.2)
    assert terminal.denials == 1
    assert world.counter("refused.password") == 1
    assert any("wrong PW" in line for line in world.log)


@pytest.mark.parametrize("noise", [b"", b"abc"])
def test_too_long_a_frame_ends_the_connection(make, noise):
    world = make(frame_octets=200)
    good, bad = world.terminal(1), world.terminal(2)
    bad.stream.send(noise + build(bad.user(0xC4, 0x0D, 0x72, b"\0" * 300)))
    world.run(0.5)
    assert bad.closed
    assert world.counter("closed.frame-size") == 1
    assert alive(world, good)


def test_lying_length_waits_no_longer_than_the_bound(make):
    world = make(frame_s=10.0)
    good, bad = world.terminal(1), world.terminal(2)
    # says 4,000 octets, sends twelve
    bad.stream.send(bytes.fromhex("68823e823e68c4") + b"\0" * 5)
    world.run(9)
    assert not bad.closed
    world.run(2)
    assert bad.closed
    assert world.counter("closed.slow") == 1
    assert alive(world, good)


def test_slow_sender_cannot_prolong_a_frame(make):
    world = make(frame_s=10.0)
    bad = world.terminal(2)
    frame = build(bad.user(0xC4, 0x0D, 0x72, reading()))
    for octet in frame:
        if bad.stream is None:
            break
        bad.stream.send(bytes((octet,)))
        world.run(1)
    assert bad.closed
    assert world.counter("closed.slow") == 1
    assert world.center.readings() == ()


def test_noise_is_bounded(make):
    world = make(noise_octets=5000)
    good, bad = world.terminal(1), world.terminal(2)
    for _ in range(8):
        if bad.stream is not None:
            bad.stream.send(b"\x68\x00" * 500)
        world.run(0.2)
    assert bad.closed
    assert world.counter("closed.noise") == 1
    assert world.counter("octets.noise") >= 5000
    assert alive(world, good)


def test_frames_are_found_behind_noise(make):
    world = make()
    terminal = world.terminal()
    frame = build(terminal.user(0xC4, 0x0D, 0x72, reading()))
    broken = frame[:-2] + bytes((frame[-2] ^ 1, 0x16))
    terminal.stream.send(b"abc" + broken + b"\xfe\xfe" + frame[:9])
    world.run(1)
    terminal.stream.send(frame[9:])
    world.run(1)
    assert len(world.center.readings()) == 1
    assert 2 in terminal.acks


@pytest.mark.parametrize("size", [1, 2, 7, 19])
def test_frames_cut_anywhere(make, size):
    world = make()
    terminal = world.terminal()
    octets = b"".join(
        build(terminal.user(0xC4, 0x0D, 0x70 | number, reading(number))) for number in (1, 2, 3, 4)
    )
    for at in range(0, len(octets), size):
        terminal.stream.send(octets[at : at + size])
        world.run(0.001)
    world.run(1)
    assert len(world.center.readings()) == 4


def test_too_many_frames_a_second_end_the_connection_and_keep_the_terminal_out(make):
    world = make(frames_burst=50.0, frames_per_s=10.0, penalty_s=60.0)
    # both behind one address, as carriers do it
    good, bad = world.terminal(1, source="10.0.0.2"), world.terminal(2, source="10.0.0.2")
    for _ in range(60):
        if bad.stream is not None:
            bad.heartbeat()
    world.run(1)
    assert bad.closed
    assert world.counter("closed.rate") == 1
    world.dial(bad, source="10.0.0.2")
    assert world.counter("refused.penalty") == 1
    assert bad.closed
    assert alive(world, good)
    good.stream.close()
    world.dial(good, source="10.0.0.2")
    assert world.center.terminals()[0].online
    world.run(61)
    world.dial(bad, source="10.0.0.2")
    assert world.center.terminals()[1].online


def test_too_many_octets_a_second_end_the_connection(make):
    world = make(octets_burst=2000.0, octets_per_s=100.0)
    bad = world.terminal(2)
    for _ in range(3):
        if bad.stream is not None:
            bad.stream.send(b"\0" * 900)
        world.run(0.01)
    assert bad.closed
    assert world.counter("closed.rate") == 1


def test_flood_before_a_login_shuts_no_terminal_at_its_address_out(make):
    world = make(octets_burst=4000.0, octets_per_s=100.0, penalty_s=60.0, trial_octets=200)
    logged_in = world.terminal(1, source="10.0.0.3")
    peer = raw(world, "10.0.0.3")
    peer.stream.send(b"\0" * 4001)
    world.run(1)
    assert peer.closed
    assert world.counter("closed.rate") == 1
    assert alive(world, logged_in)
    # one more behind the address logs in, and from then on has what every terminal has
    other = world.terminal(2, source="10.0.0.3")
    assert [state.online for state in world.center.terminals()] == [True, True]
    for _ in range(40):
        other.heartbeat()
    world.run(1)
    assert not other.closed
    assert world.counter("sessions.on-trial") == 1


def test_flood_before_a_login_leaves_little_to_whoever_does_not_log_in(make):
    world = make(octets_burst=4000.0, octets_per_s=100.0, penalty_s=60.0, trial_octets=200)
    first = raw(world, "10.0.0.3")
    first.stream.send(b"\0" * 4001)
    world.run(1)
    again = raw(world, "10.0.0.3")
    again.stream.send(b"\0" * 200)
    # what a connection on trial has sent does not grow back
    world.run(10)
    assert not again.closed
    again.stream.send(b"\0")
    world.run(0.1)
    assert again.closed
    # elsewhere, and when the penalty is over, it is as ever
    world.run(61)
    for source in ("10.0.0.3", "10.0.0.4"):
        peer = raw(world, source)
        peer.stream.send(b"\0" * 300)
        world.run(0.1)
        assert not peer.closed


def test_connections_without_a_login_make_room(make):
    world = make(sessions_per_address=3, sessions=5, room_s=5.0)
    idle = [raw(world, "10.0.0.3") for _ in range(2)]
    logged_in = world.terminal(1, source="10.0.0.3")
    # too young to make room
    assert world.core.accept("10.0.0.3:9") is None
    assert world.log[-1].endswith("one connection more than 3 (sessions-per-address) of one address")
    world.run(6)
    other = world.terminal(2, source="10.0.0.3")
    assert [bool(peer.closed) for peer in idle] == [True, False]
    assert not other.closed
    assert not logged_in.closed
    world.run(6)
    # all together: the one left of the first address makes room for others
    elsewhere = [raw(world, f"10.0.0.{host}") for host in (4, 5)]
    third = raw(world, "10.0.0.6")
    assert idle[1].closed
    assert not third.closed
    assert world.core.accept("10.0.0.7:9") is None
    assert not logged_in.closed
    assert not other.closed
    assert world.log[-1].endswith("one connection more than 5 (sessions)")
    assert not any(peer.closed for peer in elsewhere)
    assert len(world.core.strangers) == 3
    for peer in (*elsewhere, third):
        peer.stream.close()
    world.run(0.1)
    assert len(world.core.strangers) == 0


def test_allowed_rate_is_allowed(make):
    world = make(frames_burst=20.0, frames_per_s=10.0)
    terminal = world.terminal()
    for _ in range(300):
        terminal.heartbeat()
        world.run(0.11)
    assert not terminal.closed
    assert len(terminal.acks) == 301


def test_half_open_connection_is_closed(make):
    world = make(login_s=30.0)
    peer = raw(world)
    world.run(29)
    assert not peer.closed
    world.run(2)
    assert peer.closed
    assert world.counter("closed.no-login") == 1
    assert world.center.statistics().sessions == 0


def test_idle_connection_is_closed_and_a_heartbeat_keeps_it(make):
    world = make()
    idle, kept = world.terminal(1), world.terminal(2)
    for _ in range(6):
        world.run(800)
        kept.heartbeat()
    assert idle.closed
    assert not kept.closed
    assert world.counter("closed.idle") == 1


def test_sessions_of_one_address_and_of_all_are_bounded(make):
    world = make(sessions_per_address=2, sessions=3)
    for _ in range(3):
        raw(world, "10.0.0.9")
    assert world.counter("refused.address-sessions") == 1
    raw(world, "10.0.0.8")
    raw(world, "10.0.0.7")
    assert world.counter("refused.sessions") == 1
    assert world.center.statistics().sessions == 3


def test_second_login_ends_the_older_connection(make):
    world = make()
    older = world.terminal(1, source="10.0.0.1")
    world.run(10)
    newer = world.terminal(1, source="10.0.0.2")
    assert older.closed
    assert not newer.closed
    assert world.counter("closed.superseded") == 1
    assert world.center.terminals()[0].remote.startswith("10.0.0.2")
    newer.report(0x0D, reading())
    world.run(0.2)
    assert len(world.center.readings()) == 1


def test_report_that_cannot_be_read_is_denied(make):
    world = make()
    terminal = world.terminal()
    terminal.report(0x0D, b"\x01\x01\x01\x14" + b"\x99\x99\x99")
    world.run(0.2)
    assert terminal.denials == 1
    assert world.counter("frames.unreadable") == 1


def test_unexpected_function_is_denied(make):
    world = make()
    terminal = world.terminal()
    terminal.report(0x0A, unit_id(0, 30) + b"\x01")
    world.run(0.2)
    assert terminal.denials == 1
    assert world.counter("frames.unexpected") == 1


def test_queue_of_one_terminal_is_bounded(make):
    world = make(queue=5)
    commands = [world.center.read_now(ADDRESS, [1], ["0C.F129"]) for _ in range(8)]
    states = [world.center.result(command).status for command in commands]
    assert states == ["pending"] * 5 + ["failed"] * 3


def test_finished_commands_are_forgotten_in_the_end(make):
    from rig.errors import ConfigError

    world = make(commands=3)
    commands = [world.center.read_now(ADDRESS, [1], ["0C.F129"]) for _ in range(5)]
    with pytest.raises(ConfigError):
        world.center.result(commands[0])
    assert world.center.result(commands[4]).status == "pending"


def test_answer_of_endless_frames_is_given_up(make):
    world = make(answer_frames=10)
    terminal = world.terminal()
    piece = unit_id(1, 129) + bytes.fromhex("0008020326") + b"\0" + bcd(1, 5)
    terminal.answers[0x0C] = lambda _body: [piece] * 40
    result = world.center.wait(world.center.read_now(ADDRESS, [1], ["0C.F129"]))
    assert result.status == "failed"


PIECE = unit_id(1, 129) + bytes.fromhex("0008020326") + b"\0" + bcd(1, 5)


def partly(terminal: PlainTerminal, frames: int, *, final: bool = False) -> None:
    """The answer to the request that is out: so many frames of it."""
    seq = terminal.requests[-1][1] & 15
    for place in range(frames):
        bits = (0x40 if place == 0 else 0) | (0x20 if final and place == frames - 1 else 0)
        terminal.send(terminal.user(0x88, 0x0C, bits | (seq + place) & 15, PIECE, master=1))


def asked(world: World, terminal: PlainTerminal, address: str = ADDRESS) -> str:
    """A reading that has been asked for."""
    command = world.center.read_now(address, [1], ["0C.F129"])
    world.run(0.1)
    assert terminal.requests
    return command


def test_answer_of_too_many_octets_is_given_up(make):
    world = make(answer_octets=4 * len(PIECE))
    terminal = world.terminal()
    command = asked(world, terminal)
    partly(terminal, 5, final=True)
    assert world.center.wait(command).ok
    assert world.core._incomplete.octets == 0
    command = asked(world, terminal)
    partly(terminal, 6, final=True)
    result = world.center.wait(command)
    assert (result.status, result.message) == ("failed", "answer of too many octets")
    assert world.core._incomplete.octets == 0


def test_incomplete_answers_are_bounded_together_and_the_longest_goes_first(make):
    world = make(answers_octets=10 * len(PIECE))
    first, second = world.terminal(1), world.terminal(2)
    greedy, modest = asked(world, first), asked(world, second, OTHER)
    partly(second, 2)
    partly(first, 8)
    world.run(0.1)
    assert world.core._incomplete.octets == 10 * len(PIECE)
    assert world.center.result(greedy).status == "pending"
    seq = second.requests[-1][1]
    second.send(second.user(0x88, 0x0C, (seq + 2) & 15, PIECE, master=1))
    world.run(0.1)
    assert world.center.result(greedy).message == "answers of too many octets at once"
    second.send(second.user(0x88, 0x0C, 0x20 | (seq + 3) & 15, PIECE, master=1))
    assert world.center.wait(modest).ok
    assert world.core._incomplete.octets == 0


def lost(terminal: PlainTerminal, world: World) -> None:
    terminal.stream.close()


def begun_anew(terminal: PlainTerminal, world: World) -> None:
    """The answer has a frame out of order."""
    terminal.send(terminal.user(0x88, 0x0C, (terminal.requests[-1][1] + 9) & 15, PIECE, master=1))


def silent(terminal: PlainTerminal, world: World) -> None:
    world.run(world.core.settings.answer_s)


@pytest.mark.parametrize("end", [lost, begun_anew, silent])
def test_what_came_of_an_answer_is_forgotten_when_it_is_of_no_use(make, end):
    world = make()
    terminal = world.terminal()
    asked(world, terminal)
    partly(terminal, 3)
    world.run(0.1)
    assert world.core._incomplete.octets == 3 * len(PIECE)
    end(terminal, world)
    world.run(0.1)
    assert world.core._incomplete.octets == 0


def test_refusals_are_logged_at_a_bounded_rate(make):
    world = make(strikes=1000)
    terminal = world.terminal()
    for _ in range(100):
        terminal.send(terminal.user(0x4B, 0x0C, 0x61, unit_id(0, 2)))
        world.run(0.1)
    assert world.counter("refused.direction") == 100
    assert sum("refused.direction" in line for line in world.log) == 1


def seeds(terminal: PlainTerminal) -> list[bytes]:
    """Sound frames of every kind that a terminal sends."""
    freeze = day_freeze(1, 161, datetime(2026, 3, 1), [5, 1, 1])
    points = curve(2, 101, datetime(2026, 3, 1), 1, [1, 2, 3])
    event = unit_id(0, 1) + b"\x01\x00\x00\x01" + bytes((14, 10)) + bytes.fromhex("0008020326") * 2
    users = [
        (0xC9, 0x02, 0x71, unit_id(0, 1)),
        (0xC9, 0x02, 0x72, unit_id(0, 3)),
        (0xC4, 0x0D, 0x73, freeze),
        (0xE4, 0x0D, 0x74, points + b"\x01\x02"),
        (0xC4, 0x0E, 0x75, event),
        (0x88, 0x0C, 0x61, unit_id(0, 2) + bytes.fromhex("000008028326")),
        (0x80, 0x00, 0x61, unit_id(0, 1)),
        (0x88, 0x0A, 0x41, unit_id(0, 10) + b"\0\0"),
        (0xC4, 0x06, 0x76, unit_id(0, 1) + bytes(32)),
        (0xC4, 0xF4, 0xF7, b"\0" * 12),
    ]
    return [build(terminal.user(*parts)) for parts in users]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_a_peer_sends_nothing_breaks_and_others_are_served(seed):
    draw = random.Random(seed)
    world = World(replace(limits(strikes=10**9, penalty_s=0.0), fetch_events=True))
    world.register()
    world.register(OTHER)
    good, bad = world.terminal(1), world.terminal(2)
    frames = seeds(bad)
    world.center.read_now(OTHER, [1], ["0C.F129"])
    world.center.control(OTHER, 2)
    for _ in range(30):
        user = bytearray(draw.choice(frames)[6:-2])
        for _ in range(draw.randrange(4)):
            user[draw.randrange(len(user))] = draw.choice([0, 1, 0x40, 0x80, 0xEE, 0xFF, draw.randrange(256)])
        octets = build(bytes(user[: len(user) - draw.choice([0, 0, 0, 1, 5])]))
        if draw.random() < 0.2:
            octets = octets[: draw.randrange(len(octets))]
        if bad.stream is None:
            world.dial(bad)
        if bad.stream is not None:
            bad.stream.send(octets)
        world.run(draw.choice([0.0, 0.05, 25.0]))
    assert alive(world, good)
    assert {row.terminal for row in world.center.readings()} <= {OTHER}
    world.ncc.close()
