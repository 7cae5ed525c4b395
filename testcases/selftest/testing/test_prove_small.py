"""rig prove on a small selection: workers, both runners, sample, and what it says of an unknown defect."""

import json
import subprocess
import sys

import pytest

from rig.testing.catalogue import all_cases, cases_by_defect
from rig.testing.prove import ProveOptions, prove, sample_of

SELECT = "id=dlt645_2007.acceptance.the_relay_trips_and_closes,id=dlt645_2007.relay.trip,id=dlt645_2007.relay.close"


def quiet(*_told):
    """Nobody watches."""


@pytest.fixture(scope="module")
def matrix():
    return prove(ProveOptions(select=SELECT, seeds=2, jobs=2), quiet)


def test_both_runners_kill(matrix):
    killers = {case_id for killed in matrix.kills.values() for case_id in killed}
    assert "dlt645_2007.acceptance.the_relay_trips_and_closes" in killers
    assert any(case_id.startswith("dlt645_2007.relay.") for case_id in killers)


def test_every_kill_has_an_observed_value(matrix):
    assert all(value for killed in matrix.kills.values() for value in killed.values())


def test_conforming_devices_were_looked_at(matrix):
    assert matrix.seeds == [1, 2]
    assert matrix.conforming_runs == 2 * len(matrix.cases)
    assert not any(problem.startswith("conforming device") for problem in matrix.problems())


def test_two_workers_come_to_what_one_comes_to(matrix):
    alone = prove(ProveOptions(select=SELECT, seeds=2, jobs=1), quiet)
    assert alone.to_plain() == matrix.to_plain()


def test_a_sample_turns():
    every = [f"defect-{number}" for number in range(20)]
    samples = {tuple(sample_of(every, 5, turn)) for turn in range(10)}
    assert len(samples) > 5
    assert all(len(sample) == 5 and set(sample) <= set(every) for sample in samples)
    assert sample_of(every, 5, 3) == sample_of(every, 5, 3)
    assert sample_of(every, 50, 1) == sorted(every)


def test_the_command_writes_the_matrix_and_says_what_is_wrong(tmp_path):
    select = "id=dlt645_2007.acceptance.connect_and_identify_the_meter"
    command = [
        sys.executable,
        "-m",
        "rig.cli.main",
        "prove",
        "--select",
        select,
        "--seeds",
        "1",
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    plain = json.loads((tmp_path / "kill_matrix.json").read_text())
    assert done.returncode == (1 if plain["problems"] else 0)
    assert list(plain["cases"]) == ["dlt645_2007.acceptance.connect_and_identify_the_meter"]
    assert "# Kill matrix" in (tmp_path / "kill_matrix.md").read_text()


def test_the_catalogue_inverts_the_markers():
    found = cases_by_defect()
    assert all(info.id in found[defect] for info in all_cases() for defect in info.known_bad)
    assert {info.runner for info in all_cases()} == {"pytest", "robot"}


def test_no_case_of_the_suites_is_refused():
    assert [f"{info.id}: {info.mistakes}" for info in all_cases() if info.mistakes] == []
