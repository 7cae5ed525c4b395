"""Whatever happens on the line: a read ends, gives the right value or an error, and the next one works."""

from __future__ import annotations

import contextlib
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.scripted_meter import ScriptedMeter
from rig.clock import VirtualClock
from rig.errors import LinkTimeout, RemoteProtocolError
from rig.exchange.exchange import ExchangeTiming
from rig.exchange.master import LONGEST_S
from rig.sessions.meter import MeterSession
from rig.transports.bus import Bus
from rig.transports.manipulate import Direction, Piece
from rig.transports.memory import MemoryLine

NOISE = st.one_of(
    st.binary(min_size=1, max_size=20),
    st.sampled_from([b"\x68", b"\x68" * 8, b"\xfe" * 5, b"\x16", bytes.fromhex("689999999999996891c8")]),
)
FAULTS = st.one_of(
    st.tuples(st.just("before"), NOISE, st.floats(0, 0.6)),
    st.tuples(st.just("after"), NOISE, st.floats(0, 0.6)),
    st.tuples(st.just("late"), st.just(b""), st.floats(0, 2.5)),
    st.tuples(st.just("early"), st.just(b""), st.floats(0, 0.5)),
    st.tuples(st.just("twice"), st.just(b""), st.floats(0, 1.5)),
    st.tuples(st.just("cut"), st.just(b""), st.floats(0, 1)),
    st.tuples(st.just("split"), st.just(b""), st.floats(0, 1)),
    st.tuples(st.just("flip"), st.just(b""), st.floats(0, 0.999)),
    st.tuples(st.just("swallow"), st.just(b""), st.just(0.0)),
)


class Fault:
    """One fault on one direction."""

    def __init__(self, direction: Direction, fault: tuple[str, bytes, float]) -> None:
        self.direction = direction
        self.kind, self.noise, self.amount = fault

    def apply(self, direction: Direction, pieces: list[Piece]) -> list[Piece]:
        if direction != self.direction or not pieces or not pieces[0].data:
            return pieces
        first = pieces[0]
        return [*self.change(first), *pieces[1:]]

    def change(self, piece: Piece) -> list[Piece]:
        data, start_s = piece.data, piece.start_s
        length_s = len(data) * 11 / 2400
        middle = int(len(data) * min(self.amount, 0.99))
        changed = {
            "before": [Piece(self.noise, start_s - self.amount), piece],
            "after": [piece, Piece(self.noise, start_s + length_s + self.amount)],
            "late": [Piece(data, start_s + self.amount)],
            "early": [Piece(data, start_s - self.amount)],
            "twice": [piece, Piece(data, start_s + length_s + self.amount)],
            "cut": [Piece(data[:middle], start_s)],
            "split": [
                Piece(data[:middle], start_s),
                Piece(data[middle:], start_s + middle * 11 / 2400 + self.amount),
            ],
            "flip": [Piece(data[:middle] + bytes((data[middle] ^ 0x10,)) + data[middle + 1 :], start_s)],
            "swallow": [],
        }
        return changed[self.kind]


@given(
    st.lists(st.tuples(st.sampled_from(["request", "answer"]), FAULTS), max_size=3),
    st.integers(0, 2),
)
@settings(deadline=None, max_examples=200)
def test_a_disturbed_line_never_gives_a_wrong_value(
    faults: list[tuple[Direction, tuple[str, bytes, float]]], retries: int
) -> None:
    line = MemoryLine("bus", VirtualClock())
    values = {0x00010000: bytes.fromhex("11111111"), 0x00020000: bytes.fromhex("22222222")}
    line.attach(ScriptedMeter(items=values))
    session = MeterSession(Bus(line.master()), address="000000000161", timing=ExchangeTiming(retries=retries))
    line.manipulators.extend(Fault(*fault) for fault in faults)
    for di, value in ((0x00010000, "111111.11"), (0x00020000, "222222.22")):
        began_s = line.clock.now_s()
        with contextlib.suppress(LinkTimeout, RemoteProtocolError):
            assert session.read(di).value == Decimal(value)
        assert line.clock.now_s() - began_s < (retries + 1) * (LONGEST_S + 1)
    line.manipulators.clear()
    # longer than everything held back can still arrive, so that what follows is an undisturbed line
    line.clock.wait_until(line.clock.now_s() + 20.0)
    assert session.read(0x00020000).value == Decimal("222222.22")
    assert session.read(0x00010000).value == Decimal("111111.11")
