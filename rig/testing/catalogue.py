"""All cases of the installed suites, without running any: for coverage, lists of defects, and documentation."""

from __future__ import annotations

from functools import cache

import pytest

from rig.errors import RigError
from rig.testing.case import CaseInfo
from rig.testing.collection import case_info, is_case
from rig.testing.pytest_runner import pytest_arguments
from rig.testing.robot_runner import robot_files
from rig.testing.suites import suite_folders


class _Collector:
    """Keeps the cases that pytest finds."""

    def __init__(self) -> None:
        self.infos: list[CaseInfo] = []
        self.problems: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.infos += [case_info(item) for item in items if is_case(item)]
        items.clear()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.problems.append(f"{report.nodeid}: {report.longreprtext}")


@cache
def all_cases() -> tuple[CaseInfo, ...]:
    """Every case of every suite, pytest's first, refused ones included.

    Raises:
        RigError: a suite cannot be collected.
    """
    folders = suite_folders()
    collector = _Collector()
    pytest.main([*pytest_arguments(folders), "--collect-only"], plugins=[collector])
    if collector.problems:
        raise RigError("the suites cannot be collected:\n" + "\n".join(collector.problems))
    robots = robot_files(folders)
    if not robots:
        return tuple(collector.infos)
    from rig.testing.robot_session import RobotCases

    return (*collector.infos, *RobotCases(robots).infos.values())


def cases_by_defect() -> dict[str, list[str]]:
    """For every known-bad device, as cases name it, the ids of the cases that must fail it."""
    found: dict[str, list[str]] = {}
    for info in all_cases():
        for defect in info.known_bad:
            found.setdefault(defect, []).append(info.id)
    return dict(sorted(found.items()))


def cases_by_link() -> dict[str, int]:
    """Number of cases by link of the topology."""
    found: dict[str, int] = {}
    for info in all_cases():
        found[info.link] = found.get(info.link, 0) + 1
    return found
