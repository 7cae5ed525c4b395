"""What a record says as a whole: when a certificate is due, what covers a clause, how curves are found."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from fixtures import sample_records as samples
from reports import facts
from rig.criteria.registry import all_clauses
from rig.results.records import CaseResult, Measurement, Verdict
from rig.results.telling import telling

D = Decimal


def reasons(run, cases):
    return [reason.en for reason in facts.decide(run, cases).reasons]


@pytest.mark.parametrize("simulated", [True, False])
def test_a_full_pass_has_nothing_against_it(simulated):
    decision = facts.decide(*samples.passing(simulated=simulated))
    assert decision.passed
    assert decision.simulated is simulated


def test_every_adverse_verdict_is_a_reason():
    assert reasons(*samples.failing()) == ["5 case(s) failed."]
    mixed = " ".join(reasons(*samples.mixed()))
    for part in (
        "1 case(s) ended in an error of the rig",
        "1 case(s) remained inconclusive",
        "not tested for want of",
    ):
        assert part in mixed


def test_an_unfinished_run_gets_no_certificate():
    run, cases = samples.passing()
    assert reasons(replace(run, finished=""), cases) == ["The run was not finished."]


def test_a_run_without_a_device_gets_no_certificate():
    run, cases = samples.passing()
    assert reasons(replace(run, devices=[]), cases) == ["No device was identified."]


def test_an_empty_run_gets_no_certificate():
    run, _ = samples.passing()
    assert "No case passed." in reasons(run, [])


@pytest.mark.parametrize("verdict", [Verdict.NOT_APPLICABLE, Verdict.NOT_TESTED, None])
def test_an_undecided_mandatory_clause_stands_against_a_certificate(verdict):
    run, cases = samples.passing()
    kept = [case for case in cases if case.clause != "5.2.6"]
    if verdict is not None:
        kept += [replace(case, verdict=verdict, measurements=[]) for case in cases if case.clause == "5.2.6"]
    assert reasons(run, kept)[0] == "1 mandatory clause(s) untested: DL/T 645-2007 5.2.6."


def test_an_optional_clause_may_be_left_out():
    run, cases = samples.passing()
    assert facts.decide(run, [case for case in cases if case.clause != "E.1CH"]).passed


def test_overdue_and_unknown_calibration_stand_against_a_real_certificate_only():
    run, cases = samples.passing(simulated=False)
    run.instruments[0]["calibration_due"] = "2026-11-22"
    run.instruments[1]["calibration_due"] = None
    assert reasons(run, cases) == [
        "The calibration of Fluke 6105A SN1203 was due on 2026-11-22.",
        "No calibration date is known for Yokogawa WT3000E 91K204.",
    ]
    run.instruments[0]["calibration_due"] = run.finished[:10]
    run.instruments[1]["calibration_due"] = "2027-01-01"
    assert facts.decide(run, cases).passed


def test_one_emulated_part_makes_the_whole_simulated():
    run, cases = samples.passing(simulated=False)
    cases[3] = replace(cases[3], simulated=True)
    assert facts.decide(run, cases).simulated


def row_of(cases, clause):
    return next(row for row in facts.coverage(cases) if row.id == clause)


def test_every_clause_of_a_touched_standard_is_in_the_matrix():
    case = samples.protocol_cases(per_clause=1)[0]
    rows = facts.coverage([case])
    assert {row.id for row in rows} == {clause.id for clause in all_clauses(samples.STANDARD)}
    assert row_of([case], "7.1").missing
    assert not row_of([case], "7.1").tested


def test_a_parent_clause_is_tested_through_its_parts():
    case = replace(samples.protocol_cases()[0], clause="5.2.6", measurements=[])
    row = row_of([case], "5.2")
    assert row.tested
    assert not row.missing
    assert row.verdict is Verdict.PASS


def test_clauses_that_nothing_speaks_about_are_named():
    accuracy = replace(
        samples.protocol_cases()[0],
        standard="JJG 596-2026",
        clause="intrinsic error, no-load",
        measurements=[],
    )
    left = {row.id for row in facts.uncovered([accuracy])}
    assert {"AC voltage", "prepayment", "reactive MPE", "appearance"} <= left
    assert not left & {"intrinsic error", "no-load"}


def test_clause_numbers_are_not_matched_by_their_first_digits():
    case = replace(samples.protocol_cases()[0], clause="7.10", measurements=[])
    assert row_of([case], "7.1").missing


def test_a_measurement_speaks_for_its_own_clause():
    bad = Measurement(
        "gap", D("0.7"), "s", None, D("0.5"), verdict=Verdict.FAIL, clause="DL/T 645-2007 5.3.3"
    )
    case = replace(samples.protocol_cases()[0], clause="7.1", verdict=Verdict.FAIL, measurements=[bad])
    assert row_of([case], "5.3.3").verdict is Verdict.FAIL
    own = replace(case, measurements=[replace(bad, clause="5.3.3", verdict=Verdict.PASS)])
    assert row_of([own], "5.3.3").verdict is Verdict.PASS
    assert row_of([own], "7.1").verdict is Verdict.FAIL


def test_a_case_with_several_clauses_covers_each():
    case = replace(samples.protocol_cases()[0], clause="7.1, A.5, JJG 596-2026 clock", measurements=[])
    rows = {(row.standard, row.id): row for row in facts.coverage([case])}
    for key in (("DL/T 645-2007", "7.1"), ("DL/T 645-2007", "A.5"), ("JJG 596-2026", "clock")):
        assert rows[key].verdict is Verdict.PASS
    assert [key for key in rows if key[0] == "JJG 596-2026"] == [("JJG 596-2026", "clock")]


def test_the_telling_point_of_a_curve_is_nearest_to_its_limit():
    case = samples.accuracy_cases()[0]
    stimulus = Measurement("angle", D("0.0"), "deg", D(-2), D(2))
    told = telling(replace(case, measurements=[*case.measurements, stimulus]))
    assert told is not None
    assert (told.x, told.value) == (D("0.25"), D("-0.4"))


def test_a_clause_outside_the_tables_is_shown():
    case = replace(samples.protocol_cases()[0], clause="99.9", measurements=[])
    assert row_of([case], "99.9").clause is None


def test_untested_is_not_hidden_by_a_pass_but_inapplicable_is():
    first, second = samples.protocol_cases()[:2]
    untested = [replace(first, measurements=[]), replace(second, verdict=Verdict.NOT_TESTED, measurements=[])]
    assert row_of(untested, first.clause).verdict is Verdict.NOT_TESTED
    inapplicable = [untested[0], replace(untested[1], verdict=Verdict.NOT_APPLICABLE)]
    assert row_of(inapplicable, first.clause).verdict is Verdict.PASS


def case_with(measurements):
    return CaseResult("a.b", "t", "s", "c", "l", "meter", Verdict.PASS, measurements=list(measurements))


def test_readings_before_a_judged_error_belong_to_it():
    def judged(x, value):
        return Measurement(f"error at {x}", D(value), "%", D(-1), D(1), curve="PF 1", x=D(x), x_unit="A")

    case = case_with(
        [
            Measurement("reading 1 at 5", D("0.121"), "%"),
            Measurement("reading 2 at 5", D("0.118"), "%"),
            judged("5", "0.1"),
            Measurement("reading 1 at 60", D("0.31"), "%"),
            Measurement("spread of 3 readings", D("0.01"), "%", upper=D(1)),
            judged("60", "0.3"),
        ]
    )
    (curve,) = facts.curves([case])
    assert [(point.x, point.error_1, point.error_2, point.mean) for point in curve.points] == [
        (D(60), None, None, None),
        (D(5), D("0.121"), D("0.118"), D("0.1195")),
    ]
    assert (curve.device, curve.name, curve.unit, curve.x_unit) == ("meter", "PF 1", "%", "A")


def test_a_recorded_mean_is_taken_as_it_is():
    points = facts.curves(samples.accuracy_cases())[0].points
    assert (points[0].error_1, points[0].error_2, points[0].mean) == (D("0.142"), D("0.122"), D("0.132"))


def test_measured_text_has_uncertainty_unit_and_load():
    point = Measurement(
        "error", D("-0.5"), "%", uncertainty=D("0.063"), curve="PF 1", x=D("0.250"), x_unit="A"
    )
    assert facts.measured_text(point) == "-0.5 ± 0.063 % (0.25 A)"
    assert facts.measured_text(Measurement("ratio", D(2), "1")) == "2"
    assert facts.measured_text(Measurement("at once", D("0.5"), "s", uncertainty=D(0))) == "0.5 s"
    assert facts.measured_text(Measurement("nothing", "", "s")) == ""


def test_a_limit_of_our_own_is_told_from_a_recalled_one():
    told = {
        name: facts.origin_of(Measurement("x", Decimal(1), criterion=name, provisional=True)).en
        for name in ("GDW1376.1.HEARTBEAT", "GDW1376.1.RESPONSE.READ", "NO.SUCH")
    }
    assert told == {
        "GDW1376.1.HEARTBEAT": "own proposal",
        "GDW1376.1.RESPONSE.READ": "recalled",
        "NO.SUCH": "-",
    }


def test_a_limit_that_no_profile_sets_is_told():
    def told(lower: int) -> str:
        return facts.origin_of(
            Measurement("x", D(99), "%", D(lower), criterion="SYS.COLLECT.ONCE", provisional=True)
        ).en

    assert told(95) == "own proposal: no profile sets it"
    assert told(97) == "own proposal"


def test_provisional_limits_are_listed_once():
    found = facts.provisional(samples.passing()[1])
    assert [item.criterion for item in found] == ["DLT645.RESPONSE_DELAY", "JJG596.CLOCK"]


def test_times_are_summed_up_when_there_are_enough():
    times = [case_with([Measurement("delay", D(n) / 100, "s", D(0), D("0.5"))]) for n in range(1, 11)]
    (found,) = facts.times(times)
    assert (found.name, found.summary.count, found.summary.p95_s, found.limit) == (
        "delay",
        10,
        0.1,
        "0 … 0.5",
    )
    assert facts.times(times[:4]) == []


def test_a_clause_seen_on_another_kind_of_device_says_nothing_of_the_meter():
    run, cases = samples.passing()
    elsewhere = [
        replace(case, device="collector", device_role="collector") if number % 2 else case
        for number, case in enumerate(cases)
    ]
    assert not any("untested" in reason for reason in reasons(run, cases))
    assert any("untested" in reason for reason in reasons(run, elsewhere))


def test_the_clauses_of_a_meter_are_not_asked_of_another_device():
    run, cases = samples.passing()
    one = next(case for case in cases if case.standard == "DL/T 645-2007")
    assert reasons(run, [*cases, replace(one, id="other", device="c", device_role="collector")]) == []
