"""What the center promises when something goes wrong beside it: the store fails, events have gaps, a peer cuts its frames."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fixtures.gdw1376_1_plain import build
from fixtures.ncc_center import ADDRESS, QUIET, World, limits
from fixtures.ncc_terminal import CONFIRMED, bcd, day_freeze, stamp, unit_id
from rig.errors import ConfigError
from rig.ncc.service import Actor
from rig.ncc.settings import Settings
from rig.ncc.store import StoreError
from rig.ports.command_center import CollectionTask

START = datetime(2026, 3, 2, 8, 0)
CONTROLLER = Actor("desk", "controller")
FETCHING = replace(QUIET, fetch_events=True)


def power_off(first: int, count: int = 1, *, when: datetime = START) -> bytes:
    """0E F1 with power-off events, their times by their place in the ring."""
    records = b"".join(
        bytes((14, 10)) + 2 * stamp(when + timedelta(minutes=(first + place) % 256)) for place in range(count)
    )
    last = (first + count) % 256
    return unit_id(0, 1) + bytes((last, 0, first, last)) + records


def telling(counter: int) -> bytes:
    """A day freeze whose frame tells the event counter."""
    return day_freeze(1, 161, START, [1]) + bytes((counter, 0))


class Worlds:
    """Makes centers and closes them."""

    def __init__(self) -> None:
        self.made: list[World] = []

    def __call__(self, settings: Settings = QUIET, store: str = "sqlite://") -> World:
        world = World(settings, store)
        world.register()
        self.made.append(world)
        return world


@pytest.fixture
def worlds():
    made = Worlds()
    yield made
    for world in made.made:
        world.ncc.close()


class Failing:
    """The store's commit fails while ``on``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
        self.on = True
        commit = world.core.store.commit

        def failing(prepared: object) -> int:
            if self.on:
                world.core.store._writer_ready._connection.rollback()
                raise StoreError("disk full")
            return commit(prepared)

        monkeypatch.setattr(world.core.store, "commit", failing)


def events_of(world: World) -> list[int]:
    return [event.number for event in world.center.events()]


# -- connections


def test_frames_that_come_in_two_pieces_leave_no_timers_behind(worlds):
    world = worlds()
    terminal = world.terminal()
    frame = build(terminal.user(0xC4, 0x0D, terminal.next_seq(confirm=False), day_freeze(1, 161, START, [1])))
    world.run(1)

    def cut(times: int) -> int:
        for _ in range(times):
            terminal.stream.send(frame[:30])
            world.run(0.01)
            terminal.stream.send(frame[30:])
            world.run(0.01)
        world.run(0.1)
        return len(world.clock._heap)

    few = cut(2)
    assert cut(200) <= few + 2


def test_half_a_frame_is_given_up_after_many_whole_ones_in_pieces(worlds):
    world = worlds(limits(frame_s=30.0))
    terminal = world.terminal()
    frame = build(terminal.user(0xC4, 0x0D, terminal.next_seq(confirm=False), day_freeze(1, 161, START, [1])))
    for _ in range(5):
        terminal.stream.send(frame[:30])
        world.run(12)
        terminal.stream.send(frame[30:])
        world.run(12)
    assert not terminal.closed
    terminal.stream.send(frame[:30])
    world.run(29)
    assert not terminal.closed
    world.run(1.1)
    assert terminal.closed


def test_terminal_that_logs_in_again_and_again_is_caught_up_once(worlds, monkeypatch):
    world = worlds()
    world.center.schedule(
        CollectionTask("days", ("0D.F161",), 86400.0, datetime(2026, 3, 2), recollect_s=86400.0)
    )
    asked = []
    present = world.core.store.present
    monkeypatch.setattr(world.core.store, "present", lambda *words: asked.append(words) or present(*words))
    world.terminal().report(
        0x0D, b"".join(day_freeze(point, 161, datetime(2026, 3, 1), [1]) for point in (1, 2, 3, 4))
    )
    world.run(40)
    asked.clear()
    for _ in range(50):
        world.terminal()
    world.run(60)
    assert len(asked) <= 3


# -- events


def test_event_answer_is_acknowledged_only_when_its_events_are_stored(worlds, monkeypatch):
    world = worlds(FETCHING)
    terminal = world.terminal()
    failing = Failing(monkeypatch, world)
    terminal.report(0x0D, telling(2), control=0xE4, confirm=False)
    world.run(0.01)
    _, seq, body = terminal.requests[-1]
    assert body == unit_id(0, 1) + b"\x00\x02"
    before = len(terminal.acks)
    terminal.send(terminal.user(0x88, 0x0E, 0x70 | seq & 15, power_off(0, 2), master=1))
    world.run(0.1)
    assert len(terminal.acks) == before
    assert events_of(world) == []
    failing.on = False


@pytest.mark.parametrize("last", [False, True])
def test_each_frame_of_a_long_event_answer_is_stored_before_it_is_acknowledged(worlds, last):
    world = worlds(FETCHING)
    terminal = world.terminal()
    terminal.report(0x0D, telling(4), control=0xE4, confirm=False)
    world.run(0.01)
    _, seq, _ = terminal.requests[-1]
    before = len(terminal.acks)
    terminal.send(terminal.user(0x88, 0x0E, 0x50 | seq & 15, power_off(0, 2), master=1))
    if last:
        terminal.send(terminal.user(0x88, 0x0E, 0x30 | (seq + 1) & 15, power_off(2, 2), master=1))
    world.run(0.1)
    assert len(terminal.acks) == before + 1 + last
    assert events_of(world) == [0, 1, 2, 3][: 4 if last else 2]


def test_events_that_could_not_be_stored_are_fetched_again(worlds, monkeypatch):
    world = worlds(FETCHING)
    terminal = world.terminal()
    terminal.answers[0x0E] = lambda body: power_off(body[4], (body[5] - body[4]) % 256)
    failing = Failing(monkeypatch, world)
    terminal.report(0x0D, telling(3), control=0xE4)
    world.run(5)
    assert events_of(world) == []
    failing.on = False
    terminal.report(0x0D, telling(3), control=0xE4)
    world.run(5)
    assert events_of(world) == [0, 1, 2]


def test_gap_before_a_reported_event_is_fetched_after_a_restart(worlds, tmp_path):
    url = f"sqlite:///{tmp_path}/events.db"
    first = worlds(FETCHING, url)
    terminal = first.terminal()
    terminal.report(0x0E, power_off(0, 2))
    first.run(1)
    first.ncc.stop()
    again = worlds(FETCHING, url)
    terminal = again.terminal()
    terminal.answers[0x0E] = lambda body: power_off(body[4], (body[5] - body[4]) % 256)
    terminal.report(0x0E, power_off(5))
    again.run(1)
    terminal.report(0x0D, telling(6), control=0xE4)
    again.run(5)
    assert sorted(events_of(again)) == [0, 1, 2, 3, 4, 5]


def test_gap_of_events_outlives_a_restart(worlds, tmp_path):
    url = f"sqlite:///{tmp_path}/events.db"
    first = worlds(QUIET, url)
    terminal = first.terminal()
    terminal.report(0x0E, power_off(0, 2))
    terminal.report(0x0E, power_off(5))
    first.run(1)
    first.ncc.stop()
    again = worlds(FETCHING, url)
    terminal = again.terminal()
    terminal.answers[0x0E] = lambda body: power_off(body[4], (body[5] - body[4]) % 256)
    terminal.report(0x0D, telling(6), control=0xE4)
    again.run(5)
    assert sorted(events_of(again)) == [0, 1, 2, 3, 4, 5]


def test_terminal_that_gives_events_in_portions_is_asked_for_the_rest(worlds):
    world = worlds(FETCHING)
    terminal = world.terminal()
    terminal.answers[0x0E] = lambda body: power_off(body[4], min(2, (body[5] - body[4]) % 256))
    terminal.report(0x0D, telling(5), control=0xE4)
    world.run(5)
    assert events_of(world) == [0, 1, 2, 3, 4]


def test_report_of_events_that_cannot_be_read_is_denied(worlds):
    world = worlds()
    terminal = world.terminal()
    before = len(terminal.acks)
    terminal.report(0x0E, unit_id(0, 200) + b"\x01\x02\x03")
    world.run(1)
    assert len(terminal.acks) == before
    assert terminal.denials == 1
    assert world.counter("frames.unreadable") == 1


@pytest.mark.parametrize("year", [2026, 2069, 2099])
def test_event_of_a_clock_far_off_does_not_keep_others_from_the_store(new_database, worlds, year):
    for kind in ("sqlite", "postgresql"):
        world = worlds(QUIET, new_database(kind))
        terminal = world.terminal()
        event = terminal.report(0x0E, power_off(0, when=datetime(year, 1, 1)))
        number = terminal.report(0x0D, day_freeze(1, 161, START, [1]))
        world.run(1)
        assert event in terminal.acks, kind
        assert number in terminal.acks, kind
        assert [found.occurred.year for found in world.center.events()] == [year]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_reading_marked_far_off_does_not_keep_others_from_being_found(new_database, worlds, kind):
    world = worlds(QUIET, new_database(kind))
    terminal = world.terminal()
    terminal.report(0x0D, day_freeze(1, 161, datetime(2099, 12, 31), [1]))
    terminal.report(0x0D, day_freeze(1, 161, datetime(2026, 3, 1), [2]))
    world.run(1)
    found = world.center.readings(first=datetime(2026, 2, 1))
    assert [row.mark.year for row in found] == [2026, 2099]
    assert len(world.center.readings(last=datetime(2099, 12, 31))) == 2
    assert len(world.center.readings(first=datetime(2026, 2, 1), last=datetime(2099, 12, 30))) == 1


# -- audit


def later(work: Callable[[], int], done: Callable[[int | StoreError], None]) -> None:
    """Keeps commits until the test runs them."""
    PENDING.append((work, done))


PENDING: list[tuple[Callable[[], int], Callable[[int | StoreError], None]]] = []


def settle(outcome: StoreError | None = None) -> None:
    """Run the commits that wait; or let them fail."""
    while PENDING:
        work, done = PENDING.pop(0)
        done(work() if outcome is None else outcome)


@pytest.fixture
def slow(worlds):
    PENDING.clear()
    world = worlds()
    terminal = world.terminal()
    terminal.answers[0x05] = lambda _body: CONFIRMED
    world.run(1)
    world.core.journal._run = later
    yield world, terminal
    settle()


def test_command_is_sent_only_when_the_audit_trail_has_it(slow):
    world, terminal = slow
    world.ncc.service.control(CONTROLLER, ADDRESS, 2)
    world.run(1)
    assert terminal.requests == []
    settle()
    world.run(1)
    assert [afn for afn, _, _ in terminal.requests] == [0x05]
    world.run(1)
    settle()
    lines = [line.outcome for line in world.center.audit(ADDRESS) if line.action == "control"]
    assert lines[0].endswith(" ordered")
    assert lines[1].endswith("done")


def test_command_behind_a_group_that_is_being_written_waits_for_its_own(slow):
    world, terminal = slow
    terminal.report(0x0D, day_freeze(1, 161, START, [1]))
    world.run(1)
    world.ncc.service.control(CONTROLLER, ADDRESS, 2)
    work, done = PENDING.pop(0)
    done(work())
    world.run(0.001)
    assert terminal.requests == []
    world.run(1)
    settle()
    world.run(1)
    assert len(terminal.requests) == 1


def test_command_that_the_audit_trail_cannot_take_is_not_sent(slow):
    world, terminal = slow
    command = world.ncc.service.control(CONTROLLER, ADDRESS, 2)
    world.core.store._writer_ready._connection.rollback()
    settle(StoreError("disk full"))
    world.run(1)
    assert terminal.requests == []
    result = world.center.result(command)
    assert result.status == "failed"
    assert "audit" in result.message


def test_audit_lines_of_a_group_that_failed_are_written_later(worlds, monkeypatch):
    world = worlds()
    failing = Failing(monkeypatch, world)
    with pytest.raises(Exception, match="needs the role"):
        world.ncc.service.control(Actor("eve", "viewer"), ADDRESS, 1)
    world.run(5)
    assert world.core.journal.failed >= 1
    failing.on = False
    world.run(5)
    assert [(line.actor, line.action) for line in world.center.audit() if line.actor == "eve"] == [
        ("eve", "control")
    ]


def test_order_that_is_unusable_has_its_end_in_the_audit_trail(worlds):
    world = worlds()
    with pytest.raises(ConfigError):
        world.ncc.service.control(CONTROLLER, ADDRESS, 200, 0, {"nonsense": 1})
    [line] = world.center.audit(ADDRESS)[-1:]
    assert line.outcome.startswith("refused")


def test_audit_trail_of_a_terminal_is_found_however_its_address_was_written(worlds):
    world = worlds()
    world.register("0171-00AB")
    world.ncc.service.control(CONTROLLER, "0171-00ab", 2)
    assert any(line.action == "control" for line in world.center.audit("0171-00AB"))
    assert any(line.action == "control" for line in world.center.audit("0171-00ab"))


def test_passwords_are_not_written_into_the_audit_trail(worlds):
    world = worlds()
    values = {"user": "vpn", "password": "very secret"}
    world.ncc.service.set_parameter(CONTROLLER, ADDRESS, 16, values)
    assert not any("very secret" in line.detail for line in world.center.audit(ADDRESS))


@pytest.mark.parametrize("address", ["0171-0001", "0171-010203", "0171-FFFFFE"])
def test_terminals_are_there_after_a_restart_whatever_their_address(worlds, tmp_path, address):
    url = f"sqlite:///{tmp_path}/archive.db"
    worlds(QUIET, url).register(address)
    again = World(QUIET, url)
    assert again.center.points(address)
    again.ncc.close()


# -- requests


def test_commands_for_a_terminal_that_is_away_do_not_fill_its_queue_for_ever(worlds):
    world = worlds(replace(limits(queue=5), command_s=10.0))
    for _ in range(5):
        world.center.read_now(ADDRESS, [1], ["0C.F129"])
    world.run(20)
    assert len(world.core.terminal(ADDRESS).queue) == 0
    command = world.center.read_now(ADDRESS, [1], ["0C.F129"])
    assert world.center.result(command).status == "pending"


def test_command_too_long_for_a_frame_fails_and_holds_nobody_up(worlds):
    world = worlds()
    terminal = world.terminal()
    terminal.answers[0x0C] = lambda _body: unit_id(1, 129) + stamp(START) + b"\x00" + bcd(1, 5)
    command = world.center.forward(ADDRESS, 1, b"\x68" * 20000)
    assert world.center.result(command).status == "failed"
    assert world.center.wait(world.center.read_now(ADDRESS, [1], ["0C.F129"]), 5).ok


def test_late_answer_to_a_task_is_not_counted_as_asked_for_by_hand(worlds):
    world = worlds(replace(QUIET, answer_s=2.0, retries=0))
    terminal = world.terminal()
    world.core.commands.read_history(ADDRESS, [1], "0D.F161", datetime(2026, 3, 1), 1, 0.0)
    world.run(1)
    # an answer with data that belong to no request: another function than the one that is out
    terminal.send(
        terminal.user(0x88, 0x0C, 0x60, unit_id(1, 129) + stamp(START) + b"\x00" + bcd(1, 5), master=1)
    )
    world.run(1)
    assert [row.source for row in world.center.readings()] == ["task"]


def test_what_came_only_when_it_was_asked_for_twice_is_no_one_time_success(worlds):
    world = worlds(replace(QUIET, answer_s=10.0))
    terminal = world.terminal()
    task = CollectionTask("day", ("0D.F161",), 86400.0, START + timedelta(minutes=1), points=(1,))
    terminal.answers[0x0D] = lambda _body: (
        day_freeze(1, 161, datetime(2026, 3, 1), [1]) if len(terminal.requests) > 1 else None
    )
    world.center.schedule(task)
    world.run(120)
    cycle = world.center.cycle("day", datetime(2026, 3, 1), datetime(2026, 3, 1))
    assert (cycle.due, cycle.once, cycle.stored) == (1, 0, 1)


# -- journal


def test_value_that_no_database_holds_fails_its_group_and_not_the_center(new_database, worlds):
    for kind in ("sqlite", "postgresql"):
        world = worlds(QUIET, new_database(kind))
        terminal = world.terminal()
        world.core.journal.add([(1, 1, 1, 1, 1, 0, 1 << 70, 0, 0)])
        world.run(3)
        assert world.core.journal.failed == 1, kind
        number = terminal.report(0x0D, day_freeze(1, 161, START, [1]))
        world.run(1)
        assert number in terminal.acks, kind
        assert len(world.center.readings()) == 1


def test_events_count_among_what_waits_for_the_store(slow):
    world, terminal = slow
    terminal.report(0x0D, day_freeze(1, 161, START, [1]))
    world.run(1)
    before = world.core.journal.waiting_rows
    for first in range(20):
        terminal.report(0x0E, power_off(10 * first, 10))
    world.run(1)
    assert world.core.journal.waiting_rows >= before + 200
    settle()
    world.run(1)
    settle()
    assert world.core.journal.waiting_rows == 0


def test_portion_of_an_answer_that_could_not_be_stored_fails_the_command(worlds, monkeypatch):
    world = worlds()
    terminal = world.terminal()
    failing = Failing(monkeypatch, world)
    command = world.center.read_history(ADDRESS, [1], "0D.F161", START, 2)
    world.run(0.01)
    _, seq, _ = terminal.requests[-1]
    terminal.send(terminal.user(0x88, 0x0D, 0x40 | seq & 15, day_freeze(1, 161, START, [1]), master=1))
    world.run(1)
    failing.on = False
    following = day_freeze(1, 161, START + timedelta(days=1), [1])
    terminal.send(terminal.user(0x88, 0x0D, 0x20 | (seq + 1) & 15, following, master=1))
    result = world.center.wait(command)
    assert result.status == "failed"
    assert len(world.center.readings()) == 1


# -- clocks


def clock_format(when: datetime) -> bytes:
    """Format 1."""
    octets = b"".join(bcd(part, 1) for part in (when.second, when.minute, when.hour, when.day))
    month = when.isoweekday() << 5 | when.month // 10 << 4 | when.month % 10
    return octets + bytes((month,)) + bcd(when.year - 2000, 1)


@pytest.mark.parametrize("lost", [1, 2])
def test_repeated_setting_of_a_clock_carries_the_time_of_the_repetition(worlds, lost):
    world = worlds(replace(QUIET, answer_s=7.3))
    terminal = world.terminal()
    heard = []

    def setting(body: bytes) -> bytes | None:
        heard.append((world.clock.wall(), body[4:10]))
        return None if len(heard) <= lost else CONFIRMED

    terminal.answers[0x05] = setting
    result = world.center.wait(world.center.set_clock(ADDRESS))
    assert result.ok
    assert result.attempts == lost + 1
    for arrived, octets in heard:
        assert octets == clock_format(arrived + timedelta(microseconds=1000))
    numbers = {seq & 15 for _, seq, _ in terminal.requests}
    assert len(numbers) == 1
    assert len({frame[6] for frame in terminal.heard if frame[12] == 0x05}) == 1


@pytest.mark.parametrize(
    ("minute", "offset_s", "forbidden_s"),
    [
        (8, 0, 0),
        (8, -600, 420),
        (15, -600, 0),
        (53, 600, 720),
        (45, 600, 0),
        (46, 600, 1140),
        (20, 890, 0),
        (20, -890, 0),
    ],
)
def test_clock_is_not_set_over_a_full_hour_of_its_own_time(worlds, minute, offset_s, forbidden_s):
    world = worlds()
    assert world.core.time.forbidden_s(datetime(2026, 3, 2, 9, minute), offset_s) == forbidden_s


def test_correction_of_a_clock_does_not_slip_to_the_full_hour_behind_other_requests(worlds):
    world = worlds(replace(QUIET, answer_s=100.0, retries=2, command_s=300.0))
    terminal = world.terminal()
    terminal.heartbeats = True
    # 08:53: something else is out and unanswered for five minutes, the correction waits behind it
    world.run(53 * 60)
    world.center.read_now(ADDRESS, [1], ["0C.F129"])
    state = world.core.terminal(ADDRESS)
    state.clock.offset_s = -100.0
    world.core.time.correct(state)
    heard: list[datetime] = []
    terminal.answers[0x05] = lambda _body: heard.append(world.clock.wall()) or CONFIRMED
    world.run(900)
    for when in heard:
        assert 300 <= when.minute * 60 + when.second <= 3300


# -- data that have no place


@pytest.mark.parametrize(
    ("body", "denied"),
    [
        # a density that is none: nobody can say when the second point was
        (unit_id(1, 101) + stamp(START) + b"\x07\x02" + bcd(1, 4) + bcd(2, 4), True),
        # the thirteenth month
        (unit_id(1, 161) + b"\x01\x13\x26" + stamp(START) + b"\x00" + bcd(1, 5), True),
        # nothing was read: everything is absent
        (unit_id(1, 161) + b"\xee" * 3 + b"\xee" * 5 + b"\x00" + b"\xee" * 5, False),
        (unit_id(1, 161) + stamp(START)[2:] + b"\xee" * 5 + b"\x00" + b"\xee" * 5, False),
        # not its point
        (unit_id(77, 161) + stamp(START)[2:] + stamp(START) + b"\x00" + bcd(1, 5), False),
    ],
)
def test_values_whose_time_cannot_be_read_are_not_acknowledged(worlds, body, denied):
    world = worlds()
    terminal = world.terminal()
    number = terminal.report(0x0D, body)
    world.run(1)
    assert world.center.readings() == ()
    assert terminal.denials == denied
    assert (number in terminal.acks) is not denied
    assert world.counter("units.unmarked") == denied


def test_results_of_commands_are_kept_within_bounds(worlds):
    world = worlds(limits(command_values=10))
    terminal = world.terminal()
    terminal.answers[0x0C] = lambda _body: unit_id(1, 129) + stamp(START) + b"\x00" + bcd(1, 5)
    made = [world.center.read_now(ADDRESS, [1], ["0C.F129"]) for _ in range(20)]
    world.run(5)
    assert world.center.result(made[-1]).ok
    with pytest.raises(ConfigError, match="no such command"):
        world.center.result(made[0])
    kept = [command for command in world.core.commands._commands.values() if command.values]
    assert 1 <= len(kept) < 10
