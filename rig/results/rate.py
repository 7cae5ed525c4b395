"""A rate as it goes into the record: what was counted, what it shows of the long run, and how many trials would show its limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rig.errors import ConfigError

#: fields that are numbers, or empty
_NUMBERS = ("value", "confidence", "interval_lower", "interval_upper", "shown", "limit_lower", "limit_upper")


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate over everything that was due, in percent.

    ``good`` of ``due`` are those that the rate counts: of a rate that must be high the good ones, of one that must be low
    (``limit_upper``) the bad ones. ``interval_lower`` and ``interval_upper`` are the ends of the two-sided Clopper-Pearson
    interval at ``confidence`` (0..1); ``shown`` is the one-sided bound at the same confidence, on the side of the limit: the
    long run is at least (with ``limit_upper``: at most) so much. ``needed`` is the number of trials, none of them failed,
    that would show the limit at this confidence; None where no number can (100 %, 0 %) or there is no limit.

    What is recorded is rounded to the side that is worse for the device; the verdict is on what was counted, not on that.

    The verdict: FAIL, what was counted breaks the limit; INCONCLUSIVE, it keeps it, but so few trials do not show what was asked for;
    else PASS. Only where ``due`` reaches ``needed`` does a PASS show the limit itself for the long run.
    """

    name: str
    good: int
    due: int
    value: Decimal
    confidence: Decimal
    interval_lower: Decimal
    interval_upper: Decimal
    shown: Decimal
    needed: int | None
    criterion: str | None
    clause: str
    limit_lower: Decimal | None
    limit_upper: Decimal | None
    provisional: bool
    verdict: str


def load_rate(plain: Mapping[str, Any]) -> Rate:
    """The rate of a JSON dictionary.

    Raises:
        ConfigError: a field is missing or no number.
    """
    try:
        kept = dict(plain)
        for name in _NUMBERS:
            kept[name] = None if kept[name] is None else Decimal(kept[name])
        return Rate(**kept)
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ConfigError("incomplete record of a rate", key="rates", hint=str(error)) from error
