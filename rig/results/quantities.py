"""Quantities as people read them: no more digits than mean something; the record keeps the exact value."""

from __future__ import annotations

import re
from decimal import Decimal

from rig.results.records import Measurement

#: significant digits that a table shows at most (whole numbers are never cut)
_MOST_DIGITS = 6
#: decimals that a value without an uncertainty shows beyond those of its limits
_BEYOND_LIMIT = 2
#: numbers longer than this stay as they are: they are none to compare
_LONGEST_NUMBER = 20
_LONGEST_TEXT = 48
#: octets have no place to break a line at: so many digits of them are shown
_LONGEST_HEX = 28
_HEX = re.compile(r"[0-9A-F]+")


def rounded(value: Decimal, decimals: int | None = None) -> Decimal:
    """At most so many decimals, and at most six significant digits; never with an exponent."""
    if not value.is_finite() or value.adjusted() >= _LONGEST_NUMBER:
        return value
    most = max(_MOST_DIGITS - 1 - value.adjusted(), 0)
    wanted = min(most if decimals is None else decimals, most, _decimals(value))
    return value.quantize(Decimal(1).scaleb(-wanted))


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _digits_of_uncertainty(uncertainty: Decimal) -> int:
    """Decimals at which an uncertainty shows two significant digits."""
    return max(1 - uncertainty.adjusted(), 0) if uncertainty else _MOST_DIGITS


def _is_inside(value: Decimal, item: Measurement) -> bool:
    limits = [limit for limit in (item.lower, item.upper) if isinstance(limit, Decimal)]
    if item.exclusive and value in limits:
        return False
    below = isinstance(item.lower, Decimal) and value < item.lower
    return not below and not (isinstance(item.upper, Decimal) and value > item.upper)


def shown_value(item: Measurement) -> str:
    """The value with the digits that its uncertainty or its limits deserve, inside or outside of the limits as it is."""
    value = item.value
    if value is None or isinstance(value, str):
        return value or ""
    limits = [limit for limit in (item.lower, item.upper) if isinstance(limit, Decimal)]
    if item.uncertainty is not None:
        wanted = _digits_of_uncertainty(item.uncertainty)
    elif limits:
        wanted = max(_decimals(rounded(limit)) for limit in limits) + _BEYOND_LIMIT
    else:
        wanted = _MOST_DIGITS
    for decimals in range(wanted, _decimals(value)):
        text = rounded(value, decimals)
        if _is_inside(text, item) == _is_inside(value, item):
            return format(text, "f")
    return format(rounded(value), "f")


def unit_text(unit: str) -> str:
    """A unit behind its number; one and a count have none."""
    return f" {unit}" if unit not in {"", "1", "count"} else ""


def shown_uncertainty(item: Measurement) -> str:
    """The uncertainty with two significant digits; empty where there is none, as on a virtual clock."""
    spread = item.uncertainty
    return "" if not spread else format(rounded(spread, _digits_of_uncertainty(spread)), "f")


def measured_text(item: Measurement) -> str:
    """Value with unit and uncertainty, for a narrow column."""
    if item.value is None:
        return ""
    spread = shown_uncertainty(item)
    return shortened(f"{shown_value(item)}{f' ± {spread}' if spread else ''}{unit_text(item.unit)}")


def bare_limit_text(item: Measurement) -> str:
    """The limits without unit in the shortest usual form; an expected text as it is.

    ``±1.0``, ``≤ 5``, ``< 5`` and ``|x| < 0.2`` (the limit itself is outside), ``0.02 … 0.5``, ``= 68``.
    """
    low, high = item.lower, item.upper
    if low is None and high is None:
        return ""
    if low == high:
        return f"= {_bound(low)}" if isinstance(low, Decimal) else str(low)
    if low is None:
        return f"{'<' if item.exclusive else '≤'} {_bound(high)}"
    if high is None:
        return f"{'>' if item.exclusive else '≥'} {_bound(low)}"
    if isinstance(low, Decimal) and isinstance(high, Decimal) and low == -high:
        return f"|x| < {_bound(high)}" if item.exclusive else f"±{_bound(high)}"
    if item.exclusive:
        return f"> {_bound(low)}, < {_bound(high)}"
    return f"{_bound(low)} … {_bound(high)}"


def limit_text(item: Measurement) -> str:
    """Limits with unit for a narrow column; a star marks a provisional one."""
    text = shortened(bare_limit_text(item))
    return f"{text}{unit_text(item.unit)}{' *' if item.provisional else ''}" if text else ""


def _bound(limit: Decimal | str | None) -> str:
    return format(rounded(limit), "f") if isinstance(limit, Decimal) else str(limit)


def shortened(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Text that fits a cell of a table."""
    if _HEX.fullmatch(text):
        longest = min(longest, _LONGEST_HEX)
    return text if len(text) <= longest else text[: longest - 1] + "…"
