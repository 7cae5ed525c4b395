"""The report of a system inspection: latencies with their legs, rates with their confidence, and what was not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports import facts
from reports.latency_chart import cumulative_chart, legs_chart
from reports.templating import write_page
from rig.criteria.inspection_items import ITEMS, InspectionItem
from rig.results.records import CaseResult, RunInfo, Verdict, worst

NAME = "inspection.html"


@dataclass(frozen=True, slots=True)
class CoveredItem:
    """One inspection item, the cases that cover it, and their worst verdict (None: no case of this run)."""

    item: InspectionItem
    cases: tuple[CaseResult, ...]

    @property
    def verdict(self) -> Verdict | None:
        """Worst verdict of the cases."""
        return worst([case.verdict for case in self.cases]) if self.cases else None


def coverage(cases: Sequence[CaseResult]) -> list[CoveredItem]:
    """Every item of the inspection with the cases of this run that cover it."""
    return [
        CoveredItem(item, tuple(case for case in cases if item.number in case.inspection_items))
        for item in ITEMS
    ]


def render(out_dir: Path, run: RunInfo, cases: Sequence[CaseResult]) -> list[Path]:
    """Write ``inspection.html`` when the run looked at a system; nothing otherwise.

    Returns:
        The files written.
    """
    inspected = [case for case in cases if case.distributions or case.inspection_items]
    if not inspected:
        return []
    rows = coverage(cases)
    groups = {
        group: [row for row in rows if row.item.group == group]
        for group in dict.fromkeys(row.item.group for row in rows)
    }
    timed = [(case, item) for case in inspected for item in case.distributions]
    page = write_page(
        out_dir / NAME,
        "inspection.html.j2",
        run=run,
        cases=inspected,
        timed=timed,
        cumulative=[cumulative_chart(item) for _, item in timed],
        legs=[legs_chart(item) if item.legs else None for _, item in timed],
        groups=groups,
        covered=sum(bool(row.cases) for row in rows),
        total=len(rows),
        missing=[row.item for row in rows if not row.cases],
        simulated=facts.is_simulated(run, cases),
    )
    return [page]
