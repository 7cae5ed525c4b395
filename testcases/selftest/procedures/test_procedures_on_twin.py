"""The same procedures through real drivers, emulated instruments and the twin: they must report the twin's own error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from rig.bench.binding import Bench
from rig.bench.world import declaration_of
from rig.metrology.load_points import HALF_INDUCTIVE, UNITY, LoadPoint, active_load_points
from rig.procedures.accuracy import basic_error, load_curve, starting
from rig.procedures.no_load import no_load
from rig.procedures.station import Station, warm_up
from rig.results.records import Verdict
from rig.twin.devices.meter_config import RESIDENTIAL, MeterConfig

POINTS = (
    LoadPoint("Imax", Decimal(60), UNITY),
    LoadPoint("10 Itr", Decimal(5), HALF_INDUCTIVE),
    LoadPoint("10 Itr", Decimal(5), UNITY, "reverse"),
    LoadPoint("Imin", Decimal("0.25"), UNITY),
)
#: what the emulated comparator's reference adds, and a few readings of noise
TOLERANCE = 0.05


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    held = Bench.load(seed=7)
    yield held
    held.close()


def station_on(bench: Bench) -> Station:
    assert bench.source is not None
    return Station(
        clock=bench.clock,
        rating=bench.declarations["meter"].rating,
        source=bench.source,
        reference=bench.reference,
    )


def truth_percent(bench: Bench, point: LoadPoint) -> float:
    """What the drawn error model says at this point."""
    apparent = 220.0 * float(point.current_a)
    angle = math.radians(point.angle_deg)
    model = bench.configs["meter"].error_model
    gain = model.gain(
        float(point.current_a), apparent * math.cos(angle), apparent * math.sin(angle), apparent
    )
    return (gain - 1) * 100


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
@pytest.mark.parametrize("added", [0.0, 0.73, -0.73])
def test_the_twins_error_is_reported(bench, point, added):
    bench.begin_case(f"truth {point.name} {added}", defects=(f"gain:{added:+}%",))
    *readings, judged = basic_error(station_on(bench), bench.error_calculator, point)
    expected = truth_percent(bench, point) + added
    for reading in readings:
        assert float(reading.value) == pytest.approx(expected, abs=TOLERANCE)
    assert float(judged.value) == pytest.approx(expected, abs=TOLERANCE + 0.05)
    bench.end_case()


@pytest.mark.parametrize(("letter", "constant"), [("A", 1600), ("C", 3200), ("D", 20000)])
def test_other_classes_conform(letter, constant):
    rating = replace(RESIDENTIAL, accuracy_class=letter, constant_imp_per_kwh=Decimal(constant))
    config = MeterConfig.conforming(5, rating=rating)
    held = Bench.load(seed=3)
    held.configs["meter"], held.declarations["meter"] = config, declaration_of(config)
    held.begin_case("class")
    place = station_on(held)
    measured = [warm_up(place)]
    for factor in (UNITY, HALF_INDUCTIVE):
        for direction in ("forward", "reverse"):
            measured += load_curve(
                place, held.error_calculator, active_load_points(rating, factor, direction)
            )
    measured += starting(place, held.error_calculator)
    measured += no_load(place, held.counter)
    held.close()
    assert {item.verdict for item in measured} == {Verdict.PASS}


def test_a_gain_beyond_the_class_fails(bench):
    bench.begin_case("beyond", defects=("gain:+2.5%",))
    judged = basic_error(station_on(bench), bench.error_calculator, POINTS[0])[-1]
    assert judged.verdict is Verdict.FAIL
    assert judged.value > judged.upper
    bench.end_case()


def test_the_same_seed_gives_the_same_measurements(bench):
    def once() -> list[object]:
        bench.begin_case("repeat")
        measured = basic_error(station_on(bench), bench.error_calculator, POINTS[0])
        bench.end_case()
        return measured

    assert once() == once()
