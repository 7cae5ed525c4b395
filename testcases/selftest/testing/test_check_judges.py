"""Checks record what was observed beside what was expected, and raise what decides the verdict."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from rig.errors import DeviceRefused, LinkTimeout
from rig.ports.byte_link import Burst
from rig.results.records import Measurement, Verdict
from rig.testing.check import Check
from rig.testing.outcomes import CheckFailed, Inconclusive


@pytest.fixture
def checks():
    return Check("DL/T 645-2007 7.1")


def test_equal_passes_and_is_recorded(checks):
    checks.equal("octets", 4, 4, unit="octets")
    assert checks.measurements == [
        Measurement("octets", Decimal(4), "octets", Decimal(4), Decimal(4), clause="DL/T 645-2007 7.1")
    ]


def test_unequal_fails_with_both_values(checks):
    with pytest.raises(CheckFailed, match=r"expected 16, observed 17 \[DL/T 645-2007 5.2.7\]") as caught:
        checks.equal("end", b"\x17", b"\x16", clause="DL/T 645-2007 5.2.7")
    assert caught.value.measurement.verdict is Verdict.FAIL
    assert checks.measurements[-1].value == "17"


def test_a_boolean_and_nothing_are_shown_in_words(checks):
    checks.equal("flag", True, True)
    checks.equal("answer", b"", b"")
    assert [item.value for item in checks.measurements] == ["yes", "(nothing)"]


def test_true_shows_what_was_looked_at(checks):
    with pytest.raises(CheckFailed, match="expected an answer, observed silence"):
        checks.true("answer", False, observed="silence", expected="an answer")


@pytest.mark.parametrize(
    ("value", "uncertainty", "verdict"),
    [("0.1", None, "PASS"), ("0.5", None, "PASS"), ("0.501", None, "FAIL"), ("0.019", None, "FAIL"),
     ("0.49", "0.02", "INCONCLUSIVE"), ("0.51", "0.02", "INCONCLUSIVE"), ("0.6", "0.02", "FAIL"), ("0.4", "0.02", "PASS")],
)  # fmt: skip
def test_within_takes_limits_from_the_criteria(checks, value, uncertainty, verdict):
    spread = None if uncertainty is None else Decimal(uncertainty)
    got = checks.within("delay", Decimal(value), "DLT645.RESPONSE_DELAY", uncertainty=spread, stop=False)
    assert got == verdict
    kept = checks.measurements[-1]
    assert (kept.lower, kept.upper, kept.unit) == (Decimal("0.020"), Decimal("0.500"), "s")
    assert kept.criterion == "DLT645.RESPONSE_DELAY"


def test_within_marks_a_provisional_limit(checks):
    checks.within("clock", 1, "DLT645.CLOCK_READING")
    assert checks.measurements[-1].provisional


def test_an_overlap_is_inconclusive_not_a_failure(checks):
    with pytest.raises(Inconclusive, match="is inconclusive"):
        checks.between("delay", 0.5, 0.02, 0.5, unit="s", uncertainty=0.05)


def test_between_with_one_open_side(checks):
    assert checks.between("gain", 3, 0, None, unit="kWh") is Verdict.PASS
    with pytest.raises(CheckFailed, match=r"limits 0 \.\. ∞"):
        checks.between("gain", -1, 0, None, unit="kWh")


def test_what_was_taken_without_stopping_raises_at_the_end(checks):
    checks.between("first", 2, 0, 1, unit="s", stop=False)
    checks.between("second", 3, 0, 1, unit="s", stop=False)
    with pytest.raises(CheckFailed, match=r"first.*and 1 more"):
        checks.finish()


def test_silence(checks):
    quiet = SimpleNamespace(received=())
    loud = SimpleNamespace(received=(Burst(b"\x68\x16", 0.0, 0.1),))
    checks.silence("broadcast", quiet)
    with pytest.raises(CheckFailed, match="expected silence, observed 6816"):
        checks.silence("broadcast", loud)


def _refuse(code):
    raise DeviceRefused("no", code=code)


def test_refused_by_exactly_these_bits(checks):
    assert checks.refused("write", lambda: _refuse(4), bits=4).code == 4
    checks.refused("write", lambda: _refuse(2))
    with pytest.raises(CheckFailed, match="expected refused with ERR 04H, observed refused with ERR 06H"):
        checks.refused("write", lambda: _refuse(6), bits=4)


def test_accepted_where_a_refusal_is_due(checks):
    with pytest.raises(CheckFailed, match="observed accepted: done"):
        checks.refused("write", lambda: "done", bits=4)


def test_silence_is_no_refusal(checks):
    def silent():
        raise LinkTimeout("nothing", link="bus1", waited_s=1, attempts=1)

    with pytest.raises(LinkTimeout):
        checks.refused("write", silent)


def test_record_takes_what_a_procedure_judged(checks):
    good = Measurement("a", Decimal(1))
    bad = Measurement("b", Decimal(2), verdict=Verdict.INCONCLUSIVE)
    worse = Measurement("c", Decimal(3), verdict=Verdict.FAIL, clause="JJG 596-2026 6.4")
    assert checks.record(good) is Verdict.PASS
    with pytest.raises(CheckFailed, match="c: observed 3"):
        checks.record([good, bad, worse])
    assert [item.clause for item in checks.measurements[-2:]] == ["DL/T 645-2007 7.1", "JJG 596-2026 6.4"]
    assert checks.record([bad], stop=False) is Verdict.INCONCLUSIVE


def test_a_bare_clause_belongs_to_the_standard_of_the_case(checks):
    checks.equal("control", 1, 1, clause="5.2.3")
    checks.equal("control", 1, 1, clause="JJG 596-2026 6.4")
    assert [item.clause for item in checks.measurements] == ["DL/T 645-2007 5.2.3", "JJG 596-2026 6.4"]


@pytest.mark.parametrize(
    ("observed", "shown"),
    [
        ([Decimal("0.00"), Decimal("1E-7")], "0.00, 0.0000001"),
        ((b"\x01", None), "01, None"),
        ({"b", "a"}, "a, b"),
        ({"total": Decimal("1.50")}, "total: 1.50"),
        ([], "(nothing)"),
    ],
)
def test_values_in_a_list_are_shown_as_single_ones_are(checks, observed, shown):
    checks.true("registers", True, observed=observed, expected="zero")
    assert checks.measurements[-1].value == shown
