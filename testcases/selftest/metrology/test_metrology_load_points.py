"""Load points against the regulation's list, written out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest

from fixtures.fake_bench import RATING
from rig.metrology.load_points import (
    LoadPoint,
    PowerFactor,
    active_load_points,
    active_load_points_2012,
    basic_current_a,
    reactive_currents_a,
    unbalanced_load_points,
)

TRANSFORMER = replace(
    RATING,
    voltage_v=Decimal("57.7"),
    itr_a=Decimal("0.075"),
    imin_a=Decimal("0.015"),
    imax_a=Decimal(6),
    connection="transformer",
    accuracy_class="C",
    ist_a=Decimal("0.0015"),
    phases=3,
    wires=4,
)


def amps(points):
    return [(point.current_name, point.current_a) for point in points]


def test_unity_runs_down_to_imin():
    assert amps(active_load_points(RATING, PowerFactor("1"))) == [
        ("Imax", Decimal(60)),
        ("0.5 Imax", Decimal(30)),
        ("10 Itr", Decimal(5)),
        ("Itr", Decimal("0.5")),
        ("Imin", Decimal("0.25")),
    ]


@pytest.mark.parametrize("factor", ["0.5L", "0.8C"])
def test_other_power_factors_stop_at_itr(factor):
    assert [name for name, _ in amps(active_load_points(RATING, PowerFactor(factor)))] == [
        "Imax",
        "0.5 Imax",
        "10 Itr",
        "Itr",
    ]


def test_half_imax_only_from_forty_itr():
    narrow = replace(RATING, imax_a=Decimal("19.9"))
    assert "0.5 Imax" not in dict(amps(active_load_points(narrow, PowerFactor("1"))))
    exact = replace(RATING, imax_a=Decimal(20))
    assert dict(amps(active_load_points(exact, PowerFactor("1"))))["0.5 Imax"] == 10


def test_class_a_leaves_imin_and_capacitive_to_the_parties():
    class_a = replace(RATING, accuracy_class="A")
    assert [point.optional for point in active_load_points(class_a, PowerFactor("1"))] == [False] * 4 + [True]
    assert all(point.optional for point in active_load_points(class_a, PowerFactor("0.8C")))
    assert active_load_points(class_a, PowerFactor("0.8C"), with_optional=False) == ()


def test_points_on_request():
    assert active_load_points(replace(RATING, accuracy_class="A"), PowerFactor("0.25L")) == ()
    assert active_load_points(RATING, PowerFactor("0.25C")) == ()
    on_request = active_load_points(
        replace(RATING, accuracy_class="E", connection="transformer"), PowerFactor("0.25C")
    )
    assert [point.current_name for point in on_request] == ["Imax", "10 Itr", "Itr"]


def test_unbalanced_points_need_three_phases():
    assert unbalanced_load_points(RATING, PowerFactor("1")) == ()
    points = unbalanced_load_points(TRANSFORMER, PowerFactor("0.5L"))
    assert [point.current_name for point in points] == ["Imax", "10 Itr", "Itr"]
    assert unbalanced_load_points(TRANSFORMER, PowerFactor("0.8C")) == ()


def test_basic_current_by_connection():
    assert basic_current_a(RATING) == 5
    assert basic_current_a(TRANSFORMER) == Decimal("1.5")


@pytest.mark.parametrize(
    ("factor", "direction", "expected"),
    [
        ("1", "forward", 0.0),
        ("0.5L", "forward", 60.0),
        ("0.8C", "forward", -36.8699),
        ("1", "reverse", 180.0),
        ("0.5L", "reverse", -120.0),
        ("0.8C", "reverse", 143.1301),
    ],
)
def test_angles(factor, direction, expected):
    angle = LoadPoint("Itr", Decimal("0.5"), PowerFactor(factor), direction).angle_deg
    assert angle == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("factor", ["1", "0.5L", "0.8C", "0.25L", "0.5C", "0.25C"])
def test_reverse_turns_the_power_round(factor):
    forward = LoadPoint("Itr", Decimal(1), PowerFactor(factor)).angle_deg
    reverse = LoadPoint("Itr", Decimal(1), PowerFactor(factor), "reverse").angle_deg
    assert math.cos(math.radians(forward)) == pytest.approx(-math.cos(math.radians(reverse)))
    assert math.sin(math.radians(forward)) == pytest.approx(-math.sin(math.radians(reverse)))


@pytest.mark.parametrize("text", ["0", "1.2", "0.5", "1L", "-0.5L", "half", ""])
def test_words_that_are_no_power_factor(text):
    with pytest.raises(ValueError, match="not a power factor"):
        PowerFactor(text)


def test_power_of_a_point():
    assert LoadPoint("Imax", Decimal(60), PowerFactor("0.5L")).power_w(Decimal(220)) == 6600


def test_reactive_points_direct():
    assert reactive_currents_a(RATING, "1", "2") == (
        ("Imax", Decimal(60)),
        ("0.5 Imax", Decimal(30)),
        ("In", Decimal(5)),
        ("0.1 In", Decimal("0.5")),
        ("0.05 In", Decimal("0.25")),
    )
    assert [name for name, _ in reactive_currents_a(RATING, "0.25", "2")] == ["In"]
    assert reactive_currents_a(RATING, "0.25", "2", balanced=False) == ()


def test_reactive_points_transformer_depend_on_class():
    fine = [name for name, _ in reactive_currents_a(TRANSFORMER, "1", "1S")]
    coarse = [name for name, _ in reactive_currents_a(TRANSFORMER, "1", "2")]
    assert fine == ["Imax", "In", "0.05 In", "0.02 In", "0.01 In"]
    assert coarse == fine[:-1]


def test_points_of_the_2012_edition():
    assert amps(active_load_points_2012(RATING, PowerFactor("0.5L"))) == [
        ("Imax", Decimal(60)),
        ("0.5 Imax", Decimal(30)),
        ("Ib", Decimal(5)),
        ("0.2 Ib", Decimal(1)),
        ("0.1 Ib", Decimal("0.5")),
    ]
    assert active_load_points_2012(replace(RATING, accuracy_class="A"), PowerFactor("0.8C")) == ()
    fine = replace(TRANSFORMER, accuracy_class="D")
    assert amps(active_load_points_2012(fine, PowerFactor("1")))[-1] == ("0.01 In", Decimal("0.015"))
