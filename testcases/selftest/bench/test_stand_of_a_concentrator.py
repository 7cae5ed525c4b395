"""The stand of a concentrator: its truth, its hands on meters and supply, and what a real one cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from rig.bench.binding import Bench
from rig.bench.declaration import STANDARD_MINIMUM
from rig.bench.stands.concentrator import ConcentratorStand, EmulatedConcentratorStand
from rig.bench.terminal_points import CARRIER, RS485
from rig.errors import BenchMissing, ConfigError, DeviceRefused, LinkTimeout
from rig.protocols.gdw1376_1.messages import Content


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench.load(seed=11)
    yield bench
    bench.end_case()


def stand_of(bench: Bench, **options: object) -> EmulatedConcentratorStand:
    bench.begin_case("concentrator.selftest", role="concentrator", options=options)
    stand = bench.stand()
    assert isinstance(stand, EmulatedConcentratorStand)
    return stand


def reading(stand, point, number=129, key="total"):
    unit = stand.session.read_realtime([point], [number]).messages[0].unit(point, number)
    return unit.value(key).value


def test_every_point_reads_as_its_truth_says(bench: Bench):
    stand = stand_of(bench)
    with pytest.raises(DeviceRefused):
        stand.session.read_realtime([1], [129])
    stand.configured()
    stand.configured()
    assert {point.port for point in stand.points} == {RS485, CARRIER}
    for point in stand.points:
        assert reading(stand, point.number) == stand.truth(point.number, "energy")
        assert reading(stand, point.number, 131) == stand.truth(point.number, "energy", "reverse")
        assert reading(stand, point.number, key="t1") == stand.truth(point.number, "energy", tariff=1)
    assert stand.session.connections
    texts = [record.decode for record in bench.records()]
    assert any("0C" in text for text in texts)


def test_loads_clocks_and_relays(bench: Bench):
    stand = stand_of(bench)
    stand.configured()
    stand.set_load(2, 8.0, 60.0)
    stand.clock.wait_until(stand.clock.now_s() + 60.0)
    assert stand.truth(2, "active_power") == pytest.approx(Decimal(880), abs=1)
    assert stand.truth(2, "power_factor") == pytest.approx(Decimal("0.5"), abs=Decimal("0.001"))
    assert abs(reading(stand, 2, 25, "current_a") - 8) < Decimal("0.1")
    when = stand.clock.wall() - timedelta(minutes=3)
    stand.set_meter_clock(2, when)
    assert abs((stand.meter_clock(2) - when).total_seconds()) < 2
    stand.session.control([Content(2, 1, {"limit_time": 0, "alarm_delay": 0})])
    assert [stand.relay_is_open(point.number) for point in stand.points].count(True) == 1
    stand.session.control([Content(2, 2)])
    assert not stand.relay_is_open(2)


def test_silence_supply_and_uplink(bench: Bench):
    stand = stand_of(bench)
    stand.configured()
    stand.silence(1)
    assert reading(stand, 1) is None
    stand.restore(1)
    stand.clock.wait_until(stand.clock.now_s() + 61.0)
    assert reading(stand, 1) is not None
    stand.cut_power(900.0)
    stand.session.wait_login(120.0, fresh=True)
    assert reading(stand, 1) is not None
    before = len(stand.session.connections)
    stand.drop_connection()
    stand.session.wait_login(120.0, fresh=True)
    assert len(stand.session.connections) == before + 1
    stand.block_uplink(60.0)
    with pytest.raises(LinkTimeout):
        stand.session.query_parameters([1])


def test_options_of_a_case(bench: Bench):
    stand = stand_of(bench, rs485=1, carrier=0, edition="2013", heartbeat_min=1)
    assert len(stand.points) == 1
    assert stand.profile.edition == "2013"
    assert stand.device.config.heartbeat_min == 1
    bench.end_case()
    with pytest.raises(ConfigError):
        stand_of(bench, colour="red")


@pytest.mark.parametrize("seed", range(5))
def test_concentrators_of_any_maker_do_their_work(seed: int):
    bench = Bench.load(seed=seed)
    stand = stand_of(bench)
    stand.configured()
    assert stand.address == stand.device.config.address
    stand.clock.wait_until(stand.clock.now_s() + 86_400.0)
    day = (stand.clock.wall() - timedelta(days=1)).strftime("%Y-%m-%d")
    numbers = [point.number for point in stand.points]
    messages = stand.session.read_history(numbers, 161, {"date": day}).messages
    shown = {unit.point: unit.value("total").value for message in messages for unit in message.units}
    assert set(shown) == set(numbers)
    assert None not in shown.values()
    bench.end_case()


def test_what_a_real_one_cannot_do_is_missing(bench: Bench):
    emulated = stand_of(bench)
    request = SimpleNamespace(
        device=SimpleNamespace(id="concentrator", first_link="uplink"),
        clock=emulated.clock,
        simulated=False,
        recorder=SimpleNamespace(describe_as=lambda *_: None),
        declaration=STANDARD_MINIMUM,
    )
    stand = ConcentratorStand(request, emulated.session)
    assert stand.address == emulated.address
    stand.configured()
    wanted = (
        lambda: stand.truth(1, "energy"),
        lambda: stand.set_load(1, 5.0),
        lambda: stand.silence(1),
        lambda: stand.restore(1),
        lambda: stand.cut_power(5.0),
        lambda: stand.relay_is_open(1),
        lambda: stand.meter_clock(1),
        lambda: stand.set_meter_clock(1, emulated.clock.wall()),
        lambda: stand.block_uplink(5.0),
    )
    for ask in wanted:
        with pytest.raises(BenchMissing):
            ask()
    stand.drop_connection()
    emulated.session.wait_login(120.0, fresh=True)
    stand.close()


@pytest.mark.parametrize(
    ("address", "octets", "edition"), [("01710822", 2, "2009"), ("0171123456", 3, "2013")]
)
def test_the_bench_file_says_edition_and_length_of_the_address(tmp_path, address, octets, edition):
    file = tmp_path / "bench.toml"
    file.write_text(
        '[bench]\nname = "terminals"\n[links.up]\nurl = "emulated"\ntopology = "M3-N1"\n'
        '[[devices]]\nid = "terminal"\nrole = "concentrator"\nlink = "up"\n'
        f'address = "{address}"\nedition = "{edition}"\n'
    )
    bench = Bench.load(file, seed=3)
    stand = stand_of(bench)
    profile = stand.device.terminal.config.profile
    assert (profile.edition, profile.terminal_octets) == (edition, octets)
    stand.configured()
    assert stand.session.address.terminal == int(address[4:], 16)
    assert reading(stand, 1) == stand.truth(1, "energy")
    bench.end_case()
