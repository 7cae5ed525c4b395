"""Event-driven masters on real links: the same ports, in real time, over pseudo-terminals and TCP."""

from __future__ import annotations

from dataclasses import replace

from fixtures.plain_module import PlainModule
from fixtures.realtime_line import RealtimeLine
from rig.clock import SystemClock
from rig.ports.byte_link import LineSettings
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.protocols.gdw1376_2.profile import DEFAULT
from rig.transports.open import open_link
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.downlink.carrier import CarrierPort
from rig.twin.downlink.real_line import RealLine
from rig.twin.downlink.rs485 import Rs485Port
from rig.twin.engine import Engine

ADDRESS = "000000000003"


def read() -> bytes:
    return encode(messages.read_data(ADDRESS, 0x00010000))


def test_an_rs485_port_reads_a_meter_on_a_real_port() -> None:
    meter = build_meter(Engine(1), None, MeterConfig(address=ADDRESS, baud=9600, energy_wh=((50.0,), (0.0,))))
    with RealtimeLine(meter.wire, settings=LineSettings(9600)) as line:
        link = open_link("rs485", line.url, LineSettings(9600), SystemClock())
        port = Rs485Port(baud=9600)
        real = RealLine(link, port)
        got: list[bytes | None] = []
        port.request(ADDRESS, read(), got.append)
        assert real.run(5.0, lambda: not port.busy)
        link.close()
    assert decode_frame(got[0] or b"").data[4:] == b"\x05\x00\x00\x00"


def test_a_carrier_port_drives_a_module_on_a_real_port() -> None:
    meter = build_meter(Engine(1), None, MeterConfig(address=ADDRESS))
    module = PlainModule({ADDRESS: meter.wire.respond})
    with RealtimeLine(module, settings=LineSettings(9600)) as line:
        link = open_link("module", line.url, LineSettings(9600), SystemClock())
        port = CarrierPort(
            "000000000088", archive={ADDRESS: 2}, profile=replace(DEFAULT, start_up_wait_s=0.2)
        )
        real = RealLine(link, port)
        got: list[bytes | None] = []
        port.request(ADDRESS, read(), got.append)
        assert real.run(8.0, lambda: not port.busy)
        link.close()
    assert module.archive == {ADDRESS: 2}
    assert decode_frame(got[0] or b"").address == ADDRESS
