"""TCP in real time: both ways, refusals, bounded buffers, and nothing but in poll."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from rig.clock import SystemClock
from rig.errors import BenchError, ConfigError
from rig.ports.stream import Stream
from rig.transports.tcp_stream import LONGEST_BACKLOG, TcpNetwork, split_address

_CLOCK = SystemClock()


class Peer:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.stream: Stream | None = None
        self.heard = bytearray()
        self.ends: list[str] = []

    def connected(self, stream: Stream) -> None:
        self.stream = stream

    def received(self, data: bytes) -> None:
        self.heard += data

    def disconnected(self, reason: str) -> None:
        self.ends.append(reason)
        self.stream = None


@pytest.fixture
def network() -> Iterator[TcpNetwork]:
    made = TcpNetwork(dial_timeout_s=0.3)
    yield made
    made.close()


def _until(network: TcpNetwork, condition: Callable[[], bool]) -> None:
    end_s = _CLOCK.now_s() + 5.0
    while not condition():
        assert _CLOCK.now_s() < end_s, "nothing happened"
        network.poll(0.05)


def _pair(network: TcpNetwork) -> tuple[Peer, Peer]:
    caller, server = Peer(), Peer()
    listener = network.listen("127.0.0.1:0", lambda _: server)
    network.dial(listener.address, caller, source="terminal-1")
    assert caller.stream is None
    _until(network, lambda: caller.stream is not None and server.stream is not None)
    listener.close()
    return caller, server


def test_octets_cross_both_ways(network: TcpNetwork) -> None:
    caller, server = _pair(network)
    assert caller.stream is not None
    assert server.stream is not None
    assert caller.stream.name.startswith("terminal-1->127.0.0.1:")
    assert server.stream.remote.startswith("127.0.0.1:")
    caller.stream.send(b"up")
    server.stream.send(b"down")
    _until(network, lambda: bytes(server.heard) == b"up" and bytes(caller.heard) == b"down")


def test_a_long_message_waits_for_the_socket_and_closing_waits_for_it(network: TcpNetwork) -> None:
    caller, server = _pair(network)
    assert caller.stream is not None
    data = bytes(range(256)) * 3000
    caller.stream.send(data)
    caller.stream.close()
    caller.stream.send(b"dropped")
    caller.stream.close()
    _until(network, lambda: bool(server.ends))
    assert bytes(server.heard) == data
    assert server.ends == ["closed by the far end"]
    assert caller.ends == []


def test_a_far_end_that_takes_nothing_is_given_up(network: TcpNetwork) -> None:
    deaf = socket.create_server(("127.0.0.1", 0))
    caller = Peer()
    network.dial(f"127.0.0.1:{deaf.getsockname()[1]}", caller)
    _until(network, lambda: caller.stream is not None)
    stream = caller.stream
    assert stream is not None
    for _ in range(64):
        stream.send(bytes(LONGEST_BACKLOG // 4))
    _until(network, lambda: bool(caller.ends))
    assert caller.ends == ["the far end does not take octets"]
    deaf.close()


def test_a_call_that_is_refused(network: TcpNetwork) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    caller = Peer()
    network.dial(f"127.0.0.1:{port}", caller)
    _until(network, lambda: bool(caller.ends))
    assert caller.ends == ["connection refused"]


def test_a_listener_may_refuse_a_caller(network: TcpNetwork) -> None:
    caller = Peer()
    listener = network.listen("127.0.0.1:0", lambda _: None)
    network.dial(listener.address, caller)
    _until(network, lambda: bool(caller.ends))
    assert caller.ends[0] in {"closed by the far end", "connection reset by peer"}


def test_a_call_that_nobody_takes_times_out(network: TcpNetwork) -> None:
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    address = f"127.0.0.1:{full.getsockname()[1]}"
    callers = [Peer() for _ in range(8)]
    for caller in callers:
        network.dial(address, caller)
    _until(network, lambda: any(caller.ends for caller in callers))
    assert {reason for caller in callers for reason in caller.ends} == {"timed out"}
    full.close()


def test_a_reset_is_heard(network: TcpNetwork) -> None:
    caller, server = _pair(network)
    raw = server.stream.connection  # type: ignore[union-attr]
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    network.forget(raw)
    _until(network, lambda: bool(caller.ends))
    assert caller.ends == ["connection reset by peer"]


def test_an_unknown_host_is_told_later(network: TcpNetwork) -> None:
    caller = Peer()
    network.dial("no-such-host.invalid:7000", caller)
    assert caller.ends == []
    network.poll()
    assert caller.ends == ["unknown host"]


@pytest.mark.parametrize("address", ["host", "host:", ":7000", "host:70000", "host:http"])
def test_an_address_that_is_none_is_refused(network: TcpNetwork, address: str) -> None:
    with pytest.raises(ConfigError, match="host or port"):
        network.dial(address, Peer())


def test_addresses_are_split() -> None:
    assert split_address("[::1]:7000") == ("::1", 7000)
    assert split_address("ncc.example:7000") == ("ncc.example", 7000)


def test_a_taken_port_is_a_fault_of_the_bench(network: TcpNetwork) -> None:
    listener = network.listen("127.0.0.1:0", lambda _: None)
    with pytest.raises(BenchError, match="cannot listen"):
        network.listen(listener.address, lambda _: None)
