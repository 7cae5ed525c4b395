"""A worker of `rig prove`: collects the cases once, then runs them all on one defective device after another.

Jobs come as JSON lines on standard input and go back as JSON lines on standard output; an empty input ends the worker.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import pytest

from rig.bench.binding import Bench
from rig.results.records import CaseResult, Verdict
from rig.testing.case import CaseInfo
from rig.testing.collection import case_info
from rig.testing.plugin import SESSION
from rig.testing.pytest_runner import pytest_arguments
from rig.testing.robot_runner import robot_files
from rig.testing.robot_session import RobotCases
from rig.testing.selection import Selection
from rig.testing.session import CaseSession
from rig.testing.suites import suite_folders

Reply = Callable[[dict[str, Any]], None]


def offered(info: CaseInfo) -> dict[str, Any]:
    """What the parent must know of a case."""
    return {
        "id": info.id,
        "title": info.title,
        "clauses": sorted(info.judged_by),
        "known_bad": list(info.known_bad),
        "role": info.device_role,
    }


def outcome(case: CaseResult) -> dict[str, Any]:
    """What the parent must know of a result: the verdict and the measurements that speak against the device."""
    bad = [item for item in case.measurements if item.verdict is Verdict.FAIL]
    return {
        "id": case.id,
        "verdict": case.verdict.value,
        "reason": case.reason,
        "failed": [[item.clause or "", "" if item.value is None else str(item.value)] for item in bad],
    }


class _WorkerPlugin:
    """Replaces pytest's loop by one over jobs."""

    def __init__(self, session: CaseSession, robots: RobotCases, jobs: Iterable[str], reply: Reply) -> None:
        self.session = session
        self.robots = robots
        self.robot_infos = [info for info in robots.infos.values() if session.wants(info)]
        self.jobs = jobs
        self.reply = reply
        self.problems: list[str] = robots.mistakes()

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[SESSION] = self.session

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.problems.append(f"{report.nodeid}: {report.longreprtext}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if self.problems:
            self.reply({"problems": self.problems})
            return True
        infos = [case_info(item) for item in session.items] + self.robot_infos
        self.reply({"cases": [offered(info) for info in infos]})
        for line in self.jobs:
            job = json.loads(line)
            wanted = None if job["cases"] is None else frozenset(job["cases"])
            results = self._run_job(session.items, int(job["seed"]), job["defect"], wanted)
            self.reply({"job": job["job"], "results": results})
        return True

    def _run_job(
        self, items: list[pytest.Item], seed: int, defect: str | None, wanted: frozenset[str] | None
    ) -> list[dict[str, Any]]:
        self.session.reseed(seed, () if defect is None else (defect,))
        chosen = [item for item in items if wanted is None or case_info(item).id in wanted]
        for item, following in zip(chosen, [*chosen[1:], None], strict=False):
            run_item(item, following)
        robots = frozenset(info.id for info in self.robot_infos if wanted is None or info.id in wanted)
        self.robots.run(self.session, robots)
        results = [outcome(case) for case in self.session.results]
        self.session.results.clear()
        return results


def run_item(item: pytest.Item, following: pytest.Item | None) -> None:
    """The three phases of an item without reports, which nobody reads here; an item can be run again and again."""
    if isinstance(item, pytest.Function):
        item._initrequest()  # noqa: SLF001 - what pytest itself does between two runs of an item
    stops = (KeyboardInterrupt, pytest.exit.Exception)
    phases: list[tuple[Any, Any]] = [("setup", partial(item.ihook.pytest_runtest_setup, item=item))]
    phases.append(("call", partial(item.ihook.pytest_runtest_call, item=item)))
    ending = partial(item.ihook.pytest_runtest_teardown, item=item, nextitem=following)
    for when, phase in phases:
        if pytest.CallInfo.from_call(phase, when=when, reraise=stops).excinfo is not None:
            break
    pytest.CallInfo.from_call(ending, when="teardown", reraise=stops)


def serve(jobs: TextIO, answers: TextIO, bench_file: Path | None, select: str | None) -> int:
    """Collect, then work until the jobs end."""

    def reply(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message, ensure_ascii=False) + "\n")
        answers.flush()

    session = CaseSession(Bench.load(bench_file), selection=Selection.parse(select))
    folders = suite_folders()
    plugin = _WorkerPlugin(session, RobotCases(robot_files(folders)), jobs, reply)
    arguments = pytest_arguments(folders, "--capture=no")
    status = pytest.main(arguments, plugins=[plugin])
    session.bench.close()
    return int(status)


def main() -> int:
    """Entry point of the process; what cases print goes to standard error."""
    options = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    bench = options.get("bench")
    return serve(sys.stdin, answers, Path(bench) if bench else None, options.get("select"))


if __name__ == "__main__":
    sys.exit(main())
