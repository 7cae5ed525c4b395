"""The center in virtual time: on the twin's clock and any network of streams, committing in place."""

from __future__ import annotations

from rig.ncc.center import LocalCommandCenter
from rig.ncc.core import Core, Log, no_log
from rig.ncc.service import Service
from rig.ncc.settings import Scheduler, Settings
from rig.ncc.store import Store
from rig.ports.stream import Listener, StreamNetwork


class EngineCenter:
    """A whole center for a case: core, store, service, and the port to use it by.

    Args:
        clock: the engine's.
        network: where terminals dial.
        listen: the address they dial.
        store: URL; in memory when left out.
        settings: times and bounds.
        log: told what was refused.
    """

    def __init__(
        self,
        clock: Scheduler,
        network: StreamNetwork,
        listen: str = "ncc:7000",
        *,
        store: str = "sqlite://",
        settings: Settings | None = None,
        log: Log = no_log,
    ) -> None:
        self.store = Store(store)
        self.core = Core(clock, self.store, settings, log=log)
        self.service = Service(self.core)
        self.center = LocalCommandCenter(self.service)
        self.listener: Listener = network.listen(listen, self.core.accept)

    @property
    def address(self) -> str:
        """What terminals dial."""
        return self.listener.address

    def stop(self) -> None:
        """Accept no more, end every connection, store what waits."""
        self.listener.close()
        for session in tuple(self.core.sessions):
            session.close("stop")
        self.core.journal.flush()

    def close(self) -> None:
        """Stop, and let go of the database."""
        self.stop()
        self.store.close()
