"""Frames for people: every kind of request and answer shows its parts by name."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from fixtures import dlt645_plain as plain
from rig.errors import ConfigError
from rig.protocols.decode import KNOWN_PROTOCOLS, Decoded, decoder_for, decoders, exact
from rig.protocols.dlt645.load_profile import LoadRecord, encode_load_records

METER = "000000000161"
CREDENTIALS = "02563412" + "21436587"
SHOWN = {"level": "02", "password": "123456", "operator": "87654321"}


def decode(control: int, data: str, *, address: str = METER, protocol: str = "dlt645") -> Decoded:
    decoded = decoders()[protocol](plain.build(address, control, bytes.fromhex(data)))
    assert decoded.ok
    json.dumps(decoded.to_json())
    return decoded


@pytest.mark.parametrize(
    ("control", "data", "fields"),
    [
        (0x11, "0000000602", {"di": "06000000", "block_count": 2, "item": "load profile earliest block"}),
        (0x11, "01000006021508020326", {"block_count": 2, "time": "2026-03-02 08:15:00"}),
        (
            0x12,
            "00ff010001",
            {"function": "read follow up", "di": "0001FF00", "sequence": 1, "item": "block"},
        ),
        (0x13, "", {"function": "read address", "direction": "downlink"}),
        (0x14, "03010004" + CREDENTIALS + "15", {"di": "04000103", "credentials": SHOWN, "payload": "15"}),
        (0x15, "620100000000", {"new_address": "000000000162"}),
        (0x08, "301508020326", {"function": "broadcast time", "time": "2026-03-02 08:15:30"}),
        (0x16, "30019999", {"freeze_at": {"month": None, "day": None, "hour": 1, "minute": 30}}),
        (0x17, "20", {"baud": 9600, "baud_word": "20"}),
        (0x17, "21", {"baud": None, "baud_word": "21"}),
        (0x18, "050c00040256341204111111", {"di": "04000C05", "item": "password of level 4"}),
        (0x19, CREDENTIALS, {"function": "reset demand", "credentials": SHOWN}),
        (0x1A, CREDENTIALS, {"function": "reset meter", "credentials": SHOWN}),
        (0x1B, CREDENTIALS + "ffffffff", {"di": "FFFFFFFF"}),
        (0x1C, CREDENTIALS + "1a00301508020326", {"command": "1A", "valid_until": "2026-03-02 08:15:30"}),
        (
            0x03,
            "ff00000701000000" + "00" * 24,
            {"di": "070000FF", "operator": "00000001", "payload": "00" * 24},
        ),
        (0x1E, "0102", {"function": "vendor 1E", "payload": "0102"}),
        (0x92, "00ff0100" + "11223344" + "02", {"sequence": 2, "part": "11223344", "di": "0001FF00"}),
        (0xB2, "00ff0100" + "11223344" + "01", {"follow_up": True, "sequence": 1}),
        (0xB1, "00ff0100" + "11223344", {"follow_up": True, "part": "11223344", "item": "block"}),
        (0x93, "610100000000", {"meter_address": METER}),
        (0x97, "08", {"baud": 2400}),
        (
            0x98,
            "04111111",
            {"new_credentials": {"level": "04", "password": "111111"}},
        ),
        (0x83, "ff000007" + "01" * 12, {"di": "070000FF", "payload": "01" * 12}),
        (0x94, "", {"function": "write data", "direction": "uplink"}),
        (
            0xD1,
            "06",
            {"error": "06", "error_bits": ["no requested data", "password wrong or not authorised"]},
        ),
        (0xC3, "0400", {"error": "0004", "error_bits": ["ESAM verification failed"]}),
        (0x91, "03050004" + "1000", {"item": "status word 3", "status_bits": ["relay open"]}),
    ],
)
def test_parts_are_named(control, data, fields):
    decoded = decode(control, data)
    assert {name: decoded.fields[name] for name in fields} == fields
    assert not decoded.findings


@pytest.mark.parametrize(
    ("control", "data", "code", "offset"),
    [
        (0x11, "0000", "length", 9),
        (0x91, "0000", "length", 9),
        (0x91, "00000100" + "26", "length", 15),
        (0x91, "00000100" + "2606210a", "bad-bcd", 17),
        (0x91, "00ff0100" + "112233", "length", 14),
        (0x91, "01000077" + "00", "unknown-di", 10),
        (0x92, "0000010001", "length", 9),
        (0xB1, "0000", "length", 9),
        (0x93, "6101", "length", 9),
        (0x97, "", "length", 9),
        (0x98, "04", "length", 9),
        (0x83, "ff", "length", 9),
        (0xD1, "0202", "length", 9),
        (0xC3, "04", "length", 9),
        (0x08, "301508320326", "bad-time", 10),
    ],
)
def test_broken_content_is_a_finding_not_a_broken_frame(control, data, code, offset):
    decoded = decode(control, data)
    assert [(found.code, found.offset) for found in decoded.findings] == [(code, offset)]
    assert not decoded.values


def test_written_value_is_shown():
    decoded = decode(0x14, "0c010004" + CREDENTIALS + "04222206060719")
    assert [value.value for value in decoded.values] == ["2019-07-06 W06 22:22:04"]


def test_block_and_load_profile_values():
    decoded = decode(0x91, "00ff0100" + "26000000" * 5)
    assert [value.id for value in decoded.values] == [
        "00010000",
        "00010100",
        "00010200",
        "00010300",
        "00010400",
    ]
    assert decoded.fields["block"] == {"items": 5, "tariffs": 4, "end_mark": False, "separators": False}
    records = encode_load_records([LoadRecord("2026-03-02 08:15", {3: (Decimal("-0.5"),) * 4})])
    decoded = decode(0x91, "00000006" + records.hex())
    assert (decoded.values[0].id, decoded.values[0].value) == ("06000000.1.time", "2026-03-02 08:15")
    assert [exact(value.value) for value in decoded.values[1:]] == ["-0.500"] * 4


def test_absent_phases_filled_with_ff_leave_the_value_of_the_present_one():
    decoded = decode(0x91, "00ff0102" + "0322" + "ffff" * 2)
    assert [(value.id, exact(value.value)) for value in decoded.values] == [("02010100", "220.3")]
    assert [(found.code, found.offset) for found in decoded.findings] == [("bad-bcd", 16), ("bad-bcd", 18)]


def test_1997_answers():
    assert decode(0x8C, "08", protocol="dlt645-1997").fields["baud"] == 2400
    assert decode(0xA1, "1f90" + "00", protocol="dlt645-1997").fields["part"] == "00"
    assert decode(0xC1, "04", protocol="dlt645-1997").fields["error_bits"] == ["password wrong"]


def test_exact_never_uses_an_exponent():
    assert exact(Decimal("1E+3")) == "1000"
    assert exact(Decimal("0E-4")) == "0.0000"
    assert exact("text") == "text"


def test_registry():
    assert {"dlt645", "dlt645-1997", "modbus"} <= set(decoders()) <= set(KNOWN_PROTOCOLS)
    with pytest.raises(ConfigError, match="unknown protocol"):
        decoder_for("dlt646")
