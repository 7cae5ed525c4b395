"""The requirement matrix: clause by case by verdict, with the clauses that no case tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reports import facts
from reports.templating import write_page
from rig.results.records import CaseResult, RunInfo

NAME = "matrix.html"


def render(out_dir: Path, run: RunInfo, cases: Sequence[CaseResult]) -> list[Path]:
    """Write ``matrix.html`` into the run directory.

    Returns:
        The files written.
    """
    rows = facts.coverage(cases)
    standards = {
        standard: [row for row in rows if row.standard == standard]
        for standard in dict.fromkeys(row.standard for row in rows)
    }
    gaps = [row for row in rows if row.mandatory and not row.tested]
    page = write_page(
        out_dir / NAME,
        "matrix.html.j2",
        run=run,
        standards=standards,
        gaps=gaps,
        simulated=facts.is_simulated(run, cases),
    )
    return [page]
