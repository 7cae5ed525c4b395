"""Addressing: own address, others, wildcards, abbreviated addresses, broadcast."""

from __future__ import annotations

import pytest

from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, WILDCARD_ADDRESS, encode
from rig.protocols.dlt645.messages import (
    address_octets,
    freeze,
    read_address,
    read_data,
    reset_meter,
    write_address,
    write_data,
)

pytestmark = pytest.mark.link("K8-C1")

STANDARD = "DL/T 645-2007"
ENERGY = 0x00010000


def another(address: str) -> str:
    """A neighbour's address: another last digit."""
    return address[:-1] + str((int(address[-1]) + 1) % 10)


def abbreviated(address: str, octets: int) -> str:
    """The lowest octets of an address, wildcards above."""
    return "A" * (12 - 2 * octets) + address[12 - 2 * octets :]


@pytest.mark.clause(STANDARD, "5.2.2")
@pytest.mark.title_zh("通配地址的异常应答以实际地址应答")
@pytest.mark.known_bad("wildcard-refusal-echoed", "wildcard-echoed", "wildcard-ignored")
def test_wildcard_refusal(meter, send, check):
    """A refused read with the wildcard address is answered with the real address."""
    answer = send(read_data(WILDCARD_ADDRESS, 0x0E0E0E0E)).frame
    check.true("answer", answer is not None, observed="silence", expected="a frame")
    check.equal("address of the answer", answer.address, meter.address)
    check.equal("control octet", f"{answer.control:02X}H", "D1H")


@pytest.mark.clause(STANDARD, "5.2.2")
@pytest.mark.title_zh("对其他地址不应答")
@pytest.mark.known_bad("answers-other-addresses", "compares-few-address-octets")
def test_other_address_not_answered(meter, silent):
    """A request to another meter's address is not answered."""
    silent("answer to another address", encode(read_data(another(meter.address), ENERGY)))
    first = str((int(meter.address[0]) + 1) % 10)
    silent(
        "answer to an address with another first digit",
        encode(read_data(first + meter.address[1:], ENERGY)),
    )


@pytest.mark.clause(STANDARD, "5.2.2")
@pytest.mark.title_zh("通配地址读数以实际地址应答")
@pytest.mark.known_bad("wildcard-echoed", "wildcard-ignored")
def test_wildcard_read(meter, check, send):
    """A read with the wildcard address is answered with the real address."""
    answer = send(read_data(WILDCARD_ADDRESS, ENERGY)).frame
    check.true("answer", answer is not None, observed="silence", expected="a frame")
    check.equal("address of the answer", answer.address, meter.address)
    check.equal("control octet", f"{answer.control:02X}H", "91H")


@pytest.mark.clause(STANDARD, "5.2.2")
@pytest.mark.title_zh("缩位地址读数以实际地址应答")
@pytest.mark.known_bad("no-abbreviated-address", "abbreviated-echoed")
def test_abbreviated_address(meter, check, send):
    """A read with an abbreviated address (wildcards above) is answered with the real address."""
    for octets in (1, 3, 5):
        address = abbreviated(meter.address, octets)
        answer = send(read_data(address, ENERGY)).frame
        check.true(f"answer to {address}", answer is not None, observed="silence", expected="a frame")
        check.equal(f"address of the answer to {address}", answer.address, meter.address)


@pytest.mark.clause(STANDARD, "5.2.2")
@pytest.mark.title_zh("其他表的缩位地址不应答")
@pytest.mark.known_bad("abbreviated-matches-all")
def test_abbreviated_address_of_another(meter, silent):
    """A read with another meter's abbreviated address is not answered."""
    silent(
        "answer to another's abbreviated address",
        encode(read_data(abbreviated(another(meter.address), 2), ENERGY)),
    )


@pytest.mark.clause(STANDARD, "5.2.2")
@pytest.mark.title_zh("广播地址读数不应答")
@pytest.mark.known_bad("answers-broadcast-reads")
def test_broadcast_read_not_answered(silent):
    """A read to the broadcast address is not answered."""
    silent("answer to a broadcast read", encode(read_data(BROADCAST_ADDRESS, ENERGY)))


@pytest.mark.clause(STANDARD, "7.6")
@pytest.mark.title_zh("广播校时不应答")
@pytest.mark.known_bad("answers-broadcast-time")
def test_broadcast_time_not_answered(meter, check):
    """A broadcast time is not answered."""
    now = meter.read_clock()
    check.silence("answer to a broadcast time", meter.broadcast_time(now, listen_s=meter.timing.wait_s))


@pytest.mark.clause(STANDARD, "7.7")
@pytest.mark.title_zh("广播冻结不应答")
@pytest.mark.known_bad("answers-broadcast-freeze")
def test_broadcast_freeze_not_answered(silent):
    """A broadcast freeze is not answered."""
    silent("answer to a broadcast freeze", encode(freeze(BROADCAST_ADDRESS)))


@pytest.mark.clause(STANDARD, "5.2.2")
@pytest.mark.needs("password:4")
@pytest.mark.title_zh("通配地址不能写数据")
@pytest.mark.known_bad("wildcard-writes")
def test_wildcard_write_not_executed(meter, check, credentials, keep, send):
    """A write with the wildcard address is not executed: wildcards are for reading."""
    before = keep(0x0400040E)
    wanted = bytes(6) if before != bytes(6) else b"\x01" + bytes(5)
    send(write_data(WILDCARD_ADDRESS, 0x0400040E, wanted, credentials(4)))
    check.equal("customer number afterwards", meter.read(0x0400040E).data, before)


@pytest.mark.clause(STANDARD, "7.11")
@pytest.mark.needs("password:2")
@pytest.mark.requires("option:meter-reset")
@pytest.mark.title_zh("通配地址不能电表清零")
@pytest.mark.known_bad("wildcard-resets")
def test_wildcard_reset_not_executed(meter, check, credentials, send):
    """A meter reset with the wildcard address is neither executed nor answered."""
    before = meter.read(0x03300100).data
    check.silence("answer to a wildcard reset", send(reset_meter(WILDCARD_ADDRESS, credentials(2))))
    check.equal("number of meter resets", meter.read(0x03300100).data, before)


@pytest.mark.clause(STANDARD, "7.4")
@pytest.mark.title_zh("读通信地址")
@pytest.mark.known_bad("read-address-reversed")
def test_read_address(meter, check, send):
    """Read address is answered with the address, low octet first, in the data and in the address field."""
    answer = send(read_address()).frame
    check.true("answer", answer is not None, observed="silence", expected="a frame")
    check.equal("control octet", f"{answer.control:02X}H", "93H")
    check.equal("address in the data", answer.data, address_octets(meter.address))
    check.equal("address of the answer", answer.address, meter.address)


@pytest.mark.clause(STANDARD, "7.4")
@pytest.mark.title_zh("通信地址与参数一致")
@pytest.mark.known_bad("address-item-stale", "octets-reversed")
def test_address_item(meter, check):
    """The address among the parameters is the address the meter answers to."""
    check.equal("address item", meter.read(0x04000401).data, address_octets(meter.address))


@pytest.mark.clause(STANDARD, "7.5")
@pytest.mark.requires("option:write-address")
@pytest.mark.title_zh("写通信地址后以新地址应答")
@pytest.mark.known_bad("write-address-lost", "write-address-keeps-old", "answers-other-addresses")
def test_write_address(dut, meter, ask, check, send):
    """After write address the meter answers to the new address and no longer to the old one."""
    new = another(meter.address)
    answer = ask(write_address(new))
    check.equal("control octet", f"{answer.control:02X}H", "95H")
    try:
        reading = dut.session(new).send_raw(meter.wake_up + encode(read_data(new, ENERGY)))
        check.true(
            "answer to the new address",
            reading.frame is not None,
            observed="silence",
            expected="a frame",
        )
        check.silence("answer to the old address", send(read_data(meter.address, ENERGY)))
    finally:
        ask(write_address(meter.address))
