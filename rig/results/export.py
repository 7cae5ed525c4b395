"""A run written as results.json and as JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rig.results.records import CaseResult, RunInfo


def write_results_json(path: Path, run: RunInfo, cases: Sequence[CaseResult]) -> Path:
    """Write results.json (numbers as exact decimal strings)."""
    raise NotImplementedError


def read_results_json(path: Path) -> tuple[RunInfo, list[CaseResult]]:
    """Read results.json back into records; ConfigError when it is not one."""
    raise NotImplementedError


def write_junit(path: Path, run: RunInfo, cases: Sequence[CaseResult]) -> Path:
    """Write JUnit XML: one suite a case folder, INCONCLUSIVE as a failure of its own type."""
    raise NotImplementedError
