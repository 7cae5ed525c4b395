"""Every information type: its layout survives a round trip, and the published lengths hold."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_1.fn_events import EVENTS
from rig.protocols.gdw1376_1.formats import FORMATS, ScaledFormat, TimeFormat, encode_format
from rig.protocols.gdw1376_1.frame import Address, Frame
from rig.protocols.gdw1376_1.functions import all_functions, lookup
from rig.protocols.gdw1376_1.layout import (
    POINTS_AN_HOUR,
    Blob,
    Events,
    Field,
    Group,
    Walk,
    Word,
    decode_layout,
    encode_layout,
)
from rig.protocols.gdw1376_1.messages import Content, encode_unit, has_password, parse_message, values_of

FIRST = datetime(2000, 1, 1)  # noqa: DTZ001 - terminals keep local time without zone
LAST = datetime(2099, 12, 31)  # noqa: DTZ001 - terminals keep local time without zone
ALL = list(all_functions())
LAYOUTS = [(item, uplink) for item in ALL for uplink in (False, True) if item.layout(uplink=uplink)]


def frame_of(item, uplink, body):
    plain = Frame(Address("0200", 1), 0x88 if uplink else 0x4B, item.afn, 0x60, body)
    return dataclasses.replace(plain, body=body + bytes(16 if has_password(plain) else 0))


def field_octets(node):
    if node.kind == "format":
        return format_octets(node.number)
    if node.kind == "unit":
        return st.tuples(
            st.integers(1, 255), st.integers(1, 255), st.integers(1, 255), st.integers(0, 30)
        ).map(bytes)
    if node.kind == "ascii":
        return st.text("ABCxyz0189 .-\\", max_size=node.octets).map(
            lambda text: text.encode().ljust(node.octets, b"\0")
        )
    return st.binary(min_size=node.octets, max_size=node.octets)


def format_octets(number):
    form = FORMATS[number]
    absent = st.just(b"\xee" * form.octets)
    if isinstance(form, TimeFormat):
        value = st.datetimes(FIRST, LAST)
    elif number == 12:
        value = st.text("0123456789", min_size=12, max_size=12)
    elif isinstance(form, ScaledFormat):
        value = st.integers(-999, 999)
    elif number == 3:
        value = st.integers(-9999999, 9999999)
    else:
        low = -(8 * 10 ** (2 * form.octets - 1)) + 1 if form.signed else 0
        high = -low if form.signed else 10 ** (2 * form.octets) - 1
        value = st.integers(low, high).map(lambda digits: Decimal(digits).scaleb(-form.decimals))
    return st.one_of(absent, value.map(lambda given: encode_format(number, given)))


@st.composite
def layout_octets(draw, layout, counts=None):
    """Octets of a layout; counts stay small."""
    counts = {} if counts is None else counts
    data = b""
    for node in layout:
        if isinstance(node, Field):
            piece = draw(field_octets(node))
            if node.kind == "bin" and node.key in COUNTS:
                small = draw(st.sampled_from([1, 2, 3, 254]) if node.key == "density" else st.integers(0, 4))
                counts[node.key] = small
                piece = small.to_bytes(node.octets, "little")
        elif isinstance(node, Word):
            word = draw(st.integers(0, 256**node.octets - 1))
            for part in node.parts:
                counts[part.key] = word >> part.low & ((1 << part.width) - 1)
                if part.key in COUNTS and part.key != "groups":
                    word &= ~(((1 << part.width) - 1) << part.low)
                    counts[part.key] = draw(st.integers(0, 3))
                    word |= counts[part.key] << part.low
            piece = word.to_bytes(node.octets, "little")
        elif isinstance(node, Blob):
            size = max(0, counts[node.count] - node.less)
            piece = (
                b"AB\\c"[:size].ljust(size, b"z")
                if node.kind == "ascii"
                else draw(st.binary(min_size=size, max_size=size))
            )
        elif isinstance(node, Group):
            piece = b"".join(
                draw(layout_octets(node.nodes, dict(counts))) for _ in range(draw(rounds(node, counts)))
            )
        else:
            piece = draw(event_octets(counts))
        data += piece
    return data


COUNTS = (
    {
        node.count
        for item in ALL
        for layout in (item.down, item.up)
        for top in layout or ()
        for node in (top, *getattr(top, "nodes", ()))
        if isinstance(node, Group | Blob) and isinstance(node.count, str)
    }
    | {node.count for event in EVENTS.values() for node in event.layout if isinstance(node, Group)}
    | {"relays", "periods", "points", "length", "pm", "pn"}
)


def rounds(node, counts):
    if node.repetition == "optional":
        return st.integers(0, 1)
    if node.repetition == "rest":
        return st.integers(0, 3)
    if isinstance(node.count, int):
        return st.just(node.count + node.plus)
    number = counts[node.count]
    if node.repetition == "bits":
        number = number.bit_count()
    elif node.repetition == "points":
        number = POINTS_AN_HOUR[number]
    return st.just(max(0, number + node.plus))


@st.composite
def event_octets(draw, counts):
    # more records than Pm and Pn say would be the next data unit
    said = (counts["pn"] - counts["pm"]) % 256 or 3
    codes = draw(st.lists(st.sampled_from([*EVENTS, 46]), max_size=min(3, said)))
    data = b""
    for code in codes:
        layout = EVENTS[code].layout if code in EVENTS else (Field("body", "bytes", 4),)
        body = draw(layout_octets(layout))
        data += bytes((code, len(body))) + body
    return data


@pytest.mark.parametrize(("item", "uplink"), LAYOUTS, ids=lambda value: getattr(value, "id", value))
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_layout_round_trip(item, uplink, data):
    """Octets to values to octets, through a frame and its message."""
    layout = item.layout(uplink=uplink)
    octets = data.draw(layout_octets(layout))
    message = parse_message(frame_of(item, uplink, bytes.fromhex("0101") + identifier(item.number) + octets))
    codes = {found.code for found in message.findings}
    assert codes <= {"unknown-event", "event-count"}, message.findings
    (unit,) = message.units
    assert unit.data == octets
    content = Content(1, item.number, values_of(unit))
    again = parse_message(frame_of(item, uplink, encode_unit(item.afn, content, uplink=uplink)))
    assert again.units[0].values == unit.values


def identifier(number):
    return bytes((1 << (number - 1) % 8, (number - 1) // 8))


def test_no_type_is_in_two_tables():
    from rig.protocols.gdw1376_1 import fn_events, fn_history, fn_link, fn_parameters, fn_realtime

    rows = [
        row for module in (fn_events, fn_history, fn_link, fn_parameters, fn_realtime) for row in module.TABLE
    ]
    assert len(rows) == len(ALL) == len({(row.afn, row.number) for row in rows})


def test_keys_are_unique_within_a_layout():
    for item, uplink in LAYOUTS:
        keys = [
            key
            for node in item.layout(uplink=uplink)
            for key in (
                [part.key for part in node.parts] if isinstance(node, Word) else [getattr(node, "key", "")]
            )
            if key
        ]
        assert len(keys) == len(set(keys)), item.id


def test_names_are_unique_within_a_function():
    for afn in {item.afn for item in ALL}:
        names = [item.name for item in ALL if item.afn == afn]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("afn", "number", "counts", "length"),
    [
        (0x0C, 25, b"", 67),
        (0x0C, 33, b"\x04", 91),
        (0x0C, 34, b"\x04", 91),
        (0x0C, 129, b"\x04", 31),
        (0x0D, 1, b"\x04", 94),
        (0x0A, 1, b"", 6),
        (0x0A, 3, b"", 28),
        (0x0C, 2, b"", 6),
    ],
)
def test_lengths_of_captured_units(afn, number, counts, length):
    """Lengths that captured frames and the 2009 tables show."""
    layout = lookup(afn, number).up
    body = bytearray(b"\xee" * 300)
    if counts:
        body[5 if afn == 0x0C else 8] = counts[0]
    walk = Walk(bytes(body), 0, len(body))
    decode_layout(layout, walk)
    assert walk.position == length


def test_meter_archive_entry():
    entry = {
        "meters": 1,
        "meter.1.index": 1,
        "meter.1.point": 1,
        "meter.1.port": 2,
        "meter.1.speed_code": 3,
        "meter.1.protocol": 30,
        "meter.1.address": "000000000161",
        "meter.1.password": "000000000000",
        "meter.1.tariffs": 4,
        "meter.1.decimals_less_1": 1,
        "meter.1.integers_less_4": 2,
        "meter.1.spare": 0,
        "meter.1.collector": "000000000000",
        "meter.1.small_class": 1,
        "meter.1.big_class": 5,
    }
    data = encode_layout(lookup(0x04, 10).down, entry)
    assert (
        data.hex()
        == "0100" + "0100" + "0100" + "62" + "1e" + "610100000000" + "00" * 6 + "04" + "09" + "00" * 6 + "51"
    )
    assert len(data) == 2 + 27


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"wait": 4096}, "value"),
        ({"wait": None}, "value"),
        ({"heartbeat": 256}, "value"),
        ({"heartbeat": None}, "value"),
        ({"heartbeat": "text"}, "value"),
        ({"heartbeat": True}, "value"),
        ({"heartbeat": Decimal("NaN")}, "value"),
        ({"heartbeat": Decimal("0.5")}, "value"),
        ({"nonsense": 1}, "value"),
    ],
)
def test_values_that_do_not_fit_are_refused(change, code):
    values = {
        "rts": 20,
        "permitted_delay": 5,
        "wait": 60,
        "retries": 3,
        "confirm_class_1": 0,
        "confirm_class_2": 1,
        "confirm_class_3": 1,
        "spare": 0,
        "heartbeat": 5,
    }
    layout = lookup(0x04, 1).down
    assert encode_layout(layout, values).hex() == "14053c300605"
    with pytest.raises(LocalProtocolError) as refusal:
        encode_layout(layout, {**values, **change})
    assert refusal.value.code == code
    del values["rts"]
    with pytest.raises(LocalProtocolError, match="missing"):
        encode_layout(layout, values)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("main_ip", "10.0.0"),
        ("main_ip", "10.0.0.256"),
        ("main_port", 65536),
        ("apn", "x" * 17),
        ("apn", "网"),
        ("apn", "\\q"),
    ],
)
def test_addresses_and_text_that_do_not_fit(key, value):
    values = {
        "main_ip": "10.0.0.1",
        "main_port": 7001,
        "backup_ip": "10.0.0.2",
        "backup_port": 7002,
        "apn": "CMNET",
    }
    layout = lookup(0x04, 3).down
    data = encode_layout(layout, values)
    assert data.hex() == "0a000001591b0a0000025a1b434d4e4554" + "00" * 11
    with pytest.raises(LocalProtocolError):
        encode_layout(layout, {**values, key: value})


def test_an_absent_number_cannot_be_sent_as_a_number():
    layout = lookup(0x04, 36).down
    assert encode_layout(layout, {"monthly_limit": None}).hex() == "eeeeeeee"
    with pytest.raises(LocalProtocolError, match="absent"):
        encode_layout(layout, {"monthly_limit": 0xEEEEEEEE})


def test_identifiers_in_words():
    layout = lookup(0x04, 65).down
    values = {
        "period": 15,
        "period_unit": 0,
        "base_time": "2026-03-02 W1 00:00:00",
        "curve_multiple": 1,
        "units": 2,
        "unit.1": "P1+P2 F25",
        "unit.2": "all F129",
    }
    data = encode_layout(layout, values)
    assert data.hex() == "0f" + "000000022326" + "01" + "02" + "03010103" + "ff000110"
    walk = Walk(data, 0, len(data))
    decode_layout(layout, walk)
    assert [str(value.value) for value in walk.values[-2:]] == ["P1+P2 F25", "all F129"]
    for wrong in ("25", "P1 F0", "P1+P9 F1", "Px F1", ""):
        with pytest.raises(LocalProtocolError):
            encode_layout(layout, {**values, "unit.2": wrong})


def test_short_data_name_the_value_that_is_cut():
    layout = lookup(0x0C, 129).up
    walk = Walk(bytes.fromhex("101816280404" + "00" * 7), 0, 13)
    with pytest.raises(RemoteProtocolError, match=r"t1") as refusal:
        decode_layout(layout, walk)
    assert (refusal.value.code, refusal.value.offset) == ("length", 13)


def test_every_event_of_the_note_is_here():
    assert sorted(EVENTS) == list(range(1, 36))
    assert all(isinstance(node, Field | Word | Group) for event in EVENTS.values() for node in event.layout)
    assert isinstance(lookup(0x0E, 1).up[-1], Events)
