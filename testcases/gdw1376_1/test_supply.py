"""Loss and return of the supply: the report on stored energy, and the way back."""

from __future__ import annotations

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "supply"),
]

SUPPLY, PERMIT = 14, 29


def supply_records(reports):
    """Values of the records of code 14 in reports."""
    found = []
    for report in reports:
        for unit in report.units:
            places = {
                value.key.split(".")[0]
                for value in unit.values
                if value.key.endswith(".erc") and int(value.value) == SUPPLY
            }
            found += [
                {v.key.partition(".")[2]: v.value for v in unit.values if v.key.startswith(f"{place}.")}
                for place in sorted(places)
            ]
    return found


@pytest.mark.clause("Q/GDW 1376.1-2013", "supply report")
@pytest.mark.criterion("GDW1376.1.OUTAGE.REPORT")
@pytest.mark.bench_time(120)
@pytest.mark.title_zh("停电后依靠储能上报")
@pytest.mark.known_bad("terminal-outage-not-reported")
@pytest.mark.inspection_item("05018")
@pytest.mark.requires("option:outage-report")
def test_outage_reported(concentrator, tester, check, event_masks, report_right):
    """The terminal reports the loss of its supply (ERC 14) on its stored energy."""
    event_masks(SUPPLY)
    tester.control(Content(0, PERMIT))
    tester.session.listen(90.0)
    begin = tester.clock.now_s()
    concentrator.power(False)
    reports = [
        report
        for report in tester.session.listen(120.0)
        if report.afn == Afn.EVENTS and report.arrived_s >= begin and supply_records([report])
    ]
    concentrator.power(True)
    check.true(
        "records of code 14 reported",
        bool(reports),
        observed=len(supply_records(reports)),
        expected="1 or more",
    )
    check.within("time to the report", reports[0].arrived_s - begin, "GDW1376.1.OUTAGE.REPORT")


@pytest.mark.bench_time(1_500)
@pytest.mark.title_zh("上电后上报")
@pytest.mark.known_bad("terminal-return-not-reported")
@pytest.mark.inspection_item("05018")
def test_return_reported(concentrator, tester, check, event_masks, report_right, power_cycle):
    """After the return of the supply a record of code 14 with the time of the return is reported."""
    event_masks(SUPPLY)
    tester.control(Content(0, PERMIT))
    before = len(tester.session.reports)
    power_cycle(1800.0)
    tester.session.listen(300.0)
    records = supply_records(tester.session.reports[before:])
    returns = [str(record.get("power_on")) for record in records if record.get("power_on") is not None]
    check.true("returns reported", bool(returns), observed=len(returns), expected="1 or more")


@pytest.mark.bench_time(1_500)
@pytest.mark.title_zh("上电后自动登录")
@pytest.mark.known_bad("terminal-stays-off-after-outage")
def test_logs_in_after_outage(concentrator, tester, check):
    """After the return of the supply the terminal logs in and answers without anybody touching it."""
    before = len(tester.session.connections)
    concentrator.cut_power(3 * 3600.0)
    tester.wait_for(lambda: len(tester.session.connections) > before, 4 * 3600.0, step_s=30.0)
    opened = len(tester.session.connections) - before
    check.true("new connections", opened > 0, observed=opened, expected="1 or more")
    tester.session.wait_login(120.0)
    check.equal("answer after the outage", tester.query(1).said, "data of AFN 0A")


@pytest.mark.bench_time(60)
@pytest.mark.title_zh("短时停电不影响通信")
@pytest.mark.known_bad("terminal-drops-line-at-dip")
def test_dip(concentrator, tester, check):
    """A dip of five seconds does not break the connection."""
    before = len(tester.session.connections)
    concentrator.power(False)
    tester.wait(5.0)
    concentrator.power(True)
    tester.wait(60.0)
    check.equal("new connections", len(tester.session.connections) - before, 0)
    check.equal("answer after the dip", tester.query(1).said, "data of AFN 0A")
