"""The same network in real time on loopback TCP: in service, and read through, within seconds."""

import threading
import time
from decimal import Decimal

from rig.bench.network import Network
from rig.bench.network_plan import NetworkPlan
from rig.clock import SystemClock, VirtualClock
from rig.ports.command_center import PRESENT_FORWARD_ACTIVE
from rig.twin.engine import Engine
from rig.twin.serve_streams import TcpNetwork, serve


def test_a_network_on_loopback_is_in_service_and_read():
    engine = Engine(4, VirtualClock(SystemClock().wall()))
    plan = NetworkPlan(meters=2, meters_per_collector=2, direct=0, start_s=0.2, cellular="IDEAL")
    streams = TcpNetwork(engine.clock)
    network = Network(engine, plan, streams=streams, listen="127.0.0.1:0")
    assert not network.center.address.endswith(":0")
    begun = network.begin()
    stop = threading.Event()
    told = []

    def look():
        center = network.command_center
        if begun.done and not told:
            told.append(center.read_now("0171-0001", [1, 2], [PRESENT_FORWARD_ACTIVE]))
        elif told and center.result(told[0]).status != "pending":
            stop.set()
        if time.perf_counter() > deadline_s:
            stop.set()
        engine.clock.call_at(engine.clock.now_s() + 0.05, look)

    deadline_s = time.perf_counter() + 90
    look()
    serve(engine.clock, stop, [streams])
    assert begun.failure is None
    result = network.command_center.result(told[0])
    assert result.ok, result
    read = {found.point for found in result.values if isinstance(found.value, Decimal)}
    assert read == {1, 2}
