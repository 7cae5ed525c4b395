"""Robot Framework in a process of its own, into the same store and the same Allure folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import ConfigError, RigError
from rig.testing.case import CaseInfo
from rig.testing.selection import Selection
from rig.testing.suites import suite_roots

if TYPE_CHECKING:
    from rig.testing.run_record import RunRecord
    from rig.testing.runner import Progress, RunOptions


def robot_files(folders: list[Path]) -> list[Path]:
    """Robot suites of these folders, in order."""
    return sorted(path for folder in folders for path in folder.rglob("*.robot"))


def run_robot(
    options: RunOptions, selection: Selection, suites: list[Path], record: RunRecord, progress: Progress
) -> list[CaseInfo]:
    """Run the selected Robot cases; returns all that were offered.

    Raises:
        ConfigError: a test lacks its tags.
        RigError: the process died.
    """
    plain = {
        "files": [str(path) for path in suites],
        "bench": None if options.bench is None else str(options.bench),
        "device": options.device,
        "seed": options.seed,
        "select": selection.text,
        "out": str(record.out),
        "run": record.run.id,
        "max_bench_time_s": options.max_bench_time_s,
    }
    offered: list[CaseInfo] = []
    command = [sys.executable, "-m", "rig.testing.robot_process", json.dumps(plain)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=_environment()
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            offered += _take(json.loads(line), record, progress)
    if child.returncode:
        raise RigError(f"the Robot Framework runner ended with status {child.returncode}, see above")
    return offered


def _take(message: dict[str, Any], record: RunRecord, progress: Progress) -> list[CaseInfo]:
    """Pass on what the child tells; returns the cases that it offers."""
    if message.get("mistakes"):
        raise ConfigError("Robot tests refused:\n  " + "\n  ".join(message["mistakes"]))
    if "expecting" in message:
        progress.expecting(message["expecting"])
    elif "described" in message:
        record.take_described(message["described"])
    elif "started" in message:
        progress.started(message["started"])
    elif "ended" in message:
        progress.ended(next(case for case in record.cases() if case.id == message["ended"]))
    return [
        CaseInfo(
            id=plain["id"],
            title=plain["title"],
            clauses=tuple((standard, number) for standard, number in plain["clauses"]),
            link=plain["link"],
            device_role=plain["device_role"],
            runner="robot",
        )
        for plain in message.get("offered", ())
    ]


def _environment() -> dict[str, str]:
    """The child finds the suites' own libraries where this process does."""
    import os

    paths = [str(root.import_path) for root in suite_roots()]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
    }
