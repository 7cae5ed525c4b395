"""``rig emulate cco|concentrator|collector|network``: parts of an emulated collection network in real time."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rig.errors import ConfigError

if TYPE_CHECKING:
    from rig.bench.network import BringUp, Network
    from rig.bench.network_area import Area, Surroundings
    from rig.bench.network_plan import NetworkPlan
    from rig.ncc.shell_engine import EngineCenter
    from rig.twin.engine import Engine
    from rig.twin.serve_streams import RealTimeSource

#: devices start at once here: nobody wants to wait for a drawn start-up
_START_S = 1.0
#: what --listen is when it is not given: a collector then has emulated meters of its own
NO_LINE: Final = "pty://"
#: meters behind the terminal that needs no concentrator: a quarter, and at most so many
_DIRECT = 4
_USUAL_MEDIUM = "HPLC"
#: area code of emulated terminals, and the last of their addresses
_REGION, _LAST_TERMINAL = "0171", 0x270F
#: meters behind one concentrator at most
_BEHIND_ONE = 2000


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
    http: str = ""
    store: str = ""
    medium: str | None = None
    module: str = ""
    bus: str = ""
    address: str | None = None
    baud: int | None = None


def serve_part(request: Request, stop: threading.Event) -> None:
    """Serve a part of a network until stopped.

    Raises:
        ConfigError: an option is missing or wrong.
    """
    from rig.clock import SystemClock, VirtualClock
    from rig.twin.engine import Engine

    plan = plan_of(request)
    engine = Engine(request.seed, VirtualClock(SystemClock().wall()))
    if request.device == "network" and request.connect:
        _serve_below(request, engine, plan, stop)
    elif request.device == "network":
        _serve_network(request, engine, plan, stop)
    elif request.device == "collector" and request.listen != NO_LINE:
        _serve_collector(request, engine, stop)
    else:
        _serve_one(request, engine, plan, stop)


def plan_of(request: Request) -> NetworkPlan:
    """The plan that has exactly the meters asked for.

    Raises:
        ConfigError: they do not fit the device or the design.
    """
    from rig.bench.network_plan import MOST_ON_A_LINE, NetworkPlan

    plan = NetworkPlan.from_options(
        {
            "design": request.design,
            "start_s": _START_S,
            "cellular": "IDEAL",
            "line_faults": request.faults,
            "medium": request.medium or _USUAL_MEDIUM,
        }
    )
    if request.device == "network":
        return _shared_out(plan, request.meters)
    if plan.design == "mixed":
        raise ConfigError(
            "one device is of one design",
            key="--design",
            value="mixed",
            hint="rig emulate network mixes them",
        )
    if request.device != "collector":
        return replace(plan, meters=request.meters)
    if not 0 < request.meters <= MOST_ON_A_LINE:
        hint = f"its RS-485 line takes 1..{MOST_ON_A_LINE}"
        raise ConfigError("meters of a collector", key="--meters", value=request.meters, hint=hint)
    return replace(plan, direct_meters=request.meters)


def _shared_out(plan: NetworkPlan, meters: int) -> NetworkPlan:
    """The same plan with so many meters in all: a few behind a terminal without a concentrator, the others evenly."""
    designs = 2 if plan.design == "mixed" else 1
    if meters < designs:
        hint = "one behind the concentrator of each design" if designs > 1 else "1 and more"
        raise ConfigError("too few meters", key="--meters", value=meters, hint=hint)
    most = 1 if plan.direct_role == "meter" else _DIRECT
    direct = min(meters // 4, most)
    behind = meters - direct
    return replace(
        plan,
        concentrators=max(designs, -(-behind // _BEHIND_ONE)),
        meters=behind,
        direct=1 if direct else 0,
        direct_meters=max(direct, 1),
    )


def _serve_one(request: Request, engine: Engine, plan: NetworkPlan, stop: threading.Event) -> None:
    """A single device with the meters behind it."""
    from rig.bench.network import Assignment
    from rig.bench.network_area import Surroundings
    from rig.transports.tcp_stream import TcpNetwork

    assignment = Assignment(request.defects)
    streams = TcpNetwork(engine.clock)
    around = Surroundings(engine, plan, streams, None, assignment.take, module=_module_fields(request))
    parts = {"cco": _module, "concentrator": _driver if request.module or request.bus else _terminal}
    served = parts.get(request.device, _terminal)
    area, sources, ready = served(request, around, streams)
    _all_placed(assignment.left(), "no such defect of this device")
    _write_archive(request, [area])
    _tell([area], ready)
    _run(engine, stop, sources)


def _module_fields(request: Request) -> dict[str, Any]:
    """What the command line says of the emulated module itself."""
    given = {"main_address": request.address, "baud": request.baud} if request.device == "cco" else {}
    return {key: value for key, value in given.items() if value is not None}


def _driver(
    request: Request, around: Surroundings, streams: RealTimeSource
) -> tuple[Area, list[RealTimeSource], str]:
    """A concentrator that drives a module and reads a line of somebody else."""
    from rig.bench.network_foreign import RealPorts, foreign_area

    rate = {} if request.baud is None else {"baud": request.baud}
    ports = RealPorts(request.module, request.bus, medium=request.medium, **rate)
    area, ends = foreign_area(around, _number(request), _called(request), ports)
    area.start()
    ready = f"{area.address} calls {request.connect}"
    if request.module:
        ready += f", local module {request.module}"
    if request.bus:
        ready += f", RS-485 line {request.bus}"
    return area, [streams, *ends], ready


def _called(request: Request) -> str:
    if not request.connect:
        raise ConfigError(
            "needs the command center that it calls", key="--connect", hint="--connect 127.0.0.1:7000"
        )
    return request.connect


def _number(request: Request) -> int:
    """Number of the area that has the terminal address asked for; the first one when none is."""
    first = 1 if request.device == "concentrator" else 2
    if request.address is None:
        return 0
    terminal = int(request.address[4:], 16)
    if request.address[:4] != _REGION or not first <= terminal <= _LAST_TERMINAL:
        hint = f"{_REGION}{first:04X}..{_REGION}{_LAST_TERMINAL:04X}"
        raise ConfigError("no address of this emulation", key="--address", value=request.address, hint=hint)
    return terminal - first


def _all_placed(left: Sequence[str], why: str) -> None:
    if left:
        raise ConfigError(why, key="--defect", value=left[0])


def _write_archive(request: Request, areas: Sequence[Area]) -> None:
    if request.archive is not None:
        request.archive.write_text(archive_text(areas), encoding="utf-8")


def _serve_collector(request: Request, engine: Engine, stop: threading.Event) -> None:
    """A collector whose RS-485 line is a real port: the meters on it are somebody else's."""
    from rig.twin.serve_collector import ServedCollector

    collector = ServedCollector(engine, _called(request), request.listen, defects=request.defects)
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

    center = _called(request)
    build = main_area if request.device == "concentrator" else direct_area
    area = build(around, _number(request), center)
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


def _tell(areas: Sequence[Area], ready: str) -> None:
    homes = [home.address for area in areas for home in area.households]
    if homes:
        print(f"{len(homes)} meters: {', '.join(homes[:8])}{', ...' if len(homes) > 8 else ''}")
    print(f"READY {ready}", flush=True)


def _run(engine: Engine, stop: threading.Event, sources: Sequence[RealTimeSource]) -> None:
    from rig.twin.serve_streams import serve

    serve(engine.clock, stop, sources)


def _serve_below(request: Request, engine: Engine, plan: NetworkPlan, stop: threading.Event) -> None:
    """Every terminal of a network, dialling a command center that is somebody else's."""
    from rig.bench.network import Assignment
    from rig.bench.network_area import Surroundings, direct_area, main_area
    from rig.transports.tcp_stream import TcpNetwork

    assignment = Assignment(request.defects)
    streams = TcpNetwork(engine.clock)
    around = Surroundings(engine, plan, streams, None, assignment.take)
    areas = [main_area(around, number, request.connect) for number in range(plan.concentrators)]
    areas += [direct_area(around, number, request.connect) for number in range(plan.direct)]
    _all_placed(assignment.left(), "no device below a command center can have it")
    _write_archive(request, areas)
    for area in areas:
        if request.archived:
            _fill_archive(area)
        area.start()
    _tell(areas, f"{_counted(plan)} call {request.connect}")
    _run(engine, stop, [streams])


def _counted(plan: NetworkPlan) -> str:
    """``2 concentrators (metering_box, individual), 1 collector``."""
    designs = dict.fromkeys(plan.design_of(number) for number in range(plan.concentrators))
    text = f"{plan.concentrators} concentrator{'s' if plan.concentrators > 1 else ''} ({', '.join(designs)})"
    return f"{text}, {plan.direct} {plan.direct_role}" if plan.direct else text


def _serve_network(request: Request, engine: Engine, plan: NetworkPlan, stop: threading.Event) -> None:
    """Command center and everything below it, on loopback TCP."""
    from rig.bench.network import Network
    from rig.transports.tcp_stream import TcpNetwork

    if request.http and not request.store:
        raise ConfigError(
            "the API needs a store with accounts",
            key="--store",
            hint="--store sqlite:///center.db, accounts by `rig ncc account set`",
        )
    streams = TcpNetwork(engine.clock)
    network = Network(
        engine,
        plan,
        defects=request.defects,
        streams=streams,
        listen=_listened(request.listen),
        store=request.store or "sqlite://",
    )
    try:
        _all_placed(network.unplaced_defects, "no device of this network can have it")
        _write_archive(request, network.areas)
        sources: list[RealTimeSource] = [streams]
        told = f"{_counted(plan)}, {len(network.households)} meters; store {network.center.store.shown}"
        if request.http:
            api = ServedApi(network.center, request.http)
            sources.append(api)
            told += f"; {api.url}"
        print(told, flush=True)
        print(f"READY {network.center.address}", flush=True)
        _report(network, network.begin())
        _run(engine, stop, sources)
    finally:
        network.close()


def _listened(listen: str) -> str:
    """Where terminals dial: ``tcp://host:port``, or any free port of this machine."""
    if listen == NO_LINE:
        return "127.0.0.1:0"
    address = listen.removeprefix("tcp://")
    if "://" in address or address.startswith("/"):
        raise ConfigError("terminals dial TCP", key="--listen", value=listen, hint="tcp://127.0.0.1:7000")
    return address


class ServedApi:
    """The HTTP API of a center that lives on the engine's clock, served in the turns between its events.

    Args:
        center: in real time.
        address: ``host:port``.

    Raises:
        ConfigError: the address is none, or cannot be taken.
    """

    def __init__(self, center: EngineCenter, address: str) -> None:
        from rig.ncc.shell_http import HttpApi

        self._loop = asyncio.new_event_loop()
        try:
            self._api = HttpApi(center.service, center.store, address)
        except ConfigError:
            self._loop.close()
            raise
        #: where it is reached
        self.url = self._api.url
        self._loop.run_until_complete(self._api.start())

    def wait(self, wait_s: float) -> None:
        """Answer for so long."""
        self._loop.run_until_complete(asyncio.sleep(wait_s))

    def poll(self) -> None:
        """Requests are answered while it waits."""

    def close(self) -> None:
        """Answer what was asked, and take no more."""
        self._loop.run_until_complete(self._api.stop())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


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
