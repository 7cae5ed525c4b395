"""A maker's own suite, outside the checkout, with plain pytest and the installed plugin; and other people's tests untouched."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rig.bench.binding import builtin_bench

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "vendor_suite"


def pytest_in(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


@pytest.fixture
def suite(tmp_path):
    if not EXAMPLE.is_dir():
        pytest.skip("documents are not here")
    return shutil.copytree(EXAMPLE, tmp_path / "mine")


def test_the_example_suite_passes_and_is_recorded(suite):
    done = pytest_in(suite, "--out", "results")
    assert done.returncode == 0, done.stdout
    record = json.loads((suite / "results" / "results.json").read_text())
    assert {case["verdict"] for case in record["cases"]} == {"PASS"}
    assert record["cases"][0]["id"].startswith("mine.start_up.")
    assert record["run"]["devices"][0]["address"]
    assert (suite / "results" / "junit.xml").exists()


@pytest.mark.parametrize(
    ("defect", "case", "unit"),
    [
        ("gain:+20%", "energy_of_five_minutes", "%"),
        ("tariffs-do-not-add-up", "total_is_the_sum_of_the_tariffs", "kWh"),
    ],
)
def test_the_example_suite_fails_a_bad_meter_on_a_bench_of_its_own(suite, defect, case, unit):
    bench = builtin_bench().read_text(encoding="utf-8")
    bad = bench.replace(
        "[[instruments]]", f'[devices.emulated]\ndefects = ["{defect}"]\n\n[[instruments]]', 1
    )
    (suite / "bad.toml").write_text(bad, encoding="utf-8")
    done = pytest_in(suite, "--bench", "bad.toml", "--dut", "meter", "--out", "results")
    assert done.returncode == 1, done.stdout
    record = json.loads((suite / "results" / "results.json").read_text())
    failed = [found for found in record["cases"] if found["verdict"] == "FAIL"]
    assert [found["id"].rpartition(".")[2] for found in failed] == [case]
    wrong = [item for item in failed[0]["measurements"] if item["verdict"] == "FAIL"]
    assert [item["unit"] for item in wrong] == [unit]
    assert wrong[0]["value"]


def test_selection_and_seed(suite):
    done = pytest_in(suite, "--select", "clause=7.1", "--seed", "4")
    assert "1 passed, 1 deselected" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--bench", "none.toml"], "none.toml: the bench file cannot be read"),
        (["--dut", "other"], "no such device"),
        (["--select", "colour=red"], "unknown key"),
    ],
)
def test_wrong_options_are_told_without_a_traceback(suite, arguments, told):
    done = pytest_in(suite, *arguments)
    assert done.returncode == 4
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_two_workers_write_one_record(suite):
    pytest.importorskip("xdist")
    done = pytest_in(suite, "-n", "2", "--out", "results")
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((suite / "results" / "results.json").read_text())
    assert len(record["cases"]) == 2


def test_tests_that_are_no_cases_are_left_alone(tmp_path):
    (tmp_path / "test_other.py").write_text(
        "import pytest\n@pytest.fixture\ndef check():\n    return 1\n"
        "def test_sum(check):\n    assert check + 1 == 2\ndef test_skip():\n    pytest.skip('no')\n"
    )
    done = pytest_in(tmp_path)
    assert "1 passed, 1 skipped" in done.stdout


def test_a_case_without_its_markers_is_refused_in_plain_pytest_too(tmp_path):
    (tmp_path / "test_other.py").write_text("def test_it(dut, check):\n    check.equal('a', 1, 1)\n")
    done = pytest_in(tmp_path)
    assert done.returncode == 4
    assert "no clause given" in done.stdout + done.stderr
