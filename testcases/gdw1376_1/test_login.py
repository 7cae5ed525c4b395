"""Login, heartbeat, missing confirmations, and the way back after the connection is lost."""

from __future__ import annotations

import itertools

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content
from rig.protocols.gdw1376_1.units import encode_unit_id

pytestmark = [pytest.mark.device("concentrator"), pytest.mark.link("M3-N1")]

STANDARD = "Q/GDW 1376.1-2013"
COMMUNICATION, MASTER = 1, 3
#: types of AFN 02
LOGIN, HEARTBEAT = 1, 3
#: longer than a terminal needs to call again after the connection was closed, in s
CALL_AGAIN_S = 900.0


@pytest.fixture
def login(concentrator, tester):
    """Break the connection and give the login of the next one."""

    def again():
        concentrator.drop_connection()
        return tester.session.wait_login(CALL_AGAIN_S, fresh=True)

    return again


@pytest.fixture
def communication(tester, keep_parameter):
    """Set heartbeat period (min), wait for confirmations (s) and repeats (04 F1)."""

    def choose(*, heartbeat, wait=20, retries=2):
        values = keep_parameter(COMMUNICATION) | {"heartbeat": heartbeat, "wait": wait, "retries": retries}
        tester.set(Content(0, COMMUNICATION, values)).required("04 F1")

    return choose


def unless(number):
    """The rule to confirm everything but AFN 02 with this type."""
    return lambda frame: not (frame.afn == Afn.LINK and frame.body[:4] == encode_unit_id([0], [number]))


def of_link(reports, number):
    """Those that are AFN 02 with this type."""
    return [report for report in reports if report.has(Afn.LINK, number)]


@pytest.mark.clause(STANDARD, "5.3")
@pytest.mark.title_zh("登录帧的控制域")
@pytest.mark.known_bad("terminal-login-with-data-function")
def test_login_control(login, check):
    """A login goes up from the initiator with link function 9."""
    check.equal("control octet without ACD", f"{login().frame.control & 0xDF:02X}H", "C9H")


@pytest.mark.clause(STANDARD, "5.3")
@pytest.mark.title_zh("登录帧要求确认")
@pytest.mark.known_bad("terminal-login-without-confirmation")
def test_login_asks_confirmation(login, check):
    """A login asks for a confirmation and is a single frame."""
    sequence = login().frame.sequence
    check.equal("FIR, FIN and CON", (sequence.first, sequence.final, sequence.confirm), (True, True, True))


@pytest.mark.clause(STANDARD, "4.3.3.3")
@pytest.mark.title_zh("终端主动帧的主站地址为 0")
@pytest.mark.known_bad("terminal-login-with-master-address")
def test_login_master_address(login, check):
    """What a terminal sends of its own accord carries the master station address 0."""
    check.equal("MSA of the login", login().frame.address.master, 0)


@pytest.mark.clause(STANDARD, "5.3")
@pytest.mark.title_zh("连接后首先登录")
@pytest.mark.known_bad("terminal-heartbeat-before-login")
def test_login_comes_first(tester, login, check):
    """The first frame on a new connection is the login."""
    before = len(tester.session.reports)
    login()
    fresh = tester.session.reports[before:]
    last = max(report.connection for report in fresh)
    first = next(report for report in fresh if report.connection == last)
    check.equal(
        "types of the first frame", [f"{first.afn:02X} F{unit.number}" for unit in first.units], ["02 F1"]
    )


@pytest.mark.clause(STANDARD, "5.5 F1")
@pytest.mark.criterion("GDW1376.1.HEARTBEAT")
@pytest.mark.bench_time(420)
@pytest.mark.title_zh("心跳周期按参数执行")
@pytest.mark.known_bad("terminal-heartbeat-period-fixed")
def test_heartbeat_period(tester, communication, check, limit):
    """Heartbeats come at the period that 04 F1 sets."""
    communication(heartbeat=2)
    tester.session.wait_report(1200.0, Afn.LINK, 3, fresh=True)
    # the slowest legal terminal sends two of them in this time, the fastest one not three
    listen_s = 2 * (120.0 + limit("GDW1376.1.HEARTBEAT")) + 5.0
    times = [report.arrived_s for report in of_link(tester.session.listen(listen_s), 3)]
    name = f"heartbeats in {listen_s:.0f} s at a period of 2 min"
    check.true(name, len(times) == 2, observed=len(times), expected=2)
    check.within("interval against 120 s", times[1] - times[0] - 120.0, "GDW1376.1.HEARTBEAT")


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.bench_time(240)
@pytest.mark.title_zh("终端主动帧的序号递增")
@pytest.mark.known_bad("terminal-own-number-constant")
def test_own_numbers_count(tester, communication, check, limit):
    """The numbers of frames that the terminal starts count up by one."""
    communication(heartbeat=1)
    tester.session.wait_report(1200.0, Afn.LINK, 3, fresh=True)
    listen_s = 3 * (60.0 + limit("GDW1376.1.HEARTBEAT")) + 5.0
    numbers = [report.frame.sequence.number for report in tester.session.listen(listen_s)]
    check.true(
        f"frames in {listen_s:.0f} s at a heartbeat of 1 min",
        len(numbers) >= 3,
        observed=len(numbers),
        expected="3 or more",
    )
    steps = {(later - earlier) % 16 for earlier, later in itertools.pairwise(numbers)}
    check.equal("steps of PSEQ", steps, {1})


@pytest.mark.clause(STANDARD, "4.4")
@pytest.mark.bench_time(120)
@pytest.mark.title_zh("登录无确认时重发")
@pytest.mark.known_bad("terminal-login-not-repeated", "terminal-login-without-confirmation")
def test_login_repeated(tester, communication, login, check):
    """A login that nobody confirms is sent again, on this connection or on the next."""
    communication(heartbeat=5, wait=20)
    tester.session.auto_confirm = unless(LOGIN)
    login()
    again = of_link(tester.session.listen(240.0), 1)
    tester.session.auto_confirm = True
    check.true("further logins in 240 s", bool(again), observed=len(again), expected="1 or more")


@pytest.mark.clause(STANDARD, "5.5 F1")
@pytest.mark.criterion("GDW1376.1.REPEAT")
@pytest.mark.bench_time(180)
@pytest.mark.title_zh("无确认时按等待时间重发")
@pytest.mark.known_bad("terminal-repeat-wait-ignored")
def test_repeat_after_set_wait(tester, communication, check):
    """A heartbeat that nobody confirms is repeated after the wait that 04 F1 sets."""
    communication(heartbeat=5, wait=15, retries=2)
    tester.session.auto_confirm = unless(HEARTBEAT)
    first = tester.session.wait_report(1200.0, Afn.LINK, 3, fresh=True)
    second = tester.session.wait_report(120.0, Afn.LINK, 3, fresh=True)
    tester.session.auto_confirm = True
    check.within("wait against 15 s", second.arrived_s - first.arrived_s - 15.0, "GDW1376.1.REPEAT")


@pytest.mark.clause(STANDARD, "4.4")
@pytest.mark.bench_time(180)
@pytest.mark.title_zh("重发帧的序号不变")
@pytest.mark.known_bad("terminal-repeat-with-new-number")
def test_repeat_keeps_number(tester, communication, check):
    """The repeat of a heartbeat is the same frame, its number included."""
    communication(heartbeat=5, wait=15, retries=2)
    tester.session.auto_confirm = unless(HEARTBEAT)
    first = tester.session.wait_report(1200.0, Afn.LINK, 3, fresh=True)
    second = tester.session.wait_report(120.0, Afn.LINK, 3, fresh=True)
    tester.session.auto_confirm = True
    check.equal("PSEQ of the repeat", second.frame.sequence.number, first.frame.sequence.number)


@pytest.mark.clause(STANDARD, "4.4")
@pytest.mark.bench_time(900)
@pytest.mark.title_zh("心跳持续无确认时重新连接")
@pytest.mark.known_bad("terminal-lost-heartbeats-ignored")
def test_reconnects_without_confirmations(tester, communication, check):
    """When heartbeats stay without confirmation the terminal gives the connection up and calls again."""
    communication(heartbeat=2, wait=15, retries=2)
    before = len(tester.session.connections)
    tester.session.auto_confirm = unless(HEARTBEAT)
    waited = tester.wait_for(lambda: len(tester.session.connections) > before, 1800.0, step_s=10.0)
    tester.session.auto_confirm = True
    opened = len(tester.session.connections) - before
    check.true("new connections", opened > 0, observed=f"{opened} in {waited:.0f} s", expected="1 or more")


@pytest.mark.clause(STANDARD, "4.4")
@pytest.mark.criterion("GDW1376.1.RECONNECT")
@pytest.mark.bench_time(60)
@pytest.mark.title_zh("断线后重新登录")
@pytest.mark.known_bad("terminal-redials-late")
@pytest.mark.inspection_item("M03")
def test_reconnects(tester, login, check):
    """After a broken connection the terminal calls and logs in again."""
    begin = tester.clock.now_s()
    login()
    check.within("time to the next login", tester.clock.now_s() - begin, "GDW1376.1.RECONNECT")


@pytest.mark.clause(STANDARD, "4.4")
@pytest.mark.bench_time(900)
@pytest.mark.title_zh("上行中断恢复后重新登录")
@pytest.mark.known_bad("terminal-gives-up-dialling")
@pytest.mark.inspection_item("M03")
def test_long_outage(concentrator, tester, check):
    """After an hour without network the terminal is back by itself."""
    concentrator.block_uplink(3600.0)
    before = len(tester.session.connections)
    tester.wait(3600.0)
    waited = tester.wait_for(lambda: len(tester.session.connections) > before, 1200.0, step_s=5.0)
    check.true(
        "connections after the outage",
        len(tester.session.connections) > before,
        observed=f"{len(tester.session.connections) - before} in {waited:.0f} s",
        expected="1 or more",
    )
    tester.session.wait_login(120.0)
    check.equal("answer after the outage", tester.query(COMMUNICATION).said, "data of AFN 0A")


@pytest.mark.clause(STANDARD, "5.5 F3 backup")
@pytest.mark.criterion("GDW1376.1.BACKUP")
@pytest.mark.bench_time(900)
@pytest.mark.title_zh("主用地址不通时使用备用地址")
@pytest.mark.known_bad("terminal-backup-never-called", "terminal-redials-late")
@pytest.mark.inspection_item("R02")
@pytest.mark.requires("option:backup-address")
def test_backup_address(concentrator, tester, keep_parameter, check):
    """When the main address does not answer the terminal logs in at the backup one (here: where it was before)."""
    known = keep_parameter(MASTER)
    values = known | {
        "main_ip": "10.254.254.254",
        "main_port": 1,
        "backup_ip": known["main_ip"],
        "backup_port": known["main_port"],
    }
    check.equal("answer to the set of F3", tester.set(Content(0, MASTER, values)).accepted, True)
    begin = tester.clock.now_s()
    before = len(tester.session.connections)
    concentrator.drop_connection()
    tester.wait_for(lambda: len(tester.session.connections) > before, 2 * CALL_AGAIN_S, step_s=5.0)
    opened = len(tester.session.connections) - before
    check.true("connections at the backup address", opened > 0, observed=opened, expected="1 or more")
    tester.session.wait_login(120.0)
    check.within("time to the connection", tester.clock.now_s() - begin, "GDW1376.1.BACKUP")


@pytest.mark.clause(STANDARD, "5.6")
@pytest.mark.bench_time(300)
@pytest.mark.title_zh("命令终端断开连接")
@pytest.mark.known_bad("terminal-disconnect-ignored")
def test_disconnect_command(concentrator, tester, check):
    """Told to disconnect (05 F39) the terminal closes its connection, and calls again later."""
    before = len(tester.session.connections)
    answer = tester.control(Content(0, 39))
    # whether a terminal must have it was not read
    answer.offered(concentrator, "05F39")
    check.equal("answer to 05 F39", answer.accepted, True)
    tester.wait_for(lambda: not tester.session.connected, 60.0, step_s=0.5)
    check.equal("connection a minute later", "open" if tester.session.connected else "closed", "closed")
    tester.wait_for(lambda: len(tester.session.connections) > before, CALL_AGAIN_S, step_s=5.0)
    opened = len(tester.session.connections) - before
    check.true("later connections", opened > 0, observed=opened, expected="1 or more")
