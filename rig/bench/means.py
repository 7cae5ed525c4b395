"""Means: what a case can need of a bench, by name."""

from __future__ import annotations

import re

from rig.errors import ConfigError

INSTRUMENT_ROLES = ("source", "reference", "error_calculator", "counter")
_MEAN = re.compile(rf"{'|'.join(INSTRUMENT_ROLES)}|password:[0-9]|virtual_time")


def check_mean(mean: str) -> None:
    """Refuse a mean of no known kind, which no bench could ever have.

    Raises:
        ConfigError: says which there are.
    """
    if not _MEAN.fullmatch(mean):
        known = ", ".join((*INSTRUMENT_ROLES, "password:N", "virtual_time"))
        raise ConfigError("unknown mean", key="needs", value=mean, hint=f"one of {known}")
