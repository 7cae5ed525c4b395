"""The carrier port against the emulated local module, with meters and a collector on its medium."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from rig.ports.byte_link import LineSettings
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.transports.memory import MemoryLine
from rig.twin.build import EmulatedMeter, build_meter
from rig.twin.build_collector import build_collector
from rig.twin.build_module import EmulatedModule, build_module
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.devices.collector_config import CollectorConfig, CollectorMeter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.downlink.carrier import CarrierPort
from rig.twin.engine import Engine
from rig.twin.media.nodes import MediumNode, MeterNode

ENERGY = 0x00010000


@dataclass
class Setup:
    engine: Engine
    module: EmulatedModule
    port: CarrierPort
    meters: dict[str, EmulatedMeter]
    answers: list[tuple[str, bytes | None]] = field(default_factory=list)

    def ask(self, address: str) -> None:
        frame = encode(messages.read_data(address, ENERGY))
        self.port.request(address, frame, lambda data: self.answers.append((address, data)))

    def run(self, seconds: float = 3600.0) -> None:
        clock = self.engine.clock
        assert clock.wait_until(clock.now_s() + seconds, lambda: not self.port.busy)


def meter(engine: Engine, number: int) -> EmulatedMeter:
    config = MeterConfig(address=f"{number:012d}", energy_wh=((10.0 * number,), (0.0,)))
    return build_meter(engine, None, config)


def build(single: int = 6, behind: int = 4, **options: object) -> Setup:
    engine = Engine(21)
    meters = {f"{n:012d}": meter(engine, n) for n in range(1, single + behind + 1)}
    nodes: list[MediumNode] = [
        MeterNode(device.wire, engine, address) for address, device in list(meters.items())[:single]
    ]
    if behind:
        boxed = list(meters)[single:]
        collector = build_collector(
            engine, CollectorConfig(meters=tuple(CollectorMeter(address) for address in boxed))
        )
        for address in boxed:
            collector.line.attach(meters[address].wire)
        nodes.append(collector.node)
    module = build_module(engine, None, ModuleConfig(), nodes=nodes)
    line = MemoryLine("module", engine.clock, LineSettings(module.config.baud), duplex="full")
    line.attach(module.wire)
    port = CarrierPort("000000000088", archive=dict.fromkeys(meters, 2), baud=module.config.baud, **options)  # type: ignore[arg-type]
    port.put_on(line)
    assert engine.clock.wait_until(300.0, lambda: port.ready)
    return Setup(engine, module, port, meters)


@pytest.mark.parametrize("reading", ["point", "concurrent", "auto"])
def test_every_meter_is_read_with_its_own_register(reading: str) -> None:
    setup = build(reading=reading)
    for address in setup.meters:
        setup.ask(address)
    setup.run()
    assert len(setup.answers) == 10
    for address, data in setup.answers:
        frame = decode_frame(data or b"")
        assert frame.address == address
        assert int(frame.data[4:8][::-1].hex()) == int(address)


def test_a_meter_that_is_off_is_silence_and_costs_nobody_else() -> None:
    setup = build()
    setup.meters["000000000003"].wire.answer_filters.append(lambda _, __: None)
    for address in setup.meters:
        setup.ask(address)
    setup.run()
    assert [address for address, data in setup.answers if data is None] == ["000000000003"]


def test_a_restart_of_the_module_loses_no_request() -> None:
    setup = build()
    for address in setup.meters:
        setup.ask(address)
    clock = setup.engine.clock
    clock.advance_to(clock.now_s() + 1.0)
    setup.module.cco.reset()
    setup.run()
    assert len(setup.answers) == 10
    assert setup.port.statistics.restarts == 1
    clock.advance_to(clock.now_s() + 1800.0)
    setup.answers.clear()
    for address in setup.meters:
        setup.ask(address)
    setup.run()
    assert all(data is not None for _, data in setup.answers), "the network has formed again"
