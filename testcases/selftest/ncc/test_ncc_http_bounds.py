"""Clients that hold connections to the API without asking anything, or take no answers: others are served."""

from __future__ import annotations

import contextlib
import json
import socket
import time
import urllib.request

import pytest

from fixtures.ncc_running import Running
from rig.ncc.settings import Settings
from rig.ncc.shell_http import BoundedHttp, HttpApi
from rig.ncc.store import Store

PATH = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
#: time for a request in these tests, s
SOON_S = 0.4
#: ends a test of something that goes on for ever, s; a busy machine is slow
NEVER_S = 60.0
LATE_S = 3600.0


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Starts an API whose requests must be complete after so long."""
    ends = contextlib.ExitStack()

    def start(request_s: float) -> tuple[str, int]:
        monkeypatch.setattr(BoundedHttp, "request_s", request_s)
        running = Running(Store(f"sqlite:///{tmp_path}/api.db"), Settings())
        ends.callback(running.stop)
        api = running.do(lambda: HttpApi(running.center.service, running.center.store, "127.0.0.1:0"))
        running.wait(api.start())
        ends.callback(lambda: running.wait(api.stop()))
        host, _, port = api.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    with ends:
        yield start


def connect(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, timeout=10)


def is_answered(address: tuple[str, int]) -> bool:
    with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/openapi.json", timeout=10) as answer:
        return "paths" in json.load(answer)


def wait_for_the_end(peer: socket.socket) -> None:
    """Take what comes until the far end closes; that it goes on for ever is a TimeoutError."""
    peer.settimeout(NEVER_S)
    with contextlib.suppress(ConnectionResetError):
        while peer.recv(1 << 20):
            pass


@pytest.mark.parametrize("sent", [b"", b"G", PATH, POST, POST + b"username=eve&"])
def test_request_that_does_not_come_to_its_end_costs_the_connection(served, sent):
    address = served(SOON_S)
    began_s = time.monotonic()
    with connect(address) as peer:
        with contextlib.suppress(OSError):
            peer.sendall(sent)
        wait_for_the_end(peer)
    assert time.monotonic() - began_s > SOON_S * 0.9


def test_head_that_drips_costs_the_connection(served):
    address = served(SOON_S)
    with connect(address) as peer, contextlib.suppress(OSError):
        began_s = time.monotonic()
        peer.settimeout(0.05)
        while time.monotonic() - began_s < NEVER_S:
            peer.sendall(b"E")
            with contextlib.suppress(TimeoutError):
                if not peer.recv(1):
                    break
    assert time.monotonic() - began_s < NEVER_S


def test_second_request_on_a_connection_has_its_own_time(served):
    request_s = 5 * SOON_S
    address = served(request_s)
    with connect(address) as peer:
        for _ in range(4):
            time.sleep(request_s / 3)
            peer.sendall(PATH + b"\r\n")
            head = peer.recv(100)
            assert head.startswith(b"HTTP/1.1 200")
            while b"}" * 3 not in head[-40:]:
                head += peer.recv(1 << 20)
        peer.sendall(b"GET /o")
        wait_for_the_end(peer)


def ask_and_take_nothing(peer: socket.socket) -> None:
    """Until the far end has enough."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < NEVER_S:
        with contextlib.suppress(TimeoutError):
            peer.sendall((PATH + b"\r\n") * 100)


def test_client_that_takes_no_answers_is_cut_off(served):
    address = served(SOON_S)
    with connect(address) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(0.2)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            ask_and_take_nothing(peer)
        assert is_answered(address)


@pytest.mark.parametrize("sent", [b"", b"GET /open", POST])
def test_idle_connections_shut_nobody_out(served, sent):
    address = served(LATE_S)
    with contextlib.ExitStack() as held:
        idle = [held.enter_context(connect(address)) for _ in range(210)]
        for peer in idle:
            with contextlib.suppress(OSError):
                peer.sendall(sent)
        assert is_answered(address)
        # the longest silent made room, the latest are there
        idle[0].settimeout(5)
        with contextlib.suppress(ConnectionResetError):
            assert idle[0].recv(1) == b""
        idle[-1].settimeout(0.1)
        with pytest.raises(TimeoutError):
            idle[-1].recv(1)
