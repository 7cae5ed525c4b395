"""Steps of an inspection: the open loop keeps its times, late and failed orders count, rates say what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from rig.clock import VirtualClock
from rig.criteria import registry
from rig.criteria.registry import criterion
from rig.ports.command_center import CommandResult, CommandStatus
from rig.procedures.inspection import (
    Stimulus,
    asked_confidence,
    by_timetable,
    effects,
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
    rate, (counted, shown) = ratio("day freeze", 2998, 3000, "SYS.COLLECT.CYCLE")
    assert counted.verdict is shown.verdict is Verdict.PASS
    assert rate.verdict == "PASS"
    assert rate.interval_lower < rate.shown < rate.value < rate.interval_upper
    assert (rate.needed, rate.limit_lower, rate.provisional) == (598, Decimal("99.5"), True)
    rate, (counted, shown) = ratio("day freeze", 994, 1000, "SYS.COLLECT.CYCLE")
    assert (rate.verdict, counted.verdict, shown.verdict) == ("FAIL", Verdict.FAIL, Verdict.PASS)


@pytest.mark.parametrize(("good", "due"), [(84, 84), (597, 598), (597, 597)])
def test_too_few_trials_for_the_limit_are_inconclusive_and_never_a_pass(good: int, due: int) -> None:
    rate, (counted, shown) = ratio("day freeze", good, due, "SYS.COLLECT.CYCLE")
    assert counted.verdict is Verdict.PASS
    assert (rate.verdict, shown.verdict) == ("INCONCLUSIVE", Verdict.INCONCLUSIVE)
    assert "the limit needs 598 without failure" in shown.name
    assert ratio("day freeze", 598, 598, "SYS.COLLECT.CYCLE")[0].verdict == "PASS"


def test_a_limit_that_no_such_run_shows_is_judged_on_what_was_ordered() -> None:
    rate, found = ratio("orders", 100, 100, "SYS.CTRL.CORRECT", shown_by="SYS.CTRL.SHOWN")
    assert rate.verdict == "PASS"
    assert (rate.needed, rate.shown) == (29956, Decimal("97.0486"))
    assert "29956" in found[1].name
    assert found[1].criterion == "SYS.CTRL.SHOWN"
    assert ratio("orders", 99, 100, "SYS.CTRL.CORRECT", shown_by="SYS.CTRL.SHOWN")[0].verdict == "FAIL"
    assert ratio("orders", 98, 98, "SYS.CTRL.CORRECT", shown_by="SYS.CTRL.SHOWN")[0].verdict == "INCONCLUSIVE"


def test_a_rate_that_must_be_low_counts_the_bad_ones() -> None:
    rate, found = ratio("false", 0, 100, "SYS.CTRL.FALSE", shown_by="SYS.CTRL.SHOWN")
    assert (rate.verdict, rate.value, rate.needed) == ("PASS", 0, 29956)
    assert rate.shown == Decimal("2.9514")
    assert (found[1].lower, found[1].upper) == (None, Decimal(3))
    assert ratio("false", 1, 100, "SYS.CTRL.FALSE", shown_by="SYS.CTRL.SHOWN")[0].verdict == "FAIL"


@pytest.mark.parametrize("criterion_id", ["SYS.CTRL.CORRECT", "SYS.CTRL.FALSE"])
def test_one_trial_less_than_needed_shows_nothing_though_it_rounds_to_the_limit(criterion_id: str) -> None:
    low = criterion_id == "SYS.CTRL.FALSE"
    for due, verdict in ((29955, "INCONCLUSIVE"), (29956, "PASS")):
        rate, (counted, shown) = ratio("orders", 0 if low else due, due, criterion_id)
        assert (rate.needed, counted.verdict) == (29956, Verdict.PASS)
        assert (rate.verdict, shown.verdict) == (verdict, Verdict(verdict))
        wanted = Decimal("0.01") if low else Decimal("99.99")
        assert (rate.shown <= wanted if low else rate.shown >= wanted) is (verdict == "PASS")


def test_a_rate_is_recorded_on_the_side_that_is_worse_for_the_device() -> None:
    high, _ = ratio("complete", 2, 3, "SYS.DATA.COMPLETE", shown_by="SYS.DATA.SHOWN")
    low, _ = ratio("false", 1, 3, "SYS.CTRL.FALSE", shown_by="SYS.CTRL.SHOWN")
    assert (high.value, low.value) == (Decimal("66.6666"), Decimal("33.3334"))


def test_nothing_shows_a_hundred_percent() -> None:
    rate, _ = ratio("complete", 300, 300, "SYS.DATA.COMPLETE", shown_by="SYS.DATA.SHOWN")
    assert (rate.verdict, rate.needed) == ("PASS", None)
    with pytest.raises(ValueError, match="no number of trials"):
        ratio("complete", 300, 300, "SYS.DATA.COMPLETE")


def test_a_profile_asks_for_more_trials(tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text('[criteria."SYS.CONFIDENCE"]\nlimit = "99.9"\n', encoding="utf-8")
    registry.load_profile(profile)
    try:
        assert latency_trials() == 227
        assert trials_for("SYS.COLLECT.CYCLE") == 1379
        rate, found = ratio("day freeze", 598, 598, "SYS.COLLECT.CYCLE")
        assert (rate.verdict, rate.needed) == ("INCONCLUSIVE", 1379)
        assert "99.9 %" in found[1].name
    finally:
        registry.clear_profile()


def test_effects_are_looked_for_all_at_once_and_hold_nothing_up() -> None:
    clock, acted = VirtualClock(), []
    lasts_s = {0: 25.0, 1: 3.0, 3: 100.0}

    def act(number: int) -> str:
        acted.append((number, clock.now_s()))
        return str(number)

    def look(waiting: Sequence[int]) -> list[int]:
        return [number for number in waiting if clock.now_s() >= dict(acted)[number] + lasts_s[number]]

    stimuli = [
        Stimulus(10.0 * (number + 1), partial(act, number), awaited=number != 2) for number in range(4)
    ]
    found = effects(clock, stimuli, look, look_s=0.5, timeout_s=50.0)
    assert acted == [(0, 10), (1, 20), (2, 30), (3, 40)]
    assert [(effect.due_s, effect.command, effect.seen_s) for effect in found] == [
        (10, "0", 35),
        (20, "1", 23),
        (40, "3", None),
    ]


def test_an_effect_is_seen_when_the_look_ends() -> None:
    clock = VirtualClock()

    def act() -> str:
        clock.wait_until(clock.now_s() + 0.5)
        return ""

    def look(waiting: Sequence[int]) -> list[int]:
        began_s = clock.now_s()
        clock.wait_until(began_s + 2.0)
        return [number for number in waiting if began_s >= 14.0 or number == 0]

    found = effects(clock, [Stimulus(1.0, act), Stimulus(10.0, act)], look, look_s=1.0, timeout_s=7.0)
    # done until 1.5, looked until 3.5; the second one is there at the look that ends at 18.5: too late
    assert [(effect.due_s, effect.seen_s) for effect in found] == [(1, 3.5), (10, None)]


def test_a_timetable_rises() -> None:
    with pytest.raises(ValueError, match="rising"):
        by_timetable(Center([1, 1]), [(5.0, str), (4.0, str)], timeout_s=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a look every"):
        effects(VirtualClock(), [Stimulus(1.0, str)], list, look_s=0, timeout_s=1)


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
