"""A maker's own acceptance of its meters, on the fixtures and markers of the rig.

Run it with plain pytest: ``pytest --bench FILE --dut meter --out results``; without ``--bench`` the emulated bench is used.
"""

from decimal import Decimal

import pytest

from rig.ports.electrical import ElectricalState, PhaseState

pytestmark = [pytest.mark.link("K8-C1")]

TOTAL, REVERSE_TOTAL = 0x00010000, 0x00020000


@pytest.mark.clause("DL/T 645-2007", "7.1")
@pytest.mark.known_bad("gain:+20%")
@pytest.mark.needs("source")
@pytest.mark.criterion("DLT645.ENERGY_PLAUSIBLE")
def test_energy_of_five_minutes(dut, source, check):
    """Five minutes at half of the maximum current raise the register by what was injected."""
    current = float(dut.rating.imax_a) / 2
    before = dut.meter.read(TOTAL).value
    source.apply(ElectricalState((PhaseState(float(dut.rating.voltage_v), current),)))
    source.output_on()
    start = dut.clock.now_s()
    dut.clock.wait_until(start + 300)
    hours = (dut.clock.now_s() - start) / 3600
    source.apply(ElectricalState((PhaseState(float(dut.rating.voltage_v), 0.0),)))
    injected = float(dut.rating.voltage_v) * current * hours / 1000
    gained = float(dut.meter.read(TOTAL).value - before)
    check.within("gain of the register", (gained - injected) / injected * 100, "DLT645.ENERGY_PLAUSIBLE")


@pytest.mark.clause("DL/T 645-2007", "A.1")
@pytest.mark.known_bad("tariffs-do-not-add-up")
def test_total_is_the_sum_of_the_tariffs(dut, check):
    """The total registers are the sums of their tariff registers, but for digits that are cut off."""
    last_digit = Decimal(1).scaleb(-dut.rating.register_decimals)
    for name, total in (("forward", TOTAL), ("reverse", REVERSE_TOTAL)):
        tariffs = [
            dut.meter.read(total + 0x100 * number).value for number in range(1, dut.rating.tariffs + 1)
        ]
        missing = dut.meter.read(total).value - sum(tariffs)
        check.between(
            f"{name} total less all tariffs", missing, 0, last_digit * (len(tariffs) - 1), unit="kWh"
        )
