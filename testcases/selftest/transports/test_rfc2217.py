from __future__ import annotations

import socket
import threading
from decimal import Decimal
from typing import Any

import serial
import serial.rfc2217

from fixtures.realtime_line import RealtimeLine
from fixtures.scripted_meter import ScriptedMeter
from rig.ports.byte_link import LineSettings
from rig.sessions.meter import MeterSession
from rig.transports.bus import Bus
from rig.transports.open import open_link

FAST = LineSettings(baud=9600)


class PtyPort(serial.Serial):  # type: ignore[misc]
    """A pty has no modem lines and keeps no parity; the far end of RFC 2217 asks for both."""

    cts = dsr = ri = cd = rts = dtr = property(lambda _: True, lambda _, __: None)

    told = "N"

    @property
    def parity(self) -> str:
        return self.told

    @parity.setter
    def parity(self, value: str) -> None:
        self.told, self._parity = value, "N"


class Redirector:
    """A serial port server of one connection, as pyserial's example does it."""

    def __init__(self, path: str) -> None:
        self.port = PtyPort(path, timeout=0.01)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True)]
        self.threads[0].start()

    def _run(self) -> None:
        self.connection, _ = self.server.accept()
        self.manager: Any = serial.rfc2217.PortManager(self.port, self)
        reader = threading.Thread(target=self._from_port, daemon=True)
        self.threads.append(reader)
        reader.start()
        while data := self._received():
            self.port.write(b"".join(self.manager.filter(data)))

    def _received(self) -> bytes:
        try:
            return self.connection.recv(1024)
        except OSError:
            return b""

    def _from_port(self) -> None:
        while not self.stopped.is_set():
            data = self.port.read(self.port.in_waiting or 1)
            if data:
                self.write(b"".join(self.manager.escape(data)))

    def write(self, data: bytes) -> None:
        self.connection.sendall(data)

    def close(self) -> None:
        self.stopped.set()
        self.connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(30)
        self.connection.close()
        self.server.close()
        self.port.close()


def test_read_over_rfc2217() -> None:
    with RealtimeLine(ScriptedMeter(delay_s=0.05, baud=9600), settings=FAST) as line:
        redirector = Redirector(line.url)
        link = open_link("bus1", f"rfc2217://127.0.0.1:{redirector.server.getsockname()[1]}", FAST)
        session = MeterSession(Bus(link), address="000000000161")
        assert session.read(0x00010000).value == Decimal("123456.78")
        assert link.sets_baud
        assert redirector.port.baudrate == 9600
        link.close()
        redirector.close()
