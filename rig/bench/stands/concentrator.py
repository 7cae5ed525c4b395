"""Stand of a concentrator: the tester as command center, and the meters behind the concentrator with their truth."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from rig.bench.listening_clock import ListeningClock
from rig.bench.stand import StandRequest
from rig.bench.terminal_archive import LINES_A_UNIT, KeptArchive
from rig.bench.terminal_points import CARRIER, RS485, PointFacts, archive_values, facts_of
from rig.clock import Clock
from rig.errors import BenchMissing, ConfigError, RemoteProtocolError
from rig.ports.electrical import ElectricalState, PhaseState
from rig.ports.meter_port import MeterPort
from rig.protocols.dlt645.frame import Frame as MeterFrame
from rig.protocols.gdw1376_1.frame import Address
from rig.protocols.gdw1376_1.messages import Content
from rig.protocols.gdw1376_1.profile import DEFAULT, DEFAULT_2013, Profile
from rig.sessions.acceptor import Acceptor, Caller, Meeting
from rig.sessions.terminal import TerminalSession
from rig.transports.describe import DESCRIBERS
from rig.transports.memory import MemoryLine
from rig.transports.memory_stream import MemoryNetwork
from rig.transports.tcp_stream import TcpNetwork
from rig.twin.build import EmulatedMeter, build_meter
from rig.twin.build_module import EmulatedModule, build_module
from rig.twin.build_terminal import EmulatedTerminal, build_terminal
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.devices.error_model import ErrorModel
from rig.twin.devices.meter import Meter
from rig.twin.devices.meter_clock import to_epoch
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.devices.terminal.config import TerminalConfig
from rig.twin.downlink.carrier import CarrierPort
from rig.twin.downlink.rs485 import Rs485Port
from rig.twin.engine import Engine
from rig.twin.media.nodes import MediumNode, MeterNode
from rig.twin.media.topology import Placement
from rig.twin.physics.scene import Scene

ROLE: Final = "concentrator"
#: where an emulated concentrator calls
CENTER: Final = "10.0.0.1:7000"
_BAUD: Final = 2400
_MODULE_BAUD: Final = 9600
_VOLTAGE_V: Final = 220.0
#: longest wait for the first login, in seconds
_LOGIN_S: Final = 300.0
#: longest wait for the local module to come into service, in seconds
_MODULE_S: Final = 300.0
_PASSWORD_OCTETS: Final = 16
#: item of a meter's energy register by direction
_ENERGY_ITEMS: Final = {"forward": 1, "reverse": 2}
#: digits of the area code before the terminal address
_AREA_DIGITS: Final = 4
_OPTIONS: Final = frozenset(("rs485", "carrier", "archived", "edition"))


class ConcentratorStand:
    """A concentrator that calls the bench; what only an emulated one can do raises BenchMissing.

    ``session`` is the command center's side; it is logged in when a case gets the stand.
    """

    def __init__(self, request: StandRequest, session: TerminalSession) -> None:
        self.id = request.device.id
        self.clock: Clock = request.clock
        self.simulated = request.simulated
        self.profile = session.profile
        self.session = session
        self.declared = request.declaration
        request.recorder.describe_as(request.device.first_link, DESCRIBERS["gdw1376.1"])

    @property
    def address(self) -> str:
        """Region and terminal address, the second in hexadecimal."""
        return str(self.session.address)

    @property
    def points(self) -> tuple[PointFacts, ...]:
        """Measuring points behind the concentrator; of a real one those in its archive when the run began.

        Raises:
            BenchMissing: the archive of a real concentrator was empty.
        """
        raise NotImplementedError

    @property
    def archived(self) -> tuple[PointFacts, ...]:
        """Measuring points that the archive holds; of a real one those when the run began, perhaps none."""
        return ()

    def configured(self) -> None:
        """Put all points into the archive through the protocol; a real concentrator keeps what it has."""

    def permit(self, octets: bytes) -> None:
        """Told what a case is about to send; a stand that could not leave the device as it was found refuses it."""

    def declares(self, feature: str) -> bool:
        """Whether somebody declares a feature: ``fn:05F25``, ``option:file-transfer``; of no declaration nothing is."""
        return self.declared.given and self.declared.declares(feature)

    def truth(self, point: int, quantity: str, direction: str = "forward", tariff: int = 0) -> Decimal:
        """What the meter at a point really has now.

        Args:
            point: number of the measuring point.
            quantity: ``energy`` (kWh), ``voltage`` (V), ``current`` (A), ``active_power`` (W), ``reactive_power``
                (var), ``power_factor``.
            direction: of energy: ``forward`` or ``reverse``.
            tariff: of energy; 0: the total.
        """
        raise self._missing("the truth of a meter", point, quantity, direction, tariff)

    def set_load(
        self, point: int, current_a: float, angle_deg: float = 0.0, voltage_v: float = _VOLTAGE_V
    ) -> None:
        """Load of one meter from now on; the angle is that by which the current lags, 180: energy flows back."""
        raise self._missing("a load of its own for each meter", point, current_a, angle_deg, voltage_v)

    def silence(self, point: int) -> None:
        """The meter answers nothing from now on."""
        raise self._missing("a meter that falls silent", point)

    def restore(self, point: int) -> None:
        """The meter answers again."""
        raise self._missing("a meter that falls silent", point)

    def power(self, on: bool) -> None:
        """Switch the supply of the concentrator."""
        raise self._missing("a switch in the supply of the concentrator", on)

    def cut_power(self, seconds: float) -> None:
        """Take the supply for so long; the time passes, and then the supply is back."""
        self.power(False)
        self.clock.wait_until(self.clock.now_s() + seconds)
        self.power(True)

    def relay_is_open(self, point: int) -> bool:
        """Whether the relay of a meter is open."""
        raise self._missing("a look at the relay of a meter", point)

    def meter_clock(self, point: int) -> datetime:
        """What the clock of a meter shows."""
        raise self._missing("a look at the clock of a meter", point)

    def set_meter_clock(self, point: int, when: datetime) -> None:
        """Set the clock of a meter, without the concentrator."""
        raise self._missing("a hand at the clock of a meter", point, when)

    def drop_connection(self) -> None:
        """Break the present connection."""
        self.session.close_connection()

    def block_uplink(self, seconds: float) -> None:
        """Let nothing through between concentrator and command center for so long, from now on."""
        raise self._missing("a switch in the uplink", seconds)

    def close(self) -> None:
        """Leave the device as it was found."""

    @staticmethod
    def _missing(what: str, *_: object) -> BenchMissing:
        return BenchMissing(what)


class RealConcentratorStand(ConcentratorStand):
    """A real concentrator; cases that change its archive find it again as it was before the run."""

    def __init__(self, request: StandRequest, session: TerminalSession, kept: KeptArchive) -> None:
        super().__init__(request, session)
        self.clock = ListeningClock(request.clock, session.acceptor)
        self._kept = kept
        kept.find(session)

    @property
    def points(self) -> tuple[PointFacts, ...]:
        """Measuring points with meters in the archive when the run began, those of DL/T 645-2007 first.

        Raises:
            BenchMissing: there were none.
        """
        if self._kept.unread is not None:
            raise BenchMissing(
                f"meters in the archive of the real concentrator, which could not be read: {self._kept.unread}"
            )
        found = sorted(
            (point for point in self.archived if point.is_meter),
            key=lambda point: (not point.speaks_2007, point.number),
        )
        if not found:
            raise BenchMissing("meters in the archive of the real concentrator")
        return tuple(found)

    @property
    def archived(self) -> tuple[PointFacts, ...]:
        """Every line of the archive when the run began, by measuring point."""
        found = [facts_of(line) for line in self._kept.lines or ()]
        return tuple(sorted(found, key=lambda point: point.number))

    def permit(self, octets: bytes) -> None:
        """Nothing that changes an archive that could not be read, and so not be put back.

        Raises:
            BenchMissing: the octets would.
        """
        self._kept.permit(octets, self.profile)

    def close(self) -> None:
        """Put the archive back as it was, when the case sent what may have changed it; the connection stays.

        Raises:
            LinkTimeout, DeviceRefused, RemoteProtocolError: it could not be put back; that is tried again after the
                next case, and at the end of the run.
        """
        self._kept.put_back()


@dataclass
class Downlink:
    """What hangs below an emulated concentrator: its ports, and its meters each on a circuit of its own."""

    ports: dict[int, MeterPort]
    points: tuple[PointFacts, ...]
    meters: dict[int, EmulatedMeter]
    scenes: dict[int, Scene]
    module: EmulatedModule | None = None


class EmulatedConcentratorStand(ConcentratorStand):
    """An emulated concentrator with its meters.

    ``device`` is the emulated terminal, ``downlink`` what hangs below it, ``network`` its uplink's medium.
    """

    def __init__(
        self,
        request: StandRequest,
        network: MemoryNetwork,
        device: EmulatedTerminal,
        downlink: Downlink,
    ) -> None:
        self.network = network
        self.device = device
        self.downlink = downlink
        self._archived = False
        acceptor = Acceptor(network, CENTER, request.clock)
        config = device.config
        super().__init__(request, _session(request, acceptor, config.profile, config.password))
        device.start()

    @property
    def points(self) -> tuple[PointFacts, ...]:
        """Measuring points behind the concentrator, archived or not."""
        return self.downlink.points

    @property
    def archived(self) -> tuple[PointFacts, ...]:
        """The same points once they were archived, else none."""
        return self.points if self._archived else ()

    def configured(self) -> None:
        """Put all points into the archive through the protocol; a second time it does nothing."""
        if self._archived:
            return
        points = self.points
        for at in range(0, len(points), LINES_A_UNIT):
            some = points[at : at + LINES_A_UNIT]
            self.session.set_parameters([Content(0, 10, archive_values(some))])
        self._archived = True
        carrier = self.downlink.ports.get(CARRIER)
        if isinstance(carrier, CarrierPort):
            # a local module takes its time before it can read
            self.clock.wait_until(self.clock.now_s() + _MODULE_S, lambda: carrier.ready and not carrier.busy)

    def truth(self, point: int, quantity: str, direction: str = "forward", tariff: int = 0) -> Decimal:
        """What the meter at a point really has now; its registers go with the physics, its errors are none."""
        if quantity == "energy":
            meter = self.downlink.meters[point].meter
            meter.advance()
            steps = meter.energy_steps(_ENERGY_ITEMS[direction], tariff)
            return Decimal(steps).scaleb(-2)
        values = self.downlink.scenes[point].true_values().phases[0]
        found = {
            "voltage": values.voltage_v,
            "current": values.current_a,
            "active_power": values.active_power_w,
            "reactive_power": values.reactive_power_var,
            "power_factor": values.power_factor,
        }
        return Decimal(repr(found[quantity]))

    def set_load(
        self, point: int, current_a: float, angle_deg: float = 0.0, voltage_v: float = _VOLTAGE_V
    ) -> None:
        """Load of one meter from now on; the angle is that by which the current lags, 180: energy flows back."""
        phase = PhaseState(voltage_v=voltage_v, current_a=current_a, angle_deg=angle_deg)
        self.downlink.scenes[point].set_state(ElectricalState((phase,)))

    def silence(self, point: int) -> None:
        """The meter answers nothing from now on."""
        self.downlink.meters[point].wire.answer_filters.append(_silent)

    def restore(self, point: int) -> None:
        """The meter answers again."""
        filters = self.downlink.meters[point].wire.answer_filters
        while _silent in filters:
            filters.remove(_silent)

    def power(self, on: bool) -> None:
        """Switch the supply of the concentrator."""
        power = self.device.terminal.power
        if on:
            power.on()
        else:
            power.off()

    def relay_is_open(self, point: int) -> bool:
        """Whether the relay of a meter is open."""
        meter = self.downlink.meters[point].meter
        meter.advance()
        return meter.relay.open

    def meter_clock(self, point: int) -> datetime:
        """What the clock of a meter shows."""
        return self.downlink.meters[point].meter.wall()

    def set_meter_clock(self, point: int, when: datetime) -> None:
        """Set the clock of a meter, without the concentrator."""
        meter = self.downlink.meters[point].meter
        now_s = meter.advance()
        meter.clock.set(now_s, to_epoch(when))
        meter.reschedule()

    def drop_connection(self) -> None:
        """Break the present connection; both ends hear it."""
        self.network.drop(self.device.config.name)

    def block_uplink(self, seconds: float) -> None:
        """Let nothing through between concentrator and command center for so long, from now on."""
        self.network.block(self.device.config.name, self.clock.now_s() + seconds)


def _session(
    request: StandRequest,
    acceptor: Meeting,
    profile: Profile,
    password: bytes = b"",
    address: Address | None = None,
) -> TerminalSession:
    return TerminalSession(
        acceptor,
        request.clock,
        request.recorder,
        profile=profile,
        password=password,
        name=request.device.first_link,
        address=address,
    )


def _real_session(request: StandRequest, profile: Profile) -> TerminalSession:
    """The session of a real concentrator, which outlives the cases: it calls us, or listens and is called.

    Raises:
        RemoteProtocolError: another terminal than the one of the bench file called.
        LinkTimeout: nothing called, or nothing took our call.
    """
    scheme, _, place = request.link.url.partition("://")
    wanted = request.device.address
    password = request.declaration.terminal_password.ljust(_PASSWORD_OCTETS, b"\x00")

    def meet() -> TerminalSession:
        network = TcpNetwork(request.clock)
        calls = scheme.lower() == "listen"
        meeting = (Acceptor if calls else Caller)(network, place, request.clock)
        # a terminal that is called need not log in
        known = (
            None
            if wanted is None or calls
            else Address(wanted[:_AREA_DIGITS], int(wanted[_AREA_DIGITS:], 16))
        )
        return _session(request, meeting, profile, password, known)

    session = request.bench.keep(f"uplink of {request.device.id}", meet)
    if session.connections or session.link.address is not None:
        session.wait_connection(_LOGIN_S)
    else:
        session.wait_login(_LOGIN_S)
    found = session.address
    if (
        wanted is not None
        and f"{found.region}{found.terminal:0{2 * profile.terminal_octets}X}" != wanted.upper()
    ):
        raise RemoteProtocolError("another terminal called", code="address", got=str(found), expected=wanted)
    return session


def _silent(request: MeterFrame, answer: MeterFrame) -> None:
    """A meter's answer filter: say nothing."""
    del request, answer


def profile_of(request: StandRequest) -> Profile:
    """The edition of the bench file or of the case; a terminal address of six digits has three octets."""
    edition = request.options.get("edition", request.device.edition)
    base = DEFAULT if edition == "2009" else DEFAULT_2013
    address = request.device.address or ""
    octets = request.options.get("terminal_octets", 3 if len(address) > _AREA_DIGITS + 4 else 2)
    return replace(base, terminal_octets=octets)


def build(request: StandRequest) -> ConcentratorStand:
    """The stand of a concentrator.

    The case's marker ``stand`` may name ``rs485`` and ``carrier`` (numbers of meters on each port, usually 3 and 2),
    ``edition`` ("2009", "2013"), and fields of TerminalConfig.

    Raises:
        LinkTimeout: the concentrator does not log in.
    """
    profile = profile_of(request)
    if not request.simulated:
        # kept before the connection, so that it is closed while there still is one
        kept = request.bench.keep(f"archive of {request.device.id}", lambda: _kept_archive(request))
        return RealConcentratorStand(request, _real_session(request, profile), kept)
    stand = _emulated(request, profile)
    stand.session.wait_login(_LOGIN_S)
    return stand


def _kept_archive(request: StandRequest) -> KeptArchive:
    """The archive is written down in the directory of the run, where there is one."""
    folder = request.bench.rack.watchdog_note.parent
    name = request.device.id
    file = None if folder == Path() else folder / f"archive-of-{name}.json"
    return KeptArchive(name, file, request.bench.remarks)


def _emulated(request: StandRequest, profile: Profile) -> EmulatedConcentratorStand:
    options = dict(request.options)
    singles = int(options.pop("rs485", 3))
    carrier = int(options.pop("carrier", 2))
    options.pop("edition", None)
    fixed: dict[str, Any] = {
        "edition": profile.edition,
        "terminal_octets": profile.terminal_octets,
        "main_address": CENTER,
    }
    if request.device.address is not None:
        fixed["region"] = request.device.address[:_AREA_DIGITS]
        fixed["terminal"] = int(request.device.address[_AREA_DIGITS:], 16)
    try:
        config = TerminalConfig.conforming(request.config_seed, **(fixed | options))
    except TypeError as error:
        raise ConfigError("no option of this stand", key="stand", value=sorted(options)) from error
    engine = request.emulated_engine()
    network = MemoryNetwork(engine.clock)
    downlink = _downlink(engine, request, singles, carrier)
    device = build_terminal(
        engine, network, config, ports=downlink.ports, defects=request.defects, start=False
    )
    return EmulatedConcentratorStand(request, network, device, downlink)


def _downlink(engine: Engine, request: StandRequest, singles: int, carrier: int) -> Downlink:
    """Meters on an RS-485 line, and meters behind a local module."""
    draw = random.Random(f"meters of a concentrator {request.config_seed}")
    made = Downlink({}, (), {}, {})
    addresses = draw.sample(range(10**6, 10**11), singles + carrier)
    for number, address in enumerate(addresses, start=1):
        config = _meter_config(request.config_seed * 100 + number, f"{address:012d}")
        scene = made.scenes[number] = Scene(engine)
        made.meters[number] = build_meter(engine, scene, config)
        _close_when_permitted(made.meters[number].meter)
    made.points = tuple(
        PointFacts(
            number,
            device.config.address,
            RS485 if number <= singles else CARRIER,
            device.config.tables.tariffs,
        )
        for number, device in made.meters.items()
    )
    if singles:
        made.ports[RS485] = _rs485(engine, made, request)
    if carrier:
        made.ports[CARRIER], made.module = _carrier(engine, made, request)
    return made


def _meter_config(seed: int, address: str) -> MeterConfig:
    """A conforming meter without errors that obeys commands at once, so that what is wrong is the concentrator's."""
    config = MeterConfig.conforming(seed, address=address, baud=_BAUD, error_model=ErrorModel())
    return replace(config, trip_delay_min=0)


def _close_when_permitted(meter: Meter) -> None:
    """Somebody at the meter presses its button as soon as it may be closed."""
    command = meter.relay.command

    def commanded(code: int, epoch_s: float, *, parameter: int = 0, operator: str = "00000000") -> None:
        command(code, epoch_s, parameter=parameter, operator=operator)
        meter.relay.press_button(epoch_s)

    setattr(meter.relay, "command", commanded)  # noqa: B010 - of this meter alone


def _rs485(engine: Engine, made: Downlink, request: StandRequest) -> Rs485Port:
    line = MemoryLine("K8-C1", engine.clock)
    for point in made.points:
        if point.port == RS485:
            line.attach(made.meters[point.number].wire)
    port = Rs485Port(baud=_BAUD)
    port.put_on(line)
    request.recorder.describe_as("K8-C1", DESCRIBERS["dlt645"])
    return port


def _carrier(engine: Engine, made: Downlink, request: StandRequest) -> tuple[CarrierPort, EmulatedModule]:
    nodes: list[tuple[MediumNode, Placement]] = []
    for point in made.points:
        if point.port == CARRIER:
            node = MeterNode(made.meters[point.number].wire, engine, point.address)
            place = Placement(distance_m=40.0 + 30.0 * len(nodes), feeder=1, phase=len(nodes) % 3 + 1)
            nodes.append((node, place))
    config = ModuleConfig.conforming(request.config_seed, main_address="202600000001", formed=True)
    module = build_module(engine, Scene(engine), config, nodes=nodes)
    line = MemoryLine("C2-M1", engine.clock, duplex="full")
    line.attach(module.wire)
    port = CarrierPort(config.main_address, baud=config.baud, side_by_side=config.concurrent_meters)
    port.wall = engine.clock.wall
    port.put_on(line)
    request.recorder.describe_as("C2-M1", DESCRIBERS["gdw1376.2"])
    return port, module
