"""Success of a task is counted in portions, one counting at a time."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from fixtures.ncc_center import World
from rig.ncc import success
from rig.ncc.accounts import Accounts, LoginRules
from rig.ncc.api.app import create_app
from rig.ncc.items import parse_item, seconds_of, terminal_key
from rig.ncc.store import Batch
from rig.ncc.success import CountingRefused, Turns
from rig.ports.command_center import CollectionTask, CycleStatistics

ADDRESSES = ("0171-0001", "0171-0002", "0171-0003")
FIRST, DAYS = datetime(2026, 3, 3), 9
TASK = CollectionTask("mixed", ("0D.F161", "0D.F101", "0C.F129"), 86400.0, FIRST, recollect_s=0)
NOTHING = CycleStatistics("mixed", 0, 0, 0, 0, (), 0)


@pytest.fixture
def world():
    """Three terminals; of what is due every third value is stored, by every way."""
    made = World()
    for number, address in enumerate(ADDRESSES):
        made.register(address, points=number + 1)
    made.center.schedule(TASK)
    rows = []
    for number, address in enumerate(ADDRESSES):
        for point in range(1, number + 2):
            for hour in range(24 * DAYS):
                when = seconds_of(FIRST + timedelta(hours=hour))
                day, second = divmod(when, 86400)
                items = ("0D.F101", "0C.F129") if hour % 24 else TASK.items
                rows += [
                    (
                        day,
                        terminal_key(address),
                        point,
                        parse_item(item).leading.code,
                        second,
                        0,
                        1,
                        when,
                        way,
                    )
                    for item in items
                    if (way := (hour + point + number) % 12) < 4
                ]
    made.core.store.write(Batch(rows))
    yield made
    made.ncc.close()


@pytest.mark.parametrize(
    ("values", "terminals", "dues"), [(1, 1, 1), (5, 2, 3), (30, 1, 2), (10_000, 2, 366)]
)
def test_portions_change_nothing_of_the_counts(world, monkeypatch, values, terminals, dues):
    period = FIRST - timedelta(days=1), FIRST + timedelta(days=DAYS)
    whole = world.center.cycle("mixed", *period)
    assert min(whole.due, whole.once, whole.stored, whole.demanded, len(whole.missing)) > 0
    monkeypatch.setattr(success, "_VALUES_AT_ONCE", values)
    monkeypatch.setattr(success, "_TERMINALS_AT_ONCE", terminals)
    monkeypatch.setattr(success, "_DUES_AT_ONCE", dues)
    assert world.center.cycle("mixed", *period) == whole


def test_what_is_held_at_once_does_not_grow_with_the_period(world, monkeypatch):
    monkeypatch.setattr(success, "_VALUES_AT_ONCE", 50)
    most: list[int] = []
    present = world.core.store.present

    def counted(*arguments: object):
        found = present(*arguments)
        most.append(len(found))
        return found

    monkeypatch.setattr(world.core.store, "present", counted)
    world.center.cycle("mixed", FIRST, FIRST + timedelta(days=DAYS))
    assert sum(most) > 300
    assert max(most) < 150


def waiting(turns: Turns, gate: threading.Event, count: int) -> list[threading.Thread]:
    """Countings that wait for the gate."""
    begun = threading.Event()

    def slow() -> CycleStatistics:
        begun.set()
        gate.wait(20)
        return NOTHING

    threads = [threading.Thread(target=turns, args=(slow,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    assert begun.wait(20)
    return threads


def test_one_counting_at_a_time_and_few_wait():
    turns, gate, now, most = Turns(), threading.Event(), [0], [0]

    def count() -> CycleStatistics:
        now[0] += 1
        most[0] = max(most[0], now[0])
        gate.wait(0.01)
        now[0] -= 1
        return NOTHING

    threads = [threading.Thread(target=turns, args=(count,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == [1]


def test_counting_that_waits_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(success, "_PATIENCE_S", 0.01)
    turns, gate = Turns(), threading.Event()
    [thread] = waiting(turns, gate, 1)
    with pytest.raises(CountingRefused):
        turns(lambda: NOTHING)
    gate.set()
    thread.join(20)
    assert turns(lambda: NOTHING) == NOTHING


def test_too_many_countings_are_refused_by_the_api(world, monkeypatch):
    monkeypatch.setattr(success, "_PATIENCE_S", 0.01)
    accounts = Accounts(world.core.store.engine, world.clock, LoginRules(cost=2**4))
    accounts.set_account("vera", "viewer", "a long password")
    http = TestClient(create_app(world.ncc.service, accounts), raise_server_exceptions=False)
    head = {"Authorization": f"Bearer {accounts.login('vera', 'a long password')[0]}"}
    path = "/statistics/tasks/mixed?first=2026-03-01T00:00:00&last=2026-03-09T00:00:00"
    gate = threading.Event()
    [thread] = waiting(world.core.tasks._turns, gate, 1)
    refused = http.get(path, headers=head)
    assert (refused.status_code, "ask again later" in refused.json()["detail"]) == (503, True)
    gate.set()
    thread.join(20)
    assert http.get(path, headers=head).status_code == 200
