"""The requirement matrix: clause by case by verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rig.results.records import CaseResult, RunInfo


def render(out_dir: Path, run: RunInfo, cases: Sequence[CaseResult]) -> list[Path]:
    """Write the report into ``out_dir`` (the run directory) and return the files written."""
    raise NotImplementedError
