"""Bring-up of a bench whose every part is another process: adapters on serial lines, four instruments, a meter."""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from rig.transports.pty import PseudoTerminal

RIG = [sys.executable, "-m", "rig.cli.main"]
INSTRUMENTS = {
    "source": "fluke_6105a",
    "error_calculator": "zera_com5003",
    "counter": "keysight_53220a",
    "reference": "yokogawa_wt",
}
BAUD = 9600
#: the adapter that the loop-back plug is in: its own delay in seconds
LATENCY_S = 0.02


@contextmanager
def served(*what: str) -> Iterator[str]:
    """`rig emulate`; gives where it is reached."""
    with subprocess.Popen([*RIG, "emulate", *what], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(line.split()[1] for line in process.stdout if line.startswith("READY"))
        finally:
            process.terminate()


@contextmanager
def loop_back() -> Iterator[str]:
    """A serial line whose adapter has a loop-back plug: everything comes back, late by the adapter's latency."""
    stop = threading.Event()

    def echo(terminal: PseudoTerminal) -> None:
        while not stop.is_set():
            if select.select([terminal.descriptor], [], [], 0.1)[0]:
                data = os.read(terminal.descriptor, 4096)
                time.sleep(len(data) * 11 / BAUD + LATENCY_S)
                os.write(terminal.descriptor, data)

    with PseudoTerminal() as terminal:
        thread = threading.Thread(target=echo, args=(terminal,))
        thread.start()
        try:
            yield terminal.path
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def doctor(tmp_path) -> Iterator[Callable[..., subprocess.CompletedProcess]]:
    """`rig doctor` on that bench."""
    with ExitStack() as parts:
        meter = parts.enter_context(served("meter", "--listen", "pty://", "--baud", str(BAUD)))
        plug = parts.enter_context(loop_back())
        text = '[bench]\nname = "rehearsal"\nbringup = "bringup.json"\n'
        for name, path in (("bus1", meter), ("plug", plug)):
            text += f'[links.{name}]\nurl = "{path}"\nbaud = {BAUD}\n'
        text += '[[devices]]\nid = "meter"\nrole = "meter"\nlink = "bus1"\n'
        for role, driver in INSTRUMENTS.items():
            resource = parts.enter_context(served(f"instrument:{driver}"))
            text += f'[[instruments]]\nrole = "{role}"\ndriver = "{driver}"\nresource = "{resource}"\n'
        (tmp_path / "bench.toml").write_text(text, encoding="utf-8")

        def run(*options: str) -> subprocess.CompletedProcess:
            command = [*RIG, "doctor", "--bench", "bench.toml", *options]
            return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

        yield run


@pytest.mark.slow
def test_every_part_is_accepted_and_then_verified(doctor, tmp_path):
    before = doctor()
    assert before.returncode == 0, before.stdout
    assert before.stdout.count("unverified") == len(INSTRUMENTS)
    done = doctor("--bringup", "--loop-back", "plug")
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((tmp_path / "bringup.json").read_text(encoding="utf-8"))
    assert all(item["passed"] for item in record.values())
    assert sorted(item["kind"] for item in record.values()) == [
        *["adapter"] * 2,
        *["instrument"] * 4,
        "meter",
    ]
    timing = next(step for step in record["adapter:plug"]["steps"] if step["name"] == "loop-back timing")
    latency_s = float(timing["detail"].split("latency_s = ")[1].split(",")[0])
    assert LATENCY_S < latency_s < LATENCY_S + 0.5
    assert "unverified" not in doctor().stdout


@pytest.mark.slow
def test_a_plug_that_is_not_there_is_told(doctor):
    done = doctor("--bringup", "--loop-back", "bus1")
    assert done.returncode == 3
    assert "is the loop-back plug in?" in done.stdout
    assert "adapter bus1: NOT accepted" in done.stdout
    wrong = doctor("--bringup", "--loop-back", "nowhere")
    assert wrong.returncode == 2
    assert wrong.stderr == "rig: --loop-back: no such link (got 'nowhere'); bus1, plug\n"
