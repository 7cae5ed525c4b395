"""Steps of an inspection: the open loop keeps its times, late and failed orders count, rates say what they show."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from rig.clock import VirtualClock
from rig.criteria.registry import criterion
from rig.ports.command_center import CommandResult, CommandStatus
from rig.procedures.inspection import (
    asked_confidence,
    latency_trials,
    limit_seconds,
    open_loop,
    ratio,
    timed,
    trials_for,
)
from rig.results.records import Verdict


@dataclass
class Center:
    """A center that ends its commands after given delays; None never."""

    delays_s: list[float | None]
    clock: VirtualClock = field(default_factory=VirtualClock)
    given_s: list[float] = field(default_factory=list)
    status: CommandStatus = "done"

    def order(self) -> str:
        self.given_s.append(self.clock.now_s())
        return str(len(self.given_s) - 1)

    def result(self, command: str) -> CommandResult:
        number = int(command)
        delay_s, begun_s = self.delays_s[number], self.given_s[number]
        over = delay_s is not None and begun_s + delay_s <= self.clock.now_s()
        ended_s = begun_s + delay_s if over and delay_s is not None else None
        return CommandResult(
            command, "read", "0171-0001", self.status if over else "pending", begun_s, finished_s=ended_s
        )

    def wait(self, command: str, timeout_s: float) -> CommandResult:
        self.clock.wait_until(self.clock.now_s() + timeout_s)
        return self.result(command)


def _trials(center: Center, *, timeout_s: float = 30):
    orders = [center.order] * len(center.delays_s)
    return open_loop(center, orders, interval_s=2, timeout_s=timeout_s)  # type: ignore[arg-type]


def test_orders_go_out_at_their_times_though_none_is_answered() -> None:
    center = Center([None, None, None])
    trials = _trials(center)
    assert center.given_s == [2, 4, 6]
    assert [trial.succeeded for trial in trials] == [False, False, False]


def test_longest_and_failures_are_judged() -> None:
    distribution, found = timed("read", _trials(Center([1, 3, None])), "SYS.RT.READ_SET", clock="engine")
    assert (distribution.trials, distribution.failures, distribution.maximum_s) == (3, 1, 3)
    assert [item.verdict for item in found] == [Verdict.FAIL, Verdict.PASS]
    assert all(item.provisional for item in found)


def test_a_slow_answer_fails_by_the_criterion() -> None:
    _, found = timed("read", _trials(Center([1, 16])), "SYS.RT.READ_SET", clock="engine")
    assert [item.verdict for item in found] == [Verdict.PASS, Verdict.FAIL]
    assert found[1].value == 16


def test_an_error_of_the_clock_near_the_limit_is_inconclusive() -> None:
    _, found = timed("read", _trials(Center([14.9])), "SYS.RT.READ_SET", clock="host", clock_error_s=0.2)
    assert found[1].verdict is Verdict.INCONCLUSIVE


def test_a_denial_is_no_success() -> None:
    _, found = timed("set", _trials(Center([1], status="denied")), "SYS.RT.READ_SET", clock="engine")
    assert found[0].verdict is Verdict.FAIL
    assert "denied" in str(found[0].value)


def test_nothing_ordered_or_due_is_refused() -> None:
    with pytest.raises(ValueError, match="0 orders"):
        open_loop(Center([]), [], interval_s=1, timeout_s=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nothing was due"):
        ratio("day freeze", 0, 0, "SYS.COLLECT.CYCLE")


def test_a_rate_is_judged_and_says_what_it_shows() -> None:
    judged, shown = ratio("day freeze", 998, 1000, "SYS.COLLECT.CYCLE")
    assert judged.verdict is Verdict.PASS
    assert shown.value < judged.value  # type: ignore[operator]
    assert ratio("day freeze", 994, 1000, "SYS.COLLECT.CYCLE")[0].verdict is Verdict.FAIL
    assert ratio("complete", 999_999, 1_000_000, "SYS.DATA.COMPLETE")[0].verdict is Verdict.FAIL


def test_sizes_follow_from_the_confidence_asked_for() -> None:
    assert trials_for("LOCAL.READ.ONCE") == 99
    assert trials_for("LOCAL.READ.ONCE", failures_allowed=1) == 157
    with pytest.raises(ValueError, match="no lower limit"):
        trials_for("SYS.RT.READ_SET")


def test_a_latency_is_tried_often_enough_for_the_confidence_asked_for() -> None:
    assert latency_trials() == 100
    assert asked_confidence() == 0.95


def test_limits_of_time_are_in_seconds() -> None:
    assert limit_seconds(criterion("SYS.RT.EVENT")) == Decimal(1800)
    with pytest.raises(ValueError, match="no upper limit"):
        limit_seconds(criterion("SYS.COLLECT.CYCLE"))
