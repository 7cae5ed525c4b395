"""Momentary values against the injected load."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest

pytestmark = [
    pytest.mark.link("K8-C1"),
    pytest.mark.needs("source"),
    pytest.mark.clause("DL/T 645-2007", "A.3"),
]

VOLTAGE, CURRENT, POWER = 0x02010100, 0x02020100, 0x02030000
POWER_FACTOR, FREQUENCY = 0x02060000, 0x02800002
STATUS_WORD_1 = 0x04000501
SETTLING_S = 10


@pytest.fixture
def applied(dut, load, wait):
    """Put half of the maximum current on the meter at this angle; gives current in A and power in kW."""

    def apply(angle_deg=0.0):
        current = float(dut.rating.imax_a) / 2
        load(current, angle_deg)
        wait(SETTLING_S)
        return current, float(dut.rating.voltage_v) * current * math.cos(math.radians(angle_deg)) / 1000

    return apply


def percent(observed, injected) -> Decimal:
    """Relative difference in percent."""
    return round((observed - Decimal(repr(injected))) / Decimal(repr(abs(injected))) * 100, 3)


@pytest.mark.criterion("DLT645.VARIABLE_PLAUSIBLE")
@pytest.mark.title_zh("电压")
@pytest.mark.known_bad("voltage-scaled")
def test_voltage(dut, meter, check, applied):
    """The voltage read is the voltage injected."""
    applied()
    check.within(
        "voltage",
        percent(meter.read(VOLTAGE).value, float(dut.rating.voltage_v)),
        "DLT645.VARIABLE_PLAUSIBLE",
    )


@pytest.mark.criterion("DLT645.VARIABLE_PLAUSIBLE")
@pytest.mark.title_zh("电流")
@pytest.mark.known_bad("current-scaled")
def test_current(meter, check, applied):
    """The current read is the current injected."""
    current, _ = applied()
    check.within("current", percent(abs(meter.read(CURRENT).value), current), "DLT645.VARIABLE_PLAUSIBLE")


@pytest.mark.criterion("DLT645.VARIABLE_PLAUSIBLE")
@pytest.mark.title_zh("有功功率")
@pytest.mark.known_bad("power-scaled")
def test_power(meter, check, applied):
    """The active power read is the power injected."""
    _, power = applied(60.0)
    check.within("active power", percent(meter.read(POWER).value, power), "DLT645.VARIABLE_PLAUSIBLE")


@pytest.mark.criterion("DLT645.VARIABLE_PLAUSIBLE")
@pytest.mark.requires("option:reverse-energy")
@pytest.mark.title_zh("反向功率带符号")
@pytest.mark.known_bad("power-sign-lost", "power-scaled")
def test_reverse_power(meter, check, applied):
    """The active power of a reversed load is negative."""
    _, power = applied(180.0)
    check.within("active power", percent(meter.read(POWER).value, power), "DLT645.VARIABLE_PLAUSIBLE")


@pytest.mark.criterion("DLT645.POWER_FACTOR_PLAUSIBLE")
@pytest.mark.title_zh("功率因数")
@pytest.mark.known_bad("power-factor-always-one")
def test_power_factor(meter, check, applied):
    """The power factor read is the one injected."""
    applied(60.0)
    off = abs(meter.read(POWER_FACTOR).value) - Decimal("0.5")
    check.within("power factor", off, "DLT645.POWER_FACTOR_PLAUSIBLE")


@pytest.mark.criterion("DLT645.FREQUENCY_PLAUSIBLE")
@pytest.mark.title_zh("频率")
@pytest.mark.known_bad("frequency-constant")
def test_frequency(dut, meter, check, source, wait, load):
    """The frequency read is the frequency injected, also away from the rated one."""
    state = load(0.0)
    for shift in (Decimal(0), Decimal("0.5")):
        wanted = dut.rating.frequency_hz + shift
        source.apply(replace(state, frequency_hz=float(wanted)))
        wait(SETTLING_S)
        off = meter.read(FREQUENCY).value - wanted
        check.within(f"frequency at {wanted} Hz", off, "DLT645.FREQUENCY_PLAUSIBLE")


@pytest.mark.clause("DL/T 645-2007", "C.1")
@pytest.mark.requires("option:reverse-energy")
@pytest.mark.title_zh("状态字 1 的有功方向")
@pytest.mark.known_bad("direction-bit-stuck")
def test_direction_bit(meter, check, applied):
    """Bit 4 of status word 1 follows the direction of active power."""
    for angle, wanted in ((0.0, 0), (180.0, 1)):
        applied(angle)
        bit = meter.read(STATUS_WORD_1).data[0] >> 4 & 1
        check.equal(f"direction bit at {angle:.0f} degrees", bit, wanted)
