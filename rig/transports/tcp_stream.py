"""TCP connections in real time as a StreamNetwork: sockets that never block, events while somebody polls, bounded buffers."""

from __future__ import annotations

import errno
import selectors
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from rig.clock import Clock, SystemClock
from rig.errors import BenchError, ConfigError
from rig.ports.stream import Stream, StreamPeer

_CHUNK: Final = 65536
#: a connection whose far end does not take octets is broken when this many wait
LONGEST_BACKLOG: Final = 1 << 20
#: a call that nobody takes or refuses fails after this time, in seconds
DIAL_TIMEOUT_S: Final = 20.0
#: reads of one connection in one poll, so that a flood does not starve the others
_READS_A_POLL: Final = 4

_SYSTEM: Final = SystemClock()


class TcpStream:
    """One end of a TCP connection."""

    def __init__(self, network: TcpNetwork, connection: socket.socket, peer: StreamPeer, name: str) -> None:
        self.name = name
        self.remote = _shown(connection.getpeername())
        self.clock = network.clock
        self.connection = connection
        self.peer = peer
        self._network = network
        self._backlog = bytearray()
        self._closing = False
        self._broken = False
        self.is_open = True
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        """Hand octets to the socket; what it does not take waits here."""
        if not self.is_open or self._closing or self._broken or not data:
            return
        self._backlog += data
        if len(self._backlog) > LONGEST_BACKLOG:
            self.break_later("the far end does not take octets")
            return
        self.flush()

    def close(self) -> None:
        """Close when everything is sent; the far end hears it, our peer does not."""
        if not self.is_open or self._closing:
            return
        self._closing = True
        if not self._backlog:
            self.shut()

    @property
    def wants_to_write(self) -> bool:
        """Octets wait for the socket."""
        return bool(self._backlog)

    def flush(self) -> None:
        """Give the socket what it takes."""
        try:
            while self._backlog:
                taken = self.connection.send(self._backlog)
                del self._backlog[:taken]
        except BlockingIOError:
            pass
        except OSError as error:
            self.break_later(_reason(error))
            return
        if self._closing and not self._backlog:
            self.shut()
        else:
            self._network.watch(self)

    def take(self) -> None:
        """Read what has come."""
        for _ in range(_READS_A_POLL):
            if not self.is_open:
                return
            try:
                data = self.connection.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError as error:
                self.break_off(_reason(error))
                return
            if not data:
                self.break_off("closed by the far end")
                return
            if not self._closing:
                self.peer.received(data)

    def break_later(self, reason: str) -> None:
        """The peer hears it at the next poll, never during its own call."""
        self._backlog.clear()
        self._broken = True
        self._network.later(lambda: self.break_off(reason))

    def break_off(self, reason: str) -> None:
        """The connection is gone, and the peer hears it unless it closed itself."""
        if not self.is_open:
            return
        told = not self._closing
        self.shut()
        if told:
            self.peer.disconnected(reason)

    def shut(self) -> None:
        """Give the socket back."""
        if self.is_open:
            self.is_open = False
            self._network.forget(self.connection)


class _Call:
    """A connection in the making."""

    def __init__(
        self, connection: socket.socket, address: str, peer: StreamPeer, source: str, due_s: float
    ) -> None:
        self.connection = connection
        self.address = address
        self.peer = peer
        self.source = source
        self.due_s = due_s


class TcpListener:
    """A port where connections are accepted."""

    def __init__(
        self, network: TcpNetwork, server: socket.socket, accept: Callable[[str], StreamPeer | None]
    ) -> None:
        self._network = network
        self.server = server
        self.accept = accept
        self.address = _shown(server.getsockname())

    def close(self) -> None:
        """Accept no more; open connections stay."""
        self._network.forget(self.server)


class TcpNetwork:
    """TCP in real time; a StreamNetwork. Nothing happens but in ``poll``, and never in another thread.

    Args:
        clock: what the streams call their clock: the system's for a tester, the engine's for an emulated terminal.
        dial_timeout_s: a call that is neither taken nor refused fails after this time, in seconds of real time.
    """

    def __init__(self, clock: Clock | None = None, *, dial_timeout_s: float = DIAL_TIMEOUT_S) -> None:
        self.clock: Clock = clock or _SYSTEM
        self.dial_timeout_s = dial_timeout_s
        self._selector = selectors.DefaultSelector()
        self._calls: dict[socket.socket, _Call] = {}
        self._later: list[Callable[[], None]] = []

    def listen(self, address: str, accept: Callable[[str], StreamPeer | None]) -> TcpListener:
        """Accept connections at ``host:port``; port 0 takes a free one.

        Raises:
            ConfigError: the address is none.
            BenchError: the port is taken.
        """
        host, port = split_address(address)
        try:
            server = socket.create_server((host, port), family=_family(host), backlog=128)
        except OSError as error:
            raise BenchError(f"cannot listen at {address}: {error.strerror or error}") from error
        server.setblocking(False)
        listener = TcpListener(self, server, accept)
        self._selector.register(server, selectors.EVENT_READ, listener)
        return listener

    def dial(self, address: str, peer: StreamPeer, *, source: str = "") -> None:
        """Open a connection; the peer hears ``connected`` or ``disconnected`` in a later poll. A name is looked up at once.

        Raises:
            ConfigError: the address is none.
        """
        host, port = split_address(address)
        connection = socket.socket(_family(host))
        connection.setblocking(False)
        reason = ""
        try:
            code = connection.connect_ex((host, port))
            if code not in {0, errno.EINPROGRESS, errno.EWOULDBLOCK}:
                reason = _reason(OSError(code, ""))
        except OSError as error:
            reason = _reason(error)
        if reason:
            connection.close()
            self.later(lambda: peer.disconnected(reason))
            return
        call = _Call(connection, address, peer, source or "local", _SYSTEM.now_s() + self.dial_timeout_s)
        self._calls[connection] = call
        self._selector.register(connection, selectors.EVENT_WRITE, call)

    def poll(self, wait_s: float = 0.0) -> None:
        """Handle everything that is due; waits up to ``wait_s`` seconds of real time for something."""
        due, self._later = self._later, []
        for action in due:
            action()
        if due:
            wait_s = 0.0
        if self._calls:
            next_s = min(call.due_s for call in self._calls.values())
            wait_s = min(wait_s, max(0.0, next_s - _SYSTEM.now_s()))
        for key, events in self._selector.select(wait_s):
            if isinstance(key.data, TcpListener):
                self._accept(key.data)
            elif isinstance(key.data, _Call):
                self._finish(key.data)
            else:
                self._serve(key.data, events)
        self._give_up()

    def wait(self, wait_s: float) -> None:
        """Wait up to ``wait_s`` seconds of real time until ``poll`` has something to do; nothing is handled."""
        if not self._later:
            self._selector.select(wait_s)

    def close(self) -> None:
        """Close every socket; nobody is told."""
        for key in list(self._selector.get_map().values()):
            sock = key.fileobj
            if isinstance(key.data, TcpStream):
                key.data.is_open = False
            if isinstance(sock, socket.socket):
                self.forget(sock)
        self._selector.close()

    def watch(self, stream: TcpStream) -> None:
        """Wait for writing too while octets wait."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if stream.wants_to_write else 0)
        if self._selector.get_key(stream.connection).events != events:
            self._selector.modify(stream.connection, events, stream)

    def later(self, action: Callable[[], None]) -> None:
        """Do it in the next poll."""
        self._later.append(action)

    def forget(self, sock: socket.socket) -> None:
        """Close a socket."""
        self._calls.pop(sock, None)
        if sock.fileno() >= 0:
            self._selector.unregister(sock)
            sock.close()

    def _accept(self, listener: TcpListener) -> None:
        try:
            connection, remote = listener.server.accept()
        except OSError:
            return
        connection.setblocking(False)
        peer = listener.accept(_shown(remote))
        if peer is None:
            connection.close()
            return
        self._open(connection, peer, f"{listener.address}->{_shown(remote)}")

    def _finish(self, call: _Call) -> None:
        code = call.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.forget(call.connection)
            call.peer.disconnected(_reason(OSError(code, "")))
            return
        del self._calls[call.connection]
        self._selector.unregister(call.connection)
        self._open(call.connection, call.peer, f"{call.source}->{call.address}")

    def _open(self, connection: socket.socket, peer: StreamPeer, name: str) -> None:
        try:
            stream = TcpStream(self, connection, peer, name)
        except OSError as error:
            connection.close()
            peer.disconnected(_reason(error))
            return
        self._selector.register(connection, selectors.EVENT_READ, stream)
        announced: Stream = stream
        peer.connected(announced)

    def _serve(self, stream: TcpStream, events: int) -> None:
        if events & selectors.EVENT_WRITE and stream.is_open:
            stream.flush()
        if events & selectors.EVENT_READ:
            stream.take()

    def _give_up(self) -> None:
        now_s = _SYSTEM.now_s()
        for call in [call for call in self._calls.values() if call.due_s <= now_s]:
            self.forget(call.connection)
            call.peer.disconnected("timed out")


def split_address(address: str) -> tuple[str, int]:
    """Host and port (0..65535) of ``host:port`` or ``[ipv6]:port``.

    Raises:
        ConfigError: one is missing, or the port is no number in range.
    """
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError("host or port is missing", key="address", value=address, hint="host:port")
    return host, int(port)


def _family(host: str) -> socket.AddressFamily:
    """IPv6 for a literal address of it, else IPv4; names are looked up as IPv4."""
    try:
        return socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        return socket.AF_INET


def _shown(name: tuple[str, int] | tuple[str, int, int, int]) -> str:
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"{host}:{name[1]}"


def _reason(error: OSError) -> str:
    """What a peer is told, the same words as in memory."""
    if isinstance(error, socket.gaierror):
        return "unknown host"
    names = {
        errno.ECONNREFUSED: "connection refused",
        errno.ECONNRESET: "connection reset by peer",
        errno.EPIPE: "connection reset by peer",
        errno.ETIMEDOUT: "timed out",
    }
    code = error.errno or 0
    return names.get(code) or error.strerror or errno.errorcode.get(code, "broken")
