"""Stand of a collector: the tester plays the meters on its RS-485 line, its concentrator's node, and its command center.

A real collector calls the bench on its first link (``listen://host:port``); its RS-485 line is the second link of its
section, a serial port on which the bench plays the meters in real time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, Literal

from rig.bench.played_meter import PlayedMeter
from rig.bench.stand import StandRequest
from rig.bench.terminal_uplink import LOGIN_S, meet, real_session
from rig.clock import Clock, VirtualClock
from rig.errors import BenchMissing, ConfigError, DeviceRefused, LinkTimeout, RemoteProtocolError
from rig.ports.byte_link import Burst
from rig.protocols.dlt645.frame import Frame, decode_frame
from rig.protocols.gdw1376_1.layout import Input
from rig.protocols.gdw1376_1.messages import Content
from rig.sessions.acceptor import Acceptor
from rig.sessions.terminal import TerminalSession
from rig.transports.describe import DESCRIBERS
from rig.transports.manipulate import Direction
from rig.transports.memory_stream import MemoryNetwork
from rig.transports.tcp_stream import TcpNetwork
from rig.twin.build import build_meter
from rig.twin.build_collector import EmulatedCollector, build_collector
from rig.twin.devices.collector_config import CollectorConfig, CollectorMeter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.devices.terminal.archive import SPEEDS
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene
from rig.twin.serve import ServedLine
from rig.twin.wire.modbus import ModbusWire

ROLE: Final = "collector"
#: name of the RS-485 line in the evidence
LINE: Final = "K8-C1"
#: declared by collectors that look at what they forward
CHECKED_FORWARDING: Final = "checked-forwarding"
_WAKE_UP: Final = b"\xfe"
_DLT645_2007 = 30
#: longest wait for something that the collector does by itself, in seconds
_LONGEST_S = 7200.0
_OPTIONS = frozenset({"meters", "fast", "protocol", "through", "archived", "known"})
Through = Literal["uplink", "carrier"]
#: where an emulated collector calls
CENTER: Final = "10.0.0.1:7000"
#: pieces of a burst that are closer than this are one, in seconds
_JOIN_S: Final = 0.015
#: what is still crossing a real line is over after this time, in seconds
_SETTLE_S: Final = 0.3
#: played meters are looked after at least this often, in seconds
_STEP_S: Final = 0.01


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
    def body(self) -> bytes:
        """The octets behind those that wake the receiver."""
        return self.data.lstrip(_WAKE_UP)

    def asks(self, request: bytes) -> bool:
        """Whether this is the DL/T 645 request, or the same question in other words: shortened addresses are such."""
        found, wanted = self.frame, decode_frame(request)
        if self.direction != "request" or found is None:
            return False
        return (found.control, found.data) == (wanted.control, wanted.data) and all(
            digit in (own, "A") for digit, own in zip(found.address, wanted.address, strict=True)
        )

    @property
    def frame(self) -> Frame | None:
        """The DL/T 645 frame that they are, wake-up octets before it allowed; None: they are none."""
        try:
            return decode_frame(self.data)
        except RemoteProtocolError:
            return None


class CollectorStand:
    """A collector, the meters that the tester plays on its line, and the command center's side of it.

    Options of the marker ``stand``: ``meters`` (1..32) on the line, ``fast`` of them at 9600 bit/s, ``protocol`` of the
    line ("dlt645", "modbus"), ``through`` which side requests go ("uplink" by forwarding 10H, "carrier" from its node),
    ``archived`` False leaves the archive as it is, ``known`` False lets the node begin without meters.

    ``session`` is the command center's side of N5-C4; ``bursts`` is what crossed the RS-485 line, in order. What only an
    emulated collector can do raises BenchMissing.
    """

    def __init__(
        self, request: StandRequest, session: TerminalSession, meters: Sequence[PlayedMeter]
    ) -> None:
        self.id = request.device.id
        self.clock: Clock = request.clock
        self.simulated = request.simulated
        self.session = session
        self.meters = tuple(meters)
        self.bursts: list[LineBurst] = []
        self.through: Through = request.options.get("through", "uplink")
        self.request = request
        found = session.address
        self.address = f"{found.region}-{found.terminal:04X}"

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

    @property
    def answers_are_checked(self) -> bool:
        """Whether the collector itself repeats what ``exchange`` sends, and looks at the answers.

        Forwarding (10 F1) may be transparent: octets out once, and back whatever is heard until its two timeouts.
        """
        return self.through == "carrier" or CHECKED_FORWARDING in self.request.declaration.options

    def requests(self, frame: bytes | None = None) -> list[LineBurst]:
        """What the collector sent to its line, in order; ``frame``: only where it asked what this frame asks.

        A collector that collects by itself asks for other things in between.
        """
        sent = [burst for burst in self.bursts if burst.direction == "request"]
        return sent if frame is None else [burst for burst in sent if burst.asks(frame)]

    def answers_to(self, frame: bytes) -> list[LineBurst]:
        """What was answered on the line to this frame, in order."""
        return [
            burst
            for before, burst in pairwise(self.bursts)
            if burst.direction == "answer" and before.asks(frame)
        ]

    def pauses(self) -> list[float]:
        """Silence before every request of the collector after the first burst, in seconds."""
        return [
            round(burst.start_s - before.end_s, 6)
            for before, burst in pairwise(self.bursts)
            if burst.direction == "request"
        ]

    def from_node(self, address: str, frame: bytes) -> bytes | None:
        """Hand a frame to the collector's node as the carrier side does, and wait for what it brings back."""
        raise self._missing("a local module in front of the collector", address, frame)

    def from_node_together(self, frames: list[tuple[str, bytes]]) -> list[bytes | None]:
        """Hand several frames to the node at the same moment; what each brought back, in their order."""
        raise self._missing("a local module in front of the collector", frames)

    def broadcast(self, frame: bytes) -> None:
        """Hand a broadcast to the collector's node, and let it pass."""
        raise self._missing("a local module in front of the collector", frame)

    def search(self) -> tuple[str, ...]:
        """Let the collector search its line; addresses it found."""
        raise self._missing("a way to order a search of the line")

    def cut_power(self, seconds: float) -> None:
        """Take the collector's supply for so long, wait until it is back, and has logged in again."""
        raise self._missing("a switch in the supply of the collector", seconds)

    @staticmethod
    def _missing(what: str, *_: object) -> BenchMissing:
        return BenchMissing(what)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.session.listen(seconds)

    def close(self) -> None:
        """Leave the collector as it was found."""

    def heard(self, direction: Direction, data: bytes, start_s: float, end_s: float) -> None:
        """Note what crossed the line; pieces of one frame, as adapters deliver them, belong together."""
        last = self.bursts[-1] if self.bursts else None
        if last is not None and last.direction == direction and start_s - last.end_s < _JOIN_S:
            self.bursts[-1] = LineBurst(direction, last.data + data, last.start_s, end_s)
        else:
            self.bursts.append(LineBurst(direction, data, start_s, end_s))
        self.request.recorder.append(LINE, direction, Burst(data, start_s, end_s))


class EmulatedCollectorStand(CollectorStand):
    """An emulated collector on a line in memory; ``device`` is it with all its parts."""

    def __init__(
        self,
        request: StandRequest,
        device: EmulatedCollector,
        session: TerminalSession,
        meters: Sequence[PlayedMeter],
    ) -> None:
        self.device = device
        super().__init__(request, session, meters)
        device.line.observer = lambda _, direction, data, start_s, end_s: self.heard(
            direction, data, start_s, end_s
        )

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

    def _wait(self, condition: Callable[[], bool]) -> None:
        self.clock.wait_until(self.clock.now_s() + _LONGEST_S, condition)


class _LivelyNetwork(TcpNetwork):
    """TCP, and the meters that the bench plays, which live while somebody waits for the collector."""

    line: ServedLine | None = None

    def poll(self, wait_s: float = 0.0) -> None:
        """Handle what is due on either side."""
        if self.line is None:
            super().poll(wait_s)
            return
        super().poll(0.0)
        self.line.step(min(wait_s, _STEP_S))
        super().poll(0.0)


@dataclass
class _Uplink:
    """A real collector's connection, which outlives the cases."""

    network: _LivelyNetwork
    session: TerminalSession

    def close(self) -> None:
        """Close connection and listener."""
        self.session.close()


class RealCollectorStand(CollectorStand):
    """A real collector; the bench plays the meters on a serial port of its own, in real time."""

    def __init__(
        self, request: StandRequest, uplink: _Uplink, line: ServedLine, meters: Sequence[PlayedMeter]
    ) -> None:
        super().__init__(request, uplink.session, meters)
        self._uplink = uplink
        self._line = line
        self._before: dict[int, dict[str, Input]] = {}
        line.observer = self._crossed
        uplink.network.line = line

    def archive(self, points: tuple[int, ...] | None = None) -> None:
        """Put meters (None: all) into the collector's archive; what stood there comes back when the stand is closed."""
        for meter in self.meters:
            if meter.point not in self._before:
                self._before[meter.point] = self._archived(meter.point)
        super().archive(points)

    def exchange(self, address: str, frame: bytes) -> bytes | None:
        """Send a frame to a meter through the collector; when it comes back the line is quiet again."""
        answer = super().exchange(address, frame)
        self.wait(_SETTLE_S)
        return answer

    def close(self) -> None:
        """Put the archive back and leave the line."""
        if self._line is self._uplink.network.line:
            before = self._before
            self._before = {}
            for index, values in before.items():
                self.session.set_parameters([Content(0, 10, values or _deleted(index))])
            self._uplink.network.line = None
            self._line.close()

    def _archived(self, index: int) -> dict[str, Input]:
        """What the archive has at an index, empty: nothing."""
        try:
            answer = self.session.query_parameter(Content(0, 10, {"meters": 1, "index.1": index}))
        except DeviceRefused:
            return {}
        unit = answer.unit(0, 10)
        values: dict[str, Any] = {} if unit is None else {value.key: value.value for value in unit.values}
        return values if values.get("meter.1.point") else {}

    def _crossed(self, direction: Direction, data: bytes, start_s: float, end_s: float) -> None:
        origin_s = self._line.origin_s
        self.heard(direction, data, start_s + origin_s, end_s + origin_s)


def _deleted(index: int) -> dict[str, Input]:
    """Values of F10 that delete an index."""
    line = _line_of(index, 0, "0" * 12, 0, 0)
    return {"meters": 1} | {f"meter.1.{key}": value for key, value in line.items()}


#: rate in bit/s -> code of the line control octet in 10 F1
_FORWARD_SPEEDS: Final = {300: 0, 600: 1, 1200: 2, 2400: 3, 4800: 4, 7200: 5, 9600: 6, 19200: 7}


def archive_values(meters: list[PlayedMeter]) -> dict[str, Input]:
    """Values of parameter F10 for meters on RS-485 port 1; the index of a meter is its measuring point."""
    values: dict[str, Input] = {"meters": len(meters)}
    for place, meter in enumerate(meters, start=1):
        own = _line_of(meter.point, meter.point, meter.address, SPEEDS.index(meter.baud), meter.tariffs)
        values |= {f"meter.{place}.{key}": value for key, value in own.items()}
    return values


def _line_of(index: int, point: int, address: str, speed_code: int, tariffs: int) -> dict[str, Input]:
    """One meter of parameter F10 on RS-485 port 1; point 0 deletes the index."""
    return {
        "index": index,
        "point": point,
        "port": 1,
        "speed_code": speed_code,
        "protocol": _DLT645_2007,
        "address": address,
        "password": "000000000000",
        "tariffs": tariffs,
        "decimals_less_1": 1,
        "integers_less_4": 2,
        "spare": 0,
        "collector": "000000000000",
        "small_class": 0,
        "big_class": 0,
    }


def _options(request: StandRequest) -> None:
    unknown = set(request.options) - _OPTIONS
    if unknown:
        raise ConfigError("no option of this stand", key="stand", value=sorted(unknown))


def _modbus(request: StandRequest) -> bool:
    return bool(request.options.get("protocol", "dlt645") == "modbus")


def _drawn_meters(request: StandRequest) -> list[MeterConfig]:
    """Meters that the bench plays; the same for all cases of a run."""
    draw = random.Random(f"meters of a collector {request.config_seed}")
    count = int(request.options.get("meters", 4))
    fast = int(request.options.get("fast", 0))
    addresses = draw.sample(range(10**6, 10**11), count)
    if _modbus(request):
        # the last two digits are the unit
        addresses = [address - address % 100 + place for place, address in enumerate(addresses, start=1)]
    baud = 9600 if _modbus(request) else 2400
    return [
        MeterConfig.conforming(
            request.config_seed * 100 + number,
            address=f"{address:012d}",
            baud=9600 if number < fast else baud,
            preamble=4,
            trip_delay_min=0,
        )
        for number, address in enumerate(addresses)
    ]


def _played(request: StandRequest, engine: Engine) -> list[PlayedMeter]:
    played = []
    for point, config in enumerate(_drawn_meters(request), start=1):
        scene = Scene(engine)
        device = build_meter(engine, scene, config)
        modbus = ModbusWire(device.wire, baud=config.baud) if _modbus(request) else None
        played.append(PlayedMeter(point, device, scene, modbus=modbus))
    return played


def _emulated(request: StandRequest) -> EmulatedCollectorStand:
    engine = request.emulated_engine()
    network = MemoryNetwork(engine.clock)
    meters = _played(request, engine)
    known = tuple(CollectorMeter(meter.address, baud=meter.baud) for meter in meters)
    config = CollectorConfig.conforming(
        request.config_seed,
        protocol="modbus" if _modbus(request) else "dlt645",
        baud=9600 if _modbus(request) else 2400,
        meters=known if request.options.get("known", True) else (),
    )
    uplink = config.uplink
    if uplink is None:
        raise ConfigError("the collector has no uplink", key="uplink")
    # the line shows only what the case asks for
    behaviour = replace(uplink.behaviour, collects=False, curves_collected=False, meters_synchronised=False)
    uplink = replace(uplink, behaviour=behaviour, main_address=CENTER)
    config = replace(config, uplink=uplink)
    device = build_collector(engine, config, network=network, defects=request.defects, start=False)
    for meter in meters:
        device.line.attach(meter)
    session = TerminalSession(
        Acceptor(network, CENTER, request.clock),
        request.clock,
        request.recorder,
        profile=uplink.profile,
        password=uplink.password,
        name=request.device.first_link,
    )
    if device.terminal is not None:
        device.terminal.start()
    session.wait_login(LOGIN_S)
    return EmulatedCollectorStand(request, device, session, meters)


def _real(request: StandRequest) -> RealCollectorStand:
    """A real collector.

    Raises:
        BenchMissing: no line on which the bench can play meters, or meters of several rates on one port.
        RemoteProtocolError: another terminal called.
        LinkTimeout: nothing called, or nothing took our call.
    """
    lines = [name for name in request.device.links if name != request.device.first_link]
    if not lines:
        raise BenchMissing("a serial port on the RS-485 line of the collector, as second of its links")
    if request.options.get("fast"):
        raise BenchMissing("a port that plays meters of several rates at once")
    section = request.bench.inventory.links[lines[0]]

    def listen() -> _Uplink:
        network = _LivelyNetwork(request.clock)
        return _Uplink(network, real_session(request, network))

    uplink = request.bench.keep(f"uplink of {request.device.id}", listen)
    meet(request, uplink.session)
    engine = Engine(request.config_seed, VirtualClock(request.clock.wall()))
    meters = _played(request, engine)
    return RealCollectorStand(request, uplink, ServedLine(meters, section.url, engine.clock), meters)


def build(request: StandRequest) -> CollectorStand:
    """The stand of a collector, logged in, with its meters in the archive.

    Raises:
        LinkTimeout: the collector does not log in.
        BenchMissing: the bench cannot play its meters.
    """
    _options(request)
    if not _modbus(request):
        request.recorder.describe_as(LINE, DESCRIBERS["dlt645"])
    request.recorder.describe_as(request.device.first_link, DESCRIBERS["gdw1376.1"])
    stand = _emulated(request) if request.simulated else _real(request)
    if request.options.get("archived", True):
        stand.archive()
    stand.bursts.clear()
    return stand
