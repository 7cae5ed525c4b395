"""Time: daily clock error on the clock output, and the displayed time."""

from __future__ import annotations

import pytest

from rig.procedures.timekeeping import daily_clock_error, displayed_time

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.clause("JJG 596-2026", "clock")]


@pytest.mark.needs("source", "counter")
@pytest.mark.criterion("JJG596-2026.CLOCK.DAILY")
# a real counter first opens its gate after each wait: three times 60 s and 60 s, and settling
@pytest.mark.bench_time(400)
@pytest.mark.title_zh("日计时误差")
@pytest.mark.known_bad("clock-drift:+2")
def test_daily_clock_error(station, counter, check):
    """Mean of three runs of one minute on the clock output."""
    check.record(daily_clock_error(station, counter))


@pytest.mark.needs("source")
@pytest.mark.criterion("JJG596-2026.CLOCK.TIME")
@pytest.mark.bench_time(10)
@pytest.mark.title_zh("时钟示值误差")
@pytest.mark.known_bad("clock-offset:+60s")
def test_displayed_time(dut, station, check):
    """The displayed time is that of the bench within the limit of a first verification."""
    check.record(displayed_time(station, dut.meter.read_clock))
