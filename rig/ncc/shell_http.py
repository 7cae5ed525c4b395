"""The center's HTTP API served on the loop that the center runs on, within bounds on connections and on their time.

Whoever holds connections without asking anything must not shut others out: a request must be complete in time, an
answer must be taken, and when there are too many connections the one that has been silent longest makes room.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from itertools import count
from typing import Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from rig.clock import SystemClock
from rig.errors import ConfigError
from rig.ncc.accounts import Accounts
from rig.ncc.api.app import create_app
from rig.ncc.service import Service
from rig.ncc.store import Store

#: connections at once; beyond them idle ones make room
_MOST_AT_ONCE: Final = 200
#: requests at once; more are told to come later. Those that made room are counted until they have ended
_MOST_REQUESTS: Final = 240
#: a request, its body too, must be complete after so long, and a client that takes nothing is given up, in seconds
_REQUEST_S: Final = 30.0
#: an idle connection is kept so long, in seconds
_KEEP_ALIVE_S: Final = 5
#: a request that goes on when the center stops is given up after so long, in seconds
_STOP_S: Final = 5


_ORDER: Final = count()


class BoundedHttp(H11Protocol):
    """One connection of a client, which must not keep the center waiting."""

    #: time for a request, in seconds
    request_s = _REQUEST_S
    #: place among those that are waited for, the lower the longer; None while a request is served. A loop's time stands
    #: still while it accepts many
    waits_since: int | None = None
    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accepted; when there are too many, the one that was waited for longest makes room."""
        super().connection_made(transport)
        if len(self.connections) > _MOST_AT_ONCE:
            self._make_room()
        self._wait()

    def _make_room(self) -> None:
        since = {
            other: other.waits_since
            for other in self.connections
            if isinstance(other, BoundedHttp) and other.waits_since is not None
        }
        if since:
            longest = min(since, key=since.__getitem__)
            self.connections.discard(longest)
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self._served()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Octets came, or the next request is looked at."""
        super().handle_events()
        self._turn()

    def on_response_complete(self) -> None:
        """An answer is on its way."""
        super().on_response_complete()
        self._turn()

    def pause_writing(self) -> None:
        """The client does not take what waits for it."""
        super().pause_writing()
        self._wait()

    def resume_writing(self) -> None:
        """It took enough."""
        super().resume_writing()
        self._served()
        self._turn()

    def _turn(self) -> None:
        """While a whole request is served and its answer taken the client is not waited for."""
        whole = self.conn.their_state in {h11.DONE, h11.MUST_CLOSE}
        if whole and not self.cycle.response_complete and not self.flow.write_paused:
            self._served()
        elif self._overdue is None:
            self._wait()

    def _wait(self) -> None:
        self._served()
        self.waits_since = next(_ORDER)
        self._overdue = self.loop.call_later(self.request_s, self.transport.abort)

    def _served(self) -> None:
        self.waits_since = None
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None


class HttpApi:
    """The API at one address.

    Args:
        service: of the center.
        store: holds the accounts too.
        address: ``host:port``; port 0 takes a free one.

    Raises:
        ConfigError: the address is none, or cannot be taken.
    """

    def __init__(self, service: Service, store: Store, address: str) -> None:
        self._socket = _bound(address)
        taken = self._socket.getsockname()
        #: where it is reached
        self.url = f"http://{taken[0]}:{taken[1]}"
        config = uvicorn.Config(
            create_app(service, Accounts(store.engine, SystemClock())),
            access_log=False,
            http=BoundedHttp,
            ws="none",
            lifespan="off",
            limit_concurrency=_MOST_REQUESTS,
            log_config=None,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_STOP_S,
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve from now on; signals are the center's matter."""
        await self._server.startup(sockets=[self._socket])
        self._task = asyncio.create_task(self._server.main_loop())

    async def stop(self) -> None:
        """Answer what was asked, and take no more."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
            await self._server.shutdown(sockets=[self._socket])
        with contextlib.suppress(OSError):
            self._socket.close()


def _bound(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ConfigError("no address to listen on", key="http", value=address, hint="127.0.0.1:8000")
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((bare, int(port)))
    except OSError as error:
        made.close()
        reason = error.strerror or str(error)
        raise ConfigError(f"cannot listen: {reason}", key="http", value=address) from error
    made.setblocking(False)
    return made
