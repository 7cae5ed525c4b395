"""Constant, dial, register sum, clock and demand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rig.metrology.registers import (
    constant_error_percent,
    daily_clock_error_s,
    demand_limit_percent,
    dial_error_percent,
    least_dial_steps,
    least_register_energy_kwh,
    register_sum_limit_steps,
    register_sum_steps,
)


def test_constant_error():
    assert constant_error_percent(Decimal(1201), Decimal(1200), Decimal(1)).quantize(
        Decimal("0.0001")
    ) == Decimal("0.0833")
    assert constant_error_percent(Decimal(1200), Decimal(1200), Decimal(1)) == 0


def test_least_energy():
    # 0.01 kWh resolution: 5 kWh for class A (2 %), 10 kWh for class B (1 %)
    assert least_register_energy_kwh(Decimal("0.01"), Decimal("2.0")) == 5
    assert least_register_energy_kwh(Decimal("0.01"), Decimal("1.0")) == 10


def test_least_energy_keeps_the_resolution_inside_a_tenth_of_the_limit():
    for mpe in ("2.0", "1.0", "0.5"):
        energy = least_register_energy_kwh(Decimal("0.01"), Decimal(mpe))
        assert Decimal("0.01") / energy * 100 == Decimal(mpe) / 10


def test_dial():
    assert dial_error_percent(Decimal("10.1"), Decimal(10), Decimal("0.05")) == Decimal("1.05")
    assert least_dial_steps(Decimal("0.5")) == 15
    assert least_dial_steps(Decimal("1.0")) == 10


def test_register_sum():
    assert (
        register_sum_steps(
            Decimal("10.03"), [Decimal("2.51"), Decimal("2.50"), Decimal("2.49"), Decimal("2.50")], 2
        )
        == 3
    )
    assert register_sum_limit_steps(4) == 3
    assert register_sum_limit_steps(1) == 0
    with pytest.raises(ValueError, match="at least one tariff"):
        register_sum_limit_steps(0)


def test_truncation_alone_never_passes_the_limit():
    # n registers that each hide almost a step give at most n - 1 steps
    hidden = [Decimal("1.0099")] * 4
    total = sum(hidden).quantize(Decimal("0.01"), rounding="ROUND_DOWN")
    assert register_sum_steps(total, [Decimal("1.00")] * 4, 2) <= register_sum_limit_steps(4)


def test_daily_clock_error():
    assert daily_clock_error_s(Decimal(1) + Decimal("0.5") / 86400).quantize(Decimal("0.0001")) == Decimal(
        "0.5000"
    )
    assert daily_clock_error_s(Decimal("0.99999")) == Decimal("-0.86400")
    assert daily_clock_error_s(Decimal(512), Decimal(512)) == 0
    with pytest.raises(ValueError, match="nominal"):
        daily_clock_error_s(Decimal(1), Decimal(0))


def test_demand_limit():
    assert demand_limit_percent(Decimal(1), Decimal("0.05"), Decimal(1100), Decimal(13200)).quantize(
        Decimal("0.0001")
    ) == Decimal("1.0042")
    with pytest.raises(ValueError, match="positive"):
        demand_limit_percent(Decimal(1), Decimal("0.05"), Decimal(1100), Decimal(0))
