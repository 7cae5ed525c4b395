"""Load profile: the form of its blocks, which blocks are given, and their interval."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rig.protocols.dlt645.load_profile import decode_load_records
from rig.protocols.dlt645.messages import read_data, read_follow_up

pytestmark = [
    pytest.mark.link("K8-C1"),
    pytest.mark.clause("DL/T 645-2007", "A.7"),
    pytest.mark.requires("option:load-profile"),
]

SINCE, LATEST = 0x06000001, 0x06000002
LATEST_OF_CLASS_1 = 0x06010002
#: blocks of one class are short enough for several of them in a frame
ENERGIES_SINCE = 0x06040001
INTERVAL = 0x04000A02
LATEST_OF_CLASS_4 = 0x06040002
RECORDS = 4
#: follow-up frames of one block at most
MOST_PARTS = 20


@pytest.fixture
def interval_min(meter):
    """Interval of class 1 in minutes."""
    return int(meter.read(INTERVAL).value)


@pytest.fixture
def recorded(meter, wait, interval_min):
    """Let the meter make some records."""
    wait((RECORDS * interval_min + 1) * 60)


@pytest.fixture
def blocks(meter, check):
    """Blocks of one request, follow-up frames included."""

    def read(di, count=1, at=None):
        records = decode_load_records(
            meter.read(di, block_count=count, at=at).data,
            di >> 16 & 0xFF,
            meter.profile,
        )
        check.true(f"blocks of {di:08X}", bool(records), observed="none", expected="at least one")
        return records

    return read


def at(record) -> datetime:
    """Time of a block."""
    return datetime.fromisoformat(record.time)


@pytest.mark.bench_time(RECORDS * 900)
@pytest.mark.title_zh("负荷记录块的格式")
@pytest.mark.known_bad("profile-sum-wrong", "profile-end-missing")
def test_block_form(ask, meter, check, recorded):
    """A block begins with A0A0, ends with sum and E5, and its sum is right; also a block of one class."""
    for di in (LATEST, LATEST_OF_CLASS_1):
        answer = ask(read_data(meter.address, di, block_count=1))
        check.true("answer", not answer.abnormal, observed=f"{answer.control:02X}H", expected="91H")
        block = answer.data[4:]
        sequence = 0
        while answer.follow_up and sequence < MOST_PARTS:
            sequence += 1
            answer = ask(read_follow_up(meter.address, di, sequence))
            check.true("part", not answer.abnormal, observed=f"{answer.control:02X}H", expected="92H or B2H")
            block += answer.data[4:-1]
        check.equal(f"first octets of {di:08X}", block[:2], b"\xa0\xa0")
        check.equal(f"last octet of {di:08X}", block[-1:], b"\xe5")
        sums = {sum(block[:-2]) & 0xFF, sum(block[3:-2]) & 0xFF}
        expected = " or ".join(f"{one:02X}" for one in sorted(sums))
        check.true(f"sum of {di:08X}", block[-2] in sums, observed=block[-2:-1], expected=expected)


@pytest.mark.bench_time(RECORDS * 900)
@pytest.mark.title_zh("最近一个记录块")
@pytest.mark.known_bad("profile-latest-is-earliest", "profile-disabled", "clock-shown-slow")
def test_latest_block(meter, check, recorded, blocks, interval_min):
    """The latest block is no older than one interval."""
    now = meter.read_clock()
    records = blocks(LATEST)
    check.equal("number of blocks", len(records), 1)
    age = (now - at(records[0])).total_seconds() / 60
    check.between("age of the latest block", age, 0, interval_min + 1, unit="min")


@pytest.mark.bench_time(RECORDS * 900)
@pytest.mark.title_zh("给定时间的记录块")
@pytest.mark.known_bad("profile-ignores-time", "profile-disabled", "profile-latest-is-earliest")
def test_block_from_time(meter, check, recorded, blocks, interval_min):
    """A block asked for from a time on is the first at or after that time."""
    wanted = at(blocks(LATEST)[0]) - timedelta(minutes=2 * interval_min)
    records = blocks(SINCE, 1, wanted)
    check.equal("number of blocks", len(records), 1)
    check.equal("time of the block", at(records[0]).isoformat(), wanted.isoformat())


@pytest.mark.bench_time(RECORDS * 900)
@pytest.mark.title_zh("所请求的记录块数")
@pytest.mark.known_bad("profile-ignores-count", "profile-disabled")
def test_number_of_blocks(meter, check, recorded, blocks, interval_min):
    """As many blocks are given as were asked for."""
    wanted = at(blocks(LATEST)[0]) - timedelta(minutes=2 * interval_min)
    check.equal("number of blocks", len(blocks(ENERGIES_SINCE, 2, wanted)), 2)


@pytest.mark.bench_time(RECORDS * 900)
@pytest.mark.title_zh("记录间隔")
@pytest.mark.known_bad("profile-interval-doubled", "profile-disabled", "profile-ignores-count")
def test_interval(meter, check, recorded, blocks, interval_min):
    """Blocks follow each other at the interval that is set."""
    latest = at(blocks(LATEST)[0])
    previous = blocks(ENERGIES_SINCE, 2, latest - timedelta(minutes=interval_min))
    check.true("blocks", len(previous) == 2, observed=len(previous), expected=2)
    step = (at(previous[1]) - at(previous[0])).total_seconds() / 60
    check.equal("interval", int(step), interval_min, unit="min")


@pytest.mark.bench_time(RECORDS * 900)
@pytest.mark.title_zh("记录中的电能与寄存器一致")
@pytest.mark.known_bad("profile-energy-missing")
def test_recorded_energy(meter, check, recorded, blocks):
    """The energies of the latest block of class 4 are those of the registers."""
    record = blocks(LATEST_OF_CLASS_4)[0]
    check.true("class 4", 4 in record.classes, observed=sorted(record.classes), expected="class 4")
    check.equal("forward energy", record.classes[4][0], meter.read(0x00010000).value, unit="kWh")
