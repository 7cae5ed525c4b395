"""Runner: what `rig run` adds to a case above plain pytest with allure-pytest. Goal: at most 2 ms a case.

Both sides run the same cases on the same emulated meters, fresh for each case, and read and compare the same register; the plain side
builds its meter in a fixture, keeps the value in another and asserts. What the rig adds is gate, verdict, measurement, store, exchange log and progress. Processor time,
so that other work on the machine does not count; best of several runs.

    python benchmarks/bench_runner.py [--cases 200] [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

GOAL_MS = 2.0

CASES = """
import pytest

pytestmark = [
    pytest.mark.clause("DL/T 645-2007", "7.1"), pytest.mark.link("K8-C1"), pytest.mark.known_bad("energy-scaled")
]

@pytest.mark.parametrize("number", range({cases}))
def test_register(dut, check, number):
    value = dut.meter.read(0x00010000).value
    check.true("register", value > 0, observed=value, expected="above zero")
"""

PLAIN = """
import pytest
from rig.bench.binding import Bench

BENCH = Bench.load()

@pytest.fixture
def dut(request):
    BENCH.begin_case(request.node.name)
    yield BENCH.dut()
    BENCH.end_case()

@pytest.fixture
def check():
    return []

@pytest.mark.parametrize("number", range({cases}))
def test_register(dut, check, number):
    value = dut.meter.read(0x00010000).value
    check.append(value)
    assert value > 0
"""


class Stopwatch:
    """Processor time of the loop over the cases, and how many passed."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.passed = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self):
        began = time.process_time()
        result = yield
        self.seconds = time.process_time() - began
        return result

    def pytest_runtest_logreport(self, report):
        self.passed += report.when == "call" and report.passed


def measure_plain(folder: Path) -> Stopwatch:
    watch = Stopwatch()
    blocked = ["-p", "no:rig", "-p", "no:terminal", "-p", "no:cacheprovider", "--capture=sys"]
    pytest.main(
        [*blocked, "-c", "/dev/null", f"--alluredir={folder / 'allure'}", str(folder)], plugins=[watch]
    )
    return watch


def measure_rig(folder: Path) -> Stopwatch:
    from rig.bench.binding import Bench
    from rig.testing.pytest_runner import run_pytest
    from rig.testing.run_record import RunRecord, new_run_info
    from rig.testing.session import CaseSession

    class Silent:
        def expecting(self, cases): ...
        def started(self, case_id): ...
        def ended(self, case): ...
        def note(self, text): ...

    watch, bench = Stopwatch(), Bench.load()
    record = RunRecord(folder / "out", new_run_info(bench))
    session = CaseSession(bench, sink=record.sink, evidence=record.evidence)
    original = pytest.main
    pytest.main = lambda arguments, plugins: original(arguments, [*plugins, watch])
    try:
        run_pytest(session, [folder], folder / "allure", Silent())
    finally:
        pytest.main = original
    assert len(record.cases()) == watch.passed
    return watch


def once(side: str, cases: int) -> tuple[float, int]:
    """One side in a process of its own: seconds and passes."""
    command = [sys.executable, __file__, "--side", side, "--cases", str(cases)]
    told = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    )
    return told["seconds"], told["passed"]


def side(name: str, cases: int) -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text) / "own"
        folder.mkdir()
        (folder / "test_cases.py").write_text((PLAIN if name == "plain" else CASES).format(cases=cases))
        watch = measure_plain(folder) if name == "plain" else measure_rig(folder)
    print(json.dumps({"seconds": watch.seconds, "passed": watch.passed}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--side", choices=("plain", "rig"))
    options = parser.parse_args()
    if options.side:
        side(options.side, options.cases)
        return 0
    best = dict.fromkeys(("plain", "rig"), float("inf"))
    # in turns, so that a machine that slows down for a while slows both sides
    for _ in range(options.runs):
        for name in best:
            seconds, passed = once(name, options.cases)
            # equal results first: every case passed on both sides
            assert passed == options.cases, (name, passed)
            best[name] = min(best[name], seconds / options.cases * 1000)
    for name, milliseconds in best.items():
        print(f"{name:<6} {milliseconds:.2f} ms a case")
    above = best["rig"] - best["plain"]
    print(f"above plain pytest with allure-pytest: {above:.2f} ms a case (goal: at most {GOAL_MS:.0f})")
    return 0 if above <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
