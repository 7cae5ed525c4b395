"""Percentiles, confidence intervals and sample sizes against published and recomputed numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.latency.statistics import (
    availability,
    binomial_cdf,
    clopper_pearson,
    lower_bound,
    percentile,
    summarise,
    trials_needed,
)


@pytest.mark.parametrize(
    ("rate", "numbers"),
    [(0.97, [99, 157, 208, 348]), (0.99, [299, 473, 628, 1049]), (0.995, [598, 947, 1258, 2100])],
)
def test_sample_sizes_for_0_1_2_5_failures(rate, numbers):
    assert [trials_needed(rate, failures) for failures in (0, 1, 2, 5)] == numbers


@pytest.mark.parametrize(("rate", "number"), [(0.999, 2995), (0.9999, 29956)])
def test_sample_sizes_without_failure(rate, number):
    assert trials_needed(rate) == number


@given(rate=st.floats(0.5, 0.995), failures=st.integers(0, 6))
def test_sample_size_is_the_least_that_shows_the_rate(rate, failures):
    number = trials_needed(rate, failures)
    assert lower_bound(number - failures, number) >= rate - 1e-9
    assert lower_bound(number - 1 - failures, number - 1) < rate + 1e-9


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [
        # published tables of the exact binomial interval, 95 %
        (0, 10, 0.0, 0.3085),
        (10, 10, 0.6915, 1.0),
        (5, 10, 0.1871, 0.8129),
        (95, 100, 0.8872, 0.9836),
        (1, 1, 0.025, 1.0),
    ],
)
def test_exact_interval(successes, trials, lower, upper):
    found = clopper_pearson(successes, trials)
    assert found.lower == pytest.approx(lower, abs=5e-5)
    assert found.upper == pytest.approx(upper, abs=5e-5)


def test_interval_ends_solve_the_binomial():
    found = clopper_pearson(197, 200)
    assert 1 - binomial_cdf(196, 200, found.lower) == pytest.approx(0.025, abs=1e-9)
    assert binomial_cdf(197, 200, found.upper) == pytest.approx(0.025, abs=1e-9)


def test_binomial_against_direct_summation():
    direct = sum(math.comb(20, k) * 0.03**k * 0.97 ** (20 - k) for k in range(3))
    assert binomial_cdf(2, 20, 0.03) == pytest.approx(direct, rel=1e-12)
    assert binomial_cdf(-1, 5, 0.5) == 0
    assert binomial_cdf(5, 5, 0.5) == 1
    assert binomial_cdf(4, 5, 1.0) == 0


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 5), (90, 9), (95, 10), (99, 10), (100, 10), (10, 1), (0.1, 1)]
)
def test_nearest_rank(percent, expected):
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0.1, 100))
def test_percentile_is_an_observed_value_with_enough_below(values, percent):
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) / len(values) >= percent / 100 - 1e-9


def test_summary():
    found = summarise([0.1, 0.2, 0.3, 0.4])
    assert (found.count, found.minimum_s, found.median_s, found.p95_s, found.maximum_s) == (
        4,
        0.1,
        0.2,
        0.4,
        0.4,
    )
    assert found.mean_s == pytest.approx(0.25)


@pytest.mark.parametrize("bad", [[], [-0.1], [math.nan], [math.inf]])
def test_impossible_latencies_are_refused(bad):
    with pytest.raises(ValueError, match="latenc"):
        summarise(bad)


def test_impossible_demands_are_refused():
    for call in (
        lambda: percentile([1], 0),
        lambda: percentile([1], 101),
        lambda: percentile([], 50),
        lambda: trials_needed(1.0),
        lambda: trials_needed(0.0),
        lambda: trials_needed(0.9, -1),
        lambda: trials_needed(0.9, confidence=1.0),
        lambda: clopper_pearson(3, 2),
        lambda: clopper_pearson(0, 0),
        lambda: clopper_pearson(1, 2, 1.0),
        lambda: binomial_cdf(1, 2, 1.5),
        lambda: availability(0, 0),
        lambda: availability(1, 2),
    ):
        with pytest.raises(ValueError, match=r".+"):
            call()


def test_availability():
    # 99.5 % of a year leaves 43.8 h
    assert availability(8760, 43.8) == pytest.approx(0.995)
