"""Registers: tariffs against the total, and the maximum demand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from rig.criteria.jjg596_2026 import REGISTER_SUM_PERIOD_MIN, REGISTER_SUM_SWITCHES
from rig.metrology.load_points import UNITY, LoadPoint
from rig.procedures.register_sum import maximum_demand, register_sum

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.needs("source", "password:4")]

DEMAND, DEMAND_PERIOD = 0x01010000, 0x04000103


@pytest.mark.requires("option:tariffs")
@pytest.mark.clause("JJG 596-2026", "register sum")
@pytest.mark.bench_time(5700)
@pytest.mark.title_zh("电能示值组合误差")
@pytest.mark.known_bad("tariff-stuck", "tariff-loses-energy", "energy-scaled")
def test_register_sum(dut, station, register, schedule, check):
    """After a run through all tariffs the total is the sum of the tariffs but for the last digit."""
    shortest = REGISTER_SUM_PERIOD_MIN[0]
    tariffs = dut.rating.tariffs
    periods = max(REGISTER_SUM_SWITCHES + 1, tariffs)
    order = [number % tariffs + 1 for number in range(periods)]
    begin = dut.meter.read_clock().replace(second=0) + timedelta(minutes=2)
    schedule.rotate(begin, order, int(shortest))
    station.wait((begin - dut.meter.read_clock()).total_seconds() + 1)
    check.record(
        register_sum(station, register, periods_min=[shortest] * periods, tariffs=tariffs), stop=False
    )
    check.finish()


@pytest.mark.requires("option:demand", "option:demand-reset")
@pytest.mark.clause("JJG 596-2026", "demand")
@pytest.mark.bench_time(2300)
@pytest.mark.title_zh("需量示值误差")
@pytest.mark.known_bad("demand-doubled", "gain-error:+3%")
@pytest.mark.parametrize(
    "current",
    [
        pytest.param("10 Itr", id="10_itr"),
        pytest.param("Imax", id="imax", marks=pytest.mark.known_bad("nonlinear-high-current:-3%")),
    ],
)
def test_maximum_demand(dut, station, check, current):
    """After more than a demand period of constant load the maximum demand is its power."""
    amps = dut.rating.imax_a if current == "Imax" else dut.rating.itr_a * Decimal(10)
    period = dut.meter.read(DEMAND_PERIOD).value
    dut.meter.reset_demand()
    point = LoadPoint(current, amps, UNITY)
    # a switch of tariff starts the period afresh, so one whole period must fit on either side of it
    run_min = 2 * period + Decimal(2)
    check.record(maximum_demand(station, lambda: dut.meter.read(DEMAND).value, point, run_min=run_min))
