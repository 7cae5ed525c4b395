"""Devices that are no meters: their stands are built when asked for, and roles without a stand are left out."""

from dataclasses import dataclass

import pytest

from fixtures.stands import BENCH_WITH_CENTER, TinyStand, offer_stand
from rig.bench.binding import Bench
from rig.bench.inventory import read_inventory
from rig.errors import BenchMissing, ConfigError


@pytest.fixture
def stands(monkeypatch):
    """Stands of this test; nothing of the package's own."""
    return offer_stand(monkeypatch, "ncc", TinyStand.build)


@pytest.fixture
def bench(tmp_path, stands):
    path = tmp_path / "bench.toml"
    path.write_text(BENCH_WITH_CENTER)
    return Bench.load(path)


def test_a_stand_is_built_when_it_is_asked_for(bench, stands):
    bench.begin_case("a", role="ncc", defects=("tiny-lie",), options={"size": 3})
    assert stands.built == []
    stand = bench.stand()
    assert bench.stand() is stand
    assert stand.request.defects == ("tiny-lie",)
    assert stand.request.options == {"size": 3}
    assert bench.clock is stand.clock
    assert bench.describe()["devices"][0]["address"] == stand.address
    bench.end_case()
    assert stand.closed


def test_every_case_has_a_world_of_its_own_drawn_by_seed_and_case(bench):
    drawn = []
    for case_id in ("a", "b", "a"):
        bench.begin_case(case_id, role="ncc")
        drawn.append(bench.stand().request.engine.random("x").random())
    assert drawn[0] == drawn[2] != drawn[1]


def test_the_recorder_of_the_stand_is_the_evidence(bench):
    bench.begin_case("a", role="ncc")
    bench.stand().speak(b"\x01\x02")
    assert [record.data for record in bench.records()] == [b"\x01\x02"]
    bench.begin_case("b", role="ncc")
    assert bench.records() == []


def test_a_meter_case_has_no_stand_and_a_stand_case_no_meter(bench):
    bench.begin_case("a")
    with pytest.raises(ConfigError, match="no stand here"):
        bench.stand()
    assert bench.dut().id == "meter"
    bench.begin_case("b", role="ncc")
    with pytest.raises(ConfigError, match="no meter"):
        bench.dut()
    with pytest.raises(ConfigError, match="line"):
        bench.bus("bus1")


def test_which_device_a_role_has(bench):
    assert bench.device_for("meter").id == "meter"
    assert bench.device_for("ncc").id == "center"
    assert bench.device_for("concentrator") is None


def test_a_chosen_device_leaves_the_others_out(bench):
    chosen = Bench.load(bench.path, device_id="center")
    assert chosen.device_for("meter") is None
    assert chosen.device_for("ncc").id == "center"


def test_a_role_without_a_stand_is_on_no_bench(bench, stands):
    stands.offered.clear()
    assert bench.device_for("ncc") is None


def test_what_is_emulated_declares_everything(bench):
    declaration = bench.declarations["center"]
    assert declaration.declares("option:time-sync")
    assert declaration.declares("function:0C")
    with pytest.raises(ConfigError, match="unknown option"):
        declaration.declares("option:relay")


@dataclass
class Real:
    text: str = BENCH_WITH_CENTER

    def __post_init__(self):
        self.text = self.text.replace('url = "emulated"\nbaud', 'url = "socket://127.0.0.1:9"\nbaud')
        self.text = self.text.replace('url = "emulated"', 'url = "listen://127.0.0.1:0"')


def test_a_real_bench_keeps_what_outlives_a_case(tmp_path, stands):
    path = tmp_path / "bench.toml"
    path.write_text(Real().text)
    bench = Bench.load(path)
    bench.begin_case("a", role="ncc")
    assert bench.stand().request.engine is None
    with pytest.raises(BenchMissing, match="command center"):
        bench.stand().request.emulated_engine()
    held = bench.keep("listener", TinyStand.Listener)
    bench.begin_case("b", role="ncc")
    assert bench.keep("listener", TinyStand.Listener) is held
    bench.close()
    assert held.closed


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('role = "ncc"', 'role = "ncc"\nprotocol = "dlt645"', "gdw1376.1"),
        ('role = "ncc"', 'role = "ncc"\nedition = "2007"', "no edition"),
        ('role = "ncc"', 'role = "ncc"\naddress = "000000000001"', "area code"),
    ],
)
def test_what_a_role_does_not_speak_is_refused(tmp_path, stands, old, new, told):
    path = tmp_path / "bench.toml"
    path.write_text(BENCH_WITH_CENTER.replace(old, new))
    with pytest.raises(ConfigError, match=told):
        read_inventory(path)


def test_a_protocol_and_its_edition_follow_from_the_role(bench):
    center, meter = bench.devices["center"], bench.devices["meter"]
    assert (center.protocol, center.edition) == ("gdw1376.1", "2009")
    assert (meter.protocol, meter.edition) == ("dlt645", "2007")
    assert bench.inventory.byte_links == {"bus1"}


def test_the_line_of_a_module_runs_at_its_usual_rate(tmp_path, stands):
    path = tmp_path / "bench.toml"
    text = BENCH_WITH_CENTER.replace('role = "ncc"', 'role = "local_module"')
    path.write_text(text)
    assert read_inventory(path).links["center"].baud == 9600
    path.write_text(text.replace('topology = "M3-N1"', "baud = 115200"))
    assert read_inventory(path).links["center"].baud == 115200
    assert read_inventory(path).links["bus1"].baud == 2400


def test_a_bench_of_meters_never_looks_for_stands(tmp_path, monkeypatch):
    path = tmp_path / "bench.toml"
    path.write_text(BENCH_WITH_CENTER.replace('role = "ncc"', 'role = "water_meter"\nprotocol = "dlt645"'))
    bench = Bench.load(path)
    monkeypatch.setattr("rig.bench.binding.stand_roles", lambda: pytest.fail("looked for stands"))
    assert bench.device_for("concentrator") is None
    assert bench.device_for("meter").id == "meter"
