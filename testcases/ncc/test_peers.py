"""Bad peers: those that flood, stall, lie or stay silent are cut off, and nobody else notices."""

from __future__ import annotations

import pytest

from rig.bench.stands.ncc import HEARTBEAT_S
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import encode
from rig.sessions.played_terminal import Reply

pytestmark = [pytest.mark.device("ncc"), pytest.mark.link("M3-N1")]

OWN = "Reference NCC rules"
FLOOD = 4000
#: 68H, L twice for the longest user data there is, 68H
LONGEST_HEADER = bytes.fromhex("68fefffeff68")


@pytest.mark.clause(OWN, "bounds")
@pytest.mark.criterion("NCC.FLOOD", "NCC.CONFIRM")
@pytest.mark.title_zh("报文洪泛")
@pytest.mark.known_bad("ncc-no-rate-bound", "ncc-flood-cuts-everybody")
def test_flood(desk, terminal, check):
    """A terminal that floods is cut off; another is served as ever."""
    beat = encode(terminal.link_frame(3))
    for _ in range(FLOOD):
        terminal.send_octets(beat)
    desk.wait(3.0)
    check.within("frames of the flood confirmed", len(terminal.confirmations), "NCC.FLOOD")
    check.equal("connection of the flooder", terminal.connected, False)
    desk.unharmed(check)


@pytest.mark.clause(OWN, "bounds")
@pytest.mark.criterion("NCC.HALF_FRAME")
@pytest.mark.bench_time(130)
@pytest.mark.title_zh("半帧后停止发送")
@pytest.mark.known_bad("ncc-half-frames-kept")
def test_half_frame(desk, terminal, check):
    """A frame that is not completed costs the connection after a while, not the center."""
    half = encode(terminal.report_frame(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])]))[:20]
    terminal.send_octets(half)
    took_s = desk.wait_for(lambda: not terminal.connected, 120.0)
    check.within("time to the end of the connection", 120.0 if took_s is None else took_s, "NCC.HALF_FRAME")
    desk.unharmed(check)


@pytest.mark.clause(OWN, "bounds")
@pytest.mark.criterion("NCC.HALF_FRAME")
@pytest.mark.bench_time(130)
@pytest.mark.title_zh("逐字节慢速发送")
@pytest.mark.known_bad("ncc-slow-peers-kept", "ncc-half-frames-kept")
def test_slow_sender(desk, terminal, check):
    """A frame whose octets drip is not waited for longer than one that stops."""
    frame = terminal.report_frame(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()] * 5)])
    began_s = desk.clock.now_s()
    for octet in encode(frame)[:24]:
        if terminal.connected:
            terminal.send_octets(bytes((octet,)))
            desk.wait_for(lambda: not terminal.connected, 5.0)
    took_s = desk.clock.now_s() - began_s
    check.equal("connection after two minutes of one frame", terminal.connected, False)
    check.within("time to the end of the connection", took_s, "NCC.HALF_FRAME")
    desk.unharmed(check)


@pytest.mark.clause(OWN, "bounds")
@pytest.mark.criterion("NCC.HALF_FRAME")
@pytest.mark.bench_time(130)
@pytest.mark.title_zh("虚报长度")
@pytest.mark.known_bad("ncc-deaf-after-length-lie", "ncc-half-frames-kept", "ncc-slow-peers-kept")
def test_length_lie(desk, terminal, check):
    """After a header that announces the longest frame the terminal is heard again, or cut off, before a minute is over."""
    terminal.send_octets(LONGEST_HEADER)
    began_s = desk.clock.now_s()
    while desk.clock.now_s() - began_s < 90.0 and terminal.connected:
        frame = terminal.report_frame(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])])
        if terminal.ask(frame, 2.0).confirmed:
            break
        desk.wait(3.0)
    check.within("time to the next answer, or to the end", desk.clock.now_s() - began_s, "NCC.HALF_FRAME")
    desk.unharmed(check)


@pytest.mark.clause(OWN, "sessions")
@pytest.mark.criterion("NCC.IDLE")
@pytest.mark.needs("virtual_time")
@pytest.mark.bench_time(4000)
@pytest.mark.title_zh("半开连接超时")
@pytest.mark.known_bad("ncc-idle-for-ever")
def test_idle(desk, ncc, terminal, check):
    """A terminal that falls silent is offline after a few periods of its heartbeat."""
    terminal.answers[Afn.REALTIME_DATA, 0] = lambda _heard: Reply.SILENCE
    terminal.answers[Afn.REALTIME_DATA, 2] = lambda _heard: Reply.SILENCE
    took_s = desk.wait_for(lambda: not terminal.connected, 4 * HEARTBEAT_S)
    took_s = 4 * HEARTBEAT_S if took_s is None else took_s
    check.within("time to the end of the connection", took_s / HEARTBEAT_S, "NCC.IDLE")
    check.equal("terminal online", ncc.online(terminal), False)


@pytest.mark.clause(OWN, "bounds")
@pytest.mark.criterion("NCC.NO_LOGIN")
@pytest.mark.bench_time(130)
@pytest.mark.title_zh("连接后不登录")
@pytest.mark.known_bad("ncc-no-login-awaited")
def test_no_login(desk, ncc, check):
    """A connection that does not log in is closed."""
    stranger = ncc.stranger()
    stranger.dial()
    took_s = desk.wait_for(lambda: not stranger.connected, 180.0)
    check.within("time to the end of the connection", 180.0 if took_s is None else took_s, "NCC.NO_LOGIN")
    desk.unharmed(check)


@pytest.mark.clause(OWN, "queue")
@pytest.mark.criterion("NCC.READ")
@pytest.mark.title_zh("无应答终端不阻塞其它终端")
@pytest.mark.known_bad("ncc-one-queue-for-all")
def test_silent_terminal_delays_nobody(desk, terminal, ncc, check):
    """A command to a good terminal is answered while another terminal is silent."""
    terminal.answers[Afn.REALTIME_DATA, 129] = lambda _heard: Reply.SILENCE
    desk.read(terminal)
    other = ncc.terminal()
    desk.shows(other, {1: desk.energy()})
    began_s = desk.clock.now_s()
    result = desk.finish(desk.read(other))
    check.within("time to the answer", desk.clock.now_s() - began_s, "NCC.READ")
    check.equal("end of the command", result.status, "done")


@pytest.mark.clause(OWN, "bounds")
@pytest.mark.title_zh("主站方向的报文不接收")
@pytest.mark.known_bad("ncc-obeys-masters")
def test_master_frame_refused(desk, terminal, check):
    """A frame that says it comes from a master is not taken for a report."""
    frame = terminal.report_frame(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])])
    octets = bytearray(encode(frame))
    octets[6] &= 0x7F
    octets[-2] = sum(octets[6:-2]) % 256
    report = terminal.ask_octets(bytes(octets), frame, 3.0)
    check.true(
        "answer to a frame with DIR 0",
        not report.confirmed,
        observed=report.said,
        expected="denied or silence",
    )
    check.equal("values stored", desk.count(terminal), 0)
