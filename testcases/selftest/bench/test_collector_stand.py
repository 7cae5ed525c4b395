"""The stand of a collector: what it refuses, what it lets a case see, and a collector in real time on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from fixtures.free_port import free_port
from fixtures.real_collector import RealCollector
from rig.bench.binding import Bench
from rig.bench.declaration import Declaration
from rig.bench.inventory import read_inventory
from rig.bench.stand import StandRequest
from rig.bench.stands.collector import CollectorStand, RealCollectorStand, build
from rig.clock import SystemClock, VirtualClock
from rig.errors import BenchMissing, ConfigError
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.protocols.dlt645.messages import read_data
from rig.transports.record import Recorder
from rig.twin.engine import Engine

ENERGY = 0x00010000
BENCH = """
[bench]
name = "real"
[links.uplink]
url = "listen://127.0.0.1:{uplink}"
topology = "N5-C4"
[links.rs485]
url = "socket://127.0.0.1:{line}"
[[devices]]
id = "box"
role = "collector"
links = ["uplink"{second}]
"""


class KeepingBench:
    """What the stand wants of a real bench."""

    def __init__(self, path: Path) -> None:
        self.inventory = read_inventory(path)
        self.kept: dict[str, Any] = {}

    def keep(self, key: str, make: Any) -> Any:
        return self.kept.setdefault(key, make())


def emulated(**options: object) -> CollectorStand:
    clock = VirtualClock()
    engine = Engine(3, clock)
    bench = Bench.load()
    device = bench.devices["collector"]
    link = bench.inventory.links[device.first_link]
    return build(StandRequest(bench, device, link, engine, clock, Recorder(clock), 1, options=options))


def request_of(path: Path, text: str, **options: object) -> StandRequest:
    path.write_text(text)
    bench = KeepingBench(path)
    device = bench.inventory.devices[0]
    clock = SystemClock()
    return StandRequest(
        cast("Bench", bench),
        device,
        bench.inventory.links["uplink"],
        None,
        clock,
        Recorder(clock),
        1,
        declaration=Declaration(protocol="gdw1376.1", terminal_password=bytes(16)),
        options=options,
    )


def test_words_that_are_no_options_are_refused() -> None:
    with pytest.raises(ConfigError):
        emulated(metres=3)


def test_a_case_sees_the_line_and_the_truth() -> None:
    stand = emulated(meters=3, fast=1)
    assert [meter.baud for meter in stand.meters] == [9600, 2400, 2400]
    meter = stand.meter(1)
    answer = stand.exchange(meter.address, encode(read_data(meter.address, ENERGY)))
    assert decode_frame(answer or b"").data[4:] == meter.register(ENERGY)
    assert [burst.direction for burst in stand.bursts] == ["request", "answer"]
    assert stand.requests()[0].baud == 9600
    assert stand.requests()[0].frame is not None
    stand.close()


def test_a_played_meter_does_as_it_is_told() -> None:
    stand = emulated(meters=2, through="carrier")
    meter, other = stand.meters
    frame = encode(read_data(meter.address, ENERGY))
    for lever in (
        meter.be_silent,
        lambda: meter.answer_as(other.address),
        lambda: meter.answer_item(0x00020000),
        meter.break_checksum,
        lambda: meter.cut(2),
    ):
        lever()
        assert stand.exchange(meter.address, frame) is None
        meter.behave()
        assert stand.exchange(meter.address, frame) is not None
    meter.put_clock_off(300.0)
    assert meter.seconds_off() == pytest.approx(300.0, abs=5.0)


def test_a_real_collector_needs_a_line_for_the_meters(tmp_path: Path) -> None:
    text = BENCH.format(uplink=free_port(), line=free_port(), second="")
    with pytest.raises(BenchMissing):
        build(request_of(tmp_path / "bench.toml", text))
    text = BENCH.format(uplink=free_port(), line=free_port(), second=', "rs485"')
    with pytest.raises(BenchMissing):
        build(request_of(tmp_path / "bench.toml", text, fast=1))


def test_a_real_collector_is_examined_in_real_time(tmp_path: Path) -> None:
    uplink, line = free_port(), free_port()
    text = BENCH.format(uplink=uplink, line=line, second=', "rs485"')
    with RealCollector(uplink, line) as device:
        request = request_of(tmp_path / "bench.toml", text, meters=2)
        stand = build(request)
        assert isinstance(stand, RealCollectorStand)
        assert stand.address == device.served.address
        assert len(device.terminal.terminal.archive) == 2
        for meter in stand.meters:
            answer = stand.exchange(meter.address, encode(read_data(meter.address, ENERGY)))
            assert decode_frame(answer or b"").data[4:] == meter.register(ENERGY)
        assert [burst.direction for burst in stand.bursts] == ["request", "answer"] * 2
        for ask in (
            lambda: stand.from_node(stand.meter(1).address, b""),
            lambda: stand.from_node_together([]),
            lambda: stand.broadcast(b""),
            stand.search,
            lambda: stand.cut_power(1.0),
        ):
            with pytest.raises(BenchMissing):
                ask()
        stand.close()
        assert len(device.terminal.terminal.archive) == 0, "the archive is as it was found"
        stand.close()
        cast("KeepingBench", request.bench).kept.popitem()[1].close()
