"""The stand of a command center: played terminals, an emulated center that dies, and a real one by TCP and HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from rig.bench.binding import Bench
from rig.bench.stands.ncc import EmulatedNccStand, conforming_settings
from rig.errors import BenchMissing, ConfigError
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content
from rig.sessions.played_terminal import Reply

PRESENT = {"time": "2026-03-02 00:00", "tariffs": 0, "total": Decimal("12.5")}
DAY = {"date": "2026-03-01", **PRESENT}
ACCOUNTS = {"boss": "admin", "viewer": "viewer", "operator": "operator"}


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench.load(seed=5)
    yield bench
    bench.end_case()


def stand_of(bench: Bench, **options: object) -> EmulatedNccStand:
    bench.begin_case("ncc.selftest", role="ncc", options=options)
    stand = bench.stand()
    assert isinstance(stand, EmulatedNccStand)
    return stand


def test_played_terminal_logs_in_reports_and_answers(bench: Bench):
    stand = stand_of(bench)
    terminal = stand.terminal()
    assert stand.online(terminal)
    assert terminal.report(Afn.HISTORY_DATA, [Content(1, 161, DAY)]).confirmed
    terminal.offer(Afn.REALTIME_DATA, 129, lambda unit: PRESENT if unit.point == 2 else None)
    result = stand.center.wait(stand.center.read_now(terminal.name, [1, 2], ["0C.F129"]))
    assert result.value(2, "0C.F129", "total") == Decimal("12.5")
    assert result.value(1, "0C.F129", "total") is None
    assert any(" 0D request class 2 data" in record.decode for record in bench.records())


def test_terminal_hears_on_its_latest_connection_only(bench: Bench):
    stand = stand_of(bench)
    terminal = stand.terminal()
    terminal.answers[Afn.REALTIME_DATA, 0] = lambda _heard: Reply.SILENCE
    terminal.dial()
    assert terminal.old_connections == [True]
    stand.center.read_now(terminal.name, [1], ["0C.F129"])
    terminal.wait(1.0)
    assert terminal.requests == []
    terminal.login()
    terminal.wait(0.1)
    assert terminal.old_connections == [False]


def test_stranger_is_not_registered(bench: Bench):
    stand = stand_of(bench)
    stranger = stand.stranger()
    assert stranger.dial()
    assert stranger.login().said == "denied"


def test_what_was_not_stored_is_lost_when_a_center_dies(bench: Bench):
    stand = stand_of(bench, durable=True, commit_s=5.0)
    terminal = stand.terminal()
    assert terminal.ask(terminal.report_frame(Afn.HISTORY_DATA, [Content(1, 161, DAY)]), 1.0).answer is None
    stand.restart()
    terminal.wait(10.0)
    assert not terminal.connected
    assert stand.center.readings() == ()
    assert terminal.dial()
    assert terminal.login().confirmed


def test_center_in_memory_cannot_die(bench: Bench):
    with pytest.raises(BenchMissing, match="outlasts"):
        stand_of(bench).restart()


def test_unknown_option_is_refused(bench: Bench):
    with pytest.raises(ConfigError, match="no option of this stand"):
        stand_of(bench, patience=3)


def test_roles(bench: Bench):
    stand = stand_of(bench)
    terminal = stand.terminal()
    for role, allowed in {"viewer": False, "operator": False, "controller": True}.items():
        assert stand.allowed(role, lambda center: center.control(terminal.name, 33)) is allowed


def test_drawn_settings_are_the_same_for_a_seed():
    assert conforming_settings(3) == conforming_settings(3)
    assert len({conforming_settings(seed) for seed in range(8)}) > 4


@pytest.fixture
def center(tmp_path: Path) -> Iterator[str]:
    """A center as a process with three accounts; the text of a bench file that reaches it."""
    store = f"sqlite:///{tmp_path}/ncc.db"
    for name, role in ACCOUNTS.items():
        words = ["ncc", "account", "set", name, "--role", role, "--store", store]
        subprocess.run(
            [sys.executable, "-m", "rig.cli.main", *words],
            input=f"password of {name}\n",
            text=True,
            check=True,
            capture_output=True,
        )
    words = ["ncc", "serve", "--store", store, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "rig.cli.main", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        said = process.stdout.readline()
        assert said.startswith("listening on"), said
        wire, http = said.removeprefix("listening on ").partition(";")[0].split(", ")
        urls = {"wire": f"socket://{wire}"}
        for name in ACCOUNTS:
            urls[name] = f"http://{name}:password%20of%20{name}@{http.removeprefix('http://')}"
        links = "".join(f'[links.{name}]\nurl = "{url}"\ntopology = "M3-N1"\n' for name, url in urls.items())
        yield (
            f'[bench]\nname = "center"\n{links}[[devices]]\nid = "center"\nrole = "ncc"\nlinks = {[*urls]}\n'
        )
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@pytest.mark.slow
@pytest.mark.nightly
def test_real_center_passes_its_cases(center: str, tmp_path: Path):
    file = tmp_path / "bench.toml"
    file.write_text(center, encoding="utf-8")
    words = ["--bench", str(file), "--select", "id=ncc.control.*", "--max-bench-time", "30"]
    done = subprocess.run(
        [sys.executable, "-m", "rig.cli.main", "run", *words, "--out", str(tmp_path / "run")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert "1 NOT_TESTED, 7 PASS" in done.stdout, done.stdout + done.stderr
