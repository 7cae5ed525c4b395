"""The center on an event loop: TCP, group commits in a thread, back-pressure, errors with words."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from fixtures.gdw1376_1_plain import build
from fixtures.ncc_process import BlockingTerminal, CenterProcess, archive_text
from fixtures.ncc_running import Running
from fixtures.ncc_terminal import unit_id
from rig.errors import ConfigError
from rig.ncc.archive import load_archive
from rig.ncc.settings import Limits, Settings, TimeRules
from rig.ncc.store import Batch, Store, StoreError

QUIET = TimeRules(check_s=0.0)


def rig(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rig.cli.main", "ncc", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class SlowStore(Store):
    """A store whose commits wait until they are let through."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.gate = threading.Event()
        self.gate.set()
        self.failures = 0

    def commit(self, prepared: object) -> int:
        self.gate.wait(30)
        if self.failures:
            self.failures -= 1
            self._writer_ready._connection.rollback()
            raise StoreError("disk full")
        return super().commit(prepared)


def flood(peer: socket.socket, octets: bytes) -> None:
    """Send, and read nothing."""
    for _ in range(20_000):
        peer.sendall(octets)


@pytest.fixture
def start(tmp_path):
    running = []

    def make(**bounds) -> tuple[Running, SlowStore]:
        store = SlowStore(f"sqlite:///{tmp_path}/ncc.db")
        running.append((Running(store, Settings(limits=Limits(**bounds), time=QUIET)), store))
        return running[-1]

    yield make
    for one, store in running:
        store.gate.set()
        one.stop()


def test_no_acknowledgement_before_the_commit(start):
    running, store = start()
    terminal = BlockingTerminal(1)
    terminal.dial(running.port)
    store.gate.clear()
    terminal.work()
    assert not terminal.take(0.3)
    assert terminal.acknowledged == set()
    store.gate.set()
    while len(terminal.acknowledged) < 12:
        assert terminal.take(5)
    terminal.close()


def test_group_that_cannot_be_stored_is_not_acknowledged_and_its_repetition_is_stored(start):
    running, store = start()
    terminal = BlockingTerminal(1)
    terminal.dial(running.port)
    store.failures = 1000
    terminal.work()
    assert not terminal.take(0.3)
    assert running.do(running.center.core.statistics).counters["groups.failed"] >= 1
    store.failures = 0
    terminal.window.clear()
    while len(terminal.acknowledged) < 12:
        terminal.work()
    terminal.close()
    assert running.do(lambda: running.center.core.journal.last_error) == "disk full"


def test_reading_from_connections_pauses_while_too_much_waits(start):
    running, store = start(backlog_rows=60)
    terminal = BlockingTerminal(1)
    terminal.dial(running.port)
    store.gate.clear()
    for _ in range(20):
        # what is outstanding does not matter to a flooder
        terminal.window.clear()
        terminal.work()
    waiting = running.do(lambda: running.center.core.journal.waiting_rows)
    assert 60 <= waiting <= 60 + 65536 // 60 * 3
    paused = running.do(lambda: len(running.center.paused))
    assert paused == 1
    frames = running.do(lambda: running.center.core.frames)
    terminal.window.clear()
    terminal.work()
    assert running.do(lambda: running.center.core.frames) == frames
    store.gate.set()
    other = BlockingTerminal(2)
    other.dial(running.port)
    while len(other.acknowledged) < 12:
        other.work()
    assert running.do(lambda: running.center.paused) == []
    terminal.close()
    other.close()


def test_peer_that_reads_nothing_is_cut_off(start):
    running, _ = start(frames_per_s=1e9, frames_burst=1e9, octets_per_s=1e12, octets_burst=1e12)
    greedy = socket.create_connection(("127.0.0.1", running.port))
    greedy.settimeout(30)
    header = b"\x71\x01\x01\x00\x00"
    greedy.sendall(build(b"\xc9" + header + b"\x02\x70" + unit_id(0, 1)))
    heartbeats = build(b"\xc9" + header + b"\x02\x71" + unit_id(0, 3)) * 500
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        flood(greedy, heartbeats)
    greedy.close()
    assert running.do(running.center.core.statistics).counters["closed.unread"] == 1


def test_sockets_of_refused_peers_are_closed(start):
    running, _ = start(sessions_per_address=1)
    first = socket.create_connection(("127.0.0.1", running.port))
    second = socket.create_connection(("127.0.0.1", running.port))
    second.settimeout(5)
    with contextlib.suppress(ConnectionResetError):
        assert second.recv(1) == b""
    first.close()
    second.close()


def test_serve_and_stop(tmp_path):
    archive = tmp_path / "archive.toml"
    archive.write_text(archive_text(1, 50))
    url = f"sqlite:///{tmp_path}/ncc.db"
    center = CenterProcess(url, archive)
    terminal = BlockingTerminal(1)
    terminal.dial(center.port)
    while len(terminal.acknowledged) < 30:
        terminal.work()
    busy = rig("serve", "--store", url, "--listen", f"127.0.0.1:{center.port}")
    assert busy.returncode == 2
    assert "cannot listen" in busy.stderr
    assert "in use" in busy.stderr
    terminal.close()
    assert center.stop() == 0
    counted = rig("count", "--store", url)
    assert counted.returncode == 0
    assert int(counted.stdout.split()[0]) >= 90
    assert "1 terminals" in counted.stdout


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--store", "nonsense"], 2, "no such database"),
        (["--store", "postgresql://rig:secret@127.0.0.1:1/x"], 3, "127.0.0.1"),
        (["--store", "sqlite://", "--listen", "nowhere"], 2, "no address to listen on"),
        (["--store", "sqlite://", "--listen", "127.0.0.1:99999"], 2, "no address to listen on"),
        (["--store", "sqlite://", "--archive", "/nowhere.toml"], 2, "cannot be read"),
    ],
)
def test_errors_have_words(words, status, message):
    done = rig("serve", *words)
    assert done.returncode == status
    assert message in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["count"], ["account", "list"], ["account", "drop", "ann"]])
def test_commands_that_only_read_make_no_database(tmp_path, words):
    file = tmp_path / "typo.db"
    for _ in range(2):
        done = rig(*words, "--store", f"sqlite:///{file}")
        assert done.returncode == 2
        assert "no database of a command center" in done.stderr
        assert done.stdout == ""
        assert not file.exists() or file.stat().st_size == 0
        # an empty file is none either
        file.touch()


def test_database_without_tables_is_not_filled_by_reading(database):
    if database.startswith("postgresql"):
        with pytest.raises(ConfigError, match="no database of a command center"):
            Store(database, create=False)
    Store(database).close()
    Store(database, create=False).close()


def test_bounds_of_connections_can_be_set(monkeypatch):
    from rig.cli import ncc

    asked = []
    monkeypatch.setattr("rig.ncc.shell_asyncio.serve", lambda *words, **_: asked.append(words[2].limits))
    monkeypatch.setattr("rig.ncc.shell_asyncio.run_loop", lambda main: main())
    ncc.serve("sqlite://")
    ncc.serve("sqlite://", sessions=7, sessions_per_address=5000)
    assert [(found.sessions, found.sessions_per_address) for found in asked] == [(19_000, 1000), (7, 5000)]


@pytest.mark.parametrize("option", ["--sessions-per-address", "--sessions"])
def test_bound_of_no_connection_is_refused(option):
    done = rig("serve", "--store", "sqlite://", option, "0")
    assert done.returncode == 2
    assert option in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "[[terminal]",
        "[[terminal]]\naddres = 1",
        '[[terminal]]\naddress = "0171-0001"\npassword = "12"',
        "[[terminal]]",
    ],
)
def test_archive_files_that_are_wrong(tmp_path, text):
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"a\.toml"):
        load_archive(path)


def test_two_processes_share_one_database(new_database, tmp_path):
    archive = tmp_path / "archive.toml"
    archive.write_text(archive_text(2))
    url = new_database("postgresql")
    centers = [CenterProcess(url, archive) for _ in range(2)]
    terminals = [BlockingTerminal(number) for number in (1, 2)]
    for terminal, center in zip(terminals, centers, strict=True):
        terminal.dial(center.port)
    while min(len(terminal.acknowledged) for terminal in terminals) < 50:
        for terminal in terminals:
            terminal.work()
    for terminal in terminals:
        terminal.close()
    assert [center.stop() for center in centers] == [0, 0]
    store = Store(url)
    assert store.count()[0] >= 300
    assert store.write(Batch()) == 0
    store.close()


def test_runs_without_uvloop(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    (tmp_path / "uvloop.py").write_text("raise ImportError\n")
    code = (
        "import asyncio; from rig.ncc.shell_asyncio import run_loop\n"
        "async def main(): print(type(asyncio.get_running_loop()).__module__)\n"
        "run_loop(main)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("asyncio")


def test_center_stops_while_terminals_go_on_sending(start):
    running, _ = start(frames_per_s=1e6, frames_burst=1e6, octets_per_s=1e9, octets_burst=1e9)
    terminals = [BlockingTerminal(number) for number in (1, 2)]
    over = threading.Event()

    def go_on(terminal: BlockingTerminal) -> None:
        with contextlib.suppress(OSError):
            while not over.is_set():
                terminal.work()

    for terminal in terminals:
        terminal.dial(running.port)
    senders = [threading.Thread(target=go_on, args=(terminal,)) for terminal in terminals]
    for sender in senders:
        sender.start()
    time.sleep(0.5)
    began_s = time.monotonic()
    running.stop()
    over.set()
    for sender in senders:
        sender.join(30)
    for terminal in terminals:
        terminal.close()
    assert time.monotonic() - began_s < 60


def test_connections_are_read_again_when_a_group_could_not_even_be_prepared(start):
    running, store = start(backlog_rows=10)
    terminal = BlockingTerminal(1)
    terminal.dial(running.port)
    prepare = store.prepare
    refused = []

    def failing(batch: Batch) -> object:
        if not refused:
            refused.append(batch)
            raise StoreError("disk full")
        return prepare(batch)

    store.prepare = failing  # type: ignore[method-assign]
    for _ in range(20):
        terminal.window.clear()
        terminal.work()
        if refused and len(terminal.acknowledged) >= 12:
            break
        terminal.take(1)
    assert refused
    assert len(terminal.acknowledged) >= 12
    terminal.close()
