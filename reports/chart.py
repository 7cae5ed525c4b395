"""Error curves against their limits: laid out once as plain shapes, which SVG and PDF draw alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 255.0, 178.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 10.0, 32.0, 36.0
_INK, _GRID, _LIMIT, _ERROR = "#24292f", "#d0d7de", "#b42318", "#0550ae"
#: em widths, near enough to keep labels apart
_NARROW, _WIDE = 0.56, 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line in points, y upwards."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 0.8
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle, or a square for values outside their limits."""

    x: float
    y: float
    colour: str
    square: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """Text at a place."""

    x: float
    y: float
    text: str
    size: float = 7.0
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = _INK


Shape = Line | Dot | Label


@dataclass(frozen=True, slots=True)
class Point:
    """One value over the quantity ``x``, its limits (None: open) and its expanded uncertainty."""

    x: Decimal
    value: Decimal
    lower: Decimal | None = None
    upper: Decimal | None = None
    uncertainty: Decimal | None = None
    passed: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture: its title and shapes inside WIDTH x HEIGHT points, of which the upper ``height`` are used."""

    title: str
    shapes: tuple[Shape, ...]
    height: float = HEIGHT


def error_chart(
    title: str, points: Sequence[Point], *, x_label: str, y_label: str, even: bool = False
) -> Chart:
    """Lay out a curve with its limits as dashed lines.

    The x axis is logarithmic; in equal steps when ``even`` or when a value is zero or below. No points give an empty frame.
    """
    if not points:
        return Chart(title, (_title(title),))
    ordered = sorted(points, key=lambda point: point.x)
    x_of = _x_scale([point.x for point in ordered], even)
    ticks = _y_ticks(ordered)
    low, high = float(ticks[0]), float(ticks[-1])

    def y_of(value: Decimal) -> float:
        return _BOTTOM + (float(value) - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    drawn: list[Shape] = [_title(title)]
    drawn += _legend(any(point.uncertainty is not None for point in ordered))
    for tick in ticks:
        y = y_of(tick)
        heavy = tick == 0
        drawn.append(Line(((_LEFT, y), (WIDTH - _RIGHT, y)), _INK if heavy else _GRID, 0.8 if heavy else 0.5))
        drawn.append(Label(_LEFT - 4, y - 2.4, f"{tick:f}", anchor="end"))
    drawn += _x_axis([point.x for point in ordered], x_of)
    drawn.append(Label(WIDTH - _RIGHT, 5, x_label, anchor="end"))
    drawn.append(Label(_LEFT - 30, HEIGHT - 24, y_label))
    for side in ("lower", "upper"):
        limits = [
            (x_of[point.x], y_of(value)) for point in ordered if (value := getattr(point, side)) is not None
        ]
        if len(limits) == 1:
            limits = [(limits[0][0] - 12, limits[0][1]), (limits[0][0] + 12, limits[0][1])]
        if limits:
            drawn.append(Line(tuple(limits), _LIMIT, 1.0, (4, 2.5)))
    if len(ordered) > 1:
        drawn.append(Line(tuple((x_of[point.x], y_of(point.value)) for point in ordered), _ERROR, 1.1))
    for point in ordered:
        x = x_of[point.x]
        if point.uncertainty is not None:
            ends = (y_of(point.value - point.uncertainty), y_of(point.value + point.uncertainty))
            drawn.append(Line(((x, ends[0]), (x, ends[1])), _ERROR, 0.7))
        drawn.append(Dot(x, y_of(point.value), _ERROR if point.passed else _LIMIT, square=not point.passed))
    return Chart(title, tuple(drawn))


def to_svg(chart: Chart) -> str:
    """The chart as an SVG element that stands alone in a page; text stays text."""
    body = "".join(_svg_shape(shape) for shape in chart.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {chart.height:g}" role="img" '
        f'aria-label="{_attribute(chart.title)}" class="chart">{body}</svg>'
    )


def text_width(text: str, size: float) -> float:
    """Rough width of a label in points."""
    return size * sum(_WIDE if ord(char) > 0x2E7F else _NARROW for char in text)


def _title(text: str) -> Label:
    """The title, smaller when it is long and cut with an ellipsis when even that is too wide."""
    room = WIDTH - _RIGHT - (_LEFT - 30)
    size = max(6.0, min(8.5, room / max(text_width(text, 1), 1)))
    while text_width(text, size) > room:
        text = text[:-2] + "…"
    return Label(_LEFT - 30, HEIGHT - 12, text, round(size, 2))


def _x_scale(values: Sequence[Decimal], even: bool) -> dict[Decimal, float]:
    distinct = sorted(set(values))
    left, right = _LEFT + 12, WIDTH - _RIGHT - 14
    if len(distinct) == 1:
        return {distinct[0]: (left + right) / 2}
    if distinct[0] > 0 and not even:
        places = [math.log10(value) for value in distinct]
    else:
        places = [float(index) for index in range(len(distinct))]
    span = places[-1] - places[0]
    return {
        value: left + (place - places[0]) / span * (right - left)
        for value, place in zip(distinct, places, strict=True)
    }


def _x_axis(values: Sequence[Decimal], x_of: dict[Decimal, float]) -> list[Shape]:
    # labels that would touch their neighbour go down one line; a third in a row is left out, its tick stays
    drawn: list[Shape] = [Line(((_LEFT, _BOTTOM), (WIDTH - _RIGHT, _BOTTOM)), _INK)]
    ends = [-math.inf, -math.inf]
    for value in sorted(set(values)):
        x = x_of[value]
        drawn.append(Line(((x, _BOTTOM), (x, _BOTTOM - 3)), _INK, 0.6))
        text = f"{value.normalize():f}"
        half = text_width(text, 7) / 2 + 2
        for row in (0, 1):
            if x - half >= ends[row]:
                ends[row] = x + half
                drawn.append(Label(x, _BOTTOM - 11 - 8 * row, text, anchor="middle"))
                break
    return drawn


def _y_ticks(points: Sequence[Point]) -> list[Decimal]:
    reached: list[Decimal] = [Decimal(0)]
    for point in points:
        spread = point.uncertainty or Decimal(0)
        reached += [point.value - spread, point.value + spread]
        reached += [limit for limit in (point.lower, point.upper) if limit is not None]
    low, high = min(reached), max(reached)
    span = (high - low) or Decimal(1)
    step = _nice_step(span * Decimal("1.1") / 5)
    first = math.floor((low - span / 20) / step) if low < 0 else 0
    last = math.ceil((high + span / 20) / step) if high > 0 else 0
    if first == last:
        last = first + 1
    return [step * index for index in range(first, last + 1)]


def _nice_step(least: Decimal) -> Decimal:
    power = Decimal(1).scaleb(least.adjusted())
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)


def _legend(with_uncertainty: bool) -> list[Shape]:
    y = HEIGHT - 24
    error = "误差 error ± U" if with_uncertainty else "误差 error"
    limit = "限值 limit"
    x = WIDTH - _RIGHT - text_width(limit, 7)
    start = x - 24 - text_width(error, 7) - 12
    return [
        Line(((start - 20, y + 2.5), (start - 4, y + 2.5)), _ERROR, 1.1),
        Dot(start - 12, y + 2.5, _ERROR),
        Label(start, y, error),
        Line(((x - 20, y + 2.5), (x - 4, y + 2.5)), _LIMIT, 1.0, (4, 2.5)),
        Label(x, y, limit),
    ]


def _svg_shape(shape: Shape) -> str:
    match shape:
        case Line():
            points = " ".join(f"{x:.2f},{HEIGHT - y:.2f}" for x, y in shape.points)
            dash = f' stroke-dasharray="{shape.dash[0]:g} {shape.dash[1]:g}"' if shape.dash else ""
            return f'<polyline points="{points}" fill="none" stroke="{shape.colour}" stroke-width="{shape.width:g}"{dash}/>'
        case Dot(square=True):
            return f'<rect x="{shape.x - 2.6:.2f}" y="{HEIGHT - shape.y - 2.6:.2f}" width="5.2" height="5.2" fill="{shape.colour}"/>'
        case Dot():
            return f'<circle cx="{shape.x:.2f}" cy="{HEIGHT - shape.y:.2f}" r="2.2" fill="{shape.colour}"/>'
        case Label():
            return (
                f'<text x="{shape.x:.2f}" y="{HEIGHT - shape.y:.2f}" font-size="{shape.size:g}" '
                f'text-anchor="{shape.anchor}" fill="{shape.colour}">{escape(shape.text)}</text>'
            )


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})
