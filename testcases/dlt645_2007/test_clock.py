"""Clock and calendar: set, running, weekday, month and leap year."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.clause("DL/T 645-2007", "A.5")]

DATE, TIME = 0x04000101, 0x04000102


@pytest.mark.criterion("DLT645.CLOCK_RUN")
@pytest.mark.bench_time(125)
@pytest.mark.title_zh("时钟走时")
@pytest.mark.known_bad("clock-shown-slow")
def test_clock_runs(dut, meter, check, wait):
    """In two minutes the clock goes on by two minutes."""
    first, begun = meter.read_clock(), dut.clock.now_s()
    wait(120)
    shown = (meter.read_clock() - first).total_seconds()
    check.within("gain in two minutes", round(shown - (dut.clock.now_s() - begun), 3), "DLT645.CLOCK_RUN")


@pytest.mark.needs("password:4")
@pytest.mark.criterion("DLT645.CLOCK_READING")
@pytest.mark.title_zh("时钟可向前和向后设置")
@pytest.mark.known_bad("clock-goes-forward-only")
def test_clock_is_set(check, meter_clock):
    """The clock shows what it was set to, forward and back."""
    quiet = meter_clock.set_quiet()
    for days, minutes in ((3, 197), (1, -95)):
        wanted = meter_clock.set(quiet + timedelta(days=days, minutes=minutes))
        check.within(f"clock after setting {wanted}", meter_clock.seconds_off(), "DLT645.CLOCK_READING")


@pytest.mark.needs("password:4")
@pytest.mark.title_zh("星期以 0 为星期日")
@pytest.mark.known_bad("sunday-is-seven")
def test_weekday(meter, check, meter_clock):
    """The weekday of the date is 0 on Sunday and 1 on Monday."""
    quiet = meter_clock.set_quiet()
    sunday = meter_clock.set(quiet + timedelta(days=6 - quiet.weekday()))
    check.equal("weekday on Sunday", meter.read(DATE).data[0], 0)
    meter_clock.set(sunday + timedelta(days=1))
    check.equal("weekday on Monday", meter.read(DATE).data[0], 1)


@pytest.mark.needs("password:4")
@pytest.mark.title_zh("闰年二月二十九日")
@pytest.mark.known_bad("no-leap-year")
def test_leap_year(meter, check, meter_clock, wait):
    """After 28 February 2028 comes 29 February."""
    meter_clock.set(datetime.fromisoformat("2028-02-28T23:59:55"))
    wait(10)
    check.equal("date", meter.read_clock().date().isoformat(), "2028-02-29")


@pytest.mark.needs("password:4")
@pytest.mark.title_zh("月末与年末进位")
@pytest.mark.known_bad("year-end-missed")
def test_year_end(meter, check, meter_clock, wait):
    """After 31 December comes 1 January of the next year."""
    meter_clock.set(datetime.fromisoformat("2027-12-31T23:59:55"))
    wait(10)
    check.equal("date", meter.read_clock().date().isoformat(), "2028-01-01")


@pytest.mark.needs("source")
@pytest.mark.criterion("DLT645.CLOCK_READING")
@pytest.mark.bench_time(130)
@pytest.mark.title_zh("停电期间时钟继续走时")
@pytest.mark.known_bad("clock-stops-at-power-off", "clock-shown-slow")
def test_clock_runs_without_supply(dut, meter, check, source, load, wait):
    """The clock runs on through a loss of supply."""
    load(0.0)
    wait(5)
    first, begun = meter.read_clock(), dut.clock.now_s()
    source.output_off()
    wait(90)
    load(0.0)
    wait(30)
    shown = (meter.read_clock() - first).total_seconds()
    check.within(
        "clock behind the bench", round(shown - (dut.clock.now_s() - begun), 3), "DLT645.CLOCK_READING"
    )
