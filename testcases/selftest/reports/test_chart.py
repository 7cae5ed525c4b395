"""Charts: everything inside the frame, labels apart, limits and failures visible."""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from reports.chart import HEIGHT, WIDTH, Dot, Label, Line, Point, error_chart, text_width, to_svg

D = Decimal


def make_points(*rows, limit="1.0", **changes):
    return [Point(D(x), D(value), -D(limit), D(limit), **changes) for x, value in rows]


USUAL = make_points(
    ("60", "0.13"), ("30", "0.11"), ("5", "0.08"), ("0.5", "-0.17"), ("0.25", "-0.42"), uncertainty=D("0.08")
)
CASES = {
    "usual": USUAL,
    "one point": make_points(("5", "0.1")),
    "far outside": make_points(("5", "120.5"), ("60", "-3000")),
    "tiny": make_points(("5", "0.0001"), ("60", "-0.0002"), limit="0.001"),
    "all zero": [Point(D(1), D(0)), Point(D(2), D(0))],
    "zero load": make_points(("0", "0.1"), ("5", "0.2")),
    "crowded": make_points(*((str(D(n) / 100), "0.5") for n in range(100, 130))),
    "same load twice": make_points(("5", "0.1"), ("5", "0.3")),
    "none": [],
}


def extent(label):
    width = text_width(label.text, label.size)
    left = {"start": label.x, "middle": label.x - width / 2, "end": label.x - width}[label.anchor]
    return left, left + width


@pytest.mark.parametrize("points", CASES.values(), ids=CASES.keys())
def test_nothing_leaves_the_frame(points):
    chart = error_chart("反向 reverse PF 0.5L " * 6, points, x_label="电流 current (A)", y_label="(%)")
    for shape in chart.shapes:
        if isinstance(shape, Label):
            left, right = extent(shape)
            assert left >= -0.01
            assert right <= WIDTH + 0.01
            assert 0 <= shape.y <= HEIGHT - shape.size * 0.8
        else:
            corners = shape.points if isinstance(shape, Line) else [(shape.x, shape.y)]
            assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in corners)


@pytest.mark.parametrize("points", CASES.values(), ids=CASES.keys())
def test_labels_do_not_cover_each_other(points):
    labels = [
        shape
        for shape in error_chart("PF 1", points, x_label="A", y_label="(%)").shapes
        if isinstance(shape, Label)
    ]
    for index, one in enumerate(labels):
        for other in labels[index + 1 :]:
            apart = extent(one)[1] <= extent(other)[0] or extent(other)[1] <= extent(one)[0]
            assert apart or abs(one.y - other.y) >= 6, (one, other)


def test_every_point_is_drawn_and_failures_are_squares():
    points = [*USUAL, Point(D(20), D(2), D(-1), D(1), passed=False)]
    dots = [
        shape for shape in error_chart("t", points, x_label="A", y_label="%").shapes if isinstance(shape, Dot)
    ]
    assert len(dots) == len(points) + 1  # one in the legend
    assert sum(dot.square for dot in dots) == 1


def test_higher_values_are_drawn_higher_and_larger_loads_to_the_right():
    dots = [
        shape for shape in error_chart("t", USUAL, x_label="A", y_label="%").shapes if isinstance(shape, Dot)
    ][1:]
    assert [dot.x for dot in dots] == sorted(dot.x for dot in dots)
    assert dots[0].y < dots[1].y < dots[2].y < dots[4].y


def test_limits_are_dashed_on_both_sides():
    lines = [
        shape for shape in error_chart("t", USUAL, x_label="A", y_label="%").shapes if isinstance(shape, Line)
    ]
    dashed = [line for line in lines if line.dash]
    assert len(dashed) == 3  # legend, lower, upper
    assert dashed[1].points[0][1] < dashed[2].points[0][1]


def test_svg_is_well_formed_and_escaped():
    svg = to_svg(error_chart('<b>&"x"', USUAL, x_label="A<B", y_label="%"))
    root = ET.fromstring(svg)
    assert root.get("aria-label") == '<b>&"x"'
    assert "A<B" in {element.text for element in root.iter() if element.text}
