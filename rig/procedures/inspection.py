"""Steps of a system inspection: orders given at times fixed in advance, their latencies, and rates with their confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rig.clock import Clock
from rig.criteria.model import Criterion
from rig.criteria.registry import criterion
from rig.latency.spans import Chain
from rig.latency.statistics import lower_bound, trials_needed
from rig.metrology.decision import judge
from rig.ports.command_center import CommandCenter, CommandResult
from rig.results.distribution import Distribution, distribution_of
from rig.results.records import Measurement, Verdict

#: trials that a latency is judged on at least, whatever confidence is asked for
#: Spec: method 1 of the system inspection, proposal of our own: n >= 100 a criterion
LEAST_TRIALS = 100
#: criteria that say how much the trials must show, and how surely; a lab's profile may ask for more
SHOWN, CONFIDENCE = "SYS.RT.SHOWN", "SYS.CONFIDENCE"

_SECONDS_OF = {"s": Decimal(1), "min": Decimal(60), "h": Decimal(3600)}
_PERCENT = Decimal(100)

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
    """Give every order at its time, whether or not those before it are answered, then wait for the answers.

    Args:
        center: takes the orders.
        orders: each hands in one command and returns its id.
        interval_s: distance of the orders in seconds.
        timeout_s: an order not finished so long after it was due has failed.

    Raises:
        ValueError: no orders, or times that are not positive.
    """
    if not orders or interval_s <= 0 or timeout_s <= 0:
        raise ValueError(f"{len(orders)} orders every {interval_s} s with {timeout_s} s to answer")
    clock = center.clock
    begin_s = clock.now_s() + interval_s
    given: list[tuple[float, str]] = []
    for number, order in enumerate(orders):
        due_s = begin_s + number * interval_s
        clock.wait_until(due_s)
        given.append((due_s, order()))
    return [_ended(center, clock, due_s, command, timeout_s) for due_s, command in given]


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
    )


def ratio(
    name: str, good: int, due: int, criterion_id: str, *, confidence: float = 0.95
) -> list[Measurement]:
    """A rate over everything that was due (a census, no sample): judged as it is, in percent, with what it shows of the long run.

    Raises:
        ValueError: nothing was due.
    """
    rule = criterion(criterion_id)
    if due < 1:
        raise ValueError(f"{name}: nothing was due")
    percent = Decimal(good) * _PERCENT / Decimal(due)
    verdict = judge(percent, rule.lower_limit, rule.upper_limit, rule=rule.rule, inclusive=rule.inclusive)
    shown = Decimal(repr(lower_bound(good, due, confidence))) * _PERCENT
    return [
        Measurement(
            f"{name}: {good} of {due}",
            percent.quantize(Decimal("0.0001")) if percent != _PERCENT else percent,
            rule.unit,
            rule.lower_limit,
            rule.upper_limit,
            verdict=Verdict(verdict),
            criterion=rule.id,
            clause=f"{rule.standard} {rule.clause}",
            provisional=rule.provisional,
        ),
        Measurement(
            f"{name}: rate shown at {confidence:.0%} confidence",
            shown.quantize(Decimal("0.0001")),
            "%",
            clause=f"{rule.standard} {rule.clause}",
        ),
    ]


def asked_confidence() -> float:
    """Confidence (0..1) at which shares are to be shown."""
    asked = criterion(CONFIDENCE).lower_limit
    assert asked is not None
    return float(asked / _PERCENT)


def latency_trials() -> int:
    """Trials of a response time: enough to show the share asked for at the confidence asked for when none fails."""
    return max(LEAST_TRIALS, trials_for(SHOWN, confidence=asked_confidence()))


def trials_for(criterion_id: str, *, failures_allowed: int = 0, confidence: float = 0.95) -> int:
    """Trials that show a rate criterion (``>=`` percent) when at most so many fail.

    Raises:
        ValueError: the criterion is no lower limit of a rate below 100 %.
    """
    rule = criterion(criterion_id)
    if rule.lower_limit is None or rule.unit != "%":
        raise ValueError(f"{rule.id} is no lower limit of a rate")
    return trials_needed(float(rule.lower_limit / _PERCENT), failures_allowed, confidence)
