"""The distribution of a latency over many trials, as it goes into the record: figures, confidence, and the legs of the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rig.errors import ConfigError
from rig.latency.spans import Chain
from rig.latency.statistics import Summary, clopper_pearson, percentile, summarise

#: times are recorded to the microsecond: finer than any clock here is known
_STEP = Decimal("0.000001")
#: name of the time inside a request that no leg accounts for
UNACCOUNTED = "unaccounted"


@dataclass(frozen=True, slots=True)
class Leg:
    """Times of one leg of the way over all trials, in seconds."""

    name: str
    count: int
    minimum_s: Decimal
    median_s: Decimal
    p95_s: Decimal
    p99_s: Decimal
    maximum_s: Decimal
    mean_s: Decimal


@dataclass(frozen=True, slots=True)
class Distribution:
    """A latency over ``trials`` trials, of which ``failures`` gave no answer in time; times in seconds.

    ``rate_lower`` and ``rate_upper`` are the ends of the Clopper-Pearson interval of the success rate at ``confidence``.
    All legs lie on ``clock``; ``clock_error_s`` is the expanded uncertainty (k = 2) of a duration on it. ``legs`` is empty
    where only the ends of the way can be seen.
    """

    name: str
    trials: int
    failures: int
    samples_s: tuple[Decimal, ...]
    minimum_s: Decimal | None
    median_s: Decimal | None
    p95_s: Decimal | None
    p99_s: Decimal | None
    maximum_s: Decimal | None
    confidence: Decimal
    rate_lower: Decimal
    rate_upper: Decimal
    clock: str
    clock_error_s: Decimal
    legs: tuple[Leg, ...] = ()
    criterion: str | None = None
    limit_s: Decimal | None = None
    #: the limit itself is outside (< 5 s)
    limit_exclusive: bool = False
    #: the limit is provisional, and belongs to this clause (standard and clause)
    provisional: bool = False
    clause: str = ""


def _time(value_s: float) -> Decimal:
    return Decimal(repr(value_s)).quantize(_STEP)


def _leg(name: str, durations_s: Sequence[float]) -> Leg:
    figures = summarise(durations_s)
    return Leg(
        name,
        figures.count,
        _time(figures.minimum_s),
        _time(figures.median_s),
        _time(figures.p95_s),
        _time(figures.p99_s),
        _time(figures.maximum_s),
        _time(figures.mean_s),
    )


def legs_of(chains: Sequence[Chain]) -> tuple[Leg, ...]:
    """Every leg's times over all requests, in the order of the first request; what no leg covers comes last.

    A leg that occurs twice in a request (out and back, or a second try) counts with the sum of its parts.
    """
    durations: dict[str, list[float]] = {}
    for chain in chains:
        own: dict[str, float] = {}
        for span in chain.spans:
            own[span.name] = own.get(span.name, 0.0) + max(0.0, span.duration_s)
        for name, duration_s in own.items():
            durations.setdefault(name, []).append(duration_s)
    legs = [_leg(name, values) for name, values in durations.items()]
    if chains:
        legs.append(_leg(UNACCOUNTED, [max(0.0, chain.unaccounted_s) for chain in chains]))
    return tuple(legs)


def distribution_of(
    name: str,
    samples_s: Sequence[float],
    *,
    failures: int = 0,
    confidence: float = 0.95,
    clock: str = "host",
    clock_error_s: float = 0.0,
    chains: Sequence[Chain] = (),
    criterion: str | None = None,
    limit_s: Decimal | None = None,
    limit_exclusive: bool = False,
    provisional: bool = False,
    clause: str = "",
) -> Distribution:
    """The record of a latency.

    Args:
        name: what was timed, from which event to which.
        samples_s: latencies of the trials that succeeded, in seconds.
        failures: trials without an answer in time; they have no latency and are never dropped.
        confidence: of the interval of the success rate, 0..1.
        clock: the one clock that stamped all of it.
        clock_error_s: expanded uncertainty (k = 2) of a duration on this clock, in seconds.
        chains: legs of the single requests, where they can be seen.
        criterion: id of the criterion that the latency is judged by.
        limit_s: its limit in seconds, for the picture.
        limit_exclusive: the limit itself is outside.
        provisional: the limit was not seen in its text.
        clause: standard and clause of the limit.

    Raises:
        ValueError: no trial at all, or a latency that is negative or not finite.
    """
    trials = len(samples_s) + failures
    interval = clopper_pearson(len(samples_s), trials, confidence)
    figures: Summary | None = summarise(samples_s) if samples_s else None
    return Distribution(
        name=name,
        trials=trials,
        failures=failures,
        samples_s=tuple(_time(sample) for sample in samples_s),
        minimum_s=None if figures is None else _time(figures.minimum_s),
        median_s=None if figures is None else _time(figures.median_s),
        p95_s=None if figures is None else _time(percentile(samples_s, 95)),
        p99_s=None if figures is None else _time(percentile(samples_s, 99)),
        maximum_s=None if figures is None else _time(figures.maximum_s),
        confidence=Decimal(repr(confidence)),
        rate_lower=Decimal(repr(interval.lower)).quantize(_STEP),
        rate_upper=Decimal(repr(interval.upper)).quantize(_STEP),
        clock=clock,
        clock_error_s=_time(clock_error_s),
        legs=legs_of(chains),
        criterion=criterion,
        limit_s=limit_s,
        limit_exclusive=limit_exclusive,
        provisional=provisional,
        clause=clause,
    )


#: fields that are numbers, or empty
_TIMES = ("minimum_s", "median_s", "p95_s", "p99_s", "maximum_s", "limit_s", "confidence", "rate_lower",
          "rate_upper", "clock_error_s")  # fmt: skip
_LEG_TIMES = ("minimum_s", "median_s", "p95_s", "p99_s", "maximum_s", "mean_s")


def load_distribution(plain: Mapping[str, Any]) -> Distribution:
    """The distribution of a JSON dictionary.

    Raises:
        ConfigError: a field is missing or no number.
    """
    try:
        kept = dict(plain)
        kept["samples_s"] = tuple(Decimal(sample) for sample in kept["samples_s"])
        for name in _TIMES:
            kept[name] = None if kept[name] is None else Decimal(kept[name])
        kept["legs"] = tuple(_load_leg(leg) for leg in kept["legs"])
        return Distribution(**kept)
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ConfigError(
            "incomplete record of a distribution", key="distributions", hint=str(error)
        ) from error


def _load_leg(plain: Mapping[str, Any]) -> Leg:
    kept: dict[str, Any] = {
        key: Decimal(value) if key in _LEG_TIMES else value for key, value in plain.items()
    }
    return Leg(**kept)
