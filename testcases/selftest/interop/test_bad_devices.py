"""Devices that hang up, flood or never end: the run ends soon, says why in every case, and shows no traceback."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fixtures import bad_devices
from rig.errors import RemoteProtocolError
from rig.exchange import master
from rig.exchange.exchange import ExchangeTiming
from rig.sessions.meter import MeterSession
from rig.transports.bus import Bus
from rig.transports.open import open_link

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "foreign_meter.toml"
FEW = "id=*.framing.answer_c*,id=*.framing.answer_i*,id=*.addressing.wildcard_read,id=*.timing.response_delay_of_re*"


def certify(folder: Path, port: int, selection: str = FEW) -> tuple[int, dict]:
    """Exit code and (verdict, reason) by case of a run at a port."""
    folder.mkdir(exist_ok=True)
    bench = folder / "bench.toml"
    bench.write_text(EXAMPLE.read_text(encoding="utf-8").replace("7645", str(port)), encoding="utf-8")
    out = folder / "out"
    command = [sys.executable, "-m", "rig.cli.main", "run", "--bench", str(bench), "--out", str(out)]
    done = subprocess.run([*command, "--select", selection], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    cases = json.loads((out / "results.json").read_text(encoding="utf-8"))["cases"]
    return done.returncode, {case["id"]: (case["verdict"], case["reason"]) for case in cases}


@pytest.mark.slow
@pytest.mark.parametrize("manner", [bad_devices.hangs_up_at_once, bad_devices.hangs_up_in_an_answer])
def test_a_connection_that_is_closed_is_the_benchs_error(tmp_path, manner):
    with bad_devices.bad_device(manner) as port:
        code, cases = certify(tmp_path, port)
    assert code == 3
    assert len(cases) > 4
    for verdict, reason in cases.values():
        assert verdict == "ERROR"
        assert reason.startswith("LinkClosedError: link bus1:"), reason


@pytest.mark.slow
def test_a_connection_that_was_cut_is_opened_again_for_the_next_case(tmp_path):
    command = [sys.executable, "-m", "rig.cli.main", "emulate", "meter", "--listen", "tcp://127.0.0.1:0"]
    command += ["--address", "000000000001", "--baud", "9600", "--seed", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        place = next(line.split()[1] for line in process.stdout if line.startswith("READY"))
        relay = bad_devices.cut_once(int(place.rpartition(":")[2]), 120)
        with bad_devices.bad_device(relay) as port:
            code, cases = certify(tmp_path, port)
        process.terminate()
    told = [verdict for verdict, _ in cases.values()]
    assert code == 3
    assert told.count("ERROR") == 1
    assert set(told) <= {"ERROR", "PASS", "INCONCLUSIVE"}
    assert told[-3:].count("ERROR") == 0


@pytest.mark.slow
def test_a_flooded_line_ends_every_exchange(tmp_path):
    with bad_devices.bad_device(bad_devices.floods) as port:
        code, cases = certify(tmp_path, port)
    assert code == 1
    for verdict, reason in cases.values():
        assert verdict == "FAIL"
        assert "no valid frame in what was received" in reason
        assert len(reason) < 2000
    assert sum(file.stat().st_size for file in (tmp_path / "out").rglob("*") if file.is_file()) < 20_000_000


@pytest.mark.slow
def test_a_device_that_was_never_heard_is_given_up(tmp_path):
    heard = []
    for selection, least in (
        ("id=*.framing.answer_c*,id=*.framing.answer_i*", 3),
        ("id=*.framing.answer_*", 6),
    ):
        device = bad_devices.Silent()
        with bad_devices.bad_device(device) as port:
            code, cases = certify(tmp_path / str(least), port, selection)
        assert code == 1
        assert len(cases) >= least
        assert all(told[0] == "FAIL" and "no answer within" in told[1] for told in cases.values())
        heard.append(device.heard)
    # three cases ask for it, however many there are
    assert heard[0] == heard[1] != b""


def test_an_octet_now_and_then_for_ever_is_no_hang(monkeypatch):
    monkeypatch.setattr(master, "LONGEST_S", 2.0)
    with bad_devices.bad_device(bad_devices.trickles) as port:
        link = open_link("bus1", f"socket://127.0.0.1:{port}")
        session = MeterSession(Bus(link), address="000000000001", timing=ExchangeTiming(retries=1))
        began_s = time.monotonic()
        with pytest.raises(RemoteProtocolError, match="no valid frame in what was received"):
            session.read(0x00010000)
        link.close()
    assert 4.0 < time.monotonic() - began_s < 60.0
