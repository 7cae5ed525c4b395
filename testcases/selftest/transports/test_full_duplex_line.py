"""The serial connection of concentrator and module, and emulated masters."""

from __future__ import annotations

import pytest

from rig.clock import VirtualClock
from rig.errors import BenchError
from rig.ports.byte_link import Burst, LineSettings, LineTap
from rig.transports.memory import MemoryLine

_SETTINGS = LineSettings(baud=9600)


class End:
    """Keeps what it hears, answers when told to."""

    def __init__(self, answer: bytes = b"", baud: int = 9600) -> None:
        self.baud = baud
        self.answer = answer
        self.tap: LineTap | None = None
        self.heard: list[Burst] = []

    def connect(self, tap: LineTap) -> None:
        self.tap = tap

    def receive(self, burst: Burst) -> None:
        self.heard.append(burst)
        if self.answer and self.tap is not None:
            self.tap.send(self.answer)

    def send(self, data: bytes) -> None:
        assert self.tap is not None
        self.tap.send(data)


def test_directions_do_not_disturb_each_other() -> None:
    line = MemoryLine("C2-M1", VirtualClock(), _SETTINGS, duplex="full")
    device = End()
    line.attach(device)
    link = line.master()
    device.send(b"from the module, unasked")
    link.write(b"from the concentrator")
    assert link.read(1.0) == Burst(
        b"from the module, unasked", 0.0, pytest.approx(24 * _SETTINGS.character_time_s)
    )
    assert [burst.data for burst in device.heard] == [b"from the concentrator"]


def test_on_a_bus_the_same_collides() -> None:
    line = MemoryLine("K8-C1", VirtualClock(), _SETTINGS)
    device = End()
    line.attach(device)
    device.send(b"from the module, unasked")
    line.master().write(b"from the concentrator")
    line.master().read(1.0)
    assert [burst.data for burst in device.heard] != [b"from the concentrator"]


def test_one_end_sends_one_thing_after_the_other() -> None:
    line = MemoryLine("C2-M1", VirtualClock(), _SETTINGS, duplex="full")
    device = End()
    line.attach(device)
    device.send(b"first")
    device.send(b"second")
    link = line.master()
    first, second = link.read(1.0), link.read(1.0)
    assert first is not None
    assert second is not None
    assert (first.data, second.data) == (b"first", b"second")
    assert second.start_s == pytest.approx(first.end_s)


def test_full_duplex_joins_two_ends_only() -> None:
    line = MemoryLine("C2-M1", VirtualClock(), _SETTINGS, duplex="full")
    line.attach(End())
    with pytest.raises(BenchError, match="two ends only"):
        line.attach(End())


def test_emulated_master_asks_and_hears_the_answer_by_events() -> None:
    clock = VirtualClock()
    crossed: list[tuple[str, str, bytes]] = []
    line = MemoryLine(
        "C2-M1",
        clock,
        _SETTINGS,
        duplex="full",
        observer=lambda name, direction, data, _start, _end: crossed.append((name, direction, data)),
    )
    master, device = End(), End(answer=b"answer")
    line.attach(device)
    line.attach_master(master)
    master.send(b"one")
    master.send(b"two")
    clock.advance_to(1.0)
    assert [burst.data for burst in device.heard] == [b"one", b"two"]
    assert [burst.data for burst in master.heard] == [b"answer", b"answer"]
    assert crossed[0] == ("C2-M1", "request", b"one")
    assert crossed[-1] == ("C2-M1", "answer", b"answer")


def test_emulated_master_hears_each_answer_on_a_bus() -> None:
    clock = VirtualClock()
    line = MemoryLine("K8-C1", clock, _SETTINGS)
    master, device = End(), End(answer=b"answer")
    line.attach(device)
    line.attach_master(master)
    for at_s in (1.0, 2.0):
        master.send(b"ask")
        clock.advance_to(at_s)
    assert [burst.data for burst in master.heard] == [b"answer", b"answer"]


def test_emulated_master_at_another_rate_hears_garbage() -> None:
    clock = VirtualClock()
    line = MemoryLine("K8-C1", clock, _SETTINGS)
    master, device = End(baud=2400), End()
    line.attach(device)
    line.attach_master(master)
    device.send(b"answer")
    clock.advance_to(1.0)
    assert all(burst.data != b"answer" for burst in master.heard)


def test_tester_and_emulated_master_exclude_each_other() -> None:
    line = MemoryLine("K8-C1", VirtualClock(), _SETTINGS)
    line.attach_master(End())
    with pytest.raises(BenchError, match="emulated master"):
        line.master()
    with pytest.raises(BenchError, match="master already"):
        line.attach_master(End())
    other = MemoryLine("K8-C1", VirtualClock(), _SETTINGS)
    other.master()
    with pytest.raises(BenchError, match="master already"):
        other.attach_master(End())
