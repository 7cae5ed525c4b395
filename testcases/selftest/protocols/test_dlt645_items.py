"""Data items: every row of every table round-trips, lengths agree, and what does not fit is refused."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645.item_model import DataItem, ItemField
from rig.protocols.dlt645.items import all_items, expand_block, lookup
from rig.protocols.dlt645.profile import DEFAULT, DEFAULT_1997, Profile
from rig.protocols.dlt645.times import LAYOUTS, octets_of
from rig.protocols.dlt645.values import decode_block, decode_item, encode_block, encode_item

EVERY = [*all_items(), *all_items(DEFAULT_1997)]
#: a Sunday
WHEN = datetime(2026, 3, 1, 8, 15, 30)  # noqa: DTZ001 - meters keep local time without zone
PLAIN = [item for item in EVERY if item.layout == "fields"]


def some_octets(part: ItemField, source: random.Random) -> bytes:
    """Legal octets of a field, any value."""
    if part.kind == "hex":
        return source.randbytes(part.octets)
    if part.kind == "ascii":
        return "".join(source.choices("ABC xyz019.", k=part.octets)).encode()
    digits = "".join(source.choices("0123456789", k=2 * part.octets))
    octets = bytearray(bytes.fromhex(digits))
    if part.signed:
        octets[-1] = int(f"{source.randrange(8)}{source.randrange(10)}", 16) | source.choice((0, 0x80))
    return bytes(octets)


def outcome(decode, *arguments):
    """(refusal, None) or (None, result); anything but a refusal of the device's octets escapes."""
    try:
        return None, decode(*arguments)
    except RemoteProtocolError as refusal:
        return refusal, None


def test_tables_hold_the_family():
    counts = Counter(item.di >> 24 for item in all_items())
    assert set(counts) == {*range(7), *range(0x10, 0x20)}
    assert counts[0x00] == 11 * 64 * 13 + 3 * 10 * 13 + 4 * 7 * 13 + 4
    assert counts[0x01] == 11 * 64 * 13 + 3 * 10 * 13
    assert len({item.di for item in all_items()}) == counts.total()
    assert len({item.di for item in all_items(DEFAULT_1997)}) == sum(1 for _ in all_items(DEFAULT_1997))


def test_every_item_is_complete():
    for item in EVERY:
        assert item.name, item.id
        assert any("\u4e00" <= letter <= "\u9fff" for letter in item.name_zh), item.id
        assert item.clause, item.id
        assert item.provenance in {"seen", "recalled"}, item.id
        assert item.access in {"r", "w", "rw"}, item.id
        assert "{" not in item.name + item.name_zh, item.id
        keys = [part.key for part in item.fields]
        assert len(set(keys)) == len(keys), item.id
        assert item.octets == sum(part.octets for part in item.fields), item.id
        for part in item.fields:
            assert part.decimals <= 2 * part.octets
            if part.kind == "time":
                assert octets_of(part.layout) == part.octets
                assert part.layout in LAYOUTS
        if item.group:
            assert item.octets % item.group == 0 or item.di >> 16 == 0x0330, item.id
        if item.per_tariff:
            assert item.octets == item.octets_with(63)
            assert item.octets_with(4) == 5 * item.group


def test_every_item_round_trips():
    """Octets to values to octets, one drawn value set an item, seeded."""
    source = random.Random(645)
    for item in PLAIN:
        data = b"".join(some_octets(part, source) for part in item.fields)
        values = decode_item(item, data)
        assert len(values) == len(item.fields)
        assert values[0].id.split(".")[0] == item.id
        assert {value.unit for value in values} == {part.unit for part in item.fields}
        again = encode_item(item, *(value.value for value in values))
        assert decode_item(item, again) == values, item.id
        if not any(
            part.kind in {"ascii", "bcd"} and (part.signed or part.kind == "ascii") for part in item.fields
        ):
            assert again == data, item.id


def test_every_item_refuses_a_wrong_length():
    for item in PLAIN[::7]:
        for size in {0, item.octets - 1, item.octets + 1} - {item.octets}:
            if item.group and item.octets - size and size and (item.octets - size) % item.group == 0:
                continue
            with pytest.raises(RemoteProtocolError) as refusal:
                decode_item(item, bytes(size))
            assert refusal.value.code == "length"


def test_every_number_refuses_a_hex_nibble_with_its_offset():
    for item in PLAIN[::11]:
        offset = 0
        for part in item.fields[:40]:
            if part.kind in {"bcd", "digits", "time"}:
                data = bytearray(item.octets)
                data[offset] = 0x0A
                with pytest.raises(RemoteProtocolError) as refusal:
                    decode_item(item, bytes(data))
                assert (refusal.value.code, refusal.value.offset) == ("bad-bcd", offset), item.id
            offset += part.octets


@pytest.mark.parametrize(
    ("di", "octets", "values"),
    [
        (0x00010000, "26062120", ["202106.26"]),
        (0x00000000, "25010080", ["-1.25"]),
        (0x00000000, "25010000", ["1.25"]),
        (0x00000000, "00000080", ["0.00"]),
        (0x02010100, "0324", ["240.3"]),
        (0x02020100, "345681", ["-15.634"]),
        (0x02030000, "122580", ["-0.2512"]),
        (0x02060000, "0090", ["-1.000"]),
        (0x02800002, "0350", ["50.03"]),
        (0x02800007, "0581", ["-10.5"]),
        (0x01010000, "5634121508020326", ["12.3456", "2026-03-02 08:15"]),
        (0x0400010C, "04222206060719", ["2019-07-06 W06 22:22:04"]),
        (0x04000101, "06060719", ["2019-07-06 W06"]),
        (0x04000102, "042222", ["22:22:04"]),
        (0x04000401, "610100000000", ["000000000161"]),
        (0x04000404, "000056303232", ["220V"]),
        (0x04000409, "001200", ["1200"]),
        (0x04000503, "1000", ["0010"]),
        (0x04000B01, "0001", ["01 00"]),
        (0x04010000, "010101", ["1", "01-01"]),
        (0x04030001, "03010526", ["3", "2026-05-01"]),
    ],
)
def test_value_of_octets(di, octets, values):
    item = lookup(di)
    data = bytes.fromhex(octets)
    assert [str(value.value) for value in decode_item(item, data)] == values
    if octets != "00000080":
        again = encode_item(item, *(value.value for value in decode_item(item, data)))
        assert again == data


def test_lengths_of_the_reference():
    sizes = {
        0x00010000: 4,
        0x01010000: 8,
        0x03010101: 131,
        0x030B0101: 115,
        0x03050001: 15,
        0x03060001: 12,
        0x03100000: 27,
        0x03100100: 25,
        0x03110001: 12,
        0x03120101: 20,
        0x03010000: 18,
        0x03300001: 50,
        0x03300101: 106,
        0x03300201: 202,
        0x03300301: 14,
        0x03300401: 16,
        0x03300D01: 60,
        0x0400010C: 7,
        0x04000403: 32,
        0x04001501: 12,
        0x04010000: 42,
        0x04010001: 42,
        0x05060001: 5,
        0x05061001: 24,
        0x1D000101: 6,
        0x1D000201: 4,
        0x04000C01: 4,
    }
    assert {di: lookup(di).octets for di in sizes} == sizes
    assert lookup(0x05060101).octets_with(4) == 20
    assert lookup(0x05060901).octets_with(4) == 40
    assert lookup(0x04000C01).access == "w"


@pytest.mark.parametrize(
    "di", [0x0001FF00, 0x00FF0000, 0x0100FF01, 0x07000001, 0x00014000, 0x0001000D, 0x1_0000_0000, -1]
)
def test_unknown_identifier(di):
    assert lookup(di) is None


def test_edition_and_profile_choose_the_table():
    assert lookup(0x9010) is None
    assert lookup(0x9010, DEFAULT_1997).name == "forward active energy total"
    assert lookup(0x00010000, DEFAULT_1997) is None
    assert lookup(0x05070001).name == "ladder switch freeze time 1 back"
    monthly = Profile(freeze_07="monthly")
    assert lookup(0x05070001, monthly).name == "monthly freeze time 1 back"
    assert lookup(0x05070001, monthly).name_zh == "(上1次)月冻结时间"


@pytest.mark.parametrize(
    ("di", "values"),
    [
        (0x00010000, [Decimal(1000000)]),
        (0x00010000, [Decimal("0.001")]),
        (0x00010000, [Decimal(-1)]),
        (0x00010000, [Decimal("NaN")]),
        (0x00010000, ["abc"]),
        (0x00010000, [WHEN]),
        (0x00010000, []),
        (0x00010000, [1, 2]),
        (0x00000000, [Decimal(800000)]),
        (0x02060000, [Decimal(8)]),
        (0x04000401, ["12345678901"]),
        (0x04000401, ["1234567890AB"]),
        (0x04000401, [123456789012]),
        (0x04000404, ["220 volt"]),
        (0x04000404, ["22\u00b0"]),
        (0x04000503, ["001"]),
        (0x04000503, ["GGGG"]),
        (0x04000102, ["22:22"]),
        (0x04000102, [5]),
        (0x0400010C, [WHEN.replace(year=1999)]),
        (0x04010000, [1]),
        (0x06000001, [1]),
    ],
)
def test_value_that_does_not_fit_is_refused(di, values):
    with pytest.raises(LocalProtocolError):
        encode_item(lookup(di), *values)


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        ("1E+3", "00001000"),
        ("0.50", "50000000"),
        ("0.500", "50000000"),
        ("-0", "00000000"),
        ("0E+9", "00000000"),
        (7, "00070000"),
    ],
)
def test_any_spelling_of_a_number_fits(value, octets):
    assert encode_item(lookup(0x00010000), value).hex() == octets


def test_datetime_fills_every_time_layout():
    when = WHEN
    assert encode_item(lookup(0x0400010C), when).hex() == "30150800010326"
    assert encode_item(lookup(0x04000101), when).hex() == "00010326"
    assert encode_item(lookup(0x04000A01), when).hex() == "15080103"
    assert encode_item(lookup(0x04000B01), when).hex() == "0801"
    assert encode_item(lookup(0x04001203), when).hex() == "1508"


@given(st.sampled_from(PLAIN), st.binary(max_size=300))
def test_decode_item_raises_nothing_else(item: DataItem, data):
    refusal, values = outcome(decode_item, item, data)
    if refusal is not None:
        assert refusal.code in {"length", "bad-bcd"}
        assert 0 <= refusal.offset <= max(len(data), item.octets)
        return
    assert len(data) <= item.octets
    assert decode_item(item, encode_item(item, *(value.value for value in values))) == values or any(
        part.kind == "ascii" for part in item.fields
    )


BLOCKS = [
    (0x0001FF00, 5),
    (0x000100FF, 13),
    (0x00FF0000, 11),
    (0x0101FF00, 5),
    (0x0201FF00, 3),
    (0x0203FF00, 4),
    (0x020A01FF, 21),
    (0x040005FF, 7),
    (0x0506FF01, 12),
    (0x0504FF01, 3),
    (0x1D00FF01, 8),
    (0x1D0001FF, 10),
]


@pytest.mark.parametrize(("di", "count"), BLOCKS)
def test_block_expands_and_round_trips(di, count):
    members = expand_block(di, tariffs=4)
    assert len(members) == count
    source = random.Random(di)

    def values(item):
        data = b"".join(some_octets(part, source) for part in item.fields)[: item.octets_with(4)]
        return [value.value for value in decode_item(item, data)]

    for profile in (DEFAULT, Profile(block_end_mark=True, freeze_separator=True)):
        block = encode_block(di, values, tariffs=4, profile=profile)
        reading = decode_block(di, block)
        assert reading.items == members
        assert reading.end_mark is profile.block_end_mark
        assert reading.separators is (profile.freeze_separator and di >> 24 == 5)
        if di in {0x0001FF00, 0x0506FF01}:
            assert reading.tariffs == 4


def test_block_of_fewer_items_than_the_table():
    """A single-phase meter gives one voltage; a meter with eleven harmonics eleven."""
    assert [value.id for value in decode_block(0x0201FF00, bytes.fromhex("0322")).values] == ["02010100"]
    assert len(decode_block(0x020A01FF, bytes(22)).values) == 11


@pytest.mark.parametrize("di", [0x0506FF01, 0x0001FFFF, 0x00FF0000])
def test_block_with_missing_items_is_not_guessed(di):
    """45 octets are time, forward and reverse energy of four tariffs, or ten items of none, and so on."""
    size = 45 if di == 0x0506FF01 else 12
    refusal, _ = outcome(decode_block, di, bytes(size))
    assert refusal is not None
    assert refusal.code == "length"


@pytest.mark.parametrize(
    ("di", "data", "code"),
    [
        (0x0001FF00, bytes(21), "length"),
        (0x0001FF00, b"", "length"),
        (0x0001FF00, bytes(19) + b"\x0a", "bad-bcd"),
        (0x0700FF00, bytes(4), "unknown-di"),
        (0x00010000, bytes(4), "unknown-di"),
        (0x0201FF00, bytes(8), "length"),
    ],
)
def test_block_refusals(di, data, code):
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_block(di, data)
    assert refusal.value.code == code


@pytest.mark.parametrize("di", [0x00010000, 0x07FF0000, 0xFFFFFFFF, 0x0301FF01, -1, 1 << 40])
def test_not_a_block(di):
    assert expand_block(di, tariffs=4) is None
    with pytest.raises(LocalProtocolError):
        encode_block(di, lambda _: (), tariffs=4)


def test_blocks_of_1997():
    assert expand_block(0x901F, tariffs=4, profile=DEFAULT_1997) == (0x9010, 0x9011, 0x9012, 0x9013, 0x9014)
    assert expand_block(0xB61F, tariffs=4, profile=DEFAULT_1997) == (0xB611, 0xB612, 0xB613)
    assert expand_block(0x9010, tariffs=4, profile=DEFAULT_1997) is None
    data = bytes(20) + b"\xaa"
    reading = decode_block(0x901F, data, DEFAULT_1997)
    assert (len(reading.values), reading.tariffs, reading.end_mark) == (5, 4, True)
    assert encode_block(0x901F, lambda _: (0,), tariffs=4, profile=DEFAULT_1997) == data


@given(st.sampled_from([di for di, _ in BLOCKS]), st.binary(max_size=200))
def test_decode_block_raises_nothing_else(di, data):
    refusal, reading = outcome(decode_block, di, data)
    assert refusal is not None or reading.values
