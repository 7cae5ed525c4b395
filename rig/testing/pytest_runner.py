"""pytest in this process over the suites, without its terminal: a run's own progress is shown instead."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rig.errors import ConfigError, RigError
from rig.testing.plugin import SESSION
from rig.testing.session import CaseSession
from rig.testing.suites import suite_roots

if TYPE_CHECKING:
    from rig.testing.case import CaseInfo
    from rig.testing.runner import Progress


class _RunPlugin:
    """Puts the session in place, refuses items that are no cases, and keeps what pytest would only print."""

    def __init__(self, session: CaseSession, progress: Progress | None) -> None:
        self.session = session
        self.progress = progress
        self.problems: list[str] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[SESSION] = self.session

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        from rig.testing.collection import is_case

        strangers = [item.nodeid for item in session.items if not is_case(item)]
        if strangers:
            raise pytest.UsageError(
                "no cases, they lack the markers clause, link and known_bad:\n  " + "\n  ".join(strangers)
            )
        if self.progress is not None:
            self.progress.expecting(len(session.items))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.problems.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_internalerror(self, excrepr: Any) -> None:
        self.problems.append(str(excrepr))


def pytest_arguments(folders: list[Path], *more: str) -> list[str]:
    """Arguments that make pytest run exactly these suites, whatever is configured around them."""
    roots = suite_roots()
    paths = " ".join(str(root.import_path) for root in roots)
    return [
        "--disable-plugin-autoload",
        "-p",
        "rig.testing.plugin",
        "-p",
        "no:terminal",
        "-p",
        "no:cacheprovider",
        "-c",
        str(files("rig.testing") / "data" / "suite.ini"),
        "--rootdir",
        str(roots[0].import_path),
        "--import-mode=importlib",
        "-o",
        f"pythonpath={paths}",
        "--capture=sys",
        # cases are judged by checks, not by rewritten asserts, and plain modules load from their cache
        "--assert=plain",
        *more,
        *map(str, folders),
    ]


def run_pytest(
    session: CaseSession, folders: list[Path], allure: Path, progress: Progress | None = None
) -> list[CaseInfo]:
    """Run the selected pytest cases of these folders; returns all that were offered.

    Raises:
        ConfigError: a case was refused.
        RigError: a suite could not be collected, or pytest itself failed.
    """
    plugin = _RunPlugin(session, progress)
    arguments = pytest_arguments(folders, "-p", "allure_pytest.plugin", f"--alluredir={allure}")
    status = pytest.main(arguments, plugins=[plugin])
    if status == pytest.ExitCode.USAGE_ERROR:
        raise ConfigError("the suites were refused, see above", key="suites")
    if plugin.problems or status in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.INTERRUPTED}:
        if status == pytest.ExitCode.INTERRUPTED and not plugin.problems:
            raise KeyboardInterrupt
        raise RigError("pytest could not run the suites:\n" + "\n".join(plugin.problems))
    return list(session.offered)
