"""Write data: stored values, answers, refused writes that must change nothing."""

from __future__ import annotations

import pytest

from rig.protocols.dlt645.messages import Credentials, write_data

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.needs("password:4")]

STANDARD = "DL/T 645-2007"
CUSTOMER_NUMBER = 0x0400040E
DISPLAYED_ITEMS = 0x04000301
DEMAND_PERIOD = 0x04000103


def other_than(data: bytes) -> bytes:
    """Six BCD octets that differ from these."""
    first, second = bytes.fromhex("010203040506"), bytes.fromhex("112233445566")
    return second if data == first else first


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.title_zh("写入的参数可读回")
@pytest.mark.known_bad("write-not-stored")
def test_written_value_reads_back(meter, check, keep, credentials):
    """A written parameter reads back as written."""
    wanted = other_than(keep(CUSTOMER_NUMBER))
    meter.write_raw(CUSTOMER_NUMBER, wanted, credentials(4))
    check.equal("customer number", meter.read(CUSTOMER_NUMBER).data, wanted)


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.title_zh("写数据的正常应答无数据域")
@pytest.mark.known_bad("write-answer-with-identifier")
def test_write_answer_is_empty(ask, meter, check, keep, credentials):
    """A write is answered with 94H and no data."""
    for di in (CUSTOMER_NUMBER, DISPLAYED_ITEMS):
        answer = ask(write_data(meter.address, di, keep(di), credentials(4)))
        check.equal(f"control octet for {di:08X}", f"{answer.control:02X}H", "94H")
        check.equal(f"octets of data for {di:08X}", len(answer.data), 0, unit="octets")


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.title_zh("被拒绝的写操作不改变数据")
@pytest.mark.known_bad("refused-write-stored")
def test_refused_write_changes_nothing(meter, check, keep, credentials, wrong):
    """A write refused for its password leaves the old value."""
    before = keep(CUSTOMER_NUMBER)
    right = credentials(4)
    check.refused(
        "write with a wrong password",
        lambda: meter.write_raw(CUSTOMER_NUMBER, other_than(before), wrong(right)),
    )
    check.equal("customer number", meter.read(CUSTOMER_NUMBER).data, before)
    meter.write_raw(CUSTOMER_NUMBER, before, right)


@pytest.mark.clause(STANDARD, "A.1.T")
@pytest.mark.requires("option:tariffs")
@pytest.mark.title_zh("日时段表可写可读")
@pytest.mark.known_bad("day-table-cut")
def test_day_table_reads_back(meter, check, keep, credentials):
    """A whole day table of the spare set reads back as written."""
    second_set = bool(meter.read(0x04000503).data[0] & 0x01)
    di = 0x04010002 if second_set else 0x04020002
    count = len(keep(di)) // 3
    wanted = b"".join(bytes((1 + number % 2, 0x30, int(f"{number:02d}", 16))) for number in range(count))
    meter.write_raw(di, wanted, credentials(4))
    check.equal(f"day table {di:08X}", meter.read(di).data, wanted)


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.title_zh("权限不足的写操作被拒绝")
@pytest.mark.known_bad("level-not-checked")
def test_level_without_right_to_write(meter, check, keep, credentials):
    """A level without the right to write is refused, even when its password fits."""
    data = keep(CUSTOMER_NUMBER)
    for password in dict.fromkeys((credentials(4).password, "000000")):
        low = Credentials(9, password, credentials(4).operator)
        check.refused("write with level 9", lambda low=low: meter.write_raw(CUSTOMER_NUMBER, data, low))


@pytest.mark.clause(STANDARD, "A.5")
@pytest.mark.title_zh("写参数不影响其他参数")
@pytest.mark.known_bad("write-spills-over")
def test_write_leaves_neighbours(meter, check, keep, credentials):
    """Writing one parameter leaves its neighbours as they were."""
    neighbours = (0x04000402, 0x04000401, 0x04000409)
    wanted = other_than(keep(CUSTOMER_NUMBER))
    before = {di: meter.read(di).data for di in neighbours}
    meter.write_raw(CUSTOMER_NUMBER, wanted, credentials(4))
    for di, data in before.items():
        check.equal(f"neighbour {di:08X}", meter.read(di).data, data)


@pytest.mark.clause(STANDARD, "A.5")
@pytest.mark.requires("option:demand")
@pytest.mark.title_zh("非法的需量周期被拒绝")
@pytest.mark.known_bad("zero-demand-period-accepted")
def test_zero_demand_period(meter, check, keep, credentials):
    """A demand period of zero minutes is refused and not stored."""
    before = keep(DEMAND_PERIOD)
    check.refused("demand period 00", lambda: meter.write_raw(DEMAND_PERIOD, b"\x00", credentials(4)))
    check.equal("demand period", meter.read(DEMAND_PERIOD).data, before)
