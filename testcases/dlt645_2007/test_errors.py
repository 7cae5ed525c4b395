"""Error control: faulty frames are dropped in silence, impossible requests are refused with the right bit."""

from __future__ import annotations

import pytest

from rig.protocols.dlt645.frame import Frame, encode
from rig.protocols.dlt645.messages import change_baud, credential_octets, di_octets, read_data, write_data

pytestmark = pytest.mark.link("K8-C1")

STANDARD = "DL/T 645-2007"
ENERGY = 0x00010000


def good(meter) -> bytearray:
    """Octets of a good read request, to be spoilt."""
    return bytearray(encode(read_data(meter.address, ENERGY)))


def with_checksum(body: bytes) -> bytes:
    """A body from the first start octet on, closed with its checksum and end octet."""
    return bytes(body) + bytes((sum(body) & 0xFF, 0x16))


@pytest.mark.clause(STANDARD, "5.3.4")
@pytest.mark.title_zh("校验码错误的请求不应答")
@pytest.mark.known_bad("checksum-not-checked", "answers-before-end")
def test_wrong_checksum(meter, silent):
    """A request with a wrong checksum is not answered."""
    request = good(meter)
    request[-2] ^= 0x01
    silent("answer to a wrong checksum", bytes(request))


@pytest.mark.clause(STANDARD, "5.3.4")
@pytest.mark.title_zh("结束符错误的请求不应答")
@pytest.mark.known_bad("end-octet-not-checked", "answers-before-end")
def test_wrong_end_octet(meter, silent):
    """A request that does not end with 16H is not answered."""
    request = good(meter)
    request[-1] = 0x17
    silent("answer to a wrong end octet", bytes(request))


@pytest.mark.clause(STANDARD, "5.3.4")
@pytest.mark.title_zh("第二起始符错误的请求不应答")
@pytest.mark.known_bad("second-start-not-checked")
def test_wrong_second_start(meter, silent):
    """A request without the second start octet is not answered."""
    request = good(meter)[:-2]
    request[7] = 0x69
    silent("answer to a wrong second start octet", with_checksum(request))


@pytest.mark.clause(STANDARD, "5.3.4")
@pytest.mark.title_zh("截断的请求不应答")
@pytest.mark.known_bad("answers-before-end")
def test_truncated_request(meter, silent):
    """A request that stops before checksum and end octet is not answered."""
    silent("answer to a truncated request", bytes(good(meter)[:-2]))


@pytest.mark.clause(STANDARD, "5.3.4")
@pytest.mark.title_zh("长度域过大的请求不应答")
@pytest.mark.known_bad("length-not-checked", "answers-before-end")
def test_length_too_large(meter, silent):
    """A request whose length octet exceeds its data is not answered."""
    request = good(meter)[:-2]
    request[9] += 2
    silent("answer to a length too large", with_checksum(request))


@pytest.mark.clause(STANDARD, "5.3.4")
@pytest.mark.title_zh("长度域过小的请求不应答")
@pytest.mark.known_bad("length-not-checked", "answers-before-end")
def test_length_too_small(meter, silent):
    """A request whose length octet is smaller than its data is not answered."""
    request = good(meter)[:-2]
    request[9] -= 1
    silent("answer to a length too small", with_checksum(request))


@pytest.mark.clause(STANDARD, "5.3.4")
@pytest.mark.title_zh("请求前的干扰字节")
@pytest.mark.known_bad("deaf-after-noise")
def test_noise_before_request(meter, check):
    """A request right after noise is answered."""
    for noise in (b"\x00", b"\xff\x00\x55", bytes(range(0x70, 0x80))):
        exchange = meter.send_raw(noise + meter.wake_up + bytes(good(meter)))
        check.true(
            f"answer after noise {noise.hex()}",
            exchange.frame is not None,
            observed=exchange.data,
            expected="a frame",
        )


@pytest.mark.clause(STANDARD, "5.3.4")
@pytest.mark.title_zh("请求前多余的 68H")
@pytest.mark.known_bad("no-resynchronisation")
def test_stray_start_octet(meter, check):
    """A stray 68H costs at most the request behind it: that one or its repetition is answered."""
    exchange = meter.send_raw(b"\x68" + meter.wake_up + bytes(good(meter)))
    if exchange.frame is None:
        exchange = meter.send_raw(meter.wake_up + bytes(good(meter)))
    check.true(
        "answer after a stray 68H",
        exchange.frame is not None,
        observed=exchange.data,
        expected="a frame",
    )


@pytest.mark.clause(STANDARD, "5.3.4")
@pytest.mark.title_zh("错误帧之后的请求")
@pytest.mark.known_bad("stuck-after-error")
def test_request_after_faulty_frame(meter, check):
    """A faulty frame does not keep the meter from answering the next request."""
    request = good(meter)
    request[-2] ^= 0x80
    for number in range(3):
        meter.send_raw(meter.wake_up + bytes(request))
        exchange = meter.send_raw(meter.wake_up + bytes(good(meter)))
        check.true(
            f"answer after {number + 1} faulty frames",
            exchange.frame is not None,
            observed=exchange.data,
            expected="a frame",
        )


@pytest.mark.clause(STANDARD, "5.2.3")
@pytest.mark.title_zh("未定义的功能码不得正常应答")
@pytest.mark.known_bad("answers-any-function")
def test_reserved_function(meter, check, send):
    """A reserved function code gets no normal answer."""
    meter.read(ENERGY)
    answer = send(Frame(meter.address, 0x0D, di_octets(ENERGY))).frame
    observed = "silence" if answer is None else f"{answer.control:02X}H"
    check.true(
        "answer to function 0DH",
        answer is None or answer.abnormal,
        observed=observed,
        expected="silence or CDH",
    )


@pytest.mark.clause(STANDARD, "5.2.4")
@pytest.mark.title_zh("数据标识不完整的读请求")
@pytest.mark.known_bad("short-identifier-padded")
def test_short_identifier(meter, check, send):
    """A read with three octets of identifier gets no normal answer."""
    meter.read(ENERGY)
    answer = send(Frame(meter.address, 0x11, di_octets(ENERGY)[:3])).frame
    observed = "silence" if answer is None else f"{answer.control:02X}H"
    check.true(
        "answer to a short identifier",
        answer is None or answer.abnormal,
        observed=observed,
        expected="silence or D1H",
    )


@pytest.mark.clause(STANDARD, "C.2")
@pytest.mark.title_zh("读无效数据标识 ERR bit1")
@pytest.mark.known_bad(
    "unknown-item-other-error",
    "unknown-item-silent",
    "unknown-item-zero",
    "error-octet-raw",
)
def test_read_unknown_item(meter, abnormal):
    """Reading an identifier that does not exist is refused with bit 1: no requested data."""
    for di in (0x0E0E0E0E, 0x02FE0000, 0x04FE0101):
        abnormal(f"read of {di:08X}", read_data(meter.address, di), 0x02)


@pytest.mark.clause(STANDARD, "C.2")
@pytest.mark.needs("password:4")
@pytest.mark.title_zh("写无效数据标识被拒绝")
@pytest.mark.known_bad("write-unknown-accepted")
def test_write_unknown_item(meter, check, credentials):
    """Writing an identifier that does not exist is refused."""
    check.refused("write of 04FE0101", lambda: meter.write_raw(0x04FE0101, b"\x00", credentials(4)))


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.needs("password:4")
@pytest.mark.title_zh("只读数据不可写")
@pytest.mark.known_bad("read-only-writable")
def test_write_read_only_item(meter, check, credentials):
    """Writing an energy register is refused."""
    before = meter.read(ENERGY).data
    check.refused("write of 00010000", lambda: meter.write_raw(ENERGY, b"\x00\x00\x00\x00", credentials(4)))
    check.equal("register afterwards", meter.read(ENERGY).data, before)


@pytest.mark.clause(STANDARD, "C.2")
@pytest.mark.needs("password:4")
@pytest.mark.title_zh("非法日期被拒绝 ERR bit0")
@pytest.mark.known_bad("impossible-date-accepted")
def test_impossible_date(meter, check, credentials, meter_clock):
    """A date that does not exist is refused with bit 0, and the clock keeps its date."""
    before = meter_clock.set_quiet()
    check.refused(
        "month 13",
        lambda: meter.write_raw(0x04000101, b"\x01\x15\x13\x26", credentials(4)),
        bits=0x01,
    )
    check.equal("date afterwards", meter.read_clock().date().isoformat(), before.date().isoformat())


@pytest.mark.clause(STANDARD, "C.2")
@pytest.mark.needs("password:4")
@pytest.mark.title_zh("密码错误 ERR bit2")
@pytest.mark.known_bad("wrong-password-other-error")
def test_wrong_password_bit(meter, abnormal, keep, credentials, wrong):
    """A write with a wrong password is refused with bit 2."""
    data = keep(0x0400040E)
    right = credentials(4)
    abnormal("write with a wrong password", write_data(meter.address, 0x0400040E, data, wrong(right)), 0x04)
    meter.write_raw(0x0400040E, data, right)


@pytest.mark.clause(STANDARD, "C.2")
@pytest.mark.title_zh("不支持的速率 ERR bit3")
@pytest.mark.known_bad("baud-refusal-other-error", "reserved-baud-accepted")
def test_baud_refusal(meter, abnormal):
    """A baud word with the reserved bit 0 is refused with bit 3."""
    request = change_baud(meter.address, 2400)
    abnormal("baud word 01H", Frame(request.address, request.control, b"\x01"), 0x08)


@pytest.mark.clause(STANDARD, "C.2")
@pytest.mark.needs("password:4")
@pytest.mark.requires("option:tariffs")
@pytest.mark.title_zh("年时区数超 ERR bit4")
@pytest.mark.criterion("DLT645.ZONES")
@pytest.mark.known_bad("zones-unlimited")
def test_zones_exceeded(meter, abnormal, keep, credentials, limit):
    """More than 14 year time zones are refused with bit 4."""
    keep(0x04000201)
    too_many = bcd(limit("DLT645.ZONES") + 1)
    abnormal("zones beyond the limit", write_data(meter.address, 0x04000201, too_many, credentials(4)), 0x10)


@pytest.mark.clause(STANDARD, "C.2")
@pytest.mark.needs("password:4")
@pytest.mark.requires("option:tariffs")
@pytest.mark.title_zh("日时段数超 ERR bit5")
@pytest.mark.criterion("DLT645.DAY_PERIODS")
@pytest.mark.known_bad("periods-unlimited")
def test_periods_exceeded(meter, abnormal, keep, credentials, limit):
    """More than 14 periods a day are refused with bit 5."""
    keep(0x04000203)
    too_many = bcd(limit("DLT645.DAY_PERIODS") + 1)
    abnormal(
        "periods beyond the limit",
        write_data(meter.address, 0x04000203, too_many, credentials(4)),
        0x20,
    )


@pytest.mark.clause(STANDARD, "C.2")
@pytest.mark.needs("password:4")
@pytest.mark.requires("option:tariffs")
@pytest.mark.title_zh("费率数超 ERR bit6")
@pytest.mark.criterion("DLT645.TARIFFS")
@pytest.mark.known_bad("tariffs-unlimited")
def test_tariffs_exceeded(meter, abnormal, keep, credentials, limit):
    """More than 63 tariffs are refused with bit 6."""
    keep(0x04000204)
    too_many = bcd(limit("DLT645.TARIFFS") + 1)
    abnormal(
        "tariffs beyond the limit",
        write_data(meter.address, 0x04000204, too_many, credentials(4)),
        0x40,
    )


@pytest.mark.clause(STANDARD, "5.2.4")
@pytest.mark.needs("password:4")
@pytest.mark.title_zh("数据长度不符的写请求")
@pytest.mark.known_bad("short-write-accepted")
def test_short_write(meter, check, keep, credentials, send):
    """A write with too few octets for its item gets no normal answer and changes nothing."""
    before = keep(0x0400040E)
    data = di_octets(0x0400040E) + credential_octets(credentials(4)) + b"\x77\x77"
    answer = send(Frame(meter.address, 0x14, data)).frame
    observed = "silence" if answer is None else f"{answer.control:02X}H"
    check.true(
        "answer to a short write",
        answer is None or answer.abnormal,
        observed=observed,
        expected="D4H",
    )
    check.equal("customer number afterwards", meter.read(0x0400040E).data, before)


def bcd(number: float) -> bytes:
    """One octet BCD of 0..99."""
    return bytes.fromhex(f"{int(number):02d}")
