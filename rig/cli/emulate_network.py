"""``rig emulate cco|concentrator|collector|network``: parts of an emulated collection network in real time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rig.errors import ConfigError

if TYPE_CHECKING:
    from rig.bench.network import BringUp, Network
    from rig.bench.network_area import Area, Surroundings
    from rig.bench.network_plan import NetworkPlan
    from rig.twin.engine import Engine
    from rig.twin.serve_streams import RealTimeSource

#: devices start at once here: nobody wants to wait for a drawn start-up
_START_S = 1.0
#: what --listen is when it is not given: a collector then has emulated meters of its own
_NO_LINE = "pty://"


@dataclass(frozen=True)
class Request:
    """What the command line asked for."""

    device: str
    listen: str
    connect: str
    meters: int
    design: str
    archive: Path | None
    defects: tuple[str, ...]
    faults: tuple[str, ...]
    seed: int
    archived: bool = False


def serve_part(request: Request, stop: threading.Event) -> None:
    """Serve a part of a network until stopped.

    Raises:
        ConfigError: an option is missing or wrong.
    """
    from rig.bench.network import Assignment
    from rig.bench.network_plan import NetworkPlan
    from rig.clock import SystemClock, VirtualClock
    from rig.twin.engine import Engine

    plan = NetworkPlan.from_options(
        {
            "design": request.design,
            "meters": request.meters,
            "direct_meters": max(1, min(request.meters, 32)),
            "direct": 1,
            "start_s": _START_S,
            "cellular": "IDEAL",
            "line_faults": request.faults,
        }
    )
    engine = Engine(request.seed, VirtualClock(SystemClock().wall()))
    if request.device == "network":
        _serve_network(request, engine, plan, stop)
        return
    if request.device == "collector" and request.listen != _NO_LINE:
        _serve_collector(request, engine, stop)
        return
    from rig.bench.network_area import Surroundings
    from rig.transports.tcp_stream import TcpNetwork

    assignment = Assignment(request.defects)
    streams = TcpNetwork(engine.clock)
    around = Surroundings(engine, plan, streams, None, assignment.take)
    served = _module if request.device == "cco" else _terminal
    area, sources, ready = served(request, around, streams)
    left = assignment.left()
    if left:
        raise ConfigError("no such defect of this device", key="--defect", value=left[0])
    if request.archive is not None:
        request.archive.write_text(archive_text([area]), encoding="utf-8")
    _tell(area, ready)
    _run(engine, stop, sources)


def _serve_collector(request: Request, engine: Engine, stop: threading.Event) -> None:
    """A collector whose RS-485 line is a real port: the meters on it are somebody else's."""
    from rig.twin.serve_collector import ServedCollector

    if not request.connect:
        raise ConfigError(
            "needs the command center that it calls", key="--connect", hint="--connect 127.0.0.1:7000"
        )
    collector = ServedCollector(engine, request.connect, request.listen, defects=request.defects)
    print(f"READY {collector.address} calls {request.connect}, RS-485 line {collector.line}", flush=True)
    collector.run(stop)


def _module(
    request: Request, around: Surroundings, _streams: object
) -> tuple[Area, list[RealTimeSource], str]:
    """A local module on a serial port."""
    from rig.bench.network_area import module_area
    from rig.protocols.gdw1376_2.codes import DLT645_2007
    from rig.twin.serve_streams import ServedEnd

    area = module_area(around, 0, "127.0.0.1:7000")
    module = area.module
    assert module is not None
    if request.archived:
        module.cco.archive.add([(home.address, DLT645_2007) for home in area.households])
    end = ServedEnd(module.wire, request.listen, around.engine.clock, manipulators=module.line_faults)
    return area, [end], end.address


def _terminal(
    request: Request, around: Surroundings, streams: RealTimeSource
) -> tuple[Area, list[RealTimeSource], str]:
    """A concentrator or a collector that dials a head-end."""
    from rig.bench.network_area import direct_area, main_area

    if not request.connect:
        raise ConfigError(
            "needs the command center that it calls", key="--connect", hint="--connect 127.0.0.1:7000"
        )
    build = main_area if request.device == "concentrator" else direct_area
    area = build(around, 0, request.connect)
    if request.archived:
        _fill_archive(area)
    area.start()
    return area, [streams], f"{area.address} calls {request.connect}"


def _fill_archive(area: Area) -> None:
    """Give the terminal its archive, as if a command center had."""
    from rig.twin.devices.terminal.archive import MeterEntry

    assert area.terminal is not None
    for entry in area.entries:
        area.terminal.terminal.put_meter(
            MeterEntry(entry.point, entry.meter, entry.port, tariffs=entry.tariffs, collector=entry.collector)
        )


def _tell(area: Area, ready: str) -> None:
    print(f"{len(area.households)} meters: {', '.join(home.address for home in area.households[:8])}", end="")
    print(", ..." if len(area.households) > 8 else "")
    print(f"READY {ready}", flush=True)


def _run(engine: Engine, stop: threading.Event, sources: Sequence[RealTimeSource]) -> None:
    from rig.twin.serve_streams import serve

    serve(engine.clock, stop, sources)


def _serve_network(request: Request, engine: Engine, plan: NetworkPlan, stop: threading.Event) -> None:
    """Command center and everything below it, on loopback TCP."""
    from rig.bench.network import Network
    from rig.transports.tcp_stream import TcpNetwork

    listen = request.listen.removeprefix("tcp://")
    if "://" in listen:
        listen = "127.0.0.1:0"
    streams = TcpNetwork(engine.clock)
    network = Network(engine, plan, defects=request.defects, streams=streams, listen=listen)
    if network.unplaced_defects:
        raise ConfigError(
            "no device of this network can have it", key="--defect", value=network.unplaced_defects[0]
        )
    if request.archive is not None:
        request.archive.write_text(archive_text(network.areas), encoding="utf-8")
    print(f"{len(network.areas)} terminals, {len(network.households)} meters", flush=True)
    print(f"READY {network.center.address}", flush=True)
    _report(network, network.begin())
    _run(engine, stop, [streams])


def _report(network: Network, begun: BringUp) -> None:
    """Tell when the network is in service, or why it is not."""
    clock = network.clock

    def look() -> None:
        if not begun.done:
            clock.call_at(clock.now_s() + 1.0, look)
        elif begun.failure is not None:
            print(begun.failure, file=sys.stderr, flush=True)
        else:
            print("IN SERVICE", flush=True)

    look()


def archive_text(areas: Sequence[Area]) -> str:
    """Terminals and points as ``rig ncc serve --archive`` reads them."""
    lines = []
    for area in areas:
        entry = area.terminal_entry()
        lines += ["[[terminal]]", f'address = "{entry.address}"', f'role = "{entry.role}"']
        lines += [f'password = "{entry.password.hex()}"', f"heartbeat_s = {entry.heartbeat_s}", ""]
        for point in area.entries:
            lines += ["[[terminal.points]]", f"point = {point.point}", f'meter = "{point.meter}"']
            lines += [f"port = {point.port}", f"tariffs = {point.tariffs}"]
            lines += [f'collector = "{point.collector}"', ""]
    return "\n".join(lines)
