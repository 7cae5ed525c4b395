"""Picture of rates: each with its confidence interval as a bar, what was counted as a dot, and its limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from reports.chart import HEIGHT, WIDTH, Chart, Dot, Label, Line, Shape, text_width
from rig.results.rate import Rate

#: rates in one picture at most: more would touch each other
MOST = 5
_GRID, _LIMIT, _VALUE, _SPREAD = "#d0d7de", "#b42318", "#0550ae", "#8aa9d6"
_LEFT, _RIGHT, _TOP, _BELOW = 12.0, 16.0, 8.0, 18.0
_ROW, _BAR = 27.0, 5.0
#: ends of an axis in percent, as distance from 100 % (or, of a rate that must be low, from 0 %)
_SPANS = tuple(Decimal(span) for span in ("0.1", "0.5", "1", "2", "5", "10", "20", "50", "100"))
_WHOLE = Decimal(100)


def rate_charts(rates: Sequence[Rate]) -> list[Chart]:
    """Pictures of all rates: those that must be high and those that must be low apart, each kind on one scale."""
    high = [rate for rate in rates if rate.limit_upper is None]
    low = [rate for rate in rates if rate.limit_upper is not None]
    return [_chart(part, _axis(kind)) for kind in (high, low) for part in _parts(kind)]


def _parts(rates: Sequence[Rate]) -> list[Sequence[Rate]]:
    """The rates of each picture, as even as can be."""
    pictures = -(-len(rates) // MOST)
    return [
        rates[number * len(rates) // pictures : (number + 1) * len(rates) // pictures]
        for number in range(pictures)
    ]


def _axis(rates: Sequence[Rate]) -> tuple[Decimal, Decimal]:
    """Ends of the scale in percent: from 100 % down, or from 0 % up, as far as interval and limit need it."""
    if all(rate.limit_upper is not None for rate in rates):
        ends = [
            value for rate in rates for value in (rate.interval_upper, rate.limit_upper) if value is not None
        ]
        return Decimal(0), next((span for span in _SPANS if span >= max(ends)), _WHOLE)
    ends = [value for rate in rates for value in (rate.interval_lower, rate.limit_lower) if value is not None]
    return _WHOLE - next((span for span in _SPANS if span >= _WHOLE - min(ends)), _WHOLE), _WHOLE


def _chart(rates: Sequence[Rate], axis: tuple[Decimal, Decimal]) -> Chart:
    """One picture: rates from top to bottom, their names above their bars."""
    low, high = axis
    width = WIDTH - _LEFT - _RIGHT

    def x_of(value: Decimal) -> float:
        return _LEFT + float((value - low) / (high - low)) * width

    bottom = HEIGHT - _TOP - _ROW * len(rates)
    drawn: list[Shape] = []
    for step in range(6):
        tick = low + (high - low) * step / 5
        drawn.append(Line(((x_of(tick), bottom), (x_of(tick), HEIGHT - _TOP)), _GRID, 0.5))
        drawn.append(Label(x_of(tick), bottom - 11, f"{tick.normalize():f} %", anchor="middle"))
    for number, rate in enumerate(rates):
        drawn += _row(rate, HEIGHT - _TOP - (number + 0.65) * _ROW, x_of)
    return Chart("; ".join(rate.name for rate in rates), tuple(drawn), HEIGHT - bottom + _BELOW)


def _row(rate: Rate, y: float, x_of: Callable[[Decimal], float]) -> list[Shape]:
    """One rate at height ``y``: interval, limit, what was counted."""
    size = 7.0
    text = f"{rate.name}: {rate.good} / {rate.due}"
    while size > 5 and text_width(text, size) > WIDTH - _LEFT - _RIGHT:
        size -= 0.25
    drawn: list[Shape] = [
        Label(_LEFT, y + 6.5, text, size),
        Line(((x_of(rate.interval_lower), y), (x_of(rate.interval_upper), y)), _SPREAD, _BAR),
    ]
    limits = [limit for limit in (rate.limit_lower, rate.limit_upper) if limit is not None]
    drawn += [Line(((x_of(limit), y - 5), (x_of(limit), y + 5)), _LIMIT, 1.4) for limit in limits]
    passed = rate.verdict == "PASS"
    drawn.append(Dot(x_of(rate.value), y, _VALUE if passed else _LIMIT, square=not passed))
    return drawn
