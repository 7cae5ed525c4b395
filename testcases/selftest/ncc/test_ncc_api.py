"""The HTTP API: login and roles, commands and their results, exact values, and what is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from fixtures.ncc_center import ADDRESS, World
from fixtures.ncc_terminal import day_freeze
from rig.errors import ConfigError
from rig.ncc.accounts import Accounts, LoginError, LoginRules
from rig.ncc.api.app import create_app
from rig.ports.command_center import DAY_FORWARD_ACTIVE

PASSWORD = "long enough"
DAY = datetime(2026, 3, 1)  # noqa: DTZ001 - the network keeps local time


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

    def head(self, role: str) -> dict[str, str]:
        token, _ = self.accounts.login(role, PASSWORD)
        return {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, role: str = "admin", **more: Any) -> Any:
        return self.http.request(method, path, headers=self.head(role), **more)


@pytest.fixture
def api():
    made = Api()
    yield made
    made.world.ncc.close()


def test_every_path_but_login_wants_a_token(api):
    document = api.http.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in methods:
            if path == "/login":
                continue
            answer = api.http.request(method, path.replace("{number}", "1"))
            assert answer.status_code == 401, (method, path)


def test_login_by_form_gives_a_token_that_works_until_its_end(api):
    answer = api.http.post("/login", data={"username": "viewer", "password": PASSWORD})
    assert answer.json()["role"] == "viewer"
    head = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert api.http.get("/statistics", headers=head).status_code == 200
    api.world.run(answer.json()["expires_s"])
    assert api.http.get("/statistics", headers=head).status_code == 401


def test_logout_ends_the_token(api):
    head = api.head("viewer")
    assert api.http.post("/logout", headers=head).status_code == 204
    assert api.http.get("/statistics", headers=head).status_code == 401


def test_wrong_logins_are_counted_and_shut_the_name(api):
    for _ in range(5):
        answer = api.http.post("/login", data={"username": "admin", "password": "wrong password"})
        assert answer.status_code == 401
    right = {"username": "admin", "password": PASSWORD}
    assert api.http.post("/login", data=right).status_code == 401
    assert api.world.counter("refused.login") == 6
    api.world.run(61)
    assert api.http.post("/login", data=right).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "operator"])
@pytest.mark.parametrize("path", ["control/1", "parameters/1", "clock", "reset/1", "forward", "archive"])
def test_no_control_without_a_role_that_may(api, role, path):
    body: dict[str, Any] = {"port": 31, "message": "68"} if path == "forward" else {}
    before = api.world.center.audit()
    answer = api.ask("POST", f"/terminals/{ADDRESS}/{path}", role, json=body)
    assert answer.status_code == 403
    refused = api.world.center.audit()[len(before) :]
    assert [record.outcome for record in refused] == ["refused: needs the role controller"]
    assert refused[0].actor == role


def test_control_is_ordered_answered_and_audited(api):
    terminal = api.world.terminal()
    answer = api.ask("POST", f"/terminals/{ADDRESS}/clock", "controller", json={})
    assert answer.status_code == 202
    api.world.run(70)
    result = api.ask("GET", f"/commands/{answer.json()['id']}", "viewer").json()
    assert result["terminal"] == ADDRESS
    assert result["status"] in {"done", "timeout"}
    assert any(frame[12] == 0x05 for frame in terminal.heard)
    trail = api.ask("GET", "/audit", "admin").json()
    assert [record["action"] for record in trail].count("set clock") == 2
    assert api.ask("GET", "/audit", "controller").status_code == 403


def test_readings_are_exact_decimals(api):
    terminal = api.world.terminal()
    terminal.report(0x0D, day_freeze(1, 161, DAY, [9_999_999_999, 9_999_999_999]))
    api.world.run(0.2)
    (total, tariff) = api.ask("GET", "/readings", params={"item": DAY_FORWARD_ACTIVE}).json()
    assert total["value"] == "999999.9999"
    assert (total["tariff"], tariff["tariff"]) == (0, 1)
    assert total["mark"] == "2026-03-01T00:00:00"


def test_archive_and_tasks_go_in_and_come_out(api):
    entry = {"address": "0171-0002", "role": "collector", "password": "31" * 16}
    assert api.ask("PUT", "/terminals", json=[entry]).status_code == 204
    shown = api.ask("GET", "/terminals/0171-0002").json()
    assert shown["role"] == "collector"
    assert "password" not in shown
    point = {"terminal": "0171-0002", "point": 7, "meter": "000000000007"}
    assert api.ask("PUT", "/points", "operator", json=[point]).status_code == 204
    assert api.ask("GET", "/points", params={"terminal": "0171-0002"}).json()[0]["point"] == 7
    task = {"name": "day", "items": ["0D.F161"], "period_s": 86400, "first_at": "2026-03-03T01:00:00"}
    assert api.ask("PUT", "/tasks", "operator", json=task).status_code == 204
    assert api.ask("GET", "/tasks").json()[0]["name"] == "day"
    cycle = api.ask("GET", "/statistics/tasks/day", params={"first": "2026-03-01", "last": "2026-03-01"})
    assert cycle.status_code == 200
    assert api.ask("DELETE", "/tasks/day", "operator").status_code == 204
    assert api.ask("GET", "/tasks").json() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/commands/nothing", None, 404),
        ("GET", "/terminals/9999-0001", None, 404),
        ("POST", f"/terminals/{ADDRESS}/control/999", {}, 422),
        ("POST", f"/terminals/{ADDRESS}/read", {"points": [1], "items": ["0D.F161"]}, 422),
        ("POST", f"/terminals/{ADDRESS}/read", {"points": [9999], "items": ["0C.F129"]}, 422),
        ("POST", f"/terminals/{ADDRESS}/read", {"points": [1], "items": ["0C.F129"], "more": 1}, 422),
        ("POST", f"/terminals/{ADDRESS}/forward", {"port": 31, "message": "6"}, 422),
        ("PUT", "/points", [{"terminal": "0171-0001", "point": 1, "meter": "12"}], 422),
        ("PUT", "/points", [{"terminal": "9999-0001", "point": 1, "meter": "000000000001"}], 422),
        ("PUT", "/terminals", [{"address": "0171-0001", "password": "00"}], 422),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(api, method, path, body, code):
    answer = api.ask(method, path, json=body)
    assert answer.status_code == code
    assert answer.json()["detail"]


def test_a_huge_body_is_refused(api):
    assert api.ask("PUT", "/points", content=b" " * 4_000_001).status_code == 413


def test_accounts_refuse_weak_ones(api):
    with pytest.raises(ConfigError, match="too short"):
        api.accounts.set_account("new", "viewer", "short")
    with pytest.raises(ConfigError, match="no such role"):
        api.accounts.set_account("new", "root", PASSWORD)
    with pytest.raises(ConfigError, match="no usable name"):
        api.accounts.set_account("a b", "viewer", PASSWORD)
    with pytest.raises(ConfigError, match="no such account"):
        api.accounts.drop_account("new")


def test_a_changed_or_dropped_account_loses_its_tokens(api):
    token, _ = api.accounts.login("viewer", PASSWORD)
    api.accounts.set_account("viewer", "operator", PASSWORD)
    assert api.accounts.actor(token) is None
    token, _ = api.accounts.login("viewer", PASSWORD)
    api.accounts.drop_account("viewer")
    assert api.accounts.actor(token) is None
    assert [actor.name for actor in api.accounts.accounts()] == ["admin", "controller", "operator"]


def beside(api: Api) -> Accounts:
    """The accounts as another process on the same database has them."""
    return Accounts(api.world.core.store.engine, api.world.clock, LoginRules(cost=2**4))


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts: accounts.drop_account("viewer"),
        lambda accounts: accounts.set_account("viewer", "operator", PASSWORD),
        lambda accounts: accounts.set_account("viewer", "viewer", "another password"),
    ],
    ids=["dropped", "role", "password"],
)
def test_an_account_that_another_process_changes_loses_its_tokens_within_a_second(api, change):
    head, other = api.head("viewer"), api.head("operator")
    assert api.http.get("/terminals", headers=head).status_code == 200
    change(beside(api))
    api.world.run(1.0)
    assert api.http.get("/terminals", headers=head).status_code == 401
    assert api.http.get("/terminals", headers=other).status_code == 200
    # nor do they come back with the account
    beside(api).set_account("viewer", "viewer", PASSWORD)
    api.world.run(1.0)
    assert api.http.get("/terminals", headers=head).status_code == 401


def test_the_database_is_asked_for_an_account_once_a_second(api, monkeypatch):
    head = api.head("viewer")
    asked = []
    salt = api.accounts._salt
    monkeypatch.setattr(api.accounts, "_salt", lambda name: asked.append(name) or salt(name))
    for _ in range(50):
        assert api.http.get("/terminals", headers=head).status_code == 200
    assert asked == []
    api.world.run(1.0)
    for _ in range(50):
        assert api.http.get("/terminals", headers=head).status_code == 200
    assert asked == ["viewer"]


def test_nobody_is_let_in_when_the_database_cannot_say_whether_he_may(api):
    head = api.head("viewer")
    with api.world.core.store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE account")
    api.world.run(1.0)
    assert api.http.get("/terminals", headers=head).status_code == 503
    form = {"username": "viewer", "password": PASSWORD}
    assert api.http.post("/login", data=form).status_code == 503


def test_changes_of_accounts_are_in_the_trail(api):
    before = len(api.world.center.audit())
    api.accounts.set_account("new", "controller", PASSWORD, by="ann (command line)")
    api.accounts.drop_account("new", by="bob")
    with pytest.raises(ConfigError):
        api.accounts.drop_account("new", by="bob")
    with pytest.raises(ConfigError):
        api.accounts.set_account("new", "controller", "short", by="bob")
    lines = [
        (line.actor, line.action, line.detail, line.outcome) for line in api.world.center.audit()[before:]
    ]
    assert lines == [
        ("ann (command line)", "set account", "new: controller", "done"),
        ("bob", "drop account", "new", "done"),
    ]


def test_tokens_are_bounded(api):
    few = Accounts(api.world.core.store.engine, api.world.clock, LoginRules(tokens=2, cost=2**4))
    few.login("viewer", PASSWORD)
    few.login("viewer", PASSWORD)
    with pytest.raises(LoginError, match="too many"):
        few.login("viewer", PASSWORD)
    api.world.run(3601)
    few.login("viewer", PASSWORD)
