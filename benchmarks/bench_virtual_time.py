"""Virtual time: 1000 emulated meters under load, each read every 15 minutes for a day, codecs on both ends.

Prints how much faster than real time the day passed. Every read must succeed at the first attempt, and every value
must be the energy of the load within the meter's class. Goal: at least 20,000 times. An exchange leaves no reference
cycles, so Python's search for them is off meanwhile.

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
from rig.ports.electrical import ElectricalState, PhaseState
from rig.sessions.meter import MeterSession
from rig.transports.bus import Bus
from rig.transports.memory import MemoryLine
from rig.transports.record import Recorder
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene

PERIOD_S = 900.0
LOAD = ElectricalState((PhaseState(voltage_v=220.0, current_a=5.0),))
LOAD_KW = Decimal("1.1")
#: error of a conforming meter and of its last digit
TOLERANCE, LAST_DIGIT = Decimal("0.01"), Decimal("0.01")
FORWARD_ENERGY = 0x00010000
GOAL = 20_000


def build(meters: int, *, record: bool) -> tuple[VirtualClock, list[MeterSession]]:
    """A line of its own for every meter of the twin."""
    engine = Engine(seed=1)
    scene = Scene(engine)
    clock = engine.clock
    recorder = Recorder(clock) if record else None
    sessions = []
    for number in range(1, meters + 1):
        address = f"{number:012d}"
        device = build_meter(engine, scene, MeterConfig(address=address), position=number)
        line = MemoryLine(f"line{number}", clock)
        line.attach(device.wire)
        sessions.append(MeterSession(Bus(line.master(), recorder), address=address, keep=1))
    scene.set_state(LOAD)
    return clock, sessions


def run(clock: VirtualClock, sessions: list[MeterSession], hours: float) -> list[tuple[float, Decimal]]:
    """Read all meters in turn, every 15 minutes; returns moment and value of every read."""
    found: list[tuple[float, Decimal]] = []
    start_s = clock.now_s()
    for period in range(round(hours * 3600 / PERIOD_S)):
        clock.wait_until(start_s + period * PERIOD_S)
        for session in sessions:
            value = session.read(FORWARD_ENERGY).value
            found.append((clock.now_s(), value))
    clock.wait_until(start_s + hours * 3600)
    return found


def check(found: list[tuple[float, Decimal]], sessions: list[MeterSession], began_s: float) -> None:
    """Every value is the energy of the load; nothing had to be repeated."""
    assert all(session.retries_used == 0 for session in sessions)
    for moment_s, value in found:
        true = LOAD_KW * Decimal(moment_s - began_s) / 3600
        assert abs(value - true) <= TOLERANCE * true + LAST_DIGIT, (
            f"{value} kWh at {moment_s} s, {true} expected"
        )


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
        gc.disable()
        began_s, cpu_s, begin_s = clock.now_s(), time.process_time(), time.perf_counter()
        found = run(clock, sessions, options.hours)
        took_s, cpu_s = time.perf_counter() - begin_s, time.process_time() - cpu_s
        gc.enable()
        passed_s = clock.now_s() - began_s
        assert len(found) == expected, f"{len(found)} reads, {expected} expected"
        assert passed_s >= options.hours * 3600, f"only {passed_s} s passed"
        check(found, sessions, began_s)
        ratios.append(passed_s / took_s)
        print(
            f"{len(found)} reads, {passed_s:.0f} s in {took_s:.2f} s (processor {cpu_s:.2f} s), "
            f"{1e6 * took_s / len(found):.1f} us a read: {ratios[-1]:,.0f} x real time"
        )
    median = statistics.median(ratios)
    print(f"median {median:,.0f} x real time, best {max(ratios):,.0f} x, goal {GOAL:,} x")
    return 0 if median >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
