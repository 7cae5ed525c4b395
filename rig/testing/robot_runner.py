"""Robot Framework in a process of its own, into the same store and the same Allure folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rig.testing.case import CaseInfo
from rig.testing.selection import Selection

if TYPE_CHECKING:
    from rig.testing.run_record import RunRecord
    from rig.testing.runner import Progress, RunOptions


def robot_files(folders: list[Path]) -> list[Path]:
    """Robot suites of these folders, in order."""
    return sorted(path for folder in folders for path in folder.rglob("*.robot"))


def run_robot(
    options: RunOptions, selection: Selection, suites: list[Path], record: RunRecord, progress: Progress
) -> list[CaseInfo]:
    """Run the selected Robot cases; returns all that were offered."""
    raise NotImplementedError
