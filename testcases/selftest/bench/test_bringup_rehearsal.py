"""Bring-up rehearsed over separate processes: an emulated meter and an emulated source, served by `rig emulate`."""

import json
import subprocess
import sys

import pytest

from rig.bench.binding import Bench

pytestmark = pytest.mark.slow


def serve(*arguments):
    """Start `rig emulate`; gives the process and the address that it says it serves."""
    child = subprocess.Popen(
        [sys.executable, "-m", "rig.cli.main", "emulate", *arguments], stdout=subprocess.PIPE, text=True
    )
    for line in child.stdout:
        if line.startswith("READY"):
            return child, line.split()[1]
    pytest.fail(f"rig emulate {' '.join(arguments)} served nothing, status {child.wait()}")


@pytest.fixture
def processes():
    children = []
    yield children
    for child in children:
        child.terminate()
        child.wait()
        child.stdout.close()


@pytest.fixture
def bench_file(tmp_path, processes):
    meter, meter_url = serve("meter", "--listen", "tcp://127.0.0.1:0", "--address", "000000000042")
    processes.append(meter)
    source, resource = serve("instrument:fluke_6105a")
    processes.append(source)
    path = tmp_path / "bench.toml"
    path.write_text(
        f'[bench]\nname = "rehearsal"\nbringup = "bringup.json"\n[links.bus1]\nurl = "{meter_url.replace("tcp", "socket")}"\n'
        '[[devices]]\nid = "meter"\nrole = "meter"\nlink = "bus1"\n'
        f'[[instruments]]\nrole = "source"\ndriver = "fluke_6105a"\nresource = "{resource}"\n'
    )
    return path


def doctor(*arguments):
    command = [sys.executable, "-m", "rig.cli.main", "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_acceptance_is_recorded_and_flips_unverified(bench_file):
    before = doctor("--bench", str(bench_file))
    assert before.returncode == 0, before.stdout
    assert "unverified" in before.stdout
    done = doctor("--bench", str(bench_file), "--bringup")
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((bench_file.parent / "bringup.json").read_text())
    kinds = {name.partition(":")[0] for name, item in record.items() if item["passed"]}
    assert kinds == {"adapter", "instrument", "meter"}
    bench = Bench.load(bench_file)
    bench.begin_case("x")
    assert bench.source is not None
    assert bench.rack.describe()[0]["verified"]
    bench.close()
    assert "unverified" not in doctor("--bench", str(bench_file)).stdout


def test_a_meter_that_is_gone_is_not_accepted(bench_file, processes):
    processes[0].terminate()
    processes[0].wait()
    done = doctor("--bench", str(bench_file), "--bringup")
    assert done.returncode == 3
    assert "NOT accepted" in done.stdout
    record = json.loads((bench_file.parent / "bringup.json").read_text())
    assert not record["meter:meter"]["passed"]


def test_another_serial_number_than_in_the_bench_file(bench_file):
    bench_file.write_text(bench_file.read_text() + 'serial = "4711"\n')
    done = doctor("--bench", str(bench_file), "--bringup")
    assert done.returncode == 3
    assert "4711" in done.stdout
