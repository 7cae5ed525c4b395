"""Read data: items, their lengths, blocks, follow-up frames."""

from __future__ import annotations

import pytest

from rig.protocols.dlt645.frame import Frame
from rig.protocols.dlt645.items import lookup
from rig.protocols.dlt645.messages import di_octets, read_data, read_follow_up
from rig.testing.outcomes import NotTested

pytestmark = pytest.mark.link("K8-C1")

STANDARD = "DL/T 645-2007"
FORWARD = 0x00010000
#: items that every single-phase meter has
COMMON = (
    0x00000000, 0x00010000, 0x00020000, 0x02010100, 0x02020100, 0x02030000, 0x02060000, 0x02800002,
    0x04000101, 0x04000102, 0x04000401, 0x04000402, 0x04000406, 0x04000407, 0x04000409, 0x04000501, 0x04000503,
)  # fmt: skip


def spaced(values) -> str:
    """Values as one text."""
    return " ".join(str(value) for value in values)


def in_order(block) -> str:
    """Values of a block; an AA that ends it or stands between its items is no value."""
    return spaced(value.value for value in block.values)


@pytest.fixture
def long_block(dut, limit):
    """A block over tariffs and billing periods that one answer cannot hold."""
    for di, octets, feature in ((0x0001FFFF, 4, "option:billing"), (0x0101FFFF, 8, "option:demand")):
        size = 4 + 13 * (1 + dut.rating.tariffs) * octets
        if dut.declaration.declares(feature) and size > limit("DLT645.READ_LENGTH"):
            return di
    raise NotTested("no block of this meter is longer than one answer")


@pytest.mark.clause(STANDARD, "7.1")
@pytest.mark.title_zh("单相表基本数据项可读")
@pytest.mark.known_bad("item-missing")
def test_common_items_answered(ask, meter, check, declared):
    """Every item that a single-phase meter cannot do without, and its maker declares, is answered."""
    for di in declared(*COMMON):
        answer = ask(read_data(meter.address, di))
        check.equal(f"control octet for {di:08X}", f"{answer.control:02X}H", "91H")


@pytest.mark.clause(STANDARD, "6.1")
@pytest.mark.title_zh("数据项长度符合标识表")
@pytest.mark.known_bad("item-too-long", "item-missing")
def test_item_lengths(ask, meter, check, declared):
    """Every answered item has the length of the identifier table."""
    for di in declared(*COMMON):
        item = lookup(di, meter.profile)
        answer = ask(read_data(meter.address, di))
        check.equal(f"octets of {di:08X}", len(answer.data) - 4, item.octets, unit="octets")


@pytest.mark.clause(STANDARD, "6.1")
@pytest.mark.title_zh("数值为 BCD 码")
@pytest.mark.known_bad("number-padded-with-f")
def test_numbers_are_bcd(ask, meter, check):
    """Numbers travel as BCD: no digit above nine."""
    judged = 0
    for di in (FORWARD, 0x00020000, 0x02010100, 0x02800002, 0x04000102, 0x04000409, 0x0400040A):
        answer = ask(read_data(meter.address, di))
        if answer.abnormal:
            continue
        judged += 1
        digits = answer.data[4:].hex().upper()
        check.true(f"digits of {di:08X}", digits.isdecimal(), observed=digits, expected="decimal digits")
    check.true("items answered", judged > 0, observed=judged, expected="at least one")


@pytest.mark.clause(STANDARD, "6.1")
@pytest.mark.title_zh("电能数据块为总及各费率")
@pytest.mark.known_bad("block-order-reversed", "block-incomplete")
def test_tariff_block(dut, meter, check):
    """The block of forward energies is the total and every tariff, in order, as read singly."""
    count = 1 + dut.rating.tariffs
    singles = [meter.read(FORWARD | tariff << 8).value for tariff in range(count)]
    check.equal("block 0001FF00", in_order(meter.read_block(0x0001FF00)), spaced(singles))


@pytest.mark.clause(STANDARD, "6.1")
@pytest.mark.requires("option:billing")
@pytest.mark.title_zh("结算日数据块")
@pytest.mark.known_bad("billing-block-incomplete")
def test_billing_block(meter, check):
    """The block over billing periods is the present value and the previous periods, in order."""
    block = in_order(meter.read_block(0x000100FF))
    singles = [meter.read(FORWARD | period).value for period in range(13)]
    check.equal("block 000100FF", block, spaced(singles))


@pytest.mark.clause(STANDARD, "6.1")
@pytest.mark.title_zh("状态字数据块")
@pytest.mark.known_bad("status-block-short")
def test_status_word_block(meter, check):
    """The block of status words is the seven words, in order."""
    words = [meter.read(0x04000500 | number).values[0].value for number in range(1, 8)]
    check.equal("block 040005FF", in_order(meter.read_block(0x040005FF)), spaced(words))


@pytest.mark.clause(STANDARD, "6.1")
@pytest.mark.title_zh("不存在的费率的数据块")
@pytest.mark.known_bad("tariff-beyond-zero")
def test_tariff_beyond_the_last(meter, abnormal):
    """A tariff beyond the 63 that there can be is refused with bit 1."""
    di = FORWARD | 0x40 << 8
    abnormal(f"read of {di:08X}", read_data(meter.address, di), 0x02)


@pytest.mark.clause(STANDARD, "7.2")
@pytest.mark.requires("option:follow-up")
@pytest.mark.title_zh("后续帧拼接为完整数据")
@pytest.mark.known_bad(
    "follow-up-frame-lost",
    "follow-up-bit-missing",
    "follow-up-sequence-from-zero",
    "follow-up-never-ends",
)
def test_follow_up_complete(dut, meter, check, long_block):
    """A block longer than one answer comes in follow-up frames and is complete."""
    reading = meter.read_block(long_block)
    check.true("frames", reading.frames > 1, observed=reading.frames, expected="more than one")
    first = meter.read(long_block & 0xFFFF0000)
    count = 13 * (1 + dut.rating.tariffs) * len(first.values)
    check.equal(f"values of block {long_block:08X}", len(reading.values), count)
    check.equal("first value", reading.values[0].value, first.value)


@pytest.mark.clause(STANDARD, "7.2")
@pytest.mark.requires("option:follow-up")
@pytest.mark.title_zh("后续帧序号从一开始并回送")
@pytest.mark.known_bad("follow-up-sequence-from-zero", "follow-up-bit-missing")
def test_follow_up_sequence(ask, meter, check, long_block):
    """The first follow-up frame is asked for with SEQ 1, and its answer ends with that SEQ."""
    first = ask(read_data(meter.address, long_block))
    check.equal("control octet of the first frame", f"{first.control:02X}H", "B1H")
    second = ask(read_follow_up(meter.address, long_block, 1))
    check.true(
        "control octet of the second frame",
        second.control in {0x92, 0xB2},
        observed=f"{second.control:02X}H",
        expected="92H or B2H",
    )
    check.equal("identifier", second.data[:4], di_octets(long_block))
    check.equal("sequence", second.data[-1:], b"\x01")


@pytest.mark.clause(STANDARD, "7.2")
@pytest.mark.requires("option:follow-up")
@pytest.mark.title_zh("最后一帧无后续标志")
@pytest.mark.known_bad("follow-up-never-ends", "follow-up-bit-missing")
def test_follow_up_ends(ask, meter, check, long_block):
    """The last follow-up frame says that nothing follows."""
    answer = ask(read_data(meter.address, long_block))
    received = len(answer.data) - 4
    sequence = 0
    while answer.follow_up and sequence < 10:
        sequence += 1
        answer = ask(read_follow_up(meter.address, long_block, sequence))
        check.true(
            "abnormal answer",
            not answer.abnormal,
            observed=f"{answer.control:02X}H",
            expected="92H or B2H",
        )
        received += len(answer.data) - 5
    check.equal("control octet of the last frame", f"{answer.control:02X}H", "92H")
    check.true("follow-up frames", received > 0, observed=sequence, expected="at most 10")


@pytest.mark.clause(STANDARD, "7.2")
@pytest.mark.requires("option:follow-up")
@pytest.mark.title_zh("无后续数据时读后续 ERR bit1")
@pytest.mark.known_bad("follow-up-without-first")
def test_follow_up_without_first(meter, abnormal):
    """A follow-up that nothing precedes is refused with bit 1."""
    meter.read(0x04000102)
    abnormal("follow-up of 00010000", read_follow_up(meter.address, FORWARD, 1), 0x02)


@pytest.mark.clause(STANDARD, "5.2.4")
@pytest.mark.title_zh("异常应答数据域为一个字节")
@pytest.mark.known_bad("error-answer-long")
def test_error_answer_length(ask, meter, check):
    """An abnormal answer carries exactly one octet of data."""
    answer = ask(Frame(meter.address, 0x11, di_octets(0x03FE0000)))
    check.equal("control octet", f"{answer.control:02X}H", "D1H")
    check.equal("octets of data", len(answer.data), 1, unit="octets")
