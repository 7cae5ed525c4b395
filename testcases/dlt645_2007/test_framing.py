"""Frame format: what a meter sends octet by octet, and octets in a request that a careless receiver trips over."""

from __future__ import annotations

import pytest

from rig.protocols.dlt645.frame import Frame, encode
from rig.protocols.dlt645.messages import di_octets, read_data

pytestmark = pytest.mark.link("K8-C1")

STANDARD = "DL/T 645-2007"
ENERGY = 0x00010000
VOLTAGE = 0x02010100
#: reserved identifiers, so that every octet of them can be chosen; how they are refused is judged elsewhere
RESERVED = 0x0E000000


def frame_octets(exchange) -> bytes:
    """Octets of the answering frame, from its first start octet to its end octet; nothing when there is none."""
    octets = exchange.data
    start = octets.find(b"\x68")
    if start < 0 or len(octets) < start + 12:
        return b""
    return octets[start : start + 12 + octets[start + 9]]


@pytest.fixture
def like_any_other(ask, meter, check):
    """Judge that a request is understood: it is answered as any other reserved identifier is."""

    def judge(name, request):
        usual = ask(read_data(meter.address, RESERVED))
        answer = ask(request)
        check.equal(f"{name}: control octet of the answer", f"{answer.control:02X}H", f"{usual.control:02X}H")
        check.equal(f"{name}: data of the answer", answer.data, usual.data)

    return judge


@pytest.mark.clause(STANDARD, "5.2")
@pytest.mark.title_zh("应答仅含前导字节和一帧")
@pytest.mark.known_bad("trailing-octet", "glitch-before-answer")
def test_answer_is_one_frame(meter, check, send):
    """An answer is wake-up octets and one frame, with nothing before, between or after."""
    exchange = send(read_data(meter.address, ENERGY), listen_s=meter.timing.wait_s)
    octets = exchange.data
    body = octets.lstrip(b"\xfe")
    check.true("octets received", bool(body), observed=octets, expected="a frame")
    check.equal("first start octet", body[:1], b"\x68")
    check.equal("second start octet", body[7:8], b"\x68")
    check.equal("octets after the wake-up", len(body), 12 + body[9], unit="octets")
    check.equal("end octet", body[-1:], b"\x16")


@pytest.mark.clause(STANDARD, "5.3.1")
@pytest.mark.criterion("DLT645.WAKE_UP_OCTETS")
@pytest.mark.title_zh("应答前导字节不超过四个")
@pytest.mark.known_bad("many-wake-up-octets")
def test_answer_wake_up_octets(ask, meter, check):
    """At most four wake-up octets precede an answer."""
    check.within("wake-up octets", ask(read_data(meter.address, ENERGY)).preamble, "DLT645.WAKE_UP_OCTETS")


@pytest.mark.clause(STANDARD, "5.2.3")
@pytest.mark.title_zh("正常应答的控制码")
@pytest.mark.known_bad("control-bits-left")
def test_answer_control(ask, meter, check, declared):
    """A complete normal answer has D7 set, D6 and D5 clear, and repeats the function code."""
    for di in declared(ENERGY, 0x04000102, 0x04000405):
        answer = ask(read_data(meter.address, di))
        check.equal(f"control octet of {di:08X}", f"{answer.control:02X}H", "91H")


@pytest.mark.clause(STANDARD, "7.1")
@pytest.mark.title_zh("读应答回送所请求的数据标识")
@pytest.mark.known_bad("identifier-reversed")
def test_answer_identifier(meter, check, send, declared):
    """A read answer begins with the identifier that was asked for, DI0 first."""
    for di in declared(ENERGY, VOLTAGE, 0x04000404):
        frame = send(read_data(meter.address, di)).frame
        check.true(f"answer to {di:08X}", frame is not None, observed="silence", expected="a frame")
        check.equal(f"identifier of {di:08X}", frame.data[:4], di_octets(di))


@pytest.mark.clause(STANDARD, "5.2.6")
@pytest.mark.title_zh("应答校验码覆盖全部数据")
@pytest.mark.known_bad("checksum-of-text-short")
def test_answer_checksum(meter, send, check):
    """The checksum of an answer is the sum of all octets from the first start octet on."""
    for di in (ENERGY, VOLTAGE, 0x04000101, 0x04000401, 0x04800001):
        body = frame_octets(send(read_data(meter.address, di), listen_s=meter.timing.wait_s))
        check.true(f"answer to {di:08X}", len(body) > 12, observed=body, expected="a frame")
        check.equal(f"checksum of {di:08X}", body[-2:-1], bytes((sum(body[:-2]) & 0xFF,)))


@pytest.mark.clause(STANDARD, "5.2.7")
@pytest.mark.title_zh("请求数据中的 16H 不是结束符")
@pytest.mark.known_bad("receiver-stops-at-end-octet")
def test_request_data_with_end_octet(meter, like_any_other):
    """16H in the data of a request does not end the frame."""
    request = read_data(meter.address, RESERVED | 0xE3)
    assert b"\x16" in encode(request)[10:-2]
    like_any_other("request with 16H in its data", request)


@pytest.mark.clause(STANDARD, "5.2.7")
@pytest.mark.title_zh("数据与校验码均含 16H 的请求")
@pytest.mark.known_bad("receiver-stops-at-end-octet")
def test_request_with_several_end_octets(meter, like_any_other):
    """A request with 16H as data and as checksum ends with the last one."""
    request = next(
        frame
        for frame in (read_data(meter.address, RESERVED | 0xE3 << 8 | low) for low in range(256))
        if encode(frame)[-2] == 0x16
    )
    like_any_other("request with 16H in data and checksum", request)


@pytest.mark.clause(STANDARD, "5.2.1")
@pytest.mark.title_zh("请求数据中的 68H 不是起始符")
@pytest.mark.known_bad("receiver-restarts-at-start-octet")
def test_request_data_with_start_octet(meter, like_any_other):
    """68H in the data of a request does not start another frame."""
    request = read_data(meter.address, RESERVED | 0x35)
    assert b"\x68" in encode(request)[10:-2]
    like_any_other("request with 68H in its data", request)


@pytest.mark.clause(STANDARD, "5.3.1")
@pytest.mark.title_zh("请求数据中的 FEH 不是前导字节")
@pytest.mark.known_bad("receiver-drops-wake-up-octets")
def test_request_data_with_wake_up_octet(meter, like_any_other):
    """FEH in the data of a request belongs to the data."""
    request = read_data(meter.address, RESERVED | 0xCB)
    assert b"\xfe" in encode(request)[10:-2]
    like_any_other("request with FEH in its data", request)


@pytest.mark.clause(STANDARD, "5.2.5")
@pytest.mark.title_zh("加减 33H 按模 256 进行")
@pytest.mark.known_bad("receiver-drops-zero-octets")
def test_request_data_offset_wraps(meter, like_any_other):
    """33H is subtracted modulo 256: an octet that travels as 00H is CDH."""
    request = read_data(meter.address, RESERVED | 0xCD)
    assert b"\x00" in encode(request)[10:-2]
    like_any_other("request with 00H in its data", request)


@pytest.mark.clause(STANDARD, "5.3.2")
@pytest.mark.title_zh("数据低字节先传")
@pytest.mark.known_bad("octets-reversed", "address-item-stale")
def test_octet_order(meter, send, check):
    """Data travel low octet first: the address item equals the address field of the frame."""
    body = frame_octets(send(read_data(meter.address, 0x04000401), listen_s=meter.timing.wait_s))
    check.true("answer", len(body) == 22, observed=body, expected="22 octets")
    item = bytes((octet - 0x33) & 0xFF for octet in body[14:20])
    check.equal("address item", item, body[1:7])


@pytest.mark.clause(STANDARD, "5.2.4")
@pytest.mark.title_zh("应答数据域长度不超过 200")
@pytest.mark.requires("option:follow-up")
@pytest.mark.criterion("DLT645.READ_LENGTH")
@pytest.mark.known_bad("oversize-answer")
def test_answer_length(meter, ask, check):
    """No answer carries more than 200 octets of data."""
    for di in (0x0001FF00, 0x0001FFFF, 0x0101FFFF, 0x04010000):
        answer = ask(read_data(meter.address, di))
        check.within(f"length of the answer to {di:08X}", len(answer.data), "DLT645.READ_LENGTH")


@pytest.mark.clause(STANDARD, "5.2.3")
@pytest.mark.title_zh("不应答从站方向的帧")
@pytest.mark.known_bad("answers-slave-frames")
def test_slave_frame_not_answered(meter, silent):
    """A frame with the direction bit of a slave is no request."""
    request = read_data(meter.address, ENERGY)
    silent("answer to a slave's frame", encode(Frame(request.address, request.control | 0x80, request.data)))


@pytest.mark.clause(STANDARD, "5.3.1")
@pytest.mark.title_zh("无前导字节的请求")
@pytest.mark.known_bad("needs-wake-up-octets")
def test_request_without_wake_up(meter, check):
    """A request without any wake-up octet is answered."""
    exchange = meter.send_raw(encode(read_data(meter.address, ENERGY)))
    check.true(
        "answer without wake-up octets",
        exchange.frame is not None,
        observed=exchange.data,
        expected="a frame",
    )


@pytest.mark.clause(STANDARD, "5.3.1")
@pytest.mark.title_zh("任意个数前导字节的请求")
@pytest.mark.criterion("DLT645.WAKE_UP_ACCEPTED")
@pytest.mark.known_bad("bears-few-wake-up-octets")
def test_request_with_many_wake_up_octets(meter, check, limit):
    """A request with any number of wake-up octets is answered."""
    for count in range(1, int(limit("DLT645.WAKE_UP_ACCEPTED")) + 1):
        exchange = meter.send_raw(b"\xfe" * count + encode(read_data(meter.address, ENERGY)))
        check.true(
            f"answer after {count} wake-up octets",
            exchange.frame is not None,
            observed=exchange.data,
            expected="a frame",
        )
