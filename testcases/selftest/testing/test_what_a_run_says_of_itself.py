"""The record of a run carries the decision rules in force and what the laboratory filled in."""

import pytest

from rig.bench.binding import Bench
from rig.bench.inventory import InstrumentSection
from rig.bench.rack import Rack
from rig.criteria import registry
from rig.errors import ConfigError
from rig.ports.instruments import InstrumentIdentity
from rig.testing.run_record import new_run_info

BENCH = (
    '[bench]\nname = "b"\n[links.l]\nurl = "emulated"\n[[devices]]\nid = "m"\nrole = "meter"\nlink = "l"\n'
)


@pytest.fixture
def bench(tmp_path):
    def written(more=""):
        path = tmp_path / "bench.toml"
        path.write_text(BENCH + more)
        return Bench.load(path)

    return written


@pytest.fixture
def profile(tmp_path):
    def loaded(text):
        path = tmp_path / "lab.toml"
        path.write_text('[profile]\nname = "Lab of Example City"\n' + text)
        registry.load_profile(path)

    yield loaded
    registry.clear_profile()


def test_simple_acceptance_where_no_profile_says_otherwise(bench):
    assert new_run_info(bench()).decision_rule.startswith("simple acceptance on the (rounded) value")


def test_the_rule_of_the_lab_profile_is_told(bench, profile):
    profile('[decision."JJG 596-2026"]\nrule = "guarded"\n')
    rule = new_run_info(bench()).decision_rule
    assert rule.startswith("JJG 596-2026: guard band w = U (k = 2)")
    assert "; else simple acceptance" in rule
    assert rule.endswith("lab profile Lab of Example City")


def test_particulars_of_the_laboratory(bench):
    text = '[particulars]\ncustomer = "客户"\ntemperature = "23.1 °C"\nreceived = 2026-03-02\n'
    told = new_run_info(bench(text)).particulars
    assert told == {"customer": "客户", "temperature": "23.1 °C", "received": "2026-03-02"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('client = "x"', "unknown key"),
        ("temperature = 23", "particulars.temperature"),
        ('issued = "soon"', "issued"),
    ],
)
def test_particulars_that_no_certificate_has(bench, line, told):
    with pytest.raises(ConfigError, match=told):
        bench(f"[particulars]\n{line}\n")


@pytest.mark.parametrize(("serial", "simulated"), [("EMULATED", True), ("1234", False)])
def test_an_emulator_behind_a_real_interface_is_no_instrument(serial, simulated):
    section = InstrumentSection(role="source", driver="fluke_6105a", resource="TCPIP::192.0.2.1::1::SOCKET")

    class Source:
        @staticmethod
        def identify():
            return InstrumentIdentity("FLUKE", "6105A", serial, "0.0", simulated=False)

    assert Rack((section,))._identity(section, Source()).simulated is simulated
