"""The HTML report of a run: one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rig.results.records import CaseResult, RunInfo


def render(out_dir: Path, run: RunInfo, cases: Sequence[CaseResult]) -> list[Path]:
    """Write the report into ``out_dir`` (the run directory) and return the files written."""
    raise NotImplementedError
