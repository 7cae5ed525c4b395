"""What the HTTP API is given that it must not choke on, must not tell, and must not let wait for ever."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from fixtures.ncc_center import ADDRESS, World
from rig.errors import ConfigError
from rig.ncc.accounts import Accounts, LoginRules
from rig.ncc.api.app import create_app
from rig.ncc.bodies import history_bodies
from rig.ncc.items import parse_item
from rig.ncc.store import StoreError
from rig.ports.command_center import CollectionTask

PASSWORD = "long enough"
TASK = {"name": "t", "items": ["0D.F161"], "period_s": 86400, "first_at": "2026-03-03T01:00:00"}


class Api:
    """The application over a center in virtual time, with one account a role."""

    def __init__(self) -> None:
        self.world = World()
        self.world.register()
        service = self.world.center.service
        self.accounts = Accounts(service.core.store.engine, self.world.clock, LoginRules(cost=2**4))
        for role in ("viewer", "operator", "controller", "admin"):
            self.accounts.set_account(role, role, PASSWORD)
        self.http = TestClient(create_app(service, self.accounts), raise_server_exceptions=False)

    def ask(self, method: str, path: str, role: str = "admin", **more: Any) -> Any:
        token, _ = self.accounts.login(role, PASSWORD)
        return self.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)


@pytest.fixture
def api():
    made = Api()
    yield made
    made.world.ncc.close()


@pytest.mark.parametrize("first_at", ["2026-03-03T01:00:00Z", "2026-03-03T01:00:00+08:00", 1772500000])
def test_task_at_a_time_with_a_zone_is_refused_and_leaves_nothing_behind(api, first_at):
    assert api.ask("PUT", "/tasks", json=TASK | {"first_at": first_at}).status_code == 422
    assert api.ask("GET", "/tasks").json() == []


@pytest.mark.parametrize("path", ["/readings", "/events", "/statistics/tasks/t"])
def test_queries_with_a_zone_are_refused(api, path):
    assert api.ask("PUT", "/tasks", json=TASK).status_code == 204
    times = {"first": "2026-03-03T01:00:00Z", "last": "2026-03-03T01:00:00Z"}
    assert api.ask("GET", path, params=times).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {"period_s": 1e300},
        {"recollect_for_s": 1e300},
        {"recollect_s": 1e-6},
        {"period_s": 60, "recollect_for_s": 3e7},
        {"first_at": "1990-01-01T00:00:00"},
    ],
)
def test_task_without_bounds_is_refused_and_the_old_one_goes_on(api, change):
    assert api.ask("PUT", "/tasks", json=TASK).status_code == 204
    assert api.ask("PUT", "/tasks", json=TASK | change).status_code == 422
    [task] = api.ask("GET", "/tasks").json()
    assert task["period_s"] == 86400


def test_statistics_over_a_century_of_minutes_are_refused_at_once(api):
    assert api.ask("PUT", "/tasks", json=TASK | {"period_s": 60}).status_code == 204
    times = {"first": "2001-01-01T00:00:00", "last": "2098-01-01T00:00:00"}
    assert api.ask("GET", "/statistics/tasks/t", params=times).status_code == 422


@pytest.mark.parametrize(
    ("first", "count"),
    [("1990-01-01T00:00:00", 1), ("9999-12-01T00:00:00", 4), ("2026-01-01T00:00:00", 4096)],
)
def test_history_beyond_all_bounds_is_refused(api, first, count):
    asked = {"points": list(range(1, 2041)), "item": "0D.F161", "first": first, "count": count}
    assert api.ask("POST", f"/terminals/{ADDRESS}/history", json=asked).status_code == 422


def test_history_of_a_whole_concentrator_for_a_month_fits():
    bodies = history_bodies(parse_item("0D.F161"), range(1, 2041), datetime(2026, 3, 1), 31, 0.0, 32)
    assert len(bodies) == -(-2040 * 31 // 32)


def test_what_was_given_is_not_told_back(api):
    secret = "ab" * 16
    answer = api.ask("PUT", "/terminals", json=[{"address": ADDRESS, "password": secret, "more": 1}])
    assert answer.status_code == 422
    assert "more" in answer.text
    wrong = api.ask("PUT", "/terminals", json=[{"password": secret + "zz"}])
    assert wrong.status_code == 422
    assert secret not in answer.text + wrong.text


def test_answers_that_may_hold_passwords_are_not_for_viewers(api):
    command = api.ask("POST", f"/terminals/{ADDRESS}/parameters/16/query", "operator", json={}).json()["id"]
    assert api.ask("GET", f"/commands/{command}", "operator").status_code == 200
    assert api.ask("GET", f"/commands/{command}", "viewer").status_code == 403


def test_store_that_fails_is_said_so(api, monkeypatch):
    def broken() -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(api.world.core.store, "save_task", lambda _task: broken())
    assert api.ask("PUT", "/tasks", json=TASK).status_code == 503
    assert api.ask("GET", "/tasks").json() == []


def test_archive_that_cannot_be_written_is_a_store_error(api):
    with api.world.core.store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE task")
    task = CollectionTask("t", ("0D.F161",), 86400.0, datetime(2026, 3, 3))
    with pytest.raises(StoreError):
        api.world.core.store.save_task(task)
    with pytest.raises(StoreError):
        api.world.core.store.drop_task("t")


def test_lists_have_bounds(api):
    for _ in range(5):
        api.ask("PUT", "/tasks", json=TASK)
    lines = api.ask("GET", "/audit").json()
    assert len(lines) > 5
    assert api.ask("GET", "/audit", params={"limit": 2}).json() == lines[-2:]
    assert api.ask("GET", "/events", params={"limit": 1}).json() == []
    for path in ("/audit", "/events", "/readings"):
        assert api.ask("GET", path, params={"limit": 10**9}).status_code == 422


def test_login_flood_leaves_room_for_others(api, monkeypatch):
    go, many = threading.Event(), threading.Semaphore(0)
    login = api.accounts.login

    def slow(name: str, password: str) -> Any:
        many.release()
        assert go.wait(20)
        return login(name, password)

    monkeypatch.setattr(api.accounts, "login", slow)
    answers: list[int] = []
    with api.http:

        def ask() -> None:
            form = {"username": "viewer", "password": PASSWORD}
            answers.append(api.http.post("/login", data=form).status_code)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in threads:
            assert many.acquire(timeout=20)
        ask()
        assert answers == [503]
        go.set()
        for thread in threads:
            thread.join(20)
        assert answers[1:] == [200] * 4
        ask()
        assert answers[-1] == 200


def test_one_account_does_not_use_up_the_tokens_of_all():
    world = World()
    accounts = Accounts(
        world.core.store.engine, world.clock, LoginRules(cost=2**4, tokens=10, tokens_a_name=3)
    )
    accounts.set_account("greedy", "viewer", PASSWORD)
    accounts.set_account("other", "viewer", PASSWORD)
    tokens = [accounts.login("greedy", PASSWORD)[0] for _ in range(20)]
    assert [accounts.actor(token) is not None for token in tokens[-4:]] == [False, True, True, True]
    assert accounts.login("other", PASSWORD)
    world.ncc.close()


def test_task_reaching_back_without_end_is_refused_by_the_center_too():
    world = World()
    task = CollectionTask("t", ("0D.F161",), 60.0, datetime(2026, 3, 3), recollect_for_s=1e8)
    with pytest.raises(ConfigError):
        world.center.schedule(task)
    assert world.center.tasks() == ()
    world.ncc.close()
