"""The center in real time: an event loop (uvloop where it is installed), TCP, the store in threads beside it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar, cast

from rig.clock import Clock, Condition, SystemClock
from rig.errors import ConfigError
from rig.ncc.core import Core, Log, no_log
from rig.ncc.service import Service
from rig.ncc.session import Session
from rig.ncc.settings import Handle, Settings
from rig.ncc.store import Store, StoreError

if TYPE_CHECKING:
    from rig.ncc.shell_http import HttpApi

_Found = TypeVar("_Found")
#: octets that wait for a terminal that does not read; more end the connection
_UNREAD_OCTETS: Final = 262144
_BACKLOG: Final = 4096
#: a closed connection may take so long to send what waits, s
_LINGER_S: Final = 10.0
#: a store that takes nothing is given up after so long when the center stops, s
_STOP_S: Final = 20.0


class LoopClock:
    """Time of an event loop. Waiting is for other threads; the loop's own must not."""

    simulated = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._system = SystemClock()
        self.now_s = loop.time
        self.call_at: Callable[[float, Callable[[], None]], Handle] = loop.call_at

    def wall(self) -> datetime:
        """Local wall time of the host."""
        return self._system.wall()

    def wait_until(self, deadline_s: float, condition: Condition | None = None) -> bool:
        """Wait in another thread than the loop's."""
        left_s = deadline_s - self._loop.time()
        return self._system.wait_until(self._system.now_s() + left_s, condition)


class _Beside:
    """A thread beside the loop that does one work after the other; outcomes come back on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str) -> None:
        self._loop = loop
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    def __call__(self, work: Callable[[], _Found], done: Callable[[_Found | StoreError], None], /) -> None:
        """Do the work in the thread; ``done`` is called on the loop."""

        def ended(future: Future[_Found]) -> None:
            if future.cancelled():
                return
            error = future.exception()
            outcome = error if isinstance(error, StoreError) else None
            if error is not None and outcome is None:
                outcome = StoreError(f"{type(error).__name__}: {error}")
            result = outcome if outcome is not None else future.result()
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(done, result)

        self._pool.submit(work).add_done_callback(ended)

    def close(self) -> None:
        """Wait for the work under way; what has not begun is not done."""
        self._pool.shutdown(cancel_futures=True)


class _Connection(asyncio.Protocol):
    """One accepted connection: a stream for the session, and its bounds on what waits."""

    __slots__ = ("_clock", "_session", "_shell", "_transport", "name", "remote")

    def __init__(self, shell: AsyncioCenter) -> None:
        self._shell = shell
        self._clock = shell.clock
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self.name = ""
        self.remote = ""

    @property
    def clock(self) -> Clock:
        """Times the connection."""
        return self._clock

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accepted; the core may refuse it."""
        self._transport = cast("asyncio.Transport", transport)
        host, port, *_ = transport.get_extra_info("peername") or ("unknown", 0)
        self.remote = f"{host}:{port}"
        self.name = f"{self.remote}->ncc"
        self._session = self._shell.core.accept(self.remote)
        if self._session is None:
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=_UNREAD_OCTETS)
        self._session.connected(self)

    def data_received(self, data: bytes) -> None:
        """Octets arrived; when too much waits for the database, no more are read for a while."""
        session = self._session
        if session is None:
            return
        session.received(data)
        if self._shell.core.congested and self._transport is not None and not session.closed:
            self._transport.pause_reading()
            self._shell.paused.append(self)

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """The terminal reads nothing: it is cut off."""
        if self._session is not None:
            self._session.close("unread", "it reads nothing")
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The far end is gone."""
        self._transport = None
        if self._session is not None:
            self._session.disconnected(str(exc) if exc is not None else "closed by the far end")

    def send(self, data: bytes) -> None:
        """Send octets; after the end they are dropped."""
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        """Close after what waits was sent."""
        transport = self._transport
        if transport is None:
            return
        transport.close()
        if transport.get_write_buffer_size():
            # a far end that reads nothing would hold the connection for ever
            self._shell.loop.call_later(_LINGER_S, transport.abort)

    def halt(self) -> None:
        """Read no more."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()


class AsyncioCenter:
    """Core, store and listening sockets on a running loop.

    Args:
        store: the database; closed by ``stop``.
        settings: times and bounds.
        log: told what was refused.
    """

    def __init__(self, store: Store, settings: Settings | None = None, *, log: Log = no_log) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = LoopClock(self.loop)
        self.paused: list[_Connection] = []
        self._commits = _Beside(self.loop, "ncc-commit")
        # apart, so that no acknowledgement waits for a long question
        self._queries = _Beside(self.loop, "ncc-query")
        self.store = store
        self.core = Core(self.clock, store, settings, run=self._commits, query=self._queries, log=log)
        self.service = Service(self.core)
        self.core.journal.ended = self._ended
        self._servers: list[asyncio.Server] = []

    def _ended(self) -> None:
        """A group ended: when few rows wait, read on."""
        core = self.core
        if self.paused and core.journal.waiting_rows * 2 < core.limits.backlog_rows:
            paused, self.paused = self.paused, []
            for connection in paused:
                connection.resume()

    async def listen(self, address: str, *, reuse_port: bool = False) -> str:
        """Accept connections at ``host:port`` (port 0: a free one); the address taken.

        Raises:
            ConfigError: the address is none, or cannot be taken.
        """
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ConfigError("no address to listen on", key="listen", value=address, hint="0.0.0.0:7000")
        try:
            server = await self.loop.create_server(
                lambda: _Connection(self),
                host.strip("[]"),
                int(port),
                backlog=_BACKLOG,
                reuse_port=reuse_port or None,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"cannot listen: {reason}", key="listen", value=address) from error
        self._servers.append(server)
        taken = server.sockets[0].getsockname()
        return f"{taken[0]}:{taken[1]}"

    async def stop(self) -> None:
        """Accept no more, store what waits, acknowledge it, end every connection."""
        for server in self._servers:
            server.close()
        for task in self.core.tasks.tasks():
            self.core.tasks.stop(task.name)
        for session in tuple(self.core.sessions):
            if isinstance(session.stream, _Connection):
                session.stream.halt()
        self.paused.clear()
        deadline_s = self.loop.time() + _STOP_S
        self.core.journal.flush()
        while not self.core.journal.idle and self.loop.time() < deadline_s:
            await asyncio.sleep(0.005)
            self.core.journal.flush()
        for session in tuple(self.core.sessions):
            session.close("stop")
        await asyncio.sleep(0)
        self._commits.close()
        self._queries.close()
        self.store.close()


def allow_descriptors() -> int:
    """Raise the limit of open files as far as it goes; the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def tune_memory() -> None:
    """Let the search for reference cycles skip what is there already, and come seldom: rows make none."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


def run_loop(main: Callable[[], object]) -> None:
    """Run a coroutine function to its end, on uvloop where it is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(cast("asyncio.Future[None]", main()))  # type: ignore[arg-type]


async def serve(
    addresses: list[str],
    store: str,
    settings: Settings | None = None,
    *,
    log: Log = no_log,
    ready: Callable[[AsyncioCenter, list[str]], None] = lambda _center, _addresses: None,
    http: str | None = None,
) -> None:
    """Listen until SIGINT or SIGTERM; then store what waits and end. ``http``: where the API is served, None: nowhere.

    Raises:
        ConfigError: an address or the store is wrong.
        StoreError: the store cannot be reached.
    """
    allow_descriptors()
    center = AsyncioCenter(Store(store), settings, log=log)
    tune_memory()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    api: HttpApi | None = None
    try:
        taken = [await center.listen(address) for address in addresses]
        if http is not None:
            from rig.ncc.shell_http import HttpApi

            api = HttpApi(center.service, center.store, http)
            await api.start()
            taken.append(api.url)
        ready(center, taken)
        await stopped.wait()
    finally:
        if api is not None:
            await api.stop()
        await center.stop()
