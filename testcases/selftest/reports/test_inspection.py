"""The report of a system inspection: what it draws, and that it hides neither failures nor items nobody looked at."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from reports.inspection import NAME, coverage, render
from reports.latency_chart import cumulative_chart, legs_chart
from rig.latency.spans import Chain, Span
from rig.results.distribution import Distribution, distribution_of
from rig.results.records import CaseResult, RunInfo, Verdict

RUN = RunInfo("run-1", "bench", 1, simulated=True)


def _case(
    verdict: Verdict = Verdict.PASS, *, items: tuple[str, ...] = (), timed: tuple[Distribution, ...] = ()
) -> CaseResult:
    return CaseResult(
        "end_to_end.a.b",
        "title",
        "Q/GDW 1379.1-2013",
        "response time",
        "M3-N1",
        "network",
        verdict,
        inspection_items=list(items),
        distributions=list(timed),
    )


def _timed(**more: object) -> Distribution:
    chain = Chain.of([Span("uplink", 0, 0.4, clock="engine"), Span("meter", 0.5, 1.0, clock="engine")])
    values: dict[str, object] = {"chains": [chain], "clock": "engine", "limit_s": Decimal(15)} | more
    return distribution_of("read <on> demand", [1.0, 2.5], **values)  # type: ignore[arg-type]


def test_a_run_that_inspected_nothing_has_no_such_page(tmp_path: Path) -> None:
    assert render(tmp_path, RUN, [_case()]) == []
    assert not (tmp_path / NAME).exists()


def test_failures_and_uncovered_items_are_shown(tmp_path: Path) -> None:
    (page,) = render(tmp_path, RUN, [_case(items=("04010",), timed=(_timed(failures=3),))])
    text = page.read_text(encoding="utf-8")
    assert "read &lt;on&gt; demand" in text
    assert '<td class="n">5</td><td class="n">3</td>' in text
    assert "<td>uplink</td>" in text
    assert "<td>unaccounted</td>" in text
    assert text.count("未覆盖") > 50
    assert "SIMULATED" in text


def test_the_worst_verdict_of_an_item_counts() -> None:
    rows = {
        row.item.number: row
        for row in coverage([_case(items=("04010",)), _case(Verdict.FAIL, items=("04010",))])
    }
    assert rows["04010"].verdict is Verdict.FAIL
    assert rows["04011"].verdict is None


def test_failures_keep_the_curve_below_the_top() -> None:
    def height(item: Distribution) -> float:
        return max(y for shape in cumulative_chart(item).shapes for _, y in getattr(shape, "points", ())[-1:]
                   if len(getattr(shape, "points", ())) > 4)  # fmt: skip

    assert height(_timed(failures=2)) < height(_timed())


def test_nothing_answered_is_drawn_too() -> None:
    silent = distribution_of("read", [], failures=4)
    assert cumulative_chart(silent).shapes
    assert legs_chart(silent).shapes
