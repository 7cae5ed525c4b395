"""Tariffs: switched by the day table, adding up to the total; billing days."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from rig.testing.outcomes import NotTested

pytestmark = pytest.mark.link("K8-C1")

STANDARD = "DL/T 645-2007"
FORWARD, REVERSE = 0x00010000, 0x00020000
#: one step of a register in kWh
STEP = Decimal("0.01")


@pytest.fixture
def energies(dut, meter):
    """Forward energies now: total first, then every tariff."""
    return lambda: [meter.read(FORWARD | tariff << 8).value for tariff in range(dut.rating.tariffs + 1)]


@pytest.mark.clause(STANDARD, "A.1")
@pytest.mark.title_zh("各费率电能之和等于总电能")
@pytest.mark.known_bad("tariffs-do-not-add-up")
def test_tariffs_add_up(dut, meter, check):
    """The tariff registers add up to the total register, forward and reverse."""
    bound = STEP * (dut.rating.tariffs - 1)
    for name, register in (("forward", FORWARD), ("reverse", REVERSE)):
        total, *tariffs = [
            meter.read(register | tariff << 8).value for tariff in range(dut.rating.tariffs + 1)
        ]
        check.between(f"sum of the {name} tariffs", sum(tariffs), total - bound, total + bound, unit="kWh")


@pytest.mark.clause(STANDARD, "A.1.T")
@pytest.mark.needs("source", "password:4")
@pytest.mark.requires("option:tariffs")
@pytest.mark.bench_time(1400)
@pytest.mark.title_zh("跨费率运行后各费率增量之和等于总增量")
@pytest.mark.known_bad("tariff-loses-energy", "tariff-stuck", "tariff-switches-late")
def test_tariff_increments(dut, check, energies, load, wait, meter_clock, day_table):
    """Over two tariff switches every tariff gains its share, and the gains add up to the total's."""
    # with two tariffs the first one comes back; unequal lengths show a switch that comes late
    order = (1, 2, 3) if dut.rating.tariffs > 2 else (1, 2, 1)
    lengths_min = (4, 14, 2)
    begin = meter_clock.set_quiet()
    first, second = begin + timedelta(minutes=4), begin + timedelta(minutes=18)
    midnight = begin.replace(hour=0, minute=0)
    day_table.program(begin, list(zip((midnight, first, second), order, strict=True)))
    before = energies()
    load(float(dut.rating.imax_a))
    wait(sum(lengths_min) * 60)
    load(0.0)
    total, *tariffs = [after - start for after, start in zip(energies(), before, strict=True)]
    check.true("gain of the total", total > 0, observed=total, expected="> 0")
    bound = STEP * (dut.rating.tariffs - 1)
    check.between("sum of the tariffs' gains", sum(tariffs), total - bound, total + bound, unit="kWh")
    for tariff in sorted(set(order)):
        minutes = sum(length for length, number in zip(lengths_min, order, strict=True) if number == tariff)
        # two minutes for the time that switching the load on and off takes
        lower, upper = (total * (minutes + spare) / sum(lengths_min) for spare in (-2, 2))
        check.between(f"gain of tariff {tariff}", tariffs[tariff - 1], lower, upper, unit="kWh")


@pytest.mark.clause(STANDARD, "A.1.T")
@pytest.mark.needs("source", "password:4")
@pytest.mark.requires("option:tariffs")
@pytest.mark.criterion("DLT645.SWITCH_TIME")
@pytest.mark.bench_time(700)
@pytest.mark.title_zh("费率按时段表切换")
@pytest.mark.known_bad("tariff-stuck", "tariff-switches-late")
def test_tariff_switch(dut, check, energies, load, wait, limit, meter_clock, day_table):
    """Before the moment of the day table the one tariff counts, after it the other, each alone."""
    begin = meter_clock.set_quiet()
    midnight = begin.replace(hour=0, minute=0)
    earlier, later = dut.rating.tariffs - 1, dut.rating.tariffs
    day_table.program(begin, [(midnight, earlier), (begin + timedelta(minutes=4), later)])
    load(float(dut.rating.imax_a))
    for name, counting, pause_s in (
        ("before", earlier, 0),
        ("after", later, 120 + limit("DLT645.SWITCH_TIME")),
    ):
        wait(pause_s)
        start = energies()
        wait(120)
        _, *tariffs = [now - then for now, then in zip(energies(), start, strict=True)]
        gained = tariffs.pop(counting - 1)
        check.true(
            f"gain of tariff {counting} {name} the switch", gained > 0, observed=gained, expected="> 0"
        )
        check.between(f"gain of all other tariffs {name} the switch", sum(tariffs), 0, STEP, unit="kWh")
    load(0.0)


@pytest.fixture
def before_billing(meter, meter_clock):
    """Set the clock some minutes before the next billing moment."""

    def set_clock(minutes: int) -> None:
        hour, day = (int(f"{octet:02x}") for octet in meter.read(0x04000B01).data)
        if not (1 <= day <= 28 and hour <= 23):
            raise NotTested(f"the first billing day of the meter is not in use: day {day}, hour {hour}")
        next_month = meter_clock.set_quiet().replace(day=1) + timedelta(days=32)
        moment = next_month.replace(day=day, hour=hour, minute=0, second=0)
        meter_clock.set(moment - timedelta(minutes=minutes))

    return set_clock


@pytest.mark.clause(STANDARD, "A.1")
@pytest.mark.needs("password:4")
@pytest.mark.requires("option:billing")
@pytest.mark.bench_time(190)
@pytest.mark.title_zh("结算日转存")
@pytest.mark.known_bad("billing-missing")
def test_billing_day(meter, check, wait, before_billing):
    """At the billing day and hour the energy becomes that of the previous billing period, and older ones move on."""
    before_billing(2)
    older = meter.read(FORWARD | 0x01).data
    wait(180)
    now = meter.read(FORWARD).value
    billed = meter.read(FORWARD | 0x01).value
    check.between("energy of the previous billing period", billed, now - STEP, now, unit="kWh")
    check.equal("energy of the period before", meter.read(FORWARD | 0x02).data, older)


@pytest.mark.clause(STANDARD, "A.1")
@pytest.mark.needs("source", "password:4")
@pytest.mark.requires("option:billing")
@pytest.mark.bench_time(600)
@pytest.mark.title_zh("结算数据不随后续电能变化")
@pytest.mark.known_bad("billing-runs-on")
def test_billed_energy_stays(dut, meter, check, wait, load, before_billing):
    """Billed energy stays as it was while the register runs on."""
    load(float(dut.rating.imax_a))
    before_billing(1)
    wait(120)
    billed = meter.read(FORWARD | 0x01).value
    wait(300)
    now = meter.read(FORWARD).value
    load(0.0)
    check.true("register", now > billed, observed=now, expected=f"> {billed}")
    check.equal("energy of the previous billing period", meter.read(FORWARD | 0x01).value, billed, unit="kWh")
