"""Carrier bands 0 to 3: setting, telling, the network's return on the new band, and what is refused."""

from __future__ import annotations

import pytest

from rig.criteria.registry import criterion

pytestmark = [
    pytest.mark.device("local_module"),
    pytest.mark.link("C2-M1"),
    pytest.mark.criterion("GDW10376_2.BANDS"),
]

STANDARD = "Q/GDW 10376.2-2019"
ADDRESS = 0x04000401
BANDS = int(criterion("GDW10376_2.BANDS").limit)


@pytest.fixture
def band(station):
    """The carrier band as the module tells it; put back after the case."""
    first = station.get(0x03, 16)["band"]

    class Band:
        before = first

        @staticmethod
        def told():
            return station.get(0x03, 16)["band"]

        @staticmethod
        def set(number):
            return station.do(0x05, 16, {"band": number})

    yield Band
    if station.get(0x03, 16)["band"] != first:
        station.do(0x05, 16, {"band": first})


@pytest.mark.clause(STANDARD, "05F16")
@pytest.mark.clause(STANDARD, "03F16")
@pytest.mark.requires("fn:05F16")
@pytest.mark.title_zh("依次切换频段0至3")
@pytest.mark.known_bad("module-band-3-becomes-2")
@pytest.mark.bench_time(400)
def test_every_band(band, check, wait, limit):
    """Every band is taken and told again."""
    for number in range(BANDS + 1):
        band.set(number)
        wait(limit("BAND_SETTLED"))
        told = band.told()
        check.within(f"band after {number} was set", told, "GDW10376_2.BANDS")
        check.equal(f"band after {number} was set", told, number)


@pytest.mark.clause(STANDARD, "05F16")
@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.requires("fn:05F16")
@pytest.mark.title_zh("无效频段应否认")
@pytest.mark.known_bad("module-takes-band-4")
def test_impossible_band(station, band, check):
    """A band that does not exist is denied, and the old one stays."""
    code = station.denial(0x05, 16, {"band": BANDS + 1})
    check.true(f"band {BANDS + 1}", code is not None, observed="confirmed", expected="denied")
    check.equal("band afterwards", band.told(), band.before)


@pytest.mark.clause(STANDARD, "05F16")
@pytest.mark.requires("fn:05F16")
@pytest.mark.criterion("GDW10376_2.REJOIN_TIME")
@pytest.mark.title_zh("频段切换后从节点重新入网")
@pytest.mark.known_bad("module-leaves-node-on-old-band")
@pytest.mark.bench_time(1000)
def test_network_follows(station, formed, band, check, limit):
    """After a change of the band every node comes to the new band and is read there."""
    band.set((band.before + 1) % (BANDS + 1))
    station.listen_until(limit("BAND_SETTLED"), station.NEVER)
    station.listen_until(limit("REJOIN_TIME"), lambda _: station.on_network() >= formed)
    check.equal("nodes that did not follow", sorted(formed - station.on_network()), [])


@pytest.mark.clause(STANDARD, "05F16")
@pytest.mark.requires("fn:05F16")
@pytest.mark.title_zh("频段切换后可点抄")
@pytest.mark.known_bad("module-cannot-read-after-band-change", "module-band-change-clears-archive")
@pytest.mark.bench_time(1000)
def test_reading_after_a_change(station, formed, network, band, judge_reading, limit):
    """After a change of the band, when the network has come back, nodes are read."""
    band.set((band.before + 1) % (BANDS + 1))
    station.listen_until(limit("BAND_SETTLED"), station.NEVER)
    station.listen_until(limit("REJOIN_TIME"), lambda _: station.on_network() >= formed)
    judge_reading(station.monitor(network[0].address, ADDRESS), network[0], ADDRESS)


@pytest.mark.clause(STANDARD, "05F16")
@pytest.mark.requires("fn:05F16")
@pytest.mark.title_zh("复位后保持频段")
@pytest.mark.known_bad("module-forgets-band-at-reset")
@pytest.mark.bench_time(200)
def test_band_outlives_a_reset(station, band, check, limit):
    """The band that was set is kept over a reset."""
    number = (band.before + 1) % (BANDS + 1)
    band.set(number)
    station.listen_until(limit("BAND_SETTLED"), station.NEVER)
    before = station.mark
    station.do(0x01, 1)
    station.await_report(limit("START_REPORT"), 0x03, 10, before=before)
    check.equal("band after the reset", band.told(), number)


@pytest.mark.clause(STANDARD, "05F16")
@pytest.mark.requires("fn:05F16")
@pytest.mark.title_zh("重复设置当前频段不影响网络")
@pytest.mark.known_bad("module-restarts-network-for-same-band")
@pytest.mark.bench_time(60)
def test_same_band_again(station, formed, network, band, check):
    """Setting the band that is in use is confirmed and leaves the network as it is."""
    band.set(band.before)
    check.equal("nodes that left the network", sorted(formed - station.on_network()), [])


@pytest.mark.clause(STANDARD, "05F16")
@pytest.mark.requires("fn:05F16")
@pytest.mark.title_zh("频段切换保留档案")
@pytest.mark.known_bad("module-band-change-clears-archive")
@pytest.mark.bench_time(120)
def test_archive_outlives_a_change(station, network, band, check, limit):
    """A change of the band leaves the archive as it is."""
    band.set((band.before + 1) % (BANDS + 1))
    station.listen_until(limit("BAND_SETTLED"), station.NEVER)
    check.equal("nodes in the archive", station.get(0x10, 1)["total"], len(network), unit="count")
