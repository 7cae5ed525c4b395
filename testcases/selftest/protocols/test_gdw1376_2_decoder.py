"""Frames for people: fields, the messages inside them, values and findings."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import gdw1376_2_plain as plain
from rig.cli.main import main
from rig.protocols.decode import decoders
from rig.protocols.dlt645.frame import Frame as MeterFrame
from rig.protocols.dlt645.frame import encode as encode_meter_frame
from rig.protocols.dlt645.messages import read_data
from rig.protocols.gdw1376_2.decoder import decode as decode_by
from rig.protocols.gdw1376_2.frame import Frame, dt_of, encode
from rig.protocols.gdw1376_2.host import Host
from rig.protocols.gdw1376_2.information import DownInformation, UpInformation
from rig.protocols.gdw1376_2.module import Module
from rig.protocols.gdw1376_2.nested import Piece, split_message
from rig.protocols.gdw1376_2.profile import DEFAULT_2013

CCO = "049999888888"
METER = "000000003304"
HOST = Host(CCO)
MODULE = Module()
REQUEST = read_data(METER, 0x00010000)
READING = encode_meter_frame(REQUEST.answer(bytes.fromhex("0000010056341200")))
MESSAGE = encode_meter_frame(REQUEST)
FOREIGN = bytes.fromhex("68180043050433000000001064d1050200010010020000910416")
decode = decoders()["gdw1376.2"]


def decoded(frame):
    result = decode(encode(frame, strict=False))
    json.dumps(result.to_json())
    return result


def codes_of(result):
    return [found.code for found in result.findings]


def test_fields_of_a_request():
    fields = decoded(HOST.monitor(METER, MESSAGE, sequence=9, relays=("000000000001",))).fields
    assert fields["length"] == 53
    assert (fields["control"], fields["direction"], fields["initiating"]) == ("43", "downlink", True)
    assert (fields["mode"], fields["mode_name"], fields["sequence"]) == (3, "high-speed carrier", 9)
    assert (fields["source"], fields["destination"]) == (CCO, METER)
    assert fields["relays"] == ["000000000001"]
    assert (fields["afn"], fields["fn"]) == ("13", [1])
    assert (fields["function"], fields["function_zh"]) == ("monitor a node", "监控从节点")
    assert fields["information"]["relay_level"] == 1
    assert "AFN=13H F1" in fields["clause"]
    assert fields["content"]["protocol_meaning"] == "DL/T 645-2007"


def test_readings_inside_are_values():
    request = HOST.monitor(METER, MESSAGE, sequence=9)
    result = decoded(MODULE.monitored(request, READING, up_time_s=3))
    assert result.findings == []
    values = {value.id: (str(value.value), value.unit) for value in result.values}
    assert values == {"13F1.up_time": ("3", "s"), "00010000": ("1234.56", "kWh")}
    inner = result.fields["messages"][0]
    assert (inner["protocol"], inner["ok"], inner["fields"]["address"]) == ("dlt645", True, METER)


def test_several_meter_frames_in_one_message():
    request = HOST.read_concurrently(METER, [MESSAGE] * 3, sequence=9)
    assert [inner["ok"] for inner in decoded(request).fields["messages"]] == [True] * 3
    result = decoded(MODULE.concurrent(request, [b"\xfe\xfe" + READING, READING]))
    assert [value.id for value in result.values] == ["00010000"] * 2
    assert result.findings == []


def test_meter_frame_of_the_older_edition():
    message = encode_meter_frame(MeterFrame(METER, 0x01, bytes.fromhex("1090")))
    result = decoded(HOST.monitor(METER, message, protocol=1, sequence=9))
    inner = result.fields["messages"][0]
    assert (inner["protocol"], inner["fields"]["di"]) == ("dlt645-1997", "9010")


def test_rubbish_around_a_meter_frame_is_found():
    result = decoded(HOST.monitor(METER, b"\x00\x01" + MESSAGE + b"\x55", sequence=9))
    assert codes_of(result) == ["message", "message"]
    assert [found.offset for found in result.findings] == [29, 47]
    assert [inner.get("ok") for inner in result.fields["messages"]] == [None, True, None]


def test_broken_meter_frame_is_found():
    result = decoded(HOST.monitor(METER, MESSAGE[:-2] + b"\x00\x16", sequence=9))
    assert result.ok
    assert set(codes_of(result)) == {"message"}
    assert result.fields["messages"][0]["protocol"] == "dlt645"


def test_messages_without_a_protocol_are_recognised():
    late = MODULE.ask_corrected(METER, 1, MESSAGE, sequence=1)
    assert decoded(late).fields["messages"][0]["protocol"] == "dlt645"
    assert (
        decoded(MODULE.ask_corrected(METER, 1, FOREIGN, sequence=1)).fields["messages"][0]["protocol"]
        == "dlt698"
    )
    assert decoded(MODULE.ask_corrected(METER, 1, b"\1\2", sequence=1)).fields["messages"] == [
        {"protocol": None, "raw": "0102"}
    ]
    assert decoded(HOST.corrected(late, b"")).fields["messages"] == []


def test_message_of_another_protocol_than_told():
    assert split_message(FOREIGN, 3) == (Piece(FOREIGN, "dlt698"),)
    assert split_message(b"\1\2", 3) == (Piece(b"\1\2", "dlt698", "start"),)
    result = decoded(HOST.monitor(METER, b"\1\2\3", protocol=3, sequence=1))
    assert codes_of(result) == ["message"]


def test_phase_identification_is_no_message_of_a_meter_protocol():
    result = decoded(HOST.broadcast(b"\1\2\3", protocol=3, sequence=1))
    assert result.fields["content"]["protocol_meaning"] == "phase identification"
    assert result.fields["messages"] == [{"protocol": None, "raw": "010203"}]
    assert result.findings == []


def test_event_of_a_meter():
    result = decoded(MODULE.event(READING, sequence=1))
    assert result.fields["content"]["report"] == {"message": READING.hex().upper()}
    assert result.fields["messages"][0]["ok"]
    assert "event" not in result.fields


def test_event_of_a_node_in_another_area():
    message = encode_meter_frame(MeterFrame(METER, 0x9E, bytes(7)))
    assert decoded(MODULE.event(message, sequence=1)).fields["event"] == "node of another area"


def test_outage_report():
    (frame,) = MODULE.power_events(1, [METER], sequence=1)
    content = decoded(frame).fields["content"]
    assert content["kind_meaning"] == "power off or on"
    assert content["report"] == {"power": 1, "power_meaning": "power off", "nodes": [{"address": METER}]}


def test_unknown_function_stays_raw():
    result = decoded(Frame(0x43, DownInformation(), 0x20, dt_of(5), b"\1\2"))
    assert result.ok
    assert codes_of(result) == ["unknown-fn"]
    assert (result.fields["afn_name"], result.fields["data"]) == ("unknown 20", "0102")
    assert "content" not in result.fields


def test_data_unit_that_ends_too_early_is_a_finding():
    result = decoded(Frame(0x43, DownInformation(), 0x11, dt_of(1), b"\2"))
    assert result.ok
    assert codes_of(result) == ["length"]
    assert result.findings[0].offset == 14


def test_unknown_layout_keeps_its_octets():
    result = decoded(Frame(0x83, UpInformation(), 0x10, dt_of(104), b"\2"))
    assert codes_of(result) == ["layout"]
    assert result.fields["data"] == "02"


def test_older_edition_by_its_profile():
    result = decode_by(encode(HOST.set_band(1, sequence=1)), profile=DEFAULT_2013)
    assert codes_of(result) == ["edition"]


@pytest.mark.parametrize("octets", ["", "68", "680F", "FF" * 20, "680F0043000028320055120200061600"])
def test_refused_frames_keep_their_octets(octets):
    result = decode(bytes.fromhex(octets))
    assert not result.ok
    assert result.fields["raw"] == octets
    assert result.to_json()["error"]["code"] in {"truncated", "start", "trailing"}


@given(
    st.integers(0, 255),
    st.binary(min_size=6, max_size=6),
    st.sampled_from([0, 1, 2, 3, 4, 5, 6, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20, 0xF0, 0xF1]),
    st.integers(1, 240),
    st.binary(max_size=60),
)
def test_any_frame_is_decoded(control, information, afn, fn, data):
    unit = dt_of(fn).to_bytes(2, "little")
    octets = plain.build(control, information, b"", afn, unit, data)
    result = decode(octets)
    assert result.ok is (plain.frame_at(octets, 0) is not None)
    json.dumps(result.to_json())


@given(st.binary(max_size=100))
def test_any_octets_are_decoded(data):
    json.dumps(decode(data).to_json())


def test_command_line_gives_the_stable_form(capsys):
    octets = encode(MODULE.monitored(HOST.monitor(METER, MESSAGE, sequence=9), READING)).hex()
    with pytest.raises(SystemExit) as left:
        main(["decode", "gdw1376.2", octets, "--json"])
    record = json.loads(capsys.readouterr().out)
    assert left.value.code == 0
    assert list(record) == ["protocol", "ok", "fields", "values", "findings", "error"]
    assert record["values"][-1]["value"] == "1234.56"
    with pytest.raises(SystemExit) as left:
        main(["decode", "gdw1376.2", octets[:-2] + "17"])
    assert left.value.code == 1
    assert "end" in capsys.readouterr().out
