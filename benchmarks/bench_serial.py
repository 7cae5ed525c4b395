"""Serial: share of the wire limit that a session reaches on a line paced at 9600 bit/s, 8E1, over pty and TCP.

The wire limit of a read is its request and its answer, character by character, and the meter's response delay. An
emulated meter with no delay of its own is served in real time by a process of its own; every value is checked.
Goal: at least 97 %.

    python benchmarks/bench_serial.py [--baud 9600] [--reads 100] [--runs 5] [--serve scripted|twin]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rig.clock import SystemClock
from rig.ports.byte_link import LineSettings
from rig.sessions.meter import MeterSession
from rig.transports.bus import Bus
from rig.transports.open import open_link

GOAL = 0.97
ADDRESS = "000000000161"
ENERGY = 0x00010000


def serve(kind: str, baud: int, maker: str) -> None:
    """Serve one meter until standard input closes; prints where."""
    from threading import Event, Thread

    stop = Event()
    Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    if maker == "scripted":
        from fixtures.realtime_line import RealtimeLine
        from fixtures.scripted_meter import ScriptedMeter

        meter = ScriptedMeter(ADDRESS, delay_s=0.0, baud=baud, preamble=4)
        with RealtimeLine(meter, kind=kind, settings=LineSettings(baud=baud)) as line:
            print(line.url, flush=True)
            stop.wait()
        return
    from rig.twin.build import build_meter
    from rig.twin.devices.meter_config import MeterConfig
    from rig.twin.engine import Engine
    from rig.twin.serve import ServedLine

    engine = Engine(seed=1)
    config = MeterConfig(address=ADDRESS, baud=baud, delay_from_s=0.0, delay_to_s=0.0, preamble=4)
    device = build_meter(engine, None, config)
    line = ServedLine([device.wire], "pty://" if kind == "pty" else "tcp://127.0.0.1:0", engine.clock)
    print(line.address, flush=True)
    line.run(stop)


def measure(kind: str, baud: int, reads: int, maker: str) -> float:
    """Share of the wire limit reached by ``reads`` reads in a row."""
    command = [sys.executable, __file__, "--be-server", kind, "--baud", str(baud), "--serve", maker]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        link = open_link("bus1", url, LineSettings(baud=baud), SystemClock())
        session = MeterSession(Bus(link), address=ADDRESS)
        session.read(ENERGY)
        begin_s = time.perf_counter()
        readings = [session.read(ENERGY) for _ in range(reads)]
        took_s = time.perf_counter() - begin_s
        link.close()
        assert server.stdin is not None
        server.stdin.close()
    expected = Decimal("123456.78") if maker == "scripted" else readings[0].value
    assert all(reading.value == expected for reading in readings), "a wrong value was read"
    assert all(reading.exchange.attempts == 1 and not reading.exchange.noise for reading in readings)
    octets = sum(len(reading.exchange.sent.data) + len(reading.exchange.data) for reading in readings)
    return octets * LineSettings(baud=baud).character_time_s / took_s


def main() -> int:
    """Measure, print; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--baud", type=int, default=9600)
    parser.add_argument("--reads", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--serve", choices=["scripted", "twin"], default="twin")
    parser.add_argument("--be-server", choices=["pty", "tcp"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.be_server:
        serve(options.be_server, options.baud, options.serve)
        return 0
    good = True
    for kind in ("pty", "tcp"):
        shares = [measure(kind, options.baud, options.reads, options.serve) for _ in range(options.runs)]
        median = statistics.median(shares)
        good = good and median >= GOAL
        print(
            f"{kind}: {options.baud} bit/s, {options.runs} x {options.reads} reads, "
            f"median {median:.2%} of the wire limit (worst {min(shares):.2%}), goal {GOAL:.0%}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
