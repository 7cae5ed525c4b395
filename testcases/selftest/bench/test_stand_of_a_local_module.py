"""The stand of an emulated local module: its truth, and what can be done to its nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fixtures.emulated_module import read_energy
from rig.bench.binding import Bench
from rig.bench.stands.local_module import EmulatedModuleStand
from rig.errors import BenchMissing, DeviceRefused
from rig.protocols.dlt645.frame import decode_frame


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench.load(seed=11)
    yield bench
    bench.end_case()


def stand_of(bench: Bench, **options: object) -> EmulatedModuleStand:
    bench.begin_case("module.selftest", role="local_module", options=options)
    stand = bench.stand()
    assert isinstance(stand, EmulatedModuleStand)
    return stand


def test_every_meter_reads_as_its_truth_says(bench: Bench):
    stand = stand_of(bench)
    for address in stand.archive():
        message = stand.session.monitor(address, read_energy(address)).message
        assert decode_frame(message).data == bytes(4) + stand.reading(address, 0)
    assert any(node.behind_collector for node in stand.nodes)
    assert any("13F1" in record.decode for record in bench.records())


def test_nodes_fall_silent_vanish_and_come_back(bench: Bench):
    stand = stand_of(bench, collector_meters=0, nodes=2)
    first, second = stand.archive()
    stand.silence_meter(first)
    with pytest.raises(DeviceRefused) as caught:
        stand.session.monitor(first, read_energy(first))
    assert caught.value.code == 8
    stand.restore_meter(first)
    assert stand.session.monitor(first, read_energy(first)).message
    stand.stop_node(second)
    with pytest.raises(DeviceRefused) as caught:
        stand.session.monitor(second, read_energy(second))
    assert caught.value.code == 12
    stand.start_node(second)
    stand.session.listen(90.0)
    assert stand.session.monitor(second, read_energy(second)).message


def test_events_resets_and_images_can_be_asked_for(bench: Bench):
    stand = stand_of(bench)
    said = stand.raise_event(stand.addresses[0])
    report = stand.session.wait_report(10.0, 0x06, 5)
    assert report.unit.content["report"]["message"] == said
    stand.session.send_file(3, stand.upgrade_image("0909"), segment_octets=200)
    stand.session.wait_report(120.0, 0x03, 10)
    assert stand.session.query(1).content["version"] == "0909"
    stand.reset_pin(0.1)
    assert stand.session.listen(60.0) == []
    stand.reset_pin()
    stand.session.wait_report(60.0, 0x03, 10)


def test_options_choose_medium_edition_and_strangers(bench: Bench):
    stand = stand_of(bench, medium="MICROPOWER", edition="2013", foreign=1, most_nodes=100)
    assert stand.running_mode["medium"] == 3
    assert stand.session.count_nodes() == (0, 100)
    assert len(stand.nodes) == len(stand.addresses) + 1
    with pytest.raises(DeviceRefused):
        stand.session.query(16)


def test_what_is_not_there_is_missing(bench: Bench):
    stand = stand_of(bench, nodes=1, collector_meters=0)
    with pytest.raises(BenchMissing):
        stand.reading(stand.addresses[0], 0x00FE0000)


@pytest.mark.parametrize("seed", range(6))
def test_modules_of_any_maker_do_their_work(seed: int):
    bench = Bench.load(seed=seed)
    stand = stand_of(bench)
    addresses = stand.archive()
    frames = [
        stand.session.host.read_concurrently(one, [read_energy(one)], sequence=stand.session.next_sequence())
        for one in addresses[:5]
    ]
    for outcome in stand.session.request_all(frames):
        assert not isinstance(outcome, Exception)
        assert outcome.message
    bench.end_case()
