"""Timing of the link layer: response delay, gaps inside frames, partial frames."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, encode
from rig.protocols.dlt645.messages import freeze, read_address, read_data

pytestmark = pytest.mark.link("K8-C1")

STANDARD = "DL/T 645-2007"
ENERGY = 0x00010000


def judge_delay(check, name, exchange):
    """Response delay of one exchange against 5.3.3, with the uncertainty of the link."""
    check.true(f"{name}: answer", exchange.frame is not None, observed="silence", expected="a frame")
    uncertainty = exchange.timing_uncertainty_s or None
    check.within(
        f"{name}: response delay",
        round(exchange.response_delay_s, 6),
        "DLT645.RESPONSE_DELAY",
        uncertainty=uncertainty,
    )


@pytest.mark.clause(STANDARD, "5.3.3")
@pytest.mark.criterion("DLT645.RESPONSE_DELAY")
@pytest.mark.title_zh("读数据的应答延时")
@pytest.mark.known_bad("late-answer", "early-answer", "sometimes-late")
def test_response_delay_of_reads(meter, check, send):
    """Reads are answered after 20 to 500 ms, every time."""
    for number in range(12):
        di = (ENERGY, 0x02010100, 0x04000102, 0x04000501)[number % 4]
        judge_delay(check, f"read {number + 1}", send(read_data(meter.address, di)))


@pytest.mark.clause(STANDARD, "5.3.3")
@pytest.mark.criterion("DLT645.RESPONSE_DELAY")
@pytest.mark.title_zh("异常应答的应答延时")
@pytest.mark.known_bad("late-answer", "early-answer", "early-refusal")
def test_response_delay_of_refusals(meter, check, send):
    """Abnormal answers keep the same 20 to 500 ms."""
    for number in range(3):
        exchange = send(read_data(meter.address, 0x0E000000 + number))
        judge_delay(check, f"refusal {number + 1}", exchange)


@pytest.mark.clause(STANDARD, "5.3.3")
@pytest.mark.needs("password:4")
@pytest.mark.criterion("DLT645.RESPONSE_DELAY")
@pytest.mark.title_zh("写数据的应答延时")
@pytest.mark.known_bad("late-answer", "early-answer", "slow-write")
def test_response_delay_of_writes(meter, check, keep, credentials):
    """Writes are answered after 20 to 500 ms, storing included."""
    data = keep(0x0400040E)
    for number in range(3):
        judge_delay(check, f"write {number + 1}", meter.write_raw(0x0400040E, data, credentials(4)))


@pytest.mark.clause(STANDARD, "5.3.3")
@pytest.mark.criterion("DLT645.RESPONSE_DELAY")
@pytest.mark.title_zh("冻结命令和读地址的应答延时")
@pytest.mark.known_bad("late-answer", "early-answer", "slow-freeze")
def test_response_delay_of_commands(meter, check, send):
    """Freeze and read address are answered after 20 to 500 ms."""
    judge_delay(check, "freeze", send(freeze(meter.address)))
    judge_delay(check, "read address", send(read_address()))


@pytest.mark.clause(STANDARD, "5.3.3")
@pytest.mark.criterion("DLT645.BYTE_GAP")
@pytest.mark.title_zh("应答字节间停顿")
@pytest.mark.known_bad("pause-in-answer")
def test_gap_inside_answer(meter, check, send):
    """No gap between the characters of an answer exceeds 500 ms."""
    for di in (0x04000403, 0x0001FF00):
        exchange = send(read_data(meter.address, di), listen_s=3 * meter.timing.wait_s)
        check.true(f"answer to {di:08X}", not exchange.silent, observed="silence", expected="a frame")
        bursts = exchange.received
        gaps = [later.start_s - earlier.end_s for earlier, later in pairwise(bursts)]
        check.within(
            f"longest gap in the answer to {di:08X}",
            round(max(gaps, default=0.0), 6),
            "DLT645.BYTE_GAP",
            uncertainty=exchange.timing_uncertainty_s or None,
        )


@pytest.mark.clause(STANDARD, "5.3.3")
@pytest.mark.criterion("DLT645.REQUEST_GAP_KEPT")
@pytest.mark.title_zh("请求中允许的字节间停顿")
@pytest.mark.known_bad("impatient-receiver")
def test_gap_inside_request_kept(meter, check, limit):
    """A request with a short gap inside is answered."""
    request = meter.wake_up + encode(read_data(meter.address, ENERGY))
    cut = len(meter.wake_up) + 9
    first = meter.send_raw(request[:cut], listen_s=limit("DLT645.REQUEST_GAP_KEPT"))
    check.silence("answer to half a request", first)
    second = meter.send_raw(request[cut:])
    check.true(
        "answer to the whole request",
        second.frame is not None,
        observed=second.data,
        expected="a frame",
    )


@pytest.mark.clause(STANDARD, "5.3.3")
@pytest.mark.criterion("DLT645.REQUEST_GAP_DROPPED")
@pytest.mark.title_zh("超过字节间停顿的半帧应丢弃")
@pytest.mark.known_bad("partial-frame-kept")
def test_partial_frame_dropped(meter, check, limit):
    """After a long gap the beginning of a request is forgotten: its rest alone is not answered."""
    request = meter.wake_up + encode(read_data(meter.address, ENERGY))
    cut = len(meter.wake_up) + 9
    first = meter.send_raw(request[:cut], listen_s=limit("DLT645.REQUEST_GAP_DROPPED"))
    check.silence("answer to half a request", first)
    check.silence("answer to the late rest", meter.send_raw(request[cut:]))


@pytest.mark.clause(STANDARD, "5.3.3")
@pytest.mark.criterion("DLT645.REQUEST_GAP_DROPPED")
@pytest.mark.title_zh("半帧之后的完整请求")
@pytest.mark.known_bad("stuck-in-partial-frame")
def test_request_after_partial_frame(meter, check, limit):
    """After half a request and a long gap a whole request is answered."""
    request = meter.wake_up + encode(read_data(meter.address, ENERGY))
    cut = len(meter.wake_up) + 9
    meter.send_raw(request[: cut + 2], listen_s=limit("DLT645.REQUEST_GAP_DROPPED"))
    exchange = meter.send_raw(request)
    check.true("answer", exchange.frame is not None, observed=exchange.data, expected="a frame")


@pytest.mark.clause(STANDARD, "5.3.3")
@pytest.mark.title_zh("广播命令之后立即应答")
@pytest.mark.known_bad("deaf-after-broadcast")
def test_request_after_broadcast(meter, check, send):
    """A request right after a broadcast command is answered."""
    send(freeze(BROADCAST_ADDRESS), listen_s=meter.timing.response_max_s)
    exchange = send(read_data(meter.address, ENERGY))
    check.true("answer", exchange.frame is not None, observed=exchange.data, expected="a frame")
