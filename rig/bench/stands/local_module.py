"""Stand of a local communication module: its serial line, the tester as concentrator, and the nodes behind it."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from rig.bench.stand import StandRequest
from rig.clock import Clock
from rig.errors import BenchMissing, DeviceRefused, LinkClosedError, LinkTimeout, RemoteProtocolError
from rig.protocols.dlt645.frame import Frame as MeterFrame
from rig.protocols.dlt645.frame import encode as encode_meter
from rig.protocols.dlt645.items import lookup
from rig.protocols.dlt645.profile import DEFAULT as METER_PROFILE
from rig.protocols.dlt645.values import Value, decode_item
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile
from rig.sessions.local_module import LocalModuleSession
from rig.transports.bus import Bus
from rig.transports.describe import DESCRIBERS
from rig.transports.memory import MemoryLine
from rig.twin.build import EmulatedMeter, build_meter
from rig.twin.build_module import EmulatedModule, build_module
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.devices.cco_upgrade import firmware_image
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.downlink.rs485 import Rs485Port
from rig.twin.engine import Engine
from rig.twin.media.nodes import CollectorNode, MediumNode, MeterNode, NodeMeter
from rig.twin.media.parameters import MEDIA
from rig.twin.media.plc import Medium
from rig.twin.media.topology import Placement
from rig.twin.physics.scene import Scene

ROLE: Final = "local_module"
#: places of the single nodes; the last two need a relay. Feeder, distance in metres
_PLACES: Final = ((1, 40.0), (1, 130.0), (2, 80.0), (1, 220.0), (3, 60.0), (1, 380.0), (1, 460.0))
_COLLECTOR_PLACE: Final = Placement(distance_m=100.0, feeder=2, three_phase=True)
#: where the medium does not reach every node, all of them stand nearer by this factor until it does
_NEARER: Final = 0.9
#: identifier of the word by which a meter's unit reports events, and octets behind it
_EVENT_WORD: Final = bytes.fromhex("01150004")
_EVENT_OCTETS: Final = 14
_DL645_2007: Final = 2
#: of the tester as concentrator, when neither the bench file nor the module has one
_MAIN_ADDRESS: Final = "000000000001"


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A meter on the medium, as it really is.

    ``phase`` 1..3, 0 three-phase or not known; ``behind_collector`` the collector's address; ``foreign``: of another
    transformer area.
    """

    address: str
    protocol: int = _DL645_2007
    phase: int = 0
    behind_collector: str | None = None
    foreign: bool = False


class LocalModuleStand:
    """A module on its serial port; what only an emulated one can do raises BenchMissing.

    ``session`` is the concentrator's side of its line.
    """

    def __init__(
        self, request: StandRequest, bus: Bus, profile: Profile, main_address: str, mode: int | None
    ) -> None:
        self.id = request.device.id
        self.clock: Clock = request.clock
        self.simulated = request.simulated
        self.profile = profile
        self.session = LocalModuleSession(
            bus, self.clock, main_address=main_address, mode=mode, profile=profile
        )
        told = self.session.find_mode() if mode is None else self.session.query(10)
        #: what it told of itself (03 F10) when the stand was built
        self.running_mode: dict[str, Any] = dict(told.content or {})
        self.address = str(self.running_mode["main_address"])

    @property
    def nodes(self) -> tuple[NodeFacts, ...]:
        """Meters behind the module; of a real one those in its archive.

        Raises:
            BenchMissing: a real module with an empty archive.
        """
        raise NotImplementedError

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every meter that belongs to this network."""
        return tuple(node.address for node in self.nodes if not node.foreign)

    def archive(self, addresses: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Put meters (None: all) into the module's archive, nothing else in it; returns them."""
        wanted = self.addresses if addresses is None else addresses
        self.session.pause_route()
        self.session.clear_nodes()
        self.session.add_nodes(wanted)
        return wanted

    def reading(self, address: str, di: int) -> bytes:
        """What the meter itself would answer for an identifier now, octets of the value."""
        raise self._missing("the truth of a meter's registers", address, di)

    def values(self, address: str, di: int) -> tuple[Value, ...]:
        """``reading`` as values."""
        item = lookup(di)
        if item is None:
            raise BenchMissing(f"an item {di:08X}")
        return decode_item(item, self.reading(address, di), METER_PROFILE)

    def stop_node(self, address: str) -> None:
        """Take the supply of the node that this meter hangs on."""
        raise self._missing("a switch in the supply of a node", address)

    def start_node(self, address: str) -> None:
        """Give it back."""
        raise self._missing("a switch in the supply of a node", address)

    def silence_meter(self, address: str) -> None:
        """The meter answers nothing; its unit goes on."""
        raise self._missing("a meter that falls silent", address)

    def restore_meter(self, address: str) -> None:
        """The meter answers again."""
        raise self._missing("a meter that falls silent", address)

    def raise_event(self, address: str) -> bytes:
        """The meter's unit has an event to tell; returns the DL/T 645 frame that must arrive."""
        raise self._missing("a meter that reports an event on demand", address)

    def reset_pin(self, pulse_s: float = 0.3) -> None:
        """Pull the module's reset line low for so long."""
        raise self._missing("control of the module's reset line", pulse_s)

    def set_noise(self, noise_db: float) -> None:
        """Noise on the medium above its quiet floor."""
        raise self._missing("control of the noise on the medium", noise_db)

    def upgrade_image(self, version: str) -> bytes:
        """An image that the module takes, with this version (four digits)."""
        raise self._missing("an image of the module's maker", version)

    def close(self) -> None:
        """Nothing to do: reports that still come are the next case's noise."""

    @staticmethod
    def _missing(what: str, *_: object) -> BenchMissing:
        return BenchMissing(what)


class KeptNodes:
    """Archive and communication mode of a real module as they were found, kept across the cases of a run."""

    def __init__(self) -> None:
        self.nodes: tuple[NodeFacts, ...] | None = None
        self.mode: int | None = None

    def close(self) -> None:
        """Nothing is held."""


class RealModuleStand(LocalModuleStand):
    """A real module; cases that change its archive find it again as it was before the run."""

    def __init__(
        self, request: StandRequest, bus: Bus, profile: Profile, main_address: str, kept: KeptNodes
    ) -> None:
        medium = request.device.medium
        mode = kept.mode if medium is None else MEDIA[medium].mode
        super().__init__(request, bus, profile, main_address, mode)
        kept.mode = self.session.host.mode
        if request.device.address is None and int(self.address, 16):
            # a module in service has got its address from its concentrator, whose place the bench takes
            main_address = self.address
        self.session.host = replace(self.session.host, main_address=main_address)
        if self.address != main_address:
            self.session.set_main_address()
            self.address = main_address
        self._kept = kept
        if kept.nodes is None:
            kept.nodes = self._listed()

    @property
    def nodes(self) -> tuple[NodeFacts, ...]:
        """Meters that were in the archive of the module when the run began.

        Raises:
            BenchMissing: there were none.
        """
        if not self._kept.nodes:
            raise BenchMissing("meters in the archive of the real module")
        return self._kept.nodes

    def close(self) -> None:
        """Put the archive back as it was; a module that does not answer any more is the next case's matter."""
        with suppress(LinkTimeout, DeviceRefused, RemoteProtocolError, LinkClosedError):
            listed, known = self._listed(), self._kept.nodes or ()
            if listed == known:
                return
            self.session.pause_route()
            if listed:
                self.session.delete_nodes([node.address for node in listed])
            for protocol in sorted({node.protocol for node in known}):
                same = [node.address for node in known if node.protocol == protocol]
                self.session.add_nodes(same, protocol=protocol)

    def _listed(self) -> tuple[NodeFacts, ...]:
        return tuple(NodeFacts(node["address"], node["protocol"]) for node in self.session.read_nodes())


class EmulatedModuleStand(LocalModuleStand):
    """An emulated module with its medium and meters.

    ``device`` is the emulated module, ``meters`` the emulated meters by address, ``scene`` their circuit.
    """

    def __init__(
        self,
        request: StandRequest,
        device: EmulatedModule,
        meters: dict[str, EmulatedMeter],
        scene: Scene,
    ) -> None:
        self.device = device
        self.meters = meters
        self.scene = scene
        engine = request.emulated_engine()
        name = request.device.first_link
        line = MemoryLine(
            name, engine.clock, replace(request.link.settings, baud=device.config.baud), duplex="full"
        )
        line.attach(device.wire)
        line.manipulators.extend(device.line_faults)
        request.recorder.describe_as(name, DESCRIBERS["gdw1376.2"])
        bus = Bus(line.master(), request.recorder)
        config = device.config
        super().__init__(request, bus, config.profile, config.main_address, device.cco.parameters.mode)

    @property
    def nodes(self) -> tuple[NodeFacts, ...]:
        """Every meter on the medium, as it really is."""
        facts = []
        for station in self.device.medium.stations:
            place = station.placement
            for meter in station.node.meters:
                collector = None if meter.address == station.address else station.address
                facts.append(
                    NodeFacts(meter.address, meter.protocol, place.told_phase, collector, place.foreign)
                )
        return tuple(facts)

    def reading(self, address: str, di: int) -> bytes:
        """What the meter itself would answer for an identifier now, octets of the value.

        Raises:
            BenchMissing: the meter has no such item.
        """
        data = self.meters[address].wire.read_any(di)
        if data is None:
            raise BenchMissing(f"a meter with item {di:08X}")
        return data

    def stop_node(self, address: str) -> None:
        """Take the supply of the node that this meter hangs on."""
        self.device.medium.set_power(address, on=False)

    def start_node(self, address: str) -> None:
        """Give it back."""
        self.device.medium.set_power(address, on=True)

    def silence_meter(self, address: str) -> None:
        """The meter answers nothing; its unit goes on."""
        self.meters[address].wire.answer_filters.append(_silent)

    def restore_meter(self, address: str) -> None:
        """The meter answers again."""
        filters = self.meters[address].wire.answer_filters
        if _silent in filters:
            filters.remove(_silent)

    def raise_event(self, address: str) -> bytes:
        """The meter's unit has an event to tell; returns the DL/T 645 frame that must arrive."""
        frame = encode_meter(MeterFrame(address, 0x91, _EVENT_WORD + bytes(_EVENT_OCTETS)))
        station = self.device.medium.station_of(address)
        if station is None or station.node.unsolicited is None:
            raise BenchMissing(f"a node with the meter {address}")
        station.node.unsolicited(address, frame)
        return frame

    def reset_pin(self, pulse_s: float = 0.3) -> None:
        """Pull the module's reset line low for so long; the time passes."""
        self.clock.wait_until(self.clock.now_s() + pulse_s)
        self.device.cco.reset_pin(pulse_s)

    def set_noise(self, noise_db: float) -> None:
        """Noise on the medium above its quiet floor."""
        self.device.medium.set_noise(noise_db)

    def upgrade_image(self, version: str) -> bytes:
        """An image that the module takes, with this version (four digits)."""
        return firmware_image(version)


def _silent(request: MeterFrame, answer: MeterFrame) -> None:
    """A meter's answer filter: say nothing."""
    del request, answer


def build(request: StandRequest) -> LocalModuleStand:
    """The stand of a module on the medium of the bench file (HPLC when it names none); the case's marker may name ``medium``, ``edition``, ``nodes`` (1..40 single meters),
    ``collector_meters`` (0..32), ``foreign`` (nodes of another area), ``formed`` and fields of ModuleConfig.

    Raises:
        LinkTimeout: the module does not answer.
    """
    profile = replace(DEFAULT, edition=request.options.get("edition", request.device.edition))
    if not request.simulated:
        bus = request.bench.bus(request.device.first_link)
        request.recorder.describe_as(bus.name, DESCRIBERS["gdw1376.2"])
        kept = request.bench.keep(f"facts of {request.device.id}", KeptNodes)
        return RealModuleStand(request, bus, profile, request.device.address or _MAIN_ADDRESS, kept)
    options = dict(request.options)
    options.pop("edition", None)
    singles, behind, foreign = (
        int(options.pop(key, usual)) for key, usual in (("nodes", 7), ("collector_meters", 2), ("foreign", 0))
    )
    engine = request.emulated_engine()
    scene = Scene(engine)
    fixed: dict[str, Any] = {"profile": profile, "baud": request.link.baud, "main_address": "202600000001"}
    if request.device.medium is not None:
        fixed["medium"] = request.device.medium
    if request.device.address is not None:
        fixed["main_address"] = request.device.address
    config = ModuleConfig.conforming(request.config_seed, **(fixed | options))
    meters = _meters(engine, scene, request.config_seed, singles + behind + foreign)
    every = list(meters)
    nodes = _single_nodes(engine, meters, every[:singles], foreign=False)
    nodes += _single_nodes(engine, meters, every[singles + behind :], foreign=True)
    if behind:
        nodes.append((_collector(engine, meters, every[singles : singles + behind]), _COLLECTOR_PLACE))
    nodes = _within_reach(nodes, config.medium)
    device = build_module(engine, scene, config, nodes=nodes, defects=request.defects)
    return EmulatedModuleStand(request, device, meters, scene)


def _meters(engine: Engine, scene: Scene, seed: int, count: int) -> dict[str, EmulatedMeter]:
    """So many conforming meters; their addresses are the same in every case of a run."""
    draw = random.Random(f"meters of a module {seed}")
    meters: dict[str, EmulatedMeter] = {}
    while len(meters) < count:
        address = f"{draw.randrange(1, 10**11):012d}"
        if address not in meters:
            config = MeterConfig.conforming(seed + len(meters), address=address, preamble=0)
            meters[address] = build_meter(engine, scene, config, position=len(meters) + 1)
    return meters


def _single_nodes(
    engine: Engine, meters: dict[str, EmulatedMeter], addresses: list[str], *, foreign: bool
) -> list[tuple[MediumNode, Placement]]:
    nodes: list[tuple[MediumNode, Placement]] = []
    for number, address in enumerate(addresses):
        feeder, distance_m = _PLACES[number % len(_PLACES)]
        # beyond the first places another row of houses stands a little farther
        distance_m += 7.0 * (number // len(_PLACES))
        place = Placement(distance_m=distance_m, feeder=feeder, phase=number % 3 + 1, foreign=foreign)
        nodes.append((MeterNode(meters[address].wire, engine, address), place))
    return nodes


def _within_reach(
    nodes: list[tuple[MediumNode, Placement]], medium: str
) -> list[tuple[MediumNode, Placement]]:
    """The same nodes, nearer by one factor where the medium does not reach all of them, by relays where it must."""
    trial = Engine(0)
    while not all(station.reachable for station in Medium(trial, MEDIA[medium], nodes).stations):
        nodes = [(node, replace(place, distance_m=place.distance_m * _NEARER)) for node, place in nodes]
    return nodes


def _collector(engine: Engine, meters: dict[str, EmulatedMeter], addresses: list[str]) -> CollectorNode:
    """A collector with its meters on RS-485."""
    line = MemoryLine("collector", engine.clock)
    port = Rs485Port()
    for address in addresses:
        line.attach(meters[address].wire)
    port.put_on(line)
    return CollectorNode("9" + addresses[0][1:], port, [NodeMeter(address) for address in addresses])
