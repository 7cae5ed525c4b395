"""The collector: its meters, the search on its line, its carrier side and its uplink."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from rig.errors import ConfigError
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.sessions.acceptor import Acceptor
from rig.sessions.terminal import TerminalSession
from rig.transports.memory_stream import MemoryNetwork
from rig.twin.build import EmulatedMeter, build_meter
from rig.twin.build_collector import EmulatedCollector, build_collector
from rig.twin.devices.collector_config import CollectorConfig, CollectorMeter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.config import TerminalConfig
from rig.twin.engine import Engine

ENERGY = 0x00010000


def read(address: str) -> bytes:
    return encode(messages.read_data(address, ENERGY))


@dataclass
class Setup:
    engine: Engine
    device: EmulatedCollector
    meters: dict[str, EmulatedMeter]
    answers: list[tuple[str, bytes | None]] = field(default_factory=list)

    def exchange(self, address: str, frame: bytes = b"") -> None:
        self.device.node.exchange(
            address, frame or read(address), lambda data: self.answers.append((address, data))
        )

    def run(self, seconds: float = 600.0) -> None:
        clock = self.engine.clock
        assert clock.wait_until(clock.now_s() + seconds, lambda: not self.device.collector.busy)


def build(
    addresses: list[str],
    *,
    known: list[str] | None = None,
    bauds: dict[str, int] | None = None,
    **fixed: object,
) -> Setup:
    engine = Engine(11)
    listed = tuple(CollectorMeter(address) for address in (addresses if known is None else known))
    config = CollectorConfig(meters=listed, **fixed)  # type: ignore[arg-type]
    device = build_collector(engine, config)
    meters = {}
    for number, address in enumerate(addresses, start=1):
        baud = (bauds or {}).get(address, 2400)
        meters[address] = build_meter(
            engine, None, MeterConfig(address=address, baud=baud, energy_wh=((10.0 * number,), (0.0,)))
        )
        device.line.attach(meters[address].wire)
    return Setup(engine, device, meters)


ADDRESSES = [f"{number:012d}" for number in (101, 102, 7102, 20077, 990077)]


def test_the_node_hands_frames_to_its_meters_and_keeps_answers_apart() -> None:
    setup = build(ADDRESSES)
    for address in ADDRESSES:
        setup.exchange(address)
    setup.run()
    assert [address for address, _ in setup.answers] == ADDRESSES
    for number, (address, data) in enumerate(setup.answers, start=1):
        frame = decode_frame(data or b"")
        assert frame.address == address
        assert frame.data[4] == number


def test_strangers_and_a_dark_collector_are_silent() -> None:
    setup = build(ADDRESSES, known=ADDRESSES[:2])
    setup.exchange(ADDRESSES[3])
    assert setup.answers == [(ADDRESSES[3], None)]
    setup.exchange(ADDRESSES[0])
    setup.device.collector.cut_power()
    setup.exchange(ADDRESSES[1])
    setup.engine.clock.advance_to(100.0)
    assert setup.answers[1:] == [(ADDRESSES[1], None)]
    setup.device.collector.restore_power()
    setup.exchange(ADDRESSES[0])
    setup.run()
    assert setup.answers[-1][1] is not None


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_search_finds_every_meter_on_the_line(count: int) -> None:
    setup = build(ADDRESSES[:count], known=[], search_bauds=(2400,))
    found: list[tuple[str, ...]] = []
    setup.device.collector.search(found.append)
    setup.run(3600.0)
    assert sorted(found[0]) == sorted(ADDRESSES[:count])
    setup.exchange(ADDRESSES[0])
    setup.run()
    assert setup.answers[-1][1] is not None


def test_a_search_looks_at_every_rate_and_remembers_it() -> None:
    setup = build(ADDRESSES[:2], known=[], bauds={ADDRESSES[1]: 9600})
    found: list[tuple[str, ...]] = []
    setup.device.collector.search(found.append)
    setup.run(3600.0)
    assert sorted(found[0]) == sorted(ADDRESSES[:2])
    assert setup.device.collector.meters[ADDRESSES[1]].baud == 9600
    setup.exchange(ADDRESSES[1])
    setup.run()
    assert setup.answers[-1][1] is not None


def test_an_empty_line_finds_nobody() -> None:
    setup = build([], known=[])
    found: list[tuple[str, ...]] = []
    setup.device.collector.search(found.append)
    setup.run()
    assert found == [()]


def test_no_more_than_its_capacity_is_taken() -> None:
    setup = build(ADDRESSES, known=[], capacity=3, search_bauds=(2400,))
    setup.device.collector.search(lambda _: None)
    setup.run(3600.0)
    assert len(setup.device.collector.meters) == 3
    with pytest.raises(ConfigError):
        CollectorConfig(capacity=1, meters=(CollectorMeter("1" * 12), CollectorMeter("2" * 12)))
    with pytest.raises(ConfigError):
        CollectorConfig(capacity=33)


def test_an_uplink_without_a_network_is_refused() -> None:
    with pytest.raises(ConfigError):
        build_collector(Engine(1), CollectorConfig(uplink=TerminalConfig(role="collector")))


def test_the_command_center_reads_through_the_uplink() -> None:
    engine = Engine(12)
    network = MemoryNetwork(engine.clock)
    session = TerminalSession(Acceptor(network, "10.0.0.1:7000", engine.clock), engine.clock)
    entries = (MeterEntry(1, ADDRESSES[0], port=1), MeterEntry(2, ADDRESSES[1], port=1, speed_code=6))
    uplink = TerminalConfig(role="collector", meters=entries)
    device = build_collector(engine, CollectorConfig(uplink=uplink), network=network)
    for number, baud in ((0, 2400), (1, 9600)):
        meter = build_meter(
            engine, None, MeterConfig(address=ADDRESSES[number], baud=baud, energy_wh=((123450.0,), (0.0,)))
        )
        device.line.attach(meter.wire)
    session.wait_login(120.0)
    answer = session.forward(1, read(ADDRESSES[0]))
    assert decode_frame(answer.forwarded).data[4:] == bytes.fromhex("45230100")
    answer = session.read_realtime([1, 2], [129])
    assert [str(answer.unit(point, 129).values[2].value) for point in (1, 2)] == ["123.4500", "123.4500"]  # type: ignore[union-attr]
    assert device.collector.speaks_for(ADDRESSES[1]), "the archive tells the carrier side, too"
