"""A failure arrives as a failure: in results.json, in JUnit and in Allure, from both runners."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

DATA = Path(__file__).parent / "data"

EXPECTED = {
    "own.fails_on_purpose.passes": "PASS",
    "own.fails_on_purpose.fails": "FAIL",
    "own.fails_on_purpose.refused": "FAIL",
    "own.fails_on_purpose.inconclusive": "INCONCLUSIVE",
    "own.fails_on_purpose.broken_bench": "ERROR",
    "own.fails_on_purpose.checks_nothing": "ERROR",
    "own.fails_on_purpose.plain_assert": "ERROR",
    "own.fails_on_purpose.mandatory_not_declared_away": "PASS",
    "own.fails_on_purpose.skipped_by_hand": "NOT_TESTED",
    "own.robot_fails.passes": "PASS",
    "own.robot_fails.fails": "FAIL",
    "own.robot_fails.checks_nothing": "ERROR",
    "own.robot_fails.wrong_argument": "ERROR",
    "own.robot_fails.not_declared": "NOT_APPLICABLE",
}
ALLURE = {
    "PASS": {"passed"},
    "FAIL": {"failed"},
    "INCONCLUSIVE": {"failed"},
    "ERROR": {"broken"},
    "NOT_TESTED": {"skipped"},
    "NOT_APPLICABLE": {"skipped"},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run over one failing suite of each runner: the finished process and its directory."""
    base = tmp_path_factory.mktemp("failing")
    suite = base / "own"
    suite.mkdir()
    shutil.copy(DATA / "fails_on_purpose.py", suite / "test_fails_on_purpose.py")
    shutil.copy(DATA / "fails_on_purpose.robot", suite / "robot_fails.robot")
    command = [sys.executable, "-m", "rig.cli.main", "run", "--suite", str(suite), "--out", str(base / "out")]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=base), base / "out"


@pytest.fixture(scope="module")
def cases(run):
    return {case["id"]: case for case in json.loads((run[1] / "results.json").read_text())["cases"]}


def test_every_ending_has_its_verdict(cases):
    assert {name: case["verdict"] for name, case in cases.items()} == EXPECTED


def test_exit_status_says_fail(run):
    assert run[0].returncode == 1
    assert "FAIL" in run[0].stdout


def test_failures_carry_the_observed_value(cases):
    failed = cases["own.fails_on_purpose.fails"]["measurements"][-1]
    assert failed["verdict"] == "FAIL"
    assert failed["upper"] == "999999999998"
    assert len(failed["value"]) == 12
    assert failed["clause"] == "DL/T 645-2007 7.1"
    refused = cases["own.fails_on_purpose.refused"]["measurements"][-1]
    assert "refused with" in refused["value"]


def test_reasons_tell_what_to_do(cases):
    assert "checked nothing" in cases["own.fails_on_purpose.checks_nothing"]["reason"]
    assert "use the check fixture" in cases["own.fails_on_purpose.plain_assert"]["reason"]
    assert "adapter is gone" in cases["own.fails_on_purpose.broken_bench"]["reason"]
    assert "baud:300" in cases["own.robot_fails.not_declared"]["reason"]
    assert "not a duration" in cases["own.robot_fails.wrong_argument"]["reason"]


def test_junit_counts_them(run):
    root = ET.parse(run[1] / "junit.xml").getroot()
    found = {}
    for case in root.iter("testcase"):
        kinds = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
        found[f"{case.get('classname')}.{case.get('name')}"] = kinds[0] if kinds else "passed"
    kinds = {"PASS": "passed", "FAIL": "failure", "INCONCLUSIVE": "failure", "ERROR": "error"}
    assert found == {name: kinds.get(verdict, "skipped") for name, verdict in EXPECTED.items()}


def test_allure_has_one_result_a_case_with_its_status(run):
    found = {}
    for path in (run[1] / "allure-results").glob("*-result.json"):
        result = json.loads(path.read_text())
        found.setdefault(result["fullName"].lower().replace(" ", "_"), result["status"])
    assert len(found) == len(EXPECTED)
    for name, verdict in EXPECTED.items():
        short = name.rpartition(".")[2]
        module = name.split(".")[1]
        status = next(status for full, status in found.items() if full.endswith(short) and module in full)
        assert status in ALLURE[verdict], name


def test_exchanges_are_kept_and_hashed(run, cases):
    from rig.results.evidence import verify

    evidence = cases["own.fails_on_purpose.fails"]["evidence"]
    assert {Path(name).suffix for name in evidence} == {".json", ".pcapng"}
    log = json.loads((run[1] / evidence[0]).read_text())
    assert {record["direction"] for record in log} == {"request", "answer"}
    assert all(record["decode"] for record in log)
    assert verify(run[1]) == []
