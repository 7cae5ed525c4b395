"""Transparent transfer (02 F1): a message to one node and its answer, untouched."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
FORWARD = (0x02, 1)
ADDRESS, ENERGY = 0x04000401, 0x00010000
STRANGER = "990000000099"


@pytest.mark.clause(STANDARD, "02F1")
@pytest.mark.title_zh("透明转发数据")
@pytest.mark.known_bad("module-forwards-with-wake-up-octets")
def test_forwarded_message(station, network, check, judge_reading):
    """A message is passed on and the meter's answer comes back as one frame, with nothing around it."""
    answer = station.forward(network[0].address, ENERGY)
    judge_reading(answer, network[0], ENERGY)
    check.equal("first octet of the message", answer.message[:1], b"\x68")


@pytest.mark.clause(STANDARD, "02F1")
@pytest.mark.title_zh("透明转发规约类型")
@pytest.mark.known_bad("module-forward-protocol-lost")
def test_forwarded_protocol(station, network, check):
    """The answer carries the protocol of the message that was sent."""
    check.equal(
        "protocol", station.forward(network[0].address, ADDRESS).content["protocol"], network[0].protocol
    )


@pytest.mark.clause(STANDARD, "02F1")
@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.title_zh("转发至失联从节点")
@pytest.mark.known_bad("module-forwards-into-silence")
@pytest.mark.bench_time(120)
def test_forwarding_to_a_silent_node(station, network, check, stopped):
    """A message for a node without supply is denied, not left without answer."""
    stopped(network[0].address)
    answer = station.forward(network[0].address, ADDRESS, anyhow=True)
    check.true(
        "answer", station.reason(answer) is not None, observed=answer.data or "silence", expected="a denial"
    )


@pytest.mark.clause(STANDARD, "02F1")
@pytest.mark.title_zh("转发电能表异常应答")
@pytest.mark.known_bad("module-forward-keeps-refusals")
def test_forwarded_refusal(station, network, check):
    """What a meter refuses is forwarded as it is."""
    meters = station.meter_frames(station.forward(network[0].address, 0x0E0F0E0F, anyhow=True).message)
    check.true(
        "abnormal answer",
        bool(meters) and meters[0].abnormal,
        observed=len(meters),
        expected="one abnormal frame",
    )
