"""Ports an emulated line can be served on: pseudo-terminal, TCP, serial port, a port that another machine offers."""

from __future__ import annotations

import os
import select
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit

from rig.clock import SystemClock
from rig.errors import BenchError, ConfigError, LinkClosedError
from rig.ports.byte_link import ByteLink, LineSettings
from rig.transports.open import open_link

_CHUNK = 4096
#: a port that went away is looked for again so often, in seconds
_REOPEN_S = 1.0


class ServedPort(Protocol):
    """Bytes to and from the client side of a served line."""

    #: whether the server must pace characters itself
    paced: bool
    address: str

    def read(self, wait_s: float) -> bytes:
        """Bytes that arrive within ``wait_s``; empty when none do."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes; lost when nobody listens."""
        ...

    def client_baud(self) -> int | None:
        """Rate the client has set, None when it cannot be known."""
        ...

    def set_baud(self, baud: int) -> None:
        """The device now talks at this rate."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


class TcpPort:
    """Raw serial bytes over TCP; clients are served one after another."""

    paced = True

    def __init__(self, host: str, port: int) -> None:
        self._server = socket.create_server((host, port), backlog=8)
        bound = self._server.getsockname()
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        self.address = f"tcp://{shown}:{bound[1]}"
        self._client: socket.socket | None = None

    def read(self, wait_s: float) -> bytes:
        """Bytes of the present client; takes the next client when there is none."""
        waited_on = self._server if self._client is None else self._client
        ready, _, _ = select.select([waited_on], [], [], wait_s)
        if not ready:
            return b""
        if self._client is None:
            self._client, _ = self._server.accept()
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return b""
        try:
            data = self._client.recv(_CHUNK)
        except OSError:
            data = b""
        if not data:
            self._drop_client()
        return data

    def write(self, data: bytes) -> None:
        """Send to the present client."""
        if self._client is None:
            return
        try:
            self._client.sendall(data)
        except OSError:
            self._drop_client()

    def client_baud(self) -> int | None:
        """A TCP connection has no rate."""
        return None

    def set_baud(self, baud: int) -> None:
        """Nothing to set."""

    def close(self) -> None:
        """Close client and server."""
        self._drop_client()
        self._server.close()

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


class PseudoTerminal:
    """A pty; the server keeps the client's side open too, so that clients may come and go."""

    paced = True

    def __init__(self) -> None:
        import pty
        import tty

        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.address = os.ttyname(self._slave)
        self._speeds = _speed_table()

    def read(self, wait_s: float) -> bytes:
        """Bytes that a client wrote."""
        ready, _, _ = select.select([self._master], [], [], wait_s)
        if not ready:
            return b""
        try:
            return os.read(self._master, _CHUNK)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        """Send; lost when nobody reads and the buffer is full."""
        try:
            os.write(self._master, data)
        except BlockingIOError:
            return

    def client_baud(self) -> int | None:
        """Rate the client has set on its side; None while it still has the rate a pty begins with."""
        import termios

        return self._speeds.get(termios.tcgetattr(self._master)[5])

    def set_baud(self, baud: int) -> None:
        """Nothing to set: the client decides for its own side."""

    def close(self) -> None:
        """Close both sides."""
        os.close(self._master)
        os.close(self._slave)


class LinkPort:
    """A port that is there already: a serial port, 8E1, whose hardware paces, or a connection to one elsewhere.

    What is lost while it is away (an adapter pulled out, a server restarted) is lost; it is opened again.
    """

    paced = False

    def __init__(self, url: str, baud: int) -> None:
        self.address = url
        self._clock = SystemClock()
        self._settings = LineSettings(baud)
        self._again_s = 0.0
        try:
            self._link: ByteLink | None = self._open()
        except (BenchError, ConfigError) as error:
            raise ConfigError(
                f"cannot open: {error}",
                key="listen",
                value=url,
                hint="pty://, tcp://host:port or a serial port",
            ) from None

    def _open(self) -> ByteLink:
        return open_link(self.address, self.address, self._settings, self._clock)

    def _here(self) -> ByteLink | None:
        """The link, opened again when it was lost a while ago."""
        if self._link is None and self._clock.now_s() >= self._again_s:
            self._again_s = self._clock.now_s() + _REOPEN_S
            with suppress(BenchError):
                self._link = self._open()
        return self._link

    def _lost(self, link: ByteLink) -> None:
        self._again_s = self._clock.now_s() + _REOPEN_S
        self._link = None
        link.close()

    def read(self, wait_s: float) -> bytes:
        """Bytes from the line."""
        until_s = self._clock.now_s() + wait_s
        link = self._here()
        if link is None:
            self._clock.wait_until(until_s)
            return b""
        try:
            burst = link.read(until_s)
        except LinkClosedError:
            self._lost(link)
            return b""
        return b"" if burst is None else burst.data

    def write(self, data: bytes) -> None:
        """Send; lost while the port is away."""
        link = self._here()
        if link is None:
            return
        try:
            link.write(data)
        except LinkClosedError:
            self._lost(link)

    def client_baud(self) -> int | None:
        """Unknown: the line itself garbles what does not fit."""
        return None

    def set_baud(self, baud: int) -> None:
        """Talk and listen at this rate, when what is being sent is over."""
        if self._settings.baud == baud:
            return
        self._settings = replace(self._settings, baud=baud)
        link = self._here()
        if link is None:
            return
        try:
            link.reconfigure(self._settings)
        except LinkClosedError:
            self._lost(link)

    def close(self) -> None:
        """Close the port."""
        if self._link is not None:
            self._link.close()


def _speed_table() -> dict[int, int]:
    """Termios speed constants to bit/s; 38400 is what a pty begins with, so it says nothing."""
    import termios

    rates = (300, 600, 1200, 2400, 4800, 9600, 19200, 57600, 115200)
    return {getattr(termios, f"B{rate}"): rate for rate in rates}


def open_port(url: str, baud: int) -> ServedPort:
    """Open a port by URL.

    Args:
        url: ``pty://`` and ``tcp://host:port`` are made here; a device path, ``socket://host:port``,
            ``rfc2217://host:port`` and what else pyserial knows are there already and opened.
        baud: rate in bit/s where it can be set.

    Raises:
        ConfigError: the URL is of no known kind, or the port cannot be opened.
    """
    if url.rstrip("/") in {"pty:", "pty"}:
        if sys.platform == "win32":
            raise ConfigError(
                "no pseudo-terminals here", key="listen", value=url, hint="use tcp://127.0.0.1:7645"
            )
        return PseudoTerminal()
    if not url.startswith("tcp://"):
        return LinkPort(url, baud)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port = None
    if port is None or not parts.hostname:
        raise ConfigError("host and port are needed", key="listen", value=url, hint="tcp://127.0.0.1:7645")
    try:
        return TcpPort(parts.hostname, port)
    except OSError as error:
        raise ConfigError(f"cannot listen: {error.strerror}", key="listen", value=url) from None
