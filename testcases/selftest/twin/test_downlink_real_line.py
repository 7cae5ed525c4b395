"""Event-driven masters on real links: the same ports, in real time, over pseudo-terminals and TCP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from fixtures.plain_module import PlainModule
from fixtures.realtime_line import RealtimeLine
from rig.clock import SystemClock, VirtualClock
from rig.ports.byte_link import LineSettings
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.protocols.gdw1376_2.profile import DEFAULT
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.downlink.carrier import CarrierPort
from rig.twin.downlink.rs485 import Rs485Port
from rig.twin.engine import Engine
from rig.twin.serve_streams import ServedEnd, serve

ADDRESS = "000000000003"


def read() -> bytes:
    return encode(messages.read_data(ADDRESS, 0x00010000))


def run(
    port: Rs485Port | CarrierPort, url: str, seconds: float, busy: Callable[[], bool]
) -> list[bytes | None]:
    """Answers to a read through a master that is served on somebody else's port."""
    clock, stop = VirtualClock(SystemClock().wall()), threading.Event()
    end = ServedEnd(port, url, clock)
    got: list[bytes | None] = []
    port.request(ADDRESS, read(), got.append)
    give_up = clock.now_s() + seconds

    def look() -> None:
        if busy() and clock.now_s() < give_up:
            clock.call_at(clock.now_s() + 0.02, look)
        else:
            stop.set()

    look()
    serve(clock, stop, [end])
    return got


def test_an_rs485_port_reads_a_meter_on_a_real_port() -> None:
    meter = build_meter(Engine(1), None, MeterConfig(address=ADDRESS, baud=9600, energy_wh=((50.0,), (0.0,))))
    with RealtimeLine(meter.wire, settings=LineSettings(9600)) as line:
        port = Rs485Port(baud=9600)
        got = run(port, line.url, 5.0, lambda: port.busy)
    assert decode_frame(got[0] or b"").data[4:] == b"\x05\x00\x00\x00"


def test_a_carrier_port_drives_a_module_on_a_real_port() -> None:
    meter = build_meter(Engine(1), None, MeterConfig(address=ADDRESS))
    module = PlainModule({ADDRESS: meter.wire.respond})
    with RealtimeLine(module, settings=LineSettings(9600)) as line:
        port = CarrierPort(
            "000000000088", archive={ADDRESS: 2}, profile=replace(DEFAULT, start_up_wait_s=0.2)
        )
        got = run(port, line.url, 8.0, lambda: port.busy)
    assert module.archive == {ADDRESS: 2}
    assert decode_frame(got[0] or b"").address == ADDRESS
