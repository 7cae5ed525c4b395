"""Every case meets a fresh device; order, selection and what ran before change no byte; broken stays broken."""

import pytest

from rig.bench.binding import Bench
from rig.bench.declaration import STANDARD_MINIMUM, check_feature
from rig.errors import BenchError, ConfigError, LinkTimeout


def exchange_bytes(bench, case_id, *defects):
    bench.begin_case(case_id, defects=defects)
    dut = bench.dut()
    dut.meter.read(0x00010000)
    dut.meter.freeze()
    records = bench.records()
    bench.end_case()
    return [(record.data, record.first_s, record.direction) for record in records]


def test_bytes_depend_on_seed_and_case_only():
    first, second = Bench.load(seed=3), Bench.load(seed=3)
    alone = exchange_bytes(first, "b")
    exchange_bytes(second, "a")
    exchange_bytes(second, "c")
    assert exchange_bytes(second, "b") == alone
    assert exchange_bytes(second, "a") != alone


def test_another_seed_is_another_meter():
    addresses = set()
    for seed in (1, 2):
        bench = Bench.load(seed=seed)
        bench.begin_case("x")
        addresses.add(bench.dut().address)
    assert len(addresses) == 2


def test_reseeding_gives_what_loading_gives():
    fresh, reseeded = Bench.load(seed=8), Bench.load(seed=1)
    exchange_bytes(reseeded, "x")
    reseeded.reseed(8)
    assert exchange_bytes(reseeded, "x") == exchange_bytes(fresh, "x")
    assert reseeded.declarations["meter"] == fresh.declarations["meter"]


def test_a_defect_lasts_one_case():
    bench = Bench.load()
    good = exchange_bytes(bench, "x")
    assert exchange_bytes(bench, "x", "gain:+50%", "late-answer:300ms") != good
    assert exchange_bytes(bench, "x") == good


def test_the_device_is_identified_and_described():
    bench = Bench.load()
    assert bench.describe()["devices"] == []
    bench.begin_case("x")
    dut = bench.dut()
    assert dut.session().identify() == dut.address
    assert dut.rating == dut.declaration.rating
    assert bench.describe()["devices"][0]["address"] == dut.address


def test_a_dead_device_is_silence_not_a_bench_error():
    bench = Bench.load()
    bench.begin_case("x", defects=("drop:100%",))
    with pytest.raises(LinkTimeout):
        bench.dut()


REAL = '[bench]\nname = "b"\n[links.bus1]\nurl = "socket://127.0.0.1:9"\n[[devices]]\nid = "m"\nrole = "meter"\nlink = "bus1"\n'


@pytest.fixture
def real(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text(REAL)
    return Bench.load(path)


def test_a_port_that_does_not_open_is_tried_once(real):
    real.begin_case("x")
    with pytest.raises(BenchError) as first:
        real.dut()
    with pytest.raises(BenchError) as second:
        real.bus("bus1")
    assert str(second.value) == str(first.value)
    assert second.value.__cause__ is None
    real.close()


def test_real_devices_have_the_minimum_and_no_defects(real):
    assert real.declarations["m"] is STANDARD_MINIMUM
    assert real.missing("virtual_time") is not None
    with pytest.raises(ConfigError, match="emulated devices only"):
        real.begin_case("x", defects=("gain:+1%",))


def test_instruments_see_the_circuit_of_the_present_case():
    from rig.ports.electrical import ElectricalState, PhaseState

    bench = Bench.load()
    for current in (5.0, 10.0):
        bench.begin_case(f"case {current}")
        assert bench.reference.read().active_power_w == pytest.approx(0.0, abs=1.0)
        bench.source.apply(ElectricalState((PhaseState(220.0, current),)))
        bench.source.output_on()
        assert bench.world.scene.true_values().active_power_w == pytest.approx(220.0 * current, rel=1e-3)
        assert bench.reference.read().active_power_w == pytest.approx(220.0 * current, rel=1e-2)
        bench.end_case()
    bench.close()
    bench.close()


@pytest.mark.parametrize(
    "feature", ["relay", "option:relais", "function:7F", "item:1", "baud:fast", "colour:red"]
)
def test_features_that_nobody_can_declare(feature):
    with pytest.raises(ConfigError):
        check_feature(feature)


def test_what_the_standard_minimum_declares():
    assert STANDARD_MINIMUM.declares("function:11")
    assert not STANDARD_MINIMUM.declares("function:1C")
    assert STANDARD_MINIMUM.declares("item:00010000")
    assert STANDARD_MINIMUM.declares("baud:2400")
    assert not STANDARD_MINIMUM.declares("option:relay")
