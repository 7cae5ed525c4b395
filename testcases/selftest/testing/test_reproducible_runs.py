"""Same seed, same bytes: whatever order the interpreter gives to sets, and in another process."""

import json
import os
import subprocess
import sys

import pytest


def exchanges_of(folder, hash_seed):
    """Bytes of every exchange and all verdicts and measurements of a run in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    subprocess.run(
        [
            sys.executable,
            "-m",
            "rig.cli.main",
            "run",
            "--select",
            SELECTION,
            "--seed",
            "3",
            "--out",
            str(folder),
        ],
        env=environment,
        capture_output=True,
        check=True,
        timeout=100,
    )
    record = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    cases = {}
    for case in record["cases"]:
        logs = [folder / name for name in case["evidence"] if name.endswith(".json")]
        assert logs, case["id"]
        sent = [entry["data"] for log in logs for entry in json.loads(log.read_text(encoding="utf-8"))]
        cases[case["id"]] = (case["verdict"], case["measurements"], sent)
    return cases


SELECTION = "id=dlt645_2007.write.*,id=dlt645_2007.security.*,id=dlt645_2007.timing.*,id=accuracy.starting.*"


@pytest.mark.slow
def test_same_seed_same_bytes_whatever_the_hash_seed(tmp_path):
    first = exchanges_of(tmp_path / "first", 1)
    assert len(first) > 20
    assert exchanges_of(tmp_path / "second", 9) == first
