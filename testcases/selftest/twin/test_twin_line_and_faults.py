"""The meter on a memory line: delays, rates, gaps; and line faults that repeat."""

# ruff: noqa: DTZ001 - meters keep local time without zone
from datetime import datetime

import pytest

from fixtures.raw645 import di, frame, opened
from rig.clock import VirtualClock
from rig.errors import ConfigError
from rig.ports.byte_link import Burst, LineSettings
from rig.transports.manipulate import Piece
from rig.transports.memory import MemoryLine
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.faults import fault_by_name, fault_names
from rig.twin.physics.scene import Scene

ADDRESS = "000000000161"
READ = frame(ADDRESS, 0x11, di(0x00010000))
START = datetime(2026, 3, 2, 8, 0, 0)


def bench(*, defects=(), count=1, seed=1, **config):
    engine = Engine(seed, VirtualClock(START))
    scene = Scene(engine)
    line = MemoryLine("bus", engine.clock, LineSettings(baud=2400))
    devices = []
    for number in range(count):
        values = {"address": f"{161 + number:012d}", "preamble": 0} | config
        device = build_meter(engine, scene, MeterConfig(**values), position=number + 1, defects=defects)
        line.attach(device.wire)
        line.manipulators.extend(device.line_faults)
        devices.append(device)
    return engine, line.master(), devices


def exchange(engine, link, data=READ, listen=2.0):
    sent = link.write(data)
    bursts = []
    deadline = engine.clock.now_s() + listen
    while (burst := link.read(deadline)) is not None:
        bursts.append(burst)
    return sent, bursts


def test_answers_come_after_a_drawn_delay():
    engine, link, _ = bench(delay_from_s=0.1, delay_to_s=0.3)
    delays = []
    for _ in range(20):
        sent, (answer,) = exchange(engine, link)
        delays.append(answer.start_s - sent.end_s)
    assert min(delays) >= 0.1
    assert max(delays) <= 0.3
    assert len(set(delays)) == 20


def test_same_seed_same_bytes_same_times():
    runs = []
    for _ in range(2):
        engine, link, _ = bench(seed=5)
        runs.append([exchange(engine, link)[1] for _ in range(5)])
    assert runs[0] == runs[1]


def test_wrong_rate_is_not_understood_and_a_change_follows_the_answer():
    engine, link, (device,) = bench()
    link.reconfigure(LineSettings(baud=9600))
    assert exchange(engine, link)[1] == []
    link.reconfigure(LineSettings(baud=2400))
    _, (answer,) = exchange(engine, link, frame(ADDRESS, 0x17, b"\x20"))
    assert opened(answer.data) == (ADDRESS, 0x97, b"\x20")
    assert device.wire.baud == 9600
    assert exchange(engine, link)[1] == []
    link.reconfigure(LineSettings(baud=9600))
    assert len(exchange(engine, link)[1]) == 1


@pytest.mark.parametrize(("pause", "answers"), [(0.4, 1), (0.6, 0)])
def test_pause_inside_a_request(pause, answers):
    engine, link, _ = bench()
    link.write(READ[:8])
    engine.clock.advance_to(engine.clock.now_s() + 8 * 11 / 2400 + pause)
    assert len(exchange(engine, link, READ[8:])[1]) == answers
    engine.clock.advance_to(engine.clock.now_s() + 1.0)
    assert len(exchange(engine, link)[1]) == 1


def test_only_the_meter_meant_answers_on_a_shared_line():
    engine, link, _ = bench(count=3)
    for number in range(3):
        _, (answer,) = exchange(engine, link, frame(f"{161 + number:012d}", 0x11, di(0x04000401)))
        assert opened(answer.data)[0] == f"{161 + number:012d}"


def test_wildcard_on_a_shared_line_collides():
    engine, link, _ = bench(count=3, delay_from_s=0.05, delay_to_s=0.06)
    _, bursts = exchange(engine, link, frame("A" * 12, 0x13))
    with pytest.raises((AssertionError, IndexError)):
        opened(b"".join(burst.data for burst in bursts))


def test_partial_request_does_not_hide_the_next_one_after_the_pause():
    engine, link, _ = bench()
    assert exchange(engine, link, READ[:-4], listen=0.7)[1] == []
    assert len(exchange(engine, link)[1]) == 1


def test_unbroken_noise_leaves_nothing_behind():
    _, _, (device,) = bench()
    wire = device.wire
    for number in range(5000):
        start_s = number * 0.1
        wire.receive(Burst(bytes((0x68, number & 0x7F, 0x11, 0x22)), start_s, start_s + 0.1))
    assert wire._held < 3000  # of 20,000 octets
    wire.receive(Burst(READ, 600.0, 600.1))
    assert not wire._held


# --- faults -------------------------------------------------------------------------------------------------------


def apply(text, data=READ, direction="answer", seed=3):
    return fault_by_name(text, seed=seed).apply(direction, [Piece(data)])


@pytest.mark.parametrize("name", sorted(set(fault_names())))
def test_every_fault_repeats_and_keeps_to_its_direction(name):
    direction = "request" if name.startswith("request-") else "answer"
    other = "answer" if direction == "request" else "request"
    assert apply(name, direction=direction) == apply(name, direction=direction)
    if name != "echo":
        assert apply(name, direction=other) == [Piece(READ)]


def test_bit_flip_turns_one_bit():
    (piece,) = apply("bit-flip")
    changed = [a ^ b for a, b in zip(piece.data, READ, strict=True) if a != b]
    assert len(changed) == 1
    assert changed[0].bit_count() == 1


def test_other_faults_do_what_they_say():
    assert apply("drop") == []
    assert apply("truncate:3octets") == [Piece(READ[:-3])]
    assert [piece.data for piece in apply("duplicate")] == [READ, READ]
    assert apply("late-answer:800ms") == [Piece(READ, 0.8)]
    assert apply("early") == [Piece(READ, -10.0)]
    first, second = apply("gap:600ms")
    assert first.data + second.data == READ
    assert second.start_s == pytest.approx(0.6 + len(first.data) * 11 / 2400)
    assert apply("noise-before:4octets")[0].data[4:] == READ
    assert apply("noise-after:4")[0].data[:-4] == READ
    assert len(apply("collision")) == 2


def test_probability_hits_about_as_often():
    fault = fault_by_name("drop:30%", seed=1)
    lost = sum(fault.apply("answer", [Piece(READ)]) == [] for _ in range(1000))
    assert 250 < lost < 350


def test_echo_comes_before_the_answer():
    fault = fault_by_name("echo")
    assert fault.apply("request", [Piece(b"\x01")]) == [Piece(b"\x01")]
    assert fault.apply("answer", [Piece(b"\x02")]) == [Piece(b"\x01\x02")]
    assert fault.apply("answer", [Piece(b"\x02")]) == [Piece(b"\x02")]


@pytest.mark.parametrize(
    ("text", "word"),
    [("bitflip", "bit-flip"), ("late:-1s", "negative"), ("late:3 parsecs", "parsecs"), ("drop:1.5", "probability"),
     ("echo:1", "no parameter"), ("late:x", "not a number")],
)  # fmt: skip
def test_wrong_faults_are_refused(text, word):
    with pytest.raises(ConfigError, match=word):
        fault_by_name(text)


def test_faults_reach_the_line_by_name():
    engine, link, _ = bench(defects=("late:700ms",), delay_from_s=0.1, delay_to_s=0.1)
    sent, (answer,) = exchange(engine, link)
    assert answer.start_s - sent.end_s == pytest.approx(0.8)
