"""What can come out of a case, and the mapping from an error to a verdict.

Plain exceptions, known to both runners: pytest sees skips through the plugin, Robot Framework through the class attributes.
"""

from __future__ import annotations

from rig.errors import DeviceRefused, LinkTimeout, RemoteProtocolError
from rig.results.records import Measurement, Verdict


class CheckFailed(AssertionError):
    """The device broke a rule: verdict FAIL. Carries the measurement that shows it."""

    def __init__(self, message: str, measurement: Measurement | None = None) -> None:
        super().__init__(message)
        self.measurement = measurement


class Inconclusive(AssertionError):
    """Neither shown nor refuted (uncertainty overlaps the limit, stimulus failed): a failure-class result, never a skip."""

    def __init__(self, message: str, measurement: Measurement | None = None) -> None:
        super().__init__(message)
        self.measurement = measurement


class NotTested(Exception):
    """The bench lacks the means; the message names what is missing."""

    ROBOT_SKIP_EXECUTION = True


class NotApplicable(Exception):
    """The device's declaration says that it does not have the function; the message names the declaration."""

    ROBOT_SKIP_EXECUTION = True


class CaseError(Exception):
    """The case itself is at fault, for example it checked nothing: verdict ERROR."""


#: errors that blame the device when they escape a case
DEVICE_FAULTS = (RemoteProtocolError, DeviceRefused, LinkTimeout)


def verdict_of(error: BaseException | None) -> Verdict:
    """Verdict of a case that ended with ``error`` (None: it ran to its end)."""
    if error is None:
        return Verdict.PASS
    if isinstance(error, NotTested):
        return Verdict.NOT_TESTED
    if isinstance(error, NotApplicable):
        return Verdict.NOT_APPLICABLE
    if isinstance(error, Inconclusive):
        return Verdict.INCONCLUSIVE
    if isinstance(error, (CheckFailed, *DEVICE_FAULTS)):
        return Verdict.FAIL
    return Verdict.ERROR


def reason_of(error: BaseException | None) -> str:
    """One line that says why; the type is named unless it is one of our own outcomes."""
    if error is None:
        return ""
    text = " ".join(str(error).split()) or type(error).__name__
    own = (CheckFailed, Inconclusive, NotTested, NotApplicable, CaseError)
    return text if isinstance(error, own) else f"{type(error).__name__}: {text}"


def observed_of(error: BaseException) -> str:
    """What the device was seen to do when one of DEVICE_FAULTS escaped: frame, error code or silence."""
    if isinstance(error, RemoteProtocolError):
        got = f"{error.got} " if error.got is not None else ""
        return f"{got}{error.frame.hex()}".strip() or error.code
    if isinstance(error, DeviceRefused):
        meaning = ", ".join(error.meaning)
        return f"refused with {error.code:02X}H" + (f" ({meaning})" if meaning else "")
    if isinstance(error, LinkTimeout):
        return f"silence for {error.waited_s:.3f} s, {error.attempts} attempt(s)"
    return str(error)
