"""Rules of the link layer that every answer keeps: control, R, sequence, addresses, length, checksum, time, characters."""

from __future__ import annotations

import pytest

from rig.protocols.gdw1376_2.information import UpInformation

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
QUERY = 0x03
#: functions that need no node and that a module is rarely asked for: request data by function
RARE = {
    (QUERY, 2): b"",
    (QUERY, 3): b"\x01\x01",
    (QUERY, 6): b"\x01",
    (0x10, 3): b"\x01\x00\x00\x00\x00\x99",
}
#: sequences with something special about them: ends of the range, octets of the framing, both nibbles in use
SEQUENCES = (0x00, 0x01, 0x0F, 0x10, 0x16, 0x5A, 0x68, 0x7F, 0x80, 0xA5, 0xFF)


@pytest.mark.clause(STANDARD, "sequence")
@pytest.mark.title_zh("应答回送请求的序列号")
@pytest.mark.known_bad("module-sequence-of-seven-bits")
def test_sequence_is_echoed(station, check):
    """An answer echoes the sequence of its request, whatever its value."""
    for sequence in SEQUENCES:
        answers = station.raw(station.octets(QUERY, 1, sequence=sequence))
        check.equal(
            f"sequence of the answer to {sequence:02X}H",
            [f"{frame.sequence:02X}H" for frame in answers],
            [f"{sequence:02X}H"],
        )


@pytest.mark.clause(STANDARD, "sequence")
@pytest.mark.title_zh("相同序列号的重发请求")
@pytest.mark.known_bad("module-drops-repeated-sequence")
def test_repeated_sequence_is_answered(station, check):
    """A request that is sent again with the same sequence, because its answer was lost, is answered again."""
    octets = station.octets(QUERY, 4, sequence=0x21)
    for attempt in ("first", "second"):
        check.equal(f"answers the {attempt} time", len(station.raw(octets)), 1, unit="count")


@pytest.mark.clause(STANDARD, "control")
@pytest.mark.title_zh("应答的方向位与启动标志位")
@pytest.mark.known_bad("module-answers-as-initiator")
def test_control_of_answers(station, check, limit):
    """An answer goes upward and does not initiate: DIR is set, PRM is not."""
    for (afn, fn), data in RARE.items():
        octets = station.octets(afn, fn, data)
        heard = station.session.send_raw(octets, listen_s=limit("ANSWER_TIME")).data
        check.true(f"answer to {afn:02X}F{fn}", len(heard) > 3, observed=heard, expected="a frame")
        check.equal(f"DIR and PRM of the answer to {afn:02X}F{fn}", f"{heard[3] & 0xC0:02X}H", "80H")


@pytest.mark.clause(STANDARD, "control")
@pytest.mark.title_zh("应答的通信方式")
@pytest.mark.known_bad("module-answers-in-mode-zero")
def test_mode_of_answers(station, check):
    """An answer carries the communication mode of its request."""
    for (afn, fn), data in RARE.items():
        answers = station.raw(station.octets(afn, fn, data), all_frames=True)
        check.equal(
            f"mode of the answer to {afn:02X}F{fn}",
            [frame.mode for frame in answers],
            [station.session.host.mode],
        )


@pytest.mark.clause(STANDARD, "information")
@pytest.mark.title_zh("应答信息域备用位为零")
@pytest.mark.known_bad("module-leaves-request-in-information")
def test_spare_bits_of_answers(station, check):
    """Spare bits of the information field of an answer are zero, also when the request used those places."""
    octets = station.octets(QUERY, 1, expected_reply_octets=0x28, rate=0x32)
    for frame in station.raw(octets):
        spare = frame.information.spare if isinstance(frame.information, UpInformation) else b"?"
        check.equal("spare bits", spare, bytes(6))


@pytest.mark.clause(STANDARD, "addresses")
@pytest.mark.title_zh("无地址域请求的应答")
@pytest.mark.known_bad("module-adds-addresses")
def test_answer_without_addresses(station, check):
    """An answer to a request without addresses carries none."""
    for (afn, fn), data in RARE.items():
        for frame in station.raw(station.octets(afn, fn, data)):
            check.true(
                f"address field of the answer to {afn:02X}F{fn}",
                frame.addresses is None,
                observed=frame.addresses,
                expected="none",
            )


@pytest.mark.clause(STANDARD, "identification")
@pytest.mark.title_zh("应答的数据单元标识")
@pytest.mark.known_bad("module-answers-with-another-unit")
def test_unit_of_answers(station, check):
    """An answer is of the data unit that was asked for, or a denial."""
    for (afn, fn), data in RARE.items():
        name = f"{afn:02X}F{fn}"
        answers = [
            f"{frame.afn:02X}F{frame.fn}"
            for frame in station.raw(station.octets(afn, fn, data), all_frames=True)
        ]
        check.true(
            f"answer to {name}", answers in ([name], ["00F2"]), observed=answers, expected=f"{name} or 00F2"
        )


@pytest.mark.clause(STANDARD, "frame")
@pytest.mark.title_zh("应答为且仅为一帧")
@pytest.mark.known_bad("module-octets-behind-answer")
def test_answer_is_one_frame(station, check, limit):
    """An answer is one frame with nothing before or behind it."""
    for (afn, fn), data in RARE.items():
        heard = station.session.send_raw(station.octets(afn, fn, data), listen_s=limit("ANSWER_TIME")).data
        check.true(f"answer to {afn:02X}F{fn}", len(heard) > 2, observed=heard, expected="a frame")
        check.equal("first octet", heard[:1], b"\x68")
        check.equal("octets", len(heard), int.from_bytes(heard[1:3], "little"), unit="octets")
        check.equal("last octet", heard[-1:], b"\x16")


@pytest.mark.clause(STANDARD, "checksum")
@pytest.mark.title_zh("应答校验和")
@pytest.mark.known_bad("module-checksum-before-sequence")
def test_checksum_of_answers(station, check, limit):
    """The checksum of an answer is the sum of its octets from the control field on, whatever they are."""
    for sequence in SEQUENCES:
        heard = station.session.send_raw(
            station.octets(0x10, 100, sequence=sequence), listen_s=limit("ANSWER_TIME")
        ).data
        check.true("answer", len(heard) > 2, observed=heard, expected="a frame")
        check.equal(
            f"checksum with sequence {sequence:02X}H", f"{heard[-2]:02X}H", f"{sum(heard[3:-2]) & 0xFF:02X}H"
        )


@pytest.mark.clause(STANDARD, "length")
@pytest.mark.title_zh("应答长度域计全帧")
@pytest.mark.known_bad("module-length-without-frame")
def test_length_of_answers(station, check, limit):
    """The length of an answer counts the whole frame, also in a denial."""
    for afn, fn in ((QUERY, 1), (QUERY, 10), (0x04, 90), (0x10, 1)):
        heard = station.session.send_raw(station.octets(afn, fn), listen_s=limit("ANSWER_TIME")).data
        check.true(f"answer to {afn:02X}F{fn}", len(heard) > 2, observed=heard, expected="a frame")
        check.equal(
            f"length of the answer to {afn:02X}F{fn}",
            int.from_bytes(heard[1:3], "little"),
            len(heard),
            unit="octets",
        )


@pytest.mark.clause(STANDARD, "answer-time")
@pytest.mark.criterion("GDW10376_2.ANSWER_TIME")
@pytest.mark.title_zh("本地应答时间小于6秒")
@pytest.mark.known_bad("module-answers-late:7s")
def test_time_of_answers(station, check, limit):
    """Answers that the module gives itself come within the time of the standard."""
    for afn, fn in ((QUERY, 1), (QUERY, 5), (QUERY, 10), (0x10, 1), (0x10, 4), (0x12, 2)):
        answer = station.exchange(station.session.frame(afn, fn), 2 * limit("ANSWER_TIME"))
        check.true(
            f"answer to {afn:02X}F{fn}",
            answer.response_time_s is not None,
            observed="silence",
            expected="an answer",
        )
        check.within(
            f"time to the answer to {afn:02X}F{fn}",
            round(answer.response_time_s, 4),
            "GDW10376_2.ANSWER_TIME",
            uncertainty=answer.timing_uncertainty_s,
        )


@pytest.mark.clause(STANDARD, "character")
@pytest.mark.title_zh("应答字符连续发送")
@pytest.mark.known_bad("module-pauses-between-characters:3ms")
def test_characters_follow_each_other(station, check, limit):
    """The characters of an answer follow each other at the rate of the line, 11 bits each."""
    exchange = station.exchange(station.session.frame(QUERY, 10))
    bursts = exchange.received
    check.true("answer", bool(bursts), observed="silence", expected="a frame")
    octets = sum(len(burst.data) for burst in bursts)
    took_s = bursts[-1].end_s - bursts[0].start_s
    check.between(
        "time of the answer on the line",
        took_s,
        None,
        octets * limit("CHARACTER_TIME"),
        unit="s",
        uncertainty=2 * exchange.timing_uncertainty_s,
    )


@pytest.mark.clause(STANDARD, "00F1")
@pytest.mark.title_zh("确认帧的状态字")
@pytest.mark.known_bad("module-confirms-as-not-handled")
def test_confirmation_says_handled(station, check):
    """The confirmation of a command that was carried out says that it was handled."""
    for fn in (2, 3, 2):
        check.equal(f"handled, after 12F{fn}", station.get(0x12, fn)["handled"], 1)


@pytest.mark.clause(STANDARD, "00F1")
@pytest.mark.title_zh("确认帧的等待时间")
@pytest.mark.known_bad("module-confirms-with-endless-wait")
@pytest.mark.criterion("GDW10376_2.ANSWER_TIME")
def test_confirmation_wait(station, check):
    """The confirmation of a command that is done at once asks for no long wait."""
    check.within("wait", station.get(0x12, 2)["wait"], "GDW10376_2.ANSWER_TIME")
