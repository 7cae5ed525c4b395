"""The watchdog switches the source off, whatever happens to the run."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.fake_scene import FakeScene
from instruments.fluke_6105a import Fluke6105A
from instruments.fluke_6105a_emulator import Fluke6105AEmulator
from rig.bench.watchdog import Watchdog
from rig.bench.watchdog_process import load_driver, switch_off, write_note
from rig.errors import BenchError
from rig.ports.electrical import ElectricalState, PhaseState

ROOT = Path(__file__).parents[3]
LOAD = ElectricalState((PhaseState(220.0, 5.0, 60.0),), 50.0)


@pytest.fixture
def emulator():
    served = Fluke6105AEmulator(FakeScene())
    served.start()
    yield served
    served.stop()


@pytest.fixture
def source(emulator):
    with Fluke6105A.open(emulator.resource, simulated=True) as driver:
        driver.apply(LOAD)
        driver.output_on()
        yield driver


@contextmanager
def child(*arguments, **options):
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@contextmanager
def source_process():
    with child("fixtures.instrument_process", "fluke_6105a") as process:
        word, resource = process.stdout.readline().decode().split()
        assert word == "READY"
        yield resource


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def killed_run(resource, note, after_s, number, timeout_s=30.0):
    """A run that is hit by ``number`` some time after it was armed."""
    with child("fixtures.doomed_run", resource, str(note), str(timeout_s)) as run:
        assert run.stdout.readline() == b"ARMED\n"
        time.sleep(after_s)
        run.send_signal(number)
        if number == signal.SIGKILL:
            run.wait()
        assert wait_for(note.exists), "the watchdog wrote no note"
    return json.loads(note.read_text())


def output_is_on(resource):
    with Fluke6105A.open(resource) as driver:
        return driver.output_is_on()


@pytest.mark.parametrize("rounds", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_sigkill_at_random_moments_leaves_the_output_off(tmp_path, rounds):
    moments = random.Random(7)
    with source_process() as resource:
        for number in range(rounds):
            note = killed_run(
                resource, tmp_path / f"note{number}", moments.uniform(0.0, 0.15), signal.SIGKILL
            )
            assert note["output_verified_off"] is True
            assert note["reason"] in {"the run ended without disarming the watchdog", "the run is gone"}
            assert note["resource"] == resource
            assert not output_is_on(resource)


def test_frozen_run_leaves_the_output_off(tmp_path):
    with source_process() as resource:
        note = killed_run(resource, tmp_path / "note", 0.1, signal.SIGSTOP, timeout_s=0.6)
        assert note["reason"] == "no sign of life for 0.6 s"
        assert not output_is_on(resource)


def test_exception_in_the_run_disarms_and_leaves_the_source_to_the_bench(source, emulator, tmp_path):
    with pytest.raises(KeyError), Watchdog("fluke_6105a", emulator.resource, tmp_path / "note"):
        raise KeyError
    assert source.output_is_on()
    assert not (tmp_path / "note").exists()


def test_silence_of_the_run_is_not_taken_for_death_while_it_lives(source, emulator, tmp_path):
    with Watchdog("fluke_6105a", emulator.resource, tmp_path / "note", heartbeat_timeout_s=1.5) as watchdog:
        time.sleep(2.2)
        watchdog.beat()
        assert watchdog.armed
    assert source.output_is_on()


def test_terminated_watchdog_acts_before_it_goes_and_the_next_beat_says_so(source, emulator, tmp_path):
    watchdog = Watchdog("fluke_6105a", emulator.resource, tmp_path / "note")
    watchdog.arm()
    os.kill(watchdog._process.pid, signal.SIGTERM)
    assert wait_for(lambda: not watchdog.armed)
    assert not source.output_is_on()
    with pytest.raises(BenchError, match="is gone; it has acted, see"):
        watchdog.beat()
    watchdog.disarm()


def test_interrupt_from_the_terminal_does_not_reach_the_watchdog(emulator, tmp_path):
    with Watchdog("fluke_6105a", emulator.resource, tmp_path / "note") as watchdog:
        assert os.getsid(watchdog._process.pid) == watchdog._process.pid


def test_arming_twice_is_refused_and_disarming_twice_is_harmless(emulator, tmp_path):
    watchdog = Watchdog("fluke_6105a", emulator.resource, tmp_path / "note")
    watchdog.disarm()
    watchdog.arm()
    with pytest.raises(BenchError, match="armed already"):
        watchdog.arm()
    watchdog.disarm()
    watchdog.disarm()
    assert not watchdog.armed


@pytest.mark.parametrize(
    ("driver", "message"),
    [
        ("no_such_driver", "no driver named 'no_such_driver'; installed: .*fluke_6105a"),
        ("yokogawa_wt", "is no source"),
    ],
)
def test_wrong_driver_is_refused_when_arming(tmp_path, driver, message):
    watchdog = Watchdog(driver, "TCPIP::127.0.0.1::1::SOCKET", tmp_path / "note")
    with pytest.raises(BenchError, match=message):
        watchdog.arm()
    watchdog.disarm()


def test_old_note_does_not_survive_arming(emulator, tmp_path):
    write_note(tmp_path / "note", {"reason": "an earlier run"})
    with Watchdog("fluke_6105a", emulator.resource, tmp_path / "note"):
        assert not (tmp_path / "note").exists()


def test_switching_off_is_tried_again_until_the_source_answers(source, emulator):
    emulator.garble(b"?!?")
    is_off, attempts, trouble = switch_off(load_driver("fluke_6105a"), emulator.resource)
    assert (is_off, attempts) == (True, 2)
    assert "no error entry" in trouble


def test_unreachable_source_is_reported_as_possibly_on(monkeypatch):
    monkeypatch.setattr("rig.bench.watchdog_process.ATTEMPTS", 2)
    monkeypatch.setattr("rig.bench.watchdog_process.PAUSE_S", 0.0)
    is_off, attempts, trouble = switch_off(load_driver("fluke_6105a"), "TCPIP::127.0.0.1::1::SOCKET")
    assert (is_off, attempts) == (False, 2)
    assert trouble
