from __future__ import annotations

import threading
import time

import pytest

from fixtures.scripted_meter import ScriptedMeter
from rig.clock import VirtualClock
from rig.errors import BenchError
from rig.protocols.dlt645.frame import encode
from rig.protocols.dlt645.messages import read_data
from rig.transports.bus import Bus
from rig.transports.memory import MemoryLine
from rig.transports.record import Recorder

REQUEST = encode(read_data("000000000161", 0x00010000))


def make_bus(lease_timeout_s: float = 1.0) -> Bus:
    line = MemoryLine("bus1", VirtualClock())
    line.attach(ScriptedMeter())
    return Bus(line.master(), Recorder(line.clock), lease_timeout_s=lease_timeout_s)


def test_transaction_ends_when_it_is_complete() -> None:
    bus = make_bus()
    done = bus.transact(REQUEST, listen_s=2.0, complete=lambda data: data.endswith(b"\x16"))
    assert done.data.startswith(b"\x68\x61")
    assert bus.clock.now_s() == done.received[-1].end_s == bus.quiet_since_s


def test_transaction_listens_as_long_as_it_is_told() -> None:
    bus = make_bus()
    done = bus.transact(REQUEST, listen_s=2.0)
    assert len(done.received) == 1
    assert bus.clock.now_s() == pytest.approx(done.sent.end_s + 2.0)


def test_a_turn_that_is_never_given_back_is_a_bench_error() -> None:
    bus = make_bus(lease_timeout_s=0.05)
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with bus.turn():
            taken.set()
            done.wait(5)

    holder = threading.Thread(target=hold, name="greedy")
    holder.start()
    taken.wait(5)
    with pytest.raises(BenchError, match=r"bus1: no turn within 0\.05 s, held by greedy"):
        bus.transact(REQUEST, listen_s=0.0)
    done.set()
    holder.join(5)
    assert bus.transact(REQUEST, listen_s=1.0).data


def test_exchanges_of_threads_do_not_mix() -> None:
    bus = make_bus(lease_timeout_s=10.0)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(20):
            with bus.turn():
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert max(most) == 1


def test_the_same_thread_may_enter_twice() -> None:
    bus = make_bus()
    with bus.turn(), bus.turn():
        assert bus.transact(REQUEST, listen_s=1.0).data


def test_what_is_thrown_away_is_recorded() -> None:
    bus = make_bus()
    bus.write(REQUEST)
    bus.clock.wait_until(5.0)
    assert bus.discard_input()
    assert bus.discard_input() == b""
    assert bus.recorder is not None
    assert [record.direction for record in bus.recorder.since()] == ["request", "answer"]


def test_bus_shows_its_link() -> None:
    bus = make_bus()
    assert (bus.name, bus.settings.baud, bus.timing_uncertainty_s) == ("bus1", 2400, 0.0)
    bus.close()
    with pytest.raises(BenchError):
        bus.write(b"\x68")
