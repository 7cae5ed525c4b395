"""Control commands: who may give them, that they are written down, and that none is carried out late or twice."""

from __future__ import annotations

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.sessions.played_terminal import Reply

pytestmark = [pytest.mark.device("ncc"), pytest.mark.link("M3-N1")]

CENTER = "Q/GDW 378.1"
#: keep supply for an hour: a command that switches nothing off
KEEP_SUPPLY, HOUR = 25, {"duration": 2}
TRAFFIC_LIMIT = 36


def keep_supply(desk, terminal, center=None) -> str:
    """Order a control command."""
    return (center or desk.center).control(terminal.name, KEEP_SUPPLY, values=HOUR)


@pytest.mark.clause(CENTER, "control")
@pytest.mark.title_zh("控制命令的执行结果")
@pytest.mark.known_bad("ncc-done-when-sent")
def test_done_when_confirmed(desk, terminal, check):
    """A control command is done when the terminal has confirmed it, not before."""
    terminal.answer_delay_s = 3.0
    command = keep_supply(desk, terminal)
    desk.wait(1.5)
    check.equal("command before the answer", desk.center.result(command).status, "pending")
    check.equal("command after it", desk.finish(command).status, "done")


@pytest.mark.clause(CENTER, "log")
@pytest.mark.title_zh("控制命令记入日志")
@pytest.mark.known_bad("ncc-control-not-audited")
def test_audit(desk, terminal, check):
    """The trail tells who ordered a control command, of which terminal."""
    desk.finish(keep_supply(desk, terminal))
    desk.wait(1.0)
    lines = [line for line in desk.center.audit(terminal.name) if "control" in line.action]
    check.true("lines of the trail", len(lines) >= 1, observed=len(lines), expected="1 or more")
    check.true("actor", bool(lines[0].actor), observed=lines[0].actor, expected="an account")


@pytest.mark.clause(CENTER, "log")
@pytest.mark.title_zh("日志记录执行结果")
@pytest.mark.known_bad(
    "ncc-audit-without-outcome",
    "ncc-control-not-audited",
    "ncc-denial-taken-for-success",
    "ncc-denial-repeated",
)
def test_audit_of_a_denial(desk, terminal, check):
    """The trail tells that a command was denied."""
    terminal.answers[Afn.CONTROL, KEEP_SUPPLY] = lambda _heard: Reply.DENY
    desk.finish(keep_supply(desk, terminal))
    desk.wait(1.0)
    outcomes = [line.outcome for line in desk.center.audit(terminal.name)]
    check.true(
        "outcomes in the trail",
        any("denied" in outcome for outcome in outcomes),
        observed=outcomes,
        expected="one with denied",
    )


@pytest.mark.clause(CENTER, "authority")
@pytest.mark.title_zh("无权限不得控制")
@pytest.mark.known_bad("ncc-roles-unchecked")
@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_roles(desk, ncc, terminal, check, role):
    """An account that may not control cannot; nothing is sent."""
    allowed = ncc.allowed(role, lambda center: keep_supply(desk, terminal, center))
    desk.wait(2.0)
    check.equal(f"control by {role}", allowed, False)
    check.equal("control commands at the terminal", len(terminal.requests_of(Afn.CONTROL, KEEP_SUPPLY)), 0)


@pytest.mark.clause(CENTER, "authority")
@pytest.mark.title_zh("无权限不得设置参数")
@pytest.mark.known_bad("ncc-roles-unchecked")
def test_roles_of_parameters(desk, ncc, terminal, check):
    """An account that may only look sets no parameters."""
    allowed = ncc.allowed(
        "viewer",
        lambda center: center.set_parameter(terminal.name, TRAFFIC_LIMIT, {"monthly_limit": 1}),
    )
    desk.wait(2.0)
    check.equal("parameters by viewer", allowed, False)
    check.equal("parameters at the terminal", len(terminal.requests_of(Afn.SET_PARAMETERS)), 0)


@pytest.mark.clause(CENTER, "control")
@pytest.mark.title_zh("断线重连后不重复执行控制")
@pytest.mark.known_bad("ncc-control-repeated-after-reconnect", "ncc-done-when-sent")
def test_not_twice_over_a_reconnection(desk, terminal, check):
    """A control command whose answer was lost with the connection is not sent again on the next one."""
    terminal.answers[Afn.CONTROL, KEEP_SUPPLY] = lambda _heard: Reply.SILENCE
    command = keep_supply(desk, terminal)
    desk.wait(2.0)
    terminal.cut()
    desk.wait(2.0)
    terminal.dial()
    terminal.login()
    result = desk.finish(command)
    check.equal("control commands at the terminal", len(terminal.requests_of(Afn.CONTROL, KEEP_SUPPLY)), 1)
    check.equal("command called done", result.ok, False)


@pytest.mark.clause(CENTER, "control")
@pytest.mark.criterion("NCC.STALE_COMMAND")
@pytest.mark.needs("virtual_time")
@pytest.mark.bench_time(700)
@pytest.mark.title_zh("过期控制命令不下发")
@pytest.mark.known_bad("ncc-stale-control-sent")
def test_not_late(desk, ncc, check):
    """A control command for a terminal that is away ends as offline, and is not sent when it comes back later."""
    terminal = ncc.terminal(login=False)
    command = keep_supply(desk, terminal)
    took_s = desk.wait_for(lambda: desk.center.result(command).status != "pending", 900.0)
    check.within("time to the end of the command", 900.0 if took_s is None else took_s, "NCC.STALE_COMMAND")
    check.equal("end of the command", desk.center.result(command).status, "offline")
    terminal.dial()
    terminal.login()
    desk.wait(5.0)
    check.equal("control commands at the terminal", len(terminal.requests_of(Afn.CONTROL, KEEP_SUPPLY)), 0)
