"""Every captured DL/T 645 frame decodes to what its source says, through this mapping.

=====================  =========================================================================
key of ``expected``    where it is found
=====================  =========================================================================
address                fields.address
control                fields.control (of broken frames too)
data_after_minus_33    fields.data
DI                     fields.di
value                  values[0], "number unit"; ``VALUES`` where the source words it differently
item                   fields.item, by ``ITEMS`` (the source's words to our name)
error_byte             fields.error
meter_address          fields.meter_address of a read-address answer, else fields.address
data_reversed_ascii    values[0] without the trailing NULs
error                  error.code: "checksum ..." is checksum, "truncated ..." is truncated
meaning, note          prose; ``MEANINGS`` and ``NOTES`` hold what of it can be checked, by frame
=====================  =========================================================================
"""

from __future__ import annotations

import pytest

from fixtures.vectors import Vector, load_vectors
from rig.errors import RemoteProtocolError
from rig.protocols.decode import Decoded, decoders, exact
from rig.protocols.dlt645.frame import Frame, FrameReader, decode_frame, encode
from rig.protocols.stream import NEED_DATA, Noise

VECTORS = load_vectors("dlt645")
KNOWN_KEYS = {
    "address",
    "control",
    "data_after_minus_33",
    "DI",
    "value",
    "item",
    "error_byte",
    "meter_address",
    "data_reversed_ascii",
    "error",
    "meaning",
    "note",
}
PROTOCOLS = {"DL/T645-2007": "dlt645", "DL/T645-1997": "dlt645-1997"}

#: source wording -> values as "number unit"
VALUES = {
    "meter number 201708176934": ["201708176934"],
    "time 22:22:04 (wire order ss mm hh)": ["22:22:04"],
    "001600 (active meter constant 1600 imp/kWh)": ["1600 imp/kWh"],
    "total 10793.30, T1 2035.28, T2 3095.84, T3 2858.81, T4 2803.37 kWh, two further zero values": [
        "10793.30 kWh",
        "2035.28 kWh",
        "3095.84 kWh",
        "2858.81 kWh",
        "2803.37 kWh",
        "0.00 kWh",
        "0.00 kWh",
    ],
}
#: source wording -> our item name
ITEMS = {
    "forward active total energy": "forward active energy total",
    "reverse active total energy": "reverse active energy total",
    "combined active total energy": "combined active energy total",
    "total active power": "total active power",
    "phase A voltage": "phase A voltage",
    "phase A current": "phase A current",
    "DI 00440000 (phase C quadrant-4 reactive energy)": "phase C reactive energy quadrant 4",
    "rated voltage 04000404, 6 ASCII bytes transmitted in reverse order": "rated voltage",
    "meter internal temperature 02800007": "internal temperature",
    "9010": "forward active energy total",
    "9110 forward reactive total": "forward reactive energy total",
    "9020 reverse active total": "reverse active energy total",
    "C032": "meter number",
    "C011": "time",
    "C030": "active meter constant",
    "B611 phase A voltage": "phase A voltage",
    "901F block": "block",
}
#: prose -> fields it promises
MEANINGS = {
    "read request, current forward active total energy": {"function": "read data", "direction": "downlink"},
    "read phase A voltage": {"function": "read data", "item": "phase A voltage"},
    "read phase B voltage": {"function": "read data", "item": "phase B voltage"},
    "read-address answer": {"function": "read address", "direction": "uplink"},
    "abnormal answer, data byte on the wire 31H, i.e. FEH after minus 33H (source reports raw 31)": {
        "abnormal": True,
        "error": "FE",
    },
    "read grid frequency 02800002": {"item": "frequency"},
    "change baud rate to 2400 bit/s, Z=08H": {"function": "change baud", "baud": 2400, "baud_word": "08"},
    "read phase A voltage with wildcard address": {"item": "phase A voltage", "address": "AAAAAAAAAAAA"},
    "remote control 1CH: N1=1AH trip, N2=00, PA=03, P0P1P2=000000, operator 12000000 (wire order), "
    "valid until 2099-01-01 00:00:00": {
        "function": "remote control",
        "command": "1A",
        "reserved": "00",
        "credentials": {"level": "03", "password": "000000", "operator": "00000012"},
        "valid_until": "2099-01-01 00:00:00",
    },
    "vendor factory command 1EH (not in the standard)": {"function": "vendor 1E"},
    "vendor factory init command 1FH (not in the standard)": {"function": "vendor 1F"},
    "write 04CC0001, PA=02 P=000000 operator 11111111, 1 data byte 11H (vendor item)": {
        "function": "write data",
        "credentials": {"level": "02", "password": "000000", "operator": "11111111"},
        "payload": "11",
    },
    "time-sync function 08H; source reads the six bytes in wire order as 010203040506; standard reading "
    "(low byte first ss mm hh DD MM YY) = 2006-05-04 03:02:01": {"time": "2006-05-04 03:02:01"},
    "vendor heartbeat with reserved function 00H, bytes NOT offset by 33H in this vendor protocol "
    "(sub-function 01, signal 16H)": {"function": "vendor 00", "data": "CEE3"},
    "read DI 04000402 (meter number) with wildcard address": {"item": "meter number"},
    "read DI 0000FF00 (combined active energy block), abbreviated address: high byte AA, low five bytes "
    "0800963457 (meter number ends in 0800963457)": {"item": "block", "address": "AA0800963457"},
    "abnormal answer to read data": {"function": "read data", "abnormal": True},
    "1997 write C010 with password 00000000": {
        "function": "write data",
        "credentials": {"level": "00", "password": "000000"},
    },
}
#: frame number -> finding codes its note promises
NOTES = {19: ["length"], 26: ["address-not-bcd", "unknown-di"], 40: ["bad-bcd"], 49: ["unknown-di"]}


def decoded(vector: Vector) -> Decoded:
    return decoders()[PROTOCOLS[vector.protocol]](vector.frame)


def test_every_vector_is_here_with_its_source():
    assert len(VECTORS) == 61
    assert sum(vector.protocol == "DL/T645-2007" for vector in VECTORS) == 44
    assert all(vector.source for vector in VECTORS)
    assert {key for vector in VECTORS for key in vector.expected} <= KNOWN_KEYS


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_vector_decodes_to_expected(vector: Vector):
    result = decoded(vector)
    fields, expected = result.fields, vector.expected
    assert result.ok is vector.valid
    plain = {
        "address": "address",
        "control": "control",
        "data_after_minus_33": "data",
        "DI": "di",
        "error_byte": "error",
    }
    for key, field in plain.items():
        if key in expected:
            assert fields[field] == expected[key], key
    if "meter_address" in expected:
        assert fields.get("meter_address", fields["address"]) == expected["meter_address"]
    if vector.valid:
        assert fields["direction"] == vector.direction
    check_words(result, expected)


def check_words(result: Decoded, expected: dict[str, str]):
    texts = [f"{exact(value.value)} {value.unit}".strip() for value in result.values]
    if "value" in expected:
        assert texts == VALUES.get(expected["value"], [expected["value"]])
    if "data_reversed_ascii" in expected:
        assert texts == [expected["data_reversed_ascii"].removesuffix(" then two NUL")]
    if "item" in expected:
        assert result.fields["item"] == ITEMS[expected["item"]]
    if "meaning" in expected:
        promised = MEANINGS[expected["meaning"]]
        assert {name: result.fields[name] for name in promised} == promised
    if "error" in expected:
        assert result.error is not None
        assert expected["error"].startswith(result.error.code)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_vector_findings(vector: Vector):
    assert [found.code for found in decoded(vector).findings] == NOTES.get(vector.number, [])


def test_non_bcd_energy_is_a_data_error_with_offset():
    vector = next(vector for vector in VECTORS if "non-BCD nibble" in vector.expected.get("note", ""))
    result = decoded(vector)
    assert not result.values
    assert [(found.code, found.offset) for found in result.findings] == [("bad-bcd", 16)]


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if vector.valid], ids=lambda vector: vector.id
)
def test_valid_vector_encodes_to_the_same_octets(vector: Vector):
    assert encode(decode_frame(vector.frame), strict=False) == vector.frame


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if not vector.valid], ids=lambda vector: vector.id
)
def test_invalid_vector_is_refused_with_its_reason(vector: Vector):
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_frame(vector.frame)
    assert vector.expected["error"].startswith(refusal.value.code)
    assert (refusal.value.code == "checksum") is (vector.checksum_ok is False)


def test_all_vectors_in_one_stream():
    """What the reader makes of them one after another, the broken ones between the good ones."""
    reader = FrameReader()
    for vector in VECTORS:
        reader.feed(vector.frame)
    frames: list[Frame] = []
    noise: list[Noise] = []
    for event in iter_events(reader):
        (noise if isinstance(event, Noise) else frames).append(event)
    assert [encode(frame, strict=False) for frame in frames] == [v.frame for v in VECTORS if v.valid]
    assert b"".join(piece.data for piece in noise) == b"".join(v.frame for v in VECTORS if not v.valid)


def iter_events(reader: FrameReader):
    while (event := reader.next_frame()) is not NEED_DATA:
        yield event
