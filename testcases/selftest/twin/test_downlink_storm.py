"""Whatever the lines do, every request to a port is answered exactly once, and only with its own meter's words."""

from __future__ import annotations

import random
from functools import partial

import pytest

from fixtures.plain_module import PlainModule
from rig.clock import VirtualClock
from rig.ports.byte_link import LineSettings
from rig.ports.meter_port import MeterPort
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.transports.memory import MemoryLine
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.downlink.carrier import CarrierPort
from rig.twin.downlink.modbus import ModbusPort
from rig.twin.downlink.rs485 import Rs485Port
from rig.twin.engine import Engine
from rig.twin.faults import fault_by_name
from rig.twin.wire.modbus import ModbusWire

ITEMS = (0x00010000, 0x00020000, 0x02010100, 0x04000101)
FAULTS = (
    "bit-flip:30%",
    "drop:30%",
    "truncate:0",
    "duplicate:40%",
    "collision:30%",
    "late:400ms",
    "gap:200ms",
    "noise-before:9",
    "noise-after:7",
    "request-bit-flip:30%",
    "request-drop:30%",
    "echo",
)


class Book:
    """Who asked what, and what came back how often."""

    def __init__(self, port: MeterPort, draw: random.Random, addresses: list[str]) -> None:
        self.port = port
        self.draw = draw
        self.addresses = addresses
        self.answers: dict[int, list[bytes | None]] = {}
        self.asked: dict[int, tuple[str, int]] = {}

    def ask(self) -> None:
        number = len(self.asked)
        address, di = self.draw.choice(self.addresses), self.draw.choice(ITEMS)
        self.asked[number] = address, di
        self.answers[number] = []
        self.port.request(address, encode(messages.read_data(address, di)), self.answers[number].append)

    def check(self) -> int:
        """Every request once, every answer the asked meter's own; how many were read."""
        read = 0
        for number, (address, di) in self.asked.items():
            assert len(self.answers[number]) == 1, (number, self.answers[number])
            octets = self.answers[number][0]
            if octets is None:
                continue
            frame = decode_frame(octets)
            assert frame.address == address
            assert frame.abnormal or frame.data[:4] == di.to_bytes(4, "little")
            read += 1
        return read


def storm(clock: VirtualClock, book: Book, draw: random.Random, count: int = 60) -> None:
    for _ in range(count):
        clock.call_at(draw.uniform(0.0, 60.0), book.ask)
    for _ in range(4):
        clock.call_at(
            draw.uniform(0.0, 60.0), partial(book.port.broadcast, encode(messages.freeze("999999999999")))
        )
    clock.advance_to(60.0)
    assert clock.wait_until(20_000.0, lambda: not book.port.busy)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", ["rs485", "modbus"])
def test_storm_on_a_bus(seed: int, kind: str) -> None:
    draw = random.Random(f"{kind} {seed}")
    engine = Engine(seed)
    line = MemoryLine("bus", engine.clock, LineSettings(9600))
    addresses = [f"{draw.randrange(1, 10**9) * 100 + n:012d}" for n in range(1, 6)]
    for address in addresses[:-1]:
        meter = build_meter(engine, None, MeterConfig(address=address, baud=9600))
        line.attach(meter.wire if kind == "rs485" else ModbusWire(meter.wire))
    names = draw.sample(FAULTS, 3)
    line.manipulators += [fault_by_name(name, seed=seed + place) for place, name in enumerate(names)]
    port = Rs485Port(baud=9600) if kind == "rs485" else ModbusPort()
    port.put_on(line)
    book = Book(port, draw, addresses)
    storm(engine.clock, book, draw)
    book.check()


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("reading", ["point", "concurrent"])
def test_storm_on_a_module(seed: int, reading: str) -> None:
    draw = random.Random(f"{reading} {seed}")
    engine = Engine(seed)
    clock = engine.clock
    line = MemoryLine("module", clock, LineSettings(9600), duplex="full")
    addresses = [f"{draw.randrange(1, 10**11):012d}" for _ in range(8)]
    meters = {name: build_meter(engine, None, MeterConfig(address=name)) for name in addresses[:-1]}
    module = PlainModule({name: meter.wire.respond for name, meter in meters.items()})
    module.most_reads = draw.randrange(1, 6)
    module.node_delay_s = draw.uniform(0.05, 2.0)
    line.attach(module)
    port = CarrierPort(
        reading=reading,  # type: ignore[arg-type]
        side_by_side=draw.randrange(1, 9),
        messages_a_frame=draw.randrange(1, 4),
        archive=dict.fromkeys(addresses, 2),
    )
    port.put_on(line)
    book = Book(port, draw, addresses)
    for _ in range(draw.randrange(4)):
        clock.call_at(draw.uniform(0.0, 60.0), module.restart)
    for _ in range(10):
        clock.call_at(draw.uniform(0.0, 60.0), lambda: module.tap.send(draw.randbytes(draw.randrange(1, 40))))
    for _ in range(3):
        clock.call_at(draw.uniform(0.0, 60.0), lambda: port.set_archive(draw.sample(addresses, 6)))
    storm(clock, book, draw)
    assert book.check() > 0
