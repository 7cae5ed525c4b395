"""Judged measurements by subject: what a clause demands, the cases that looked at it, like values of many devices in one row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports import facts
from reports.blocks import Words
from rig.criteria.model import Clause
from rig.criteria.registry import all_clauses
from rig.results.quantities import bare_limit_text, shown_value
from rig.results.records import CaseResult, Measurement, Verdict, worst

#: address of a meter or of a terminal inside the name of a measurement
_DEVICE = re.compile(r"\b(?:\d{12}|\d{4}-[0-9A-F]{4,6})\b")
_ANY = "…"
_EACH = Words("each as expected", "均与各自期望一致")
_DIFFERENT = Words("various", "各不相同")


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity, of one device or of several alike."""

    name: str
    items: tuple[Measurement, ...]

    @property
    def verdict(self) -> Verdict:
        """Worst of them; they are folded by verdict, so all have it."""
        return worst([item.verdict for item in self.items])

    @property
    def provisional(self) -> bool:
        """Whether the limit is."""
        return any(item.provisional for item in self.items)

    @property
    def first(self) -> Measurement:
        """Criterion, clause and unit are the same in all."""
        return self.items[0]

    @property
    def measured(self) -> Words:
        """The value, or the range of values."""
        texts = list(dict.fromkeys(facts.measured_text(item) for item in self.items))
        if len(texts) == 1:
            return Words(texts[0], texts[0])
        ordered = sorted(
            (item.value, at) for at, item in enumerate(self.items) if isinstance(item.value, Decimal)
        )
        if len(ordered) == len(self.items):
            least, most = (shown_value(self.items[at]) for _, at in (ordered[0], ordered[-1]))
            span = f"{least} … {most}"
            text = facts.with_unit(span, self.first)
            return Words(text, text)
        return _EACH if self.verdict is Verdict.PASS else _DIFFERENT

    @property
    def limit(self) -> Words:
        """The limits with their unit; of several only where they share them."""
        texts = list(dict.fromkeys(facts.with_unit(bare_limit_text(item), item) for item in self.items))
        return Words(texts[0], texts[0]) if len(texts) == 1 else Words("each its own", "各自的期望值")


@dataclass(frozen=True, slots=True)
class Looked:
    """A case with what it measured about a subject, beside its rates and latencies."""

    case: CaseResult
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A clause with the cases that judged something of it."""

    standard: str
    id: str
    clause: Clause | None
    looked: tuple[Looked, ...]


def subjects(cases: Iterable[CaseResult]) -> list[Subject]:
    """Everything that the cases judged and that no table of rates or latencies shows, by clause."""
    found: dict[tuple[str, str], list[Looked]] = {}
    for case in cases:
        by_clause: dict[tuple[str, str], list[Measurement]] = {}
        for item in _others(case):
            by_clause.setdefault(facts.clause_of(item, case), []).append(item)
        for key, items in by_clause.items():
            found.setdefault(key, []).append(Looked(case, tuple(folded(items))))
    return [
        Subject(standard, clause_id, _known(standard, clause_id), tuple(looked))
        for (standard, clause_id), looked in found.items()
    ]


def _others(case: CaseResult) -> list[Measurement]:
    """Judged measurements that are not those of a rate or a latency that is shown by itself."""
    names = [rate.name for rate in case.rates] + [item.name for item in case.distributions]
    shown = tuple(f"{name}: " for name in names)
    return [
        item
        for item in case.measurements
        if (item.lower is not None or item.upper is not None or item.verdict is not Verdict.PASS)
        and not item.name.startswith(shown)
    ]


def folded(items: Sequence[Measurement]) -> list[Row]:
    """Measurements that differ in the device alone as one row; those with another verdict or other limits apart."""
    rows: dict[tuple[object, ...], list[Measurement]] = {}
    for item in items:
        exact = item.lower == item.upper
        limits = None if exact else (item.lower, item.upper)
        key = (_DEVICE.sub(_ANY, item.name), item.unit, item.criterion, item.verdict, exact, limits)
        rows.setdefault(key, []).append(item)
    return [
        Row(found[0].name if len(found) == 1 else str(key[0]), tuple(found)) for key, found in rows.items()
    ]


def _known(standard: str, clause_id: str) -> Clause | None:
    return next((clause for clause in all_clauses(standard) if clause.id == clause_id), None)
