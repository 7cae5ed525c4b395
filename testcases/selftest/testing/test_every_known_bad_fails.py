"""Every known-bad device fails every case that names it, by the case's own clause; that it passes the others is for `rig prove`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

#: in how many parts the pairs of a kind of device are tried: whole networks live through days, so their pairs are shared out
PARTS = {"meter": 1, "module": 2, "concentrator": 2, "collector": 1, "ncc": 1, "network": 6}
SHARES = [(device, part) for device, parts in PARTS.items() for part in range(parts)]


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
@pytest.mark.parametrize(("device", "part"), SHARES)
def test_every_known_bad_device_fails_the_cases_that_name_it(device: str, part: int) -> None:
    options = json.dumps({"bench": None, "select": f"device={device}"})
    command = [sys.executable, "-m", "rig.testing.prove_worker", options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        cases = json.loads(worker.stdout.readline())["cases"]
        pairs = [(defect, case) for case in cases for defect in case["known_bad"]][part :: PARTS[device]]
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
