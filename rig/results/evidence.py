"""Evidence files named by their SHA-256, with an index, so that a run directory can be checked offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a run directory: what, and at which file."""

    path: str
    message: str


class EvidenceStore:
    """Evidence of one run directory; safe for several writing processes."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir

    def add_bytes(self, data: bytes, *, name: str, case_id: str) -> str:
        """Keep ``data`` under its hash; returns the path relative to the run directory, for ``CaseResult.evidence``."""
        raise NotImplementedError

    def add_file(self, source: Path, *, name: str, case_id: str) -> str:
        """Keep a copy of a file under its hash; returns the path relative to the run directory."""
        raise NotImplementedError


def seal(run_dir: Path) -> Path:
    """Write SHA256SUMS over everything final in the run directory; call it after the last report."""
    raise NotImplementedError


def verify(run_dir: Path) -> list[Problem]:
    """Check every hash of a run directory offline; an empty list means that all is as it was recorded."""
    raise NotImplementedError
