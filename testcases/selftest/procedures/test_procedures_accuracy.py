"""Accuracy procedures on a fake bench in virtual time: the injected error is the right answer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from fixtures.fake_bench import RATING, FakeBench, fake_bench, scaled
from rig.criteria import registry
from rig.metrology.decision import GUARDED, DecisionRule
from rig.metrology.load_points import HALF_INDUCTIVE, UNITY, LoadPoint, active_load_points
from rig.procedures.accuracy import basic_error, load_curve, repeatability, starting
from rig.procedures.station import Station, WarmState, warm_up
from rig.results.records import Verdict
from rig.units import round_to_interval

AT_10_ITR = LoadPoint("10 Itr", Decimal(5), UNITY)


def station(bench: FakeBench, **changes) -> Station:
    fields = {
        "clock": bench.clock,
        "rating": bench.meter.rating,
        "source": bench.source,
        "reference": bench.reference,
    }
    return Station(**(fields | changes))


@pytest.mark.parametrize(
    ("injected", "reported"), [(0.73, "0.7"), (-0.73, "-0.7"), (0.0, "0.0"), (0.449, "0.4"), (-0.96, "-1.0")]
)
def test_injected_error_is_reported_rounded(injected, reported):
    bench = fake_bench(error_percent=injected)
    *readings, judged = basic_error(station(bench), bench.calculator, AT_10_ITR)
    assert judged.value == Decimal(reported)
    assert judged.verdict is Verdict.PASS
    assert [float(reading.value) for reading in readings] == pytest.approx([injected, injected], abs=2e-4)


def test_injected_error_of_a_finer_class_is_reported_finer():
    bench = fake_bench(replace(RATING, accuracy_class="E", connection="transformer"), error_percent=0.073)
    judged = basic_error(station(bench), bench.calculator, AT_10_ITR)[-1]
    assert judged.value == Decimal("0.07")
    assert (judged.lower, judged.upper) == (Decimal("-0.1"), Decimal("0.1"))


@pytest.mark.parametrize(
    ("injected", "verdict"),
    [(1.04, Verdict.PASS), (1.06, Verdict.FAIL), (-1.04, Verdict.PASS), (-1.06, Verdict.FAIL)],
)
def test_verdict_is_on_the_rounded_value_and_includes_the_limit(injected, verdict):
    bench = fake_bench(error_percent=injected)
    assert basic_error(station(bench), bench.calculator, AT_10_ITR)[-1].verdict is verdict


@pytest.mark.parametrize("jitter", [(0.04996, 0.05003), (0.14993, 0.15006), (-0.25004, -0.24995)])
def test_the_verdict_can_be_computed_again_from_the_record(jitter):
    bench = fake_bench(jitter_percent=jitter)
    first, second, judged = basic_error(station(bench), bench.calculator, AT_10_ITR)
    assert round_to_interval((first.value + second.value) / 2, Decimal("0.1")) == judged.value


def test_measurement_says_where_its_limit_comes_from():
    bench = fake_bench(error_percent=0.2)
    judged = basic_error(station(bench), bench.calculator, AT_10_ITR)[-1]
    assert judged.criterion == "JJG596-2026.MPE.B.ITR-IMAX.1"
    assert judged.clause == "JJG 596-2026 table 1"
    assert (judged.curve, judged.x, judged.x_unit) == ("PF 1 forward", Decimal(5), "A")
    assert not judged.provisional


def test_a_reference_constant_that_is_known_only_when_set_moves_the_pulses():
    bench = fake_bench()
    configure = bench.calculator.configure

    def telling(**settings) -> None:
        configure(**settings)
        bench.calculator.reference_constant_imp_per_kwh = Decimal(100_000)

    bench.calculator.configure = telling
    assert basic_error(station(bench), bench.calculator, AT_10_ITR)[-1].verdict is Verdict.PASS
    # 5E8 asks for 10 s, which are 4 pulses; 100000 asks for m0 above 2000, which are 24.0, so 25
    assert [pulses for _, pulses in bench.calculator.configured] == [4, 25]


def test_pulses_time_and_position_follow_from_the_load():
    bench = fake_bench()
    basic_error(station(bench, position=3), bench.calculator, AT_10_ITR)
    # 1100 W at 1200 imp/kWh: 2.727 s a pulse, so 4 pulses for ten seconds
    assert bench.calculator.configured == [(Decimal(1200), 4)]
    assert bench.calculator.positions == [3]
    first, second = bench.calculator.starts
    assert first == bench.source.settling_s
    assert 4 * 2.727 <= second - first <= 5.3 * 2.728


def test_guard_band_makes_the_edge_inconclusive():
    bench = fake_bench(error_percent=1.0)
    judged = basic_error(station(bench, rule=GUARDED), bench.calculator, AT_10_ITR)[-1]
    assert judged.uncertainty > 0
    assert judged.verdict is Verdict.INCONCLUSIVE


def test_share_of_the_limit_as_a_lab_may_ask():
    bench = fake_bench(error_percent=0.7)
    rule = DecisionRule.parse("percent:60")
    assert basic_error(station(bench, rule=rule), bench.calculator, AT_10_ITR)[-1].verdict is Verdict.FAIL


def test_the_labs_profile_decides_without_the_station_saying_so(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text('[decision."JJG 596-2026"]\nrule = "percent:60"\n', encoding="utf-8")
    registry.load_profile(path)
    try:
        bench = fake_bench(error_percent=0.7)
        assert basic_error(station(bench), bench.calculator, AT_10_ITR)[-1].verdict is Verdict.FAIL
    finally:
        registry.clear_profile()


def test_a_dead_meter_fails_with_no_pulses():
    bench = fake_bench(starts_at_a=1000.0)
    (only,) = basic_error(station(bench), bench.calculator, AT_10_ITR)
    assert only.verdict is Verdict.FAIL
    assert only.value == 0
    assert "output pulses" in only.name
    # two runs' time and the instrument's margin: bounded, not for ever
    assert bench.clock.now_s() < 2.0 + 2 * 5 * 2.728 + 6.0


def test_a_meter_far_too_slow_fails_with_what_it_gave():
    bench = fake_bench(error_percent=-70.0)
    (only,) = basic_error(station(bench), bench.calculator, AT_10_ITR)
    assert only.verdict is Verdict.FAIL
    assert 0 < only.value < 4


@pytest.mark.parametrize("error", [-45.0, 300.0])
def test_a_gross_error_is_still_a_number(error):
    bench = fake_bench(error_percent=error)
    judged = basic_error(station(bench), bench.calculator, AT_10_ITR)[-1]
    assert judged.verdict is Verdict.FAIL
    assert float(judged.value) == pytest.approx(error, abs=0.05)


@pytest.mark.parametrize(
    ("distortion", "name"),
    [
        (lambda state: scaled(state, voltage=1.011), "voltage"),
        (lambda state: scaled(state, current=0.97), "current"),
        (lambda state: replace(state, frequency_hz=50.2), "frequency"),
        (
            lambda state: replace(
                state, phases=tuple(replace(p, angle_deg=p.angle_deg + 2.5) for p in state.phases)
            ),
            "angle",
        ),
    ],
)
def test_a_bad_stimulus_blames_nobody(distortion, name):
    bench = fake_bench()
    bench.source.distortion = distortion
    found = basic_error(station(bench), bench.calculator, AT_10_ITR)
    assert {item.verdict for item in found} == {Verdict.INCONCLUSIVE}
    assert name in found[0].name
    assert bench.calculator.starts == []


def test_a_stimulus_that_dies_during_the_run_blames_nobody():
    bench = fake_bench()
    place = station(bench)
    bench.clock.call_at(7.0, bench.source.output_off)
    (only,) = basic_error(place, bench.calculator, AT_10_ITR)
    assert only.verdict is Verdict.INCONCLUSIVE
    assert only.value == "off"


def test_without_a_reference_meter_the_source_is_believed():
    bench = fake_bench(error_percent=0.3)
    bench.source.distortion = lambda state: scaled(state, voltage=1.05)
    assert basic_error(station(bench, reference=None), bench.calculator, AT_10_ITR)[-1].value == Decimal(
        "0.3"
    )


def test_load_curve_shows_the_injected_shape():
    bench = fake_bench(error_percent=lambda current, _angle: 0.8 if current < 0.4 else -0.2)
    points = active_load_points(RATING, UNITY)
    judged = [item for item in load_curve(station(bench), bench.calculator, points) if item.curve]
    assert [(item.x, item.value) for item in judged] == [
        (Decimal(60), Decimal("-0.2")),
        (Decimal(30), Decimal("-0.2")),
        (Decimal(5), Decimal("-0.2")),
        (Decimal("0.5"), Decimal("-0.2")),
        (Decimal("0.25"), Decimal("0.8")),
    ]
    assert [item.upper for item in judged] == [Decimal(1)] * 4 + [Decimal("1.5")]


def test_reverse_direction_is_measured_in_reverse():
    bench = fake_bench(error_percent=lambda _current, angle: 0.6 if abs(angle) > 90 else 0.0)
    reverse = [
        replace(point, direction="reverse")
        for point in (AT_10_ITR, LoadPoint("Itr", Decimal("0.5"), HALF_INDUCTIVE))
    ]
    judged = [item for item in load_curve(station(bench), bench.calculator, reverse) if item.curve]
    assert [item.value for item in judged] == [Decimal("0.6")] * 2
    assert [item.curve for item in judged] == ["PF 1 reverse", "PF 0.5L reverse"]
    assert all(abs(state.phases[0].angle_deg) > 90 for state in bench.source.applied)


def test_repeatability_is_the_spread():
    bench = fake_bench(jitter_percent=(0.0, 0.05, -0.03))
    judged = repeatability(station(bench), bench.calculator, AT_10_ITR)[-1]
    assert float(judged.value) == pytest.approx(0.08, abs=1e-3)
    assert (judged.upper, judged.verdict) == (Decimal("0.1"), Verdict.PASS)


def test_an_unstable_meter_fails_repeatability():
    bench = fake_bench(jitter_percent=(0.0, 0.08, -0.05))
    judged = repeatability(station(bench), bench.calculator, AT_10_ITR)[-1]
    assert judged.verdict is Verdict.FAIL
    assert judged.clause == "Q/GDW 10364-2020 4.5.10"


def test_two_readings_are_no_repeatability():
    bench = fake_bench()
    with pytest.raises(ValueError, match="at least 3"):
        repeatability(station(bench), bench.calculator, AT_10_ITR, number=2)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (0.0, Verdict.PASS),
        (18.0, Verdict.PASS),
        (-18.0, Verdict.PASS),
        (18.75, Verdict.PASS),
        (-18.75, Verdict.PASS),
        (18.77, Verdict.FAIL),
        (20.0, Verdict.FAIL),
    ],
)
def test_starting_has_the_wide_limit_of_its_current(error, verdict):
    bench = fake_bench(error_percent=error)
    judged = starting(station(bench), bench.calculator)[-1]
    # class B: 1.5 % * 0.25 A / 0.02 A
    assert (judged.upper, judged.verdict) == (Decimal("18.75"), verdict)
    assert bench.source.applied[-1].phases[0].current_a == 0.02


def test_a_meter_that_does_not_start_fails_with_no_pulses():
    bench = fake_bench(starts_at_a=0.021)
    (only,) = starting(station(bench), bench.calculator)
    assert (only.verdict, only.value) == (Verdict.FAIL, 0)
    # 682 s nominal; two of the longest intervals, a tenth more, and the margins
    assert bench.clock.now_s() < 2 * (1 / (1 - 0.1875) + 0.1) * 682 + 25


@pytest.mark.parametrize(("letter", "minutes"), [("A", 15), ("B", 15), ("C", 30), ("D", 30)])
def test_warm_up_takes_its_time_once(letter, minutes):
    bench = fake_bench(replace(RATING, accuracy_class=letter))
    place = station(bench, warmth=WarmState())
    warmed = warm_up(place)
    assert (warmed.value, warmed.lower, warmed.verdict) == (minutes, minutes, Verdict.PASS)
    assert bench.clock.now_s() == pytest.approx(minutes * 60 + bench.source.settling_s)
    phase = bench.source.applied[0].phases[0]
    assert (phase.voltage_v, phase.current_a, phase.angle_deg) == (220.0, 5.0, 0.0)
    warm_up(place)
    basic_error(place, bench.calculator, AT_10_ITR)
    before = bench.clock.now_s()
    assert warm_up(place).value > minutes
    assert bench.clock.now_s() == before


def test_a_meter_that_cooled_down_is_warmed_again():
    bench = fake_bench()
    place = station(bench)
    warm_up(place)
    place.wait(3600.0)
    assert warm_up(place).value == 15


def test_another_clock_means_another_meter():
    shared = WarmState()
    first, second = fake_bench(), fake_bench()
    for bench in (first, second):
        assert warm_up(station(bench, warmth=shared)).value == 15
        assert bench.clock.now_s() > 900


def test_a_bench_that_is_not_good_enough_shows_nothing():
    bench = fake_bench(replace(RATING, accuracy_class="D", connection="transformer"))
    bench.calculator.error_uncertainty_percent = Decimal("0.06")
    (only,) = load_curve(station(bench), bench.calculator, [AT_10_ITR])
    assert (only.verdict, only.upper, only.clause) == (
        Verdict.INCONCLUSIVE,
        Decimal("0.05"),
        "JJG 596-2026 table 6",
    )
    assert bench.calculator.starts == []


def test_a_curve_records_the_largest_deviation_of_every_quantity():
    bench = fake_bench()
    bench.source.distortion = lambda state: scaled(
        state, voltage=1.004 if state.phases[0].current_a > 20 else 0.998, current=1.01
    )
    found = load_curve(station(bench), bench.calculator, active_load_points(RATING, UNITY))
    largest = {item.criterion: item.value for item in found if "REF" in (item.criterion or "")}
    assert largest == {
        "JJG596-2026.REF.FREQUENCY": 0,
        "JJG596-2026.REF.VOLTAGE": Decimal("0.4"),
        "JJG596-2026.REF.CURRENT": Decimal("1.0"),
        "JJG596-2026.REF.ANGLE": 0,
    }


def test_points_that_are_inconclusive_by_rule_are_judged_all_the_same():
    bench = fake_bench(error_percent=1.0)
    points = active_load_points(RATING, UNITY)
    found = load_curve(station(bench, rule=GUARDED), bench.calculator, points)
    (counted,) = [item for item in found if item.name == "load points judged"]
    assert (counted.value, counted.verdict) == (5, Verdict.PASS)
    assert [item.verdict for item in found if item.curve] == [Verdict.INCONCLUSIVE] * 4 + [Verdict.PASS]


def test_points_without_a_good_stimulus_are_not_judged():
    bench = fake_bench()
    bench.source.distortion = lambda state: scaled(
        state, voltage=1.05 if state.phases[0].current_a > 20 else 1.0
    )
    found = load_curve(station(bench), bench.calculator, active_load_points(RATING, UNITY))
    (counted,) = [item for item in found if item.name == "load points judged"]
    assert (counted.value, counted.upper, counted.verdict) == (3, 5, Verdict.INCONCLUSIVE)


def test_starting_on_a_bench_too_uncertain_for_it():
    bench = fake_bench()
    bench.calculator.error_uncertainty_percent = Decimal(7)
    found = starting(station(bench), bench.calculator)
    assert [item.verdict for item in found if item.name.startswith("uncertainty")] == [Verdict.INCONCLUSIVE]
    assert found[-1].curve is None
