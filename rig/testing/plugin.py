"""pytest plugin of the rig: options, markers, fixtures; inert for tests that are no cases of a device.

Everything heavy is imported when a first case is collected, so that other people's test runs do not pay for it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rig.testing import fixtures
from rig.testing.markers import MARKERS

if TYPE_CHECKING:
    from rig.testing.session import CaseSession

#: the running session of cases; `rig run` and `rig prove` put theirs here before the collection
SESSION: pytest.StashKey[CaseSession] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the rig."""
    group = parser.getgroup("rig", "device tests on a bench")
    group.addoption("--bench", metavar="FILE", help="bench file; default: the built-in emulated bench")
    group.addoption("--dut", metavar="ID", help="device under test, by its id in the bench file")
    group.addoption("--out", metavar="DIR", help="write results, reports and evidence here")
    group.addoption("--seed", type=int, default=1, help="seed of the emulated bench (default 1)")
    group.addoption("--select", metavar="EXPR", help="standard=..., clause=..., link=..., device=..., id=...")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and the fixtures."""
    for text in MARKERS.values():
        config.addinivalue_line("markers", text)
    config.pluginmanager.register(fixtures, "rig-fixtures")
    config.pluginmanager.register(_Gate(), "rig-gate")


def _session(config: pytest.Config) -> CaseSession:
    """The session of this run; made from the command-line options when nobody made one."""
    session = config.stash.get(SESSION, None)
    if session is None:
        from rig.errors import ConfigError
        from rig.testing.standalone import standalone_session

        try:
            session = standalone_session(config)
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from None
        config.stash[SESSION] = session
    return session


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse incomplete cases and keep the selected ones; nothing happens when there is no case."""
    from rig.testing.collection import is_case, select_cases

    if any(is_case(item) for item in items):
        select_cases(_session(config), config, items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Open the record of a case, and judge what escapes its fixtures."""
    from rig.testing.case import INFO, RUNNING

    info = item.stash.get(INFO, None)
    if info is None:
        return (yield)
    item.stash[RUNNING] = _session(item.config).start(info)
    with _judging(item):
        return (yield)


class _Gate:
    """Runs before fixtures are made, but inside of what other plugins set up around an item and expect to tear down."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        from rig.testing.case import RUNNING

        running = item.stash.get(RUNNING, None)
        if running is not None:
            _session(item.config).begin(running)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Judge the body of a case: what escaped it, what it recorded, and whether it checked anything."""
    from rig.testing.case import RUNNING

    running = item.stash.get(RUNNING, None)
    if running is None:
        return (yield)
    with _judging(item):
        result = yield
        _session(item.config).body_ended(running)
        return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Close the record of a case after its fixtures are gone."""
    from rig.testing.case import RUNNING
    from rig.testing.outcomes import DEVICE_FAULTS, reason_of

    running = item.stash.get(RUNNING, None)
    if running is None:
        return (yield)
    try:
        with _judging(item, besides=DEVICE_FAULTS):
            return (yield)
    except DEVICE_FAULTS as error:
        # the case is judged by its body; that the device was not put back is told, for the cases that follow
        running.check.note(f"the device could not be put back: {reason_of(error)}")
    finally:
        _session(item.config).finish(running)
        del item.stash[RUNNING]


@contextmanager
def _judging(item: pytest.Item, *, besides: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Keep what escapes a phase of a case, and raise what pytest and Allure shall see in its place."""
    try:
        yield
    except besides:
        raise
    except BaseException as error:
        shown = _shown(item, error)
        if shown is error:
            raise
        raise shown from error


def _shown(item: pytest.Item, error: BaseException) -> BaseException:
    """Skips for what was not run, AssertionError for what failed, anything else for an error."""
    from rig.testing.case import RUNNING
    from rig.testing.outcomes import CaseError, NotApplicable, NotTested

    if isinstance(error, pytest.skip.Exception):
        error = NotTested(str(error.msg))
    elif isinstance(error, pytest.fail.Exception):
        error = CaseError(f"{error.msg} (pytest.fail records nothing: use the check fixture)")
    shown = _session(item.config).translate(item.stash[RUNNING], error)
    if isinstance(shown, (NotApplicable, NotTested)):
        word = "NOT_APPLICABLE" if isinstance(shown, NotApplicable) else "NOT_TESTED"
        return pytest.skip.Exception(f"{word}: {shown}", _use_item_location=True)
    return shown


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the bench, and write the reports of a run of its own; last, for fixtures of an interrupted case end here too."""
    config = session.config
    cases = config.stash.get(SESSION, None)
    if cases is not None:
        from rig.testing.standalone import finish_standalone

        finish_standalone(config, cases)
    elif config.getoption("--out") and config.pluginmanager.hasplugin("dsession"):
        from rig.testing.standalone import finish_controller

        finish_controller(config)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where the results are."""
    out = config.getoption("--out")
    if out and config.stash.get(SESSION, None) is not None:
        terminalreporter.write_line(f"rig: results in {Path(out).resolve()}")
