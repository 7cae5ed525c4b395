"""A run killed at any moment keeps its verdicts; --resume repeats only what has none, and comes to the same record."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from rig.results.store import Store

SELECT = "id=dlt645_2007.addressing.*,id=dlt645_2007.framing.*,id=dlt645_2007.acceptance.*"


def command(out, *more):
    options = ["--select", SELECT, "--seed", "5", "--out", str(out), *more]
    return [sys.executable, "-m", "rig.cli.main", "run", *options]


def verdicts(out):
    record = json.loads((out / "results.json").read_text())
    # the exchange log is named by its hash, so equal names are equal bytes and times on every link
    return {
        case["id"]: (case["verdict"], str(case["measurements"]), sorted(case["evidence"]))
        for case in record["cases"]
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same run, not killed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    subprocess.run(command(out), capture_output=True, check=False, cwd=out.parent)
    return verdicts(out)


@pytest.mark.parametrize("kill", range(3))
def test_killed_and_resumed(tmp_path, whole, kill):
    out = tmp_path / "out"
    moment = random.Random(kill)
    child = subprocess.Popen(
        command(out), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path
    )
    for _ in range(moment.randrange(1, 25)):
        child.stdout.readline()
    time.sleep(moment.random() * 0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with Store(out / "results.sqlite") as store:
        decided = store.decided()
    assert decided
    done = subprocess.run(command(out, "--resume"), capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode in {0, 1}, done.stderr
    repeated = sum(line.startswith("[") for line in done.stdout.splitlines())
    assert repeated == len(whole) - len(decided)
    assert verdicts(out) == whole


def test_nothing_to_resume(tmp_path):
    done = subprocess.run(
        command(tmp_path / "new", "--resume"), capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "no run to resume" in done.stderr


def test_a_finished_run_is_rendered_again_and_another_seed_refused(tmp_path):
    out = tmp_path / "out"
    short = ["--select", "id=dlt645_2007.addressing.read_address", "--out", str(out)]
    base = [sys.executable, "-m", "rig.cli.main", "run", *short]
    subprocess.run([*base, "--seed", "5"], capture_output=True, check=True, cwd=tmp_path)
    again = subprocess.run(
        [*base, "--seed", "5", "--resume"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert again.returncode == 0
    assert "1 PASS" in again.stdout
    other = subprocess.run(
        [*base, "--seed", "6", "--resume"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert other.returncode == 2
    assert "it had 5" in other.stderr
