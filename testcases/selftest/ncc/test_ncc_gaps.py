"""Looking for gaps: beside the loop, some terminals at a time, of points that are there, and until when they count."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fixtures.ncc_center import ADDRESS, QUIET, World
from fixtures.ncc_process import BlockingTerminal
from fixtures.ncc_running import Running
from fixtures.ncc_terminal import day_freeze
from rig.ncc import tasks
from rig.ncc.settings import Settings, TimeRules
from rig.ncc.store import Store, StoreError
from rig.ports.command_center import CollectionTask, PointEntry, TerminalEntry

START = datetime(2026, 3, 2, 8, 0)
DAY = datetime(2026, 3, 1)
TASK = CollectionTask("days", ("0D.F161",), 86400.0, START + timedelta(minutes=1), recollect_s=3600.0)


@pytest.fixture
def worlds():
    made = []

    def make(store: str = "sqlite://") -> World:
        world = World(QUIET, store)
        world.register()
        made.append(world)
        return world

    yield make
    for world in made:
        world.ncc.close()


class Questions:
    """Keeps questions to the store until a test lets them through."""

    def __init__(self, world: World) -> None:
        self.waiting = []
        world.core.query = lambda work, done: self.waiting.append((work, done))

    def answer(self, outcome: StoreError | None = None) -> None:
        while self.waiting:
            work, done = self.waiting.pop(0)
            done(work() if outcome is None else outcome)


def asked(terminal) -> int:
    return sum(afn == 0x0D for afn, _, _ in terminal.requests)


def keeps_silent(terminal) -> None:
    terminal.heartbeats = True
    terminal.answers[0x0D] = lambda _body: None


def test_terminal_is_asked_when_the_store_has_answered_and_once(worlds):
    world = worlds()
    terminal = world.terminal()
    keeps_silent(terminal)
    questions = Questions(world)
    world.center.schedule(TASK)
    world.run(120)
    # the run is under way: neither its re-collection nor a login begins another one
    assert len(questions.waiting) == 1
    world.run(3600)
    assert len(questions.waiting) == 1
    assert asked(terminal) == 0
    questions.answer()
    world.run(1)
    assert asked(terminal) == 1


def test_task_that_ended_meanwhile_asks_nobody(worlds):
    world = worlds()
    terminal = world.terminal()
    questions = Questions(world)
    world.center.schedule(TASK)
    world.run(120)
    world.center.unschedule("days")
    questions.answer()
    world.run(60)
    assert asked(terminal) == 0
    world.center.schedule(replace(TASK, first_at=world.clock.wall() + timedelta(minutes=1)))
    world.run(120)
    assert len(questions.waiting) == 1


def test_store_that_cannot_be_asked_is_told_and_asked_again(worlds):
    world = worlds()
    terminal = world.terminal()
    keeps_silent(terminal)
    questions = Questions(world)
    world.center.schedule(TASK)
    world.run(120)
    questions.answer(StoreError("disk gone"))
    assert world.counter("tasks.failed") == 1
    assert any("disk gone" in line for line in world.log)
    assert asked(terminal) == 0
    world.run(3600)
    questions.answer()
    world.run(1)
    assert asked(terminal) == 1


def test_many_terminals_are_looked_at_some_at_a_time(worlds, monkeypatch):
    monkeypatch.setattr(tasks, "_VALUES_AT_ONCE", 8)
    world = worlds()
    numbers = range(1, 8)
    for number in numbers:
        world.register(f"0171-000{number}")
    terminals = [world.terminal(number) for number in numbers]
    for terminal in terminals:
        keeps_silent(terminal)
    sizes = []
    present = world.core.store.present
    monkeypatch.setattr(
        world.core.store, "present", lambda *words: sizes.append(len(words[3])) or present(*words)
    )
    world.center.schedule(replace(TASK, recollect_s=0.0))
    world.run(120)
    # a day of four points each: eight values are two terminals
    assert sizes == [2, 2, 2, 1]
    assert all(asked(terminal) for terminal in terminals)


class WatchedStore(Store):
    """Notes in which thread it is asked, and answers slowly."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.asked = threading.Event()

    def present(self, *words, **named):
        self.threads.add(threading.current_thread().name)
        self.asked.set()
        self.gate.wait(30)
        return super().present(*words, **named)


def test_terminals_are_served_while_the_store_is_asked(tmp_path):
    store = WatchedStore(f"sqlite:///{tmp_path}/gaps.db")
    running = Running(store, Settings(time=TimeRules(check_s=0.0)))
    try:
        terminal, other = BlockingTerminal(1), BlockingTerminal(2)
        terminal.dial(running.port)
        soon = running.center.clock.wall().replace(microsecond=0) + timedelta(seconds=1)
        task = replace(TASK, first_at=soon)
        running.do(lambda: running.center.service.core.tasks.start(task))
        assert store.asked.wait(60)
        # the question is out; others log in and are acknowledged meanwhile
        other.dial(running.port)
        while len(other.acknowledged) < 12:
            other.work()
        assert store.threads == {"ncc-query_0"}
        store.gate.set()
        deadline_s = time.monotonic() + 60
        while not running.do(lambda: running.center.core.terminal("0171-0001").queue.current):
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        terminal.close()
        other.close()
    finally:
        store.gate.set()
        running.stop()


# -- points


def test_points_that_a_terminal_does_not_have_are_not_due(worlds):
    world = worlds()
    world.center.register_terminal(TerminalEntry("0171-0002"))
    world.center.register_points([PointEntry("0171-0002", 7, "000000000007")])
    terminals = [world.terminal(number) for number in (1, 2)]
    for terminal in terminals:
        keeps_silent(terminal)
    world.center.schedule(replace(TASK, points=(1, 7, 99)))
    world.run(120)
    cycle = world.center.cycle("days", DAY, DAY)
    assert cycle.due == 2
    assert [(gap.terminal, gap.point) for gap in cycle.missing] == [(ADDRESS, 1), ("0171-0002", 7)]
    assert [len(terminal.requests[0][2]) for terminal in terminals] == [7, 7]
    # it is due from when the terminal has it
    world.center.register_points([PointEntry(ADDRESS, 99, "000000000099")])
    assert world.center.cycle("days", DAY, DAY).due == 3


# -- figures


@pytest.mark.parametrize(("hours", "counted"), [(23, (1, 0)), (24, (1, 0)), (25, (0, 1))])
def test_what_came_after_the_end_of_the_cycle_is_late(worlds, hours, counted):
    world = worlds()
    terminal = world.terminal()
    keeps_silent(terminal)
    world.center.schedule(replace(TASK, points=(1,), recollect_s=0.0))
    # the run is at 08:01, its cycle ends with the next one
    world.run(hours * 3600 + 30)
    terminal.report(0x0D, day_freeze(1, 161, DAY, [1]))
    world.run(1)
    cycle = world.center.cycle("days", DAY, DAY)
    assert (cycle.due, cycle.stored, cycle.late) == (1, *counted)
    assert cycle.completeness == 1.0
    assert cycle.missing == ()
    # and so it stays, whenever it is asked
    world.run(5 * 86400)
    assert world.center.cycle("days", DAY, DAY) == cycle


def test_cycle_of_a_short_task_lasts_a_day(worlds):
    world = worlds()
    terminal = world.terminal()
    keeps_silent(terminal)
    world.center.schedule(
        replace(TASK, period_s=3600.0, points=(1,), recollect_s=0.0, first_at=START + timedelta(hours=16))
    )
    # only the run at midnight collects the day that ended
    world.run(39 * 3600)
    terminal.report(0x0D, day_freeze(1, 161, START.replace(hour=0), [1]))
    world.run(1)
    cycle = world.center.cycle("days", START.replace(hour=0), START.replace(hour=0))
    assert (cycle.due, cycle.stored, cycle.late) == (1, 1, 0)
