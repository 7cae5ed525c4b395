"""The directory of a run: store, evidence, exports, reports."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.clock import SystemClock
from rig.errors import ConfigError, RigError
from rig.results.evidence import seal
from rig.results.export import write_junit, write_results_json
from rig.results.records import CaseResult, RunInfo, exit_code
from rig.results.store import Store
from rig.testing.evidence import CaseEvidence

if TYPE_CHECKING:
    from rig.bench.binding import Bench
    from rig.criteria.profile import LabProfile

STORE_NAME = "results.sqlite"
ALLURE_FOLDER = "allure-results"


def rig_version() -> str:
    """Version of the installed rig."""
    try:
        return version("smart-meter-rig")
    except PackageNotFoundError:
        return "unknown"


def _now() -> str:
    return SystemClock().wall().astimezone().isoformat(timespec="seconds")


def new_run_info(bench: Bench, *, selection: str = "") -> RunInfo:
    """Record of a run that begins now on this bench."""
    from rig.bench.fingerprint import hashes_of
    from rig.criteria.registry import active_profile

    profile = active_profile()
    return RunInfo(
        id=uuid.uuid4().hex[:12],
        bench=bench.name,
        seed=bench.seed,
        simulated=bench.simulated,
        started=_now(),
        rig_version=rig_version(),
        selection=selection,
        operator=bench.inventory.bench.operator,
        instruments=bench.rack.describe(),
        hashes=hashes_of(bench, profile.sha256 if profile is not None else ""),
        decision_rule=_decision_rule(profile),
        particulars=bench.inventory.particulars.told(),
    )


def _decision_rule(profile: LabProfile | None) -> str:
    """The rule that errors are judged by, and those that a lab profile puts in its place for some standards."""
    from rig.metrology.decision import SIMPLE, DecisionRule

    if profile is None:
        return SIMPLE.describe()
    others = [
        f"{standard}: {DecisionRule.parse(rule).describe()}"
        for standard, rule in sorted(profile.rules.items())
    ]
    parts = [*others, f"else {SIMPLE.describe()}" if others else SIMPLE.describe()]
    return "; ".join([*parts, f"lab profile {profile.name}"])


class RunRecord:
    """Store and evidence of one run, and everything that is written at its end.

    Args:
        out: the run directory, made when it is missing.
        run: what is run.
        resume: continue the last run of the store instead.

    Raises:
        ConfigError: nothing to resume, or a run on another bench or seed; the directory cannot be written.
    """

    def __init__(self, out: Path, run: RunInfo, *, resume: bool = False) -> None:
        self.out = out
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError("cannot be written", key="--out", value=str(out), hint=error.strerror) from None
        path = out / STORE_NAME
        if resume and not path.is_file():
            raise ConfigError(
                "no run to resume here", key="--out", value=str(out), hint=f"{STORE_NAME} is missing"
            )
        self.store = Store(path)
        self.run = self._resumed(run) if resume else run
        self.store.begin_run(self.run)
        self.evidence = CaseEvidence(out)
        self.finished_cases: list[CaseResult] = []

    def _resumed(self, run: RunInfo) -> RunInfo:
        earlier = self.store.latest_run()
        if earlier is None:
            raise ConfigError("no run to resume here", key="--out", value=str(self.out))
        for key in ("seed", "selection"):
            if getattr(earlier, key) != getattr(run, key):
                raise ConfigError(
                    "not the run that was begun",
                    key=f"--{key[:6]}",
                    value=getattr(run, key),
                    hint=f"it had {getattr(earlier, key)!r}",
                )
        if earlier.hashes != run.hashes:
            raise ConfigError(
                "the bench or the suites changed since the run began", key="--resume", hint="start a new run"
            )
        earlier.finished, earlier.exit_code = "", None
        return earlier

    def sink(self, case: CaseResult) -> None:
        """Commit one case."""
        self.store.add_case(case)

    def describe(self, bench: Bench) -> None:
        """Take over who answered on this bench: devices and instruments with what they said of themselves."""
        self.take_described(bench.describe())

    def take_described(self, described: dict[str, list[dict[str, Any]]]) -> None:
        """The same, as a child process tells it."""
        known = {device["id"]: device for device in self.run.devices}
        self.run.devices = list((known | {device["id"]: device for device in described["devices"]}).values())
        fresh = {row["role"]: row for row in described["instruments"]}
        for number, row in enumerate(self.run.instruments):
            told = fresh.get(row["role"], {})
            if "maker" in told or "maker" not in row:
                self.run.instruments[number] = row | told
        self.store.begin_run(self.run)

    def decided(self) -> frozenset[str]:
        """Cases that have a verdict already."""
        return self.store.decided(self.run.id)

    def cases(self) -> list[CaseResult]:
        """All results so far."""
        return self.store.cases(self.run.id)

    def finish(self) -> int:
        """Write everything that is made from the whole run; returns the exit status."""
        cases = self.finished_cases = self.cases()
        self.evidence.make_files(cases, self.store)
        self.run.exit_code = exit_code([case.verdict for case in cases])
        self.run.finished = _now()
        self.store.finish_run(finished=self.run.finished, exit_code=self.run.exit_code)
        render(self.out, self.run, cases)
        self.store.close()
        seal(self.out)
        return self.run.exit_code


def render(out: Path, run: RunInfo, cases: Sequence[CaseResult]) -> list[Path]:
    """results.json, JUnit XML, and every report that is installed.

    Raises:
        RigError: a report could not be made; the others are there.
    """
    written = [
        write_results_json(out / "results.json", run, cases),
        write_junit(out / "junit.xml", run, cases),
    ]
    problems = []
    for entry in sorted(entry_points(group="rig.reporters"), key=lambda entry: entry.name):
        try:
            written.extend(entry.load()(out, run, list(cases)))
        except (ImportError, OSError, RigError, NotImplementedError) as error:
            problems.append(f"report {entry.name}: {type(error).__name__}: {error}")
    if problems:
        raise RigError("; ".join(problems))
    return written
