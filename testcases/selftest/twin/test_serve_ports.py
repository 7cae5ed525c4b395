"""Ports of served lines that are there already: opened, spoken to, lost and opened again."""

from __future__ import annotations

import socket
import sys
import time

import pytest

from rig.errors import ConfigError
from rig.twin.serve_ports import PseudoTerminal, open_port


def _until(read: object, wanted: bytes) -> None:
    end_s = time.monotonic() + 30.0
    got = b""
    while got != wanted and time.monotonic() < end_s:
        got += read(0.05)  # type: ignore[operator]
    assert got == wanted


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_pseudo_terminal_of_another_is_opened() -> None:
    theirs = PseudoTerminal()
    ours = open_port(theirs.address, 9600)
    ours.write(b"\x68\x16")
    _until(theirs.read, b"\x68\x16")
    theirs.write(b"\xfe\x80")
    _until(ours.read, b"\xfe\x80")
    ours.set_baud(2400)
    assert theirs.client_baud() == 2400
    ours.close()
    theirs.close()


def test_a_connection_that_breaks_is_made_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = open_port(f"socket://127.0.0.1:{server.getsockname()[1]}", 9600)
        first, _ = server.accept()
        first.close()
        server.settimeout(0.05)
        end_s = time.monotonic() + 30.0
        second = None
        while second is None and time.monotonic() < end_s:
            assert port.read(0.05) == b""
            port.write(b"lost while nobody is there")
            try:
                second, _ = server.accept()
            except TimeoutError:
                continue
        assert second is not None
        second.sendall(b"\x68")
        _until(port.read, b"\x68")
        second.close()
        port.close()


@pytest.mark.parametrize("url", ["/dev/ttyNOPE", "socket://127.0.0.1:1", "socket://nowhere", "what://"])
def test_a_port_that_cannot_be_opened_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="cannot open"):
        open_port(url, 9600)
