"""Report tasks: F65/F66 say what and when, F67/F68 start and stop them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "5.5"),
]

STANDARD = "Q/GDW 1376.1-2013"
CLASS_1, CLASS_2, START_1, START_2 = 65, 66, 67, 68
PERMIT, FORBID = 29, 37
MINUTES, HOURS, DAYS = 0, 1, 2
#: codes of F67 and F68
STARTED, STOPPED = "55", "AA"
TASK = 5
#: control octets of a report: user data, or (seen too) link function 10
REPORT = ("C4H", "CAH")


def next_quarter(tester) -> datetime:
    now = tester.clock.wall().replace(second=0, microsecond=0)
    return now + timedelta(minutes=15 - now.minute % 15)


@pytest.fixture
def kept_task(concentrator, tester):
    """What a terminal in service has at the place of the case's task is set again after the case."""
    types = (CLASS_1, CLASS_2, START_1, START_2)
    kept = {}
    if not concentrator.simulated:
        for number in types:
            unit = next((unit for unit in tester.query(number, points=[TASK]).units if unit.values), None)
            if unit is not None:
                kept[number] = unit.data
    yield
    for number, data in kept.items():
        tester.set(Content(TASK, number, data))


@pytest.fixture
def task(concentrator, tester, check, report_right, kept_task):
    """Set up, start and stop report tasks; they are stopped after the case."""

    def define(kind, units, *, base, period, unit=MINUTES):
        values = {
            "period": period,
            "period_unit": unit,
            "base_time": base,
            "curve_multiple": 1,
            "units": len(units),
            **{f"unit.{place}": text for place, text in enumerate(units, start=1)},
        }
        number = CLASS_1 if kind == 1 else CLASS_2
        check.equal(
            f"answer to the set of F{number}", tester.set(Content(TASK, number, values)).accepted, True
        )

    started: set[int] = set()

    def switch(kind, state):
        started.add(kind)
        number = START_1 if kind == 1 else START_2
        answer = tester.set(Content(TASK, number, {"start": state}))
        check.equal(f"answer to the set of F{number}", answer.accepted, True)

    define.start = lambda kind: switch(kind, STARTED)
    define.stop = lambda kind: switch(kind, STOPPED)
    tester.control(Content(0, PERMIT))
    yield define
    if not concentrator.simulated:
        for kind in started:
            tester.set(Content(TASK, START_1 if kind == 1 else START_2, {"start": STOPPED}))


def of_tasks(reports, afn, *units):
    """Reports of task data; those with nothing but these units: a terminal in service has tasks of its own."""
    return [
        report
        for report in reports
        if report.afn == afn
        and (not units or {f"P{unit.point} F{unit.number}" for unit in report.units} <= set(units))
    ]


@pytest.mark.criterion("GDW1376.1.REPORT.TIME")
@pytest.mark.bench_time(2_400)
@pytest.mark.title_zh("1类数据任务按基准时间和周期上报")
@pytest.mark.known_bad("terminal-task-base-time-ignored", "terminal-task-report-as-answer")
@pytest.mark.inspection_item("06001")
def test_class_1_schedule(tester, points, task, check):
    """A class 1 task reports at its base time and then at every period."""
    base = next_quarter(tester) + timedelta(minutes=15)
    task(1, [f"P{points[0].number} F129"], base=base, period=15)
    task.start(1)
    begin_s = tester.clock.now_s() + (base - tester.clock.wall()).total_seconds()
    tester.wait_until(base - timedelta(seconds=30))
    reports = of_tasks(
        tester.session.listen(2 * 900.0 - 60.0 + 150.0), Afn.REALTIME_DATA, f"P{points[0].number} F129"
    )
    check.true(
        "reports around base time and one period later",
        len(reports) >= 2,
        observed=len(reports),
        expected="2 or more",
    )
    for place, report in enumerate(reports[:2]):
        check.within(
            f"report {place + 1}", report.arrived_s - begin_s - place * 900.0, "GDW1376.1.REPORT.TIME"
        )


@pytest.mark.bench_time(2_000)
@pytest.mark.title_zh("任务上报的数据单元")
@pytest.mark.known_bad("terminal-task-first-unit-only", "terminal-task-report-as-answer")
@pytest.mark.inspection_item("06001")
def test_class_1_content(tester, points, task, check):
    """The report of a task has all the units that the task names."""
    point = points[0].number
    wanted = [f"P{point} F129", f"P{point} F131", "P0 F7"]
    task(1, wanted, base=next_quarter(tester), period=15)
    task.start(1)
    units: set[str] = set()
    for report in of_tasks(tester.session.listen(1900.0), Afn.REALTIME_DATA, *wanted):
        units |= {f"P{unit.point} F{unit.number}" for unit in report.units}
    check.equal("units reported", units, set(wanted))


@pytest.mark.clause(STANDARD, "4.3.3.2")
@pytest.mark.bench_time(2_000)
@pytest.mark.title_zh("任务上报帧的控制域")
@pytest.mark.known_bad("terminal-task-report-as-answer")
def test_report_control(tester, points, task, check):
    """The report of a task comes from the initiator with function 4 or 10, and MSA 0."""
    task(1, [f"P{points[0].number} F129"], base=next_quarter(tester), period=15)
    task.start(1)
    frame = tester.session.wait_report(1900.0, Afn.REALTIME_DATA, fresh=True).frame
    control = f"{frame.control & 0xDF:02X}H"
    check.true("control octet without ACD", control in REPORT, observed=control, expected=" or ".join(REPORT))
    check.equal("MSA", frame.address.master, 0)


@pytest.mark.bench_time(100_000)
@pytest.mark.title_zh("2类数据任务上报日冻结")
@pytest.mark.known_bad("terminal-class-2-task-never-runs")
@pytest.mark.inspection_item("06002")
def test_class_2(tester, points, task, check):
    """A class 2 task of every day reports the day freezes of the day that ended."""
    today = tester.clock.wall().replace(hour=0, minute=0, second=0, microsecond=0)
    task(2, [f"P{points[0].number} F161"], base=today + timedelta(hours=5), period=1, unit=DAYS)
    task.start(2)
    tester.wait_until(today + timedelta(days=1, hours=4))
    reports = of_tasks(tester.session.listen(3 * 3600.0), Afn.HISTORY_DATA)
    dates = [
        str(value.value)
        for report in reports
        for unit in report.units
        for value in unit.values
        if value.key == "date"
    ]
    check.true(
        "dates of the freezes reported",
        f"{today:%Y-%m-%d}" in dates,
        observed=dates,
        expected=f"{today:%Y-%m-%d}",
    )


@pytest.mark.bench_time(4_000)
@pytest.mark.title_zh("停止任务后不再上报")
@pytest.mark.known_bad("terminal-task-cannot-be-stopped", "terminal-task-report-as-answer")
@pytest.mark.inspection_item("06001")
def test_stop(tester, points, task, check):
    """A task that was stopped does not report any more."""
    task(1, [f"P{points[0].number} F129"], base=next_quarter(tester), period=15)
    task.start(1)
    tester.session.wait_report(2000.0, Afn.REALTIME_DATA, fresh=True)
    task.stop(1)
    reports = of_tasks(tester.session.listen(2000.0), Afn.REALTIME_DATA, f"P{points[0].number} F129")
    check.equal("reports after the stop", len(reports), 0)


@pytest.mark.bench_time(2_000)
@pytest.mark.title_zh("未启动的任务不上报")
@pytest.mark.known_bad("terminal-task-runs-unstarted")
def test_not_started(tester, points, task, check):
    """A task that was set up and not started does not report."""
    task(1, [f"P{points[0].number} F129"], base=next_quarter(tester), period=15)
    task.stop(1)
    reports = of_tasks(tester.session.listen(2000.0), Afn.REALTIME_DATA, f"P{points[0].number} F129")
    check.equal("reports of a task not started", len(reports), 0)


@pytest.mark.clause(STANDARD, "5.6 F29")
@pytest.mark.bench_time(2_000)
@pytest.mark.title_zh("禁止主动上报后任务不上报")
@pytest.mark.known_bad("terminal-task-reports-though-forbidden")
def test_forbidden(tester, points, task, check):
    """While reports are forbidden a task does not report."""
    task(1, [f"P{points[0].number} F129"], base=next_quarter(tester), period=15)
    task.start(1)
    check.equal("answer to 05 F37", tester.control(Content(0, FORBID)).accepted, True)
    reports = of_tasks(tester.session.listen(2000.0), Afn.REALTIME_DATA)
    check.equal("reports of a task while forbidden", len(reports), 0)


@pytest.mark.clause(STANDARD, "4.4")
@pytest.mark.bench_time(2_500)
@pytest.mark.title_zh("任务上报无确认时重发")
@pytest.mark.known_bad("terminal-task-report-once", "terminal-task-report-as-answer")
def test_repeated(tester, points, confirmed_reports, task, check):
    """A task report with CON, as 04 F1 asks for, that nobody confirms is sent again."""
    task(1, [f"P{points[0].number} F129"], base=next_quarter(tester), period=30)
    task.start(1)
    tester.session.auto_confirm = lambda frame: frame.afn != Afn.REALTIME_DATA
    first = tester.session.wait_report(2000.0, Afn.REALTIME_DATA, fresh=True)
    check.equal("CON of the report", first.frame.sequence.confirm, True)
    again = of_tasks(tester.session.listen(240.0), Afn.REALTIME_DATA)
    tester.session.auto_confirm = True
    check.true("repeats in 240 s", bool(again), observed=len(again), expected="1 or more")


@pytest.mark.bench_time(4_000)
@pytest.mark.title_zh("上行中断期间的任务数据恢复后上报")
@pytest.mark.known_bad(
    "terminal-task-report-lost-in-outage", "terminal-task-report-once", "terminal-task-report-as-answer"
)
def test_reported_after_outage(concentrator, tester, points, task, check):
    """The report that fell into an outage of the network comes after it."""
    base = next_quarter(tester)
    task(1, [f"P{points[0].number} F129"], base=base, period=12, unit=HOURS)
    task.start(1)
    tester.wait_until(base - timedelta(minutes=2))
    concentrator.block_uplink(1200.0)
    tester.wait(1200.0)
    reports = of_tasks(tester.session.listen(1800.0), Afn.REALTIME_DATA)
    check.true("reports after the outage", bool(reports), observed=len(reports), expected="1 or more")


@pytest.mark.bench_time(4_000)
@pytest.mark.title_zh("掉电后任务继续执行")
@pytest.mark.known_bad("terminal-task-stops-with-supply", "terminal-task-report-as-answer")
def test_survives_power_loss(tester, points, task, check, power_cycle):
    """A started task goes on after the loss of the supply."""
    task(1, [f"P{points[0].number} F129"], base=next_quarter(tester), period=15)
    task.start(1)
    power_cycle()
    reports = of_tasks(tester.session.listen(2000.0), Afn.REALTIME_DATA)
    check.true(
        "reports after the return of the supply", bool(reports), observed=len(reports), expected="1 or more"
    )


@pytest.mark.clause(STANDARD, "5.11")
@pytest.mark.title_zh("请求任务数据")
@pytest.mark.known_bad("terminal-task-data-denied")
def test_task_data_on_request(tester, points, task, check):
    """The data of a task can be asked for (0B F1)."""
    task(
        1, [f"P{points[0].number} F129"], base=next_quarter(tester) + timedelta(days=1), period=12, unit=HOURS
    )
    task.start(1)
    answer = tester.ask(Afn.TASK_DATA, identifiers([TASK], [1]), listen_s=60.0)
    found = [frame.afn for frame in answer.frames]
    check.true(
        "answer to 0B F1", bool(found) and found[0] != Afn.CONFIRM, observed=answer.said, expected="data"
    )
