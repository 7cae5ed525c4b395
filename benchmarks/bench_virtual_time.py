"""Virtual time: 1000 emulated meters, each read every 15 minutes for a day, codecs on both ends.

Prints how much faster than real time the day passed; every value is checked. Goal: at least 20,000 times.

    python benchmarks/bench_virtual_time.py [--meters 1000] [--hours 24] [--runs 3] [--record]
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rig.clock import VirtualClock
from rig.sessions.meter import MeterSession
from rig.transports.bus import Bus
from rig.transports.memory import MemoryLine
from rig.transports.record import Recorder
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine

PERIOD_S = 900.0
FORWARD_ENERGY = 0x00010000
GOAL = 20_000


def build(meters: int, *, record: bool) -> tuple[VirtualClock, list[MeterSession]]:
    """A line of its own for every meter of the twin."""
    engine = Engine(seed=1)
    clock = engine.clock
    recorder = Recorder(clock) if record else None
    sessions = []
    for number in range(1, meters + 1):
        address = f"{number:012d}"
        device = build_meter(engine, None, MeterConfig(address=address))
        line = MemoryLine(f"line{number}", clock)
        line.attach(device.wire)
        sessions.append(MeterSession(Bus(line.master(), recorder), address=address, keep=4))
    return clock, sessions


def run(clock: VirtualClock, sessions: list[MeterSession], hours: float) -> tuple[int, Decimal]:
    """Read all meters in turn, every 15 minutes; returns the number of reads and the sum of what was read."""
    total = Decimal(0)
    reads = 0
    start_s = clock.now_s()
    for period in range(round(hours * 3600 / PERIOD_S)):
        clock.wait_until(start_s + period * PERIOD_S)
        for session in sessions:
            reading = session.read(FORWARD_ENERGY)
            total += reading.value
            reads += reading.exchange.attempts
    clock.wait_until(start_s + hours * 3600)
    return reads, total


def main() -> int:
    """Measure, check, print; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="record every exchange as well")
    options = parser.parse_args()
    expected = options.meters * round(options.hours * 3600 / PERIOD_S)
    ratios = []
    for _ in range(options.runs):
        clock, sessions = build(options.meters, record=options.record)
        gc.collect()
        gc.freeze()
        begin_s, began_s = time.perf_counter(), clock.now_s()
        reads, total = run(clock, sessions, options.hours)
        took_s, passed_s = time.perf_counter() - begin_s, clock.now_s() - began_s
        assert reads == expected, f"{reads} reads, {expected} expected"
        assert passed_s >= options.hours * 3600, f"only {passed_s} s passed"
        ratios.append(passed_s / took_s)
        print(
            f"{reads} reads, sum {total} kWh, {passed_s:.0f} s in {took_s:.2f} s: {ratios[-1]:,.0f} x real time"
        )
    median = statistics.median(ratios)
    print(
        f"median {median:,.0f} x real time, {1e6 * passed_s / median / reads:.1f} us a read, goal {GOAL:,} x"
    )
    return 0 if median >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
