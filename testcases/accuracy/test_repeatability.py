"""Repeatability: nearly consecutive readings at one load point."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rig.metrology.load_points import HALF_INDUCTIVE, UNITY, LoadPoint
from rig.procedures.accuracy import repeatability

pytestmark = [
    pytest.mark.link("K8-C1"),
    pytest.mark.needs("source", "error_calculator"),
    pytest.mark.clause("Q/GDW 10364-2020", "4.5.10"),
    pytest.mark.bench_time(1000),
    pytest.mark.known_bad("unstable-error:0.15%"),
]


@pytest.mark.title_zh("重复性，功率因数 1")
def test_unity(warm, error_calculator, check):
    """Spread of readings at power factor 1, at Imax and 10 Itr."""
    rating = warm.rating
    for point in (
        LoadPoint("Imax", rating.imax_a, UNITY),
        LoadPoint("10 Itr", rating.itr_a * Decimal(10), UNITY),
    ):
        check.record(repeatability(warm, error_calculator, point), stop=False)
    check.finish()


@pytest.mark.title_zh("重复性，功率因数 0.5L")
def test_half_inductive(warm, error_calculator, check):
    """Spread of readings at power factor 0.5 inductive, at Imax and 10 Itr."""
    rating = warm.rating
    for name, amps in (("Imax", rating.imax_a), ("10 Itr", rating.itr_a * Decimal(10))):
        check.record(repeatability(warm, error_calculator, LoadPoint(name, amps, HALF_INDUCTIVE)), stop=False)
    check.finish()
