"""Collection refuses what would weaken the record: cases without rule, link or known-bad device, and slips of the pen."""

import subprocess
import sys
from dataclasses import replace

import pytest

from rig.testing.case import CaseInfo, mistakes_of

HEADER = "import pytest\n\n"
GOOD = [
    '@pytest.mark.clause("DL/T 645-2007", "7.1")',
    '@pytest.mark.link("K8-C1")',
    '@pytest.mark.known_bad("energy-scaled")',
]
BODY = "def test_it(dut, check):\n    check.equal('address', len(dut.address), 12)\n"


def case(*markers):
    return HEADER + "\n".join(markers) + "\n" + BODY


@pytest.fixture
def run_suite(tmp_path):
    """Run `rig run` over one file of cases; gives the finished process."""

    def run(text, *more):
        suite = tmp_path / "own"
        suite.mkdir(exist_ok=True)
        (suite / "test_it.py").write_text(text)
        command = [
            sys.executable,
            "-m",
            "rig.cli.main",
            "run",
            "--suite",
            str(suite),
            "--out",
            str(tmp_path / "out"),
        ]
        return subprocess.run([*command, *more], capture_output=True, text=True, check=False, cwd=tmp_path)

    return run


GOOD_INFO = CaseInfo("own.it.it", "", (("DL/T 645-2007", "7.1"),), "K8-C1", known_bad=("energy-scaled",))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"clauses": ()}, "no clause given"),
        ({"link": ""}, "no link given"),
        ({"known_bad": ()}, "no known_bad given"),
        ({"clauses": (("DL/T 645-2007", "77.1"),)}, "no such clause"),
        ({"clauses": (("DL/T 646", "7.1"),)}, "known standards: "),
        ({"criteria": ("DLT645.RESPONSE",)}, "no such criterion"),
        ({"link": "K8-C9"}, "no such link"),
        ({"requires": ("option:relais",)}, "did you mean relay"),
        ({"requires": ("relay",)}, "unknown feature"),
        ({"needs": ("sauce",)}, "unknown mean"),
    ],
)
def test_incomplete_cases_are_refused(change, told):
    assert mistakes_of(GOOD_INFO) == ()
    assert any(told in mistake for mistake in mistakes_of(replace(GOOD_INFO, **change)))


@pytest.mark.parametrize(
    ("markers", "told"),
    [(GOOD[:2], "no known_bad given"), ([*GOOD, '@pytest.mark.nedes("source")'], "nedes")],
)
def test_a_refusal_ends_the_run(run_suite, markers, told):
    done = run_suite(case(*markers))
    assert told in done.stderr
    assert "Traceback" not in done.stdout
    assert done.returncode in {2, 3}


def test_a_test_that_is_no_case_is_refused(run_suite):
    done = run_suite("def test_addition():\n    assert 1 + 1 == 2\n")
    assert "test_addition" in done.stderr
    assert done.returncode == 2


def test_a_suite_that_cannot_be_imported_is_told(run_suite):
    done = run_suite("import no_such_module\n")
    assert "no_such_module" in done.stderr
    assert done.returncode == 3


def test_nothing_selected_says_what_there_is(run_suite, tmp_path):
    done = run_suite(case(*GOOD), "--select", "clause=9.9")
    assert done.returncode == 2
    assert "there are 7.1" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_device_that_is_not_there_is_told(run_suite):
    done = run_suite(case(*GOOD), "--dut", "meter2")
    assert done.returncode == 2
    assert "devices are: " in done.stderr
    assert "meter" in done.stderr
