"""Progress and the verdict table: live in a terminal, plain lines elsewhere; provisional and simulated marked."""

import io
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from rig.cli.progress import LiveProgress, PlainProgress, progress_for
from rig.cli.verdict_table import limit_text, measured_text, print_outcome, telling
from rig.results.records import CaseResult, Measurement, Verdict
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
        ("-2", "2", "± 2 s"),
        ("1", "5", "1 .. 5 s"),
        ("3", "3", "3 s"),
        (None, None, ""),
    ],
)
def test_limits(lower, upper, text):
    limits = [None if limit is None else Decimal(limit) for limit in (lower, upper)]
    assert limit_text(Measurement("x", Decimal(1), "s", *limits)) == text


def test_texts_of_a_measurement():
    assert limit_text(GOOD) == "0.02 .. 0.5 s *"
    assert measured_text(NEAR) == "0.49 ± 0.005 s"


@pytest.mark.parametrize("simulated", [True, False])
def test_the_table(simulated):
    stream = io.StringIO()
    cases = [case("a", Verdict.PASS, GOOD), case("b", Verdict.NOT_TESTED, reason="no source")]
    outcome = RunOutcome(Path("out"), cases, 0, simulated)
    print_outcome(outcome, Console(file=stream, width=160))
    text = stream.getvalue()
    assert ("simulated" in text) is simulated
    assert "0.02 .. 0.5 s *" in text
    assert "* provisional limit" in text
    assert "no source" in text
    assert "1 NOT_TESTED, 1 PASS" in text
