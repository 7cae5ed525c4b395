"""Connections in memory: order, refusals, outages, half-open ends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rig.clock import VirtualClock
from rig.errors import ConfigError
from rig.ports.stream import Stream
from rig.transports.manipulate import Direction
from rig.transports.memory_stream import Arrival, MemoryNetwork, to_recorder
from rig.transports.record import Recorder


class Peer:
    """Keeps what it hears."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.stream: Stream | None = None
        self.heard: list[tuple[float, bytes]] = []
        self.ends: list[tuple[float, str]] = []

    def connected(self, stream: Stream) -> None:
        self.stream = stream

    def received(self, data: bytes) -> None:
        self.heard.append((self.clock.now_s(), data))

    def disconnected(self, reason: str) -> None:
        self.ends.append((self.clock.now_s(), reason))
        self.stream = None


class Pair:
    """A network, a dialling and an accepting peer."""

    def __init__(self, **options: object) -> None:
        self.clock = VirtualClock()
        self.network = MemoryNetwork(self.clock, **options)  # type: ignore[arg-type]
        self.caller, self.server = Peer(self.clock), Peer(self.clock)
        self.remotes: list[str] = []
        self.listener = self.network.listen("ncc:7000", self.accept)

    def accept(self, remote: str) -> Peer:
        self.remotes.append(remote)
        return self.server

    def dial(self) -> None:
        self.network.dial("ncc:7000", self.caller, source="terminal-1")

    def run(self, seconds: float = 1.0) -> None:
        self.clock.advance_to(self.clock.now_s() + seconds)

    @property
    def up(self) -> Stream:
        assert self.caller.stream is not None
        return self.caller.stream

    @property
    def down(self) -> Stream:
        assert self.server.stream is not None
        return self.server.stream


@pytest.fixture
def pair() -> Pair:
    made = Pair()
    made.dial()
    assert made.caller.stream is None, "nothing is heard during the call itself"
    made.run()
    return made


def test_octets_cross_both_ways_in_order_and_uncut(pair: Pair) -> None:
    pair.up.send(b"one")
    pair.up.send(b"two")
    pair.down.send(b"three")
    pair.run()
    assert [data for _, data in pair.server.heard] == [b"one", b"two"]
    assert [data for _, data in pair.caller.heard] == [b"three"]
    assert pair.server.heard[0][0] == pytest.approx(1.0002)
    assert pair.remotes[0].startswith("terminal-1:")
    assert (pair.up.name, pair.down.name) == ("terminal-1->ncc", "ncc->terminal-1")


def test_call_where_nobody_listens_is_refused() -> None:
    pair = Pair()
    pair.listener.close()
    pair.dial()
    pair.run()
    assert [reason for _, reason in pair.caller.ends] == ["connection refused"]


def test_listener_may_refuse_a_caller() -> None:
    pair = Pair()
    pair.network.listen("ncc:7001", lambda _: None)
    pair.network.dial("ncc:7001", pair.caller, source="terminal-1")
    pair.run()
    assert [reason for _, reason in pair.caller.ends] == ["connection refused"]


@pytest.mark.parametrize("address", ["ncc", "ncc:", "ncc:http", ":7000"])
def test_an_address_without_host_or_port_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="host or port is missing"):
        MemoryNetwork(VirtualClock()).listen(address, lambda _: None)


def test_an_address_is_taken_once_and_port_zero_is_a_free_one(pair: Pair) -> None:
    with pytest.raises(ConfigError, match="taken"):
        pair.network.listen("ncc:7000", lambda _: None)
    assert pair.network.listen("ncc:0", lambda _: None).address not in {"ncc:0", "ncc:7000"}


def test_close_is_heard_behind_what_was_sent_and_by_the_far_end_only(pair: Pair) -> None:
    pair.up.send(b"last words")
    pair.up.close()
    pair.up.close()
    pair.up.send(b"dropped")
    pair.run()
    assert [data for _, data in pair.server.heard] == [b"last words"]
    assert [reason for _, reason in pair.server.ends] == ["closed by the far end"]
    assert pair.caller.ends == []
    assert not pair.network.connections


def test_octets_to_a_closed_end_reset_the_sender(pair: Pair) -> None:
    down = pair.down
    pair.up.close()
    down.send(b"crossing")
    pair.run()
    assert pair.caller.heard == []
    assert len(pair.server.ends) == 1


def test_octets_that_meet_a_closed_end_are_answered_by_a_reset() -> None:
    pair = Pair()
    pair.network.set_medium("terminal-", _Cutting())
    pair.dial()
    pair.run(10)
    down = pair.down
    pair.up.close()
    pair.run(0.5)
    down.send(b"abcd")
    pair.run(0.2)
    assert [reason for _, reason in pair.server.ends] == ["connection reset by peer"]


def test_drop_is_heard_by_both(pair: Pair) -> None:
    assert pair.network.drop("terminal-1") == 1
    pair.run()
    assert pair.caller.ends == pair.server.ends == [(1.0, "connection reset by peer")]
    assert pair.network.drop("terminal-1") == 0


def test_silent_drop_is_heard_by_who_sends_after_a_time_out(pair: Pair) -> None:
    pair.network.drop("terminal-1", silent=True)
    pair.run(600)
    assert pair.caller.ends == pair.server.ends == []
    pair.down.send(b"are you there")
    pair.run(59)
    assert pair.server.ends == []
    pair.run(2)
    assert pair.server.ends == [(661.0, "timed out")]
    assert pair.caller.heard == []
    assert pair.caller.ends == []


def test_short_outage_delays_and_long_outage_breaks(pair: Pair) -> None:
    pair.network.block("terminal-1", pair.clock.now_s() + 30)
    pair.up.send(b"patient")
    pair.run(31)
    assert pair.server.heard == [(pytest.approx(31.0002), b"patient")]
    pair.network.block("ncc:7000", pair.clock.now_s() + 500)
    pair.up.send(b"impatient")
    pair.run(61)
    assert [reason for _, reason in pair.caller.ends] == ["timed out"]
    assert pair.server.ends == []


def test_call_into_an_outage_fails_and_succeeds_after_it() -> None:
    pair = Pair()
    pair.network.block("terminal-1", 100)
    pair.dial()
    pair.run(21)
    assert pair.caller.ends == [(20.0, "timed out")]
    pair.run(60)
    pair.dial()
    pair.run(20)
    assert pair.caller.stream is not None


class _Cutting:
    """Cuts in two; the second half, and all that follows within a second, arrive together."""

    host = "10.1.2.3"
    joins = True

    def path(self, source: str, now_s: float) -> _Cutting:  # noqa: ARG002 - one for all
        return self

    def opening_s(self, now_s: float) -> float:  # noqa: ARG002 - constant
        return 0.1

    def carry(self, direction: Direction, data: bytes, now_s: float) -> Sequence[Arrival]:  # noqa: ARG002 - both
        half = len(data) // 2
        return (Arrival(now_s + 0.1, data[:half]), Arrival(now_s + 1.0, data[half:]))


def test_medium_of_a_prefix_cuts_and_joins() -> None:
    pair = Pair()
    pair.network.set_medium("terminal-", _Cutting())
    pair.dial()
    pair.run(10)
    assert pair.remotes[0].startswith("10.1.2.3:")
    pair.up.send(b"abcd")
    pair.up.send(b"efgh")
    pair.run(10)
    assert [data for _, data in pair.server.heard] == [b"ab", b"cdefgh"]


def test_observer_sees_both_directions_at_the_accepting_end() -> None:
    pair = Pair()
    recorder = Recorder(pair.clock)
    pair.network.observer = to_recorder(recorder, describe=bytes.hex)
    pair.dial()
    pair.run()
    pair.up.send(b"\x01")
    pair.run()
    pair.down.send(b"\x02")
    records = recorder.since()
    assert [(record.link, record.direction, record.decode) for record in records] == [
        ("terminal-1->ncc:7000", "answer", "01"),
        ("terminal-1->ncc:7000", "request", "02"),
    ]
