"""Energy registers against the injected load: size, direction, combination, retention. Accuracy is judged elsewhere."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.needs("source")]

STANDARD = "DL/T 645-2007"
COMBINED, FORWARD, REVERSE = 0x00000000, 0x00010000, 0x00020000
COMBINATION_WORD = 0x04000601
RUN_S = 600
#: one step of a register in kWh
STEP = Decimal("0.01")


@pytest.fixture
def gain(dut, meter, load, wait):
    """Run under load; gives the gains of registers and the injected energy in kWh."""

    def run(angle_deg, *registers):
        load(0.0, angle_deg)
        before = [meter.read(di).value for di in registers]
        current = float(dut.rating.imax_a) / 2
        begun = dut.clock.now_s()
        load(current, angle_deg)
        wait(RUN_S)
        load(0.0, angle_deg)
        hours = (dut.clock.now_s() - begun) / 3600
        power_kw = float(dut.rating.voltage_v) * current * dut.rating.phases / 1000
        injected = Decimal(repr(power_kw * abs(math.cos(math.radians(angle_deg))) * hours))
        return [meter.read(di).value - start for di, start in zip(registers, before, strict=True)], injected

    return run


def percent(gained, injected):
    """Relative error of a gain in percent."""
    return round((gained - injected) / injected * 100, 3)


@pytest.mark.clause(STANDARD, "A.1")
@pytest.mark.criterion("DLT645.ENERGY_PLAUSIBLE")
@pytest.mark.bench_time(RUN_S + 20)
@pytest.mark.title_zh("正向有功电能与注入电能一致")
@pytest.mark.known_bad("energy-scaled", "forward-counted-in-reverse")
def test_forward_energy(check, gain):
    """The forward register gains the injected energy, the reverse register nothing."""
    (forward, reverse), injected = gain(0.0, FORWARD, REVERSE)
    check.within("forward energy", percent(forward, injected), "DLT645.ENERGY_PLAUSIBLE")
    check.between("gain of reverse energy", reverse, 0, STEP, unit="kWh")


@pytest.mark.clause(STANDARD, "A.1")
@pytest.mark.requires("option:reverse-energy")
@pytest.mark.criterion("DLT645.ENERGY_PLAUSIBLE")
@pytest.mark.bench_time(RUN_S + 20)
@pytest.mark.title_zh("反向有功电能与注入电能一致")
@pytest.mark.known_bad("energy-scaled", "reverse-counted-in-forward")
def test_reverse_energy(check, gain):
    """With reversed load the reverse register gains the injected energy, the forward register nothing."""
    (forward, reverse), injected = gain(180.0, FORWARD, REVERSE)
    check.within("reverse energy", percent(reverse, injected), "DLT645.ENERGY_PLAUSIBLE")
    check.between("gain of forward energy", forward, 0, STEP, unit="kWh")


@pytest.mark.clause(STANDARD, "A.1")
@pytest.mark.criterion("DLT645.ENERGY_PLAUSIBLE")
@pytest.mark.bench_time(RUN_S + 20)
@pytest.mark.title_zh("感性负荷下的有功电能")
@pytest.mark.known_bad("apparent-for-active", "energy-scaled")
def test_inductive_energy(check, gain):
    """At power factor 0.5 the forward register gains the active energy, half the apparent one."""
    (forward,), injected = gain(60.0, FORWARD)
    check.within("forward energy", percent(forward, injected), "DLT645.ENERGY_PLAUSIBLE")


@pytest.mark.clause(STANDARD, "A.1")
@pytest.mark.bench_time(RUN_S + 20)
@pytest.mark.requires("option:reverse-energy")
@pytest.mark.title_zh("组合有功符合组合特征字")
@pytest.mark.known_bad("combination-ignores-word", "reverse-counted-in-forward")
def test_combined_energy(meter, check, gain):
    """Combined active energy is forward and reverse as its combination word says."""
    gain(180.0, REVERSE)
    word = meter.read(COMBINATION_WORD).data[0]
    forward, reverse = meter.read(FORWARD).value, meter.read(REVERSE).value
    wanted = forward * ((word & 1) - (word >> 1 & 1)) + reverse * ((word >> 2 & 1) - (word >> 3 & 1))
    combined = meter.read(COMBINED).value
    # the meter may combine with more digits than its registers show
    check.between("combined energy", combined, wanted - STEP, wanted + STEP, unit="kWh")


@pytest.mark.clause(STANDARD, "A.1")
@pytest.mark.bench_time(RUN_S + 120)
@pytest.mark.title_zh("停电后电能数据保持")
@pytest.mark.known_bad("energy-lost-at-power-off")
def test_energy_kept_without_supply(meter, source, check, gain, load, wait):
    """Energy survives a loss of supply."""
    gain(0.0, FORWARD)
    before = meter.read(FORWARD).value
    source.output_off()
    wait(60)
    load(0.0)
    wait(30)
    check.between("forward energy", meter.read(FORWARD).value, before, before + STEP, unit="kWh")
