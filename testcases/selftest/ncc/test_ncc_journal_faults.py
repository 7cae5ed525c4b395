"""What fails at the store stops neither the storing of the rest nor the loop."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from fixtures.gdw1376_1_plain import build
from fixtures.ncc_center import ADDRESS, QUIET, World
from fixtures.ncc_process import BlockingTerminal
from fixtures.ncc_running import Running
from fixtures.ncc_terminal import CONFIRMED, bcd, day_freeze, stamp, unit_id
from rig.errors import ConfigError
from rig.ncc.service import Actor, ForbiddenError
from rig.ncc.settings import Settings, TimeRules
from rig.ncc.store import AuditRow, Batch, Store, StoreError
from rig.ncc.store_sqlite import SqliteWriter

DAY = datetime(2026, 3, 1)
CARL = Actor("carl", "controller")
REFUSED = "no such line"


@pytest.fixture
def worlds():
    made = []

    def make(settings: Settings = QUIET, store: str = "sqlite://") -> World:
        made.append(World(settings, store))
        made[-1].register()
        return made[-1]

    yield make
    for world in made:
        world.ncc.close()


def acknowledged(world: World, terminal, value: int = 1) -> bool:
    """Whether a report is stored and acknowledged."""
    number = terminal.report(0x0D, day_freeze(1, 161, DAY, [value]))
    world.run(5)
    return number in terminal.acks


# -- lines of the audit trail


@pytest.mark.parametrize("address", ["\0", "\ud800", "\n\x1b[2J"])
def test_what_is_not_printable_is_escaped_in_the_audit_trail(new_database, worlds, address):
    for kind in ("sqlite", "postgresql"):
        world = worlds(QUIET, new_database(kind))
        terminal = world.terminal()
        with pytest.raises(ForbiddenError):
            world.ncc.service.control(Actor("vera", "viewer"), address, 1)
        with pytest.raises(ConfigError):
            world.ncc.service.control(CARL, address, 1, 0, {address: address})
        assert acknowledged(world, terminal), kind
        assert world.counter("groups.failed") == 0
        lines = [line for line in world.center.audit() if line.action == "control"]
        assert len(lines) == 2
        assert all(line.terminal.isprintable() and line.detail.isprintable() for line in lines)
        assert {line.terminal for line in lines} == {address.encode("unicode_escape").decode()}


class Refusing:
    """A store that refuses groups with one line of the trail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
        plain = SqliteWriter._fill

        def fill(writer: SqliteWriter, batch: Batch):
            if any(row.detail == REFUSED for row in batch.audit):
                raise StoreError("this line is refused")
            return plain(writer, batch)

        monkeypatch.setattr(SqliteWriter, "_fill", fill)
        self.world = world

    def add(self, *details: str) -> None:
        for detail in details:
            self.world.core.journal.add_audit(AuditRow(1, "ann", "test", ADDRESS, detail, "done"))


def trail_of(world: World) -> list[str]:
    return [line.detail for line in world.center.audit() if line.action == "test"]


def test_line_that_the_database_refuses_alone_is_dropped_and_the_others_keep_their_order(worlds, monkeypatch):
    world = worlds()
    terminal = world.terminal()
    refusing = Refusing(monkeypatch, world)
    refusing.add("first", REFUSED, "second")
    world.run(30)
    assert trail_of(world) == ["first", "second"]
    assert world.counter("audit.dropped") == 1
    assert acknowledged(world, terminal)
    assert world.counter("groups.failed") == 1
    assert sum("audit.dropped" in text and REFUSED in text for text in world.log) == 1
    assert world.core.journal.idle


def test_line_that_is_refused_and_the_only_one_holds_up_no_reading(worlds, monkeypatch):
    world = worlds()
    terminal = world.terminal()
    refusing = Refusing(monkeypatch, world)
    refusing.add(REFUSED)
    world.run(200)
    assert [acknowledged(world, terminal, value) for value in (1, 2, 3)] == [True] * 3
    # perhaps no line at all is taken now
    assert world.counter("audit.dropped") == 0
    refusing.add("taken")
    world.run(120)
    assert trail_of(world) == ["taken"]
    assert world.counter("audit.dropped") == 1


def test_order_whose_line_is_refused_is_not_sent(worlds, monkeypatch):
    world = worlds()
    terminal = world.terminal()
    terminal.answers[0x05] = lambda _body: CONFIRMED
    plain = SqliteWriter._fill

    def fill(writer: SqliteWriter, batch: Batch):
        if any(row.outcome.endswith(" ordered") for row in batch.audit):
            raise StoreError("this line is refused")
        return plain(writer, batch)

    monkeypatch.setattr(SqliteWriter, "_fill", fill)
    command = world.ncc.service.control(CARL, ADDRESS, 2)
    world.run(120)
    assert terminal.requests == []
    assert world.center.result(command).status == "failed"
    lines = [line for line in world.center.audit(ADDRESS) if line.action == "control"]
    assert [line.outcome.partition(" ")[2] for line in lines] == [
        "failed: not sent: the audit trail cannot be written"
    ]


def test_failed_groups_are_told_once_for_a_reason_and_when_they_are_over(worlds, monkeypatch):
    world = worlds()
    terminal = world.terminal()
    reason = ["disk full"]

    def fill(_writer: SqliteWriter, _batch: Batch):
        raise StoreError(reason[0])

    with monkeypatch.context() as patched:
        patched.setattr(SqliteWriter, "_fill", fill)
        for words in ("disk full", "disk full", "disk gone", "disk gone"):
            reason[0] = words
            assert not acknowledged(world, terminal)
    assert acknowledged(world, terminal)
    told = [text.partition(":")[0] for text in world.log if text.startswith("store.")]
    assert told == ["store.failed", "store.failed", "store.recovered"]


# -- errors that are none of the store


def test_error_of_any_kind_fails_its_group_only(worlds, monkeypatch):
    world = worlds()
    terminal = world.terminal()
    for error in (PoolTimeoutError("QueuePool limit"), ValueError("odd")):
        for name in ("prepare", "commit"):
            with monkeypatch.context() as patched:

                def fail(*_: object, error=error) -> None:
                    raise error

                patched.setattr(world.core.store, name, fail)
                assert not acknowledged(world, terminal)
            assert acknowledged(world, terminal)
    assert world.counter("groups.failed") == 4


def test_pool_in_use_does_not_keep_the_first_group_waiting(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/ncc.db")
    with contextlib.ExitStack() as held:
        while store.engine.pool.checkedout() < 15:
            held.enter_context(store.engine.connect())
        assert store.write(Batch([(1, 1, 1, 1, 1, 0, 1, 0, 0)])) == 1
    store.close()


# -- a database that is locked


@pytest.fixture
def running(new_database):
    made = []

    def make(kind: str) -> tuple[Running, str]:
        url = new_database(kind)
        made.append(Running(Store(url), Settings(time=TimeRules(check_s=0.0))))
        return made[-1], url

    yield make
    for one in made:
        one.stop()


def answered_s(running: Running, terminal: BlockingTerminal) -> None:
    """A heartbeat is answered while the database is locked, or the socket's patience ends."""
    terminal.sock.settimeout(5)
    terminal.sock.sendall(build(b"\xc9" + terminal.header + b"\x02\x71" + unit_id(0, 3)))
    assert terminal.sock.recv(4096)


def test_locked_sqlite_holds_up_no_other_terminal(running):
    center, url = running("sqlite")
    one, other = BlockingTerminal(1), BlockingTerminal(2)
    one.dial(center.port)
    other.dial(center.port)
    locker = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    other.work()
    while not center.do(lambda: center.center.core.journal._busy):
        pass
    answered_s(center, one)
    assert not other.acknowledged
    locker.execute("ROLLBACK")
    locker.close()
    while len(other.acknowledged) < 12:
        assert other.take(10)
    one.close()
    other.close()


def test_locked_events_of_postgresql_hold_up_no_other_terminal(running):
    import psycopg

    center, url = running("postgresql")
    one, other = BlockingTerminal(1), BlockingTerminal(2)
    one.dial(center.port)
    other.dial(center.port)
    with psycopg.connect(url) as locker:
        locker.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
        body = day_freeze(1, 161, datetime(2026, 3, 2), [1]) + b"\x05\x05"
        other.sock.sendall(build(b"\xe4" + other.header + b"\x0d\x72" + body))
        while not center.do(lambda: center.center.core.terminal("0171-0002").fetching):
            pass
        answered_s(center, one)
        locker.rollback()
    one.close()
    other.close()


def test_place_in_the_ring_that_is_not_known_ends_no_command_and_is_asked_for_again(worlds, monkeypatch):
    world = worlds(replace(QUIET, fetch_events=True))
    terminal = world.terminal()

    def fail(*_: object, **__: object) -> None:
        raise StoreError("disk I/O error")

    def answer(counters: bytes) -> None:
        head = bytes((0xA8,)) + terminal.address + bytes((2, 0x0C, 0x60 | terminal.requests[-1][1] & 15))
        terminal.send(head + unit_id(1, 129) + stamp(DAY) + b"\0" + bcd(5, 5) + counters)

    with monkeypatch.context() as patched:
        patched.setattr(world.core.store, "event_pointer", fail)
        command = world.center.read_now(ADDRESS, [1], ["0C.F129"])
        world.run(0.2)
        answer(b"\x01\x00")
        world.run(1)
        assert world.center.result(command).ok
        assert len(world.center.readings()) == 1
        assert {afn for afn, _, _ in terminal.requests} == {0x0C}
        # what a person asked for ends with the reason
        terminal.answers[0x0C] = lambda _body: unit_id(0, 7) + b"\x01\x00"
        result = world.center.wait(world.center.read_events(ADDRESS))
        assert (result.status, "disk I/O error" in result.message) == ("failed", True)
    terminal.report(0x0D, day_freeze(1, 161, DAY, [1]) + b"\x01\x00", control=0xE4)
    world.run(1)
    assert terminal.requests[-1][0] == 0x0E


# -- two values for one place


@pytest.mark.parametrize("apart", [False, True])
def test_of_two_values_for_one_place_the_first_stays_and_the_other_is_told(database, worlds, apart):
    world = worlds(QUIET, database)
    terminal = world.terminal()
    bodies = [day_freeze(1, 161, DAY, [value]) for value in (20000, 10000)]
    for body in bodies if apart else [b"".join(bodies)]:
        terminal.report(0x0D, body)
        world.run(1 if apart else 0)
    terminal.report(0x0D, bodies[0])
    world.run(1)
    assert [str(reading.value) for reading in world.center.readings()] == ["2.0000"]
    assert world.counter("rows.conflicting") == 1
    assert world.counter("rows.doubled") == 1
    assert sum("rows.conflicting" in text for text in world.log) == 1


def test_conflicts_among_many_rows_are_counted(database):
    store = Store(database)
    rows = [(9000, 1, point, 1, 0, 0, point, 5, 0) for point in range(120)]
    assert store.write(Batch(rows[:60])) == 60
    changed = [(*row[:6], row[6] + (row[2] in {3, 55, 99}), *row[7:]) for row in rows]
    assert store.write(Batch([*rows[90:100], *changed])) == 60
    assert store.conflicting == 3
    store.close()
