"""Percentiles, success rates with their confidence, and how many trials a rate needs; nothing but arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: relative width at which the bisections stop
_TOLERANCE = 1e-12
_MOST_STEPS = 200


def percentile(values: Sequence[float], percent: float) -> float:
    """Smallest value such that at least ``percent`` (above 0, up to 100) of the values are not above it (nearest rank).

    A value that was really observed: a verdict never rests on an interpolated time.

    Raises:
        ValueError: no values, or a percentage outside the range.
    """
    if not values:
        raise ValueError("no values")
    if not 0 < percent <= 100:
        raise ValueError(f"a percentile is above 0 and up to 100, got {percent}")
    rank = math.ceil(percent * len(values) / 100)
    return sorted(values)[rank - 1]


@dataclass(frozen=True, slots=True)
class Summary:
    """Distribution of a latency in seconds."""

    count: int
    minimum_s: float
    median_s: float
    p95_s: float
    p99_s: float
    maximum_s: float
    mean_s: float


def summarise(latencies_s: Sequence[float]) -> Summary:
    """Summary of at least one latency in seconds.

    Raises:
        ValueError: no latencies, a negative one, or one that is not finite.
    """
    if not latencies_s:
        raise ValueError("no latencies")
    for latency in latencies_s:
        if not math.isfinite(latency) or latency < 0:
            raise ValueError(f"a latency is zero or more seconds, got {latency}")
    return Summary(
        count=len(latencies_s),
        minimum_s=min(latencies_s),
        median_s=percentile(latencies_s, 50),
        p95_s=percentile(latencies_s, 95),
        p99_s=percentile(latencies_s, 99),
        maximum_s=max(latencies_s),
        mean_s=math.fsum(latencies_s) / len(latencies_s),
    )


def binomial_cdf(failures: int, trials: int, rate: float) -> float:
    """Probability of at most ``failures`` failures in ``trials`` trials, each failing with probability ``rate`` (0..1)."""
    if not 0 <= rate <= 1 or trials < 0:
        raise ValueError(f"impossible binomial: {trials} trials at rate {rate}")
    if failures < 0:
        return 0.0
    if failures >= trials or rate == 0:
        return 1.0
    if rate == 1:
        return 0.0
    log_rate, log_rest = math.log(rate), math.log1p(-rate)
    log_factorial = math.lgamma(trials + 1)
    terms = (
        math.exp(
            log_factorial
            - math.lgamma(k + 1)
            - math.lgamma(trials - k + 1)
            + k * log_rate
            + (trials - k) * log_rest
        )
        for k in range(failures + 1)
    )
    return min(1.0, math.fsum(terms))


@dataclass(frozen=True, slots=True)
class Interval:
    """Ends of a confidence interval of a rate, 0..1."""

    lower: float
    upper: float


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Exact two-sided confidence interval of a success rate.

    Args:
        successes: 0..trials.
        trials: at least 1.
        confidence: between 0 and 1, both excluded.

    Spec: Clopper and Pearson 1934; inspection of success rates asks for an interval, not a ratio alone
    """
    _check_trials(successes, trials, confidence)
    tail = (1 - confidence) / 2
    lower = (
        0.0 if successes == 0 else _solve(lambda rate: 1 - binomial_cdf(successes - 1, trials, rate) - tail)
    )
    upper = 1.0 if successes == trials else _solve(lambda rate: tail - binomial_cdf(successes, trials, rate))
    return Interval(lower, upper)


def lower_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided exact lower bound of a success rate: what is shown by so many successes at this confidence."""
    _check_trials(successes, trials, confidence)
    if successes == 0:
        return 0.0
    return _solve(lambda rate: 1 - binomial_cdf(successes - 1, trials, rate) - (1 - confidence))


def _check_trials(successes: int, trials: int, confidence: float) -> None:
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"impossible count: {successes} of {trials}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is between 0 and 1, got {confidence}")


def _solve(rising: Callable[[float], float]) -> float:
    """Root in 0..1 of a function that rises with the rate."""
    low, high = 0.0, 1.0
    for _ in range(_MOST_STEPS):
        middle = (low + high) / 2
        if rising(middle) > 0:
            high = middle
        else:
            low = middle
        if high - low <= _TOLERANCE:
            break
    return (low + high) / 2


def trials_needed(rate: float, failures_allowed: int = 0, confidence: float = 0.95) -> int:
    """Least number of trials that shows a success rate of at least ``rate`` when at most ``failures_allowed`` fail.

    For 97 %: 99, 157, 208 and 348 trials with 0, 1, 2 and 5 failures.

    Raises:
        ValueError: a rate that no number of trials can show (0 or 1), or a negative allowance.
    """
    if not 0 < rate < 1:
        raise ValueError(f"no number of trials shows a rate of {rate}")
    if not 0 < confidence < 1 or failures_allowed < 0:
        raise ValueError(f"impossible demand: confidence {confidence}, failures {failures_allowed}")
    risk = 1 - confidence
    low, high = failures_allowed, failures_allowed + 1
    while binomial_cdf(failures_allowed, high, 1 - rate) > risk:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if binomial_cdf(failures_allowed, middle, 1 - rate) > risk:
            low = middle
        else:
            high = middle
    return high


def availability(total_s: float, outage_s: float) -> float:
    """Share of the observation window in which the service was there, 0..1."""
    if total_s <= 0 or not 0 <= outage_s <= total_s:
        raise ValueError(f"impossible outage: {outage_s} s of {total_s} s")
    return (total_s - outage_s) / total_s
