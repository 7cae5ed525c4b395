"""Cases of other devices than meters: their stand, their device in the results, left out where the bench lacks it."""

import io
import textwrap

import pytest
from rich.console import Console

from fixtures.stands import BENCH_WITH_CENTER, TinyStand, offer_stand
from rig.cli.verdict_table import print_outcome
from rig.errors import ConfigError
from rig.testing.case import CaseInfo, mistakes_of
from rig.testing.kill_matrix import KillMatrix, ProvenCase
from rig.testing.prove import _facing
from rig.testing.runner import RunOptions, run

SUITE = '''
import pytest
from rig.errors import BenchMissing, LinkTimeout

pytestmark = [pytest.mark.clause("DL/T 645-2007", "5.2.6"), pytest.mark.link("M3-N1"), pytest.mark.known_bad("x")]


@pytest.mark.device("ncc")
@pytest.mark.stand(size=7)
def test_number(ncc, check):
    """The number is right."""
    check.equal("number", ncc.number, 42)
    check.equal("size", ncc.request.options["size"], 7)
    ncc.speak(b"hello")


@pytest.mark.device("ncc")
def test_impossible(ncc, check):
    """Asks for what nobody has."""
    raise BenchMissing("a crystal ball")


@pytest.mark.device("ncc")
def test_put_back(ncc, check):
    """The device is silent when it is put back."""
    check.equal("number", ncc.number, 42)

    def close():
        raise LinkTimeout("no answer", link="x", waited_s=1.0, attempts=1)

    ncc.close = close


@pytest.mark.device("concentrator")
def test_elsewhere(concentrator, check):
    """Nobody offers its stand."""
    check.true("never", False, observed="a run", expected="none")


def test_meter(dut, check):
    """A meter as always."""
    check.equal("address", dut.session().identify(), dut.address)
'''


class Watched:
    """Progress that nobody watches."""

    def expecting(self, cases):
        self.cases = cases

    def started(self, case_id):
        """Not looked at."""

    def ended(self, case):
        """Not looked at."""

    def note(self, text):
        """Not looked at."""


@pytest.fixture
def go(tmp_path, monkeypatch):
    """Run the suite on the bench with a command center; gives the outcome."""
    offer_stand(monkeypatch, "ncc", TinyStand.build)
    suite = tmp_path / "mine"
    suite.mkdir()
    (suite / "test_roles.py").write_text(textwrap.dedent(SUITE))

    def run_it(bench=BENCH_WITH_CENTER, **options):
        (tmp_path / "bench.toml").write_text(bench)
        chosen = RunOptions(bench=tmp_path / "bench.toml", out=tmp_path / "out", folders=(suite,), **options)
        return run(chosen, Watched())

    return run_it


def verdicts(outcome):
    return {case.id.rpartition(".")[2]: (case.verdict.value, case.device) for case in outcome.cases}


def test_every_case_meets_the_device_of_its_role(go):
    outcome = go()
    assert verdicts(outcome) == {
        "number": ("PASS", "center"),
        "impossible": ("NOT_TESTED", "center"),
        "put_back": ("PASS", "center"),
        "meter": ("PASS", "meter"),
    }
    cases = {case.id.rpartition(".")[2]: case for case in outcome.cases}
    assert cases["impossible"].reason == "a crystal ball"
    assert any("could not be put back" in finding for finding in cases["put_back"].findings)
    assert cases["number"].evidence


def test_left_out_cases_are_counted_and_told(go):
    outcome = go()
    assert outcome.left_out == {"concentrator": 1}
    console = Console(file=io.StringIO(), width=120)
    print_outcome(outcome, console)
    assert "1 case(s) of a concentrator left out" in console.file.getvalue()


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"device": "center"}, {"number", "impossible", "put_back"}),
        ({"device": "meter"}, {"meter"}),
        ({"select": "device=center"}, {"number", "impossible", "put_back"}),
        ({"select": "device=meter"}, {"meter"}),
    ],
)
def test_one_device_alone(go, options, ids):
    outcome = go(**options)
    assert set(verdicts(outcome)) == ids
    assert outcome.left_out == {}


def test_a_selection_of_absent_devices_says_so(go):
    with pytest.raises(ConfigError, match="with a concentrator"):
        go(select="id=*elsewhere")


def test_a_bench_of_one_meter_has_its_cases_only(go):
    smallest = BENCH_WITH_CENTER.partition("[links.center]")[0] + (
        '[[devices]]\nid = "meter"\nrole = "meter"\nlink = "bus1"\n'
    )
    outcome = go(bench=smallest)
    assert set(verdicts(outcome)) == {"meter"}
    assert outcome.left_out == {"concentrator": 1, "ncc": 3}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"device_role": "dragon"}, "no device has the role"),
        ({"stands": ("ncc",)}, "asks for the stand of a ncc"),
        ({"device_role": "ncc", "requires": ("option:relay",)}, "unknown option"),
    ],
)
def test_slips_are_refused(changes, told):
    info = CaseInfo("a", "A", (("DL/T 645-2007", "5.2.6"),), "M3-N1", known_bad=("x",), **changes)
    assert any(told in mistake for mistake in mistakes_of(info))


def test_a_defect_faces_the_cases_of_its_role_and_those_that_name_it():
    cases = {
        "meter": ProvenCase("meter", "", frozenset(), ("bad-checksum",)),
        "other": ProvenCase("other", "", frozenset(), ()),
        "network": ProvenCase("network", "", frozenset(), ("bad-checksum",), "network"),
        "foreign": ProvenCase("foreign", "", frozenset(), (), "concentrator"),
    }
    matrix = KillMatrix(cases, ["bad-checksum"], [1])
    assert _facing("bad-checksum", matrix) == ["meter", "other", "network"]
