"""Plans against the protocol's own parser: the same rows, whatever the octets."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.ncc_terminal import bcd, curve, day_freeze, unit_id
from rig.ncc.decode import Decoder, NotPlainError, plan_of
from rig.ncc.items import all_quantities, item_type, parse_item, place_of, quantities_by_id
from rig.protocols.gdw1376_1.formats import FORMATS, NumberFormat, TimeFormat
from rig.protocols.gdw1376_1.frame import Address, Frame
from rig.protocols.gdw1376_1.functions import all_functions
from rig.protocols.gdw1376_1.layout import Blob, Field, Group, Word
from rig.protocols.gdw1376_1.messages import parse_message

ADDRESS = Address("0171", 1)
KINDS = [(fn.afn, fn.number) for fn in all_functions() if item_type(fn.afn, fn.number)]
PLANNED = [(afn, number) for afn, number in KINDS if plan_of(afn, number, 2)]
ALLOWED = frozenset({0, 1, 2, 3, 9, 2040})


def decoder() -> Decoder:
    return Decoder(7, ALLOWED.__contains__)


def octets_of(node, rounds: int, draw: random.Random) -> bytes:
    """Legal octets of a node with all counters ``rounds``."""
    if isinstance(node, Word):
        return bytes(node.octets)
    if isinstance(node, Blob):
        return b""
    if isinstance(node, Group):
        count = node.count if isinstance(node.count, int) else rounds
        times = 0 if node.repetition in {"optional", "bits"} else max(0, count + node.plus)
        return b"".join(octets_of(inner, rounds, draw) for _ in range(times) for inner in node.nodes)
    assert isinstance(node, Field)
    if node.kind == "bin" and node.key in {"tariffs", "points"}:
        return bytes((rounds,))
    if node.key == "density":
        return bytes((draw.choice([1, 2, 3, 254, 255]),))
    form = FORMATS[node.number] if node.kind == "format" else None
    if isinstance(form, TimeFormat):
        ranges = {"s": 60, "m": 60, "h": 24, "d": 28, "M": 12, "W": 12, "y": 99}
        return b"".join(bcd(draw.randrange(ranges[letter]) + (letter in "dMW"), 1) for letter in form.letters)
    if isinstance(form, NumberFormat):
        data = bytearray(bcd(draw.randrange(10 ** (2 * node.octets)), node.octets))
        if form.signed:
            data[-1] = draw.randrange(8) << 4 | draw.randrange(10) | draw.choice([0, 0x80])
        return bytes(data)
    return bytes(draw.randrange(10) for _ in range(node.octets))


def body_of(afn: int, number: int, point: int, rounds: int, draw: random.Random) -> bytes:
    kind = item_type(afn, number)
    return unit_id(point, number) + b"".join(octets_of(node, rounds, draw) for node in kind.fn.up)


def plain(afn: int, body: bytes) -> tuple[list, Decoder]:
    reference = decoder()
    message = parse_message(Frame(ADDRESS, 0xC4, afn, 0x71, body))
    return reference.plain(message, 5, 2), reference


def check(afn: int, body: bytes) -> bool:
    """Rows by plan equal those by parser; whether a plan fitted."""
    fast = decoder()
    try:
        rows = fast.fast(afn, body, len(body), 5, 2)
    except NotPlainError:
        assert (fast.refused, fast.absent) == (0, 0)
        return False
    expected, reference = plain(afn, body)
    assert rows == expected
    assert fast.refused == reference.refused
    return True


def test_most_types_have_a_plan():
    assert len(PLANNED) > 100
    for item in ("0C.F25", "0C.F33", "0C.F129", "0D.F1", "0D.F161", "0D.F177", "0D.F101", "0D.F81", "0D.F89"):
        kind = parse_item(item)
        assert (kind.afn, kind.number) in PLANNED


@pytest.mark.parametrize(("afn", "number"), PLANNED)
def test_rows_by_plan_are_those_of_the_parser(afn, number):
    draw = random.Random(f"{afn} {number}")
    fitted = [
        check(afn, body_of(afn, number, point, rounds, draw))
        for point in (1, 9, 4)
        for rounds in (0, 1, 4, 14)
    ]
    assert sum(fitted) >= 6


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_units_of_all_kinds_in_one_frame(data):
    draw = random.Random(data.draw(st.integers(0, 2**32)))
    afn = data.draw(st.sampled_from([0x0C, 0x0D]))
    numbers = [number for known, number in KINDS if known == afn]
    chosen = data.draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=4))
    body = b"".join(
        body_of(afn, number, draw.choice([1, 2, 9, 5, 2040]), draw.choice([0, 1, 4, 12]), draw)
        for number in chosen
    )
    check(afn, body)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_broken_octets(data):
    draw = random.Random(data.draw(st.integers(0, 2**32)))
    afn, number = data.draw(st.sampled_from(PLANNED))
    body = bytearray(body_of(afn, number, 1, draw.choice([0, 1, 4]), draw))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place] = data.draw(st.sampled_from([0x00, 0xEE, 0xFF, 0x0A, 0x99, 0x01, 0x80]))
    cut = data.draw(st.integers(0, 3))
    check(afn, bytes(body[: len(body) - cut]))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([0x0C, 0x0D]), st.binary(max_size=80))
def test_any_octets(afn, body):
    check(afn, body)


def test_several_points_and_types_in_one_identifier():
    # P1 P2 and F161 F162: four sets of data, by point, then by type
    data = [
        day_freeze(1, 161, datetime(2026, 3, 1), [1, 2])[4:],
        day_freeze(1, 162, datetime(2026, 3, 1), [3])[4:],
    ]
    data[1] = data[1][:9] + bcd(3, 4)
    body = b"\x03\x01\x03\x14" + data[0] + data[1] + data[0] + data[1]
    assert check(0x0D, body)
    rows = decoder().fast(0x0D, body, len(body), 5, 2)
    assert [(row[2], row[3] >> 8 & 255, row[5], row[6]) for row in rows] == [
        (1, 161, 0, 1),
        (1, 161, 1, 2),
        (1, 162, 0, 3),
        (2, 161, 0, 1),
        (2, 161, 1, 2),
        (2, 162, 0, 3),
    ]


def test_plan_is_used_for_what_is_common():
    assert check(0x0D, day_freeze(1, 161, datetime(2026, 3, 1), [5, 1, 1, 1, 2]))
    assert check(0x0D, curve(1, 101, datetime(2026, 3, 1, 23, 45), 1, list(range(96))))


def test_codes_are_unique_and_places_lead_back():
    assert len(quantities_by_id()) == len(all_quantities())
    for afn, number in KINDS:
        kind = item_type(afn, number)
        for key, quantity in kind.quantities.items():
            assert quantity.code >> 16 == afn
            assert quantity.code >> 8 & 255 == number
            assert all_quantities()[quantity.code].key == key
    place = place_of(0x0D, 1, "active.t3")
    assert (place.quantity.id, place.tariff) == ("0D.F1.active", 3)
    assert place_of(0x0D, 101, "point.7").point == 6
    assert place_of(0x0D, 1, "time") is None


def test_value_is_scaled_exactly():
    rows = decoder().fast(
        0x0D, body := day_freeze(1, 161, datetime(2026, 3, 1), [9_999_999_999]), len(body), 0, 0
    )
    assert Decimal(rows[0][6]).scaleb(-all_quantities()[rows[0][3]].decimals) == Decimal("999999.9999")


def test_no_plan_for_more_tariffs_than_an_archive_has():
    assert plan_of(0x0D, 161, 48)
    assert plan_of(0x0D, 161, 49) is None
    assert plan_of(0x0D, 101, 255)


@pytest.mark.parametrize("point", [1, 500])
def test_counter_alone_makes_no_plan(point):
    """The length is asked first: a report of a few octets could have a plan of each counter made otherwise."""
    plan_of(0x0D, 161, 0)
    plan_of(0x0D, 161, 1)
    body = day_freeze(point, 161, datetime(2026, 3, 1), [1, 2])
    decoder().fast(0x0D, body, len(body), 0, 0)
    kept = plan_of.cache_info().misses
    at = 4 + 3 + 5
    for rounds in range(2, 256):
        short = body[:at] + bytes((rounds,)) + body[at + 1 :]
        with pytest.raises(NotPlainError):
            decoder().fast(0x0D, short, len(short), 0, 0)
    assert plan_of.cache_info().misses == kept
    assert plan_of.cache_info().maxsize is not None
