"""Concentrators and local modules on real benches in real time: the emulated device in a process of its own, over loopback.

Every day a sample of the cases; with RIG_ALL_OVER_LOOPBACK=1 all that say they take less than a minute of bench time (about
an hour, most of it listening to silence).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.free_port import free_port

RIG = [sys.executable, "-m", "rig.cli.main"]
ALL = "RIG_ALL_OVER_LOOPBACK"
#: cases that need no long silence: with the uplink or the port alone, with meters in the archive, with emulated surroundings
UPLINK = (
    "id=gdw1376_1.framing.answer_checksum",
    "id=gdw1376_1.framing.answer_length_word",
    "id=gdw1376_1.parameters.set_reads_back",
    "id=gdw1376_1.parameters.partly_wrong_set",
)
UPLINK_METERS = ("id=gdw1376_1.units.several_identifiers",)
UPLINK_EMULATED = ("id=gdw1376_1.realtime.reverse_block",)
PORT = (
    "id=gdw1376_2.information.vendor_and_version",
    "id=gdw1376_2.information.running_mode_limits",
    "id=gdw1376_2.archive.known_node_is_denied",
)
PORT_METERS = (
    "id=gdw1376_2.information.running_mode_nodes",
    "id=gdw1376_2.point_reading.protocol_is_repeated",
)
PORT_EMULATED = ("id=gdw1376_2.initialisation.reset_pin",)

Told = dict[str, tuple[str, str]]


@contextmanager
def served(*arguments: str) -> Iterator[str]:
    """`rig emulate` in a process of its own; gives what stands behind READY."""
    with subprocess.Popen([*RIG, "emulate", *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(line for line in process.stdout if line.startswith("READY")).split(maxsplit=1)[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def bench_file(folder: Path, role: str, url: str, more: str = "") -> Path:
    """A bench with one real device."""
    file = folder / "bench.toml"
    file.write_text(
        f'[bench]\nname = "one {role}"\n[links.line]\nurl = "{url}"\nbaud = 9600\n'
        f'[[devices]]\nid = "{role}"\nrole = "{role}"\nlink = "line"\n{more}',
        encoding="utf-8",
    )
    return file


def verdicts(folder: Path, bench: Path, selection: str) -> Told:
    """Verdict and reason of every selected case."""
    command = [*RIG, "run", "--bench", str(bench), "--out", str(folder / "out"), "--select", selection]
    done = subprocess.run(
        [*command, "--max-bench-time", "60"], capture_output=True, text=True, check=False, timeout=5000
    )
    assert not done.stderr, done.stderr
    found = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))
    assert not found["run"]["simulated"]
    return {case["id"]: (case["verdict"], case["reason"]) for case in found["cases"]}


def concentrator(folder: Path, selection: str, *served_with: str, more: str = "") -> Told:
    """Verdicts over an emulated concentrator that calls the bench."""
    port = free_port()
    with served("concentrator", "--connect", f"127.0.0.1:{port}", *served_with):
        file = bench_file(folder, "concentrator", f"listen://127.0.0.1:{port}", more)
        return verdicts(folder, file, selection)


def local_module(folder: Path, listen: str, selection: str, *served_with: str) -> Told:
    """Verdicts over an emulated module on a port."""
    with served(
        "cco", "--listen", listen, "--meters", "6", "--design", "individual", *served_with
    ) as address:
        url = address.strip().replace("tcp://", "socket://")
        return verdicts(folder, bench_file(folder, "local_module", url), selection)


def expect(found: Told, passed: tuple[str, ...], missing: tuple[str, ...], what: str) -> None:
    """Those pass, and these were not tested for that reason."""
    for name in passed:
        case = name.removeprefix("id=")
        assert found[case][0] == "PASS", (case, found[case])
    for name in missing:
        case = name.removeprefix("id=")
        assert found[case][0] == "NOT_TESTED", (case, found[case])
        assert what in found[case][1]
    assert len(found) == len(passed) + len(missing)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_concentrator_that_calls_the_bench(tmp_path: Path) -> None:
    """With meters in its archive; what only an emulated stand can do is named."""
    wanted = UPLINK + UPLINK_METERS + UPLINK_EMULATED
    found = concentrator(tmp_path, ",".join(wanted), "--meters", "4", "--archived")
    expect(found, UPLINK + UPLINK_METERS, UPLINK_EMULATED, "a load of its own for each meter")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.nightly
def test_a_concentrator_without_meters(tmp_path: Path) -> None:
    """Its own answers are judged; what needs meters is not tested."""
    found = concentrator(tmp_path, ",".join(UPLINK + UPLINK_METERS))
    expect(found, UPLINK, UPLINK_METERS, "meters in the archive of the real concentrator")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.nightly
def test_a_bad_concentrator_fails(tmp_path: Path) -> None:
    """Also in real time, and only the case that names the defect."""
    bad = "gdw1376_1.framing.answer_checksum"
    defect = "terminal-checksum-short"
    found = concentrator(tmp_path, ",".join(UPLINK[:2]), "--defect", defect)
    assert found[bad][0] == "FAIL", found


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.nightly
def test_another_concentrator_than_the_one_on_the_bench(tmp_path: Path) -> None:
    """A wrong address in the bench file is told, not overlooked."""
    found = concentrator(tmp_path, UPLINK[0], more='address = "99990009"\n')
    assert [verdict for verdict, _ in found.values()] == ["FAIL"]
    assert "another terminal called" in next(iter(found.values()))[1]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.nightly
def test_a_local_module_on_a_serial_port(tmp_path: Path) -> None:
    """With meters in its archive, which is as it was after every case."""
    wanted = PORT + PORT_METERS + PORT_EMULATED
    found = local_module(tmp_path, "pty://", ",".join(wanted), "--archived")
    expect(found, PORT + PORT_METERS, PORT_EMULATED, "reset line")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_local_module_without_meters(tmp_path: Path) -> None:
    """Its own answers are judged; what needs meters is not tested."""
    found = local_module(tmp_path, "tcp://127.0.0.1:0", ",".join(PORT[:2] + PORT_METERS))
    expect(found, PORT[:2], PORT_METERS, "meters in the archive of the real module")


def all_judged(found: Told) -> None:
    """Nothing failed, and what was not tested says what is missing."""
    assert sum(verdict == "PASS" for verdict, _ in found.values()) > 60
    for case, (verdict, reason) in found.items():
        assert verdict in {"PASS", "NOT_TESTED", "NOT_APPLICABLE"}, (case, verdict, reason)
        assert verdict == "PASS" or reason, case


@pytest.mark.slow
@pytest.mark.timeout(6000)
@pytest.mark.skipif(ALL not in os.environ, reason=f"about an hour; set {ALL}=1")
def test_the_whole_suite_of_a_concentrator(tmp_path: Path) -> None:
    all_judged(concentrator(tmp_path, "id=gdw1376_1.*", "--meters", "4", "--archived"))


@pytest.mark.slow
@pytest.mark.timeout(6000)
@pytest.mark.skipif(ALL not in os.environ, reason=f"most of an hour; set {ALL}=1")
def test_the_whole_suite_of_a_local_module(tmp_path: Path) -> None:
    all_judged(local_module(tmp_path, "tcp://127.0.0.1:0", "id=gdw1376_2.*", "--archived"))
