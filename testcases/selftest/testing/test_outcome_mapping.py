"""The type of an error decides the verdict; the blame never falls on the device for what the bench did."""

import pytest

from rig.errors import (
    BenchError,
    ConfigError,
    DeviceRefused,
    InstrumentError,
    LinkClosedError,
    LinkTimeout,
    LocalProtocolError,
    RemoteProtocolError,
)
from rig.testing.outcomes import (
    CaseError,
    CheckFailed,
    Inconclusive,
    NotApplicable,
    NotTested,
    observed_of,
    reason_of,
    verdict_of,
)

TIMEOUT = LinkTimeout("nothing came", link="bus1", waited_s=1.5, attempts=3)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (None, "PASS"),
        (CheckFailed("x"), "FAIL"),
        (RemoteProtocolError("x"), "FAIL"),
        (DeviceRefused("x", code=2), "FAIL"),
        (TIMEOUT, "FAIL"),
        (Inconclusive("x"), "INCONCLUSIVE"),
        (NotTested("x"), "NOT_TESTED"),
        (NotApplicable("x"), "NOT_APPLICABLE"),
        (LocalProtocolError("x"), "ERROR"),
        (BenchError("x"), "ERROR"),
        (LinkClosedError("x"), "ERROR"),
        (InstrumentError("x"), "ERROR"),
        (ConfigError("x"), "ERROR"),
        (CaseError("x"), "ERROR"),
        (AssertionError("x"), "ERROR"),
        (ZeroDivisionError("x"), "ERROR"),
    ],
)
def test_verdict_of_each_error(error, verdict):
    assert verdict_of(error) == verdict


def test_reasons_name_foreign_types_only():
    assert reason_of(CheckFailed("delay: 0.6 s")) == "delay: 0.6 s"
    assert reason_of(TIMEOUT) == "LinkTimeout: nothing came"
    assert reason_of(ValueError()) == "ValueError: ValueError"


def test_observed_bytes_codes_and_silence():
    assert observed_of(RemoteProtocolError("x", got="5A", frame=b"\x68\x16")) == "5A 6816"
    assert observed_of(RemoteProtocolError("x", code="checksum")) == "checksum"
    assert observed_of(DeviceRefused("x", code=4, meaning=("password",))) == "refused with 04H (password)"
    assert observed_of(TIMEOUT) == "silence for 1.500 s, 3 attempt(s)"
