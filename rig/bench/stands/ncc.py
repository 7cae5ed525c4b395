"""Stand of a command center: the tester plays the terminals that call it, and uses it as its people and systems do."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial
from itertools import count
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from rig.bench.stand import StandRequest
from rig.clock import Clock, VirtualClock
from rig.errors import BenchError, BenchMissing, ConfigError, LinkTimeout
from rig.ncc.center import LocalCommandCenter
from rig.ncc.service import Actor, ForbiddenError
from rig.ncc.settings import Settings
from rig.ncc.shell_engine import EngineCenter
from rig.ncc.store import Batch, StoreError
from rig.ports.command_center import CommandCenter, PointEntry, TerminalEntry, TerminalRole
from rig.ports.stream import StreamNetwork
from rig.protocols.gdw1376_1.frame import Address
from rig.sessions.command_center import HttpCommandCenter
from rig.sessions.played_terminal import PlayedTerminal, Stage
from rig.transports.describe import DESCRIBERS
from rig.transports.memory_stream import MemoryNetwork
from rig.transports.tcp_stream import TcpNetwork
from rig.twin.defects import apply_defect

if TYPE_CHECKING:
    from httpx2 import Client

ROLE: Final = "ncc"
#: where terminals call an emulated center
_LISTEN: Final = "10.0.0.1:7000"
_REGION: Final = "0171"
#: seconds between heartbeats that terminals of a stand agree on
HEARTBEAT_S: Final = 900.0
_FORBIDDEN: Final = ": 403 "
_SETTINGS: Final = frozenset(field.name for field in fields(Settings))


class NccStand:
    """A command center reached at its two sides; terminals are played.

    A real one is reached at the first link of its device (``socket://host:port``, where terminals call), and at the
    second one (``http://account:password@host:port``), the API; an account there may do everything. Further links are
    accounts that may do less, named by their role: ``viewer``, ``operator``.
    """

    def __init__(
        self, request: StandRequest, network: StreamNetwork, wire: str, numbers: Iterator[int]
    ) -> None:
        self.id = request.device.id
        self.clock: Clock = request.clock
        self.simulated = request.simulated
        self.address = wire
        self.random = random.Random(f"terminals of a command center {request.config_seed}")
        self._request = request
        #: where terminals are played
        self.stage = Stage(network, request.clock)
        self._numbers = numbers
        self._terminals: list[PlayedTerminal] = []
        #: a terminal that does nothing wrong, whatever the others do
        self.witness: PlayedTerminal
        request.recorder.describe_as(request.device.first_link, DESCRIBERS["gdw1376.1"])

    @property
    def center(self) -> CommandCenter:
        """The center as one uses it who may do everything."""
        raise NotImplementedError

    def identify(self) -> None:
        """A terminal logs in: somebody answers at the other end.

        Raises:
            LinkTimeout: nobody does.
        """
        self.witness = self.terminal()
        if not self.witness.connected:
            raise LinkTimeout(
                "the command center does not confirm a login", link="M3-N1", waited_s=10, attempts=1
            )

    def stranger(self, link: str = "M3-N1") -> PlayedTerminal:
        """A terminal that the center does not know; it has not dialled yet."""
        address = Address(_REGION, next(self._numbers) & 0xFFFF)
        made = PlayedTerminal(
            self.stage,
            self.address,
            address,
            recorder=self._request.recorder,
            link=self._request.device.first_link if link == "M3-N1" else link,
        )
        self._terminals.append(made)
        return made

    def terminal(
        self,
        *,
        points: int = 4,
        role: TerminalRole = "concentrator",
        login: bool = True,
        password: bytes = bytes(range(16)),
        link: str = "M3-N1",
    ) -> PlayedTerminal:
        """A terminal that the center has in its archive with so many points; logged in unless told otherwise."""
        made = self.stranger(link)
        self.center.register_terminal(TerminalEntry(made.name, role, password, HEARTBEAT_S))
        self.center.register_points(
            PointEntry(made.name, point, f"{made.address.terminal:06d}{point:06d}", tariffs=4)
            for point in range(1, points + 1)
        )
        if login and made.dial():
            made.login()
        return made

    def online(self, terminal: PlayedTerminal) -> bool:
        """Whether the center believes a terminal connected."""
        return any(state.online for state in self.center.terminals() if state.entry.address == terminal.name)

    def allowed(self, role: str, order: Callable[[CommandCenter], object]) -> bool:
        """Whether an account of a role may do something; the doing itself must be sound."""
        raise NotImplementedError

    def restart(self) -> None:
        """Kill the center as a power cut does, and start it again."""
        raise BenchMissing("a switch in the supply of the command center")

    def close(self) -> None:
        """End every connection."""
        for terminal in self._terminals:
            terminal.close()


class EmulatedNccStand(NccStand):
    """The reference center in virtual time."""

    def __init__(self, request: StandRequest) -> None:
        engine = request.emulated_engine()
        self._virtual: VirtualClock = engine.clock
        self._memory = MemoryNetwork(engine.clock)
        options = dict(request.options)
        self._folder = TemporaryDirectory(prefix="rig-ncc-") if options.pop("durable", False) else None
        self._store = "sqlite://" if self._folder is None else f"sqlite:///{self._folder.name}/ncc.db"
        strange = sorted(set(options) - _SETTINGS)
        if strange:
            raise ConfigError("no option of this stand", key="stand", value=strange[0])
        self._settings = replace(conforming_settings(request.config_seed), **options)
        first = random.Random(f"addresses {request.config_seed}").randrange(1, 60_000)
        super().__init__(request, self._memory, _LISTEN, count(first))
        self._host = self._started()
        self.identify()

    def _started(self) -> EngineCenter:
        host = EngineCenter(self._virtual, self._memory, _LISTEN, store=self._store, settings=self._settings)
        for text in self._request.defects:
            apply_defect(text, host, role=ROLE)
        return host

    @property
    def center(self) -> CommandCenter:
        """The center as one uses it who may do everything."""
        return self._host.center

    def allowed(self, role: str, order: Callable[[CommandCenter], object]) -> bool:
        """Whether an account of a role may do something."""
        actor = Actor(f"{role} of the tester", role)  # type: ignore[arg-type]
        try:
            order(LocalCommandCenter(self._host.service, actor))
        except ForbiddenError:
            return False
        return True

    def restart(self) -> None:
        """What is not in the database is lost; connections break without a word.

        Raises:
            BenchMissing: the case did not ask for a database on disk (``stand(durable=True)``).
        """
        if self._folder is None:
            raise BenchMissing("a database that outlasts the center")
        dead = self._host
        dead.listener.close()
        # its process is gone: whatever its timers still want to write goes nowhere
        setattr(dead.store, "prepare", _nowhere)  # noqa: B010 - of this store alone
        for terminal in self._terminals:
            self._memory.drop(terminal.name)
        self._virtual.wait_until(self._virtual.now_s() + 1.0)
        dead.store.close()
        self._host = self._started()

    def close(self) -> None:
        """Let go of the database."""
        super().close()
        self._host.close()
        if self._folder is not None:
            self._folder.cleanup()


def _nowhere(batch: Batch) -> object:
    """The store of a dead center."""
    raise StoreError(f"the center is dead, {len(batch.rows)} rows are lost")


def conforming_settings(seed: int) -> Settings:
    """A legal way for a center to be set up."""
    draw = random.Random(f"settings of a command center {seed}")
    return Settings(
        master=draw.choice((1, 2, 10, 64, 127)),
        answer_s=draw.choice((10.0, 15.0, 20.0, 30.0)),
        retries=draw.choice((1, 2, 3)),
        points_per_request=draw.choice((8, 16, 32)),
        commit_s=draw.choice((0.005, 0.02, 0.1, 0.5)),
        commit_rows=draw.choice((1000, 50_000)),
        recollect_login_s=draw.choice((5.0, 30.0, 60.0)),
    )


class RealNccStand(NccStand):
    """A center elsewhere, by TCP and by its HTTP API."""

    def __init__(self, request: StandRequest) -> None:
        links = request.bench.inventory.links
        names = request.device.links or (request.device.link,)
        if len(names) < 2:
            raise BenchMissing(
                "the API of the command center: a second link http://account:password@host:port"
            )
        self._lower = {name: links[name].url for name in names[2:]}
        self._clients: list[Client] = []
        numbers = request.bench.keep(
            "terminals of the command center", partial(_Numbers, request.clock)
        ).numbers
        self._api = self._use(links[names[1]].url, request.clock)
        wire = urlsplit(links[names[0]].url).netloc
        super().__init__(request, TcpNetwork(request.clock), wire, numbers)
        self.identify()

    def _use(self, url: str, clock: Clock) -> HttpCommandCenter:
        from httpx2 import Client

        parts = urlsplit(url)
        client = Client(base_url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")
        self._clients.append(client)
        name, password = unquote(parts.username or ""), unquote(parts.password or "")
        return HttpCommandCenter(client, name, password, clock)

    @property
    def center(self) -> CommandCenter:
        """The center as one uses it who may do everything."""
        return self._api

    def allowed(self, role: str, order: Callable[[CommandCenter], object]) -> bool:
        """Whether the account of a role may do something.

        Raises:
            BenchMissing: the bench has no account of this role.
        """
        url = self._lower.get(role)
        if url is None:
            raise BenchMissing(f"an account of a {role}: a link {role} = http://account:password@host:port")
        try:
            order(self._use(url, self.clock))
        except BenchError as error:
            if _FORBIDDEN in str(error):
                return False
            raise
        return True

    def close(self) -> None:
        """End every connection."""
        super().close()
        for client in self._clients:
            with suppress(OSError):
                client.close()


class _Numbers:
    """Addresses of terminals that a center which keeps its data has most likely not seen; for all cases of a run."""

    def __init__(self, clock: Clock) -> None:
        self.numbers = count(int(clock.wall().timestamp()) % 60_000)

    def close(self) -> None:
        """Nothing to let go of."""


def build(request: StandRequest) -> NccStand:
    """The stand of a command center.

    The case's marker ``stand`` may name settings of an emulated center (``control_delay_min``, ...), and ``durable``:
    its database outlasts it.

    Raises:
        LinkTimeout: nobody confirms a login.
        BenchMissing: a real center whose API is not in the bench file.
    """
    return EmulatedNccStand(request) if request.simulated else RealNccStand(request)
