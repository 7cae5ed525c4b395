"""No-load times and starting intervals: the worked examples of the references."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rig.metrology.thresholds import (
    no_load_time_2012_min,
    no_load_time_min,
    starting_interval,
    starting_time_limit_2012_min,
)


@pytest.mark.parametrize(
    ("mpe", "constant", "factor", "voltage", "imin", "minutes"),
    [
        ("2.5", 1000, 1, "220", "0.25", "39.7"),
        ("2.5", 2000, 1, "220", "0.25", "19.8"),
        ("1.5", 500, 3, "220", "0.2", "55.1"),
        ("1.0", 10000, 3, "57.7", "0.015", "210"),
        ("0.4", 20000, 3, "57.7", "0.003", "1313"),
    ],
)
def test_no_load_time_of_the_2026_edition(mpe, constant, factor, voltage, imin, minutes):
    found = no_load_time_min(
        mpe_percent=Decimal(mpe),
        meter_constant=Decimal(constant),
        elements_factor=factor,
        voltage_v=Decimal(voltage),
        imin_a=Decimal(imin),
    )
    assert found.quantize(Decimal(minutes)) == Decimal(minutes)


@pytest.mark.parametrize(("coefficient", "minutes"), [("480", "36.4"), ("600", "45.5")])
def test_no_load_time_of_the_2012_edition(coefficient, minutes):
    found = no_load_time_2012_min(
        coefficient=Decimal(coefficient),
        meter_constant=Decimal(1000),
        elements_factor=Decimal(1),
        voltage_v=Decimal(220),
        imax_a=Decimal(60),
    )
    assert found.quantize(Decimal("0.1")) == Decimal(minutes)


def test_starting_interval_of_the_2026_edition():
    # A, 220 V, Ist 25 mA, 1000 imp/kWh, est 25 %: 654.5 s, so 491..818 s
    found = starting_interval(meter_constant=Decimal(1000), power_w=Decimal("5.5"), mpe_percent=Decimal(25))
    whole = Decimal(1)
    assert found.nominal_s.quantize(Decimal("0.1")) == Decimal("654.5")
    assert found.shortest_s.quantize(whole) == 491
    assert found.longest_s.quantize(whole) == 818


def test_starting_time_of_the_2012_edition():
    # 1.2 * 682 s at 20 mA, 1200 imp/kWh: 13.6 min
    found = starting_time_limit_2012_min(
        meter_constant=Decimal(1200),
        elements_factor=Decimal(1),
        voltage_v=Decimal(220),
        ist_a=Decimal("0.02"),
    )
    assert found.quantize(Decimal("0.1")) == Decimal("13.6")


@pytest.mark.parametrize("mpe", ["0", "100", "-3", "150"])
def test_an_impossible_limit_at_the_starting_current_is_refused(mpe):
    with pytest.raises(ValueError, match="between 0 and 100"):
        starting_interval(meter_constant=Decimal(1000), power_w=Decimal(5), mpe_percent=Decimal(mpe))


def test_no_load_without_voltage_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        no_load_time_min(
            mpe_percent=Decimal(1),
            meter_constant=Decimal(1000),
            elements_factor=1,
            voltage_v=Decimal(0),
            imin_a=Decimal(1),
        )
