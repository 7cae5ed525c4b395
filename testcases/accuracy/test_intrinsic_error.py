"""Intrinsic error over the load points of the regulation, one curve a case."""

from __future__ import annotations

import pytest

from rig.metrology.load_points import (
    EIGHT_TENTHS_CAPACITIVE,
    HALF_INDUCTIVE,
    UNITY,
    Direction,
    PowerFactor,
    active_load_points,
)
from rig.ports.instruments import ErrorCalculator
from rig.procedures.accuracy import load_curve
from rig.procedures.station import Station
from rig.testing.check import Check

pytestmark = [
    pytest.mark.link("K8-C1"),
    pytest.mark.needs("source", "error_calculator"),
    pytest.mark.clause("JJG 596-2026", "intrinsic error"),
    pytest.mark.clause("JJG 596-2026", "table 1"),
    pytest.mark.clause("JJG 596-2026", "load points"),
    pytest.mark.clause("JJG 596-2026", "warm-up"),
    pytest.mark.clause("JJG 596-2026", "reference conditions"),
    pytest.mark.clause("JJG 596-2026", "rounding"),
    pytest.mark.clause("JJG 596-2026", "table 6"),
    pytest.mark.bench_time(1500),
]

#: an unidirectional meter has no reverse curves, so these cases belong first of all to an optional clause
both_directions = pytest.mark.clause("JJG 596-2026", "both directions")
needs_reverse = pytest.mark.requires("option:reverse-energy")


def _judge(
    warm: Station, calculator: ErrorCalculator, check: Check, power_factor: PowerFactor, direction: Direction
) -> None:
    points = active_load_points(warm.rating, power_factor, direction)
    check.record(load_curve(warm, calculator, points), stop=False)
    check.finish()


@pytest.mark.title_zh("正向有功基本误差，功率因数 1")
@pytest.mark.known_bad("gain-error:+3%", "nonlinear-low-current:+3%", "nonlinear-high-current:-3%")
def test_forward_unity(warm, error_calculator, check):
    """Error of forward energy at power factor 1 from Imax down to Imin."""
    _judge(warm, error_calculator, check, UNITY, "forward")


@pytest.mark.title_zh("正向有功基本误差，功率因数 0.5L")
@pytest.mark.known_bad("gain-error:+3%", "power-factor-error:2deg", "nonlinear-high-current:-3%")
def test_forward_half_inductive(warm, error_calculator, check):
    """Error of forward energy at power factor 0.5 inductive from Imax down to Itr."""
    _judge(warm, error_calculator, check, HALF_INDUCTIVE, "forward")


@pytest.mark.title_zh("正向有功基本误差，功率因数 0.8C")
@pytest.mark.known_bad("gain-error:+3%", "power-factor-error:2deg", "nonlinear-high-current:-3%")
def test_forward_eight_tenths_capacitive(warm, error_calculator, check):
    """Error of forward energy at power factor 0.8 capacitive from Imax down to Itr."""
    _judge(warm, error_calculator, check, EIGHT_TENTHS_CAPACITIVE, "forward")


@both_directions
@needs_reverse
@pytest.mark.title_zh("反向有功基本误差，功率因数 1")
@pytest.mark.known_bad(
    "gain-error:+3%", "reverse-gain:+3%", "nonlinear-low-current:+3%", "nonlinear-high-current:-3%"
)
def test_reverse_unity(warm, error_calculator, check):
    """Error of reverse energy at power factor 1 from Imax down to Imin."""
    _judge(warm, error_calculator, check, UNITY, "reverse")


@both_directions
@needs_reverse
@pytest.mark.title_zh("反向有功基本误差，功率因数 0.5L")
@pytest.mark.known_bad(
    "gain-error:+3%", "reverse-gain:+3%", "power-factor-error:2deg", "nonlinear-high-current:-3%"
)
def test_reverse_half_inductive(warm, error_calculator, check):
    """Error of reverse energy at power factor 0.5 inductive from Imax down to Itr."""
    _judge(warm, error_calculator, check, HALF_INDUCTIVE, "reverse")


@both_directions
@needs_reverse
@pytest.mark.title_zh("反向有功基本误差，功率因数 0.8C")
@pytest.mark.known_bad(
    "gain-error:+3%", "reverse-gain:+3%", "power-factor-error:2deg", "nonlinear-high-current:-3%"
)
def test_reverse_eight_tenths_capacitive(warm, error_calculator, check):
    """Error of reverse energy at power factor 0.8 capacitive from Imax down to Itr."""
    _judge(warm, error_calculator, check, EIGHT_TENTHS_CAPACITIVE, "reverse")
