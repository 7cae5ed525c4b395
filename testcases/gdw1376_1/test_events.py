"""Events (class 3 data): what is recorded, how it is counted, asked for and reported."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rig.procedures.event_rings import records_of
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "5.14"),
]

STANDARD = "Q/GDW 1376.1-2013"
PHONES, MASKS, TRAFFIC, FORBID, PERMIT = 4, 9, 36, 37, 29
CHANGE, CLOCK_OFF, SUPPLY, AUTHENTICATION = 3, 12, 14, 20
#: how long a report is waited for, in s
REPORT_S = 90.0
#: two numbers that F4 is changed between, 16 digits each
TELEPHONES = ("0138001380001234", "0138001380005678")
#: changes that are made before the counter is looked at, and how often, so that a counter comes round
BATCH, BATCHES = 10, 26
#: between two looks at the counters an unrelated event may happen: so often a case looks again
LOOKS = 3
#: control octets of a report: user data, or (seen too) link function 10
REPORT = ("C4H", "CAH")
FAILURE, TRAFFIC_EXCESS, STATUS_CHANGE = 31, 32, 33


@pytest.fixture
def quiet(tester, check, report_right):
    """Reports forbidden, so that records are only asked for."""
    check.equal("answer to 05 F37", tester.control(Content(0, FORBID)).accepted, True)


@pytest.fixture
def change_telephone(tester, keep_parameter):
    """Change another parameter that nothing hangs on: the number that a terminal may call (F4)."""

    def change():
        kept = keep_parameter(PHONES)
        shown = tester.query(PHONES).value(0, PHONES, "telephone")
        number = TELEPHONES[shown == TELEPHONES[0]]
        tester.set(Content(0, PHONES, kept | {"telephone": number})).required("04 F4")

    return change


@pytest.fixture
def heard(tester):
    """Begin to count reports, before a stimulus: a terminal may report before it confirms what brought the event about."""

    def begin():
        before = len(tester.session.reports)
        return lambda code=None: event_reports(tester.session.reports[before:], code)

    return begin


@pytest.fixture
def permitted(tester, check, report_right):
    """Reports permitted."""
    check.equal("answer to 05 F29", tester.control(Content(0, PERMIT)).accepted, True)


def event_reports(reports, code=None):
    """Those that carry event records; of one code when it is given."""
    return [
        report
        for report in reports
        if report.afn == Afn.EVENTS
        and (
            code is None
            or any(
                value.key.endswith(".erc") and int(value.value) == code
                for unit in report.units
                for value in unit.values
            )
        )
    ]


@pytest.mark.title_zh("参数变更产生 ERC3 记录")
@pytest.mark.criterion("GDW1376.1.EVENT.TIME")
@pytest.mark.bench_time(150)
@pytest.mark.known_bad("terminal-parameter-change-not-recorded")
@pytest.mark.inspection_item("05013")
def test_parameter_change(tester, check, quiet, event_masks, change_telephone, recorded):
    """A changed parameter leaves a record of code 3 with its time."""
    event_masks(CHANGE)
    before = tester.counters()
    when = tester.terminal_clock()
    change_telephone()
    recorded()
    records = tester.since(before, CHANGE)
    check.equal("new records of code 3", len(records), 1)
    check.within("time of the record", records[-1].minutes_after(when), "GDW1376.1.EVENT.TIME")


@pytest.mark.bench_time(150)
@pytest.mark.title_zh("ERC3 记录所改的数据单元标识")
@pytest.mark.known_bad("terminal-change-record-without-type")
def test_parameter_change_names_type(tester, check, quiet, event_masks, change_parameter, recorded):
    """The record of a changed parameter names point and type that were changed."""
    event_masks(CHANGE)
    before = tester.counters()
    change_parameter()
    recorded(lambda: bool(tester.since(before, CHANGE)))
    named = [unit for record in tester.since(before, CHANGE) for unit in record.units]
    check.true(
        "units named by the record", f"P0 F{TRAFFIC}" in named, observed=named, expected=f"P0 F{TRAFFIC}"
    )


@pytest.mark.bench_time(90)
@pytest.mark.title_zh("密码错误产生 ERC20 记录")
@pytest.mark.known_bad("terminal-authentication-failure-not-recorded")
def test_authentication_failure(tester, check, quiet, event_masks, wrong_password, recorded):
    """A wrong PW leaves a record of code 20."""
    event_masks(AUTHENTICATION)
    before = tester.counters()
    tester.control(Content(0, PERMIT), password=wrong_password)
    recorded()
    check.equal("new records of code 20", len(tester.since(before, AUTHENTICATION)), 1)


@pytest.mark.clause(STANDARD, "supply")
@pytest.mark.bench_time(1000)
@pytest.mark.criterion("GDW1376.1.EVENT.TIME")
@pytest.mark.title_zh("停上电产生 ERC14 记录")
@pytest.mark.known_bad("terminal-supply-times-swapped", "terminal-clock-stops-without-supply")
@pytest.mark.inspection_item("05018")
def test_supply(tester, check, quiet, event_masks, power_cycle):
    """Loss and return of the supply are recorded with their times (code 14)."""
    event_masks(SUPPLY)
    before = tester.counters()
    lost = tester.terminal_clock()
    power_cycle(1800.0)
    tester.wait(120.0)
    records = tester.since(before, SUPPLY)
    off = next((record.time("power_off") for record in records if record.time("power_off")), None)
    back = next((record.time("power_on") for record in records if record.time("power_on")), None)
    check.true(
        "times of code 14",
        off is not None and back is not None,
        observed=f"{off} and {back}",
        expected="a loss and a return",
    )
    check.within("time of the loss", (off - lost).total_seconds() / 60, "GDW1376.1.EVENT.TIME")
    check.within("time of the return", (back - lost).total_seconds() / 60 - 30, "GDW1376.1.EVENT.TIME")


@pytest.mark.bench_time(90_000)
@pytest.mark.title_zh("抄表失败产生 ERC31 记录")
@pytest.mark.known_bad("terminal-reading-failure-not-recorded")
@pytest.mark.inspection_item("05022", "05035")
def test_reading_failure(concentrator, tester, check, points, quiet, event_masks):
    """A meter that cannot be read for a day and a half leaves a record of code 31 with its point."""
    event_masks(FAILURE)
    before = tester.counters()
    concentrator.silence(points[0].number)
    tester.wait(36 * 3600.0)
    named = [int(record.values["point"]) for record in tester.since(before, FAILURE)]
    check.true(
        "points in records of code 31", points[0].number in named, observed=named, expected=points[0].number
    )


@pytest.mark.bench_time(90_000)
@pytest.mark.title_zh("电能表时间超差产生 ERC12 记录")
@pytest.mark.known_bad("terminal-meter-clock-not-watched")
@pytest.mark.inspection_item("05012")
def test_meter_clock(concentrator, tester, check, points, quiet, event_masks):
    """A meter whose clock is an hour off leaves a record of code 12 with its point."""
    event_masks(CLOCK_OFF)
    before = tester.counters()
    concentrator.set_meter_clock(points[0].number, tester.clock.wall() - timedelta(hours=1))
    tester.wait(36 * 3600.0)
    named = [int(record.values["point"]) for record in tester.since(before, CLOCK_OFF)]
    check.true(
        "points in records of code 12", points[0].number in named, observed=named, expected=points[0].number
    )


@pytest.mark.clause(STANDARD, "5.5 F9")
@pytest.mark.bench_time(150)
@pytest.mark.title_zh("无效事件不记录")
@pytest.mark.known_bad("terminal-event-validity-ignored", "terminal-invalid-event-recorded-late")
@pytest.mark.inspection_item("01011")
def test_not_valid(tester, check, quiet, event_masks, change_parameter, recorded):
    """An event that F9 does not make valid is not recorded: no counter goes on but for records of other codes."""
    event_masks(CHANGE, valid=False, important=False)
    before = tester.counters()
    change_parameter()
    recorded()
    check.equal("steps of EC1 and EC2 by an event that is not valid", tester.steps(before, CHANGE), (0, 0))


@pytest.mark.clause(STANDARD, "5.5 F9")
@pytest.mark.bench_time(300)
@pytest.mark.title_zh("重要事件与一般事件分别计数")
@pytest.mark.known_bad("terminal-importance-ignored")
@pytest.mark.inspection_item("01011")
def test_importance(tester, check, quiet, event_masks, change_parameter, recorded):
    """F9 decides which ring an event goes to: EC1 for an important one, EC2 for a general one."""
    for name, important, steps in (("a general", False, (0, 1)), ("an important", True, (1, 0))):
        event_masks(CHANGE, important=important)
        before = tester.counters()
        change_parameter()
        recorded()
        check.equal(f"steps of EC1 and EC2 by {name} event", tester.steps(before, CHANGE), steps)


@pytest.mark.clause(STANDARD, "4.3.4.6 EC")
@pytest.mark.bench_time(600)
@pytest.mark.title_zh("事件计数器按 256 循环")
@pytest.mark.known_bad("terminal-counter-stops-at-255")
def test_counter_wraps(tester, check, quiet, event_masks, change_parameter, recorded):
    """After 255 a counter goes on with 0; what the records of other events stand for is not counted."""
    event_masks(CHANGE)
    for _ in range(BATCHES):
        before = tester.counters()
        for _ in range(BATCH):
            change_parameter()
        recorded(lambda: tester.steps(before, CHANGE)[0] >= BATCH)  # noqa: B023 - asked before the next turn
        steps = tester.steps(before, CHANGE)[0]
        check.equal(f"steps of EC1 from {before[0]} by {BATCH} events", steps, BATCH)


@pytest.fixture
def four_changes(tester, event_masks, change_parameter, recorded):
    """EC1 before four important events: F36 was changed twice, then F9 twice; alone in their ring, if at all possible."""
    event_masks(AUTHENTICATION, important=False)
    event_masks(CHANGE)
    before = tester.counters()
    for _ in range(LOOKS):
        before = tester.counters()
        change_parameter()
        change_parameter()
        event_masks(AUTHENTICATION, important=True)
        event_masks(AUTHENTICATION, important=False)
        recorded()
        if (tester.counters()[0] - before[0]) % 256 == 4:
            break
    return before[0]


@pytest.mark.bench_time(300)
@pytest.mark.title_zh("按指针读取事件记录")
@pytest.mark.known_bad(
    "terminal-event-window-ignored",
    "terminal-event-window-newest",
    "terminal-change-record-without-type",
)
def test_window(tester, check, quiet, four_changes):
    """A request from Pm to Pn is answered with the records between them, neither older nor newer ones, and says so."""
    first, last = (four_changes + 1) % 256, (four_changes + 3) % 256
    answer = tester.ask(Afn.EVENTS, [Content(0, 1, {"pm": first, "pn": last})])
    shown = (answer.value(0, 1, "pm"), answer.value(0, 1, "pn"))
    check.equal(
        "Pm and Pn of the answer", tuple(int(value) for value in shown if value is not None), (first, last)
    )
    changed = (f"P0 F{TRAFFIC}", f"P0 F{MASKS}")
    named = [[unit for unit in record.units if unit in changed] for record in records_of(answer.units)]
    check.equal("records in the answer", len(named), 2)
    check.equal("changes that the records name", sorted(named), sorted([unit] for unit in changed))


@pytest.mark.bench_time(150)
@pytest.mark.title_zh("应答中的 EC 与 F7 一致")
@pytest.mark.known_bad("terminal-event-answer-counter-late")
def test_counters_of_answer(tester, check, quiet, event_masks, change_parameter, recorded):
    """EC1 and EC2 in the answer to a request for events are those of 0C F7."""
    event_masks(CHANGE)
    change_parameter()
    recorded()
    shown, counters = (), tester.counters()
    for _ in range(LOOKS):
        before = counters
        window = {"pm": (before[0] - 1) % 256, "pn": before[0]}
        answer = tester.ask(Afn.EVENTS, [Content(0, 1, window)])
        shown = tuple(int(value) for key in ("ec1", "ec2") if (value := answer.value(0, 1, key)) is not None)
        counters = tester.counters()
        if counters == before:
            break
    check.equal("EC1 and EC2 of the answer", shown, counters)


@pytest.mark.bench_time(1100)
@pytest.mark.title_zh("掉电后事件记录不丢失")
@pytest.mark.known_bad("terminal-events-volatile")
def test_survives_power_loss(tester, check, quiet, event_masks, change_parameter, recorded, power_cycle):
    """Records outlive the loss of the supply."""
    event_masks(CHANGE, important=False)
    begin = tester.counters()
    change_parameter()
    recorded(lambda: bool(tester.since(begin, CHANGE)))
    before = tester.since(begin, CHANGE)
    check.true("records before the loss of supply", bool(before), observed=len(before), expected="1 or more")
    power_cycle()
    after = tester.since(begin, CHANGE)
    kept = sum(record in after for record in before)
    check.equal("those that are there after the loss of supply", kept, len(before))


@pytest.mark.criterion("GDW1376.1.EVENT.REPORT")
@pytest.mark.bench_time(160)
@pytest.mark.title_zh("重要事件主动上报")
@pytest.mark.known_bad("terminal-important-event-not-reported")
@pytest.mark.inspection_item("02015", "05032", "P08")
def test_reported(tester, check, permitted, event_masks, change_parameter, heard):
    """An important event is reported without being asked for."""
    event_masks(CHANGE)
    begin, found = tester.clock.now_s(), heard()
    change_parameter()
    tester.session.listen(90.0)
    reports = found(CHANGE)
    check.true("reports of events in 90 s", bool(reports), observed=len(reports), expected="1 or more")
    check.within("time to the report", reports[0].arrived_s - begin, "GDW1376.1.EVENT.REPORT")


@pytest.mark.bench_time(160)
@pytest.mark.title_zh("事件上报帧的控制域与确认要求")
@pytest.mark.known_bad("terminal-event-report-without-confirmation", "terminal-important-event-not-reported")
def test_report_asks_confirmation(
    tester, check, confirmed_reports, permitted, event_masks, change_parameter, heard
):
    """The report of an important event comes from the initiator (function 4 or 10) and asks for a confirmation."""
    event_masks(CHANGE)
    found = heard()
    change_parameter()
    tester.wait_for(lambda: bool(found(CHANGE)), REPORT_S)
    reports = found(CHANGE)
    check.true("reports of the event", bool(reports), observed=len(reports), expected="1 or more")
    frame = reports[0].frame
    control = f"{frame.control & 0xDF:02X}H"
    check.true("control octet without ACD", control in REPORT, observed=control, expected=" or ".join(REPORT))
    check.equal("CON", frame.sequence.confirm, True)


@pytest.mark.clause(STANDARD, "4.4")
@pytest.mark.bench_time(370)
@pytest.mark.title_zh("事件上报无确认时重发")
@pytest.mark.known_bad(
    "terminal-event-report-once",
    "terminal-event-report-without-confirmation",
    "terminal-important-event-not-reported",
)
@pytest.mark.inspection_item("02015")
def test_report_repeated(tester, check, confirmed_reports, permitted, event_masks, change_parameter, heard):
    """The report of an important event that nobody confirms is sent again."""
    event_masks(CHANGE)
    tester.session.listen(60.0)
    tester.session.auto_confirm = lambda frame: frame.afn != Afn.EVENTS
    found = heard()
    change_parameter()
    tester.session.listen(240.0)
    reports = found(CHANGE)
    tester.session.auto_confirm = True
    check.true("reports in 240 s", len(reports) >= 2, observed=len(reports), expected="2 or more")


@pytest.mark.clause(STANDARD, "5.6 F29")
@pytest.mark.bench_time(190)
@pytest.mark.title_zh("禁止主动上报后不上报事件")
@pytest.mark.known_bad("terminal-reports-though-forbidden", "terminal-every-event-reported-at-once")
def test_forbidden(tester, check, quiet, event_masks, change_parameter, heard):
    """While reports are forbidden an important event is not reported."""
    event_masks(CHANGE)
    found = heard()
    change_parameter()
    tester.session.listen(120.0)
    reports = found()
    check.equal("reports of events while forbidden", len(reports), 0)


@pytest.mark.clause(STANDARD, "5.5 F9")
@pytest.mark.bench_time(250)
@pytest.mark.title_zh("一般事件不主动上报")
@pytest.mark.known_bad(
    "terminal-general-event-reported", "terminal-importance-ignored", "terminal-every-event-reported-at-once"
)
def test_general_not_reported(tester, check, permitted, event_masks, change_parameter, heard):
    """A general event is recorded and not reported."""
    event_masks(CHANGE, important=False)
    tester.session.listen(60.0)
    found = heard()
    change_parameter()
    tester.session.listen(120.0)
    reports = found(CHANGE)
    check.equal("reports of a general event", len(reports), 0)


@pytest.mark.bench_time(1000)
@pytest.mark.title_zh("断线期间的重要事件恢复后上报")
@pytest.mark.known_bad(
    "terminal-report-lost-with-connection",
    "terminal-event-report-without-confirmation",
    "terminal-important-event-not-reported",
)
@pytest.mark.inspection_item("03009")
def test_reported_after_outage(
    concentrator, tester, check, confirmed_reports, permitted, event_masks, change_parameter, heard
):
    """An event whose report could not be confirmed because the connection broke is reported on the next one."""
    event_masks(CHANGE)
    tester.session.listen(60.0)
    tester.session.auto_confirm = lambda frame: frame.afn != Afn.EVENTS
    found = heard()
    change_parameter()
    tester.wait_for(lambda: bool(found(CHANGE)), REPORT_S)
    check.true("reports of the event", bool(found(CHANGE)), observed=len(found(CHANGE)), expected="1 or more")
    connection = len(tester.session.connections)
    concentrator.drop_connection()
    tester.session.auto_confirm = True
    tester.session.wait_login(900.0, fresh=True)
    tester.session.listen(300.0)
    reports = [report for report in found(CHANGE) if report.connection >= connection]
    check.true("reports on the next connection", bool(reports), observed=len(reports), expected="1 or more")


@pytest.mark.bench_time(200)
@pytest.mark.title_zh("通信流量超门限产生 ERC32 记录")
@pytest.mark.known_bad("terminal-traffic-excess-not-recorded", "terminal-traffic-not-counted")
def test_traffic_excess(tester, check, quiet, event_masks, keep_parameter):
    """Traffic beyond the limit of F36 leaves a record of code 32."""
    event_masks(TRAFFIC_EXCESS)
    before = tester.counters()
    keep_parameter(TRAFFIC)
    tester.set(Content(0, TRAFFIC, {"monthly_limit": 100}))
    tester.wait(150.0)
    count = len(tester.since(before, TRAFFIC_EXCESS))
    check.true("records of code 32", count > 0, observed=count, expected="1 or more")


@pytest.mark.bench_time(250)
@pytest.mark.title_zh("电能表状态字变位产生 ERC33 记录")
@pytest.mark.known_bad("terminal-status-change-not-recorded", "terminal-trip-not-forwarded")
def test_status_change(concentrator, tester, check, relays, quiet, event_masks):
    """A status word of a meter that was seen to change leaves a record of code 33 with its point."""
    event_masks(STATUS_CHANGE)
    before = tester.counters()
    point = relays[0].number
    tester.read([point], [28])
    tester.control(Content(point, 1, {"limit_time": 0, "alarm_delay": 0}))
    tester.wait_for(lambda: concentrator.relay_is_open(point), 30.0)
    tester.wait(90.0)
    tester.read([point], [28])
    named = [int(record.values["point"]) for record in tester.since(before, STATUS_CHANGE)]
    check.true("points in records of code 33", point in named, observed=named, expected=point)
