"""Quantities as people read them: no more digits than mean something; the record keeps the exact value."""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal

from rig.results.records import Measurement

#: significant digits that a table shows at most, of a number with more decimals than ``_ALWAYS_DECIMALS``
_MOST_DIGITS = 6
#: decimals of registers and money are never cut
_ALWAYS_DECIMALS = 2
#: decimals that a value without an uncertainty shows beyond those of its limits
_BEYOND_LIMIT = 2
#: limits are shown with so many decimals at least, where they have them
_DECIMALS_OF_LIMITS = 6
#: numbers longer than this stay as they are: they are none to compare
_LONGEST_NUMBER = 20
_LONGEST_TEXT = 48
#: octets have no place to break a line at: so many digits of them are shown
_LONGEST_HEX = 28
_HEX = re.compile(r"[0-9A-F]+")
_UNIT_LESS = frozenset({"", "1", "count"})


def rounded(value: Decimal, decimals: int | None = None) -> Decimal:
    """At most so many decimals, and six significant digits or two decimals, whichever is more; never with an exponent."""
    if not _is_brief(value):
        return value
    most = _most_decimals(value)
    return _to_decimals(value, min(most if decimals is None else decimals, most, _decimals(value)))


def _is_brief(value: Decimal) -> bool:
    return value.is_finite() and (not value or abs(value.adjusted()) < _LONGEST_NUMBER)


def _most_decimals(value: Decimal) -> int:
    return max(_MOST_DIGITS - 1 - value.adjusted(), _ALWAYS_DECIMALS) if value else _MOST_DIGITS


def _to_decimals(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals))


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _digits_of_uncertainty(uncertainty: Decimal) -> int:
    """Decimals at which an uncertainty shows two significant digits."""
    return max(1 - uncertainty.adjusted(), 0) if uncertainty else _MOST_DIGITS


Limits = tuple[Decimal | None, Decimal | None]


def _is_inside(value: Decimal, limits: Limits, *, exclusive: bool) -> bool:
    lower, upper = limits
    if exclusive and value in limits:
        return False
    return not (lower is not None and value < lower) and not (upper is not None and value > upper)


def _limits(item: Measurement) -> Limits:
    lower, upper = (limit if isinstance(limit, Decimal) else None for limit in (item.lower, item.upper))
    return lower, upper


def _brief_limit(limit: Decimal | None) -> Decimal | None:
    if limit is None or not _is_brief(limit):
        return limit
    return _to_decimals(
        limit, min(_decimals(limit), max(_DECIMALS_OF_LIMITS, _MOST_DIGITS - 1 - limit.adjusted()))
    )


def _limits_as_shown(item: Measurement) -> Limits:
    """Limits with the digits of a table; as they are where the value lies between them and what the table would show."""
    exact = _limits(item)
    brief = (_brief_limit(exact[0]), _brief_limit(exact[1]))
    if not isinstance(item.value, Decimal) or not item.value.is_finite():
        return brief
    sides = {_is_inside(item.value, limits, exclusive=item.exclusive) for limits in (exact, brief)}
    return brief if len(sides) == 1 else exact


def is_inside(item: Measurement) -> bool:
    """Whether the value, a number, is within the limits that are numbers."""
    assert isinstance(item.value, Decimal)
    return _is_inside(item.value, _limits(item), exclusive=item.exclusive)


def shown_value(item: Measurement) -> str:
    """The value with the digits that its uncertainty or its limits deserve, and as many as tell on which side of them it is."""
    value = item.value
    if value is None or isinstance(value, str):
        return value or ""
    if not _is_brief(value):
        return str(value)
    limits = _limits_as_shown(item)
    inside = _is_inside(value, limits, exclusive=item.exclusive)
    for decimals in range(_digits_deserved(item, value), _decimals(value)):
        text = _to_decimals(value, decimals)
        if _is_inside(text, limits, exclusive=item.exclusive) == inside:
            return format(text, "f")
    return format(value or rounded(value), "f")


def _digits_deserved(item: Measurement, value: Decimal) -> int:
    """Decimals to begin with."""
    most = _most_decimals(value)
    if item.uncertainty is not None:
        return min(_digits_of_uncertainty(item.uncertainty), most)
    limits = [limit for limit in _limits_as_shown(item) if limit is not None]
    if limits and item.lower == item.upper:
        return _decimals(value)
    return min(max(map(_decimals, limits)) + _BEYOND_LIMIT, most) if limits else most


def unit_text(unit: str) -> str:
    """A unit behind its number; one and a count have none."""
    return "" if unit in _UNIT_LESS else f" {unit}"


def shown_uncertainty(item: Measurement) -> str:
    """The uncertainty with two significant digits, never less than it is; empty where there is none, as on a virtual clock."""
    spread = item.uncertainty
    if not spread or not _is_brief(spread):
        return ""
    wanted = min(_digits_of_uncertainty(spread), _decimals(spread))
    return format(spread.quantize(Decimal(1).scaleb(-wanted), ROUND_UP), "f")


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
        return f"= {low:f}" if isinstance(low, Decimal) else str(low)
    if isinstance(low, str) or isinstance(high, str):
        return " … ".join(str(limit) for limit in (low, high) if limit is not None)
    return _range_text(*_limits_as_shown(item), exclusive=item.exclusive)


def _range_text(low: Decimal | None, high: Decimal | None, *, exclusive: bool) -> str:
    if low is None:
        return f"{'<' if exclusive else '≤'} {high:f}"
    if high is None:
        return f"{'>' if exclusive else '≥'} {low:f}"
    if low == -high:
        return f"|x| < {high:f}" if exclusive else f"±{high:f}"
    return f"> {low:f}, < {high:f}" if exclusive else f"{low:f} … {high:f}"


def limit_text(item: Measurement) -> str:
    """Limits with unit for a narrow column; a star marks a provisional one."""
    text = shortened(bare_limit_text(item))
    return f"{text}{unit_text(item.unit)}{' *' if item.provisional else ''}" if text else ""


def shortened(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Text that fits a cell of a table."""
    if _HEX.fullmatch(text):
        longest = min(longest, _LONGEST_HEX)
    return text if len(text) <= longest else text[: longest - 1] + "…"
