"""Formats A.1 to A.27 and data unit identifiers, by examples worked out by hand and by round trips."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.decode import exact
from rig.protocols.gdw1376_1.formats import FORMATS, TimeFormat, decode_format, encode_format, octets_of
from rig.protocols.gdw1376_1.units import (
    ALL_POINTS,
    UnitId,
    decode_points,
    decode_unit_id,
    encode_unit_id,
    group_ids,
)

FIRST = datetime(2000, 1, 1)  # noqa: DTZ001 - terminals keep local time without zone
LAST = datetime(2099, 12, 31)  # noqa: DTZ001 - terminals keep local time without zone


@pytest.mark.parametrize(
    ("number", "octets", "value"),
    [
        (1, "301508022326", "2026-03-02 W1 08:15:30"),
        (1, "30150802f226", "2026-12-02 W7 08:15:30"),
        (2, "2381", "123"),
        (2, "2301", "1.23E+6"),
        (2, "23f1", "-0.123"),
        (2, "0000", "0E+4"),
        (3, "67452301", "1234567"),
        (3, "67452351", "-1.234567E+9"),
        (4, "95", "-15"),
        (4, "79", "79"),
        (5, "3492", "-123.4"),
        (6, "3412", "12.34"),
        (6, "3492", "-12.34"),
        (7, "0022", "220.0"),
        (8, "3412", "1234"),
        (9, "563412", "12.3456"),
        (9, "563492", "-12.3456"),
        (10, "563412", "123456"),
        (11, "78563412", "123456.78"),
        (12, "610100000000", "000000000161"),
        (13, "78563412", "1234.5678"),
        (14, "0001000000", "0.0100"),
        (15, "4512160415", "2015-04-16 12:45"),
        (16, "39191628", "28 16:19:39"),
        (17, "15082311", "11-23 08:15"),
        (18, "150823", "23 08:15"),
        (19, "1508", "08:15"),
        (20, "270818", "2018-08-27"),
        (21, "0818", "2018-08"),
        (22, "15", "1.5"),
        (23, "563412", "12.3456"),
        (24, "0823", "23 08"),
        (25, "001500", "1.500"),
        (25, "563492", "-123.456"),
        (26, "3412", "1.234"),
        (27, "78563412", "12345678"),
    ],
)
def test_example(number, octets, value):
    data = bytes.fromhex(octets)
    decoded = decode_format(number, data)
    assert str(decoded) == value
    assert encode_format(number, decoded) == data


def test_there_are_27_formats():
    assert sorted(FORMATS) == list(range(1, 28))
    assert [octets_of(number) for number in range(1, 28)] == [
        *(6, 2, 4, 1, 2, 2, 2, 2, 3, 3, 4, 6, 4, 5, 5, 4, 4, 3, 2, 3, 2, 1, 3, 2, 3, 2, 4)
    ]


@pytest.mark.parametrize("number", range(1, 28))
def test_absent_value(number):
    data = b"\xee" * octets_of(number)
    assert decode_format(number, data) is None
    assert encode_format(number, None) == data


@pytest.mark.parametrize(
    ("number", "octets", "code", "offset"),
    [
        (7, "0a22", "bad-bcd", 0),
        (7, "00a2", "bad-bcd", 1),
        (12, "6101000000fa", "bad-bcd", 5),
        (14, "00eeeeeeee", "bad-bcd", 1),
        (15, "6012160415", "bad-time", 0),
        (15, "4524160415", "bad-time", 1),
        (15, "4512000415", "bad-time", 2),
        (15, "4512161315", "bad-time", 3),
        (1, "30150802e026", "bad-time", 4),
    ],
)
def test_broken_octets_are_named(number, octets, code, offset):
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_format(number, bytes.fromhex(octets))
    assert (refusal.value.code, refusal.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (2, Decimal(1234)),
        (2, "text"),
        (2, Decimal("NaN")),
        (3, Decimal("0.5")),
        (3, Decimal(10**10)),
        (4, 80),
        (7, Decimal(1000)),
        (7, Decimal("0.05")),
        (7, -1),
        (7, FIRST),
        (12, "12345678901234"),
        (12, "ABC"),
        (15, "2026-03-02"),
        (15, "2026-13-02 08:15"),
        (15, "1999-03-02 08:15"),
        (1, "2026-03-02 W9 08:15:30"),
        (16, "no time at all"),
    ],
)
def test_what_does_not_fit_is_refused(number, value):
    with pytest.raises(LocalProtocolError) as refusal:
        encode_format(number, value)
    assert refusal.value.code == "value"


def test_numbers_are_exact_in_any_decimal_context():
    with localcontext() as context:
        context.prec = 2
        assert decode_format(3, bytes.fromhex("67452341")) == Decimal("1234567E3")
        assert encode_format(3, Decimal("1234567E3")).hex() == "67452341"
        assert encode_format(2, Decimal("12.3")).hex() == "23a1"
        for wrong in (Decimal("1E+999999"), Decimal("1E-999999"), Decimal("1." + 50 * "0" + "1")):
            with pytest.raises(LocalProtocolError):
                encode_format(3, wrong)


@pytest.mark.parametrize(
    "number", [number for number, form in FORMATS.items() if isinstance(form, TimeFormat)]
)
@given(when=st.datetimes(FIRST, LAST))
def test_times_round_trip(number, when):
    data = encode_format(number, when)
    assert encode_format(number, decode_format(number, data)) == data


@pytest.mark.parametrize("number", range(1, 28))
@given(data=st.binary(min_size=6, max_size=6))
def test_octets_survive_or_are_refused(number, data):
    """What decodes encodes to octets that decode the same (not the same octets: A.3 has unused bits)."""
    piece = data[: octets_of(number)]
    try:
        value = decode_format(number, piece)
    except RemoteProtocolError as refusal:
        assert refusal.code in {"bad-bcd", "bad-time"}  # noqa: PT017 - either outcome is legal
        return
    assert decode_format(number, encode_format(number, value)) == value
    if isinstance(value, Decimal):
        assert "E" not in exact(value)


@pytest.mark.parametrize(
    ("octets", "points", "types"),
    [
        ("00000100", (0,), (1,)),
        ("01010101", (1,), (9,)),
        ("80018014", (8,), (168,)),
        ("01020206", (9,), (50,)),
        ("80ff801e", (2040,), (248,)),
        ("03010300", (1, 2), (1, 2)),
        ("ff000100", (ALL_POINTS,), (1,)),
    ],
)
def test_identifier(octets, points, types):
    unit = decode_unit_id(bytes.fromhex(octets))
    assert unit == UnitId(points, types)
    assert encode_unit_id(points, types).hex() == octets


def test_pairs_are_ordered_by_point_then_type():
    assert list(UnitId((1, 2), (3, 4)).pairs()) == [(1, 3), (1, 4), (2, 3), (2, 4)]
    assert str(UnitId((1, 2), (25,))) == "P1+P2 F25"


@pytest.mark.parametrize(
    ("octets", "code", "offset"),
    [
        ("0100", "truncated", 2),
        ("01000100", "unit-id", 0),
        ("00010100", "unit-id", 0),
        ("01010000", "unit-id", 2),
        ("0101011f", "unit-id", 3),
    ],
)
def test_illegal_identifier(octets, code, offset):
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_unit_id(bytes.fromhex(octets))
    assert (refusal.value.code, refusal.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("points", "types"),
    [
        ((), (1,)),
        ((1,), ()),
        ((8, 9), (1,)),
        ((1,), (8, 9)),
        ((2041,), (1,)),
        ((1,), (249,)),
        ((0, 1), (1,)),
        ((-2,), (1,)),
    ],
)
def test_identifier_that_cannot_be_sent(points, types):
    with pytest.raises(LocalProtocolError) as refusal:
        encode_unit_id(points, types)
    assert refusal.value.code == "unit-id"


@given(
    st.sets(st.integers(1, 2040), min_size=1, max_size=20),
    st.sets(st.integers(1, 248), min_size=1, max_size=20),
)
def test_groups_name_every_pair_once(points, types):
    units = [decode_unit_id(encode_unit_id(unit.points, unit.types)) for unit in group_ids(points, types)]
    pairs = [pair for unit in units for pair in unit.pairs()]
    assert sorted(pairs) == sorted((point, number) for point in points for number in types)


@given(st.integers(1, 2040))
def test_point_round_trip(point):
    data = encode_unit_id([point], [1])
    assert decode_points(data[0], data[1]) == (point,)
    assert group_ids([0, point], [1]) == [UnitId((0,), (1,)), UnitId((point,), (1,))]
