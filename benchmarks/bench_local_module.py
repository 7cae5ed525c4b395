"""Reading meters through an emulated local module: what a read costs the processor beyond the meter's own work.

1000 meters under load behind one module on its medium; each is read by 13 F1 and by F1 F1, request octets in, answer
octets out. Every value must be the meter's own. Goal: at most 350 us a read without the meter.

    python benchmarks/bench_local_module.py [--meters 1000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rig.clock import VirtualClock
from rig.ports.byte_link import Burst
from rig.ports.electrical import ElectricalState, PhaseState
from rig.protocols.dlt645.frame import encode as encode_meter
from rig.protocols.dlt645.messages import read_data
from rig.protocols.gdw1376_2.frame import Frame, encode
from rig.protocols.gdw1376_2.host import Host
from rig.twin.build import EmulatedMeter, build_meter
from rig.twin.build_module import EmulatedModule, build_module
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.media.nodes import MeterNode
from rig.twin.physics.scene import Scene

LOAD = ElectricalState((PhaseState(voltage_v=220.0, current_a=5.0),))
FORWARD_ENERGY = 0x00010000
GOAL_US = 350.0
#: time between two rounds, in seconds
PERIOD_S = 900.0


class Port:
    """The concentrator's end: keeps what the module sends."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.answers: list[bytes] = []

    def send(
        self, data: bytes, *, delay_s: float = 0.0, byte_gap_s: float = 0.0, baud: int | None = None
    ) -> None:
        """Octets of the module."""
        del delay_s, byte_gap_s, baud
        self.answers.append(data)


def build(count: int) -> tuple[EmulatedModule, dict[str, EmulatedMeter], Port]:
    """A module with its archive full, and its meters under load."""
    engine = Engine(seed=1)
    scene = Scene(engine)
    meters = {
        f"{number:012d}": build_meter(engine, scene, MeterConfig(address=f"{number:012d}"), position=number)
        for number in range(1, count + 1)
    }
    nodes = [MeterNode(meter.wire, engine, address) for address, meter in meters.items()]
    module = build_module(engine, scene, ModuleConfig(most_nodes=count), nodes=nodes)
    module.cco.archive.add([(address, 2) for address in meters])
    port = Port(engine.clock)
    module.wire.connect(port)
    scene.set_state(LOAD)
    return module, meters, port


def read_all(module: EmulatedModule, port: Port, requests: list[bytes]) -> float:
    """Processor seconds of one round, one read after the other."""
    clock = port.clock
    begin_s = time.process_time()
    for request in requests:
        port.answers.clear()
        now_s = clock.now_s()
        module.wire.receive(Burst(request, now_s, now_s))
        clock.wait_until(now_s + 90.0, lambda: bool(port.answers))
    return time.process_time() - begin_s


def check(
    module: EmulatedModule, port: Port, meters: dict[str, EmulatedMeter], requests: list[bytes]
) -> None:
    """Every read brings what its meter says."""
    for (address, meter), request in zip(meters.items(), requests, strict=True):
        before = own_answer(meter, address)
        read_all(module, port, [request])
        # the register may count on while the answer travels
        assert len(port.answers) == 1, f"{len(port.answers)} answers for {address}"
        either = (before, own_answer(meter, address))
        assert any(own in port.answers[0] for own in either), f"another answer than that of {address}"


def own_answer(meter: EmulatedMeter, address: str) -> bytes:
    """What the meter says by itself."""
    answer = meter.wire.respond(encode_meter(read_data(address, FORWARD_ENERGY)))
    assert answer is not None
    return answer.lstrip(b"\xfe")


def main() -> int:
    """Measure, check, print; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    module, meters, port = build(options.meters)
    host = Host("999999888888")
    frames = {address: encode_meter(read_data(address, FORWARD_ENERGY)) for address in meters}
    builders: dict[str, Callable[[str, bytes, int], Frame]] = {
        "13 F1": lambda address, frame, sequence: host.monitor(address, frame, sequence=sequence),
        "F1 F1": lambda address, frame, sequence: host.read_concurrently(address, [frame], sequence=sequence),
    }
    worst = 0.0
    for name, builder in builders.items():
        requests = [
            encode(builder(address, frame, number & 0xFF))
            for number, (address, frame) in enumerate(frames.items())
        ]
        check(module, port, meters, requests)
        costs = []
        for _ in range(options.rounds):
            gc.collect()
            port.clock.wait_until(port.clock.now_s() + PERIOD_S)
            whole_s = read_all(module, port, requests)
            port.clock.wait_until(port.clock.now_s() + PERIOD_S)
            begin_s = time.process_time()
            for address, meter in meters.items():
                meter.wire.respond(frames[address])
            meters_s = time.process_time() - begin_s
            costs.append(1e6 * (whole_s - meters_s) / len(meters))
        worst = max(worst, statistics.median(costs))
        print(f"{name}: median {statistics.median(costs):.0f} us a read, best {min(costs):.0f} us")
    print(f"goal {GOAL_US:.0f} us")
    return 0 if worst <= GOAL_US else 1


if __name__ == "__main__":
    raise SystemExit(main())
