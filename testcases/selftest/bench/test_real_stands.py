"""Stands of real concentrators and modules leave the archives as they found them; emulated devices stand for real ones."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from rig.bench.binding import Bench
from rig.bench.stands.concentrator import KeptArchive, RealConcentratorStand
from rig.bench.stands.local_module import KeptNodes, RealModuleStand
from rig.errors import BenchMissing
from rig.protocols.gdw1376_1.messages import Content


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench.load(seed=11)
    yield bench
    bench.end_case()


def request_like(bench: Bench, role: str, address: str | None = None) -> SimpleNamespace:
    device = SimpleNamespace(id=role, first_link="line", address=address)
    recorder = SimpleNamespace(describe_as=lambda *_: None)
    return SimpleNamespace(device=device, clock=bench.clock, simulated=False, recorder=recorder, bench=bench)


def test_a_concentrator_keeps_its_archive(bench: Bench):
    bench.begin_case("concentrator.selftest", role="concentrator")
    emulated = bench.stand()
    emulated.configured()
    archive = emulated.device.terminal.archive
    before = list(archive)
    kept = KeptArchive()
    real = RealConcentratorStand(request_like(bench, "concentrator"), emulated.session, kept)
    assert [point.address for point in real.points] == [entry.address for entry in before]
    line = {key: value for key, value in kept.lines[0].items() if key != "index"}
    for change in (
        {"index": 1, **line, "point": 0},
        {"index": 40, **line, "point": 40},
        {"index": 2, **line, "point": 2},
    ):
        values = {f"meter.1.{key}": value for key, value in change.items()}
        emulated.session.set_parameters([Content(0, 10, {"meters": 1} | values)])
    assert list(archive) != before
    real.close()
    assert list(archive) == before
    again = RealConcentratorStand(request_like(bench, "concentrator"), emulated.session, kept)
    assert again.points == real.points


def test_a_concentrator_without_meters_says_so(bench: Bench):
    bench.begin_case("concentrator.selftest", role="concentrator")
    emulated = bench.stand()
    real = RealConcentratorStand(request_like(bench, "concentrator"), emulated.session, KeptArchive())
    with pytest.raises(BenchMissing, match="meters in the archive"):
        _ = real.points
    emulated.configured()
    real.close()
    assert len(emulated.device.terminal.archive) == 0


def test_waiting_serves_the_uplink(bench: Bench):
    bench.begin_case("concentrator.selftest", role="concentrator")
    emulated = bench.stand()
    real = RealConcentratorStand(request_like(bench, "concentrator"), emulated.session, KeptArchive())
    begin_s = real.clock.now_s()
    assert not real.clock.wait_until(begin_s + 3600.0)
    assert real.clock.now_s() == begin_s + 3600.0
    assert len(emulated.session.connections) == 1, "every heartbeat was confirmed"
    assert real.clock.wait_until(begin_s + 7200.0, lambda: True)
    assert (real.clock.wall() - bench.clock.wall()).total_seconds() == 0


def test_a_module_keeps_its_archive_and_address(bench: Bench):
    bench.begin_case("module.selftest", role="local_module")
    emulated = bench.stand()
    listed = emulated.archive()
    bus, told = emulated.session.bus, emulated.address
    kept = KeptNodes()
    real = RealModuleStand(request_like(bench, "module"), bus, emulated.profile, "000000000001", kept)
    assert real.address == real.session.host.main_address == told
    assert tuple(node.address for node in real.nodes) == listed
    real.archive(listed[:2])
    real.session.add_nodes(["000000009999"])
    real.close()
    assert tuple(node["address"] for node in emulated.session.read_nodes()) == listed
    given = RealModuleStand(
        request_like(bench, "module", "000000000077"), bus, emulated.profile, "000000000077", kept
    )
    assert given.session.query(4).content["main_address"] == "000000000077"


def test_a_module_without_meters_says_so(bench: Bench):
    bench.begin_case("module.selftest", role="local_module")
    emulated = bench.stand()
    emulated.session.clear_nodes()
    real = RealModuleStand(
        request_like(bench, "module"), emulated.session.bus, emulated.profile, "000000000001", KeptNodes()
    )
    with pytest.raises(BenchMissing, match="meters in the archive"):
        _ = real.nodes
