"""Trends over several run directories: errors per load point and verdict changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def render_trends(run_dirs: Sequence[Path], out: Path) -> Path:
    """Write one HTML page over the runs in ``run_dirs`` (each with a results.json) to ``out``."""
    raise NotImplementedError
