"""The report of a system inspection on one page: rates, latencies with their legs, every other result, and what was not looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Self

from reports import facts
from reports.latency_chart import cumulative_chart, legs_chart
from reports.rate_chart import rate_charts
from reports.subjects import subjects
from reports.templating import write_page
from rig.criteria.inspection_items import ITEMS, InspectionItem
from rig.results.distribution import Distribution
from rig.results.export import record_digest
from rig.results.quantities import is_inside, shown_value
from rig.results.rate import Rate
from rig.results.records import CaseResult, Measurement, RunInfo, Verdict, worst

NAME = "inspection.html"
#: role of the cases that examine a system from end to end
_SYSTEM = "network"
#: verdicts that say something about the system; ERROR says something about the rig
_LOOKED = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE})
_UNTESTED = frozenset({Verdict.NOT_TESTED, Verdict.NOT_APPLICABLE})


class Look(StrEnum):
    """What a run did about an inspection item."""

    LOOKED_AT = "looked at"
    NOT_TESTED = "not tested"
    NO_CASE = "no case"


@dataclass(frozen=True, slots=True)
class CoveredItem:
    """One inspection item and the cases of this run that cover it."""

    item: InspectionItem
    cases: tuple[CaseResult, ...]

    @property
    def look(self) -> Look:
        """Looked at when a case came to a verdict about the system; not tested when there are only cases that did not."""
        if any(case.verdict in _LOOKED for case in self.cases):
            return Look.LOOKED_AT
        return Look.NOT_TESTED if self.cases else Look.NO_CASE

    @property
    def verdict(self) -> Verdict | None:
        """Worst verdict of the cases; what was not tested beside others takes nothing from them (see ``untested``)."""
        verdicts = [case.verdict for case in self.cases]
        said = [verdict for verdict in verdicts if verdict not in _UNTESTED]
        return worst(said or verdicts) if verdicts else None

    @property
    def untested(self) -> tuple[CaseResult, ...]:
        """Cases that came to no verdict about the system, each with its reason."""
        return tuple(case for case in self.cases if case.verdict not in _LOOKED)


def is_about(case: CaseResult) -> bool:
    """Whether a case belongs to the inspection of a system."""
    return bool(case.distributions or case.rates or case.inspection_items)


def coverage(cases: Sequence[CaseResult]) -> list[CoveredItem]:
    """Every item of the inspection with the cases of this run that cover it."""
    return [
        CoveredItem(item, tuple(case for case in cases if item.number in case.inspection_items))
        for item in ITEMS
    ]


@dataclass(frozen=True, slots=True)
class RateRow:
    """A rate of a case, with the verdict on all that was judged of it.

    ``asked`` is the judged measurement of what so many trials show, where something was asked to be shown.
    """

    case: CaseResult
    rate: Rate
    verdict: Verdict
    asked: Measurement | None

    @classmethod
    def of(cls, case: CaseResult, rate: Rate) -> Self:
        """The row of a rate."""
        asked = [
            item
            for item in case.measurements
            if item.name.startswith(f"{rate.name}: ")
            and item.value == rate.shown
            and item.criterion is not None
            and item.name != f"{rate.name}: {rate.good} of {rate.due}"
        ]
        verdict = worst([Verdict(rate.verdict), _verdict_of(rate.name, case, Verdict(rate.verdict))])
        return cls(case, rate, verdict, asked[0] if asked else None)


def _verdict_of(name: str, case: CaseResult, otherwise: Verdict) -> Verdict:
    """Verdict on a rate or a latency alone: of the measurements that carry its name."""
    own = [item.verdict for item in case.measurements if item.name.startswith(f"{name}: ")]
    return worst(own) if own else otherwise


def _to_three_decimals(item: Measurement) -> str:
    """A value as the column beside it is written, with more digits where these tell on which side of its limit it is."""
    if not isinstance(item.value, Decimal):
        return "—"
    text = f"{item.value:.3f}"
    same = replace(item, value=Decimal(text))
    return text if is_inside(same) == is_inside(item) else shown_value(item)


def longest_text(item: Distribution) -> str:
    """The longest time in seconds, against its limit."""
    judged = Measurement(item.name, item.maximum_s, "s", upper=item.limit_s, exclusive=item.limit_exclusive)
    return _to_three_decimals(judged)


def counted_text(item: Rate) -> str:
    """What was counted in percent, against its limit."""
    return _to_three_decimals(Measurement(item.name, item.value, "%", item.limit_lower, item.limit_upper))


def render(out_dir: Path, run: RunInfo, cases: Sequence[CaseResult]) -> list[Path]:
    """Write ``inspection.html`` when the run looked at a system; nothing otherwise.

    Returns:
        The files written.
    """
    inspected = [case for case in cases if is_about(case)]
    if not inspected:
        return []
    rows = coverage(cases)
    timed = [
        (case, item, _verdict_of(item.name, case, case.verdict))
        for case in inspected
        for item in case.distributions
    ]
    rated = [RateRow.of(case, item) for case in inspected for item in case.rates]
    page = write_page(
        out_dir / NAME,
        "inspection.html.j2",
        run=run,
        cases=inspected,
        counts={verdict: count for verdict, count in facts.tally(inspected).items() if count},
        adverse=[case for verdict in facts.ADVERSE for case in inspected if case.verdict is verdict],
        untested=[case for case in inspected if case.verdict in _UNTESTED],
        standards=list(dict.fromkeys(case.standard for case in inspected)),
        rated=rated,
        longest_text=longest_text,
        counted_text=counted_text,
        rate_charts=rate_charts([row.rate for row in rated]),
        timed=timed,
        pictures=[(cumulative_chart(item), legs_chart(item) if item.legs else None) for _, item, _ in timed],
        subjects=subjects([case for case in inspected if case.device_role == _SYSTEM]),
        groups={
            group: [row for row in rows if row.item.group == group]
            for group in dict.fromkeys(row.item.group for row in rows)
        },
        looks=Counter(row.look for row in rows),
        Look=Look,
        total=len(rows),
        provisional=[(item, facts.origin_of(item)) for item in facts.provisional(inspected)],
        simulated=facts.is_simulated(run, cases),
        digest=record_digest(run, cases),
        total_s=sum(case.duration_s for case in inspected),
    )
    return [page]
