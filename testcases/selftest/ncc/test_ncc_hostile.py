"""Frames made to cost the center more than they cost their sender, and bodies shorter than their bits announce."""

from __future__ import annotations

import pytest

from fixtures.gdw1376_1_plain import build
from fixtures.ncc_center import ADDRESS, World
from fixtures.ncc_terminal import CONFIRMED, unit_id
from rig.ncc import session as session_module

STRANGE = unit_id(1, 248)
SOURCE = "10.0.0.7:1000"


def stranger(world: World):
    """A connection that does not log in."""
    terminal = world.terminal(dial=False)
    terminal.login_at_once = False
    world.dial(terminal, SOURCE)
    return terminal


def test_nothing_but_a_link_frame_is_read_before_a_login(make, monkeypatch):
    world = make()
    parsed = []
    parse = session_module.parse_message
    monkeypatch.setattr(
        session_module,
        "parse_message",
        lambda frame, profile: parsed.append(frame.afn) or parse(frame, profile),
    )
    terminal = stranger(world)
    terminal.report(0x0C, STRANGE + b"\x04" * 16_000 + b"\xff" * 8)
    terminal.send(terminal.user(0xC9, 0x02, 0x71, unit_id(0, 1) * 4000))
    world.run(0.1)
    assert parsed == []
    assert terminal.denials == 2
    assert world.counter("refused.before-login") == 2
    terminal.login()
    world.run(0.1)
    assert parsed == [0x02]
    assert world.counter("logins") == 1


@pytest.mark.parametrize("reason", ["strikes", "noise"])
def test_whoever_misbehaves_without_a_login_is_on_trial(make, reason):
    world = make(strikes=3, noise_octets=2000, trial_octets=100)
    peer = stranger(world)
    octets = build(peer.user(0xC4, 0x0D, 0x72, b"\0" * 8)) if reason == "strikes" else b"\0" * 3000
    for _ in range(3):
        if peer.stream is not None:
            peer.stream.send(octets)
        world.run(0.1)
    assert world.counter(f"closed.{reason}") == 1
    again = stranger(world)
    again.stream.send(b"\0" * 200)
    world.run(0.1)
    assert again.closed
    assert world.counter("sessions.on-trial") == 1
    # who has an honest login comes in from the same address
    world.dial(good := world.terminal(dial=False), SOURCE)
    assert good.acks == [1]


def test_a_terminal_with_a_bad_line_may_come_back_at_once(make):
    world = make(noise_octets=2000)
    terminal = world.terminal(source=SOURCE)
    terminal.stream.send(b"\0" * 3000)
    world.run(0.1)
    assert world.counter("closed.noise") == 1
    world.dial(terminal, SOURCE)
    assert world.counter("logins") == 2


@pytest.mark.parametrize("body", ["", "00", "0000", "000001", "00000100"])
@pytest.mark.parametrize("afn", [0x0A, 0x0C, 0x0D, 0x0E])
def test_answers_shorter_than_their_additional_information_are_stale(make, afn, body):
    world = make()
    terminal = world.terminal()
    terminal.send(terminal.user(0xA8, afn, 0xE1, bytes.fromhex(body)))
    world.run(0.1)
    assert world.counter("frames.stale") == 1
    terminal.heartbeat()
    world.run(0.1)
    assert terminal.acks == [1, 2]


def test_order_that_waits_for_its_second_goes_out_after_a_new_login(make):
    world = make()
    old = world.terminal(source=SOURCE)
    world.run(0.3)
    assert world.clock.wall().microsecond
    command = world.center.set_clock(ADDRESS)
    new = world.terminal(source=SOURCE)
    new.answers[0x05] = lambda _body: CONFIRMED
    world.run(3)
    assert old.requests == []
    assert [afn for afn, _, _ in new.requests] == [0x05]
    result = world.center.result(command)
    assert result.status == "done"
    assert result.submitted_s < result.sent_s


def test_what_waits_behind_an_ended_order_goes_out(make):
    """The order that waits for its second outlives the wait: nothing else stands still for it."""
    world = make()
    terminal = world.terminal(source=SOURCE)
    world.run(0.3)
    queue = world.core.terminal(ADDRESS).queue
    world.center.set_clock(ADDRESS)
    reading = world.center.read_now(ADDRESS, [1], ["0C.F129"])
    world.terminal(source=SOURCE).answers[0x05] = lambda _body: CONFIRMED
    world.run(3)
    assert queue.current is not None
    assert queue.current.afn == 0x0C
    assert world.center.result(reading).status == "pending"
    assert terminal.closed


@pytest.mark.parametrize("octets", [b"\x68\0", b"\0"])
def test_little_is_searched_for_frames_before_a_login(make, monkeypatch, octets):
    world = make(stranger_octets=600)
    searched = []
    feed = session_module.FrameReader.feed
    monkeypatch.setattr(
        session_module.FrameReader, "feed", lambda self, data: searched.append(len(data)) or feed(self, data)
    )
    peer = stranger(world)
    for _ in range(5):
        if peer.stream is not None:
            peer.stream.send((octets * 250)[:250])
        world.run(0.1)
    assert searched == [250, 250]
    assert peer.closed
    assert world.counter("closed.noise") == 1
    terminal = world.terminal(source=SOURCE)
    for _ in range(5):
        terminal.stream.send(b"\0" * 250)
    terminal.heartbeat()
    world.run(0.1)
    assert terminal.acks == [1, 2]
