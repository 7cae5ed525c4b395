"""Pictures of a latency: its cumulative distribution with the limit, and the legs of the way side by side."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from reports.chart import HEIGHT, WIDTH, Chart, Dot, Label, Line, Shape, text_width
from rig.results.distribution import Distribution, Leg

_INK, _GRID, _LIMIT, _CURVE, _SPREAD = "#24292f", "#d0d7de", "#b42318", "#0550ae", "#8aa9d6"
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 12.0, 34.0, 34.0
_NAMES = 92.0
#: steps that a scale of times can have, in seconds times a power of ten
_STEPS = (Decimal(1), Decimal(2), Decimal(5))
#: a limit so many times beyond the longest time is not drawn to scale
_FAR = 5


def _scale(largest: Decimal) -> tuple[Decimal, Decimal]:
    """End and step of an axis from zero: four to eight steps, the end not below ``largest``."""
    if largest <= 0:
        return Decimal(1), Decimal("0.25")
    power = Decimal(1).scaleb(largest.adjusted() - 1)
    for factor in range(3):
        for step in _STEPS:
            width = step * power.scaleb(factor)
            count = -(-largest // width)
            if count * width < largest:
                count += 1
            if count <= 6:
                return count * width, width
    return largest, largest


def _brief(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _heading(text: str) -> Label:
    size = 8.5
    while size > 5.5 and text_width(text, size) > WIDTH - 20:
        size -= 0.5
    return Label(10, HEIGHT - 12, text, size)


def cumulative_chart(item: Distribution) -> Chart:
    """Share of the trials that had their answer within a time: failures keep the curve below 100 %."""
    drawn: list[Shape] = [_heading(item.name)]
    longest = max(item.samples_s, default=Decimal(0))
    limit = item.limit_s or Decimal(0)
    # a limit far beyond the longest would squeeze the curve into a corner: it is told at the edge instead
    far = 0 < longest * _FAR < limit
    end, step = _scale(longest if far else max(longest, limit))
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def x_of(time_s: Decimal) -> float:
        return _LEFT + float(time_s / end) * width

    def y_of(share: float) -> float:
        return _BOTTOM + share * height

    for percent in (0, 25, 50, 75, 100):
        y = y_of(percent / 100)
        drawn.append(Line(((_LEFT, y), (WIDTH - _RIGHT, y)), _GRID, 0.5))
        drawn.append(Label(_LEFT - 3, y - 2.4, f"{percent} %", anchor="end"))
    tick = Decimal(0)
    while tick <= end:
        drawn.append(Line(((x_of(tick), _BOTTOM), (x_of(tick), _BOTTOM - 3)), _INK, 0.5))
        drawn.append(Label(x_of(tick), _BOTTOM - 11, _brief(tick), anchor="middle"))
        tick += step
    drawn.append(Label(WIDTH - _RIGHT, 7, "s", anchor="end"))
    ordered = sorted(item.samples_s)
    places = [(x_of(Decimal(0)), y_of(0))]
    for rank, sample in enumerate(ordered, 1):
        places += [(x_of(sample), places[-1][1]), (x_of(sample), y_of(rank / item.trials))]
    if ordered:
        places.append((WIDTH - _RIGHT, places[-1][1]))
        drawn.append(Line(tuple(places), _CURVE, 1.2))
    for value in (item.median_s, item.p95_s, item.p99_s, item.maximum_s):
        if value is not None:
            share = sum(sample <= value for sample in ordered) / item.trials
            drawn.append(Dot(x_of(value), y_of(share), _CURVE))
    if far:
        text = f"限值 limit {_brief(limit)} s →"
        drawn.append(Label(WIDTH - _RIGHT, HEIGHT - _TOP + 6, text, anchor="end", colour=_LIMIT))
    elif item.limit_s is not None:
        drawn.append(Line(((x_of(limit), _BOTTOM), (x_of(limit), HEIGHT - _TOP)), _LIMIT, 1.0, (4, 2.5)))
    return Chart(item.name, tuple(drawn))


def legs_chart(item: Distribution) -> Chart:
    """One bar a leg: median solid, up to the longest pale, on one scale of seconds."""
    drawn: list[Shape] = [_heading(f"legs: {item.name}")]
    legs: Sequence[Leg] = item.legs
    end, step = _scale(max((leg.maximum_s for leg in legs), default=Decimal(1)))
    width, height = WIDTH - _NAMES - _RIGHT, HEIGHT - _TOP - _BOTTOM
    row = height / max(1, len(legs))

    def x_of(time_s: Decimal) -> float:
        return _NAMES + float(time_s / end) * width

    tick = Decimal(0)
    while tick <= end:
        drawn.append(Line(((x_of(tick), _BOTTOM), (x_of(tick), HEIGHT - _TOP)), _GRID, 0.5))
        drawn.append(Label(x_of(tick), _BOTTOM - 11, _brief(tick), anchor="middle"))
        tick += step
    drawn.append(Label(WIDTH - _RIGHT, 7, "s", anchor="end"))
    for number, leg in enumerate(legs):
        y = HEIGHT - _TOP - (number + 0.5) * row
        thick = min(9.0, row * 0.55)
        drawn.append(Label(_NAMES - 5, y - 2.4, leg.name, min(7.0, row * 0.7), anchor="end"))
        drawn.append(Line(((x_of(Decimal(0)), y), (x_of(leg.maximum_s), y)), _SPREAD, thick))
        drawn.append(Line(((x_of(Decimal(0)), y), (x_of(leg.median_s), y)), _CURVE, thick))
    return Chart(item.name, tuple(drawn))
