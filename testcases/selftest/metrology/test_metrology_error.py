"""Error arithmetic against hand-computed values."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.metrology.error import (
    mean,
    pulse_comparison_error_percent,
    pulses_to_count,
    reference_pulses,
    rounded_mean,
    run_time_s,
    spread,
    standard_deviation,
    watt_second_error_percent,
)
from rig.units import round_to_interval


def test_preset_of_the_reference():
    # 5e8 pulses/kWh of the reference, 10 pulses of a 1200 imp/kWh meter
    assert reference_pulses(Decimal("5E8"), Decimal(1200), 10).quantize(Decimal(1)) == Decimal(4_166_667)


def test_preset_is_divided_by_transformer_ratios():
    plain = reference_pulses(Decimal(100_000), Decimal(1000), 10)
    assert (
        reference_pulses(
            Decimal(100_000), Decimal(1000), 10, current_ratio=Decimal(20), voltage_ratio=Decimal(100)
        )
        == plain / 2000
    )


def test_error_is_positive_when_the_meter_is_fast():
    # a fast meter gives its pulses early, so that the reference counts fewer than preset
    assert pulse_comparison_error_percent(Decimal(1000), Decimal(990)).quantize(Decimal("0.0001")) == Decimal(
        "1.0101"
    )
    assert pulse_comparison_error_percent(Decimal(1000), Decimal(1010)) < 0


def test_both_methods_agree():
    # the reference counts in proportion to time at constant power
    by_pulses = pulse_comparison_error_percent(Decimal(10_000), Decimal(9_950))
    by_time = watt_second_error_percent(Decimal(100), Decimal("99.5"))
    assert by_pulses == by_time


def test_time_of_one_pulse_at_the_starting_current():
    # 3.6e6 / (1000 * 220 * 0.025) = 654.5 s, the worked example of the reference
    assert run_time_s(1, Decimal(1000), Decimal("5.5")).quantize(Decimal("0.1")) == Decimal("654.5")


@pytest.mark.parametrize("bad", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_impossible_quantities_are_refused(bad):
    with pytest.raises(ValueError, match="must be positive"):
        run_time_s(1, bad, Decimal(1))
    with pytest.raises(ValueError, match="must be positive"):
        pulse_comparison_error_percent(Decimal(1), bad)


def test_pulses_for_ten_seconds_at_high_load():
    # 13200 W, 1200 imp/kWh: 4.4 pulses a second, so 44 in ten seconds
    chosen = pulses_to_count(
        meter_constant=Decimal(1200),
        reference_constant=Decimal("5E8"),
        power_w=Decimal(13200),
        mpe_percent=Decimal(1),
    )
    assert chosen == 44


def test_pulses_for_quantisation_with_a_coarse_reference():
    # 1/m0 < 0.5 %/20 = 0.025 % needs m0 > 4000; a 10 000 imp/kWh reference gives 10 a pulse of a 1000 imp/kWh meter
    chosen = pulses_to_count(
        meter_constant=Decimal(1000),
        reference_constant=Decimal(10_000),
        power_w=Decimal(1),
        mpe_percent=Decimal("0.5"),
    )
    assert chosen == 401


def test_one_pulse_is_enough_at_the_starting_current():
    assert (
        pulses_to_count(
            meter_constant=Decimal(1200),
            reference_constant=Decimal("5E8"),
            power_w=Decimal("4.4"),
            mpe_percent=Decimal("18.75"),
        )
        == 1
    )


@given(
    power=st.decimals("0.1", "100000", places=1),
    constant=st.integers(1, 100_000),
    reference=st.integers(10_000, 10**9),
    mpe=st.decimals("0.1", "30", places=2),
)
def test_chosen_pulses_satisfy_both_rules_and_are_the_least(power, constant, reference, mpe):
    def satisfied(pulses: int) -> bool:
        m0 = Fraction(reference * pulses, constant)
        return m0 * Fraction(mpe) > 2000 and Decimal(3_600_000) * pulses >= 10 * power * constant

    chosen = pulses_to_count(
        meter_constant=Decimal(constant),
        reference_constant=Decimal(reference),
        power_w=power,
        mpe_percent=mpe,
    )
    assert satisfied(chosen)
    assert chosen == 1 or not satisfied(chosen - 1)


def test_mean_and_rounding_at_the_tie():
    assert rounded_mean([Decimal("0.72"), Decimal("0.78")], Decimal("0.1"), Decimal(1)) == Decimal("0.8")
    assert rounded_mean([Decimal("0.45"), Decimal("0.45")], Decimal("0.1"), Decimal(1)) == Decimal("0.4")
    assert rounded_mean([Decimal("0.1"), Decimal("0.1")], Decimal("0.2"), Decimal(2)) == Decimal("0.0")
    assert rounded_mean([Decimal("0.3"), Decimal("0.3")], Decimal("0.2"), Decimal(2)) == Decimal("0.4")


def test_one_reading_is_not_a_mean():
    with pytest.raises(ValueError, match="two readings"):
        rounded_mean([Decimal(1)], Decimal("0.1"), Decimal(1))
    with pytest.raises(ValueError, match="no readings"):
        mean([])


def test_spread_and_standard_deviation():
    readings = [Decimal("0.10"), Decimal("0.13"), Decimal("0.16")]
    assert spread(readings) == Decimal("0.06")
    assert standard_deviation(readings) == Decimal("0.03")
    with pytest.raises(ValueError, match="two readings"):
        standard_deviation(readings[:1])


@given(
    value=st.decimals("-30", "30", places=4), interval=st.sampled_from(["0.01", "0.02", "0.05", "0.1", "0.2"])
)
def test_rounding_is_the_nearest_even_multiple(value, interval):
    step = Decimal(interval)
    rounded = round_to_interval(value, step)
    assert rounded % step == 0
    assert abs(rounded - value) <= step / 2
    if abs(rounded - value) == step / 2:
        assert rounded / step % 2 == 0
