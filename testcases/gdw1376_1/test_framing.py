"""Frames on the connection: what a terminal sends octet by octet, and octets that a careless receiver trips over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Frame, checksum
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [pytest.mark.device("concentrator"), pytest.mark.link("M3-N1")]

STANDARD = "Q/GDW 1376.1-2013"
CLOCK, COUNTERS = 2, 7


def clock_request(tester, **options) -> Frame:
    return tester.frame(Afn.REALTIME_DATA, identifiers([0], [CLOCK]), **options)


@pytest.fixture
def alive(tester, check):
    """Show that the terminal answers a plain request."""

    def judge(name):
        answer = tester.read([0], [CLOCK])
        check.equal(f"{name}: answer to a read of the clock", answer.said, "data of AFN 0C")

    return judge


@pytest.fixture
def ignored(tester, check, alive):
    """Show that the terminal is alive, that it does not answer these octets, and that it is alive after them."""

    def judge(name, octets):
        alive("before")
        check.equal(name, tester.octets(octets).said, "silence")
        alive("after")

    return judge


@pytest.mark.clause(STANDARD, "4.3.1")
@pytest.mark.title_zh("应答仅含一帧")
@pytest.mark.known_bad("terminal-octets-after-frame")
def test_answer_is_one_frame(tester, check):
    """An answer is one frame, with nothing before it or after it."""
    octets = tester.ask(Afn.CONFIGURATION, identifiers([0], [7])).octets
    check.true("octets received", len(octets) >= 20, observed=octets, expected="a frame")
    check.equal("start octets", octets[:1] + octets[5:6], b"\x68\x68")
    length = int.from_bytes(octets[1:3], "little") >> 2
    check.equal("octets of the answer", len(octets), length + 8, unit="octets")
    check.equal("end octet", octets[-1:], b"\x16")


@pytest.mark.clause(STANDARD, "4.3.3.1")
@pytest.mark.title_zh("长度字及协议标识位")
@pytest.mark.known_bad("terminal-length-without-protocol-bits")
def test_answer_length_word(tester, check):
    """Both length words are equal; the lowest two bits name this protocol, the others count the user data."""
    octets = tester.ask(Afn.CONFIGURATION, identifiers([0], [2])).octets
    check.true("octets received", len(octets) >= 20, observed=octets, expected="a frame")
    check.equal("second length word", octets[3:5], octets[1:3])
    check.equal("length word", int.from_bytes(octets[1:3], "little"), (len(octets) - 8) << 2 | 2)


@pytest.mark.clause(STANDARD, "4.3.3.5")
@pytest.mark.title_zh("应答校验和覆盖全部用户数据")
@pytest.mark.known_bad("terminal-checksum-short")
def test_answer_checksum(tester, check):
    """The checksum of an answer is the sum of all octets of its user data."""
    octets = tester.ask(Afn.CONFIGURATION, identifiers([0], [3])).octets
    check.true("octets received", len(octets) >= 20, observed=octets, expected="a frame")
    check.equal("checksum", octets[-2], checksum(octets[6:-2]))


@pytest.mark.clause(STANDARD, "4.3.2")
@pytest.mark.title_zh("校验和错误的帧不应答")
@pytest.mark.known_bad("terminal-checksum-unchecked")
def test_wrong_checksum(tester, ignored):
    """A frame with a wrong checksum is dropped in silence."""
    octets = bytearray(tester.encode(clock_request(tester)))
    octets[-2] ^= 0x01
    ignored("answer to a wrong checksum", bytes(octets))


@pytest.mark.clause(STANDARD, "4.3.2")
@pytest.mark.title_zh("结束符错误的帧不应答")
@pytest.mark.known_bad("terminal-end-octet-unchecked")
def test_wrong_end_octet(tester, ignored):
    """A frame without 16H at its end is dropped in silence."""
    ignored("answer to a wrong end octet", tester.encode(clock_request(tester))[:-1] + b"\x17")


@pytest.mark.clause(STANDARD, "4.3.3.1")
@pytest.mark.title_zh("两个长度字不一致的帧不应答")
@pytest.mark.known_bad("terminal-second-length-unchecked")
def test_length_words_differ(tester, ignored):
    """A frame whose two length words differ is dropped in silence."""
    octets = bytearray(tester.encode(clock_request(tester)))
    octets[3] ^= 0x04
    ignored("answer to differing length words", bytes(octets))


@pytest.mark.clause(STANDARD, "4.3.3.1")
@pytest.mark.title_zh("协议标识不符的帧不应答")
@pytest.mark.known_bad("terminal-protocol-bits-unchecked")
@pytest.mark.parametrize("bits", [0, 1, 3])
def test_other_protocol_bits(tester, ignored, bits):
    """A frame whose length word names another protocol is dropped in silence."""
    frame = replace(clock_request(tester), protocol=bits)
    ignored(f"answer to protocol bits {bits}", tester.encode(frame))


@pytest.mark.clause(STANDARD, "4.3.1")
@pytest.mark.title_zh("帧前的 FEH 前导字节")
@pytest.mark.known_bad("terminal-preamble-not-skipped")
def test_preamble(tester, check):
    """FEH octets before a frame do not keep it from being understood."""
    answer = tester.octets(b"\xfe" * 4 + tester.encode(clock_request(tester)))
    check.equal("answer to a frame behind four FEH", answer.said, "data of AFN 0C")


@pytest.mark.clause(STANDARD, "4.3.2")
@pytest.mark.title_zh("一个数据段内的两帧")
@pytest.mark.known_bad("terminal-second-frame-of-segment-lost")
def test_sticky_segments(tester, check):
    """A request right behind a confirmation, in one segment, is answered."""
    confirmation = Frame(replace(tester.address, master=0), 0x0B, Afn.CONFIRM, 0x60, identifiers([0], [1]))
    answer = tester.octets(tester.encode(confirmation) + tester.encode(clock_request(tester)))
    check.equal("answer to the second frame", answer.said, "data of AFN 0C")


@pytest.mark.clause(STANDARD, "4.3.2")
@pytest.mark.title_zh("一帧分成多个数据段")
@pytest.mark.known_bad("terminal-cut-segment-lost")
def test_cut_segments(tester, check):
    """A request that arrives in three segments is answered."""
    octets = tester.encode(clock_request(tester))
    tester.octets(octets[:3], listen_s=0.2)
    tester.octets(octets[3:15], listen_s=0.2)
    check.equal("answer to a request in pieces", tester.octets(octets[15:]).said, "data of AFN 0C")


@pytest.mark.clause(STANDARD, "4.3.2")
@pytest.mark.title_zh("帧前的噪声及 68H")
@pytest.mark.known_bad("terminal-not-resynchronised")
def test_noise_before_frame(tester, check):
    """Noise with start octets in it, right before a request, does not keep the request from being answered."""
    noise = bytes.fromhex("68001668680A016868")
    answer = tester.octets(noise + tester.encode(clock_request(tester)))
    check.equal("answer to a request behind noise", answer.said, "data of AFN 0C")


@pytest.mark.clause(STANDARD, "4.3.2")
@pytest.mark.title_zh("残帧之后仍能通信")
@pytest.mark.known_bad("terminal-waits-for-rest-forever")
def test_unfinished_frame(tester, check):
    """A frame that ends too early does not hold up the terminal for longer than a minute."""
    word = (16000 << 2 | 2).to_bytes(2, "little")
    tester.octets(b"\x68" + word + word + b"\x68" + bytes(40), listen_s=60.0)
    first = tester.read([0], [CLOCK])
    # the first request may still be taken for the rest of the frame
    answer = first if first.frames else tester.read([0], [CLOCK])
    check.equal("answer after an unfinished frame", answer.said, "data of AFN 0C")


@pytest.mark.clause(STANDARD, "4.3.2")
@pytest.mark.title_zh("不应答相似规约的帧")
@pytest.mark.known_bad("terminal-answers-look-alikes")
@pytest.mark.parametrize(
    "octets", ["680C00400118010102E84516", "68AAAAAAAAAAAA681300DF16", "6803036853FE50A116"]
)
def test_look_alike_protocols(ignored, octets):
    """Frames of the Southern Grid local module, of DL/T 645 and of M-Bus are dropped in silence."""
    ignored("answer to a frame of another protocol", bytes.fromhex(octets))


@pytest.mark.clause(STANDARD, "4.3.1")
@pytest.mark.title_zh("用户数据中的 68H 与 16H")
@pytest.mark.known_bad("terminal-stops-at-end-octet")
def test_end_octet_in_data(tester, check, keep_parameter):
    """16H and 68H in the data of a request neither end nor begin a frame."""
    keep_parameter(29, 1)
    values = {"number": "\\x16h\\x16h"}
    answer = tester.set(Content(1, 29, values))
    check.true("confirmation", answer.accepted or answer.refused, observed=answer.said, expected="an answer")


@pytest.mark.clause(STANDARD, "4.3.3.2")
@pytest.mark.title_zh("不应答上行方向的帧")
@pytest.mark.known_bad("terminal-answers-uplink-frames")
def test_uplink_frame(tester, ignored):
    """A frame with the direction bit of a terminal is no request."""
    request = clock_request(tester)
    ignored("answer to an uplink frame", tester.encode(replace(request, control=request.control | 0x80)))


@pytest.mark.clause(STANDARD, "4.3.3.3")
@pytest.mark.title_zh("不应答其他终端地址的帧")
@pytest.mark.known_bad("terminal-address-unchecked")
@pytest.mark.inspection_item("01002")
def test_other_terminal(tester, ignored):
    """A frame for another terminal of the same region is not answered."""
    other = replace(tester.address, terminal=tester.address.terminal % 65000 + 1)
    ignored("answer to another terminal's frame", tester.encode(clock_request(tester, address=other)))


@pytest.mark.clause(STANDARD, "4.3.3.3")
@pytest.mark.title_zh("不应答其他行政区划的帧")
@pytest.mark.known_bad("terminal-region-unchecked")
@pytest.mark.inspection_item("01002")
def test_other_region(tester, ignored):
    """A frame for the same number in another region is not answered."""
    region = f"{(int(tester.address.region) + 1) % 10000:04d}"
    other = replace(tester.address, region=region)
    ignored("answer to another region's frame", tester.encode(clock_request(tester, address=other)))
