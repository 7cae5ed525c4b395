"""Serial ports and every URL that pyserial knows, as a ByteLink."""

from __future__ import annotations

import os
import select
import stat
import warnings
from pathlib import Path
from typing import Any

import serial

from rig.clock import Clock
from rig.errors import BenchError, ConfigError, LinkClosedError
from rig.ports.byte_link import LineSettings
from rig.transports.adapter import ASSUMED, AdapterTiming
from rig.transports.real_link import RealLink

#: how long one blocking read of a port without file descriptor may last, in seconds; data end it at once
_SLICE_S = 0.02
#: major device numbers of the slave ends of pseudo-terminals on Linux
_PTY_MAJORS = range(136, 144)


def is_pseudo_terminal(path: str) -> bool:
    """Whether a path is the slave end of a pseudo-terminal: it cannot keep a parity setting."""
    try:
        status = Path(path).stat()
    except OSError:
        return False
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) in _PTY_MAJORS


class SerialLink(RealLink):
    """A port of pyserial: device path, ``rfc2217://``, ``loop://``, ``spy://`` or any other URL it knows.

    A pseudo-terminal is opened as 8N1: the kernel drops the parity bit there and refuses a change to parity alone.

    Raises:
        ConfigError: the URL is none that pyserial knows, or the settings are impossible.
        BenchError: the port cannot be opened.
    """

    def __init__(
        self, name: str, url: str, settings: LineSettings, clock: Clock, adapter: AdapterTiming | None = None
    ) -> None:
        pseudo = is_pseudo_terminal(url)
        kind = "pty" if pseudo else "network" if url.startswith("rfc2217:") else "serial"
        super().__init__(name, settings, clock, adapter or ASSUMED[kind])
        self.paced = not pseudo and "://" not in url
        self._parity = "N" if pseudo else settings.parity
        self._pseudo = pseudo
        self._port = self._open(url, settings)
        self._descriptor = _descriptor(self._port)

    def _open(self, url: str, settings: LineSettings) -> Any:
        options: dict[str, Any] = {} if "://" in url else {"exclusive": True}
        try:
            with warnings.catch_warnings():
                # pyserial 3.5 starts its RFC 2217 thread in a way that Python has deprecated
                warnings.simplefilter("ignore", DeprecationWarning)
                port = serial.serial_for_url(
                    url,
                    baudrate=settings.baud,
                    bytesize=settings.data_bits,
                    parity=self._parity,
                    stopbits=settings.stop_bits,
                    timeout=_SLICE_S,
                    **options,
                )
        except ValueError as error:
            if url.startswith("rfc2217:"):
                raise BenchError(f"link {self.name}: {url} refuses the line settings: {error}") from error
            raise ConfigError(
                f"link {self.name}: {error}",
                key="url",
                value=url,
                hint="a device path, socket://host:port, rfc2217://host:port or listen://host:port",
            ) from error
        except (OSError, serial.SerialException) as error:
            raise BenchError(f"link {self.name}: cannot open {url}: {error}{_advice(url)}") from error
        return port

    def _send(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except (OSError, serial.SerialException) as error:
            raise LinkClosedError(f"link {self.name}: {error}") from error

    def _receive(self, deadline_s: float) -> bytes:
        try:
            if self._descriptor is None:
                return self._receive_in_slices(deadline_s)
            left_s = max(0.0, deadline_s - self.clock.now_s())
            if not select.select([self._descriptor], [], [], left_s)[0]:
                return b""
            return bytes(self._port.read(max(1, self._port.in_waiting)))
        except (OSError, serial.SerialException) as error:
            raise LinkClosedError(f"link {self.name}: {error}") from error

    def _receive_in_slices(self, deadline_s: float) -> bytes:
        """For ports that cannot be selected on; a blocking read returns as soon as there are data."""
        port = self._port
        while True:
            waiting = port.in_waiting
            if waiting:
                return bytes(port.read(waiting))
            if self.clock.now_s() >= deadline_s:
                return b""
            first = bytes(port.read(1))
            if first:
                return first + bytes(port.read(port.in_waiting))

    def _configure(self, settings: LineSettings) -> None:
        try:
            self._port.baudrate = settings.baud
            if not self._pseudo:
                self._port.bytesize = settings.data_bits
                self._port.parity = settings.parity
                self._port.stopbits = settings.stop_bits
        except ValueError as error:
            raise ConfigError(f"link {self.name}: {error}", key="baud", value=settings.baud) from error
        except (OSError, serial.SerialException) as error:
            raise LinkClosedError(f"link {self.name}: {error}") from error

    def _shut(self) -> None:
        self._port.close()


def _descriptor(port: Any) -> int | None:
    """File descriptor to select on, None where pyserial has none (network ports, Windows)."""
    if os.name != "posix" or not isinstance(port, serial.Serial):
        return None
    return int(port.fileno())


def _advice(url: str) -> str:
    """What to do about a port that does not open."""
    if "://" in url:
        return ""
    if not Path(url).exists():
        from serial.tools import list_ports

        known = ", ".join(port.device for port in list_ports.comports()) or "none"
        return f"; serial ports here: {known}"
    if not os.access(url, os.R_OK | os.W_OK):
        return "; no permission: join the group that owns it (often dialout)"
    return ""
