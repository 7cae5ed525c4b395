"""The conformance suite in real time over a pseudo-terminal, pyserial on the rig's side, the meter in a process of its own.

Every day a part of it at two rates; with RIG_ALL_OVER_SERIAL=1 all cases that take less than a minute of bench time
(some eight minutes at 2400 bit/s).
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rig.twin.devices.meter_config import MeterConfig

DECLARATION = Path(__file__).resolve().parents[3] / "fixtures" / "benches" / "emulated_meter_declaration.toml"
RIG = [sys.executable, "-m", "rig.cli.main"]
#: the first meter with the declared four tariffs that answers within 100 ms: 500 ms then bear with a busy computer
SEED = next(
    seed
    for seed in range(1000)
    for drawn in [MeterConfig.conforming(seed)]
    if drawn.delay_to_s < 0.1 and drawn.rating.tariffs == 4
)
ALL = "RIG_ALL_OVER_SERIAL"
#: framing and rates where characters are slow, times and writing where they are fast
PARTS = {
    2400: "id=*.baud.*,id=*.timing.gap_inside_request_kept,id=*.addressing.wildcard_read,id=*.framing.answer_length",
    9600: "id=*.timing.response_delay_of_*,id=*.write.written_value_reads_back,id=*.read.follow_up_*,id=*.freeze.instant_freeze_energy",
}


@contextmanager
def served_meter(baud: int) -> Iterator[str]:
    """`rig emulate meter` on a pseudo-terminal; gives its path."""
    command = [*RIG, "emulate", "meter", "--listen", "pty://", "--baud", str(baud), "--seed", str(SEED)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(line.split()[1] for line in process.stdout if line.startswith("READY"))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def bench_file(folder: Path, path: str, baud: int) -> Path:
    """A bench with that meter alone."""
    file = folder / "bench.toml"
    file.write_text(
        f'[bench]\nname = "meter on a serial line"\n[links.bus1]\nurl = "{path}"\nbaud = {baud}\n'
        f'[[devices]]\nid = "meter"\nrole = "meter"\nlink = "bus1"\ndeclaration = "{DECLARATION.name}"\n',
        encoding="utf-8",
    )
    (folder / DECLARATION.name).write_bytes(DECLARATION.read_bytes())
    return file


def not_passed(found: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """What is neither passed nor left undecided by a computer that was too busy to time an answer."""
    return {
        case: told
        for case, told in found.items()
        if told[0] != "PASS" and not (told[0] == "INCONCLUSIVE" and ".timing.response_delay_of_" in case)
    }


def verdicts(folder: Path, baud: int, selection: str) -> dict[str, tuple[str, str]]:
    """Verdict and reason of every selected case."""
    with served_meter(baud) as path:
        command = [*RIG, "run", "--bench", str(bench_file(folder, path, baud)), "--out", str(folder / "out")]
        command += ["--select", selection, "--max-bench-time", "60"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    cases = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))["cases"]
    return {case["id"]: (case["verdict"], case["reason"]) for case in cases}


@pytest.mark.slow
@pytest.mark.parametrize("baud", PARTS)
def test_a_part_of_the_suite(tmp_path, baud):
    found = verdicts(tmp_path, baud, PARTS[baud])
    assert len(found) >= 5
    assert not_passed(found) == {}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(ALL not in os.environ, reason=f"some eight minutes a rate; set {ALL}=1")
@pytest.mark.parametrize("baud", PARTS)
def test_the_whole_suite(tmp_path, baud):
    found = verdicts(tmp_path, baud, "standard=DL/T 645-2007")
    assert sum(verdict == "PASS" for verdict, _ in found.values()) > 120
    for case, (verdict, reason) in not_passed(found).items():
        assert verdict == "NOT_TESTED", (case, reason)
        assert "no source" in reason or "of bench time, more than" in reason
