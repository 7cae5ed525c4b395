"""The report of a system inspection: what it draws, and that it hides neither failures nor items nobody looked at."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reports import html_report
from reports.inspection import NAME, Look, counted_text, coverage, longest_text, render
from reports.latency_chart import cumulative_chart, legs_chart
from reports.rate_chart import MOST, rate_charts
from reports.subjects import folded, subjects
from rig.latency.spans import Chain, Span
from rig.procedures.inspection import ratio
from rig.results.distribution import Distribution, distribution_of
from rig.results.rate import Rate
from rig.results.records import CaseResult, Measurement, RunInfo, Verdict

D = Decimal
STANDARD = "Q/GDW 1379.1-2013"
RUN = RunInfo(
    "run-1",
    "bench",
    42,
    simulated=True,
    started="2026-11-23T08:00:00+08:00",
    rig_version="9.8.7",
    hashes={"profile": "ab" * 32},
    decision_rule="simple acceptance; lab profile Lab A",
)


def _case(
    verdict: Verdict = Verdict.PASS,
    *measurements: Measurement,
    items: tuple[str, ...] = (),
    timed: tuple[Distribution, ...] = (),
    rates: tuple[Rate, ...] = (),
    reason: str = "",
    name: str = "b",
) -> CaseResult:
    return CaseResult(
        f"end_to_end.a.{name}",
        "title",
        STANDARD,
        "response time",
        "M3-N1",
        "network",
        verdict,
        reason,
        list(measurements),
        device_role="network",
        inspection_items=list(items),
        distributions=list(timed),
        rates=list(rates),
    )


def _timed(**more: object) -> Distribution:
    chain = Chain.of([Span("uplink", 0, 0.4, clock="engine"), Span("meter", 0.5, 1.0, clock="engine")])
    values: dict[str, object] = {"chains": [chain], "clock": "engine", "limit_s": D(15)} | more
    return distribution_of("read <on> demand", [1.0, 2.5], **values)  # type: ignore[arg-type]


def _rate(**more: object) -> Rate:
    values: dict[str, object] = {
        "name": "freezes of the cycle",
        "good": 84,
        "due": 85,
        "value": D("98.823529"),
        "confidence": D("0.95"),
        "interval_lower": D("93.6185"),
        "interval_upper": D("99.9702"),
        "shown": D("94.5437"),
        "needed": 598,
        "criterion": "SYS.COLLECT.CYCLE",
        "clause": f"{STANDARD} collection",
        "limit_lower": D("99.5"),
        "limit_upper": None,
        "provisional": True,
        "verdict": "FAIL",
    }
    return Rate(**(values | more))  # type: ignore[arg-type]


def _page(tmp_path: Path, *cases: CaseResult) -> str:
    (page,) = render(tmp_path, RUN, list(cases))
    return page.read_text(encoding="utf-8")


def _plain(html: str) -> str:
    """Text of a page, in English."""
    shown = re.sub(r'<span class="zh">.*?</span>', "", html[html.index("<body") :])
    return " ".join(re.sub(r"<[^>]*>", " ", shown).split())


def test_a_run_that_inspected_nothing_has_no_such_page(tmp_path: Path) -> None:
    assert render(tmp_path, RUN, [_case()]) == []
    assert not (tmp_path / NAME).exists()


def test_failures_and_uncovered_items_are_shown(tmp_path: Path) -> None:
    text = _page(tmp_path, _case(items=("04010",), timed=(_timed(failures=3),)))
    assert "read &lt;on&gt; demand" in text
    assert '<td class="n">5</td><td class="n">3</td>' in text
    assert "<td>uplink</td>" in text
    assert "<td>unaccounted</td>" in text
    assert text.count("本次运行无用例") > 50
    assert "SIMULATED" in text


def test_the_head_says_which_run_it_was(tmp_path: Path) -> None:
    text = _plain(_page(tmp_path, _case(items=("04010",))))
    for part in (
        "run-1",
        "bench",
        "2026-11-23 08:00:00",
        "seed 42",
        "software 9.8.7",
        "lab profile Lab A",
        "ab" * 32,
    ):
        assert part in text


def test_a_limit_has_its_unit_its_standard_and_its_star(tmp_path: Path) -> None:
    limited = {"criterion": "SYS.RT.READ_SET", "clause": f"{STANDARD} response time"}
    slow = Measurement(
        "read <on> demand: longest of 2", D("2.5"), "s", upper=D(15), provisional=True, **limited
    )
    text = _page(tmp_path, _case(Verdict.PASS, slow, timed=(_timed(provisional=True, **limited),)))
    assert f"≤ 15 s * SYS.RT.READ_SET {STANDARD} response time" in _plain(text)
    assert "* provisional limit: not read in the standard itself" in _plain(text)
    assert "SYS.RT.READ_SET Q/GDW 1379.1-2013 response time ≤ 15 s recalled" in _plain(text)
    seen = replace(slow, provisional=False)
    assert "provisional limit" not in _page(tmp_path, _case(Verdict.PASS, seen, timed=(_timed(**limited),)))


def test_a_rate_is_shown_with_what_it_is_good_for(tmp_path: Path) -> None:
    text = _plain(_page(tmp_path, _case(Verdict.FAIL, rates=(_rate(),), reason="one is missing")))
    row = (
        "freezes of the cycle end_to_end.a.b 84 / 85 98.824 93.618 … 99.970 ≥ 94.544 598 ≥ 99.5 % * "
        f"SYS.COLLECT.CYCLE {STANDARD} collection fail"
    )
    assert row in text
    assert "fail title end_to_end.a.b : one is missing" in text


def test_a_rate_that_must_be_low_and_one_that_nothing_shows(tmp_path: Path) -> None:
    low = _rate(
        name="false actions", good=0, limit_lower=None, limit_upper=D("0.01"), shown=D("3.4"), verdict="PASS"
    )
    whole = _rate(needed=None, limit_lower=D(100))
    text = _plain(_page(tmp_path, _case(rates=(low, whole))))
    assert "≤ 3.400 598 ≤ 0.01 % *" in text
    assert "≥ 94.544 — ≥ 100 % *" in text


def test_a_rate_that_too_few_trials_show_is_not_shown_as_passed(tmp_path: Path) -> None:
    rate = _rate(good=85, value=D(100), verdict="PASS")
    asked = Measurement(
        "freezes of the cycle: rate shown at 95 % confidence is at least this; the limit needs 598 without failure",
        rate.shown,
        "%",
        D(97),
        verdict=Verdict.INCONCLUSIVE,
        criterion="SYS.RT.SHOWN",
        provisional=True,
    )
    text = _plain(_page(tmp_path, _case(Verdict.INCONCLUSIVE, asked, rates=(rate,))))
    assert "≥ 94.544 asked ≥ 97 * 598 ≥ 99.5 % *" in text
    assert "collection inconclusive" in text


def test_rates_are_drawn_by_kind_and_not_too_many_in_one() -> None:
    low = _rate(
        limit_lower=None, limit_upper=D("0.01"), interval_lower=D(0), interval_upper=D("3.5"), value=D(0)
    )
    charts = rate_charts([_rate()] * (MOST + 1) + [low, _rate(limit_lower=None, verdict="PASS")])
    assert len(charts) == 3
    ends = [re.findall(r"'([\d.]+) %'", repr(chart.shapes)) for chart in charts]
    assert [(end[0], end[-1]) for end in ends] == [("90", "100"), ("90", "100"), ("0", "5")]
    for chart in charts:
        places = [x for shape in chart.shapes for x, _ in getattr(shape, "points", ())]
        assert all(0 <= x <= 255 for x in places)


def test_every_other_judged_measurement_is_there_by_subject(tmp_path: Path) -> None:
    clock = {"unit": "s", "clause": f"{STANDARD} clock", "criterion": "TERM.SYNC"}
    measurements = [
        *(Measurement(f"clock of 0171-000{n}", D(n), lower=D(-5), upper=D(5), **clock) for n in (1, 2, 3)),
        Measurement("clock of 0171-0004", D(9), lower=D(-5), upper=D(5), verdict=Verdict.FAIL, **clock),
        Measurement("freezes of the cycle: 84 of 85", D(98), "%", D("99.5"), clause=f"{STANDARD} collection"),
        Measurement("only told", D(7), clause=f"{STANDARD} clock"),
        Measurement("audit", "two", lower="two", upper="two"),
    ]
    case = _case(Verdict.FAIL, *measurements, rates=(_rate(),), items=("04010",))
    found = {
        subject.id: [row.name for looked in subject.looked for row in looked.rows]
        for subject in subjects([case])
    }
    assert found == {"clock": ["clock of …", "clock of 0171-0004"], "response time": ["audit"]}
    text = _plain(_page(tmp_path, case))
    assert "Clocks and their synchronisation Q/GDW 1379.1-2013 clock" in text
    assert "clock of … × 3 1 … 3 s clock of 0171-0001: 1 s" in text
    assert "clock of 0171-0004 9 s ±5 s TERM.SYNC fail" in text
    other = replace(case, device_role="concentrator")
    assert "clock of" not in _plain(_page(tmp_path, other))


@pytest.mark.parametrize(
    ("values", "limits", "measured", "limit"),
    [
        (("no", "no"), ("no", "no"), "no", "no"),
        (("1 kWh", "2 kWh"), ("1 kWh", "2 kWh"), "each as expected", "each its own"),
        ((D(1), D(2)), (D(1), D(2)), "1 … 2 kWh", "each its own"),
    ],
)
def test_like_values_of_many_devices_are_one_row(values, limits, measured, limit) -> None:
    unit = "" if isinstance(values[0], str) else "kWh"
    pairs = enumerate(zip(values, limits, strict=True))
    items = [Measurement(f"import of {n:012d}", value, unit, end, end) for n, (value, end) in pairs]
    (row,) = folded(items)
    assert (row.name, row.measured.en, row.limit.en) == ("import of …", measured, limit)


def test_the_worst_verdict_of_an_item_counts() -> None:
    rows = {
        row.item.number: row
        for row in coverage([_case(items=("04010",)), _case(Verdict.FAIL, items=("04010",))])
    }
    assert rows["04010"].verdict is Verdict.FAIL
    assert rows["04011"].verdict is None


@pytest.mark.parametrize(
    ("verdicts", "look", "verdict"),
    [
        ((), Look.NO_CASE, None),
        ((Verdict.NOT_TESTED,), Look.NOT_TESTED, Verdict.NOT_TESTED),
        ((Verdict.NOT_APPLICABLE,), Look.NOT_TESTED, Verdict.NOT_APPLICABLE),
        ((Verdict.ERROR,), Look.NOT_TESTED, Verdict.ERROR),
        ((Verdict.NOT_TESTED, Verdict.PASS), Look.LOOKED_AT, Verdict.PASS),
        ((Verdict.NOT_TESTED, Verdict.FAIL), Look.LOOKED_AT, Verdict.FAIL),
        ((Verdict.ERROR, Verdict.PASS), Look.LOOKED_AT, Verdict.ERROR),
        ((Verdict.INCONCLUSIVE,), Look.LOOKED_AT, Verdict.INCONCLUSIVE),
    ],
)
def test_an_item_is_looked_at_only_by_a_verdict(verdicts, look, verdict) -> None:
    rows = coverage([_case(verdict, items=("04010",)) for verdict in verdicts])
    (row,) = [row for row in rows if row.item.number == "04010"]
    assert (row.look, row.verdict) == (look, verdict)


def test_why_an_item_was_not_tested_is_told(tmp_path: Path) -> None:
    untested = _case(Verdict.NOT_TESTED, items=("04010",), reason="a real network <here>")
    text = _plain(_page(tmp_path, untested, _case(items=("04011",), name="c")))
    assert "1 looked at , 1 not tested though there are cases ," in text
    assert "04010 remote" in text
    assert "end_to_end.a.b not tested : a real network &lt;here&gt; not tested" in text


def test_the_report_leads_to_it(tmp_path: Path) -> None:
    for case, leads in ((_case(items=("04010",)), True), (_case(), False)):
        (page,) = html_report.render(tmp_path, RUN, [case])
        assert ('href="inspection.html"' in page.read_text(encoding="utf-8")) is leads


def test_failures_keep_the_curve_below_the_top() -> None:
    def height(item: Distribution) -> float:
        return max(y for shape in cumulative_chart(item).shapes for _, y in getattr(shape, "points", ())[-1:]
                   if len(getattr(shape, "points", ())) > 4)  # fmt: skip

    assert height(_timed(failures=2)) < height(_timed())


@pytest.mark.parametrize(("limit", "told"), [("12", False), ("13", True)])
def test_a_limit_far_beyond_is_told_and_does_not_squeeze_the_curve(limit: str, told: bool) -> None:
    texts = [getattr(shape, "text", "") for shape in cumulative_chart(_timed(limit_s=D(limit))).shapes]
    assert (f"限值 limit {limit} s →" in texts) is told
    assert ("2.5" in texts) is told


def test_nothing_answered_is_drawn_too() -> None:
    silent = distribution_of("read", [], failures=4)
    assert cumulative_chart(silent).shapes
    assert legs_chart(silent).shapes


@pytest.mark.parametrize(
    ("longest_s", "excluded", "text"),
    [
        ("4.9996", True, "4.9996"),
        ("5.0004", False, "5.0004"),
        ("4.9996", False, "5.000"),
        ("1.7", True, "1.700"),
    ],
)
def test_the_longest_is_never_rounded_to_the_other_side_of_its_limit(longest_s, excluded, text) -> None:
    found = distribution_of("read", [0.5, float(longest_s)], limit_s=Decimal(5), limit_exclusive=excluded)
    assert longest_text(found) == text


def test_a_rate_is_never_rounded_to_the_other_side_of_its_limit() -> None:
    rate, _ = ratio("orders", 9989, 9990, "SYS.CTRL.CORRECT")
    assert rate.limit_lower == Decimal("99.99")
    assert Decimal(counted_text(rate)) < rate.limit_lower
