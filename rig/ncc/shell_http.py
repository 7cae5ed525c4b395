"""The center's HTTP API served on the loop that the center runs on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Final

import uvicorn

from rig.clock import SystemClock
from rig.errors import ConfigError
from rig.ncc.accounts import Accounts
from rig.ncc.api.app import create_app
from rig.ncc.service import Service
from rig.ncc.store import Store

#: requests that are served at once; more are told to come later
_MOST_AT_ONCE: Final = 200
#: an idle connection is kept so long, in seconds
_KEEP_ALIVE_S: Final = 5
#: a request that goes on when the center stops is given up after so long, in seconds
_STOP_S: Final = 5


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
            lifespan="off",
            limit_concurrency=_MOST_AT_ONCE,
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
