"""The store of runs: SQLite with a write-ahead log, one transaction a case, several writing processes."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from rig.results.records import CaseResult, RunInfo


class Store:
    """Runs and their cases in one SQLite file; what was committed survives a kill at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin_run(self, run: RunInfo) -> None:
        """Record a new run (or refresh the same one on resume) and make it the current run."""
        raise NotImplementedError

    def join_run(self, run_id: str) -> RunInfo:
        """Make a run begun by another process the current one here; ConfigError when it is not stored."""
        raise NotImplementedError

    def add_case(self, case: CaseResult, *, run_id: str | None = None) -> None:
        """Commit one case with all its measurements at once; a repeated case replaces its earlier result."""
        raise NotImplementedError

    def finish_run(self, *, finished: str, exit_code: int, run_id: str | None = None) -> None:
        """Record when the run ended and its exit status."""
        raise NotImplementedError

    def run(self, run_id: str) -> RunInfo:
        """The stored run; ConfigError when there is none of that id."""
        raise NotImplementedError

    def runs(self) -> list[RunInfo]:
        """All runs, oldest first."""
        raise NotImplementedError

    def latest_run(self) -> RunInfo | None:
        """The run begun last, or None in an empty store."""
        raise NotImplementedError

    def cases(self, run_id: str | None = None) -> list[CaseResult]:
        """The cases of a run in the order in which they were first recorded."""
        raise NotImplementedError

    def decided(self, run_id: str | None = None) -> frozenset[str]:
        """Ids of the cases that have a verdict already; a resumed run leaves them out."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
