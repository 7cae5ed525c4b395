"""Confirmations of what terminals send, and which octets of theirs are frames at all."""

from __future__ import annotations

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import encode

pytestmark = [pytest.mark.device("ncc"), pytest.mark.link("M3-N1")]

STANDARD = "Q/GDW 1376.1-2013"


@pytest.mark.clause(STANDARD, "4.3.3.2")
@pytest.mark.title_zh("主站确认的控制域")
@pytest.mark.known_bad("ncc-confirms-as-initiator")
def test_confirm_control(desk, terminal, check):
    """The confirmation of data comes down from the responder with link function 0, to the terminal's address."""
    report = terminal.report(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])])
    check.equal("answer to the report", report.said, "confirmed")
    frame = report.answer.frame
    check.equal("control octet", f"{frame.control:02X}H", "00H")
    check.equal("address", str(frame.address), terminal.name)
    check.equal("group flag", frame.address.group, False)


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("CON 为 0 的帧不确认")
@pytest.mark.known_bad("ncc-confirms-unasked")
def test_unconfirmed_report(desk, terminal, check):
    """A report that asks for no confirmation gets none, and is stored."""
    report = terminal.ask(
        terminal.report_frame(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])], confirmed=False), 3.0
    )
    check.equal("answer to a report without CON", report.said, "silence")
    check.equal("values stored", desk.count(terminal), 1)


@pytest.mark.clause(STANDARD, "4.3.3.5")
@pytest.mark.title_zh("校验和错误的帧丢弃")
@pytest.mark.known_bad("ncc-checksum-unchecked")
def test_wrong_checksum(desk, terminal, check):
    """A frame whose checksum is wrong is neither confirmed nor stored."""
    frame = terminal.report_frame(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])])
    octets = bytearray(encode(frame))
    octets[-2] ^= 0x55
    report = terminal.ask_octets(bytes(octets), frame, 3.0)
    check.equal("answer to a frame with a wrong checksum", report.said, "silence")
    check.equal("values stored", desk.count(terminal), 0)


@pytest.mark.clause(STANDARD, "4.3.1")
@pytest.mark.title_zh("帧的分段与粘连")
@pytest.mark.known_bad("ncc-one-frame-a-segment")
def test_cut_and_joined(desk, terminal, check):
    """A frame in two pieces and two frames in one piece are three frames."""
    frames = [
        terminal.report_frame(Afn.HISTORY_DATA, [desk.day(point, [desk.energy()])]) for point in (1, 2, 3)
    ]
    first, second, third = (encode(frame) for frame in frames)
    terminal.send_octets(first[:9])
    desk.wait(0.2)
    terminal.send_octets(first[9:])
    desk.wait(0.2)
    terminal.send_octets(second + third)
    desk.wait(2.0)
    confirmed = sorted(heard.frame.sequence.number for heard in terminal.confirmations[1:])
    check.equal("numbers confirmed", confirmed, sorted(frame.sequence.number for frame in frames))
    check.equal("values stored", desk.count(terminal), 3)


@pytest.mark.clause(STANDARD, "4.3.2")
@pytest.mark.title_zh("帧前的干扰字节")
@pytest.mark.known_bad("ncc-deaf-after-noise")
def test_noise_before_a_frame(desk, terminal, check):
    """Octets that belong to no frame do not cost the next one."""
    terminal.send_octets(bytes.fromhex("00fffe1668aa55"))
    desk.wait(0.5)
    report = terminal.report(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])])
    if not report.confirmed:
        report = terminal.report(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])])
    check.equal("answer to a report behind noise", report.said, "confirmed")
