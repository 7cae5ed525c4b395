"""The HTML report of a run: one self-contained page in both languages, with search and filter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reports import facts, inspection
from reports.chart import Chart
from reports.templating import write_page
from rig.results.evidence import entries
from rig.results.export import record_digest
from rig.results.records import CaseResult, RunInfo
from rig.results.telling import other_origin, telling

NAME = "report.html"


def render(out_dir: Path, run: RunInfo, cases: Sequence[CaseResult]) -> list[Path]:
    """Write ``report.html`` into the run directory; evidence is linked by relative paths.

    Returns:
        The files written.
    """
    charts: dict[str, list[Chart]] = {}
    for case in cases:
        own = facts.curves([case])
        if own:
            charts[case.id] = [facts.chart_of(curve) for curve in own]
    page = write_page(
        out_dir / NAME,
        "report.html.j2",
        run=run,
        cases=cases,
        counts=facts.tally(cases),
        simulated=facts.is_simulated(run, cases),
        decision=facts.decide(run, cases),
        standards=list(dict.fromkeys(case.standard for case in cases)),
        charts=charts,
        summary_charts=[facts.chart_of(curve) for curve in facts.curves(cases)],
        instrument_keys=list(dict.fromkeys(key for row in run.instruments for key in row)),
        provisional=[(item, facts.origin_of(item)) for item in facts.provisional(cases)],
        evidence_names={entry.path: entry.name for entry in entries(out_dir)},
        telling=telling,
        other_origin=other_origin,
        inspected=any(inspection.is_about(case) for case in cases),
        digest=record_digest(run, cases),
        total_s=sum(case.duration_s for case in cases),
    )
    return [page]
