"""Why a device refuses, without protocol: each wire maps the reason to its own error code."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """Reasons of a refusal."""

    OTHER = "other error"
    NO_DATA = "no such data"
    NOT_AUTHORISED = "not authorised"
    BAUD = "rate not supported"
    YEAR_ZONES = "too many year zones"
    DAY_PERIODS = "too many day periods"
    TARIFFS = "too many tariffs"


class Refusal(Exception):
    """The device refuses what it was asked, for one or more reasons."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(", ".join(reason.value for reason in reasons))
        self.reasons = reasons
