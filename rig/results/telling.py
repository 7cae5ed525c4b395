"""The measurement that tells most of a case: what a console, a page and a certificate show of it in one line."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from rig.results.records import CaseResult, Measurement, Verdict


def telling(case: CaseResult) -> Measurement | None:
    """The measurement that decides a case; None when it has none.

    Where something did not pass, the first with the verdict of the case; else of those that tell most the one closest to
    its limits.
    """
    bad = [item for item in case.measurements if item.verdict is not Verdict.PASS]
    if bad:
        return next((item for item in bad if item.verdict is case.verdict), bad[0])
    judged = [(margin, item) for item in case.measurements if (margin := _margin(item)) is not None]
    for prefers in _PREFERENCES:
        found = [pair for pair in judged if prefers(case, pair[1])]
        if found:
            return min(found, key=lambda pair: pair[0])[1]
    own = [item for item in case.measurements if is_own(case, item)]
    limited = [item for item in own if item.lower is not None or item.upper is not None]
    return next(reversed(limited or own or case.measurements), None)


def is_own(case: CaseResult, item: Measurement) -> bool:
    """Whether a measurement belongs to the first clause of its case."""
    return item.clause in {None, f"{case.standard} {case.clause.split(', ')[0]}"}


def other_origin(case: CaseResult, item: Measurement | None) -> str:
    """Document and clause of a limit that is not of the standard of its case; empty where it is, or without a limit."""
    if item is None or item.clause is None or (item.lower is None and item.upper is None):
        return ""
    return "" if item.clause.startswith(f"{case.standard} ") else item.clause


def _is_counted(case: CaseResult, item: Measurement) -> bool:
    """Whether a measurement is what a rate counted; what so many trials show of the long run is not what was measured."""
    return any(item.name == f"{rate.name}: {rate.good} of {rate.due}" for rate in case.rates)


#: what tells most of a case comes first: a point of its curve, then what has an uncertainty, then a rate as it was counted,
#: then its own clause
_PREFERENCES: tuple[Callable[[CaseResult, Measurement], bool], ...] = (
    lambda _case, item: item.curve is not None,
    lambda _case, item: item.uncertainty is not None,
    _is_counted,
    lambda case, item: item.criterion is not None and is_own(case, item),
    is_own,
    lambda _case, _item: True,
)


def _margin(item: Measurement) -> Decimal | None:
    """Distance to the nearer limit in parts of the tolerance; None when the limits are no numbers."""
    if not isinstance(item.value, Decimal) or not item.value.is_finite() or item.lower == item.upper:
        return None
    limits = [limit for limit in (item.lower, item.upper) if isinstance(limit, Decimal)]
    if not limits:
        return None
    distance = min(abs(item.value - limit) for limit in limits)
    scale = max(abs(limit) for limit in limits) or Decimal(1)
    return distance / scale
