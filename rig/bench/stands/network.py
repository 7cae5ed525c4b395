"""Stand of a whole network: command center, concentrators, modules, collectors, meters, and what the households really draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from rig.bench.household import Household
from rig.bench.network import Network
from rig.bench.network_area import Area
from rig.bench.network_plan import NetworkPlan
from rig.bench.network_trace import Trace
from rig.bench.stand import StandRequest
from rig.errors import ConfigError
from rig.latency.spans import Chain
from rig.ncc.service import ForbiddenError
from rig.ports.command_center import CommandCenter
from rig.transports.describe import DESCRIBERS
from rig.transports.manipulate import Direction as Crossed
from rig.transports.memory_stream import Observer, to_recorder

if TYPE_CHECKING:
    from rig.bench.household import Direction
    from rig.clock import Clock
    from rig.transports.record import Describe
    from rig.twin.build_terminal import EmulatedTerminal

ROLE: Final = "network"
#: a device that ``kill`` and ``revive`` know beside meters, collectors and terminals
COMMAND_CENTER: Final = "command center"
#: and the front end that terminals call first, where the plan has a standby
FRONT_END: Final = "main front end"
#: transmissions that become evidence: of a month of a thousand meters nobody reads all
_MOST_EVIDENCE = 20_000
#: noise in dB that lets nothing through
_DEAFENING_DB = 200.0
#: what can be cut by ``outage``: uplinks to the command center (all by the name of the concentrators'), those of direct
#: collectors, of direct meters, or the medium between a local module and its nodes
CutLink = Literal["M3-N1", "N5-C4", "U4", "C2-M1"]
#: whose uplinks they are
_CALLERS: Final = {
    "M3-N1": {"concentrator", "collector", "meter"},
    "N5-C4": {"collector"},
    "U4": {"meter"},
}


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """What a case may know of a household: where it is in the network, not what its registers hold."""

    number: int
    #: of its meter, 12 digits
    meter: str
    #: terminal that collects it, ``region-terminal`` as the command center has it
    terminal: str
    point: int
    #: 31: local module, 1..: RS-485
    port: int
    #: path: links of the topology from the meter to the command center
    links: tuple[str, ...]
    #: address of the collector it hangs on; empty: it has a node of its own, or is its own terminal
    collector: str
    tariffs: int
    #: it can feed energy back
    two_way: bool


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """A terminal of the network; ``direct`` ones are the supplements that reach the center without a concentrator."""

    address: str
    role: Literal["concentrator", "collector", "meter"]
    direct: bool
    points: tuple[int, ...]


class NetworkStand:
    """A network that runs by itself: whoever waits by ``clock`` lets it live.

    The plan comes from the case's marker ``stand(design="LD1", meters=12, concentrators=2, ...)``, see ``NetworkPlan``.
    When a case gets it, every terminal has logged in, archives are loaded through the protocol, and the tasks ``daily`` and
    ``monthly`` (freezes of both directions) run, unless the plan says ``collect=False``.
    """

    simulated = True

    def __init__(self, request: StandRequest) -> None:
        engine = request.emulated_engine()
        self.id = request.device.id
        self.plan = NetworkPlan.from_options(request.options)
        self.clock: Clock = engine.clock
        self._trace = Trace()
        self._evidence = _Evidence(to_recorder(request.recorder), self._trace)
        for name, protocol in (("C2-M1", "gdw1376.2"), ("K8-C1", "dlt645"), ("U4", "dlt645")):
            self._evidence.protocols[name] = protocol
        self._evidence.describe = request.recorder.describe_as
        #: the emulated network itself: for tests of the rig; cases keep to the methods here
        self.network = network = Network(
            engine, self.plan, defects=request.defects, observer=self._evidence.observe
        )
        if network.unplaced_defects:
            raise ConfigError(
                "no device of this network can have it", key="defect", value=network.unplaced_defects[0]
            )
        self._trace.watch(network)
        #: address of the command center's listener
        self.address = network.center.address
        #: the command center: everything that a case asks of the network goes through it
        self.command_center: CommandCenter = network.command_center
        self._dead: set[str] = set()
        network.bring_up(collect=self.plan.collect)

    # --- what there is ----------------------------------------------------------------------------------------------

    @property
    def households(self) -> tuple[HouseholdFacts, ...]:
        """Every household, in order of number."""
        return tuple(
            HouseholdFacts(
                home.number,
                home.address,
                area.address,
                entry.point,
                entry.port,
                links,
                "" if int(entry.collector) == 0 else entry.collector,
                entry.tariffs,
                home.habits.generation_w > 0,
            )
            for area in self.network.areas
            for home, entry, links in zip(area.households, area.entries, area.links, strict=True)
        )

    @property
    def terminals(self) -> tuple[TerminalFacts, ...]:
        """Every terminal."""
        return tuple(
            TerminalFacts(area.address, area.role, area.direct, tuple(entry.point for entry in area.entries))
            for area in self.network.areas
        )

    # --- truth ------------------------------------------------------------------------------------------------------

    def truth(
        self, household: int, when: datetime, direction: Direction = "import", tariff: int = 0
    ) -> Decimal:
        """Energy of a household by the physics from its beginning up to ``when``, in kWh; tariff 0: all of them."""
        return self._home(household).energy_kwh(when, direction, tariff)

    def register(
        self, household: int, when: datetime, direction: Direction = "import", tariff: int = 0
    ) -> Decimal:
        """The same as a register of two decimals without error shows it, in kWh (0.01 kWh steps, cut off)."""
        return self._home(household).register_kwh(when, direction, tariff)

    def relay_is_open(self, household: int) -> bool:
        """The contact of the meter's relay itself, not what anybody acknowledged."""
        return self._home(household).relay_is_open

    def meter_clock(self, household: int) -> datetime:
        """What the meter's clock shows now."""
        return self._home(household).meter_clock()

    def terminal_clock(self, terminal: str) -> datetime:
        """What a terminal's clock shows now."""
        return self._terminal(terminal).terminal.clock.now()

    # --- stimuli ----------------------------------------------------------------------------------------------------

    def set_power(self, household: int, power_w: float | None) -> None:
        """A household draws this from now on (negative: feeds back); None: by its habits again."""
        self._home(household).set_power(power_w)

    def set_meter_clock(self, household: int, when: datetime) -> None:
        """Put a meter's clock wrong, directly in the device."""
        self._home(household).device.meter.set_clock(when)

    def set_terminal_clock(self, terminal: str, when: datetime) -> None:
        """Put a terminal's clock wrong, directly in the device."""
        self._terminal(terminal).terminal.clock.set(when)

    def cause_event(self, household: int) -> None:
        """Something at a meter that has to be reported to the center at once: its supply is lost."""
        area, home = self.network.place(household)
        self._switch_meter(area, home, on=False)

    def end_event(self, household: int) -> None:
        """What ``cause_event`` did is over."""
        area, home = self.network.place(household)
        self._switch_meter(area, home, on=True)

    def press_button(self, household: int) -> None:
        """Somebody presses the button of the meter: its relay closes when that was permitted."""
        self._home(household).device.meter.press_button()

    def allowed(self, role: str, order: Callable[[CommandCenter], object]) -> bool:
        """Whether an account of a role (viewer, operator, controller, admin) may do something; the doing itself must be sound."""
        try:
            order(self.network.center.as_role(f"{role} of the tester", role))
        except ForbiddenError:
            return False
        return True

    # --- faults -----------------------------------------------------------------------------------------------------

    def outage(self, link: CutLink, seconds: float, terminal: str = "") -> None:
        """Cut a link (of one terminal, or of all) for so long from now on; returns at once, time has not moved."""
        until_s = self.clock.now_s() + seconds
        for area in self._areas((terminal,) if terminal else ()):
            if link in _CALLERS:
                if not terminal and area.role not in _CALLERS[link]:
                    continue
                self.network.memory.block(area.config.name, until_s)
            elif area.module is not None:
                medium = area.module.medium
                medium.set_noise(_DEAFENING_DB)
                self.network.clock.call_at(until_s, partial(medium.set_noise, 0.0))

    def cut_main_path(self, seconds: float) -> None:
        """Nothing passes to or from the center's main front end for so long from now on, and nobody is told; returns at once."""
        self.network.memory.block(self.address, self.clock.now_s() + seconds)

    def path_of(self, terminal: str) -> Literal["main", "standby", ""]:
        """The front end of the center that a terminal is connected through; empty when it is not connected."""
        return self.network.center.path_of(terminal)

    def drop_connections(self, terminals: Sequence[str] = ()) -> None:
        """Break the connections of these terminals (none named: of all) now; they may call again at once."""
        for area in self._areas(terminals):
            self.network.memory.drop(area.config.name)

    def kill(self, device: str) -> None:
        """A device dies: a meter (12 digits), a collector (12 digits), a terminal (``region-terminal``), ``command center``, or ``main front end``.

        The command center dies as a killed process does: what it had not committed is lost.
        """
        if device not in self._dead:
            self._dead.add(device)
            self._switch(device, on=False)

    def revive(self, device: str) -> None:
        """It works again, with what it kept over a loss of supply: the command center with what its database holds."""
        if device in self._dead:
            self._dead.discard(device)
            self._switch(device, on=True)

    def cut_power(self, terminal: str, seconds: float) -> None:
        """The transformer area of a terminal loses its supply, meters included, for so long; returns at once."""
        area = self.network.area(terminal)
        self._switch_area(area, on=False)
        back_s = self.clock.now_s() + seconds
        self.network.clock.call_at(back_s, partial(self._switch_area, area, on=True))

    def storm(self, terminals: Sequence[str] = (), *, silent_s: float = 60.0) -> None:
        """All these terminals lose their connections, cannot call for ``silent_s`` and then call at once."""
        until_s = self.clock.now_s() + silent_s
        for area in self._areas(terminals):
            self.network.memory.block(area.config.name, until_s)
            self.network.memory.drop(area.config.name)

    def _switch(self, device: str, *, on: bool) -> None:
        if device == COMMAND_CENTER:
            self.network.set_center(on=on)
            return
        if device == FRONT_END:
            self.network.set_main_front_end(on=on)
            return
        for area in self.network.areas:
            if device == area.address:
                power = self._terminal(device).terminal.power
                power.on() if on else power.off()
                return
            box = next((box for box in area.collectors if box.address == device), None)
            if box is not None and area.module is not None:
                area.module.medium.set_power(box.address, on=on)
                return
            home = next((home for home in area.households if home.address == device), None)
            if home is not None:
                self._switch_meter(area, home, on=on)
                return
        raise ConfigError("no such device in the network", key="device", value=device)

    @staticmethod
    def _switch_meter(area: Area, home: Household, *, on: bool) -> None:
        home.set_supply(on)
        if area.module is not None:
            station = area.module.medium.station_of(home.address)
            if station is not None and station.node.address == home.address:
                area.module.medium.set_power(home.address, on=on)

    def _switch_area(self, area: Area, *, on: bool) -> None:
        """Supply of a whole transformer area; whoever was killed before stays dead."""
        for home in area.households:
            if home.address not in self._dead:
                self._switch_meter(area, home, on=on)
        for box in area.collectors:
            if area.module is not None and box.address not in self._dead:
                area.module.medium.set_power(box.address, on=on)
        if area.address not in self._dead:
            power = self._terminal(area.address).terminal.power
            power.on() if on else power.off()

    # --- latency ----------------------------------------------------------------------------------------------------

    def spans(self, command: str, household: int | None = None) -> Chain:
        """Legs of a finished command on one clock; ``household``: the one it was about, where it was about one.

        Names: ``command center``, ``uplink``, ``concentrator`` (or ``collector``, ``meter`` of a direct terminal),
        ``local line``, ``local module``, ``medium``, ``collector``, ``meter``.

        Raises:
            ValueError: it was not answered, or its way is no longer known.
        """
        meter = "" if household is None else self._home(household).address
        return self._trace.legs(self.network, self.command_center.result(command), meter)

    def report_spans(self, terminal: str, point: int, cause_s: float, seen_s: float) -> Chain | None:
        """Legs of an event that ``cause_event`` caused at a point, seen in the database at ``seen_s``; None where they are not known."""
        return self._trace.report_legs(self.network, terminal, point, cause_s, seen_s)

    @property
    def clock_error_s(self) -> float:
        """Expanded uncertainty (k = 2) of the moments in ``spans``: one virtual clock, so 0."""
        return 0.0

    def close(self) -> None:
        """Let go of the store and the listeners."""
        self.network.close()

    # --- finding ----------------------------------------------------------------------------------------------------

    def _home(self, household: int) -> Household:
        return self.network.place(household)[1]

    def _terminal(self, terminal: str) -> EmulatedTerminal:
        found = self.network.area(terminal).terminal
        assert found is not None
        return found

    def _areas(self, terminals: Sequence[str]) -> list[Area]:
        return [self.network.area(each) for each in terminals] if terminals else self.network.areas


class _Evidence:
    """Observer of a network: everything for the trace, the first so many transmissions for the record."""

    def __init__(self, keep: Observer, trace: Trace) -> None:
        self._keep = keep
        self._trace = trace
        self._left = _MOST_EVIDENCE
        self._described: set[str] = set()
        #: protocol of lines by the first word of their names; connections carry the uplink's
        self.protocols: dict[str, str] = {}
        self.describe: Callable[[str, Describe], None] | None = None

    def observe(self, name: str, direction: Crossed, data: bytes, start_s: float, end_s: float) -> None:
        """Take what crossed."""
        self._trace.observe(name, direction, data, start_s, end_s)
        if self._left:
            self._left -= 1
            if name not in self._described and self.describe is not None:
                self._described.add(name)
                protocol = self.protocols.get(name.partition(" ")[0], "gdw1376.1")
                self.describe(name, DESCRIBERS[protocol])
            self._keep(name, direction, data, start_s, end_s)


def build(request: StandRequest) -> NetworkStand:
    """Build the network of a case and bring it into service."""
    return NetworkStand(request)
