"""What a record says as a whole: error curves, provisional limits, coverage of clauses, and whether a certificate is due."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from reports.blocks import Words
from reports.chart import Chart, Point, error_chart
from rig.criteria.model import Clause
from rig.criteria.registry import all_clauses, all_criteria, awaits_profile
from rig.latency.statistics import Summary, summarise
from rig.results.quantities import bare_limit_text, shown_uncertainty, shown_value, unit_text
from rig.results.records import CaseResult, Measurement, RunInfo, Verdict, worst

#: verdicts that decide a clause
DECIDED = frozenset({Verdict.PASS, Verdict.FAIL})
#: verdicts that stand against a certificate
ADVERSE = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)

#: unjudged values that belong to the judged error after them
_READING = re.compile(r"\b(?:error|reading) (\d+)\b")
_MEAN = re.compile(r"\b(?:mean|average)\b")


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """One point of an error curve as JJG 596 records it: two errors, their mean, the rounded value that is judged."""

    x: Decimal
    judged: Measurement
    error_1: Decimal | None = None
    error_2: Decimal | None = None
    mean: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Load points of one curve of one device, largest load first as they are run."""

    device: str
    name: str
    x_unit: str
    unit: str
    points: tuple[LoadPoint, ...]


def tally(cases: Sequence[CaseResult]) -> dict[Verdict, int]:
    """How many cases have each verdict, all six verdicts present."""
    counted = Counter(case.verdict for case in cases)
    return {verdict: counted[verdict] for verdict in Verdict}


def is_simulated(run: RunInfo, cases: Sequence[CaseResult]) -> bool:
    """True when any part of the result comes from emulated equipment."""
    return run.simulated or any(case.simulated for case in cases)


def curves(cases: Iterable[CaseResult]) -> list[Curve]:
    """The error curves of a record, in the order in which they were measured."""
    groups: dict[tuple[str, str], list[LoadPoint]] = {}
    for case in cases:
        for name, point in _load_points(case.measurements):
            groups.setdefault((case.device, name), []).append(point)
    found = []
    for (device, name), points in groups.items():
        points.sort(key=lambda point: point.x, reverse=True)
        first = points[0].judged
        found.append(Curve(device, name, first.x_unit, first.unit, tuple(points)))
    return found


def _load_points(measurements: Iterable[Measurement]) -> Iterator[tuple[str, LoadPoint]]:
    """Points of the curves of one case: readings come first, the judged error that ends them carries curve and load."""
    readings: list[Decimal] = []
    average: Decimal | None = None
    for item in measurements:
        limited = item.lower is not None or item.upper is not None
        if not limited and isinstance(item.value, Decimal) and _READING.search(item.name):
            readings.append(item.value)
        elif not limited and isinstance(item.value, Decimal) and _MEAN.search(item.name):
            average = item.value
        else:
            if item.curve and item.x is not None and isinstance(item.value, Decimal):
                yield item.curve, _load_point(item.x, item, readings, average)
            readings, average = [], None


def _load_point(
    x: Decimal, judged: Measurement, readings: Sequence[Decimal], average: Decimal | None
) -> LoadPoint:
    if average is None and len(readings) > 1:
        # one place more than the readings have: the mean of two ends in a five as often as not, and is rounded from there
        last = min(int(reading.as_tuple().exponent) for reading in readings)
        average = (sum(readings, Decimal(0)) / len(readings)).quantize(Decimal(1).scaleb(last - 1))
    first, second = [*readings, None, None][:2]
    return LoadPoint(x, judged, first, second, average)


def drawn_point(point: LoadPoint, x: Decimal | None = None) -> Point | None:
    """A load point as a chart takes it, at ``x`` or at its load; None when it has no finite value."""
    value, lower, upper = point.judged.value, point.judged.lower, point.judged.upper
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    return Point(
        point.x if x is None else x,
        value,
        lower if isinstance(lower, Decimal) else None,
        upper if isinstance(upper, Decimal) else None,
        point.judged.uncertainty,
        point.judged.verdict is Verdict.PASS,
    )


def chart_of(curve: Curve) -> Chart:
    """The picture of a curve against its limits."""
    points = [drawn for point in curve.points if (drawn := drawn_point(point)) is not None]
    x_label = f"电流 current ({curve.x_unit})" if curve.x_unit == "A" else curve.x_unit
    return error_chart(curve.name, points, x_label=x_label, y_label=f"({curve.unit})" if curve.unit else "")


@dataclass(frozen=True, slots=True)
class Times:
    """Distribution of one kind of time over a run."""

    name: str
    summary: Summary
    limit: str


def times(cases: Iterable[CaseResult], at_least: int = 5) -> list[Times]:
    """Distributions of the quantities in seconds that a run measured ``at_least`` times (response delays, gaps)."""
    values: dict[tuple[str, str], list[float]] = {}
    for case in cases:
        for item in case.measurements:
            if (
                item.unit == "s"
                and isinstance(item.value, Decimal)
                and item.value.is_finite()
                and item.value >= 0
            ):
                values.setdefault((item.name, bare_limit_text(item)), []).append(float(item.value))
    return [
        Times(name, summarise(found), limit)
        for (name, limit), found in values.items()
        if len(found) >= at_least
    ]


def provisional(cases: Iterable[CaseResult]) -> list[Measurement]:
    """One measurement for every provisional limit that was used, in order of first use."""
    found: dict[tuple[str, str, str, str], Measurement] = {}
    for case in cases:
        for measurement in case.measurements:
            if measurement.provisional:
                key = (
                    measurement.criterion or measurement.name,
                    measurement.clause or "",
                    bare_limit_text(measurement),
                    measurement.unit,
                )
                found.setdefault(key, measurement)
    return list(found.values())


#: why a limit is provisional, by provenance of its criterion
_ORIGINS = {
    "own": Words("own proposal", "自拟"),
    "recalled": Words("recalled", "凭记忆"),
}
_STAND_IN = Words("own proposal: no profile sets it", "自拟，实验室配置未设定")


def origin_of(measurement: Measurement) -> Words:
    """Why a limit is provisional: recalled from a text that was not at hand, or of no text at all."""
    if awaits_profile(measurement.criterion, measurement.lower, measurement.upper):
        return _STAND_IN
    known = {item.id: item.provenance for item in all_criteria()}
    return _ORIGINS.get(known.get(measurement.criterion or "", ""), Words("-", ""))


def number_text(value: Decimal | str | None) -> str:
    """A value as it is printed; decimals keep their places and never use an exponent."""
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else value


def measured_text(measurement: Measurement) -> str:
    """A value for one line: with its U where it is known, its unit, and the load it was taken at on a curve."""
    text = shown_value(measurement)
    spread = shown_uncertainty(measurement)
    if text and spread:
        text += f" ± {spread}"
    text = with_unit(text, measurement)
    if text and measurement.curve and measurement.x is not None:
        text += f" ({measurement.x.normalize():f} {measurement.x_unit})"
    return text


def with_unit(text: str, measurement: Measurement) -> str:
    """A text with the unit of its measurement; a ratio, a count and an empty text have none."""
    return f"{text}{unit_text(measurement.unit)}" if text else text


@dataclass(frozen=True, slots=True)
class Tested:
    """A case that speaks about a clause, with what it says: its own verdict, or that of single measurements in it."""

    case: CaseResult
    verdict: Verdict


@dataclass(slots=True)
class Coverage:
    """One clause with the cases that test it; ``below`` are those of its sub-clauses."""

    standard: str
    id: str
    clause: Clause | None
    tests: list[Tested] = field(default_factory=list)
    below: list[Tested] = field(default_factory=list)

    @property
    def mandatory(self) -> bool:
        """Whether the standard's table says so; a clause outside the tables is what its cases say."""
        return self.clause.mandatory if self.clause else any(test.case.mandatory for test in self.tests)

    @property
    def tested(self) -> bool:
        """True when a case of the clause, or of a part of it, decided about the device."""
        return any(test.verdict in DECIDED for test in (*self.tests, *self.below))

    @property
    def missing(self) -> bool:
        """True when no case exists at all."""
        return not self.tests and not self.below

    @property
    def verdict(self) -> Verdict:
        """The worst of its own cases, or of its sub-clauses' when it has none; NOT_APPLICABLE only when all are."""
        verdicts = [test.verdict for test in self.tests or self.below]
        return worst([verdict for verdict in verdicts if verdict is not Verdict.NOT_APPLICABLE] or verdicts)


def role_coverage(cases: Sequence[CaseResult]) -> list[Coverage]:
    """The coverage of each kind of device by itself: what was seen on a concentrator says nothing of a meter.

    A standard counts for the kind of device that most of its cases examine; other kinds answer for the clauses that their
    own cases name.
    """
    roles = dict.fromkeys(case.device_role for case in cases)
    if len(roles) < 2:
        return coverage(cases)
    owners = {
        standard: Counter(case.device_role for case in cases if case.standard == standard).most_common(1)[0][
            0
        ]
        for standard in {case.standard for case in cases}
    }
    return [
        row
        for role in roles
        for row in coverage([case for case in cases if case.device_role == role])
        if owners.get(row.standard, role) == role or not row.missing
    ]


def coverage(cases: Sequence[CaseResult]) -> list[Coverage]:
    """Every clause of the standards that the run tested, and every clause that a case or a measurement names.

    The scope of a run is the first standard of each case; of a standard that is only mentioned beside it, the matrix has
    the mentioned clauses, not all.
    """
    spoken: dict[tuple[str, str], list[Tested]] = {}
    for case in cases:
        for key, verdict in _clauses_of(case).items():
            spoken.setdefault(key, []).append(Tested(case, verdict))
    scope = dict.fromkeys(case.standard for case in cases)
    rows: list[Coverage] = []
    for standard in dict.fromkeys([*scope, *(owner for owner, _ in spoken)]):
        table = {clause.id: clause for clause in all_clauses(standard)}
        named = [clause_id for owner, clause_id in spoken if owner == standard]
        for clause_id in dict.fromkeys([*(table if standard in scope else ()), *named]):
            below = [
                test
                for other in named
                if other.startswith(f"{clause_id}.")
                for test in spoken[standard, other]
            ]
            tests = spoken.get((standard, clause_id), [])
            rows.append(Coverage(standard, clause_id, table.get(clause_id), tests, below))
    return rows


def uncovered(cases: Sequence[CaseResult]) -> list[Coverage]:
    """Clauses of the standards in the scope of a run that no case and no measurement speaks about."""
    return [row for row in coverage(cases) if row.missing]


def _clauses_of(case: CaseResult) -> dict[tuple[str, str], Verdict]:
    """Clauses a case speaks about: those it is tagged with ("7.1, JJG 596-2026 clock"), and those of its measurements.

    A clause of another standard than the case's own carries the standard's name; so may one of the same standard.
    """
    tags = [_split_clause(part.strip(), case.standard) for part in case.clause.split(",")]
    found = dict.fromkeys(tags, case.verdict)
    for measurement in case.measurements:
        if measurement.clause:
            key = _split_clause(measurement.clause, case.standard)
            known = key[1] in {clause.id for clause in all_clauses(key[0])}
            if key not in tags and known:
                found[key] = worst([measurement.verdict, *([found[key]] if key in found else [])])
    return found


def clause_of(measurement: Measurement, case: CaseResult) -> tuple[str, str]:
    """Standard and clause id that a measurement speaks about: its own, or the first of its case."""
    return _split_clause(measurement.clause or case.clause.split(",")[0].strip(), case.standard)


def _split_clause(text: str, standard: str) -> tuple[str, str]:
    """Standard and clause id of a clause as it is written in a record."""
    for owner in _standards():
        if text.startswith(f"{owner} "):
            return owner, text.removeprefix(f"{owner} ")
    return standard, text.removeprefix(f"{standard} ")


@cache
def _standards() -> tuple[str, ...]:
    return tuple(dict.fromkeys(clause.standard for clause in all_clauses()))


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the record allows a certificate, and each reason why not."""

    simulated: bool
    reasons: tuple[Words, ...]

    @property
    def passed(self) -> bool:
        """True when nothing stands against a certificate."""
        return not self.reasons


def decide(run: RunInfo, cases: Sequence[CaseResult]) -> Decision:
    """Judge a record as a whole.

    A certificate needs a finished run with a pass, an identified device, no adverse verdict, every mandatory clause of
    the tested standards tested, and (on a real bench) instruments inside their calibration period.

    Spec: ISO/IEC 17025:2017 7.8.6; JJG 596-2026 (notice of result where an item fails)
    """
    simulated = is_simulated(run, cases)
    reasons = [*_run_reasons(run, cases), *_verdict_reasons(cases), *_clause_reasons(cases)]
    if not simulated:
        reasons += _instrument_reasons(run)
    return Decision(simulated, tuple(reasons))


def _run_reasons(run: RunInfo, cases: Sequence[CaseResult]) -> Iterable[Words]:
    if not run.finished:
        yield Words("The run was not finished.", "测试未完成。")
    if not run.devices:
        yield Words("No device was identified.", "未识别到被测设备。")
    if not any(case.verdict is Verdict.PASS for case in cases):
        yield Words("No case passed.", "没有合格项目。")


def _verdict_reasons(cases: Sequence[CaseResult]) -> Iterable[Words]:
    counted = tally(cases)
    names = {
        Verdict.FAIL: ("failed", "不合格"),
        Verdict.ERROR: ("ended in an error of the rig", "因测试装置错误而中断"),
        Verdict.INCONCLUSIVE: ("remained inconclusive", "无法判定"),
    }
    for verdict in ADVERSE:
        if counted[verdict]:
            en, zh = names[verdict]
            yield Words(f"{counted[verdict]} case(s) {en}.", f"{counted[verdict]} 个项目{zh}。")


def _clause_reasons(cases: Sequence[CaseResult]) -> Iterable[Words]:
    untested = [row for row in role_coverage(cases) if row.mandatory and not row.tested]
    if untested:
        names = ", ".join(f"{row.standard} {row.id}" for row in untested)
        yield Words(
            f"{len(untested)} mandatory clause(s) untested: {names}.",
            f"{len(untested)} 个强制条款未测试：{names}。",
        )
    left = [case for case in cases if case.mandatory and case.verdict is Verdict.NOT_TESTED]
    if left:
        yield Words(
            f"{len(left)} case(s) of mandatory clauses not tested for want of means.",
            f"{len(left)} 个强制条款项目因缺少测试手段而未测试。",
        )


def _instrument_reasons(run: RunInfo) -> Iterable[Words]:
    day = run.finished[:10]
    for instrument in run.instruments:
        name = " ".join(str(instrument.get(key, "")) for key in ("maker", "model", "serial")).strip()
        name = name or str(instrument.get("role", "?"))
        due = str(instrument.get("calibration_due") or "")
        if not due:
            yield Words(f"No calibration date is known for {name}.", f"{name} 的校准有效期未知。")
        elif due[:10] < day:
            yield Words(f"The calibration of {name} was due on {due}.", f"{name} 的校准已于 {due} 到期。")
