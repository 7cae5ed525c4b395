"""Every captured Q/GDW 1376.2 frame decodes to what its source says, through this mapping.

=====================  ==============================================================
key of ``expected``    where it is found
=====================  ==============================================================
length                 fields.length
C                      fields.control, as a number
DIR, PRM, comm_mode    fields.direction, fields.initiating, fields.mode
R, seq                 fields.information.raw, fields.sequence
other parts of R       fields.information, by ``INFORMATION``; rate_word is rate and rate_in_kbit
A1_src, A3_dst         fields.source, fields.destination
AFN, Fn, data_hex      fields.afn, fields.fn, fields.data
=====================  ==============================================================

Of a refused frame the fields say what its octets would mean; ``checksum_ok`` false is error.code checksum, and a
frame too short to have one is truncated.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fixtures
from rig.errors import RemoteProtocolError
from rig.protocols.decode import decoders
from rig.protocols.gdw1376_2.frame import FrameReader, decode_frame, encode
from rig.protocols.gdw1376_2.functions import lookup
from rig.protocols.gdw1376_2.layout import encode_layout
from rig.protocols.gdw1376_2.messages import read_data_unit
from rig.protocols.stream import NEED_DATA, Noise

FILE = Path(fixtures.__path__[0]) / "vectors" / "gdw1376_2.jsonl"
VECTORS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
GOOD = [vector for vector in VECTORS if vector["valid"]]
BAD = [vector for vector in VECTORS if not vector["valid"]]
INFORMATION = {
    "route_flag": "bypass",
    "comm_module_flag": "module_flag",
    "relay_level": "relay_level",
    "subnode_flag": "sub_node",
    "conflict_detect": "collision_detect",
    "channel": "channel",
    "ecc": "error_coding",
    "expected_reply_bytes": "expected_reply_octets",
    "phase": "phase",
    "meter_channel_feature": "meter_channel",
    "last_cmd_quality": "command_quality",
    "last_ack_quality": "reply_quality",
    "event_flag": "event",
}
#: function of the vector -> values that its octets must give, where there is data
CONTENTS = {
    "00F1": {"handled": 1, "idle_channels": 0x7FFFFFFF, "wait": 0},
    "05F1": {"main_address": "049999888888"},
    "05F200": {"state": 1, "state_meaning": "allowed"},
    "10F2": {"start": 1, "count": 1},
    "10F21": {"start": 1, "count": 2},
    "10F112": {"start": 1, "count": 2},
    "11F1": {"nodes": [{"address": "000000003304", "protocol": 2, "protocol_meaning": "DL/T 645-2007"}]},
    "11F5": {"start": "2012-05-10 12:12:00", "duration": 2, "retries": 3, "slots": 4},
    "13F1": {"sub_nodes": []},
    "14F1": {"flag": 2, "flag_meaning": "read this", "sub_nodes": []},
}
#: meter addresses inside the messages of protocol 645, by vector number
METERS = {5: "000000003304", 7: "000000000002", 8: "000000000003", 19: "999999999999", 20: "999999999999"}


def ident(vector):
    expected = vector["expected"]
    return f"{VECTORS.index(vector):02d}-{expected.get('AFN', 'cut')}"


def known(expected):
    """Every expectation under its key, as the decode says it."""
    mapped = dict(expected)
    mapped["DIR"] = "uplink" if mapped["DIR"] else "downlink"
    mapped["PRM"] = bool(mapped["PRM"])
    mapped["R"] = mapped["R"].upper()
    mapped["data_hex"] = mapped["data_hex"].upper()
    return mapped


def check_fields(fields, wanted):
    information = fields["information"]
    said = {
        "length": fields["length"],
        "C": int(fields["control"], 16),
        "DIR": fields["direction"],
        "PRM": fields["initiating"],
        "comm_mode": fields["mode"],
        "R": information["raw"],
        "seq": fields["sequence"],
        "AFN": fields["afn"],
        "Fn": fields["fn"],
        "data_hex": fields["data"],
    }
    expected = known(wanted)
    for key, name in INFORMATION.items():
        if key in expected:
            said[key] = int(information[name])
    if "rate_word" in expected:
        said["rate_word"] = information["rate"] | information["rate_in_kbit"] << 15
    if "A1_src" in expected:
        said |= {"A1_src": fields["source"], "A3_dst": fields["destination"]}
    assert said == expected


def test_every_vector_is_here_with_its_source():
    assert len(VECTORS) == 34
    assert (len(GOOD), len(BAD)) == (31, 3)
    assert all(vector["source"] and vector["protocol"] == "gdw1376.2" for vector in VECTORS)


@pytest.mark.parametrize("vector", GOOD, ids=ident)
def test_vector_decodes_to_expected(vector):
    result = decoders()["gdw1376.2"](bytes.fromhex(vector["frame_hex"]))
    assert result.ok
    assert result.findings == []
    check_fields(result.fields, vector["expected"])
    assert vector["length_ok"]
    assert vector["direction"] == ("up" if result.fields["direction"] == "uplink" else "down")


@pytest.mark.parametrize("vector", GOOD, ids=ident)
def test_vector_contents(vector):
    result = decoders()["gdw1376.2"](bytes.fromhex(vector["frame_hex"]))
    name = f"{result.fields['afn']}F{result.fields['fn'][0]}"
    content = result.fields["content"]
    assert bool(content) is bool(result.fields["data"])
    for key, value in CONTENTS.get(name, {}).items():
        assert content[key] == value
    if (number := VECTORS.index(vector)) in METERS:
        assert result.fields["messages"][0]["fields"]["address"] == METERS[number]


@pytest.mark.parametrize("vector", GOOD, ids=ident)
def test_vector_is_built_again_from_what_it_says(vector):
    octets = bytes.fromhex(vector["frame_hex"])
    frame = decode_frame(octets, strict=True)
    assert encode(frame) == octets
    unit = read_data_unit(frame)
    assert encode_layout(unit.function.layout(up=frame.up), unit.content) == frame.data
    assert lookup(frame.afn, frame.fn) == unit.function


@pytest.mark.parametrize("vector", BAD, ids=ident)
def test_broken_vector_is_refused_for_its_reason(vector):
    octets = bytes.fromhex(vector["frame_hex"])
    code = "truncated" if vector["checksum_ok"] is None else "checksum"
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_frame(octets)
    assert refusal.value.code == code
    result = decoders()["gdw1376.2"](octets)
    assert not result.ok
    assert result.error.code == code
    if vector["expected"]:
        check_fields(result.fields, vector["expected"])


def test_all_vectors_in_one_stream():
    reader = FrameReader()
    reader.feed(b"".join(bytes.fromhex(vector["frame_hex"]) for vector in VECTORS))
    said = []
    while (event := reader.next_frame()) is not NEED_DATA:
        said.append(event)
    assert reader.idle() is None
    frames = [encode(event).hex() for event in said if not isinstance(event, Noise)]
    assert frames == [vector["frame_hex"] for vector in GOOD]
    noise = b"".join(event.data for event in said if isinstance(event, Noise))
    assert noise == b"".join(bytes.fromhex(vector["frame_hex"]) for vector in BAD)
