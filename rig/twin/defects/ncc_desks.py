"""Bad command centers: collection, clocks, control, roles and the trail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from rig.twin.defects import Parameter, defect
from rig.twin.defects.ncc_hooks import ROLE, ACenter, nothing, overrule

Plain = Callable[..., Any]
#: place of who is told that a line of the trail is durable, after the actor
_DONE: Final = 4


# --- collection --------------------------------------------------------------------------------------------------------


@defect("ncc-cycle-counts-terminals", "success of a task is counted by terminals", "collection", role=ROLE)
def cycle_counts_terminals(center: ACenter, _: Parameter) -> None:
    """Points are not counted one by one."""
    overrule(center.core.tasks, "cycle", lambda plain, *arguments: replace(plain(*arguments), due=1))


@defect("ncc-asks-for-what-it-has", "a task asks for everything every time", "re-collection", role=ROLE)
def asks_for_what_it_has(center: ACenter, _: Parameter) -> None:
    """It is not looked at what is stored."""
    overrule(center.core.tasks, "_present", lambda *_arguments: {})


@defect("ncc-never-recollects", "gaps are not asked for again", "re-collection", role=ROLE)
def never_recollects(center: ACenter, _: Parameter) -> None:
    """One run and no more."""
    overrule(center.core.tasks, "_again", nothing)


@defect(
    "ncc-no-catching-up",
    "a terminal that comes back is not asked for what it missed",
    "re-collection",
    role=ROLE,
)
def no_catching_up(center: ACenter, _: Parameter) -> None:
    """The next re-collection will do."""
    overrule(center.core.tasks, "_catch_up", nothing)


@defect(
    "ncc-task-stops-at-silence",
    "a task goes no further than its first silent terminal",
    "collection",
    role=ROLE,
)
def task_stops_at_silence(center: ACenter, _: Parameter) -> None:
    """The others wait for it."""

    def collect(plain: Plain, running: Any, runs: Any, terminals: list[Any], source: int) -> None:
        plain(running, runs, terminals[:1], source)

    overrule(center.core.tasks, "_collect", collect)


# --- clocks ------------------------------------------------------------------------------------------------------------


def _rules(center: ACenter, **changed: float) -> None:
    desk = center.core.time
    desk._rules = replace(desk._rules, **changed)  # noqa: SLF001 - spoilt on purpose


@defect("ncc-clock-never-set", "clocks are read and not set", "time", role=ROLE)
def clock_never_set(center: ACenter, _: Parameter) -> None:
    """Somebody else will do it."""
    overrule(center.core.time, "correct", nothing)


@defect("ncc-clock-always-set", "clocks are set whether they are wrong or not", "time", role=ROLE)
def clock_always_set(center: ACenter, _: Parameter) -> None:
    """No lower bound."""
    _rules(center, correct_from_s=-1.0)


@defect("ncc-clock-jumps", "clocks are set however wrong they are", "time", role=ROLE)
def clock_jumps(center: ACenter, _: Parameter) -> None:
    """No upper bound."""
    _rules(center, correct_to_s=1e9)


@defect("ncc-clock-set-at-the-hour", "clocks are set at midnight and at full hours, too", "time", role=ROLE)
def clock_set_at_the_hour(center: ACenter, _: Parameter) -> None:
    """No guard."""
    overrule(center.core.time, "forbidden_s", lambda *_arguments: 0.0)


@defect("ncc-delay-not-compensated", "a clock is set to the time of sending", "time", role=ROLE)
def delay_not_compensated(center: ACenter, _: Parameter) -> None:
    """The way there takes no time."""
    overrule(center.core.time, "_arrival", lambda plain, _one_way_s: plain(0.0))


@defect("ncc-corrections-not-counted", "a clock is set again and again", "time", role=ROLE)
def corrections_not_counted(center: ACenter, _: Parameter) -> None:
    """No clock is faulty."""
    _rules(center, corrections=10**6)


# --- authority and trail -----------------------------------------------------------------------------------------------


@defect("ncc-control-not-audited", "control commands are not written down", "log", role=ROLE)
def control_not_audited(center: ACenter, _: Parameter) -> None:
    """The trail has parameters only."""

    def audit(
        plain: Plain, actor: Any, action: str, terminal: str, detail: str, outcome: str, done: Any = None
    ) -> None:
        if action != "control":
            plain(actor, action, terminal, detail, outcome, done)
        elif done is not None:
            done(True)

    overrule(center.service, "_audit", audit)


@defect(
    "ncc-audit-without-outcome",
    "the trail tells that a command was ordered, not how it ended",
    "log",
    role=ROLE,
)
def audit_without_outcome(center: ACenter, _: Parameter) -> None:
    """Nobody watches commands."""
    overrule(center.core.commands, "watch", nothing)


@defect("ncc-roles-unchecked", "every account may do everything", "authority", role=ROLE)
def roles_unchecked(center: ACenter, _: Parameter) -> None:
    """Roles are for show."""
    overrule(center.service, "_need", nothing)


@defect(
    "ncc-own-clock-setting-not-audited",
    "a clock that the center sets by itself is not written down",
    "log",
    role=ROLE,
)
def own_clock_setting_not_audited(center: ACenter, _: Parameter) -> None:
    """The trail has what people order."""

    def write(plain: Plain, actor: str, *line: Any) -> None:
        if actor != "time keeping":
            plain(actor, *line)
        elif len(line) > _DONE and line[_DONE] is not None:
            line[_DONE](True)

    overrule(center.core.trail, "write", write)
