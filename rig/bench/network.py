"""A whole emulated network on one engine: command center, cellular network, terminals, local modules, meters, households."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

from rig.bench.household import Household
from rig.bench.network_area import Area, Surroundings, direct_area, main_area
from rig.bench.network_center import NetworkCenter
from rig.bench.network_plan import NetworkPlan
from rig.errors import LinkTimeout, RemoteProtocolError
from rig.ncc.settings import Settings
from rig.ports.command_center import (
    DAY_FORWARD_ACTIVE,
    DAY_REVERSE_ACTIVE,
    MONTH_FORWARD_ACTIVE,
    MONTH_REVERSE_ACTIVE,
    CollectionTask,
    CommandCenter,
)
from rig.ports.stream import StreamNetwork
from rig.transports.memory_stream import Medium, MemoryNetwork, Observer
from rig.twin.defects import apply_defect, role_of_defect
from rig.twin.downlink.carrier import CarrierPort
from rig.twin.engine import Engine

#: where the terminals dial
CENTER_ADDRESS, STANDBY_ADDRESS = "10.0.0.1:7000", "10.0.0.2:7000"
#: the tasks that every network runs
DAILY_TASK, MONTHLY_TASK = "daily", "monthly"
#: terminals have logged in after this time, taken their archive, and have a local module in service, in seconds
_LOGIN_S, _ARCHIVE_S, _SERVICE_S = 900.0, 900.0, 600.0
#: how often it is looked, in seconds
_LOOK_S = 1.0


class Assignment:
    """Which device of a network gets which defect: the first of its role that is built."""

    def __init__(self, defects: Iterable[str]) -> None:
        self._waiting: dict[str, list[str]] = {}
        for text in defects:
            self._waiting.setdefault(role_of_defect(text), []).append(text)

    def take(self, role: str, name: str) -> tuple[str, ...]:  # noqa: ARG002 - a name to tell devices apart
        """Defects of a device that is being built."""
        return tuple(self._waiting.pop(role, ()))

    def left(self) -> list[str]:
        """Defects that no device of the network can have."""
        return [text for texts in self._waiting.values() for text in texts]


class Network:
    """Everything from the households to the database, emulated.

    Args:
        engine: clock and chance.
        plan: how it is laid out.
        defects: each goes into one device of its role.
        observer: told what crosses any line or connection.
        medium: between terminals and command center; None: by the plan's row.
        streams: network that terminals dial over, for example TCP in real time; None: in memory.
        listen: where the command center listens.
        settings: of the command center.
        store: URL of its database.
    """

    def __init__(
        self,
        engine: Engine,
        plan: NetworkPlan,
        *,
        defects: Iterable[str] = (),
        observer: Observer | None = None,
        medium: Medium | None = None,
        streams: StreamNetwork | None = None,
        listen: str = CENTER_ADDRESS,
        settings: Settings | None = None,
        store: str = "sqlite://",
    ) -> None:
        self.engine = engine
        self.plan = plan
        self.clock = engine.clock
        assignment = Assignment(defects)
        self.memory = MemoryNetwork(engine.clock, medium=medium or cellular(engine, plan), observer=observer)
        self.streams: StreamNetwork = streams or self.memory
        standby = STANDBY_ADDRESS if plan.standby else ""
        self.center = NetworkCenter(
            engine.clock, self.streams, listen, standby=standby, store=store, settings=settings
        )
        around = Surroundings(engine, plan, self.streams, observer, assignment.take, standby)
        address = self.center.address
        self.areas = [main_area(around, number, address) for number in range(plan.concentrators)]
        self.areas += [direct_area(around, number, address) for number in range(plan.direct)]
        for text in assignment.take("ncc", CENTER_ADDRESS):
            spoil = partial(apply_defect, text, self.center, role="ncc")
            spoil()
            self.center.on_start.append(spoil)
        self._by_terminal = {area.address: area for area in self.areas}
        self._by_number = {home.number: (area, home) for area in self.areas for home in area.households}
        for text in assignment.take("network", "network"):
            apply_defect(text, self, role="network")
        self.unplaced_defects = assignment.left()

    @property
    def command_center(self) -> CommandCenter:
        """The port that everything is asked through."""
        return self.center.center

    @property
    def households(self) -> list[Household]:
        """Every household, by number."""
        return [home for area in self.areas for home in area.households]

    def area(self, terminal: str) -> Area:
        """The area of a terminal.

        Raises:
            KeyError: no such terminal.
        """
        return self._by_terminal[terminal]

    def place(self, household: int) -> tuple[Area, Household]:
        """A household and the area it is in.

        Raises:
            KeyError: no such household.
        """
        return self._by_number[household]

    def register(self) -> None:
        """Make terminals and points known to the command center."""
        for area in self.areas:
            self.command_center.register_terminal(area.terminal_entry())
        self.command_center.register_points([entry for area in self.areas for entry in area.entries])

    def start(self) -> None:
        """Switch every terminal on."""
        for area in self.areas:
            area.start()

    def begin(self, *, collect: bool = True) -> BringUp:
        """Register, switch on, and go on by events: logins, archives through the protocol, the tasks of the center."""
        self.register()
        self.start()
        return BringUp(self, collect=collect)

    def bring_up(self, *, collect: bool = True) -> None:
        """The same, and let virtual time pass until the network is in service.

        Raises:
            LinkTimeout: a terminal never logged in, or its module never came into service.
            RemoteProtocolError: a terminal did not take its archive.
        """
        begun = self.begin(collect=collect)
        while not begun.done:
            self.clock.wait_until(self.clock.now_s() + _LOOK_S)
        if begun.failure is not None:
            raise begun.failure

    def schedule(self) -> None:
        """Day and month freezes of both directions: every day one hour and a half after midnight, every first of a month later."""
        tomorrow = self.clock.wall().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        days = (DAY_FORWARD_ACTIVE, DAY_REVERSE_ACTIVE)
        months = (MONTH_FORWARD_ACTIVE, MONTH_REVERSE_ACTIVE)
        first_at = tomorrow + timedelta(hours=1, minutes=30)
        self.command_center.schedule(CollectionTask(DAILY_TASK, days, 86_400.0, first_at))
        next_month = (tomorrow.replace(day=1) + timedelta(days=32)).replace(day=1)
        first_at = next_month + timedelta(hours=3)
        self.command_center.schedule(CollectionTask(MONTHLY_TASK, months, 86_400.0, first_at))

    def set_center(self, *, on: bool) -> None:
        """The command center dies as a killed process does, or another process begins on its database."""
        if on:
            self.center.start()
        else:
            self.center.kill()
            self._break_connections(self.areas)

    def set_main_front_end(self, *, on: bool) -> None:
        """The center's main front end dies, with every connection through it, or is there again."""
        if on:
            self.center.open_main()
        else:
            calling = [area for area in self.areas if self.center.path_of(area.address) == "main"]
            self.center.shut_main()
            self._break_connections(calling)

    def _break_connections(self, areas: Iterable[Area]) -> None:
        for area in areas:
            self.memory.drop(area.config.name)

    def close(self) -> None:
        """Let go of the database and the connections."""
        self.center.close()


class BringUp:
    """A network on its way into service, step by step on its clock.

    Attributes:
        done: it is in service, or was given up.
        failure: why it was given up.
    """

    def __init__(self, network: Network, *, collect: bool) -> None:
        self.done = False
        self.failure: LinkTimeout | RemoteProtocolError | None = None
        self._network = network
        self._collect = collect
        self._orders: dict[str, str] = {}
        self._enter(self._everybody_is_online, _LOGIN_S)

    def _enter(self, step: Callable[[], bool], patience_s: float) -> None:
        self._step = step
        self._until_s = self._network.clock.now_s() + patience_s
        self._patience_s = patience_s
        self._network.clock.call_at(self._network.clock.now_s(), self._look)

    def _look(self) -> None:
        clock = self._network.clock
        if self.done or self._step():
            return
        if clock.now_s() >= self._until_s:
            self._give_up()
        else:
            clock.call_at(clock.now_s() + _LOOK_S, self._look)

    def _give_up(self) -> None:
        states = self._network.command_center.terminals()
        absent = [state.entry.address for state in states if not state.online]
        what = f"no login of {', '.join(absent)}" if absent else "a local module does not come into service"
        link = "M3-N1" if absent else "C2-M1"
        self.failure = LinkTimeout(what, link=link, waited_s=self._patience_s, attempts=1)
        self.done = True

    def _everybody_is_online(self) -> bool:
        center = self._network.command_center
        if not all(state.online for state in center.terminals()):
            return False
        if self._collect:
            self._orders = {area.address: center.send_archive(area.address) for area in self._network.areas}
            self._enter(self._archives_are_loaded, _ARCHIVE_S)
        else:
            self.done = True
        return True

    def _archives_are_loaded(self) -> bool:
        results = {
            address: self._network.command_center.result(order) for address, order in self._orders.items()
        }
        if any(result.status == "pending" for result in results.values()):
            return False
        refused = [f"{address}: {result.status}" for address, result in results.items() if not result.ok]
        if refused:
            self.failure = RemoteProtocolError(f"archive not taken by {', '.join(refused)}")
            self.done = True
        else:
            self._enter(self._modules_are_in_service, _SERVICE_S)
        return True

    def _modules_are_in_service(self) -> bool:
        ports = [port for area in self._network.areas for port in area.ports.values()]
        carriers = [port for port in ports if isinstance(port, CarrierPort)]
        media = [area.module.medium for area in self._network.areas if area.module is not None]
        joined = all(medium.is_member(station) for medium in media for station in medium.stations)
        if not joined or not all(port.ready and not port.busy for port in carriers):
            return False
        self._network.schedule()
        self.done = True
        return True


def cellular(engine: Engine, plan: NetworkPlan) -> Medium | None:
    """The medium of the plan's uplinks; None for a plain wire."""
    if plan.cellular == "IDEAL":
        return None
    from rig.transports.cellular import CellularMedium, profile_of

    return CellularMedium(engine.random("cellular"), profile_of(plan.cellular))
