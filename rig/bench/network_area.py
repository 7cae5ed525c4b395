"""Areas of an emulated network: a terminal with everything below it, down to the households.

An area is a concentrator with its local module, medium, collectors and meters (main designs), or a direct terminal with the
meters on its own line (supplements).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from rig.bench.household import Habits, Household, Truth
from rig.bench.network_plan import NetworkPlan
from rig.errors import ConfigError
from rig.ports.byte_link import LineSettings
from rig.ports.command_center import PointEntry, TerminalEntry
from rig.ports.meter_port import MeterPort
from rig.ports.stream import StreamNetwork
from rig.transports.memory import MemoryLine
from rig.transports.memory_stream import Observer
from rig.twin.build import EmulatedMeter, build_meter
from rig.twin.build_collector import EmulatedCollector, build_collector
from rig.twin.build_module import EmulatedModule, build_module
from rig.twin.build_terminal import EmulatedTerminal, build_terminal
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.devices.collector_config import CollectorConfig, CollectorMeter
from rig.twin.devices.meter_config import RESIDENTIAL, MeterConfig
from rig.twin.devices.tariff import Period, TariffTables
from rig.twin.devices.terminal.config import TerminalConfig
from rig.twin.downlink.carrier import CarrierPort
from rig.twin.downlink.rs485 import Rs485Port
from rig.twin.engine import Engine
from rig.twin.faults import fault_by_name
from rig.twin.media.nodes import MediumNode, MeterNode
from rig.twin.media.parameters import MEDIA
from rig.twin.media.plc import Medium
from rig.twin.media.topology import Placement, draw_placements
from rig.twin.physics.scene import Scene

#: port numbers of the archive
CARRIER, RS485 = 31, 1
#: rate of the serial ports, in bit/s: RS-485 lines and meters on a unit of their own, and code of the former in the archive
_LINE_BAUD, _UNIT_BAUD, _MODULE_BAUD = 2400, 9600, 9600
_REGION = "0171"
#: a moment, in seconds
_SOON_S = 0.001
#: minutes of a day: a lean meter freezes no oftener
_DAY_MIN = 1440
#: a time of day that never comes, in seconds
_NEVER_S = 1e9
#: from the transformer to the last household, in metres
_LONGEST_FEEDER_M = 300.0
_MODULE_SETTINGS = LineSettings(_MODULE_BAUD)

#: gets a name like ``meter 100001000001`` and gives the defects that this device has
DefectsOf = Callable[[str, str], tuple[str, ...]]


def no_defects(_role: str, _name: str) -> tuple[str, ...]:
    """Every device is a good one."""
    return ()


@dataclass(frozen=True)
class Surroundings:
    """What all areas share: engine, plan, who watches the lines, which device is bad."""

    engine: Engine
    plan: NetworkPlan
    streams: StreamNetwork | None = None
    observer: Observer | None = None
    defects_of: DefectsOf = no_defects
    #: standby address of the command center; empty: it has none
    standby: str = ""
    #: fields of ModuleConfig that local modules have as given, not as drawn
    module: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Box:
    """A metering box: a collector with the households on its line."""

    collector: EmulatedCollector
    households: list[Household]

    @property
    def address(self) -> str:
        """Address of the collector, 12 digits."""
        return self.collector.config.address


@dataclass
class Area:
    """A terminal to be, and everything below it.

    ``entries`` are its points in the order of their numbers; ``placed`` says where each household hangs.
    """

    number: int
    address: str
    role: Literal["concentrator", "collector", "meter"]
    engine: Engine
    config: TerminalConfig
    ports: dict[int, MeterPort]
    households: list[Household] = field(default_factory=list)
    entries: list[PointEntry] = field(default_factory=list)
    links: list[tuple[str, ...]] = field(default_factory=list)
    module: EmulatedModule | None = None
    module_line: MemoryLine | None = None
    collectors: list[Box] = field(default_factory=list)
    lines: list[MemoryLine] = field(default_factory=list)
    #: the plan's
    start_s: float = 0.0
    #: None where nobody drives the module here
    terminal: EmulatedTerminal | None = None

    @property
    def direct(self) -> bool:
        """It reaches the command center without a concentrator."""
        return self.module is None

    def start(self) -> None:
        """Switch the terminal on, and the module that it feeds; ``start_s`` of the plan: its network stands as soon as it works."""
        if self.module is not None:
            self.module.cco.restart()
            if self.start_s:
                formed_s = self.engine.clock.now_s() + self.start_s + _SOON_S
                self.engine.clock.call_at(formed_s, partial(self.module.medium.form, formed=True))
        if self.terminal is not None:
            self.terminal.start()

    def terminal_entry(self) -> TerminalEntry:
        """The terminal as the command center has it."""
        return TerminalEntry(
            self.address,
            role=self.role,
            password=self.config.password,
            heartbeat_s=60.0 * self.config.heartbeat_min,
        )


def main_area(around: Surroundings, number: int, main_address: str) -> Area:
    """A concentrator's area, number from 0: module, medium, and its households by the design of the plan."""
    area = module_area(around, number, main_address)
    module = area.module
    assert module is not None
    line = area.module_line = MemoryLine(
        f"C2-M1 {area.address}",
        area.engine.clock,
        _MODULE_SETTINGS,
        duplex="full",
        observer=around.observer,
    )
    line.manipulators.extend(module.line_faults)
    line.attach(module.wire)
    port = CarrierPort(
        main_address_of(number), baud=_MODULE_BAUD, side_by_side=module.config.concurrent_meters
    )
    port.wall = area.engine.clock.wall
    port.put_on(line)
    area.ports[CARRIER] = port
    add_concentrator(around, area)
    return area


def add_concentrator(around: Surroundings, area: Area) -> None:
    """The concentrator of an area whose ports are there; it does not call yet."""
    assert around.streams is not None
    area.terminal = build_terminal(
        area.engine,
        around.streams,
        area.config,
        ports=area.ports,
        defects=around.defects_of("concentrator", area.address),
        start=False,
    )


def module_area(around: Surroundings, number: int, main_address: str) -> Area:
    """The same without anybody on the module's serial line: for whoever drives it from outside."""
    plan = around.plan
    area = bare_area(around, number, main_address, "concentrator")
    engine = area.engine
    count = plan.meters_of(number)
    boxed = plan.design_of(number) == "metering_box"
    places = _boxes(around, area, count) if boxed else _singles(around, area, count)
    fixed: dict[str, Any] = {"medium": plan.medium, "main_address": main_address_of(number)}
    if plan.start_s:
        fixed |= {"boot_s": plan.start_s, "reset_report_s": plan.start_s}
    config = ModuleConfig.conforming(engine.derive("module"), **(fixed | dict(around.module)))
    defects = around.defects_of("local_module", area.address)
    placed = _placed(engine, config.medium, places)
    area.module = build_module(engine, None, config, nodes=placed, defects=defects)
    return area


def _placed(engine: Engine, medium: str, nodes: Sequence[MediumNode]) -> list[tuple[MediumNode, Placement]]:
    """Places from which every node reaches the local module, by relays where it must: a network that was taken over."""
    longest_m = _LONGEST_FEEDER_M
    while True:
        drawn = draw_placements(engine.random(f"places/{longest_m:.0f}"), len(nodes), longest_m=longest_m)
        placed = list(zip(nodes, drawn, strict=True))
        if all(station.reachable for station in Medium(engine, MEDIA[medium], placed).stations):
            return placed
        longest_m *= 0.85


def direct_area(around: Surroundings, number: int, main_address: str) -> Area:
    """A terminal beside the concentrators, number from 0: a collector with its box, or a meter with an uplink of its own."""
    plan = around.plan
    area = bare_area(around, plan.concentrators + number, main_address, plan.direct_role)
    if area.role == "collector":
        box = _box(around, area, plan.direct_meters, port=RS485, links=("K8-C1", "N5-C4"), uplink=area.config)
        area.terminal = box.collector.terminal
        area.ports[RS485] = box.collector.port
        return area
    line = _bus(around, f"U4 {area.address}", area.engine)
    household = _household(around, area, _LINE_BAUD)
    line.attach(household.device.wire)
    line.manipulators.extend(household.device.line_faults)
    _enter(area, household, port=RS485, links=("U4",))
    port = Rs485Port(line.name, baud=_LINE_BAUD)
    port.put_on(line)
    area.ports[RS485] = port
    area.lines.append(line)
    assert around.streams is not None
    area.terminal = build_terminal(area.engine, around.streams, area.config, ports=area.ports, start=False)
    return area


def bare_area(
    around: Surroundings, number: int, main_address: str, role: Literal["concentrator", "collector", "meter"]
) -> Area:
    """A terminal to be, number from 0, with nothing below it yet."""
    plan = around.plan
    engine = Engine(around.engine.derive(f"area/{number}"), around.engine.clock)
    draw = engine.random("terminal")
    config = TerminalConfig.conforming(
        engine.derive("terminal"),
        region=_REGION,
        terminal=number + 1,
        role="concentrator" if role == "concentrator" else "collector",
        edition="2009",
        main_address=main_address,
        heartbeat_min=plan.heartbeat_min,
        clock_offset_s=round(draw.uniform(-plan.clock_spread_s, plan.clock_spread_s), 2),
        clock_drift_s_per_day=round(draw.uniform(-plan.clock_drift_s_per_day, plan.clock_drift_s_per_day), 3),
        capacity=2040,
        day_depth=62,
        clock_checks=plan.keep_time,
        **({} if plan.keep_time else {"sync_at_s": _NEVER_S}),
        **({"boot_s": plan.start_s} if plan.start_s else {}),
        **({"backup_address": around.standby, "dials_before_backup": 1} if around.standby else {}),
    )
    return Area(number, config.address, role, engine, config, {}, start_s=plan.start_s)


def _boxes(around: Surroundings, area: Area, count: int) -> list[MediumNode]:
    """Metering boxes: collectors with meters on RS-485 (LD1)."""
    size = around.plan.meters_per_collector
    links = ("K8-C1", "C2-M1", "M3-N1")
    boxes = [
        _box(around, area, min(size, count - first), port=CARRIER, links=links)
        for first in range(0, count, size)
    ]
    return [box.collector.node for box in boxes]


def _box(
    around: Surroundings,
    area: Area,
    count: int,
    *,
    port: int,
    links: tuple[str, ...],
    uplink: TerminalConfig | None = None,
) -> Box:
    """A collector, with an uplink of its own or without, and the households on its line."""
    address = f"60{area.number + 1:04d}{len(area.households) + 1:06d}"
    line = _bus(around, f"K8-C1 {address}", area.engine)
    homes = []
    for _ in range(count):
        household = _household(around, area, _LINE_BAUD)
        line.attach(household.device.wire)
        line.manipulators.extend(household.device.line_faults)
        _enter(area, household, port=port, links=links, collector=address)
        homes.append(household)
    config = CollectorConfig.conforming(
        area.engine.derive(f"collector/{address}"),
        with_uplink=False,
        address=address,
        baud=_LINE_BAUD,
        meters=tuple(CollectorMeter(home.address) for home in homes),
        uplink=uplink,
    )
    collector = build_collector(
        area.engine,
        config,
        network=around.streams,
        line=line,
        defects=around.defects_of("collector", address),
        start=False,
    )
    box = Box(collector, homes)
    area.collectors.append(box)
    area.lines.append(line)
    return box


def _singles(around: Surroundings, area: Area, count: int) -> list[MediumNode]:
    """Individual households: every meter has a unit of its own (LD3)."""
    nodes: list[MediumNode] = []
    for _ in range(count):
        household = _household(around, area, _UNIT_BAUD)
        if household.device.line_faults:
            raise ConfigError(
                "a line fault needs a line",
                key="defect",
                hint="in the metering-box design meters are on RS-485",
            )
        _enter(area, household, port=CARRIER, links=("U3", "M3-N1"))
        nodes.append(MeterNode(household.device.wire, area.engine, household.address))
    return nodes


def _bus(around: Surroundings, name: str, engine: Engine) -> MemoryLine:
    line = MemoryLine(name, engine.clock, LineSettings(_LINE_BAUD), observer=around.observer)
    for number, text in enumerate(around.plan.line_faults):
        line.manipulators.append(fault_by_name(text, seed=engine.derive(f"fault/{name}/{number}")))
    return line


def _enter(
    area: Area, household: Household, *, port: int, links: tuple[str, ...], collector: str = ""
) -> None:
    area.households.append(household)
    area.links.append(links)
    area.entries.append(
        PointEntry(
            area.address,
            len(area.households),
            household.address,
            port=port,
            tariffs=household.device.config.tables.tariffs,
            collector=collector or "000000000000",
        )
    )


def main_address_of(number: int) -> str:
    """Address of a concentrator on the medium, 12 digits."""
    return f"90{number + 1:010d}"


def _household(around: Surroundings, area: Area, baud: int) -> Household:
    plan = around.plan
    index = len(area.households) + 1
    address = f"10{area.number + 1:04d}{index:06d}"
    scene = Scene(area.engine)
    device = _meter(around, area.engine, scene, address, baud)
    number = area.number * 10_000 + index
    truth = Truth(scene, area.engine.clock.wall(), plan.tariffs)
    habits = Habits.draw(area.engine.random(f"habits/{number}"), two_way=plan.two_way, storage=plan.storage)
    return Household(number, area.engine, scene, device, habits, truth, changes=plan.load_changes)


def _meter(around: Surroundings, engine: Engine, scene: Scene, address: str, baud: int) -> EmulatedMeter:
    """A meter with the plan's tariffs whose registers begin at nothing."""
    plan = around.plan
    seed = engine.derive(f"meter/{address}")
    draw = engine.random(f"meter-clock/{address}")
    nothing = (0.0,) * plan.tariff_count
    fixed: dict[str, Any] = {
        "address": address,
        "baud": baud,
        "rating": replace(RESIDENTIAL, tariffs=plan.tariff_count),
        "tables": tariff_tables(plan),
        "energy_wh": (nothing, nothing),
        "clock_offset_s": round(draw.uniform(-plan.clock_spread_s, plan.clock_spread_s), 2),
        "clock_drift_s_per_day": round(
            draw.uniform(-plan.clock_drift_s_per_day, plan.clock_drift_s_per_day), 3
        ),
    }
    if not plan.full_meters:
        fixed["features"] = frozenset({"relay", "keep-supply"})
        fixed["freeze_interval_min"] = _DAY_MIN
    config = MeterConfig.conforming(seed, **fixed) if plan.errors else MeterConfig(**fixed)
    return build_meter(engine, scene, config, defects=around.defects_of("meter", address))


def tariff_tables(plan: NetworkPlan) -> TariffTables:
    """The plan's tariffs, every day of the year."""
    periods = tuple(Period(hour, minute, tariff) for hour, minute, tariff in plan.tariffs)
    return TariffTables(tariffs=plan.tariff_count, day_tables=[[periods, periods], [periods, periods]])
