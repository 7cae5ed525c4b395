"""The cellular medium: order is kept, delay and loss show, NAT forgets, the same seed gives the same octets."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from statistics import median

import pytest

from rig.clock import VirtualClock
from rig.errors import ConfigError
from rig.ports.stream import Stream
from rig.transports.cellular import PROFILES, CellularMedium, CellularProfile
from rig.transports.memory_stream import MemoryNetwork


class Peer:
    """Keeps what it hears, and when."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.stream: Stream | None = None
        self.heard: list[tuple[float, bytes]] = []
        self.ends: list[str] = []

    def connected(self, stream: Stream) -> None:
        self.stream = stream

    def received(self, data: bytes) -> None:
        self.heard.append((self.clock.now_s(), data))

    def disconnected(self, reason: str) -> None:
        self.ends.append(reason)
        self.stream = None


class Call:
    """A terminal that is through to a server over the air."""

    def __init__(self, profile: CellularProfile | str, seed: int = 1) -> None:
        self.clock = VirtualClock()
        self.network = MemoryNetwork(self.clock, medium=CellularMedium(Random(seed), profile))
        self.remotes: list[str] = []
        self.terminal, self.server = Peer(self.clock), Peer(self.clock)
        self.network.listen("ncc:7000", self._accept)
        while self.terminal.stream is None:
            self.network.dial("ncc:7000", self.terminal, source="terminal-1")
            self.run(60.0)

    def _accept(self, remote: str) -> Peer:
        self.remotes.append(remote)
        return self.server

    def run(self, seconds: float) -> None:
        self.clock.advance_to(self.clock.now_s() + seconds)

    def up(self, data: bytes) -> None:
        assert self.terminal.stream is not None
        self.terminal.stream.send(data)

    @property
    def octets(self) -> bytes:
        return b"".join(data for _, data in self.server.heard)


@pytest.mark.parametrize("name", list(PROFILES))
def test_octets_arrive_complete_and_in_order(name: str) -> None:
    call = Call(name)
    sent = bytes(range(256)) * 40
    for at in range(0, len(sent), 700):
        call.up(sent[at : at + 700])
        call.run(0.2)
    call.run(200.0)
    assert call.octets == sent


@pytest.mark.parametrize(
    ("name", "least_s", "most_s"), [("GPRS", 0.3, 0.6), ("LTE_CAT1", 0.025, 0.05), ("5G", 0.008, 0.02)]
)
def test_delay_is_that_of_the_profile(name: str, least_s: float, most_s: float) -> None:
    call = Call(name)
    delays = []
    for _ in range(300):
        call.server.heard.clear()
        begin_s = call.clock.now_s()
        call.up(b"x" * 100)
        call.run(20.0)
        delays.append(call.server.heard[-1][0] - begin_s)
    assert least_s < median(delays) < most_s


def test_throughput_bounds_a_long_transfer() -> None:
    call = Call(replace(PROFILES["GPRS"], loss=0.0))
    begin_s = call.clock.now_s()
    call.up(bytes(12_500))
    call.run(60.0)
    assert call.server.heard[-1][0] - begin_s > 10.0


def test_loss_delays_what_follows_and_joins_it() -> None:
    call = Call(replace(PROFILES["LTE_CAT1"], loss=0.3, cut=0.0))
    for number in range(100):
        call.up(bytes((number,)))
        call.run(0.05)
    call.run(120.0)
    assert call.octets == bytes(range(100))
    assert len(call.server.heard) < 100


def test_hopeless_loss_ends_the_connection_for_the_sender_only() -> None:
    call = Call(replace(PROFILES["LTE_CAT1"], loss=0.0))
    path = next(iter(call.network.connections)).path
    path._profile = replace(PROFILES["LTE_CAT1"], loss=1.0)  # type: ignore[attr-defined]
    call.up(b"lost")
    call.run(61.0)
    assert call.terminal.ends == ["timed out"]
    assert call.server.ends == []


def test_a_forgotten_connection_swallows_octets_silently() -> None:
    call = Call("GPRS")
    call.run(200.0)
    call.up(b"alive")
    call.run(290.0)
    assert call.octets == b"alive"
    call.run(100.0)
    assert call.server.stream is not None
    call.server.stream.send(b"anybody?")
    call.run(59.0)
    assert call.server.ends == []
    call.run(2.0)
    assert call.server.ends == ["timed out"]
    assert call.terminal.heard == []
    assert call.terminal.ends == []


def test_a_new_call_has_a_new_address() -> None:
    call = Call("LTE_CAT1")
    call.network.drop("terminal-1")
    call.run(1.0)
    call.network.dial("ncc:7000", call.terminal, source="terminal-1")
    call.run(60.0)
    hosts = {remote.rpartition(":")[0] for remote in call.remotes}
    assert len(hosts) == 2
    assert all(host.startswith("10.") for host in hosts)


def test_calls_fail_at_the_rate_of_the_profile() -> None:
    clock = VirtualClock()
    profile = replace(PROFILES["GPRS"], connect_failure=0.5)
    network = MemoryNetwork(clock, medium=CellularMedium(Random(3), profile))
    network.listen("ncc:7000", lambda _: Peer(clock))
    peers = [Peer(clock) for _ in range(200)]
    for peer in peers:
        network.dial("ncc:7000", peer, source="terminal-1")
    clock.advance_to(100.0)
    failed = sum(peer.ends == ["timed out"] for peer in peers)
    assert 70 < failed < 130


def test_the_same_seed_gives_the_same_octets_and_sources_do_not_disturb_each_other() -> None:
    def trace(seed: int, *, company: bool) -> list[tuple[float, bytes]]:
        call = Call("GPRS", seed)
        if company:
            call.network.dial("ncc:7000", Peer(call.clock), source="terminal-2")
        for _ in range(50):
            call.up(b"x" * 900)
            call.run(3.0)
        return call.server.heard

    assert trace(1, company=False) == trace(1, company=True)
    assert trace(1, company=False) != trace(2, company=False)


def test_figures_are_marked_provisional() -> None:
    assert {profile.provenance for profile in PROFILES.values()} == {"provisional"}
    assert {profile.source for profile in PROFILES.values()} == {"own model"}


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ConfigError, match="GPRS, LTE_CAT1, 5G, IDEAL"):
        CellularMedium(Random(1), "3G")
