"""One run over the cases of a bench, whichever runner executes their bodies: gate, world, verdict, record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from rig.bench.binding import Bench
from rig.errors import BenchMissing, LinkClosedError, RigError
from rig.ports.roles import ROLES
from rig.results.records import SEVERITY, CaseResult, Measurement, Verdict
from rig.testing.case import CaseInfo, RunningCase
from rig.testing.check import Check
from rig.testing.outcomes import (
    DEVICE_FAULTS,
    CaseError,
    CheckFailed,
    Inconclusive,
    NotApplicable,
    NotTested,
    observed_of,
    reason_of,
    verdict_of,
)
from rig.testing.selection import Selection
from rig.transports.record import ExchangeRecord

Sink = Callable[[CaseResult], None]


class KeepsEvidence(Protocol):
    """Where the exchanges of a case are kept."""

    def keep(self, case_id: str, records: list[ExchangeRecord]) -> None:
        """Write down the exchanges of a case."""
        ...


class CaseSession:
    """Runs cases on one bench and hands their results to a sink.

    Args:
        bench: opened lazily; fresh for every case where emulated.
        selection: which cases are wanted.
        decided: ids that have a verdict already (a resumed run).
        defects: that the emulated device under test carries in every case.
        sink: gets every result at once.
        evidence: keeps exchanges; None keeps none.
        max_bench_time_s: cases that say they take longer on a bench in real time are NOT_TESTED there.
        on_start: told of every case before it runs.
    """

    def __init__(
        self,
        bench: Bench,
        *,
        selection: Selection | None = None,
        decided: frozenset[str] = frozenset(),
        defects: tuple[str, ...] = (),
        sink: Sink | None = None,
        evidence: KeepsEvidence | None = None,
        max_bench_time_s: float | None = None,
        on_start: Callable[[CaseInfo], None] | None = None,
    ) -> None:
        self.bench = bench
        self.selection = selection or Selection()
        self.decided = decided
        self.defects = defects
        self.sink = sink
        self.evidence = evidence
        self.max_bench_time_s = max_bench_time_s
        self.on_start = on_start
        self.offered: list[CaseInfo] = []
        self.results: list[CaseResult] = []
        self._link_lost = False

    def reseed(self, seed: int, defects: tuple[str, ...]) -> None:
        """Go on with another emulated device: another seed, other defects."""
        self.bench.reseed(seed)
        self.defects = defects

    def wants(self, info: CaseInfo) -> bool:
        """Whether a case is to run now; never one that examines a device which the bench does not have."""
        device = self.bench.section_for(info.device_role)
        if device is None or info.id in self.decided or not self.selection.matches(info, device.id):
            return False
        return self.bench.device_for(info.device_role) is not None

    def start(self, info: CaseInfo) -> RunningCase:
        """Open the record of a case; nothing runs yet."""
        if self.on_start is not None:
            self.on_start(info)
        return RunningCase(info, self.bench, Check(info.first_clause), began_s=time.perf_counter())

    def begin(self, running: RunningCase) -> None:
        """Let a case pass to the bench.

        Raises:
            NotApplicable: the declaration says that the device lacks what an optional clause is about.
            NotTested: the bench lacks the means.
        """
        info = running.info
        device = self.bench.device_for(info.device_role)
        if device is None:
            raise NotTested(f"no {ROLES[info.device_role]} on bench {self.bench.name!r}")
        declaration = self.bench.declarations[device.id]
        lacking = [feature for feature in info.requires if not declaration.declares(feature)]
        if lacking and not info.rules()[0].mandatory:
            raise NotApplicable(f"not declared: {', '.join(lacking)} ({declaration.source})")
        absent = [reason for mean in info.needs if (reason := self.bench.missing(mean, device)) is not None]
        if absent:
            raise NotTested("; ".join(absent))
        limit = self.max_bench_time_s
        if limit is not None and not self.bench.simulated and info.bench_time_s > limit:
            raise NotTested(f"takes {info.bench_time_s:g} s of bench time, more than the {limit:g} s allowed")
        self.bench.begin_case(
            info.id, defects=self.defects, role=info.device_role, options=dict(info.stand_options)
        )
        running.begun = True

    @staticmethod
    def body_ended(running: RunningCase) -> None:
        """Called when the body of a case ran to its end.

        Raises:
            CheckFailed, Inconclusive: for what was taken with ``stop=False``.
            CaseError: nothing was checked: a case that cannot fail proves nothing.
        """
        running.body_ran = True
        running.check.finish()
        if not running.check.measurements:
            raise CaseError("the case checked nothing; a case that cannot fail proves nothing")

    def translate(self, running: RunningCase, error: BaseException) -> BaseException:
        """Keep an error that ended a phase of a case; returns what the runner shall raise in its place.

        Faults of the device become CheckFailed with the observed bytes as a measurement; anything unknown becomes CaseError.
        """
        if not isinstance(error, Exception):
            running.interrupted = True
            return error
        if isinstance(error, BenchMissing):
            error = NotTested(str(error))
        if isinstance(error, (CheckFailed, Inconclusive, NotTested, NotApplicable, CaseError)):
            running.errors.append(error)
            return error
        self._link_lost |= isinstance(error, LinkClosedError)
        if isinstance(error, DEVICE_FAULTS):
            running.errors.append(error)
            running.check.measurements.append(_fault_measurement(running, error))
            return CheckFailed(reason_of(error))
        hint = (
            " (a plain assert is not recorded: use the check fixture)"
            if isinstance(error, AssertionError)
            else ""
        )
        running.errors.append(CaseError(reason_of(error) + hint))
        return running.errors[-1]

    def finish(self, running: RunningCase) -> CaseResult | None:
        """Close the record of a case and hand it on; None when the case was interrupted and has no verdict."""
        try:
            self._end(running)
            if self._link_lost:
                self._link_lost = False
                self.bench.reopen_links()
            if self.evidence is not None and running.begun:
                records = self.bench.records()
                if records:
                    self.evidence.keep(running.info.id, records)
        except Exception as error:
            # the bench's fault or ours; whatever it is, the verdict must not be lost over it
            running.errors.append(error)
            if not isinstance(error, (RigError, OSError)):
                raise
        finally:
            result = None if running.interrupted else self._result(running)
            if result is not None:
                self._hand_on(result)
        return result

    def _end(self, running: RunningCase) -> None:
        try:
            self.bench.end_case()
        except DEVICE_FAULTS as error:
            # the case is judged by its body; that the device was not put back is told, for the cases that follow
            running.check.note(f"the device could not be put back: {reason_of(error)}")

    def _hand_on(self, result: CaseResult) -> None:
        self.results.append(result)
        if self.sink is not None:
            self.sink(result)

    def _result(self, running: RunningCase) -> CaseResult:
        info, check = running.info, running.check
        error = min(running.errors, key=_severity, default=None)
        verdict = _verdict(running, error)
        rules = info.rules()
        device = self.bench.device_for(info.device_role)
        return CaseResult(
            id=info.id,
            title=info.title,
            title_zh=info.title_zh,
            standard=info.standard,
            clause=info.clause,
            link=info.link,
            device=device.id if device is not None else "",
            verdict=verdict,
            reason=reason_of(error),
            measurements=check.measurements,
            simulated=self.bench.simulated,
            duration_s=round(time.perf_counter() - running.began_s, 6),
            findings=list(check.notes),
            clause_provenance=rules[0].provenance if rules else "recalled",
            mandatory=rules[0].mandatory if rules else False,
            runner=info.runner,
            known_bad=list(info.known_bad),
            distributions=list(check.distributions),
            rates=list(check.rates),
            inspection_items=list(info.inspection_items),
            device_role=info.device_role,
        )


def _severity(error: BaseException) -> int:
    return SEVERITY.index(verdict_of(error))


def _verdict(running: RunningCase, error: BaseException | None) -> Verdict:
    if error is None and not running.body_ran:
        return Verdict.NOT_TESTED
    return verdict_of(error)


def _fault_measurement(running: RunningCase, error: Exception) -> Measurement:
    """What the device was seen to do, under the clause that the case judges; the error's own clause is in the reason."""
    return Measurement(
        type(error).__name__,
        observed_of(error),
        lower="a legal answer",
        upper="a legal answer",
        verdict=Verdict.FAIL,
        clause=running.info.first_clause,
    )
