"""The command center of an emulated network: it can be killed as a process is, and begins again on what its database holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from rig.clock import Condition, Timer, VirtualClock
from rig.ncc.center import LocalCommandCenter
from rig.ncc.core import Core
from rig.ncc.service import Actor, Service
from rig.ncc.session import Session
from rig.ncc.settings import Settings
from rig.ncc.shell_engine import EngineCenter
from rig.ncc.store import Batch, StoreError
from rig.ports.stream import Listener, StreamNetwork


class _Life:
    """The clock of one process: whatever it wanted to do later dies with it."""

    simulated = True

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.over = False

    def now_s(self) -> float:
        """Clock seconds."""
        return self._clock.now_s()

    def wall(self) -> datetime:
        """Wall time."""
        return self._clock.wall()

    def wait_until(self, deadline_s: float, condition: Condition | None = None) -> bool:
        """Wait as the clock of the engine does."""
        return self._clock.wait_until(deadline_s, condition)

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Timer:
        """Run it then, unless the process is dead by then."""

        def run() -> None:
            if not self.over:
                callback()

        return self._clock.call_at(when_s, run)


class _Port(LocalCommandCenter):
    """The port on whichever process of the center is the present one."""

    def serve(self, service: Service) -> None:
        """Use another process from now on."""
        self._service = service


class NetworkCenter(EngineCenter):
    """A command center with a main and a standby front end (addresses that terminals dial), and one database.

    Args:
        clock: the engine's.
        streams: network that terminals dial over.
        listen: address of its main front end.
        standby: of the other one; empty: there is none.
        store: URL of its database; in memory, it outlasts the process all the same.
        settings: of the center.

    Attributes:
        core: of the process that lives, or lived last; ``service`` as well.
        on_start: told of every process that begins after the first.
    """

    def __init__(
        self,
        clock: VirtualClock,
        streams: StreamNetwork,
        listen: str,
        *,
        standby: str = "",
        store: str = "sqlite://",
        settings: Settings | None = None,
    ) -> None:
        self._life = _Life(clock)
        super().__init__(self._life, streams, listen, store=store, settings=settings)
        self._clock = clock
        self._streams = streams
        self._settings = settings
        self._port = self.center = _Port(self.service)
        self.standby = standby
        self._standby_listener: Listener | None = None
        #: peers that came in over the standby front end
        self._over_standby: set[str] = set()
        self.on_start: list[Callable[[], None]] = []
        self._open_standby()

    def as_role(self, name: str, role: str) -> LocalCommandCenter:
        """The center as somebody with this role has it."""
        return LocalCommandCenter(self.service, Actor(name, role))  # type: ignore[arg-type]

    def path_of(self, terminal: str) -> Literal["main", "standby", ""]:
        """The front end that a terminal is connected through; empty when it is not connected."""
        states = [
            state for state in self.center.terminals() if state.entry.address == terminal and state.online
        ]
        if not states:
            return ""
        return "standby" if states[0].remote in self._over_standby else "main"

    # --- front ends ---------------------------------------------------------------------------------------------------

    def _open_standby(self) -> None:
        if self.standby:
            self._standby_listener = self._streams.listen(self.standby, self._accept_standby)

    def _accept_standby(self, remote: str) -> Session | None:
        session = self.core.accept(remote)
        if session is not None:
            self._over_standby.add(remote)
        return session

    def shut_main(self) -> None:
        """The main front end is gone; its connections are for whoever breaks them."""
        self.listener.close()

    def open_main(self) -> None:
        """The main front end accepts connections again."""
        self.listener = self._streams.listen(self.listener.address, self.core.accept)

    # --- life and death -----------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """The process dies: what is not committed is lost, nothing is said or written any more."""
        self._life.over = True
        self._shut()
        setattr(self.core.journal, "store", _Grave())  # noqa: B010 - of the dead process alone

    def start(self) -> None:
        """Another process begins on the same database."""
        self._life = _Life(self._clock)
        self.core = Core(self._life, self.store, self._settings)
        self.service = Service(self.core)
        self._port.serve(self.service)
        for tell in self.on_start:
            tell()
        self.open_main()
        self._open_standby()

    def _shut(self) -> None:
        self.listener.close()
        if self._standby_listener is not None:
            self._standby_listener.close()

    def stop(self) -> None:
        """Accept no more, end every connection, store what waits."""
        self._shut()
        super().stop()


class _Grave:
    """The database as a dead process reaches it."""

    def prepare(self, batch: Batch) -> object:
        """Nothing of it is written.

        Raises:
            StoreError: always.
        """
        raise StoreError(f"the command center is dead: {len(batch.rows)} rows are lost")
