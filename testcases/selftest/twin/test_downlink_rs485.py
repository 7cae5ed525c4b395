"""The RS-485 master against emulated meters on a line in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from rig.exchange.exchange import ExchangeTiming
from rig.ports.byte_link import Burst, LineSettings, LineTap
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.transports.manipulate import LineManipulator
from rig.transports.memory import MemoryLine
from rig.twin.build import EmulatedMeter, build_meter
from rig.twin.devices.meter_clock import to_epoch
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.downlink.line_master import within
from rig.twin.downlink.rs485 import RS485_TIMING, Rs485Port
from rig.twin.engine import Engine
from rig.twin.faults import fault_by_name

ENERGY = 0x00010000


def address(number: int) -> str:
    return f"{number:012d}"


def read(number: int, di: int = ENERGY) -> bytes:
    return encode(messages.read_data(address(number), di))


@dataclass
class Setup:
    engine: Engine
    line: MemoryLine
    port: Rs485Port
    meters: dict[int, EmulatedMeter]
    answers: list[tuple[int, bytes | None, float]] = field(default_factory=list)

    def ask(self, number: int, di: int = ENERGY, **more: float) -> None:
        def done(data: bytes | None) -> None:
            self.answers.append((number, data, self.engine.clock.now_s()))

        self.port.request(address(number), read(number, di), done, **more)  # type: ignore[arg-type]

    def run(self, seconds: float = 120.0) -> None:
        clock = self.engine.clock
        assert clock.wait_until(clock.now_s() + seconds, lambda: not self.port.busy)


def build(
    count: int = 3,
    *,
    baud: int = 2400,
    timing: ExchangeTiming = RS485_TIMING,
    faults: tuple[LineManipulator, ...] = (),
) -> Setup:
    engine = Engine(3)
    line = MemoryLine("rs485", engine.clock, LineSettings(baud))
    meters = {}
    for number in range(1, count + 1):
        config = MeterConfig(address=address(number), baud=baud, energy_wh=((1000.0 * number,), (0.0,)))
        meters[number] = build_meter(engine, None, config)
        line.attach(meters[number].wire)
    line.manipulators.extend(faults)
    port = Rs485Port(baud=baud, timing=timing)
    port.put_on(line)
    return Setup(engine, line, port, meters)


def kwh(data: bytes | None) -> int:
    assert data is not None
    return int(decode_frame(data).data[4:8][::-1].hex()) // 100


def test_thirty_two_meters_are_read_in_turn_each_with_its_own_register() -> None:
    setup = build(32, baud=9600)
    for number in range(1, 33):
        setup.ask(number)
    setup.run()
    assert [(number, kwh(data)) for number, data, _ in setup.answers] == [(n, n) for n in range(1, 33)]
    assert setup.port.statistics.attempts == 32


def test_answers_come_without_wake_up_octets() -> None:
    setup = build(1)
    setup.ask(1)
    setup.run()
    assert (setup.answers[0][1] or b"")[0] == 0x68


def test_a_silent_meter_is_asked_three_times_then_given_up_and_others_go_on() -> None:
    setup = build(2)
    setup.ask(9)
    setup.ask(2)
    setup.run()
    assert setup.answers[0][:2] == (9, None)
    assert kwh(setup.answers[1][1]) == 2
    assert setup.port.statistics.attempts == 4
    # three requests of 16 octets at 2400 bit/s, three waits of a second, and the pauses between them
    assert setup.answers[0][2] == pytest.approx(3 * (16 * 11 / 2400 + 1.0) + 2 * 0.0, abs=0.1)


def test_a_noisy_answer_is_asked_again() -> None:
    setup = build(1, faults=(fault_by_name("bit-flip:40%", seed=5),))
    for _ in range(10):
        setup.ask(1)
    setup.run()
    assert sum(data is not None for _, data, _ in setup.answers) >= 8
    assert all(kwh(data) == 1 for _, data, _ in setup.answers if data)
    assert setup.port.statistics.attempts > 10


@pytest.mark.parametrize("fault", ["noise-before:6", "gap:300ms", "echo", "noise-after:4"])
def test_noise_around_an_answer_does_not_cost_it(fault: str) -> None:
    setup = build(1, faults=(fault_by_name(fault, seed=2),))
    setup.ask(1)
    setup.run()
    assert kwh(setup.answers[0][1]) == 1
    assert setup.port.statistics.attempts == 1


def test_a_long_answer_that_began_in_time_is_heard_to_its_end() -> None:
    setup = build(1, baud=600)
    setup.ask(1, 0x0001FF00)
    setup.run()
    assert len(setup.answers[0][1] or b"") > 30
    assert setup.port.statistics.attempts == 1


def test_an_answer_of_another_meter_is_not_taken() -> None:
    setup = build(2)
    wire = setup.meters[1].wire
    wire.answer_filters.append(lambda _, answer: answer.answer(answer.data, address=address(2)))
    setup.ask(1)
    setup.run()
    assert setup.answers[0][1] is None
    assert setup.port.statistics.ignored == 3


def test_the_line_rests_between_frames() -> None:
    setup = build(2, timing=ExchangeTiming(turnaround_s=0.2))
    starts: list[tuple[str, float, float]] = []
    setup.line.observer = lambda _, direction, __, start, end: starts.append((direction, start, end))
    setup.ask(1)
    setup.ask(2)
    setup.run()
    assert [direction for direction, _, _ in starts] == ["request", "answer", "request", "answer"]
    assert starts[2][1] - starts[1][2] == pytest.approx(0.2)


def test_each_meter_is_read_at_its_own_rate() -> None:
    setup = build(1, baud=2400)
    fast = build_meter(setup.engine, None, MeterConfig(address=address(7), baud=9600))
    setup.line.attach(fast.wire)
    setup.port.rates[address(7)] = 9600
    setup.ask(7)
    setup.ask(1)
    setup.ask(7, baud=2400)
    setup.run()
    assert [data is not None for _, data, _ in setup.answers] == [True, True, False]


def test_a_broadcast_goes_first_at_every_rate_and_carries_the_time_of_its_start() -> None:
    setup = build(2, baud=2400)
    fast = build_meter(setup.engine, None, MeterConfig(address=address(7), baud=9600))
    setup.line.attach(fast.wire)
    setup.port.rates[address(7)] = 9600
    setup.ask(9)
    setup.ask(1)
    when = setup.engine.clock.wall() + timedelta(seconds=100)
    done: list[float] = []
    setup.port.broadcast(
        encode(messages.broadcast_time(when)), lambda: done.append(setup.engine.clock.now_s())
    )
    setup.run()
    assert setup.answers[0][0] == 9
    assert setup.answers[0][2] < done[0] < setup.answers[1][2]
    wanted_s = to_epoch(when) + setup.engine.clock.now_s()
    for meter in (setup.meters[1], setup.meters[2], fast):
        shown_s = meter.meter.clock.epoch_at(setup.engine.clock.now_s())
        assert shown_s == pytest.approx(wanted_s, abs=1.0)


def test_octets_of_another_protocol_end_with_the_silence_behind_them() -> None:
    class Parrot:
        baud = 2400

        def connect(self, tap: LineTap) -> None:
            self.tap = tap

        def receive(self, burst: Burst) -> None:
            self.tap.send(burst.data[::-1], delay_s=0.05)

    setup = build(0)
    setup.line.attach(Parrot())
    got: list[bytes | None] = []
    setup.port.request(address(1), b"\x01\x03\x00\x00", got.append, protocol=0)
    setup.port.request(address(1), b"not a frame", got.append)
    setup.run()
    assert got == [b"\x00\x00\x03\x01", b"emarf a ton"]


def test_a_single_request_may_wait_longer_or_shorter() -> None:
    setup = build(1, timing=ExchangeTiming(turnaround_s=3.0))
    setup.meters[1].wire.delay_s = lambda: 2.0
    setup.ask(1)
    setup.ask(1, wait_s=3.0)
    setup.run()
    assert setup.answers[0][1] is None
    assert setup.answers[1][1] is not None


@pytest.mark.parametrize(
    ("wait_s", "one_s", "retries"),
    [(0.0, 1.0, 2), (0.5, 0.5, 0), (2.0, 1.0, 1), (3.0, 1.0, 2), (12.0, 4.0, 2)],
)
def test_a_wait_covers_the_repetitions(wait_s: float, one_s: float, retries: int) -> None:
    timing = within(RS485_TIMING, wait_s)
    assert (timing.wait_s, timing.retries) == (one_s, retries)


def test_a_line_that_is_never_quiet_is_given_up_in_time() -> None:
    class Babbler:
        baud = 2400

        def connect(self, tap: LineTap) -> None:
            self.tap = tap
            tap.clock.call_at(0.0, self.talk)

        def talk(self) -> None:
            self.tap.send(b"\x55")
            self.tap.clock.call_at(self.tap.clock.now_s() + 0.015, self.talk)

        def receive(self, burst: Burst) -> None:
            """Deaf."""

    setup = build(1)
    setup.line.attach(Babbler())
    setup.ask(1)
    setup.run(60.0)
    assert setup.port.statistics.attempts == 3
    assert setup.answers[0][1] is None


def test_forgetting_calls_nobody() -> None:
    setup = build(2)
    setup.ask(1)
    setup.ask(2)
    setup.port.forget()
    setup.engine.clock.advance_to(60.0)
    assert setup.answers == []
    setup.ask(2)
    setup.run()
    assert len(setup.answers) == 1
