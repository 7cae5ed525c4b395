"""Limits by load point: the regulation's tables written a second time, and the borders between their rows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from fixtures.fake_bench import RATING
from rig.criteria import registry
from rig.criteria.mpe import active_mpe, reactive_mpe, repeatability_limit, starting_current_a
from rig.errors import ConfigError

#: (current as multiple of Itr, PF) -> MPE of A..E; Imin is 0.5 Itr, Imax 120 Itr
EXPECTED = {
    ("120", "1"): "2.0 1.0 0.5 0.2 0.1",
    ("1", "1"): "2.0 1.0 0.5 0.2 0.1",
    ("1", "0.5L"): "2.0 1.0 0.6 0.3 0.15",
    ("10", "0.8C"): "2.0 1.0 0.6 0.3 0.15",
    ("10", "0.25L"): "- 3.5 1.0 0.5 0.25",
    ("10", "0.5C"): "- 2.5 1.0 0.5 0.25",
    ("10", "0.25C"): "- - - - 0.25",
    ("0.9", "1"): "2.5 1.5 1.0 0.4 0.2",
    ("0.9", "0.5L"): "2.5 1.5 1.0 0.5 0.25",
    ("0.9", "0.8C"): "2.5 1.5 1.0 0.5 0.25",
    ("0.5", "1"): "2.5 1.5 1.0 0.4 0.2",
    ("0.25", "1"): "5.0 3.0 2.0 0.8 0.4",
    ("0.05", "1"): "25 15 10 4 2",
    ("0.9", "0.25L"): "- - - - -",
    ("0.5", "0.5L"): "- - - - -",
}


def of_class(letter):
    connection = "transformer" if letter == "E" else "direct"
    return replace(RATING, accuracy_class=letter, connection=connection)


@pytest.mark.parametrize("point", EXPECTED, ids=str)
@pytest.mark.parametrize("letter", "ABCDE")
def test_table_1(point, letter):
    current, factor = point
    expected = EXPECTED[point].split()["ABCDE".index(letter)]
    rating = of_class(letter)
    amps = Decimal(current) * rating.itr_a
    if expected == "-":
        with pytest.raises(ConfigError, match="no limit"):
            active_mpe(rating, amps, factor)
    else:
        assert active_mpe(rating, amps, factor).limit_percent == Decimal(expected)


@pytest.mark.parametrize(
    ("letter", "interval"), [("A", "0.2"), ("B", "0.1"), ("C", "0.05"), ("D", "0.02"), ("E", "0.01")]
)
def test_rounding_interval(letter, interval):
    assert active_mpe(of_class(letter), Decimal(5), "1").rounding_percent == Decimal(interval)


@pytest.mark.parametrize("amps", ["60.001", "0", "-1"])
def test_no_limit_outside_the_range(amps):
    with pytest.raises(ConfigError, match="no limit"):
        active_mpe(RATING, Decimal(amps), "1")


def test_state_grid_is_tighter_than_the_regulation():
    class_a = replace(RATING, accuracy_class="A")
    assert active_mpe(class_a, Decimal(5), "1", "GDW10364-2020").limit_percent == 1
    assert active_mpe(class_a, Decimal(5), "1").limit_percent == 2


@pytest.mark.parametrize(
    ("amps", "factor", "limit"),
    [
        ("0.5", "1", "1.0"),
        ("0.49", "1", "1.5"),
        ("0.25", "1", "1.5"),
        ("1", "0.5L", "1.0"),
        ("0.5", "0.5L", "1.5"),
    ],
)
def test_the_2012_edition_switches_elsewhere(amps, factor, limit):
    assert active_mpe(RATING, Decimal(amps), factor, "JJG596-2012").limit_percent == Decimal(limit)


@pytest.mark.parametrize(("amps", "factor"), [("0.24", "1"), ("0.49", "0.5L")])
def test_the_2012_edition_has_no_limit_below(amps, factor):
    with pytest.raises(ConfigError, match="no limit"):
        active_mpe(RATING, Decimal(amps), factor, "JJG596-2012")


@pytest.mark.parametrize(
    ("meter_class", "connection", "sine", "current", "balanced", "limit"),
    [
        ("2", "direct", "1", "0.05", True, "2.5"),
        ("2", "direct", "1", "0.1", True, "2.0"),
        ("3", "direct", "0.5", "0.15", True, "4.0"),
        ("1", "direct", "0.25", "1", True, "2.0"),
        ("1S", "transformer", "1", "0.01", True, "1.5"),
        ("3", "transformer", "1", "0.02", True, "4.0"),
        ("0.5S", "transformer", "0.25", "0.1", True, "1.0"),
        ("0.5S", "transformer", "1", "0.05", False, "0.7"),
        ("2", "direct", "0.5", "0.2", False, "3.0"),
    ],
)
def test_reactive_table(meter_class, connection, sine, current, balanced, limit):
    assert reactive_mpe(
        meter_class, connection, sine, Decimal(current), balanced=balanced
    ).limit_percent == Decimal(limit)


@pytest.mark.parametrize(
    ("meter_class", "connection", "sine", "current", "balanced"),
    [
        ("3", "transformer", "1", "0.01", True),
        ("1S", "direct", "1", "1", True),
        ("2", "direct", "0.25", "1", False),
        ("2", "direct", "1", "0.04", True),
        ("2", "direct", "0.5", "0.05", True),
    ],
)
def test_reactive_gaps(meter_class, connection, sine, current, balanced):
    with pytest.raises(ConfigError, match="no limit"):
        reactive_mpe(meter_class, connection, sine, Decimal(current), balanced=balanced)


@pytest.mark.parametrize(("letter", "amps"), [("A", "0.025"), ("B", "0.020"), ("C", "0.020"), ("D", "0.020")])
def test_starting_current_direct(letter, amps):
    assert starting_current_a(replace(RATING, accuracy_class=letter)) == Decimal(amps)


def test_starting_current_of_class_e_is_for_transformers():
    with pytest.raises(ConfigError, match="transformer"):
        replace(RATING, accuracy_class="E")
    assert starting_current_a(of_class("E")) == Decimal("0.010")


@pytest.mark.parametrize(
    ("letter", "amps", "factor", "limit"),
    [
        ("B", "5", "1", "0.1"),
        ("B", "0.3", "1", "0.15"),
        ("B", "5", "0.5L", "0.1"),
        ("C", "5", "0.8C", "0.06"),
        ("E", "5", "1", "0.01"),
    ],
)
def test_repeatability(letter, amps, factor, limit):
    found, _ = repeatability_limit(of_class(letter), Decimal(amps), factor)
    assert found == Decimal(limit)


def test_a_lab_profile_reaches_the_load_point(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text('[criteria."JJG596-2026.MPE.B.ITR-IMAX.1"]\nlimit = "0.6"\n', encoding="utf-8")
    registry.load_profile(path)
    try:
        assert active_mpe(RATING, Decimal(5), "1").limit_percent == Decimal("0.6")
    finally:
        registry.clear_profile()
