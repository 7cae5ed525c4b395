"""Every known-bad device fails every case that names it, by the case's own clause; that it passes the others is for `rig prove`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

DEVICES = ("meter", "module", "concentrator", "collector", "ncc", "network")


def _asked(worker: subprocess.Popen[str], job: dict[str, Any]) -> list[dict[str, Any]]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(json.dumps(job) + "\n")
    worker.stdin.flush()
    results: list[dict[str, Any]] = json.loads(worker.stdout.readline())["results"]
    return results


def _speaks_against(result: dict[str, Any], clauses: list[str]) -> bool:
    """A kill: FAIL with an observed value under a clause of the case."""
    return result["verdict"] == "FAIL" and any(
        value and clause in clauses for clause, value in result["failed"]
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("device", DEVICES)
def test_every_known_bad_device_fails_the_cases_that_name_it(device: str) -> None:
    options = json.dumps({"bench": None, "select": f"device={device}"})
    command = [sys.executable, "-m", "rig.testing.prove_worker", options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        cases = json.loads(worker.stdout.readline())["cases"]
        pairs = [(defect, case) for case in cases for defect in case["known_bad"]]
        alive = []
        for number, (defect, case) in enumerate(pairs):
            job = {"job": number, "seed": 1, "defect": defect, "cases": [case["id"]]}
            (result,) = _asked(worker, job)
            if not _speaks_against(result, case["clauses"]):
                alive.append(f"{defect}: {case['id']} {result['verdict']} {result['reason']}")
        worker.stdin.close()
        assert worker.wait() == 0
    assert pairs
    assert alive == []
