"""Events and clocks."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fixtures.ncc_center import ADDRESS, QUIET, World
from fixtures.ncc_terminal import CONFIRMED, bcd, stamp, unit_id
from rig.ncc.settings import TimeRules
from rig.ncc.store import StoreError

START = datetime(2026, 3, 2, 8, 0)


def outage(number: int, *, first: int = 0, count: int = 1, important: bool = True) -> bytes:
    """0E with power-off events, each a minute later."""
    records = b""
    for place in range(count):
        when = START + timedelta(minutes=number + place)
        records += bytes((14, 10)) + stamp(when) + stamp(when + timedelta(minutes=1))
    kind = 1 if important else 2
    last = (first + count) % 256
    return unit_id(0, kind) + bytes((last, 0, first, last)) + records


@pytest.fixture
def world():
    made = World(replace(QUIET, fetch_events=True))
    made.register()
    yield made
    made.ncc.close()


def test_reported_event_is_stored_once_and_acknowledged_after_the_commit(world):
    terminal = world.terminal()
    number = terminal.report(0x0E, outage(0))
    world.run(0.001)
    assert number not in terminal.acks
    world.run(0.2)
    assert number in terminal.acks
    again = terminal.report(0x0E, outage(0))
    world.run(0.2)
    assert again in terminal.acks
    [event] = world.center.events(ADDRESS)
    assert (event.erc, event.number, event.important) == (14, 0, True)
    assert event.name == "terminal power off and on"
    assert event.values["power_off"] == "2026-03-02 08:00"
    assert event.occurred == START + timedelta(minutes=1)


def test_like_events_at_two_places_of_the_ring_are_two(world):
    terminal = world.terminal()
    terminal.report(0x0E, outage(0, first=0))
    terminal.report(0x0E, outage(0, first=1))
    world.run(0.2)
    assert [event.number for event in world.center.events()] == [0, 1]


def test_counters_in_a_frame_make_the_center_fetch_what_it_lacks(world):
    terminal = world.terminal()
    terminal.answers[0x0E] = lambda body: outage(0, first=body[4], count=(body[5] - body[4]) % 256)
    body = unit_id(1, 161) + stamp(START)[2:] + stamp(START) + b"\0" + bcd(1, 5)
    terminal.report(0x0D, body + b"\x03\x00", control=0xE4)
    world.run(1)
    assert [request[2] for request in terminal.requests] == [unit_id(0, 1) + b"\x00\x03"]
    assert [event.number for event in world.center.events()] == [0, 1, 2]
    assert len(world.center.readings()) == 1
    terminal.report(0x0D, body + b"\x05\x00", control=0xE4)
    world.run(1)
    assert terminal.requests[-1][2] == unit_id(0, 1) + b"\x03\x05"
    terminal.report(0x0D, body + b"\x05\x00", control=0xE4)
    world.run(1)
    assert len(terminal.requests) == 2


def test_event_ring_turns_over(world):
    terminal = world.terminal()
    terminal.report(0x0E, outage(0, first=254, count=3))
    world.run(0.2)
    assert [event.number for event in world.center.events()] == [254, 255, 0]
    terminal.answers[0x0C] = lambda _body: unit_id(0, 7) + b"\x02\x00"
    terminal.answers[0x0E] = lambda body: outage(9, first=body[4], count=1)
    assert world.center.wait(world.center.read_events(ADDRESS)).ok
    assert terminal.requests[-1][2] == unit_id(0, 1) + b"\x01\x02"
    assert len(world.center.events()) == 4


def test_events_are_read_on_demand_and_none_is_asked_for_when_all_are_here(world):
    terminal = world.terminal()
    terminal.answers[0x0C] = lambda _body: unit_id(0, 7) + b"\x01\x00"
    terminal.answers[0x0E] = lambda body: outage(0, first=body[4])
    result = world.center.wait(world.center.read_events(ADDRESS))
    assert result.ok
    assert len(world.center.events(erc=14)) == 1
    assert world.center.wait(world.center.read_events(ADDRESS)).ok
    assert sum(afn == 0x0E for afn, _, _ in terminal.requests) == 1


def test_event_of_a_wrong_password_is_counted(world):
    terminal = world.terminal()
    record = bytes((20, 22)) + stamp(START) + bytes(17)
    terminal.report(0x0E, unit_id(0, 1) + b"\x01\x00\x00\x01" + record)
    world.run(0.2)
    assert world.counter("events.authentication") == 1


# -- clocks


def clock_format(when: datetime) -> bytes:
    """Format 1."""
    parts = (when.second, when.minute, when.hour, when.day)
    octets = b"".join(bcd(part, 1) for part in parts)
    month = when.isoweekday() << 5 | when.month // 10 << 4 | when.month % 10
    return octets + bytes((month,)) + bcd(when.year - 2000, 1)


class ClockWorld(World):
    """A center that reads clocks hourly, and one terminal whose clock is off."""

    def __init__(self, offset_s: float, store: str = "sqlite://", **rules: float) -> None:
        super().__init__(
            replace(QUIET, time=TimeRules(**({"check_s": 3600.0, "first_check_s": 60.0} | rules))), store
        )
        self.register()
        self.off_s = offset_s
        self.sets: list[tuple[datetime, bytes]] = []
        self.peer = self.terminal()
        self.peer.heartbeats = True
        self.peer.answers[0x0C] = lambda _body: (
            unit_id(0, 2) + clock_format(self.clock.wall() + timedelta(seconds=self.off_s))
        )
        self.peer.answers[0x05] = self.set

    def set(self, body: bytes) -> bytes:
        self.sets.append((self.clock.wall(), body[4:10]))
        self.off_s = 0.0
        return CONFIRMED


@pytest.fixture
def clocks():
    made = []

    def make(offset_s: float, store: str = "sqlite://", **rules: float) -> ClockWorld:
        made.append(ClockWorld(offset_s, store, **rules))
        return made[-1]

    yield make
    for world in made:
        world.ncc.close()


def test_clock_that_is_right_is_left_alone(clocks):
    world = clocks(30.0)
    world.run(7200)
    assert world.sets == []
    assert world.center.terminals()[0].clock_offset_s == pytest.approx(30, abs=0.6)


@pytest.mark.parametrize("offset_s", [70.0, -600.0, 890.0])
def test_clock_one_to_fifteen_minutes_off_is_set_to_the_second(clocks, offset_s):
    world = clocks(offset_s)
    world.run(5400)
    [(arrived, octets)] = world.sets
    assert octets == clock_format(arrived + timedelta(microseconds=1000))
    assert arrived.microsecond < 2000 or arrived.microsecond > 998000
    assert world.counter("clocks.corrected") == 1


@pytest.mark.parametrize("offset_s", [901.0, -3600.0])
def test_clock_farther_off_is_a_fault_and_not_set(clocks, offset_s):
    world = clocks(offset_s)
    world.run(7200)
    assert world.sets == []
    assert world.center.terminals()[0].faulty_clock
    assert world.counter("clocks.beyond") >= 1


def test_clocks_are_not_set_near_full_hours(clocks):
    world = clocks(120.0, first_check_s=3600.0 - 200.0)
    world.run(3600 * 3)
    [(arrived, _)] = world.sets
    assert 300 <= arrived.minute * 60 + arrived.second <= 3300


@pytest.mark.parametrize(
    ("minute", "second", "forbidden_s"),
    [(0, 0, 300), (4, 59, 1), (5, 0, 0), (30, 0, 0), (55, 0, 0), (55, 1, 599), (59, 59, 301)],
)
def test_time_around_full_hours(clocks, minute, second, forbidden_s):
    world = clocks(0.0)
    assert world.core.time.forbidden_s(datetime(2026, 3, 2, 0, minute, second)) == forbidden_s


def test_clock_off_again_after_two_corrections_is_faulty(clocks):
    world = clocks(400.0)
    for _ in range(3):
        world.off_s = 400.0
        world.run(2 * 3600)
    assert len(world.sets) >= 2
    world.off_s = 400.0
    world.run(2 * 3600)
    assert world.center.terminals()[0].faulty_clock


def faulty(world: World) -> bool:
    return world.center.terminals()[0].faulty_clock


def test_clock_that_is_right_again_is_faulty_no_more(clocks):
    world = clocks(3000.0)
    world.run(7200)
    assert faulty(world)
    assert world.center.wait(world.center.set_clock(ADDRESS)).ok
    world.run(3700)
    assert not faulty(world)
    assert world.counter("clocks.mended") == 1
    # and faulty again
    world.off_s = -3000.0
    world.run(3700)
    assert faulty(world)


def test_faulty_clock_that_is_less_wrong_is_still_faulty_until_it_is_right(clocks):
    world = clocks(3000.0)
    world.run(7200)
    world.off_s, world.peer.answers[0x05] = 200.0, lambda _body: None
    world.run(3700)
    assert faulty(world)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_corrections_and_faults_outlast_a_restart(clocks, new_database, kind):
    url = new_database(kind)
    first = clocks(400.0, url)
    first.run(2 * 3600)
    first.off_s = 400.0
    first.run(2 * 3600)
    assert len(first.sets) == 2
    corrected = first.core.terminal(ADDRESS).clock.corrected
    first.ncc.stop()
    # corrected twice: the next time it is a fault
    again = clocks(400.0, url)
    assert again.core.terminal(ADDRESS).clock.corrected == [when.replace(microsecond=0) for when in corrected]
    again.run(3 * 3600)
    assert again.sets == []
    assert faulty(again)
    again.ncc.stop()
    third = clocks(0.0, url)
    assert faulty(third)
    third.run(7200)
    assert not faulty(third)
    third.ncc.stop()
    assert not faulty(clocks(0.0, url))


def test_fault_that_could_not_be_stored_is_stored_later(clocks, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/clocks.db"
    world = clocks(3000.0, url)
    prepare = world.core.store.prepare

    def refuse(_batch: object) -> object:
        raise StoreError("disk full")

    monkeypatch.setattr(world.core.store, "prepare", refuse)
    world.run(7200)
    assert faulty(world)
    assert world.core.store.clocks() == ()
    monkeypatch.setattr(world.core.store, "prepare", prepare)
    world.run(120)
    assert [row.faulty for row in world.core.store.clocks()] == [True]


def test_clock_is_set_by_hand_at_any_time(clocks):
    world = clocks(3.0, check_s=0.0)
    assert world.center.wait(world.center.set_clock(ADDRESS)).ok
    assert len(world.sets) == 1


def test_unreadable_clock_is_counted(clocks):
    world = clocks(0.0)
    world.peer.answers[0x0C] = lambda _body: unit_id(0, 2) + b"\xff" * 6
    world.run(3600)
    assert world.counter("clocks.unreadable") >= 1
    assert world.sets == []
