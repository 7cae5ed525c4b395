"""Readings that the collector takes by itself, as class 1 data show them: its own repeats and checks on the RS-485 line,
whatever it does with frames that it only forwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.protocols.dlt645.frame import decode_frame, encode
from rig.testing.outcomes import NotTested

STANDARD = "Q/GDW 1374.2-2013"
#: octets that look like the beginning of a longer frame, and wake-up octets broken off
NOISE = bytes.fromhex("0068A1FEFE")
#: after this time nothing is left of a question that got no valid answer
REPEATS_END_S = 30.0
IDENTIFIER_OCTETS = 4
#: another digit in every place, BCD still
OTHER_DIGITS = 0x11
#: of a data identifier: reverse in place of forward energy
OTHER_ITEM = 0x03

pytestmark = [pytest.mark.device("collector"), pytest.mark.link("K8-C1")]


class Spoiled:
    """Changes answers of a meter that carry values, ``most`` of them, and counts them."""

    def __init__(self, change, most=1_000_000):
        self.change = change
        self.most = most
        self.count = 0

    def __call__(self, data):
        """Octets of one answer."""
        frame = decode_frame(data)
        if self.count >= self.most or frame.abnormal or len(frame.data) <= IDENTIFIER_OCTETS:
            return data
        self.count += 1
        return self.change(data)

    def told(self):
        """Go on only where the collector was told something by the meter."""
        if not self.count:
            raise NotTested("the collector shows earlier readings, and asks no meter now")


def other_values(data):
    """The frame of an answer with other digits in its values."""
    frame = decode_frame(data)
    values = bytes(octet ^ OTHER_DIGITS for octet in frame.data[IDENTIFIER_OCTETS:])
    return replace(frame, data=frame.data[:IDENTIFIER_OCTETS] + values)


def of_another_meter(address):
    """Other values under another meter's address."""
    return lambda data: encode(replace(other_values(data), address=address))


def of_another_item(data):
    """Other values under another identifier."""
    frame = other_values(data)
    told = bytes((*frame.data[:2], frame.data[2] ^ OTHER_ITEM, *frame.data[3:]))
    return encode(replace(frame, data=told))


def with_wrong_checksum(data):
    """Other values, and a checksum that is not theirs."""
    octets = encode(other_values(data))
    return octets[:-2] + bytes(((octets[-2] + 1) & 0xFF, octets[-1]))


def without_end(data):
    """Other values, and neither checksum nor end octet."""
    return encode(other_values(data))[:-2]


@pytest.mark.clause(STANDARD, "rs485 answer")
@pytest.mark.title_zh("自主抄读不采用错误应答")
@pytest.mark.known_bad(
    "collector-any-address",
    "collector-any-identifier",
    "collector-any-checksum",
    "collector-completes-answers",
    "collector-gives-up-line",
    "collector-zeros-for-absent",
)
@pytest.mark.bench_time(150)
def test_wrong_answers_are_not_shown(collector, check, own_total, true_total):
    """Class 1 data show no values that came in an answer of another meter, to another question, broken or cut."""
    asked, other = collector.meter(1), collector.meter(2)
    for name, change in (
        ("another meter's address", of_another_meter(other.address)),
        ("another item", of_another_item),
        ("wrong checksum", with_wrong_checksum),
        ("no checksum and no end", without_end),
    ):
        spoiled = Spoiled(change)
        asked.spoil(spoiled)
        shown, right = own_total(asked), true_total(asked)
        spoiled.told()
        check.true(
            f"{name}: total",
            shown in ("denied", "no data unit", "absent", right),
            observed=shown,
            expected=f"none, or the meter's {right}",
        )
        collector.wait(REPEATS_END_S)
    asked.behave()
    check.equal("right answers again: total", own_total(asked), true_total(asked), unit="kWh")


@pytest.mark.clause(STANDARD, "rs485 repeat")
@pytest.mark.title_zh("自主抄读时一次无应答后重试成功")
@pytest.mark.known_bad("collector-no-repeat")
def test_one_lost_answer_is_asked_for_again(collector, check, own_total, true_total):
    """Class 1 data are there though one answer of the meter was lost."""
    for meter in collector.meters[:2]:
        lost = Spoiled(lambda _: b"", most=1)
        meter.spoil(lost)
        shown = own_total(meter)
        lost.told()
        check.equal(f"meter {meter.point}: total", shown, true_total(meter), unit="kWh")


@pytest.mark.clause(STANDARD, "rs485 noise")
@pytest.mark.title_zh("自主抄读时应答前的干扰")
@pytest.mark.known_bad("collector-deaf-in-noise")
def test_noise_costs_no_reading(collector, check, own_total, true_total):
    """Class 1 data are there though octets that belong to no frame come right before every answer."""
    for meter in collector.meters[:3]:
        noisy = Spoiled(lambda data: NOISE + data)
        meter.spoil(noisy)
        shown = own_total(meter)
        noisy.told()
        check.equal(f"meter {meter.point}: total", shown, true_total(meter), unit="kWh")
