"""Steps that the end-to-end cases share: everything goes through the command center, the truth comes from the physics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from rig.latency.spans import Chain
from rig.ports.command_center import (
    DAY_FORWARD_ACTIVE,
    DAY_REVERSE_ACTIVE,
    PRESENT_FORWARD_ACTIVE,
    CommandResult,
)
from rig.procedures.inspection import Effect, Order, Trial, open_loop, ratio, timed, trials_for

#: tasks that every network runs: freezes of day and month, both directions
DAILY, MONTHLY = "daily", "monthly"
DAY = timedelta(days=1)
#: item -> direction of its energy
DAYS = {DAY_FORWARD_ACTIVE: "import", DAY_REVERSE_ACTIVE: "export"}
#: key of the energy of all tariffs in an answer, and its tariff in the database
TOTAL, ALL_TARIFFS = "total", 0
#: a terminal may answer with a reading that it has, not older than this; readings are marked with the minute
_AGE, _MINUTE = timedelta(minutes=5), timedelta(minutes=1)


def midnight(moment: datetime) -> datetime:
    """Beginning of a day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


class Inspector:
    """An inspector at the command center."""

    def __init__(self, network, check) -> None:
        self.network = network
        self.check = check
        self.center = network.command_center
        self.clock = network.clock
        self.began = self.clock.wall()
        self._began_s = self.clock.now_s()

    def wait(self, seconds: float) -> None:
        """Let the network live."""
        self.clock.wait_until(self.clock.now_s() + seconds)

    def wait_till(self, *, days: int = 0, hour: int = 0, minute: int = 0) -> datetime:
        """Let it live until this time of day, so many days from now."""
        until = midnight(self.clock.wall()) + days * DAY + timedelta(hours=hour, minutes=minute)
        self.wait(max(0.0, (until - self.clock.wall()).total_seconds()))
        return self.clock.wall()

    def wait_for(self, condition: Callable[[], bool], longest_s: float, step_s: float = 5.0) -> float | None:
        """Seconds until a condition holds, looked at every ``step_s``; None when it never does."""
        began_s = self.clock.now_s()
        while not condition():
            if self.clock.now_s() - began_s >= longest_s:
                return None
            self.wait(step_s)
        return self.clock.now_s() - began_s

    def whole_days(self) -> tuple[datetime, datetime]:
        """First and last day whose freeze is due by now: freezes of a day are read at half past one of the next."""
        return midnight(self.began), midnight(self.clock.wall()) - DAY

    def days_for(self, criterion: str, *, least: int = 1) -> int:
        """Days of freezes of all households that show a rate, at the confidence asked for, when none is missing."""
        return max(least, math.ceil(trials_for(criterion) / (len(self.network.households) * len(DAYS))))

    def rate(self, name: str, good: int, due: int, criterion: str, *, shown_by: str = "") -> None:
        """Judge a rate, and show what it says of the long run."""
        self.rates([(name, good, due, criterion)], shown_by=shown_by)

    def rates(self, counted: Iterable[tuple[str, int, int, str]], *, shown_by: str = "") -> None:
        """Judge several rates (name, good, due, criterion) after all of them are shown."""
        found = []
        for name, good, due, criterion in counted:
            rate, measurements = ratio(name, good, due, criterion, shown_by=shown_by)
            self.check.show(rate)
            found += measurements
        self.check.record(found)

    def cycle(self):
        """Figures of the daily task for all days that are over; what is due is counted here too, not by the center alone."""
        first, last = self.whole_days()
        figures = self.center.cycle(DAILY, first, last)
        days = (last - first) // DAY + 1
        due = len(self.network.households) * len(DAYS) * days
        self.check.equal(f"freezes due of {days} days, as the center counts", figures.due, due)
        return figures

    def timed(
        self,
        name: str,
        trials: list[Trial],
        criterion: str,
        *,
        households: Iterable[int | None] | None = None,
        legs: Sequence[Chain] = (),
        resolution_s: float = 0.0,
    ) -> None:
        """Judge latencies, and show them with their legs where they can be followed; the record says where they cannot.

        ``households``: the one that each trial was about, None for one about its terminal; ``legs``: of what no command began;
        ``resolution_s``: how often the effect was looked for.
        """
        chains = list(legs)
        for trial, household in zip(trials, households or (), strict=False):
            if trial.succeeded:
                chains.append(self.network.spans(trial.result.id, household))
        distribution, found = timed(
            name,
            trials,
            criterion,
            clock="virtual clock" if self.network.simulated else "clock of the rig",
            clock_error_s=self.network.clock_error_s + resolution_s,
            chains=chains,
        )
        self.check.show(distribution)
        missing = len(trials) - distribution.failures - len(chains)
        if missing:
            self.check.note(
                f"{name}: only the ends of the way can be seen of {missing} of {len(trials)} trials"
            )
        self.check.record(found)

    def run(self, orders: list[Order], *, interval_s: float, timeout_s: float = 300.0) -> list[Trial]:
        """Give orders at their times and wait for all."""
        return open_loop(self.center, orders, interval_s=interval_s, timeout_s=timeout_s)

    def trial(self, effect: Effect, *, sound: bool = True) -> Trial:
        """A command whose effect was looked for at the device; it ends when it is confirmed too."""
        result = self.center.wait(effect.command, 120.0)
        confirmed_s = result.finished_s if result.finished_s is not None else result.answered_s
        if effect.seen_s is None or confirmed_s is None:
            return Trial(effect.due_s, result, None, sound)
        return Trial(effect.due_s, result, max(effect.seen_s, confirmed_s), sound)

    def happened(self, what: str, terminal: str, effect: Effect) -> Trial:
        """Something that nobody ordered, looked for at the center."""
        status = "timeout" if effect.seen_s is None else "done"
        result = CommandResult(what, "event", terminal, status, effect.due_s)
        return Trial(effect.due_s, result, effect.seen_s)

    def done(self, command: str, longest_s: float = 300.0) -> CommandResult:
        """Result of one command that must succeed."""
        result = self.center.wait(command, longest_s)
        self.check.equal(f"{result.kind} of {result.terminal}", result.status, "done")
        return result

    def _wall(self, at_s: float) -> datetime:
        return self.began + timedelta(seconds=at_s - self._began_s)

    def present(self, home, result: CommandResult) -> Decimal | None:
        """The present reading that an order asked for, when it came and is the energy drawn by then; else None."""
        value = result.value(home.point, PRESENT_FORWARD_ACTIVE, TOTAL)
        if not result.ok or not isinstance(value, Decimal) or result.answered_s is None:
            return None
        least = self.network.register(home.number, self._wall(result.submitted_s) - _AGE)
        most = self.network.register(home.number, self._wall(result.answered_s))
        return value if least <= value <= most else None

    def present_stored(self, home, trial: Trial) -> Trial:
        """An order for a present reading: confirmed when the right one came and is in the center's database."""
        value = self.present(home, trial.result)
        if value is None or trial.result.answered_s is None:
            return _unconfirmed(trial, "without the reading asked for")
        first, last = self._wall(trial.result.submitted_s) - _AGE, self._wall(trial.result.answered_s)
        return self._stored(home, trial, PRESENT_FORWARD_ACTIVE, value, first, last + _MINUTE)

    def freeze_stored(self, home, day: datetime, trial: Trial) -> Trial:
        """An order for the freeze of a day: confirmed when the right one came and is in the center's database."""
        value = trial.result.value(home.point, DAY_FORWARD_ACTIVE, TOTAL)
        if not isinstance(value, Decimal) or value != self.network.register(home.number, day + DAY):
            return _unconfirmed(trial, "without the freeze asked for")
        return self._stored(home, trial, DAY_FORWARD_ACTIVE, value, day, day)

    def _stored(
        self, home, trial: Trial, item: str, value: Decimal, first: datetime, last: datetime
    ) -> Trial:
        rows = self.center.readings(
            home.terminal, home.point, item, first=first, last=last, tariff=ALL_TARIFFS
        )
        return trial if any(row.value == value for row in rows) else _unconfirmed(trial, "value not stored")

    def books(self) -> tuple[int, list[str], list[str], list[str]]:
        """Every stored day freeze against the physics: compared, missing, doubled, wrong."""
        first, last = self.whole_days()
        compared, missing, doubled, wrong = 0, [], [], []
        for home in self.network.households:
            for item, direction in DAYS.items():
                rows = self.center.readings(home.terminal, home.point, item, first=first, last=last)
                found: dict[tuple[datetime, int], Decimal] = {}
                for row in rows:
                    key = (row.mark, row.tariff)
                    if key in found:
                        doubled.append(f"{home.meter} {item} {row.mark:%m-%d} T{row.tariff}")
                    found[key] = row.value
                day = first
                while day <= last:
                    for tariff in range(home.tariffs + 1):
                        what = f"{home.meter} {item} {day:%m-%d} T{tariff}"
                        value = found.get((day, tariff))
                        if value is None:
                            missing.append(what)
                            continue
                        compared += 1
                        truth = self.network.register(home.number, day + DAY, direction, tariff)
                        if value != truth:
                            wrong.append(f"{what}: {value} stored, {truth} drawn")
                    day += DAY
        return compared, missing, doubled, wrong

    def books_balance(self) -> None:
        """Nothing missing, nothing doubled, nothing wrong."""
        compared, missing, doubled, wrong = self.books()
        self.check.equal("stored freezes that differ from the energy drawn or fed back", wrong[:3], [])
        self.check.equal("freezes stored twice", doubled[:3], [])
        self.check.equal("freezes that are missing", missing[:3], [])
        due = compared + len(missing)
        self.check.true("freezes that are due", due > 0, observed=due, expected="some")
        right = Decimal(100 * (compared - len(wrong))) / Decimal(due)
        self.check.within(f"freezes that are right, of {due}", right, "SYS.SETTLE.RIGHT")


def _unconfirmed(trial: Trial, why: str) -> Trial:
    """A trial that ended without what was asked for; what the center itself says of it comes first."""
    message = trial.result.message or why
    return replace(trial, confirmed=False, result=replace(trial.result, message=message))


@pytest.fixture
def inspector(network, check) -> Inspector:
    """An inspector of a running network."""
    return Inspector(network, check)
