"""Maximum demand: size, time, and that a short peak is averaged over the period."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from rig.protocols.dlt645.times import decode_datetime

pytestmark = [
    pytest.mark.link("K8-C1"),
    pytest.mark.needs("source", "password:4"),
    pytest.mark.requires("option:demand", "option:demand-reset"),
    pytest.mark.clause("DL/T 645-2007", "A.2"),
]

DEMAND = 0x01010000
PERIOD = 0x04000103


@pytest.fixture
def power_kw(dut):
    """Power of half the maximum current at rated voltage, in kW."""
    return float(dut.rating.voltage_v) * float(dut.rating.imax_a) / 2 / 1000


@pytest.fixture
def run(dut, meter, quiet_day, load, wait):
    """From a reset demand on run some minutes under load, then some without; gives the beginning of the load."""

    def steps(loaded_min, idle_min):
        load(0.0)
        begin = quiet_day()
        meter.reset_demand()
        # meters that measure block by block go by the clock: begin just after a full period
        period_s = period_min(meter) * 60
        past_s = (begin - begin.replace(hour=0, minute=0, second=0)).total_seconds() % period_s
        wait(period_s - past_s + 30)
        loaded_from = meter.read_clock()
        load(float(dut.rating.imax_a) / 2)
        wait(loaded_min * 60)
        load(0.0)
        wait(idle_min * 60)
        return loaded_from

    return steps


def period_min(meter) -> int:
    """Demand period in minutes."""
    return int(meter.read(PERIOD).value)


def percent(observed, injected) -> Decimal:
    """Relative difference in percent."""
    return round((observed - Decimal(repr(injected))) / Decimal(repr(injected)) * 100, 3)


@pytest.mark.criterion("DLT645.DEMAND_PLAUSIBLE")
@pytest.mark.bench_time(2800)
@pytest.mark.title_zh("最大需量与注入功率一致")
@pytest.mark.known_bad("demand-doubled")
def test_maximum_demand(meter, check, run, power_kw):
    """After two periods of constant load, one of them whole by the clock, the maximum demand is its power."""
    run(2 * period_min(meter) + 1, 1)
    observed = meter.read(DEMAND).value
    check.within("maximum demand", percent(observed, power_kw), "DLT645.DEMAND_PLAUSIBLE")


@pytest.mark.bench_time(2800)
@pytest.mark.title_zh("最大需量发生时间")
@pytest.mark.known_bad("demand-time-missing")
def test_time_of_maximum_demand(meter, check, run):
    """The time of the maximum demand lies within the load."""
    minutes = 2 * period_min(meter) + 1
    begin = run(minutes, 1)
    octets = meter.read(DEMAND).data[3:8]
    check.true("time of the maximum demand", any(octets), observed=octets, expected="not zero")
    at = decode_datetime(octets, "YYMMDDhhmm")
    inside = begin <= at <= begin + timedelta(minutes=minutes + 2)
    check.true("time of the maximum demand", inside, observed=at, expected=f"{begin} and {minutes} min")


@pytest.mark.bench_time(3100)
@pytest.mark.title_zh("短时尖峰按需量周期平均")
@pytest.mark.known_bad("demand-momentary", "demand-doubled")
def test_short_peak_is_averaged(meter, check, run, power_kw):
    """A load of a third of the period gives a third of its power as demand, not all of it."""
    period = period_min(meter)
    run(period / 3, 2 * period)
    observed = meter.read(DEMAND).value
    check.between("maximum demand", observed, power_kw * 0.25, power_kw * 0.4, unit="kW")


@pytest.mark.bench_time(2800)
@pytest.mark.title_zh("总需量不小于各费率需量")
@pytest.mark.known_bad("demand-tariff-missing")
def test_demand_of_the_tariff(dut, meter, check, run, power_kw):
    """The maximum demand is kept for the tariff in force too."""
    run(2 * period_min(meter) + 1, 1)
    tariffs = [meter.read(DEMAND | tariff << 8).value for tariff in range(1, dut.rating.tariffs + 1)]
    total = meter.read(DEMAND).value
    check.equal("largest demand of a tariff", max(tariffs), total, unit="kW")
