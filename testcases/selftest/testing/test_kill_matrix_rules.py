"""The kill matrix accepts a kill only by the case's own clause with an observed value, and tells everything unexpected."""

import json

import pytest

from rig.testing.kill_matrix import KillMatrix, ProvenCase

CLAUSE = "DL/T 645-2007 5.2.6"


@pytest.fixture
def matrix():
    cases = {
        "a": ProvenCase("a", "A", frozenset({CLAUSE}), ("bad-checksum", "late:800ms")),
        "b": ProvenCase("b", "B", frozenset({"DL/T 645-2007 7.1"}), ("late:1s",)),
    }
    return KillMatrix(cases, ["bad-checksum", "late:1s", "late:800ms"], [1])


def said(case_id, verdict, *failed, reason=""):
    return {"id": case_id, "verdict": verdict, "reason": reason, "failed": [list(pair) for pair in failed]}


def fill(matrix):
    matrix.add_conforming(1, [said("a", "PASS"), said("b", "NOT_APPLICABLE")])
    matrix.add_defect("bad-checksum", [said("a", "FAIL", (CLAUSE, "5A")), said("b", "PASS")])
    matrix.add_defect("late:800ms", [said("a", "FAIL", (CLAUSE, "0.8")), said("b", "FAIL", ("x", "0.8"))])
    matrix.add_defect(
        "late:1s", [said("a", "FAIL", (CLAUSE, "1")), said("b", "FAIL", ("DL/T 645-2007 7.1", "1"))]
    )


def test_a_full_matrix_has_no_problems(matrix):
    fill(matrix)
    assert matrix.problems() == []
    assert matrix.kills["bad-checksum"] == {"a": "5A"}


def test_a_case_that_survives_is_told(matrix):
    matrix.add_defect("bad-checksum", [said("a", "PASS"), said("b", "PASS")])
    assert "bad-checksum: a must fail it but says PASS" in matrix.problems()
    assert "bad-checksum: killed by no case" in matrix.problems()


@pytest.mark.parametrize("failed", [("DL/T 645-2007 5.2.7", "5A"), (CLAUSE, "")])
def test_a_kill_by_another_clause_or_without_a_value_does_not_count(matrix, failed):
    matrix.add_defect("bad-checksum", [said("a", "FAIL", failed)])
    assert not matrix.kills
    assert any("not with its own clause" in problem for problem in matrix.problems())


@pytest.mark.parametrize("verdict", ["FAIL", "ERROR", "INCONCLUSIVE", "NOT_TESTED"])
def test_a_case_that_does_not_name_a_device_must_pass_it(matrix, verdict):
    matrix.add_defect("bad-checksum", [said("b", verdict)])
    assert any(problem.startswith("bad-checksum: b does not name it") for problem in matrix.problems())


def test_a_conforming_device_that_fails_is_told_with_its_seed(matrix):
    matrix.add_conforming(17, [said("a", "FAIL", reason="delay")])
    assert "conforming device, seed 17: a FAIL: delay" in matrix.problems()


def test_empty_rows_count_only_when_everything_was_looked_at(matrix):
    assert "b: kills no known-bad device" in matrix.problems()
    matrix.complete = False
    assert "b: kills no known-bad device" not in matrix.problems()


def test_it_is_written_as_json_and_markdown(matrix, tmp_path):
    fill(matrix)
    plain, text = matrix.write(tmp_path)
    assert json.loads(plain.read_text())["problems"] == []
    assert "| `bad-checksum` | a | 5A |" in text.read_text()
