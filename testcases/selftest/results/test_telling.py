"""What one line shows of a case: the same everywhere, and never a side check in place of the result."""

from __future__ import annotations

import inspect
from decimal import Decimal

import pytest

from reports import certificate_content, html_report
from rig.cli import verdict_table
from rig.results.rate import Rate
from rig.results.records import CaseResult, Measurement, Verdict
from rig.results.telling import other_origin, telling

D = Decimal
OWN = "Q/GDW 1379.1-2013 collection"


def case(verdict: Verdict, *measurements: Measurement) -> CaseResult:
    return CaseResult(
        "a.b", "t", "Q/GDW 1379.1-2013", "collection", "M3-N1", "n", verdict, "", list(measurements)
    )


def rate(value: str = "100", lower: str = "99.5") -> Measurement:
    return Measurement(
        "cycle", D(value), "%", D(lower), criterion="SYS.COLLECT.CYCLE", clause=OWN, provisional=True
    )


def counted(name: str, value: str, limit: str) -> Measurement:
    return Measurement(name, value, lower=limit, upper=limit, clause=OWN)


@pytest.mark.parametrize("limit", ["99.5", "100"])
def test_side_checks_around_a_rate_do_not_hide_it(limit: str) -> None:
    told = telling(
        case(
            Verdict.PASS,
            Measurement("due", D(84), lower=D(84), upper=D(84), clause=OWN),
            rate(lower=limit),
            counted("freezes stored twice", "(nothing)", "(nothing)"),
            Measurement("asked for by hand", D(0), lower=D(0), upper=D(0), clause=OWN),
            counted("freezes compared", "280", "some"),
        )
    )
    assert told is not None
    assert (told.name, told.value, told.lower) == ("cycle", D(100), D(limit))


def test_a_rate_tells_what_was_counted_not_what_it_shows_of_the_long_run() -> None:
    counted_rate = Measurement("cycle: 640 of 640", D(100), "%", D("99.5"), criterion="C", clause=OWN)
    shown = Measurement("cycle: rate shown", D("99.533"), "%", D("99.5"), criterion="C", clause=OWN)
    found = case(Verdict.PASS, counted_rate, shown)
    found.rates = [
        Rate("cycle", 640, 640, D(100), D("0.95"), D("99.425"), D(100), D("99.533"), 598, "C", OWN, D("99.5"), None,
             provisional=False, verdict="PASS")
    ]  # fmt: skip
    assert telling(found) is counted_rate


def test_what_did_not_pass_comes_first_and_with_the_verdict_of_the_case() -> None:
    open_, bad = (
        Measurement(name, D(9), upper=D(2), verdict=verdict)
        for name, verdict in (("a", Verdict.INCONCLUSIVE), ("b", Verdict.FAIL))
    )
    assert telling(case(Verdict.FAIL, rate(), open_, bad)) is bad
    assert telling(case(Verdict.ERROR, rate(), open_, bad)) is open_


def test_without_limits_the_last_tells() -> None:
    plain = Measurement("plain", D(0))
    limited = counted("done", "done", "done")
    assert telling(case(Verdict.PASS, limited, plain)) is limited
    assert telling(case(Verdict.PASS, plain)) is plain
    assert telling(case(Verdict.PASS)) is None


def test_a_value_that_is_no_number_is_not_compared() -> None:
    strange = Measurement("x", D("NaN"), "s", upper=D(1), clause=OWN)
    assert telling(case(Verdict.PASS, strange, rate())).name == "cycle"  # type: ignore[union-attr]


@pytest.mark.parametrize("module", [verdict_table, html_report, certificate_content])
def test_console_page_and_certificate_share_it(module: object) -> None:
    assert inspect.getattr_static(module, "telling") is telling


def test_a_limit_of_another_document_says_whose_it_is() -> None:
    foreign = Measurement("clock", D(2), "s", D(-5), D(5), clause="Own proposals recovery")
    found = case(Verdict.PASS, foreign)
    assert other_origin(found, foreign) == "Own proposals recovery"
    assert verdict_table.clause_text(found, foreign) == "collection, limit: Own proposals recovery"
    found.clause = "collection, clock"
    assert verdict_table.clause_text(found, foreign) == "collection, limit: Own proposals recovery (+1)"


def test_a_limit_of_the_cases_standard_needs_no_name() -> None:
    found = case(Verdict.PASS, rate())
    assert other_origin(found, rate()) == ""
    assert other_origin(found, Measurement("clock", D(2), "s", clause="Own proposals recovery")) == ""
    assert other_origin(found, Measurement("clock", D(2), "s", D(-5), D(5))) == ""
    assert other_origin(found, None) == ""
