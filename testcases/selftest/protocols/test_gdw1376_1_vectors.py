"""Every captured Q/GDW 1376.1 frame decodes to what its source says, through this mapping.

====================  ==========================================================================
key of ``expected``   where it is found
====================  ==========================================================================
length_field          fields.length_word            user_len            fields.length
protocol_id           fields.protocol_id            preamble_fe         fields.preamble
C                     fields.control, as a number   func                fields.function_code
DIR, PRM              fields.direction, .from_initiator
FCB_ACD               fields.frame_count_bit (downlink) or fields.access_demand (uplink)
FCV                   fields.frame_count_valid
A1_bcd, A2            fields.region, fields.terminal
A3, MSA, group_flag   fields.master and fields.group
AFN                   fields.afn
SEQ                   fields.seq, as a number
TpV FIR FIN CON       fields.time_stamped, .first, .final, .confirm
PSEQ_RSEQ             fields.number
first_Pn, first_Fn    fields.points[0], fields.types[0] (no points where they are illegal)
first_Fn_literal      fields.types[0]
file_name_says        AFN, Fn and query (downlink) or response (uplink)
read_time_a15         the value ``time``            tariff_count_M      the value ``tariffs``
total_kWh_a14         the value ``total`` (first word of the text)
tariffs, Tp           ``WORDS``: what their text means
refused_as            error.code
values                values, by identifier, as "number unit"
event_counters        fields.event_counters
====================  ==========================================================================
"""

from __future__ import annotations

import pytest

from fixtures.gdw1376_1_plain import Vector, load_vectors
from rig.errors import RemoteProtocolError
from rig.protocols.decode import Decoded, decoders, exact
from rig.protocols.gdw1376_1.frame import Frame, FrameReader, decode_frame, encode
from rig.protocols.stream import NEED_DATA, Noise

VECTORS = load_vectors()
VALID = [vector for vector in VECTORS if vector.valid]
#: expected key -> field
SAME = {
    "length_field": "length_word",
    "user_len": "length",
    "protocol_id": "protocol_id",
    "func": "function_code",
    "FCV": "frame_count_valid",
    "A2": "terminal",
    "MSA": "master",
    "group_flag": "group",
    "AFN": "afn",
    "TpV": "time_stamped",
    "FIR": "first",
    "FIN": "final",
    "CON": "confirm",
    "PSEQ_RSEQ": "number",
    "preamble_fe": "preamble",
}
MAPPED = {
    *SAME,
    "C",
    "SEQ",
    "DIR",
    "PRM",
    "FCB_ACD",
    "A1_bcd",
    "A3",
    "first_Pn",
    "first_Fn",
    "first_Fn_literal",
    "file_name_says",
    "read_time_a15",
    "tariff_count_M",
    "total_kWh_a14",
    "tariffs",
    "Tp",
    "refused_as",
    "values",
    "event_counters",
}
#: source wording -> what it means in fields
WORDS = {
    "4 x eeeeeeeeee = not available": ["t1", "t2", "t3", "t4"],
    "pfc 02, time 39 19 16 28 (sec,min,hour,day => 28th 16:19:39), delay 0": {
        "counter": 2,
        "time": "28 16:19:39",
        "delay_minutes": 0,
    },
}
#: frame number -> finding codes, in order; none for all others
FINDINGS = {
    4: ["bad-bcd", "bad-bcd", "bad-bcd", "unit-id"],
    5: ["absent-count", "length", "provisional-layout"],
    7: ["bad-bcd"],
    9: ["confirm-octets"],
    11: ["unknown-fn", "resumed"],
    15: ["unknown-fn"],
    19: ["reserved-function"],
    20: ["unknown-event"],
    23: ["unknown-fn"],
    34: ["provisional-layout"],
}


def decoded(vector: Vector) -> Decoded:
    return decoders()["gdw1376.1"](vector.frame)


def test_every_vector_is_here_with_its_source():
    assert len(VECTORS) == 35
    assert len(VALID) == 31
    assert all(vector.source for vector in VECTORS)
    assert {key for vector in VECTORS for key in vector.expected} <= MAPPED


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_vector_decodes_to_expected(vector: Vector):
    result = decoded(vector)
    fields, expected = result.fields, vector.expected
    assert result.ok is vector.valid
    result.to_json()
    if "refused_as" in expected:
        assert result.error is not None
        assert result.error.code == expected["refused_as"]
        return
    for key, field in SAME.items():
        if key in expected:
            assert fields[field] == expected[key], key
    assert int(fields["control"], 16) == expected["C"]
    assert int(fields["seq"], 16) == expected["SEQ"]
    assert fields["direction"] == ("uplink" if expected["DIR"] else "downlink") == f"{vector.direction}link"
    assert fields["from_initiator"] == expected["PRM"]
    assert fields["access_demand" if expected["DIR"] else "frame_count_bit"] == expected["FCB_ACD"]
    assert fields["region"] == expected["A1_bcd"].upper()
    assert fields["master"] * 2 + fields["group"] == expected["A3"]
    check_units(fields, expected)
    check_values(result, expected)


def check_units(fields, expected):
    points = expected["first_Pn"]
    if isinstance(points, str):
        assert points.startswith("illegal")
        assert fields["points"] == []
        assert fields["types"][0] == expected["first_Fn"]
        return
    assert fields["points"][0] == points
    assert fields["types"][0] == expected["first_Fn"] == expected.get("first_Fn_literal", fields["types"][0])
    if "file_name_says" in expected:
        says = expected["file_name_says"]
        assert (fields["afn"], fields["types"][0]) == (says["AFN"], [says["Fn"]])
        assert fields["direction"] == {"query": "downlink", "response": "uplink"}[says["kind"]]


def check_values(result, expected):
    texts = {value.id: f"{exact(value.value)} {value.unit}".strip() for value in result.values}
    assert {key: texts[key] for key in expected.get("values", {})} == expected.get("values", {})
    assert result.fields.get("event_counters") == expected.get("event_counters")
    values = {value.id.split(".", 3)[-1]: value for value in result.values}
    if "read_time_a15" in expected:
        assert values["time"].value == expected["read_time_a15"]
        assert values["tariffs"].value == expected["tariff_count_M"]
        assert exact(values["total"].value) == expected["total_kWh_a14"].split()[0]
        assert values["total"].unit == "kWh"
        assert result.fields["units"][0]["absent"] == WORDS[expected["tariffs"]]
        assert result.fields["time_stamp"] == WORDS[expected["Tp"]]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_vector_findings(vector: Vector):
    assert [found.code for found in decoded(vector).findings] == FINDINGS.get(vector.number, [])


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector.id)
def test_valid_vector_encodes_to_the_same_octets(vector: Vector):
    assert encode(decode_frame(vector.frame), strict=False) == vector.frame


def test_twenty_curves_of_one_frame_with_a_makers_type_between():
    """F96 is in no table; what follows it is read all the same."""
    result = decoded(VECTORS[11])
    types = [int(unit["type"][1:]) for unit in result.fields["units"]]
    assert types == [*range(81, 97), 105, 106, 107, 108]
    values = {value.id: (exact(value.value), value.unit) for value in result.values}
    assert values["0D.F89.P2.point.1"] == ("220.0", "V")
    assert values["0D.F92.P2.point.1"] == ("1.500", "A")
    assert values["0D.F81.P2.start"] == ("2015-04-16 12:45", "")


def test_reserved_protocol_bits_are_refused():
    vector = next(vector for vector in VECTORS if not vector.valid and "refused_as" not in vector.expected)
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_frame(vector.frame)
    assert (refusal.value.code, refusal.value.offset) == ("protocol-id", 1)


def test_all_vectors_in_one_stream():
    """What the reader makes of them one after another, the foreign ones between the good ones."""
    reader = FrameReader()
    for vector in VECTORS:
        reader.feed(vector.frame)
    frames, noise = [], []
    while (event := reader.next_frame()) is not NEED_DATA:
        (noise if isinstance(event, Noise) else frames).append(event)
    assert [encode(frame, strict=False) for frame in frames if isinstance(frame, Frame)] == [
        vector.frame for vector in VALID
    ]
    first = reader.idle()
    noise += [first] if first else []
    assert b"".join(piece.data for piece in noise) == b"".join(v.frame for v in VECTORS if not v.valid)
