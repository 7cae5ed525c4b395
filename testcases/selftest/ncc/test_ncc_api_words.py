"""What the HTTP API refuses, and that it says in words of one shape what would be right."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from fixtures.ncc_center import ADDRESS, World
from fixtures.ncc_terminal import day_freeze
from rig.errors import ConfigError
from rig.ncc.accounts import Accounts, LoginRules
from rig.ncc.api.app import create_app
from rig.ncc.archive import load_archive
from rig.ports.command_center import CollectionTask

PASSWORD = "long enough"
TASK: dict[str, Any] = {
    "name": "t",
    "items": ["0D.F161"],
    "period_s": 86400,
    "first_at": "2026-03-03T01:00:00",
}
POINT = {"terminal": ADDRESS, "point": 9, "meter": "000000000009"}
TERMINAL = {"address": "0171-0009"}


class Api:
    """The application over a center in virtual time."""

    def __init__(self) -> None:
        self.world = World()
        self.world.register()
        service = self.world.center.service
        self.accounts = Accounts(service.core.store.engine, self.world.clock, LoginRules(cost=2**4))
        for role in ("viewer", "operator", "admin"):
            self.accounts.set_account(role, role, PASSWORD)
        self.http = TestClient(create_app(service, self.accounts), raise_server_exceptions=False)

    def ask(self, method: str, path: str, role: str = "admin", **more: Any) -> Any:
        token, _ = self.accounts.login(role, PASSWORD)
        return self.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)

    def refused(self, method: str, path: str, status: int = 422, **more: Any) -> str:
        answer = self.ask(method, path, **more)
        assert answer.status_code == status, answer.text
        assert set(answer.json()) == {"detail"}
        detail = answer.json()["detail"]
        assert isinstance(detail, str)
        return detail


@pytest.fixture
def api():
    made = Api()
    yield made
    made.world.ncc.close()


def at(path: str) -> str:
    return f"/terminals/{ADDRESS}/{path}"


BOOLEANS = [
    ("POST", at("control/1"), {"point": 3, "values": {"limit_time": True}}),
    ("POST", at("control/1"), {"point": True}),
    ("POST", at("parameters/30"), {"values": {"state": False}}),
    ("POST", at("parameters/30/query"), {"values": {"state": True}}),
    ("POST", at("read"), {"points": [True], "items": ["0C.F129"]}),
    ("POST", at("archive"), {"points": [True]}),
    ("POST", at("forward"), {"port": True, "message": "68"}),
    ("POST", at("forward"), {"port": 1, "message": "68", "timeout_s": True}),
    (
        "POST",
        at("history"),
        {"points": [1], "item": "0D.F161", "first": "2026-03-01T00:00:00", "count": True},
    ),
    ("PUT", "/tasks", TASK | {"recollect_s": True}),
    ("PUT", "/tasks", TASK | {"points": [True]}),
    ("PUT", "/points", [POINT | {"tariffs": True}]),
    ("PUT", "/points", [POINT | {"point": True}]),
    ("PUT", "/terminals", [TERMINAL | {"heartbeat_s": True}]),
]


@pytest.mark.parametrize(("method", "path", "body"), BOOLEANS)
def test_true_is_no_number(api, method, path, body):
    assert "no numbers" in api.refused(method, path, json=body)


def test_true_is_no_number_for_other_callers(api, tmp_path):
    with pytest.raises(ConfigError, match="no numbers"):
        api.world.center.control(ADDRESS, 1, point=3, values={"limit_time": True})
    file = tmp_path / "archive.toml"
    file.write_text('[[terminal]]\naddress = "0171-0001"\nheartbeat_s = true\n')
    with pytest.raises(ConfigError, match="no numbers"):
        load_archive(file)


def test_openapi_tells_of_every_refusal_in_one_shape(api):
    document = api.http.get("/openapi.json").json()
    problem = {"$ref": "#/components/schemas/Problem"}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            codes = {"401", "413", "422", "503"} | (
                set() if path in {"/login", "/logout"} else {"403", "404"}
            )
            for code in codes:
                answer = operation["responses"][code]
                assert answer["content"]["application/json"]["schema"] == problem, (method, path, code)
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert {"delete"} < set(document["paths"]["/terminals/{address}"])
    assert "/points/{terminal}/{point}" in document["paths"]


def test_details_are_texts_whoever_refuses(api):
    assert "body.points" in api.refused("POST", at("read"), json={"items": ["0C.F129"]})
    api.refused("POST", at("read"), json={"points": [], "items": ["0C.F129"]})
    api.refused("GET", "/terminals/0171-0777", 404)
    api.refused("GET", "/nowhere", 404)
    assert isinstance(api.http.get("/terminals").json()["detail"], str)
    many = [TERMINAL | {"heartbeat_s": 0}] * 100
    assert api.refused("PUT", "/terminals", json=many).endswith("and 80 more")


def test_terminal_is_dropped_with_its_points_and_may_come_again(api):
    terminal = api.world.terminal()
    terminal.report(0x0D, day_freeze(1, 161, api.world.clock.wall(), [5]))
    api.world.run(0.2)
    assert api.ask("DELETE", f"/terminals/{ADDRESS}", "viewer").status_code == 403
    assert api.ask("DELETE", f"/terminals/{ADDRESS}", "operator").status_code == 204
    api.world.run(0.2)
    assert terminal.closed
    assert api.ask("GET", "/terminals").json() == api.ask("GET", "/points").json() == []
    # what it sent is there, it itself is not let in
    assert len(api.ask("GET", "/readings").json()) == 1
    assert api.world.terminal().closed
    api.refused("DELETE", f"/terminals/{ADDRESS}", 404)
    line = api.world.center.audit(ADDRESS)[-1]
    assert (line.actor, line.action) == ("operator", "drop terminal")
    api.world.register()
    assert not api.world.terminal().closed


def test_dropped_terminal_and_point_are_gone_after_a_restart(tmp_path):
    url = f"sqlite:///{tmp_path}/ncc.db"
    world = World(store=url)
    world.register()
    world.register("0171-0002")
    gone = world.core.terminal(ADDRESS)
    world.core.drop_terminal(ADDRESS)
    # a clock that is remembered late must not stop the next start
    world.core.time._keep(gone)
    world.core.drop_point("0171-0002", 3)
    world.ncc.close()
    again = World(store=url)
    assert [state.entry.address for state in again.center.terminals()] == ["0171-0002"]
    assert [point.point for point in again.center.points()] == [1, 2, 4]
    again.ncc.close()


def test_terminal_that_a_task_names_is_not_dropped(api):
    assert api.ask("PUT", "/tasks", json=TASK | {"terminals": [ADDRESS]}).status_code == 204
    assert "a task names this terminal" in api.refused("DELETE", f"/terminals/{ADDRESS}")
    assert api.ask("DELETE", "/tasks/t").status_code == 204
    assert api.ask("DELETE", f"/terminals/{ADDRESS}").status_code == 204


def test_point_is_dropped(api):
    assert api.ask("DELETE", f"/points/{ADDRESS}/2", "viewer").status_code == 403
    assert api.ask("DELETE", f"/points/{ADDRESS}/2", "operator").status_code == 204
    assert [point["point"] for point in api.ask("GET", "/points").json()] == [1, 3, 4]
    assert "point" in api.refused("DELETE", f"/points/{ADDRESS}/2", 404)
    assert api.world.center.audit(ADDRESS)[-1].detail == "P2"


@pytest.mark.parametrize("name", ["a/b", "..", ".", " a", "a\n", " "])
def test_task_whose_name_no_path_can_have_is_refused(api, name):
    assert "no slash" in api.refused("PUT", "/tasks", json=TASK | {"name": name})
    assert api.ask("GET", "/tasks").json() == []


def test_task_with_such_a_name_from_before_can_be_ended(api):
    task = CollectionTask("a/b", ("0D.F161",), 86400.0, api.world.clock.wall())
    api.world.core.store.save_task(task)
    api.world.core.tasks.start(task)
    assert api.ask("DELETE", "/tasks/a%2Fb").status_code == 204
    assert api.ask("GET", "/tasks").json() == []


def test_task_in_chinese(api):
    assert api.ask("PUT", "/tasks", json=TASK | {"name": "日冻结 1"}).status_code == 204
    assert api.ask("DELETE", "/tasks/日冻结 1").status_code == 204


def test_cycle_that_ends_before_it_begins_is_refused(api):
    api.ask("PUT", "/tasks", json=TASK)
    days = {"first": "2026-03-02", "last": "2026-03-01"}
    assert "ends before it begins" in api.refused("GET", "/statistics/tasks/t", params=days)


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/readings", "terminal, point, item, first, last, tariff, limit"),
        ("/events", "terminal, erc, first, limit"),
        ("/audit", "terminal, limit"),
        ("/points", "terminal"),
        ("/statistics", "none"),
        ("/terminals", "none"),
    ],
)
def test_unknown_parameter_of_a_query_is_refused(api, path, known):
    detail = api.refused("GET", path, params={"itm": "0D.F161"})
    assert "itm" in detail
    assert known in detail


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("read", {"points": [1, 77], "items": ["0C.F129"]}),
        ("history", {"points": [77], "item": "0D.F161", "first": "2026-03-01T00:00:00"}),
        ("control/1", {"point": 77, "values": {"limit_time": 0, "alarm_delay": 0}}),
    ],
)
def test_point_that_is_not_in_the_archive_is_refused(api, path, body):
    detail = api.refused("POST", at(path), json=body)
    assert "no such collection point" in detail
    assert "77" in detail
    assert api.world.core.statistics().counters.get("commands.failed", 0) == 0


def test_terminal_itself_may_be_read(api):
    asked = {"points": [0], "items": ["0C.F25"]}
    assert api.ask("POST", at("read"), json=asked).status_code == 202


def test_nothing_to_forward_is_refused(api):
    assert "nothing to forward" in api.refused("POST", at("forward"), json={"port": 31, "message": ""})


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("PUT", "/tasks", TASK | {"period_s": 1}, ["body.period_s", "60"]),
        ("PUT", "/tasks", TASK | {"density_s": 700}, ["body.density_s", "60, 300, 900, 1800, 3600"]),
        (
            "POST",
            at("history"),
            {"points": [1], "item": "0D.F101", "first": "2026-03-01T00:00:00", "density_s": 1},
            ["body.density_s", "60, 300, 900, 1800, 3600"],
        ),
        ("PUT", "/tasks", TASK | {"items": ["0X.F1"]}, ["body.items.0", "e.g. 0C.F129"]),
        ("PUT", "/points", [POINT | {"meter": "12"}], ["body.0.meter", "twelve digits"]),
        ("PUT", "/terminals", [{"address": "x"}], ["body.0.address", "0171-0001"]),
        ("PUT", "/terminals", [TERMINAL | {"password": "1"}], ["body.0.password", "32 hex digits"]),
        ("POST", at("forward"), {"port": 1, "message": "6"}, ["body.message", "two digits each"]),
    ],
)
def test_refusal_tells_what_would_be_right(api, method, path, body, words):
    detail = api.refused(method, path, json=body)
    for word in words:
        assert word in detail
    assert "^" not in detail


def test_the_center_names_the_key_too(api):
    task = CollectionTask("t", ("0D.F161",), 1.0, api.world.clock.wall())
    with pytest.raises(ConfigError) as refused:
        api.world.center.schedule(task)
    assert refused.value.key == "period_s"


def test_archive_file_tells_what_would_be_right_and_no_password(tmp_path):
    file = tmp_path / "archive.toml"
    file.write_text('[[terminal]]\naddress = "0171-0001"\npassword = "918273"\n')
    with pytest.raises(ConfigError) as refused:
        load_archive(file)
    assert "32 hex digits" in str(refused.value)
    assert "918273" not in str(refused.value)
