"""The port CommandCenter over HTTP says what the one in the process says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from fixtures.ncc_center import ADDRESS, World
from fixtures.ncc_terminal import day_freeze, unit_id
from rig.errors import BenchError, ConfigError
from rig.ncc.accounts import Accounts, LoginRules
from rig.ncc.api.app import create_app
from rig.ports.command_center import CollectionTask, CommandCenter, PointEntry, TerminalEntry
from rig.sessions.command_center import HttpCommandCenter

DAY = datetime(2026, 3, 1)  # noqa: DTZ001 - the network keeps local time
PASSWORD = "long enough"
TASK = CollectionTask("day", ("0D.F161",), 86400.0, datetime(2026, 3, 3, 1))  # noqa: DTZ001


@pytest.fixture
def world():
    made = World()
    made.register()
    yield made
    made.ncc.close()


@pytest.fixture
def app(world):
    service = world.center.service
    accounts = Accounts(service.core.store.engine, world.clock, LoginRules(cost=2**4))
    accounts.set_account("rig", "admin", PASSWORD)
    accounts.set_account("looker", "viewer", PASSWORD)
    return create_app(service, accounts)


@pytest.fixture
def far(world, app) -> CommandCenter:
    return HttpCommandCenter(TestClient(app), "rig", PASSWORD, world.clock)


def test_archive_and_tasks_are_the_same_from_both_sides(world, far):
    far.register_terminal(TerminalEntry("0171-0002", "collector", b"1" * 16))
    far.register_points([PointEntry("0171-0002", 3, "000000000003")])
    far.schedule(TASK)
    near = world.center
    assert far.points() == near.points()
    assert far.tasks() == near.tasks() == (TASK,)
    shown = [replace(state.entry, password=b"") for state in near.terminals()]
    assert [state.entry for state in far.terminals()] == shown
    assert near.terminals()[1].entry.password == b"1" * 16
    far.unschedule("day")
    assert far.tasks() == ()


def test_readings_and_figures_are_the_same(world, far):
    terminal = world.terminal()
    terminal.report(0x0D, day_freeze(1, 161, DAY, [123456789, 123456789]))
    world.run(0.2)
    near = world.center
    assert len(far.readings()) == 2
    assert far.readings(ADDRESS, 1, "0D.F161", first=DAY, last=DAY, tariff=1) == near.readings(tariff=1)
    assert far.statistics() == near.statistics()
    far.schedule(TASK)
    assert far.cycle("day", DAY, DAY) == near.cycle("day", DAY, DAY)
    assert far.events() == near.events() == ()


def test_a_command_is_waited_for_and_told_alike(world, far):
    world.terminal()
    done = far.wait(far.control(ADDRESS, 2, point=1), 90)
    assert done == world.center.result(done.id)
    assert done.status != "pending"
    assert far.audit() == world.center.audit()
    assert {record.actor for record in far.audit()} >= {"rig"}


def test_what_the_center_refuses_names_its_reason(far):
    with pytest.raises(ConfigError, match="not registered"):
        far.set_clock("9999-0001")
    with pytest.raises(ConfigError, match="no such command"):
        far.result("nothing")


def test_a_role_too_low_or_a_wrong_password_is_the_benchs_fault(world, app):
    looker = HttpCommandCenter(TestClient(app), "looker", PASSWORD, world.clock)
    with pytest.raises(BenchError, match="needs the role controller"):
        looker.control(ADDRESS, 1)
    stranger = HttpCommandCenter(TestClient(app), "rig", "wrong password", world.clock)
    with pytest.raises(BenchError, match="login"):
        stranger.statistics()


def test_an_expired_token_is_renewed(world, far):
    far.statistics()
    world.run(4000)
    assert far.statistics().online == 0


def test_texts_of_figures_stay_texts_and_numbers_numbers(world, far):
    terminal = world.terminal()
    terminal.answers[0x10] = lambda _body: unit_id(0, 1) + b"\x01\x03\x00" + b"\x12\x3e\x45"
    near = world.center.wait(world.center.forward(ADDRESS, 1, b"\x68"))
    there = far.result(near.id)
    assert there.value(0, "10.F1", "message") == near.value(0, "10.F1", "message") == "123E45"
    assert isinstance(there.value(0, "10.F1", "length"), Decimal)
    assert there.values == near.values
