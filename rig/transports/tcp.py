"""Raw TCP as a ByteLink: serial-to-Ethernet bridges that we call, and devices that call us."""

from __future__ import annotations

import select
import socket
from urllib.parse import urlsplit

from rig.clock import Clock
from rig.errors import BenchError, ConfigError, LinkClosedError
from rig.ports.byte_link import LineSettings
from rig.transports.adapter import ASSUMED, AdapterTiming
from rig.transports.real_link import RealLink

_CHUNK = 4096


def host_and_port(url: str) -> tuple[str, int]:
    """Host and port (0..65535) of ``scheme://host:port``.

    Raises:
        ConfigError: one of them is missing or the port is no number in range.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or port is None:
        raise ConfigError(
            "host or port is missing", key="url", value=url, hint=f"write {parts.scheme}://host:port"
        )
    return parts.hostname, port


class TcpLink(RealLink):
    """Bytes over a TCP connection that we open (``socket://host:port`` or ``tcp://host:port``).

    The far end's line settings cannot be changed from here; ours only serve to compute times.

    Raises:
        ConfigError: the URL is malformed.
        BenchError: nobody answers there.
    """

    sets_baud = False
    paced = False

    def __init__(
        self,
        name: str,
        url: str,
        settings: LineSettings,
        clock: Clock,
        adapter: AdapterTiming | None = None,
        *,
        connect_timeout_s: float = 5.0,
    ) -> None:
        super().__init__(name, settings, clock, adapter or ASSUMED["network"])
        host, port = host_and_port(url)
        try:
            self._socket = socket.create_connection((host, port), timeout=connect_timeout_s)
        except OSError as error:
            raise BenchError(f"link {name}: cannot connect to {url}: {error}") from error
        _make_quick(self._socket)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise LinkClosedError(f"link {self.name}: {error}") from error

    def _receive(self, deadline_s: float) -> bytes:
        left_s = max(0.0, deadline_s - self.clock.now_s())
        try:
            if not select.select([self._socket], [], [], left_s)[0]:
                return b""
            data = self._socket.recv(_CHUNK)
        except OSError as error:
            raise LinkClosedError(f"link {self.name}: {error}") from error
        if not data:
            raise LinkClosedError(f"link {self.name}: the far end closed the connection")
        return data

    def _configure(self, settings: LineSettings) -> None:
        """Nothing to set."""

    def _shut(self) -> None:
        self._socket.close()


class ListenLink(RealLink):
    """Bytes over a TCP connection that the device opens (``listen://host:port``; port 0: any free one).

    The device is waited for when it is first needed; when it goes away, the next one that calls is taken. Of two
    callers the later one replaces the earlier one, as after a reconnection that only the device noticed.

    Raises:
        ConfigError: the URL is malformed.
        BenchError: the port is taken.
    """

    sets_baud = False
    paced = False

    def __init__(
        self,
        name: str,
        url: str,
        settings: LineSettings,
        clock: Clock,
        adapter: AdapterTiming | None = None,
        *,
        call_timeout_s: float = 60.0,
    ) -> None:
        super().__init__(name, settings, clock, adapter or ASSUMED["network"])
        self.call_timeout_s = call_timeout_s
        try:
            self._server = socket.create_server(host_and_port(url))
        except OSError as error:
            raise BenchError(f"link {name}: cannot listen at {url}: {error}") from error
        self._peer: socket.socket | None = None

    @property
    def port(self) -> int:
        """Port that is listened at."""
        return int(self._server.getsockname()[1])

    def wait_for_call(self, timeout_s: float | None = None) -> None:
        """Wait until a device is connected.

        Raises:
            LinkClosedError: none called within ``timeout_s`` (default ``call_timeout_s``).
        """
        wait_s = self.call_timeout_s if timeout_s is None else timeout_s
        if self._peer is None and not self._accept(wait_s):
            raise LinkClosedError(f"link {self.name}: no device called port {self.port} within {wait_s:g} s")

    def _accept(self, wait_s: float) -> bool:
        if not select.select([self._server], [], [], wait_s)[0]:
            return False
        peer, _ = self._server.accept()
        _make_quick(peer)
        self._drop_peer()
        self._peer = peer
        return True

    def _send(self, data: bytes) -> None:
        while self._accept(0.0):
            pass
        self.wait_for_call()
        assert self._peer is not None
        try:
            self._peer.sendall(data)
        except OSError as error:
            self._drop_peer()
            raise LinkClosedError(f"link {self.name}: {error}") from error

    def _receive(self, deadline_s: float) -> bytes:
        """Data of the connected device; a new call is taken at once, a lost one is waited for to the deadline."""
        while True:
            left_s = max(0.0, deadline_s - self.clock.now_s())
            sources = [self._server] if self._peer is None else [self._server, self._peer]
            ready = select.select(sources, [], [], left_s)[0]
            if not ready:
                return b""
            if self._peer in ready:
                data = self._take()
                if data:
                    return data
            if self._server in ready:
                self._accept(0.0)

    def _take(self) -> bytes:
        assert self._peer is not None
        try:
            data = self._peer.recv(_CHUNK)
        except OSError:
            data = b""
        if not data:
            self._drop_peer()
        return data

    def _drop_peer(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def _configure(self, settings: LineSettings) -> None:
        """Nothing to set."""

    def _shut(self) -> None:
        self._drop_peer()
        self._server.close()


def _make_quick(connection: socket.socket) -> None:
    """No waiting for more data before sending: frames are short and answers are timed."""
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
