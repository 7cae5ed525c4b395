"""An emulated concentrator in a process of its own drives a module, and reads an RS-485 line, of other processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from rig.bench.terminal_archive import archive_unit
from rig.clock import SystemClock
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.protocols.gdw1376_1.messages import Content
from rig.sessions.acceptor import Acceptor
from rig.sessions.terminal import TerminalSession
from rig.transports.tcp_stream import TcpNetwork

RIG = [sys.executable, "-m", "rig.cli.main", "emulate"]
CARRIER, RS485 = 31, 1
BUS_METER = "000000000077"
_URLS = ["tcp://127.0.0.1:0"] + ([] if sys.platform == "win32" else ["pty://"])


@contextmanager
def emulated(*words: str) -> Iterator[str]:
    """`rig emulate` in a process of its own; gives what stands behind READY."""
    with subprocess.Popen([*RIG, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(line for line in process.stdout if line.startswith("READY ")).split()[1]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0


def line(number: int, address: str, port: int) -> dict[str, int | str]:
    """A line of the archive, DL/T 645-2007 at 2400 bit/s."""
    return {
        "index": number,
        "point": number,
        "port": port,
        "speed_code": 3,
        "protocol": 30,
        "address": address,
        "password": "000000000000",
        "tariffs": 4,
        "decimals_less_1": 1,
        "integers_less_4": 2,
        "spare": 0,
        "collector": "000000000000",
        "small_class": 0,
        "big_class": 0,
    }


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("url", "medium"), list(zip(_URLS, ("MICROPOWER", "HPLC"), strict=False)))
def test_meters_are_read_through_a_module_of_another_process(tmp_path: Path, url: str, medium: str) -> None:
    clock, file = SystemClock(), tmp_path / "archive.toml"
    with ExitStack() as stack:
        words = ("--medium", medium, "--meters", "2", "--design", "individual", "--archive", str(file))
        module = stack.enter_context(emulated("cco", "--listen", url, *words))
        bus = stack.enter_context(emulated("meter", "--listen", "tcp://127.0.0.1:0", "--address", BUS_METER))
        network = TcpNetwork(clock)
        stack.callback(network.close)
        acceptor = Acceptor(network, "127.0.0.1:0", clock)
        known = tomllib.loads(file.read_text())["terminal"][0]
        session = TerminalSession(acceptor, clock, password=bytes.fromhex(known["password"]))
        stack.callback(session.close)
        ports = ("--module", module, "--medium", medium, "--bus", bus)
        stack.enter_context(emulated("concentrator", "--connect", acceptor.address, *ports))
        session.wait_login(30.0)
        meters = [point["meter"] for point in known["points"]]
        lines = [line(number, meter, CARRIER) for number, meter in enumerate(meters, 1)]
        session.set_parameters([Content(0, 10, archive_unit([*lines, line(3, BUS_METER, RS485)]))])
        for number, meter in enumerate([*meters, BUS_METER], 1):
            request = encode(messages.read_data(meter, 0x00010000))
            port = RS485 if meter == BUS_METER else CARRIER
            answer = decode_frame(session.forward(port, request, timeout_s=30).forwarded)
            assert (answer.address, answer.abnormal) == (meter, False)
            assert answer.data[:4] == bytes.fromhex("00000100")
            assert session.read_realtime([number], [129]).frame is not None
            told = session.last.messages[0].units[0]
            assert (told.point, told.number) == (number, 129)
