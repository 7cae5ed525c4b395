"""Stand of a collector: the tester plays the meters on its RS-485 line, its concentrator's node, and its command center."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from rig.bench.played_meter import PlayedMeter
from rig.bench.stand import StandRequest
from rig.clock import Clock
from rig.errors import BenchMissing, ConfigError, DeviceRefused, LinkTimeout, RemoteProtocolError
from rig.ports.byte_link import Burst
from rig.protocols.dlt645.frame import Frame, decode_frame
from rig.protocols.gdw1376_1.messages import Content
from rig.sessions.acceptor import Acceptor
from rig.sessions.terminal import TerminalSession
from rig.transports.describe import DESCRIBERS
from rig.transports.manipulate import Direction
from rig.transports.memory_stream import MemoryNetwork
from rig.twin.build import build_meter
from rig.twin.build_collector import EmulatedCollector, build_collector
from rig.twin.devices.collector_config import CollectorConfig, CollectorMeter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.devices.terminal.archive import SPEEDS
from rig.twin.physics.scene import Scene
from rig.twin.wire.modbus import ModbusWire

ROLE: Final = "collector"
#: name of the RS-485 line in the evidence
LINE: Final = "K8-C1"
_DLT645_2007 = 30
#: longest wait for something that the collector does by itself, in seconds
_LONGEST_S = 7200.0
_OPTIONS = frozenset({"meters", "fast", "protocol", "through", "archived", "known"})
Through = Literal["uplink", "carrier"]


@dataclass(frozen=True, slots=True)
class LineBurst:
    """Octets that crossed the RS-485 line: ``request`` from the collector, ``answer`` from a meter; times in clock seconds."""

    direction: Direction
    data: bytes
    start_s: float
    end_s: float

    @property
    def baud(self) -> int:
        """Rate in bit/s that their length tells, at 11 bits a character."""
        return round(11 * len(self.data) / (self.end_s - self.start_s))

    @property
    def frame(self) -> Frame | None:
        """The DL/T 645 frame that they are, wake-up octets before it allowed; None: they are none."""
        try:
            return decode_frame(self.data)
        except RemoteProtocolError:
            return None


class CollectorStand:
    """An emulated collector, the meters that the tester plays on its line, and both of its upper sides.

    Options of the marker ``stand``: ``meters`` (1..32) on the line, ``fast`` of them at 9600 bit/s, ``protocol`` of the
    line ("dlt645", "modbus"), ``through`` which side requests go ("uplink" by forwarding 10H, "carrier" from its node),
    ``archived`` False leaves the archive empty, ``known`` False lets the node begin without meters.

    ``session`` is the command center's side of N5-C4; ``bursts`` is what crossed the RS-485 line, in order.
    """

    simulated = True

    def __init__(self, request: StandRequest) -> None:
        unknown = set(request.options) - _OPTIONS
        if unknown:
            raise ConfigError("no option of this stand", key="stand", value=sorted(unknown))
        engine = request.emulated_engine()
        self.id = request.device.id
        self.clock: Clock = request.clock
        self.bursts: list[LineBurst] = []
        self.through: Through = request.options.get("through", "uplink")
        self._request = request
        self._engine = engine
        meters = self._drawn_meters()
        self.device = self._build(meters)
        self.meters = tuple(self._played(number, config) for number, config in enumerate(meters, start=1))
        if self.device.terminal is None:
            raise ConfigError("the collector has no uplink", key="uplink")
        uplink = self.device.terminal.config
        self._describe()
        self.session = TerminalSession(
            self._acceptor,
            self.clock,
            request.recorder,
            profile=uplink.profile,
            password=uplink.password,
            name=request.device.first_link,
        )
        self.device.terminal.start()
        self.session.wait_login(180.0)
        found = self.session.address
        self.address = f"{found.region}-{found.terminal:04X}"
        if request.options.get("archived", True):
            self.archive()
        self.bursts.clear()

    # --- building -------------------------------------------------------------------------------------------

    def _drawn_meters(self) -> list[MeterConfig]:
        request = self._request
        draw = random.Random(f"meters of a collector {request.config_seed}")
        count = int(request.options.get("meters", 4))
        fast = int(request.options.get("fast", 0))
        addresses = draw.sample(range(10**6, 10**11), count)
        if self._modbus:
            # the last two digits are the unit
            addresses = [address - address % 100 + place for place, address in enumerate(addresses, start=1)]
        baud = 9600 if self._modbus else 2400
        return [
            MeterConfig.conforming(
                request.config_seed * 100 + number,
                address=f"{address:012d}",
                baud=9600 if number < fast else baud,
                preamble=4,
            )
            for number, address in enumerate(addresses)
        ]

    @property
    def _modbus(self) -> bool:
        return bool(self._request.options.get("protocol", "dlt645") == "modbus")

    def _build(self, meters: list[MeterConfig]) -> EmulatedCollector:
        request = self._request
        network = MemoryNetwork(self._engine.clock)
        self._acceptor = Acceptor(network, "10.0.0.1:7000", self._engine.clock)
        known = [CollectorMeter(meter.address, baud=meter.baud) for meter in meters]
        protocol = "modbus" if self._modbus else "dlt645"
        config = CollectorConfig.conforming(
            request.config_seed,
            protocol=protocol,
            baud=9600 if self._modbus else 2400,
            meters=tuple(known) if request.options.get("known", True) else (),
        )
        if config.uplink is not None:
            # the line shows only what the case asks for
            behaviour = replace(
                config.uplink.behaviour, collects=False, curves_collected=False, meters_synchronised=False
            )
            config = replace(config, uplink=replace(config.uplink, behaviour=behaviour))
        return build_collector(self._engine, config, network=network, defects=request.defects, start=False)

    def _played(self, point: int, config: MeterConfig) -> PlayedMeter:
        scene = Scene(self._engine)
        device = build_meter(self._engine, scene, config)
        modbus = ModbusWire(device.wire, baud=config.baud) if self._modbus else None
        played = PlayedMeter(point, device, scene, modbus=modbus)
        self.device.line.attach(played)
        return played

    def _describe(self) -> None:
        recorder = self._request.recorder
        if not self._modbus:
            recorder.describe_as(LINE, DESCRIBERS["dlt645"])
        recorder.describe_as(self._request.device.first_link, DESCRIBERS["gdw1376.1"])

        def crossed(_: str, direction: Direction, data: bytes, start_s: float, end_s: float) -> None:
            self.bursts.append(LineBurst(direction, data, start_s, end_s))
            recorder.append(LINE, direction, Burst(data, start_s, end_s))

        self.device.line.observer = crossed

    # --- what a case asks -----------------------------------------------------------------------------------

    def meter(self, point: int) -> PlayedMeter:
        """The meter at a measuring point, 1 and up."""
        return self.meters[point - 1]

    def archive(self, points: tuple[int, ...] | None = None) -> None:
        """Put meters (None: all) into the collector's archive by parameter F10, with their rates."""
        chosen = [meter for meter in self.meters if points is None or meter.point in points]
        self.session.set_parameters([Content(0, 10, archive_values(chosen))])

    def exchange(self, address: str, frame: bytes) -> bytes | None:
        """Send a frame to a meter through the collector; the octets that come back, None for silence or a denial."""
        if self.through == "carrier":
            return self.from_node(address, frame)
        speed = next((meter.baud for meter in self.meters if meter.address == address), 2400)
        try:
            answer = self.session.forward(1, frame, speed=_FORWARD_SPEEDS.get(speed, 3), timeout_s=20)
        except (DeviceRefused, LinkTimeout):
            return None
        return answer.forwarded or None

    def from_node(self, address: str, frame: bytes) -> bytes | None:
        """Hand a frame to the collector's node as the carrier side does, and wait for what it brings back."""
        answers: list[bytes | None] = []
        self.device.node.exchange(address, frame, answers.append)
        self._wait(lambda: bool(answers))
        return answers[0] if answers else None

    def from_node_together(self, frames: list[tuple[str, bytes]]) -> list[bytes | None]:
        """Hand several frames to the node at the same moment; what each brought back, in their order."""
        answers: dict[int, bytes | None] = {}

        def keep(number: int) -> Callable[[bytes | None], None]:
            return lambda data: answers.__setitem__(number, data)

        for number, (address, frame) in enumerate(frames):
            self.device.node.exchange(address, frame, keep(number))
        self._wait(lambda: len(answers) == len(frames))
        return [answers.get(number) for number in range(len(frames))]

    def broadcast(self, frame: bytes) -> None:
        """Hand a broadcast to the collector's node, and let it pass."""
        self.device.node.overhear(frame)
        self.wait(10.0)

    def search(self) -> tuple[str, ...]:
        """Let the collector search its line; addresses it found."""
        found: list[tuple[str, ...]] = []
        self.device.collector.search(found.append)
        self._wait(lambda: bool(found))
        return found[0] if found else ()

    def requests(self) -> list[LineBurst]:
        """What the collector sent to its line, in order."""
        return [burst for burst in self.bursts if burst.direction == "request"]

    def pauses(self) -> list[float]:
        """Silence before every request of the collector after the first burst, in seconds."""
        return [
            round(burst.start_s - before.end_s, 6)
            for before, burst in pairwise(self.bursts)
            if burst.direction == "request"
        ]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.wait_until(self.clock.now_s() + seconds)

    def cut_power(self, seconds: float) -> None:
        """Take the collector's supply for so long, wait until it is back, and has logged in again."""
        terminal = self.device.terminal
        if terminal is None:
            raise BenchMissing("a collector with an uplink")
        self.device.collector.cut_power()
        terminal.terminal.power.off()
        self.wait(seconds)
        self.device.collector.restore_power()
        terminal.terminal.power.on()
        self.session.wait_login(300.0, fresh=True)

    def close(self) -> None:
        """Nothing is left behind: the next case has a fresh collector."""

    def _wait(self, condition: Callable[[], bool]) -> None:
        self.clock.wait_until(self.clock.now_s() + _LONGEST_S, condition)


#: rate in bit/s -> code of the line control octet in 10 F1
_FORWARD_SPEEDS: Final = {300: 0, 600: 1, 1200: 2, 2400: 3, 4800: 4, 7200: 5, 9600: 6, 19200: 7}


def archive_values(meters: list[PlayedMeter]) -> dict[str, int | str]:
    """Values of parameter F10 for meters on RS-485 port 1; the index of a meter is its measuring point."""
    values: dict[str, int | str] = {"meters": len(meters)}
    for place, meter in enumerate(meters, start=1):
        own: dict[str, int | str] = {
            "index": meter.point,
            "point": meter.point,
            "port": 1,
            "speed_code": SPEEDS.index(meter.baud),
            "protocol": _DLT645_2007,
            "address": meter.address,
            "password": "000000000000",
            "tariffs": meter.tariffs,
            "decimals_less_1": 1,
            "integers_less_4": 2,
            "spare": 0,
            "collector": "000000000000",
            "small_class": 0,
            "big_class": 0,
        }
        values |= {f"meter.{place}.{key}": value for key, value in own.items()}
    return values


def build(request: StandRequest) -> CollectorStand:
    """An emulated collector with its meters; a real one needs a line on which the tester plays meters in real time.

    Raises:
        BenchMissing: the bench is real.
    """
    return CollectorStand(request)
