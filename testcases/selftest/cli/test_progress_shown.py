"""Progress and the verdict table: live in a terminal, plain lines elsewhere; provisional and simulated marked."""

import io
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from rig.cli.progress import LiveProgress, PlainProgress, progress_for
from rig.cli.verdict_table import clause_text, print_outcome, wrapped_id
from rig.results.quantities import limit_text, measured_text, rounded, shown_value
from rig.results.records import CaseResult, Measurement, Verdict
from rig.results.telling import telling
from rig.testing.runner import RunOutcome

GOOD = Measurement("delay", Decimal("0.1"), "s", Decimal("0.02"), Decimal("0.5"), provisional=True)
NEAR = Measurement("delay", Decimal("0.49"), "s", Decimal("0.02"), Decimal("0.5"), Decimal("0.005"))
BAD = Measurement("address", "01", lower="02", upper="02", verdict=Verdict.FAIL)


def case(name, verdict, *measurements, reason=""):
    return CaseResult(
        f"own.{name}", name, "DL/T 645-2007", "7.1", "K8-C1", "meter", verdict, reason, list(measurements)
    )


def test_plain_lines_for_a_pipe():
    stream = io.StringIO()
    with progress_for(stream) as progress:
        assert isinstance(progress, PlainProgress)
        progress.expecting(2)
        progress.started("own.a")
        progress.ended(case("a", Verdict.PASS))
        progress.ended(case("b", Verdict.FAIL, reason="late"))
        progress.note("done")
    assert stream.getvalue().splitlines() == [
        "[1/2] PASS           own.a",
        "[2/2] FAIL           own.b  late",
        "done",
    ]


def test_live_progress_counts_and_keeps_failures():
    stream = io.StringIO()
    live = LiveProgress(Console(file=stream, force_terminal=True, width=120))
    with live.bar:
        live.expecting(2)
        live.started("own.a")
        live.ended(case("a", Verdict.PASS))
        live.ended(case("b", Verdict.FAIL, reason="[late]"))
    assert "own.b" in stream.getvalue()
    assert "[late]" in stream.getvalue()
    assert live.counts == {Verdict.PASS: 1, Verdict.FAIL: 1}


def test_the_telling_measurement():
    assert telling(case("a", Verdict.FAIL, GOOD, BAD)) is BAD
    assert telling(case("a", Verdict.PASS, GOOD, NEAR)) is NEAR
    assert telling(case("a", Verdict.NOT_TESTED)) is None


@pytest.mark.parametrize(
    ("lower", "upper", "text"),
    [
        (None, "5", "≤ 5 s"),
        ("1", None, "≥ 1 s"),
        ("-2", "2", "±2 s"),
        ("1", "5", "1 … 5 s"),
        ("3", "3", "= 3 s"),
        (None, None, ""),
    ],
)
def test_limits(lower, upper, text):
    limits = [None if limit is None else Decimal(limit) for limit in (lower, upper)]
    assert limit_text(Measurement("x", Decimal(1), "s", *limits)) == text


def test_texts_of_a_measurement():
    assert limit_text(GOOD) == "0.02 … 0.5 s *"
    assert measured_text(NEAR) == "0.49 ± 0.005 s"


def measured(value, lower=None, upper=None, uncertainty=None, unit="%", **more):
    numbers = [None if number is None else Decimal(number) for number in (lower, upper, uncertainty)]
    return Measurement("m", Decimal(value), unit, *numbers, **more)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (measured("0.03761305843718299", "0.02", "0.5"), "0.0376"),
        (measured("0.03636363636363636363636363636", "-0.1", "0.1", "0.0151234"), "0.036"),
        (measured("12345678.9"), "12345678.9"),
        (measured("1234.56789"), "1234.57"),
        (measured("0.50004", "0.02", "0.5"), "0.50004"),
        (measured("0.4999999999", "0.02", "0.5"), "0.5000"),
        (measured("1E+3"), "1000"),
        (measured("-0.2", "-1.5", "1.5", "0.063"), "-0.2"),
    ],
)
def test_values_have_the_digits_they_deserve(item, text):
    assert shown_value(item) == text


def test_the_unit_one_is_not_shown():
    item = measured("0.5", "0", "1.0500", "0.0123", unit="1")
    assert measured_text(item) == "0.5 ± 0.013"
    assert limit_text(item) == "0 … 1.0500"
    assert rounded(Decimal("NaN")).is_nan()


def test_long_octets_are_shortened():
    assert len(measured_text(Measurement("frame", "FE" * 40))) < 30


def test_the_curve_tells_more_than_the_warm_up():
    warm = measured("15", "15", unit="min", clause="JJG 596-2026 warm-up")
    far, near = (measured(value, "-1", "1", "0.06", curve="PF 1", x=Decimal(5)) for value in ("0.1", "-0.8"))
    point = CaseResult(
        "a.b",
        "t",
        "JJG 596-2026",
        "intrinsic error, warm-up",
        "K8-C1",
        "m",
        Verdict.PASS,
        "",
        [warm, far, near],
    )
    assert telling(point) is near
    assert clause_text(point, warm) == "warm-up (+1)"
    assert clause_text(point, near) == "intrinsic error (+1)"
    point.measurements = [
        warm,
        own := measured("0", None, "1", unit="imp", clause="JJG 596-2026 intrinsic error"),
    ]
    assert telling(point) is own


def test_ids_break_between_words():
    assert wrapped_id("own.a_long_name.of_a_case[imax]", 12) == "own.a_long_\n  name.of_a_\n  case[imax]"
    assert wrapped_id("own.short", 40) == "own.short"


@pytest.mark.parametrize("simulated", [True, False])
def test_the_table(simulated):
    stream = io.StringIO()
    cases = [case("a", Verdict.PASS, GOOD), case("b", Verdict.NOT_TESTED, reason="no source")]
    outcome = RunOutcome(Path("out"), cases, 0, simulated)
    print_outcome(outcome, Console(file=stream, width=160))
    text = stream.getvalue()
    assert ("simulated" in text) is simulated
    assert "0.02 … 0.5 s *" in text
    assert "* provisional limit" in text
    assert "no source" in text
    assert text.count("DL/T 645-2007") == 1
    assert "1 NOT_TESTED, 1 PASS" in text


def test_a_limit_that_no_profile_sets_is_told():
    stream = io.StringIO()
    rate = Measurement(
        "first run", Decimal(99), "%", Decimal(95), criterion="SYS.COLLECT.ONCE", provisional=True
    )
    print_outcome(
        RunOutcome(Path("out"), [case("a", Verdict.PASS, GOOD, rate)], 0, True),
        Console(file=stream, width=160),
    )
    assert "* SYS.COLLECT.ONCE: ≥ 95 % stands in until the lab's profile sets this limit" in stream.getvalue()
