"""The Robot test that runs now: what the listener opens and the keywords use."""

from __future__ import annotations

from rig.errors import ConfigError
from rig.testing.case import RunningCase


class _Context:
    """One test at a time in one process."""

    def __init__(self) -> None:
        self.running: RunningCase | None = None
        self.error: Exception | None = None


_context = _Context()


def open_case(running: RunningCase) -> None:
    """A test begins."""
    _context.running = running
    _context.error = None


def close_case() -> Exception | None:
    """The test is over; returns the last error that ended a keyword."""
    _context.running = None
    return _context.error


def current_case() -> RunningCase:
    """The case of the test that runs now.

    Raises:
        ConfigError: the suite does not run under the rig's listener.
    """
    if _context.running is None:
        raise ConfigError("keywords of the rig work within `rig run` only", hint="run the suite with rig run")
    return _context.running


def remember_error(error: Exception) -> None:
    """Keep the error that ended a keyword."""
    _context.error = error
