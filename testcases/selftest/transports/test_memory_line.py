from __future__ import annotations

import pytest

from fixtures.scripted_meter import ScriptedMeter
from rig.clock import VirtualClock
from rig.errors import LinkClosedError
from rig.ports.byte_link import Burst, LineSettings, LineTap
from rig.transports.manipulate import Direction, Piece
from rig.transports.memory import MemoryLine

CHARACTER_S = 11 / 2400


class Listener:
    """A device that only listens."""

    def __init__(self, baud: int = 2400) -> None:
        self.baud = baud
        self.bursts: list[Burst] = []

    def connect(self, tap: LineTap) -> None:
        self.tap = tap

    def receive(self, burst: Burst) -> None:
        self.bursts.append(burst)


def line_with(*devices: Listener | ScriptedMeter, echo: bool = False) -> MemoryLine:
    line = MemoryLine("bus", VirtualClock(), echo=echo)
    for device in devices:
        line.attach(device)
    return line


def test_a_burst_takes_its_time_on_the_line() -> None:
    device = Listener()
    line = line_with(device)
    sent = line.master().write(b"\x68" * 16)
    assert sent.start_s == 0.0
    assert sent.end_s == pytest.approx(16 * CHARACTER_S)
    assert device.bursts == []
    line.clock.advance_to(1.0)
    assert device.bursts == [sent]


def test_two_writes_follow_each_other() -> None:
    device = Listener()
    line = line_with(device)
    first = line.master().write(b"\x01\x02")
    second = line.master().write(b"\x03")
    assert second.start_s == first.end_s
    line.clock.advance_to(1.0)
    assert [burst.data for burst in device.bursts] == [b"\x01\x02", b"\x03"]


def test_answer_has_exact_times_and_is_heard_by_the_others() -> None:
    answering, other = Listener(), Listener()
    line = line_with(answering, other)
    line.clock.advance_to(2.0)
    answering.tap.send(b"\x10\x20\x30", delay_s=0.1)
    burst = line.master().read(deadline_s=5.0)
    assert burst is not None
    assert burst.start_s == pytest.approx(2.1)
    assert burst.end_s == pytest.approx(2.1 + 3 * CHARACTER_S)
    assert line.clock.now_s() == burst.end_s
    assert other.bursts == [burst]
    assert answering.bursts == []


def test_read_gives_none_at_the_deadline() -> None:
    line = line_with(Listener())
    assert line.master().read(deadline_s=0.5) is None
    assert line.clock.now_s() == 0.5


def test_pauses_between_characters_make_single_bursts() -> None:
    device = Listener()
    line = line_with(device)
    device.tap.send(b"\x01\x02\x03", byte_gap_s=0.2)
    bursts = [line.master().read(deadline_s=5.0) for _ in range(3)]
    assert [burst.data for burst in bursts if burst] == [b"\x01", b"\x02", b"\x03"]
    assert bursts[0] is not None
    assert bursts[1] is not None
    assert bursts[1].start_s - bursts[0].end_s == pytest.approx(0.2)


def test_another_rate_is_heard_as_garbage() -> None:
    device = Listener(baud=9600)
    line = line_with(device)
    data = bytes.fromhex("68610100000000681104333334331a16")
    line.master().write(data)
    line.clock.advance_to(1.0)
    assert data not in b"".join(burst.data for burst in device.bursts)
    line.master().reconfigure(LineSettings(baud=9600))
    line.master().write(data)
    line.clock.advance_to(2.0)
    assert device.bursts[-1].data == data


def test_another_parity_is_not_understood() -> None:
    device = Listener()
    line = line_with(device)
    line.master().reconfigure(LineSettings(parity="O"))
    line.master().write(b"\x68\x01\x16")
    line.clock.advance_to(1.0)
    assert device.bursts == []


def test_answer_at_another_rate_is_garbage_for_the_master() -> None:
    device = Listener()
    line = line_with(device)
    device.tap.send(b"\x68\x11\x22\x33\x16", baud=1200)
    burst = line.master().read(deadline_s=1.0)
    assert burst is None or burst.data != b"\x68\x11\x22\x33\x16"


def test_overlapping_answers_collide() -> None:
    one, two, third = Listener(), Listener(), Listener()
    line = line_with(one, two, third)
    one.tap.send(b"\x68\x55\xf0\x16", delay_s=0.05)
    two.tap.send(b"\x68\xaa\x0f\x17", delay_s=0.05)
    burst = line.master().read(deadline_s=1.0)
    assert burst is not None
    assert burst.data == b"\x68\x00\x00\x16"
    assert third.bursts[0].data == burst.data
    assert [device.bursts for device in (one, two)] == [[], []]
    assert line.master().read(deadline_s=2.0) is None


def test_shifted_collision_spoils_what_overlaps() -> None:
    one, two = Listener(), Listener()
    line = line_with(one, two)
    one.tap.send(b"\x11\x22\x33\x44", delay_s=0.05)
    two.tap.send(b"\xf5\xf6", delay_s=0.05 + 3.5 * CHARACTER_S)
    burst = line.master().read(deadline_s=1.0)
    assert burst is not None
    assert burst.data[:3] == b"\x11\x22\x33"
    assert burst.data[3:4] != b"\x44"
    assert burst.end_s == pytest.approx(0.05 + 5.5 * CHARACTER_S)


def test_answers_one_after_the_other_do_not_collide() -> None:
    one, two = Listener(), Listener()
    line = line_with(one, two)
    one.tap.send(b"\x11\x22")
    two.tap.send(b"\x33", delay_s=2 * CHARACTER_S)
    assert [line.master().read(deadline_s=1.0) for _ in range(2)] == [
        Burst(b"\x11\x22", 0.0, 2 * CHARACTER_S),
        Burst(b"\x33", 2 * CHARACTER_S, 3 * CHARACTER_S),
    ]


def test_master_that_talks_into_an_answer_is_deaf_meanwhile() -> None:
    device, other = Listener(), Listener()
    line = line_with(device, other)
    device.tap.send(b"\x01\x02\x03\x04")
    sent = line.master().write(b"\xff\xff")
    burst = line.master().read(deadline_s=1.0)
    assert burst is not None
    assert burst.data == b"\x03\x04"
    assert burst.start_s == pytest.approx(sent.end_s)
    assert device.bursts == []
    assert other.bursts[0].data == b"\x01\x02\x03\x04"


def test_echo_when_the_adapter_hears_itself() -> None:
    line = line_with(Listener(), echo=True)
    sent = line.master().write(b"\x01\x02")
    assert line.master().read(deadline_s=1.0) == sent


class Twice:
    def apply(self, direction: Direction, pieces: list[Piece]) -> list[Piece]:
        if direction == "request":
            return pieces
        return [*pieces, *(Piece(piece.data, piece.start_s + 0.3) for piece in pieces)]


class Swallow:
    def apply(self, direction: Direction, pieces: list[Piece]) -> list[Piece]:
        return [] if direction == "request" else pieces


def test_manipulator_duplicates_an_answer() -> None:
    device = Listener()
    line = line_with(device)
    line.manipulators.append(Twice())
    device.tap.send(b"\x01", delay_s=0.1)
    starts = [burst.start_s for _ in range(2) if (burst := line.master().read(deadline_s=1.0))]
    assert starts == [pytest.approx(0.1), pytest.approx(0.4)]


def test_manipulator_swallows_a_request() -> None:
    device = Listener()
    line = line_with(device)
    line.manipulators.append(Swallow())
    line.master().write(b"\x01")
    line.clock.advance_to(1.0)
    assert device.bursts == []


def test_early_pieces_never_start_in_the_past() -> None:
    class Early:
        def apply(self, direction: Direction, pieces: list[Piece]) -> list[Piece]:  # noqa: ARG002
            return [Piece(piece.data, -5.0) for piece in pieces]

    device = Listener()
    line = line_with(device)
    line.manipulators.append(Early())
    line.clock.advance_to(1.0)
    device.tap.send(b"\x01", delay_s=0.1)
    burst = line.master().read(deadline_s=2.0)
    assert burst is not None
    assert burst.start_s == 1.0


def test_discard_input_returns_what_was_there() -> None:
    device = Listener()
    line = line_with(device)
    device.tap.send(b"\x01\x02")
    line.clock.advance_to(1.0)
    assert line.master().discard_input() == b"\x01\x02"
    assert line.master().discard_input() == b""


def test_closed_link_is_refused() -> None:
    link = line_with(Listener()).master()
    link.close()
    link.close()
    with pytest.raises(LinkClosedError, match="bus is closed"):
        link.write(b"\x01")
    with pytest.raises(LinkClosedError):
        link.read(1.0)
