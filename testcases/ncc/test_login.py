"""Logging in, signs of life, leaving, and coming again."""

from __future__ import annotations

import pytest

from rig.bench.stands.ncc import HEARTBEAT_S
from rig.protocols.gdw1376_1.control import Afn

pytestmark = [pytest.mark.device("ncc"), pytest.mark.link("M3-N1")]

STANDARD, OWN = "Q/GDW 1376.1-2013", "Reference NCC rules"


@pytest.mark.clause(STANDARD, "5.3")
@pytest.mark.title_zh("登录确认")
@pytest.mark.known_bad("ncc-login-confirmed-as-data")
def test_login_confirmed(desk, ncc, check):
    """A registered terminal's login is confirmed, as a link test: C is 0BH."""
    terminal = ncc.terminal(login=False)
    terminal.dial()
    login = terminal.login()
    check.equal("answer to the login", login.said, "confirmed")
    check.equal("control octet", f"{login.answer.frame.control:02X}H", "0BH")
    check.equal("terminal online", ncc.online(terminal), True)


@pytest.mark.clause(OWN, "identity")
@pytest.mark.title_zh("未登记终端拒绝登录")
@pytest.mark.known_bad("ncc-unknown-terminal-accepted")
def test_unknown_refused(desk, ncc, check):
    """A terminal that is not in the archive gets no confirmation, and does not appear in the archive."""
    stranger = ncc.stranger()
    stranger.dial()
    check.true(
        "answer to the login of a stranger",
        not (login := stranger.login()).confirmed,
        observed=login.said,
        expected="denied or silence",
    )
    known = [state.entry.address for state in desk.center.terminals()]
    check.equal("stranger in the archive", stranger.name in known, False)


@pytest.mark.clause(OWN, "identity")
@pytest.mark.title_zh("登录前的数据不接收")
@pytest.mark.known_bad("ncc-data-before-login")
def test_data_before_login(desk, ncc, check):
    """Data on a connection that has not logged in are neither confirmed nor stored."""
    terminal = ncc.terminal(login=False)
    terminal.dial()
    report = terminal.report(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])])
    check.true(
        "answer to data before a login",
        not report.confirmed,
        observed=report.said,
        expected="denied or silence",
    )
    check.equal("values stored", desk.count(terminal), 0)


@pytest.mark.clause(STANDARD, "5.3")
@pytest.mark.title_zh("心跳确认")
@pytest.mark.known_bad("ncc-heartbeat-unanswered")
def test_heartbeat_confirmed(terminal, check):
    """A heartbeat is confirmed."""
    check.equal("answer to a heartbeat", terminal.heartbeat().said, "confirmed")


@pytest.mark.clause(STANDARD, "5.3")
@pytest.mark.needs("virtual_time")
@pytest.mark.bench_time(3600)
@pytest.mark.title_zh("心跳保持连接")
@pytest.mark.known_bad("ncc-cut-between-heartbeats", "ncc-heartbeat-unanswered")
def test_heartbeats_keep_the_connection(desk, ncc, terminal, check):
    """A terminal that beats as agreed stays connected."""
    for _ in range(4):
        desk.wait(HEARTBEAT_S)
        check.equal("connection at the next heartbeat", terminal.connected, True)
        check.equal("answer to it", terminal.heartbeat().said, "confirmed")
    check.equal("terminal online", ncc.online(terminal), True)


@pytest.mark.clause(STANDARD, "5.3")
@pytest.mark.title_zh("退出登录")
@pytest.mark.known_bad("ncc-logout-ignored")
def test_logout(desk, ncc, terminal, check):
    """After a logout the terminal is offline."""
    check.equal("answer to the logout", terminal.logout().said, "confirmed")
    desk.wait(1.0)
    check.equal("terminal online", ncc.online(terminal), False)


@pytest.mark.clause(OWN, "sessions")
@pytest.mark.title_zh("重连接管旧会话")
@pytest.mark.known_bad("ncc-second-login-refused", "ncc-old-session-kept")
def test_reconnect_takes_over(desk, ncc, terminal, check):
    """A terminal that dials again while its old connection is half-open is served on the new one."""
    terminal.dial()
    check.equal("login on the new connection", terminal.login().said, "confirmed")
    desk.wait(1.0)
    check.equal("new connection open", terminal.connected, True)
    check.equal("old connection open", terminal.old_connections, [False])
    check.equal("terminal online", ncc.online(terminal), True)


@pytest.mark.clause(OWN, "sessions")
@pytest.mark.title_zh("重连后命令走新连接")
@pytest.mark.known_bad("ncc-commands-to-old-session", "ncc-second-login-refused")
def test_commands_on_the_new_connection(desk, terminal, check):
    """Requests after a reconnection go to the new connection, and their answers count."""
    desk.shows(terminal, {1: desk.energy()})
    terminal.dial()
    terminal.login()
    result = desk.finish(desk.read(terminal))
    check.equal("reading after a reconnection", result.status, "done")


@pytest.mark.clause(OWN, "identity")
@pytest.mark.title_zh("一条连接不能改换终端")
@pytest.mark.known_bad("ncc-second-login-rebinds")
def test_no_second_identity(desk, ncc, terminal, check):
    """A terminal cannot log in as another on its connection; the other stays where it is."""
    other = ncc.terminal()
    login = terminal.ask(terminal.link_frame(1, address=other.address))
    check.true(
        "answer to a login as another",
        not login.confirmed,
        observed=login.said,
        expected="denied or silence",
    )
    desk.shows(other, {1: desk.energy()})
    check.equal("reading of the other", desk.finish(desk.read(other)).status, "done")


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("确认帧回送请求序号")
@pytest.mark.known_bad("ncc-number-fifteen-lost")
def test_confirmations_echo_the_number(desk, terminal, check):
    """RSEQ of a confirmation is PSEQ of what it confirms, for all sixteen."""
    for _ in range(16):
        frame = terminal.report_frame(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])])
        before = len(terminal.confirmations)
        terminal.send(frame)
        desk.wait_for(lambda before=before: len(terminal.confirmations) > before, 5.0)
        heard = [found.frame.sequence.number for found in terminal.confirmations[before:]]
        check.equal(f"RSEQ of what confirms PSEQ {frame.sequence.number}", heard, [frame.sequence.number])
