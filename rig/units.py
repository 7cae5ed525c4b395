"""Decimal helpers for quantities; energy and money are never float."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal


def to_decimal(value: float | str | Decimal) -> Decimal:
    """Exact decimal of a number as it is printed: 0.1 gives Decimal('0.1'), not its binary expansion."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def round_to_interval(value: Decimal, interval: Decimal) -> Decimal:
    """Round to the nearest multiple of ``interval``, ties to the even multiple.

    Spec: JJG 596-2026, rounding interval of the error (half-to-even on the multiple).
    """
    if interval <= 0:
        raise ValueError(f"interval must be positive, got {interval}")
    multiple = (value / interval).to_integral_value(rounding=ROUND_HALF_EVEN)
    return (multiple * interval).quantize(interval)


def truncate(value: Decimal, decimals: int) -> Decimal:
    """Cut to ``decimals`` places toward zero, as a register shows it (0..18)."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)
