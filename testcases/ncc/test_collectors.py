"""The second interface of the center: collectors that reach it without a concentrator."""

from __future__ import annotations

import pytest

from rig.protocols.gdw1376_1.control import Afn

pytestmark = [pytest.mark.device("ncc"), pytest.mark.link("N5-C4")]

STANDARD, CENTER = "Q/GDW 1376.1-2013", "Q/GDW 378.1"


@pytest.fixture
def collector(ncc):
    """A collector with three points, not logged in."""
    return ncc.terminal(role="collector", points=3, login=False, link="N5-C4")


@pytest.mark.clause(STANDARD, "5.3")
@pytest.mark.title_zh("采集器登录")
@pytest.mark.known_bad("ncc-collectors-refused")
def test_collector_login(ncc, collector, check):
    """A collector logs in as a concentrator does."""
    collector.dial()
    check.equal("answer to the login", collector.login().said, "confirmed")
    check.equal("collector online", ncc.online(collector), True)


@pytest.mark.clause(CENTER, "data")
@pytest.mark.title_zh("采集器上报数据")
@pytest.mark.known_bad("ncc-collector-data-dropped", "ncc-collectors-refused")
def test_collector_reports(desk, collector, check):
    """What a collector reports is stored as what a concentrator reports."""
    values = {point: desk.energy() for point in (1, 2, 3)}
    collector.dial()
    collector.login()
    report = collector.report(Afn.HISTORY_DATA, [desk.day(point, [value]) for point, value in values.items()])
    check.equal("answer to the report", report.said, "confirmed")
    check.equal("readings", desk.stored(collector), {(point, 0): value for point, value in values.items()})


@pytest.mark.clause(STANDARD, "5.12")
@pytest.mark.title_zh("采集器实时召测")
@pytest.mark.known_bad("ncc-collectors-not-asked", "ncc-collectors-refused")
def test_collector_is_read(desk, collector, check):
    """Meters behind a collector are read on demand."""
    values = {point: desk.energy() for point in (1, 2, 3)}
    desk.shows(collector, values)
    collector.dial()
    collector.login()
    result = desk.finish(desk.read(collector, values))
    check.equal("end of the command", result.status, "done")
    answered = {found.point: found.value for found in result.values if found.key == "total"}
    check.equal("values of the command by point", answered, values)
