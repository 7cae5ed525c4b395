"""Steps of a system inspection: orders given at times fixed in advance, their latencies, and rates with their confidence."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from rig.clock import Clock
from rig.criteria.model import Criterion
from rig.criteria.registry import criterion
from rig.latency.spans import Chain
from rig.latency.statistics import binomial_cdf, clopper_pearson, lower_bound, trials_needed
from rig.metrology.decision import judge
from rig.ports.command_center import CommandCenter, CommandResult
from rig.results.distribution import Distribution, distribution_of
from rig.results.rate import Rate
from rig.results.records import Measurement, Verdict, worst

#: trials that a latency is judged on at least, whatever confidence is asked for
#: Spec: method 1 of the system inspection, proposal of our own: n >= 100 a criterion
LEAST_TRIALS = 100
#: criteria that say how much the trials must show, and how surely; a lab's profile may ask for more
SHOWN, CONFIDENCE = "SYS.RT.SHOWN", "SYS.CONFIDENCE"

_SECONDS_OF = {"s": Decimal(1), "min": Decimal(60), "h": Decimal(3600)}
_PERCENT = Decimal(100)
#: rates are recorded to a ten-thousandth of a percent, rounded to the side that is worse for the device
_STEP = Decimal("0.0001")

Order = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One order: when it was due, and how it ended; ``ended_s`` None when it had not ended in its time."""

    due_s: float
    result: CommandResult
    ended_s: float | None
    confirmed: bool = True

    @property
    def succeeded(self) -> bool:
        """Answered as asked, in time, and (where there is something to confirm) confirmed by the device itself."""
        return self.result.ok and self.ended_s is not None and self.confirmed

    @property
    def latency_s(self) -> float:
        """From the moment the order was due to its end, so that a late start counts as delay and is not hidden."""
        assert self.ended_s is not None
        return self.ended_s - self.due_s


def open_loop(
    center: CommandCenter, orders: Sequence[Order], *, interval_s: float, timeout_s: float
) -> list[Trial]:
    """Give an order every ``interval_s``: a timetable of equal distances.

    Raises:
        ValueError: no orders, or times that are not positive.
    """
    if interval_s <= 0:
        raise ValueError(f"orders every {interval_s} s")
    table = [(number * interval_s, order) for number, order in enumerate(orders, 1)]
    return by_timetable(center, table, timeout_s=timeout_s)


def by_timetable(
    center: CommandCenter, table: Sequence[tuple[float, Order]], *, timeout_s: float
) -> list[Trial]:
    """Give every order at its time, whether or not those before it are answered, then wait for the answers.

    Args:
        center: takes the orders.
        table: seconds from now, rising, and what hands in one command and returns its id.
        timeout_s: an order not finished so long after it was due has failed.

    Raises:
        ValueError: no orders, or times that are not positive or do not rise.
    """
    clock = center.clock
    due = _due(clock.now_s(), [offset_s for offset_s, _ in table], timeout_s)
    given: list[tuple[float, str]] = []
    for due_s, (_, order) in zip(due, table, strict=True):
        clock.wait_until(due_s)
        given.append((due_s, order()))
    return [_ended(center, clock, due_s, command, timeout_s) for due_s, command in given]


def _due(now_s: float, offsets_s: Sequence[float], timeout_s: float) -> list[float]:
    rising = all(earlier <= later for earlier, later in itertools.pairwise(offsets_s))
    if not offsets_s or not rising or offsets_s[0] < 0 or timeout_s <= 0:
        raise ValueError(f"{len(offsets_s)} orders at rising times, with {timeout_s} s to answer")
    return [now_s + offset_s for offset_s in offsets_s]


@dataclass(frozen=True, slots=True)
class Stimulus:
    """Something done at ``offset_s`` seconds from the beginning, whatever became of those before it.

    ``act`` returns the id of the command it gave, empty when it gave none. ``awaited`` False: it only prepares what follows, and
    no effect of it is waited for.
    """

    offset_s: float
    act: Callable[[], str]
    awaited: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of a stimulus: when it was due, its command, and when its effect was first seen; None: never in its time."""

    due_s: float
    command: str
    seen_s: float | None


def effects(
    clock: Clock,
    stimuli: Sequence[Stimulus],
    look: Callable[[Sequence[int]], Iterable[int]],
    *,
    look_s: float,
    timeout_s: float,
) -> list[Effect]:
    """Do every stimulus at its time and look for all effects that are still to come at once: nothing waits for another's effect.

    Args:
        clock: of the bench.
        stimuli: in order of time.
        look: given the numbers of the stimuli whose effect was not seen yet, returns those whose effect is there.
        look_s: how often it looks while there is something to look for.
        timeout_s: an effect not seen so long after its stimulus was due does not come any more.

    Returns:
        The effect of each awaited stimulus, in their order; numbers in ``look`` are places in ``stimuli``.

    Raises:
        ValueError: no stimuli, or times that are not positive or do not rise.
    """
    if look_s <= 0:
        raise ValueError(f"a look every {look_s} s")
    due = _due(clock.now_s(), [stimulus.offset_s for stimulus in stimuli], timeout_s)
    commands: dict[int, str] = {}
    seen: dict[int, float] = {}
    waiting: set[int] = set()
    following = 0
    while following < len(stimuli) or waiting:
        next_s = due[following] if following < len(stimuli) else math.inf
        clock.wait_until(min(next_s, clock.now_s() + look_s) if waiting else next_s)
        now_s = clock.now_s()
        while following < len(stimuli) and due[following] <= now_s:
            commands[following] = stimuli[following].act()
            if stimuli[following].awaited:
                waiting.add(following)
            following += 1
        there = set(look(sorted(waiting))) if waiting else set()
        # only now: what was done and the look itself take their time too, and an effect is there no sooner than it was seen
        now_s = clock.now_s()
        late = {number for number in waiting if now_s > due[number] + timeout_s}
        seen |= dict.fromkeys(waiting & there - late, now_s)
        waiting -= there | late
    return [
        Effect(due[number], commands[number], seen.get(number))
        for number, stimulus in enumerate(stimuli)
        if stimulus.awaited
    ]


def _ended(center: CommandCenter, clock: Clock, due_s: float, command: str, timeout_s: float) -> Trial:
    left_s = due_s + timeout_s - clock.now_s()
    result = center.wait(command, left_s) if left_s > 0 else center.result(command)
    ended_s = result.finished_s if result.finished_s is not None else result.answered_s
    if ended_s is not None and ended_s > due_s + timeout_s:
        ended_s = None
    return Trial(due_s, result, ended_s)


def limit_seconds(rule: Criterion) -> Decimal:
    """The upper limit of a response time in seconds.

    Raises:
        ValueError: the criterion is no limit of a time.
    """
    if rule.upper_limit is None or rule.unit not in _SECONDS_OF:
        raise ValueError(f"{rule.id} is no upper limit of a time")
    return rule.upper_limit * _SECONDS_OF[rule.unit]


def timed(
    name: str,
    trials: Sequence[Trial],
    criterion_id: str,
    *,
    clock: str,
    clock_error_s: float = 0.0,
    chains: Sequence[Chain] = (),
    confidence: float | None = None,
) -> tuple[Distribution, list[Measurement]]:
    """The latencies of the trials and the verdict on the longest of them; a trial without an answer fails.

    The limit holds for every trial: the verdict is on the maximum, with the clock's error as its uncertainty.
    """
    rule = criterion(criterion_id)
    samples_s = [trial.latency_s for trial in trials if trial.succeeded]
    failed = [trial for trial in trials if not trial.succeeded]
    distribution = distribution_of(
        name,
        samples_s,
        failures=len(failed),
        confidence=asked_confidence() if confidence is None else confidence,
        clock=clock,
        clock_error_s=clock_error_s,
        chains=chains,
        criterion=criterion_id,
        limit_s=limit_seconds(rule),
        limit_exclusive=not rule.inclusive,
        provisional=rule.provisional,
        clause=f"{rule.standard} {rule.clause}",
    )
    found = [_failures(name, trials, failed, rule)]
    if distribution.maximum_s is not None:
        found.append(_longest(name, distribution, rule))
    return distribution, found


def _failures(name: str, trials: Sequence[Trial], failed: Sequence[Trial], rule: Criterion) -> Measurement:
    first = f", first: {failed[0].result.status} {failed[0].result.message}".rstrip() if failed else ""
    return Measurement(
        f"{name}: orders without their effect in time, of {len(trials)}",
        f"{len(failed)}{first}" if failed else Decimal(0),
        lower=Decimal(0),
        upper=Decimal(0),
        verdict=Verdict.FAIL if failed else Verdict.PASS,
        criterion=rule.id,
        clause=f"{rule.standard} {rule.clause}",
        provisional=rule.provisional,
    )


def _longest(name: str, distribution: Distribution, rule: Criterion) -> Measurement:
    assert distribution.maximum_s is not None
    limit_s = limit_seconds(rule)
    spread_s = distribution.clock_error_s or None
    verdict = judge(
        distribution.maximum_s,
        None,
        limit_s,
        uncertainty=spread_s,
        rule="guarded" if spread_s else rule.rule,
        inclusive=rule.inclusive,
    )
    return Measurement(
        f"{name}: longest of {distribution.trials - distribution.failures}",
        distribution.maximum_s,
        "s",
        upper=limit_s,
        uncertainty=spread_s,
        verdict=Verdict(verdict),
        criterion=rule.id,
        clause=f"{rule.standard} {rule.clause}",
        provisional=rule.provisional,
        exclusive=not rule.inclusive,
    )


def ratio(
    name: str, good: int, due: int, criterion_id: str, *, shown_by: str = "", confidence: float | None = None
) -> tuple[Rate, list[Measurement]]:
    """A rate over everything that was due (a census): judged as it is, in percent, and by what its number shows of the long run.

    What was counted breaks the limit: FAIL. It keeps it, but the number of trials does not show what is asked for at the confidence
    asked for: INCONCLUSIVE, never PASS.

    Args:
        name: what was counted.
        good: of a rate that must be high the good ones; of one that must be low the bad ones.
        due: all of them.
        criterion_id: its limit.
        shown_by: criterion of the share that the number of trials must show, where that is less than the limit: for a limit that a
            census can keep and no test of this length can show (99.99 %, 100 %). Left out: the limit itself.
        confidence: 0..1; None: as asked for.

    Raises:
        ValueError: nothing was due, or no number of trials shows what is to be shown.
    """
    rule = criterion(criterion_id)
    if due < 1:
        raise ValueError(f"{name}: nothing was due")
    surely = asked_confidence() if confidence is None else confidence
    rate = _rate(name, good, due, rule, surely)
    shown = _shown(rate, rule, criterion(shown_by) if shown_by else rule)
    found = [_counted(rate, rule), shown]
    return replace(rate, verdict=worst([each.verdict for each in found]).value), found


def _rate(name: str, good: int, due: int, rule: Criterion, confidence: float) -> Rate:
    percent = Decimal(good) * _PERCENT / Decimal(due)
    interval = clopper_pearson(good, due, confidence)
    low = rule.upper_limit is not None
    bound = 1 - lower_bound(due - good, due, confidence) if low else lower_bound(good, due, confidence)
    return Rate(
        name=name,
        good=good,
        due=due,
        value=percent if percent == percent.to_integral_value() else _recorded(percent, upward=low),
        confidence=Decimal(repr(confidence)),
        interval_lower=_percent(interval.lower, upward=False),
        interval_upper=_percent(interval.upper, upward=True),
        shown=_percent(bound, upward=low),
        needed=_needed(rule, confidence),
        criterion=rule.id,
        clause=f"{rule.standard} {rule.clause}",
        limit_lower=rule.lower_limit,
        limit_upper=rule.upper_limit,
        provisional=rule.provisional,
        verdict=judge(percent, rule.lower_limit, rule.upper_limit, rule=rule.rule, inclusive=rule.inclusive),
    )


def _percent(share: float, *, upward: bool) -> Decimal:
    return _recorded(Decimal(repr(share)) * _PERCENT, upward=upward)


def _recorded(percent: Decimal, *, upward: bool) -> Decimal:
    return percent.quantize(_STEP, ROUND_CEILING if upward else ROUND_FLOOR)


def _needed(rule: Criterion, confidence: float) -> int | None:
    """Trials without failure that show the limit; None: no number of them does."""
    limit = rule.lower_limit if rule.upper_limit is None else _PERCENT - rule.upper_limit
    if rule.unit != "%" or limit is None or not 0 < limit < _PERCENT:
        return None
    return trials_needed(float(limit / _PERCENT), 0, confidence)


def _counted(rate: Rate, rule: Criterion) -> Measurement:
    return Measurement(
        f"{rate.name}: {rate.good} of {rate.due}",
        rate.value,
        rule.unit,
        rule.lower_limit,
        rule.upper_limit,
        verdict=Verdict(rate.verdict),
        criterion=rule.id,
        clause=rate.clause,
        provisional=rule.provisional,
        exclusive=not rule.inclusive,
    )


def _shown(rate: Rate, rule: Criterion, aim: Criterion) -> Measurement:
    """What so many trials show, against what they are to show; a census that failed needs no showing."""
    low = rule.upper_limit is not None
    wanted = _wanted(aim, low=low)
    if wanted is None or wanted >= _PERCENT or wanted <= 0:
        raise ValueError(f"{rate.name}: no number of trials shows the {aim.quantity}")
    failed, share = (rate.good, _PERCENT - wanted) if low else (rate.due - rate.good, wanted)
    # the test that says how many trials are needed, not the recorded bound: rounding must not turn one verdict into the other
    risk = binomial_cdf(failed, rate.due, 1 - float(share / _PERCENT))
    enough = risk <= 1 - float(rate.confidence)
    side = "at most" if low else "at least"
    far = (
        "no number of trials shows the limit"
        if rate.needed is None
        else f"the limit needs {rate.needed} without failure"
    )
    return Measurement(
        f"{rate.name}: rate shown at {_confidence_text(rate.confidence)} confidence is {side} this; {far}",
        rate.shown,
        "%",
        None if low else wanted,
        wanted if low else None,
        verdict=Verdict.PASS if enough or rate.verdict == Verdict.FAIL else Verdict.INCONCLUSIVE,
        criterion=aim.id,
        clause=rate.clause,
        provisional=aim.provisional,
    )


def _wanted(aim: Criterion, *, low: bool) -> Decimal | None:
    """What is to be shown: a share that must be high, as it is or turned round for a rate that must be low."""
    if not low:
        return aim.lower_limit
    return aim.upper_limit if aim.lower_limit is None else _PERCENT - aim.lower_limit


def _confidence_text(confidence: Decimal) -> str:
    """``95 %`` or ``99.9 %``."""
    return f"{(confidence * _PERCENT).normalize():f} %"


def asked_confidence() -> float:
    """Confidence (0..1) at which shares are to be shown."""
    asked = criterion(CONFIDENCE).lower_limit
    assert asked is not None
    return float(asked / _PERCENT)


def latency_trials() -> int:
    """Trials of a response time: enough to show the share asked for at the confidence asked for when none fails."""
    return max(LEAST_TRIALS, trials_for(SHOWN))


def trials_for(criterion_id: str, *, failures_allowed: int = 0, confidence: float | None = None) -> int:
    """Trials that show a rate criterion (percent) when at most so many fail, at the confidence asked for.

    Raises:
        ValueError: the criterion is no lower limit of a rate below 100 %.
    """
    rule = criterion(criterion_id)
    if rule.lower_limit is None or rule.unit != "%":
        raise ValueError(f"{rule.id} is no lower limit of a rate")
    surely = asked_confidence() if confidence is None else confidence
    return trials_needed(float(rule.lower_limit / _PERCENT), failures_allowed, surely)
