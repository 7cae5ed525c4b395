"""`rig ncc`: accounts, and the HTTP API beside the terminals' port."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NCC = [sys.executable, "-m", "rig.cli.main", "ncc"]
PASSWORD = "long enough password"
ARCHIVE = (
    '[[terminal]]\naddress = "0171-0001"\n[[terminal.points]]\npoint = 1\nmeter = "100001000001"\nport = 31\n'
)


def ncc(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*NCC, *words], input=given, capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def served(*words: str) -> Iterator[str]:
    """A center; gives where its API is."""
    command = [*NCC, "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            told = process.stdout.readline()
            assert process.stdout.readline().startswith("READY 127.0.0.1:")
            yield next(word.strip(",;") for word in told.split() if word.startswith("http://"))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0


def ask(url: str, token: str = "", **form: str) -> object:
    request = urllib.request.Request(
        url,
        data=urllib.parse.urlencode(form).encode() if form else None,
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_accounts_are_set_listed_and_dropped(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'n.db'}"
    done = ncc("account", "set", "ops", "--role", "operator", "--store", store, given=PASSWORD + "\n")
    assert (done.returncode, done.stdout) == (0, "ops: operator\n")
    assert PASSWORD.encode() not in (tmp_path / "n.db").read_bytes()
    assert ncc("account", "list", "--store", store).stdout == "ops: operator\n"
    assert ncc("account", "drop", "ops", "--store", store).returncode == 0
    assert ncc("account", "list", "--store", store).stdout == ""


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        (("set", "ops", "--role", "king"), PASSWORD, "one of viewer, operator, controller, admin"),
        (("set", "ops", "--role", "viewer"), "short", "10 characters or more"),
        (("set", "o p s", "--role", "viewer"), PASSWORD, "no usable name"),
        (("drop", "nobody"), "", "no such account"),
    ],
)
def test_what_is_wrong_with_an_account_is_told(
    tmp_path: Path, words: tuple[str, ...], given: str, told: str
) -> None:
    store = f"sqlite:///{tmp_path / 'n.db'}"
    ncc("account", "set", "eye", "--role", "viewer", "--store", store, given=PASSWORD + "\n")
    done = ncc("account", *words, "--store", store, given=given + "\n")
    assert done.returncode == 2
    assert told in done.stderr
    assert ncc("account", "list", "--store", store).stdout == "eye: viewer\n"


@pytest.mark.parametrize("words", [("drop", "nobody"), ("list",)])
def test_accounts_of_a_database_that_is_not_there_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = ncc("account", *words, "--store", f"sqlite:///{tmp_path / 'n.db'}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no database of a command center" in done.stderr
    assert not (tmp_path / "n.db").exists()


def test_the_api_is_served_beside_the_terminals(tmp_path: Path) -> None:
    store, archive = f"sqlite:///{tmp_path / 'n.db'}", tmp_path / "archive.toml"
    archive.write_text(ARCHIVE, encoding="utf-8")
    ncc("account", "set", "eye", "--role", "viewer", "--store", store, given=PASSWORD + "\n")
    with served("--store", store, "--archive", str(archive)) as url:
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(f"{url}/terminals")
        assert refused.value.code == 401
        refused.value.close()
        token = str(ask(f"{url}/login", username="eye", password=PASSWORD)["access_token"])  # type: ignore[index]
        [terminal] = ask(f"{url}/terminals", token)  # type: ignore[misc]
        assert terminal["address"] == "0171-0001"
        with pytest.raises(urllib.error.HTTPError) as forbidden:
            ask(f"{url}/terminals/0171-0001/clock", token, no="body")
        assert forbidden.value.code == 403
        forbidden.value.close()


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:70000"])
def test_no_address_for_the_api(tmp_path: Path, address: str) -> None:
    done = ncc(
        "serve", "--store", f"sqlite:///{tmp_path / 'n.db'}", "--listen", "127.0.0.1:0", "--http", address
    )
    assert done.returncode == 2
    assert "no address to listen on" in done.stderr


def test_emulate_says_where_a_center_is_served() -> None:
    command = [sys.executable, "-m", "rig.cli.main", "emulate", "ncc"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "rig ncc serve" in done.stderr
