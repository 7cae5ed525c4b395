"""The one-call way to values says what the long way says, in every case it leaves to it too."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import dlt645_plain as plain
from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.frame import decode_frame
from rig.protocols.dlt645.items import all_items, lookup
from rig.protocols.dlt645.messages import di_octets
from rig.protocols.dlt645.readings import decode_reading
from rig.protocols.dlt645.values import decode_item

METER = "000000000161"
NUMBERS = [item.di for item in all_items() if len(item.fields) == 1 and item.fields[0].kind == "bcd"]


def long_way(data: bytes):
    frame = decode_frame(data)
    item = (
        lookup(int.from_bytes(frame.data[:4], "little"))
        if frame.control == 0x91 and len(frame.data) > 3
        else None
    )
    return frame, item, decode_item(item, frame.data[4:]) if item else ()


def outcome(decode, data):
    try:
        return decode(data)
    except RemoteProtocolError as refusal:
        return refusal.code, refusal.offset


@given(
    st.sampled_from(NUMBERS),
    st.one_of(st.integers(0, 99999999).map(lambda n: bytes.fromhex(f"{n:08d}")), st.binary(max_size=6)),
    st.sampled_from(["000000000161", "FFFFFFFFFFFF", "AAAAAAAAAAAA"]),
    st.integers(0, 5),
)
def test_same_as_the_long_way(di, register, address, preamble):
    size = lookup(di).octets
    for tail in (register, register[:size].ljust(size, b"\0")):
        data = b"\xfe" * preamble + plain.build(address, 0x91, di_octets(di) + tail)
        assert outcome(decode_reading, data) == outcome(long_way, data)
        assert outcome(decode_reading, data[:-1]) == outcome(long_way, data[:-1])


@given(st.binary(max_size=60), st.integers(0, 255))
def test_any_octets(data, control):
    assert outcome(decode_reading, data) == outcome(long_way, data)
    framed = plain.build(METER, control, data)
    assert outcome(decode_reading, framed) == outcome(long_way, framed)


@pytest.mark.parametrize("position", range(20))
def test_every_damaged_octet_is_noticed(position):
    """After the identifier is known to the quick way."""
    data = plain.build(METER, 0x91, bytes.fromhex("0000010026062120"))
    assert decode_reading(data)[2][0].value == Decimal("202106.26")
    broken = data[:position] + bytes((data[position] ^ 0x40,)) + data[position + 1 :]
    with pytest.raises(RemoteProtocolError):
        decode_reading(broken)


def test_callers_decimal_context_changes_nothing():
    data = plain.build(METER, 0x91, bytes.fromhex("0000010026062120"))
    with localcontext(prec=3):
        assert decode_reading(data)[2][0].value == Decimal("202106.26")
        assert decode_item(lookup(0x00000000), bytes.fromhex("26062180"))[0].value == Decimal("-2106.26")
