"""Accounts that the command line changes while a center runs on the same database."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from fixtures.ncc_running import Running
from rig.ncc.settings import Settings
from rig.ncc.shell_http import HttpApi
from rig.ncc.store import Store

PASSWORD = "long enough"


@pytest.fixture
def url(new_database):
    """URL of a database."""
    return new_database("sqlite")


@pytest.fixture
def api(url):
    """Where a center on this database serves its API."""
    running = Running(Store(url), Settings())
    served = running.do(lambda: HttpApi(running.center.service, running.center.store, "127.0.0.1:0"))
    running.wait(served.start())
    yield served.url
    running.wait(served.stop())
    running.stop()


def account(*words: str, store: str) -> None:
    command = [sys.executable, "-m", "rig.cli.main", "ncc", "account", *words, "--store", store]
    subprocess.run(command, input=PASSWORD + "\n", text=True, check=True, timeout=60, capture_output=True)


def ask(address: str, token: str = "", **form: str) -> list[dict[str, str]] | dict[str, str] | int:
    """What is answered, or the status of a refusal."""
    request = urllib.request.Request(
        address,
        data=urllib.parse.urlencode(form).encode() if form else None,
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def login(api: str, name: str) -> str:
    return ask(f"{api}/login", username=name, password=PASSWORD)["access_token"]


def test_dropped_account_is_out_of_a_running_center_and_the_trail_tells_who_did_it(url, api):
    account("set", "boss", "--role", "admin", store=url)
    account("set", "eye", "--role", "viewer", store=url)
    boss, eye = login(api, "boss"), login(api, "eye")
    assert isinstance(ask(f"{api}/terminals", eye), list)
    account("drop", "eye", store=url)
    time.sleep(1.1)
    assert ask(f"{api}/terminals", eye) == 401
    lines = ask(f"{api}/audit", boss)
    assert [(line["action"], line["detail"]) for line in lines] == [
        ("set account", "boss: admin"),
        ("set account", "eye: viewer"),
        ("drop account", "eye"),
    ]
    assert all("command line" in line["actor"] for line in lines)
