"""Modbus RTU decoding, held to the published example and to answers with exceptions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU

from rig.protocols.decode import decoders

decode = decoders()["modbus"]


def with_crc(text: str) -> bytes:
    body = bytes.fromhex(text)
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def test_published_example():
    frame = bytes.fromhex("010300000006c5c8")
    assert with_crc("010300000006") == frame
    decoded = decode(frame)
    assert decoded.ok
    assert {name: decoded.fields[name] for name in ("address", "direction", "start", "count", "control")} == {
        "address": 1,
        "direction": "request",
        "start": 0,
        "count": 6,
        "control": "03",
    }


def test_registers_of_an_answer():
    decoded = decode(with_crc("010404435c0000"))
    assert decoded.fields["direction"] == "answer"
    assert [(value.id, str(value.value)) for value in decoded.values] == [("0", "17244"), ("1", "0")]


def test_echoed_write_is_either():
    assert decode(with_crc("01060001000a")).fields["direction"] == "request or answer"


def test_exception_answer():
    decoded = decode(with_crc("018302"))
    assert decoded.ok
    assert (decoded.fields["abnormal"], decoded.fields["error"]) == (True, "02")
    assert decoded.fields["error_bits"] == ["illegal data address"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (bytes.fromhex("010300000006c5c9"), "checksum"),
        (b"\x01\x03", "truncated"),
        (bytes(300), "length"),
        (with_crc("0163000000"), "pdu"),
        (with_crc("01030000000600"), "pdu"),
        (with_crc("010300000000"), "pdu"),
    ],
)
def test_refusals(frame, code):
    decoded = decode(frame)
    assert not decoded.ok
    assert decoded.error.code == code


@given(st.binary(max_size=80), st.booleans())
def test_raises_nothing(data, checked):
    decoded = decode(with_crc(data.hex()) if checked else data)
    assert decoded.ok is (decoded.error is None)
    decoded.to_json()
