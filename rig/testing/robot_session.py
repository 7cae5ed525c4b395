"""Robot suites as cases: their tags are markers, a listener gates and judges them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from robot.api import TestSuite

from rig.ports.roles import METER
from rig.testing.case import CaseInfo, RunningCase
from rig.testing.collection import with_mistakes
from rig.testing.outcomes import CaseError, NotApplicable, NotTested
from rig.testing.robot_context import close_case, open_case
from rig.testing.session import CaseSession
from rig.testing.suites import folder_name

_WORDS = re.compile(r"[^a-z0-9]+")


def robot_case_info(test: Any, path: Path) -> CaseInfo:
    """Identity and tags of a Robot test.

    Tags are ``name:value``: ``clause:DL/T 645-2007 7.4``, ``link:K8-C1``, ``known_bad:...``, ``needs:source``.
    """
    tags: dict[str, list[str]] = {}
    for tag in test.tags:
        name, _, value = str(tag).partition(":")
        tags.setdefault(name.strip().replace(" ", "_"), []).append(value.strip())
    clauses = [tuple(text.rpartition(" ")[::2]) for text in tags.get("clause", ())]
    slug = _WORDS.sub("_", test.name.lower()).strip("_")
    return with_mistakes(
        CaseInfo(
            id=f"{folder_name(path)}.{path.stem}.{slug}",
            title=test.name,
            clauses=tuple((standard, number) for standard, number in clauses),
            link=next(iter(tags.get("link", ())), ""),
            title_zh=next(iter(tags.get("title_zh", ())), ""),
            criteria=tuple(tags.get("criterion", ())),
            needs=tuple(tags.get("needs", ())),
            requires=tuple(tags.get("requires", ())),
            known_bad=tuple(tags.get("known_bad", ())),
            inspection_items=tuple(tags.get("inspection_item", ())),
            bench_time_s=float(next(iter(tags.get("bench_time", ())), 0)),
            runner="robot",
            device_role=next(iter(tags.get("device", ())), METER),
        )
    )


def all_tests(suite: Any) -> list[Any]:
    """Every test below a suite, in order."""
    return [*suite.tests, *(test for inner in suite.suites for test in all_tests(inner))]


class RobotCases:
    """Robot suites loaded once, to be run as often as needed."""

    def __init__(self, files: list[Path]) -> None:
        self.suite = TestSuite.from_file_system(*map(str, files)) if files else None
        self.infos: dict[str, CaseInfo] = {}
        for test in all_tests(self.suite) if self.suite is not None else ():
            self.infos[test.full_name] = robot_case_info(test, Path(test.source))

    def mistakes(self) -> list[str]:
        """Why tests are refused."""
        return [f"{info.id}: {mistake}" for info in self.infos.values() for mistake in info.mistakes]

    def run(self, session: CaseSession, wanted: frozenset[str], *more_listeners: Any) -> None:
        """Run the tests whose case ids are wanted; nothing is written by Robot itself."""
        if self.suite is None:
            return
        suite = self.suite.deepcopy()
        _keep(suite, {name for name, info in self.infos.items() if info.id in wanted})
        if not suite.test_count:
            return
        listener = CaseListener(session, self.infos)
        suite.run(
            listener=[listener, *more_listeners],
            output=None,
            log=None,
            report=None,
            console="none",
            runemptysuite=True,
        )


def _keep(suite: Any, names: set[str]) -> None:
    suite.tests = [test for test in suite.tests if test.full_name in names]
    for inner in suite.suites:
        _keep(inner, names)
    suite.suites = [inner for inner in suite.suites if inner.test_count]


class CaseListener:
    """Opens, gates, judges and records every test; runs before other listeners, so that they see its verdict."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, session: CaseSession, infos: dict[str, CaseInfo]) -> None:
        self.session = session
        self.infos = infos
        self._running: RunningCase | None = None

    def start_test(self, data: Any, result: Any) -> None:  # noqa: ARG002 - Robot's interface
        """Gate a test; one that must not run gets a setup that skips it."""
        info = self.infos[data.full_name]
        self._running = running = self.session.start(info)
        open_case(running)
        try:
            self.session.begin(running)
        except (NotTested, NotApplicable) as reason:
            running.errors.append(reason)
            word = "NOT_APPLICABLE" if isinstance(reason, NotApplicable) else "NOT_TESTED"
            data.setup.config(name="Skip", args=[f"{word}: {reason}"])

    def end_test(self, data: Any, result: Any) -> None:  # noqa: ARG002 - Robot's interface
        """Judge a test by the error that ended it, and tell Robot when it has to be a failure."""
        running = self._running
        assert running is not None
        self._judge(running, result, close_case())
        case = self.session.finish(running)
        self._running = None
        if case is None:
            return
        if result.passed and case.verdict.value != "PASS":
            result.status = "FAIL"
        if result.failed:
            result.message = f"{case.verdict}: {case.reason}"

    def _judge(self, running: RunningCase, result: Any, last: Exception | None) -> None:
        if running.errors:
            return
        if result.passed:
            try:
                self.session.body_ended(running)
            except Exception as error:  # noqa: BLE001 - translate() sorts every kind of error
                self.session.translate(running, error)
            return
        own = last is not None and str(last).split("\n")[0][:60] in result.message
        kinds: Exception = NotTested(result.message) if result.skipped else CaseError(result.message)
        self.session.translate(running, last if own and last is not None else kinds)
