"""Answers of far more values than were asked for, and long lists: neither they nor looking at them stops the center."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

import threading
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from fixtures.ncc_center import ADDRESS, World
from fixtures.ncc_terminal import curve, day_freeze
from rig.ncc import answers
from rig.ncc.accounts import Accounts, LoginRules
from rig.ncc.answers import CUT
from rig.ncc.api import beside as beside_module
from rig.ncc.api.app import create_app

DAY = datetime(2026, 3, 1)
PASSWORD = "long enough"
POINTS = 50


def long_curve(place: int) -> bytes:
    return curve(1, 101, datetime(2026, 3, 1 + place), 1, [place] * POINTS)


def read(world: World, answer: list[bytes], points: tuple[int, ...] = (1,), item: str = "0D.F101"):
    terminal = world.terminal()
    terminal.answers[0x0D] = lambda _body: answer
    return world.center.wait(world.center.read_history(ADDRESS, points, item, DAY))


def test_only_what_was_asked_for_is_kept_with_a_command(make):
    world = make()
    wanted, other = day_freeze(1, 161, DAY, [10000]), day_freeze(2, 163, DAY, list(range(20)))
    result = read(world, [other + wanted + other, other], item="0D.F161")
    assert result.ok
    assert result.message == ""
    assert {(value.point, value.item) for value in result.values} == {(1, "0D.F161")}
    # what came besides is stored, as it ever was
    assert {row.point for row in world.center.readings()} == {1, 2}


def test_answer_is_read_no_further_than_its_bound(make, monkeypatch):
    world = make(answer_values=3 * POINTS)
    parsed = []
    parse = answers.parse_message
    monkeypatch.setattr(
        answers, "parse_message", lambda frame, profile: parsed.append(frame) or parse(frame, profile)
    )
    result = read(world, [long_curve(place) for place in range(10)])
    assert (result.status, result.message) == ("done", CUT)
    assert len(parsed) == 3
    found = {value.value for value in result.values if value.key.startswith("point.")}
    assert found == {Decimal(place).scaleb(-2) for place in range(3)}
    # all of it is among the readings
    assert len(world.center.readings(item="0D.F101", limit=1000)) == 10 * POINTS
    assert world.counter("commands.cut") == 1
    assert any(CUT in line for line in world.log)


def test_command_keeps_no_more_values_than_its_bound(make):
    world = make(values_per_command=70)
    result = read(world, [long_curve(0) + long_curve(1)])
    assert (result.status, result.message) == ("done", CUT)
    assert len(result.values) == 70
    assert world.counter("commands.values-left-out") == 2 * (POINTS + 3) - 70


def test_answer_of_nothing_that_was_asked_for_is_bounded_too(make):
    world = make(values_per_command=70)
    result = read(world, [long_curve(0) + long_curve(1)], points=(2,))
    assert result.status == "failed"
    assert result.message.endswith(CUT)
    assert len(result.values) == 70


def test_answer_within_its_bounds_is_told_whole(make):
    world = make(answer_values=POINTS + 3, values_per_command=POINTS + 3)
    result = read(world, [long_curve(0)])
    assert (result.status, result.message) == ("done", "")
    assert len(result.values) == POINTS + 3


@pytest.mark.parametrize(
    "path", ["/terminals", "/points", "/points?terminal=0171-0001", "/commands/{command}"]
)
def test_long_lists_are_made_beside_the_loop(make, monkeypatch, path):
    world = make()
    service = world.center.service
    accounts = Accounts(service.core.store.engine, world.clock, LoginRules(cost=2**4))
    accounts.set_account("vera", "viewer", PASSWORD)
    token, _ = accounts.login("vera", PASSWORD)
    command = world.center.read_now(ADDRESS, [1], ["0C.F129"])
    threads: list[tuple[int, int]] = []
    run = beside_module.run_in_threadpool

    async def seen(work: Any) -> Any:
        loop = threading.get_ident()

        def noted() -> Any:
            threads.append((loop, threading.get_ident()))
            return work()

        return await run(noted)

    monkeypatch.setattr(beside_module, "run_in_threadpool", seen)
    http = TestClient(create_app(service, accounts))
    answer = http.get(path.format(command=command), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    ((loop, worker),) = threads
    assert loop != worker
    assert "0171-0001" in answer.text
