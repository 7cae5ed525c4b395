"""The Fn table: every layout writes what it reads, and says which rule odd octets break."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_2 import codes
from rig.protocols.gdw1376_2.frame import Frame, dt_of
from rig.protocols.gdw1376_2.functions import ROWS, afn_name, all_functions, lookup
from rig.protocols.gdw1376_2.information import DownInformation, UpInformation
from rig.protocols.gdw1376_2.layout import (
    Address,
    Bitmap,
    Bits,
    Body,
    Digits,
    Items,
    Message,
    Number,
    Octets,
    Stamp,
    Text,
    decode_layout,
    encode_layout,
    layout_names,
    show_fields,
)
from rig.protocols.gdw1376_2.messages import read_data_unit
from rig.protocols.gdw1376_2.profile import DEFAULT, DEFAULT_2013, Profile

#: findings that values drawn at random may break
BETWEEN_FIELDS = {"count", "start", "layout"}
SIDES = [
    (function, up)
    for function in all_functions()
    for up in (False, True)
    if function.layout(up=up) is not None
]


def moments():
    return st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2099-12-31")).map(
        lambda at: at.replace(microsecond=0)
    )


def draw_field(draw, part, content):
    match part:
        case Number():
            if part.meanings:
                return {part.key: draw(st.sampled_from(sorted(part.meanings)))}
            return {part.key: draw(st.integers(0, 256**part.octets - 1))}
        case Bits():
            return {
                bits.key: draw(
                    st.sampled_from(sorted(bits.meanings))
                    if bits.meanings
                    else st.integers(0, 2**bits.width - 1)
                )
                for bits in part.parts
            }
        case Address():
            return {part.key: draw(st.text("0123456789", min_size=12, max_size=12))}
        case Digits():
            size = 2 * part.octets
            return {part.key: draw(st.text("0123456789", min_size=size, max_size=size))}
        case Text():
            letters = st.characters(max_codepoint=127)
            return {part.key: draw(st.text(letters, min_size=part.octets, max_size=part.octets))}
        case Stamp():
            moment = draw(moments())
            return {part.key: moment.date().isoformat() if part.kind == "date" else moment.isoformat(" ")}
        case Bitmap():
            return {part.key: sorted(draw(st.sets(st.integers(1, 8 * part.octets), max_size=9)))}
        case Message():
            return {part.key: draw(st.binary(max_size=30))}
        case Octets():
            size = content[part.octets] if isinstance(part.octets, str) else part.octets
            return {part.key: draw(st.binary(min_size=size or 0, max_size=20 if size is None else size))}
        case Items():
            most = 0 if part.omit_empty and not content[part.omit_empty] else 3
            return {part.key: [draw_layout(draw, part.fields) for _ in range(draw(st.integers(0, most)))]}
        case Body():
            return {part.key: draw_layout(draw, draw(st.sampled_from(part.variants(content))))}
    raise AssertionError(part)


def draw_layout(draw, layout):
    content = {}
    for part in layout:
        content |= draw_field(draw, part, content)
    return content


@st.composite
def contents(draw, layout):
    return draw_layout(draw, layout)


def frame_of(function, up, data):
    information = UpInformation() if up else DownInformation()
    return Frame(0x83 if up else 0x43, information, function.afn, dt_of(function.fn), data)


def unit_of(name, up, data, profile=DEFAULT):
    afn, fn = name.split("F", 1) if name[0] != "F" else (name[:2], name[3:])
    return read_data_unit(frame_of(lookup(int(afn, 16), int(fn), profile), up, bytes.fromhex(data)), profile)


def side_id(side):
    return f"{side[0].id}-{'up' if side[1] else 'down'}"


@pytest.mark.parametrize("side", SIDES, ids=side_id)
@settings(max_examples=25)
@given(data=st.data())
def test_every_layout_writes_what_it_reads(side, data):
    function, up = side
    layout = function.layout(up=up)
    content = data.draw(contents(layout))
    octets = encode_layout(layout, content)
    unit = read_data_unit(frame_of(function, up, octets))
    assert unit.content == content
    assert unit.function is function
    assert {found.code for found in unit.findings} <= BETWEEN_FIELDS
    show_fields(layout, content)


@pytest.mark.parametrize("side", SIDES, ids=side_id)
@settings(max_examples=25)
@given(octets=st.binary(max_size=60))
def test_every_layout_takes_any_octets(side, octets):
    """What reads without a finding is written back as it was."""
    function, up = side
    try:
        unit = read_data_unit(frame_of(function, up, octets))
    except RemoteProtocolError as refusal:
        refused = (refusal.code, refusal.clause)
    else:
        check_shown_and_written_back(function, up, octets, unit)
        return
    assert refused == ("length", function.clause)


def check_shown_and_written_back(function, up, octets, unit):
    show_fields(function.layout(up=up), unit.content)
    if {found.code for found in unit.findings} <= BETWEEN_FIELDS:
        assert encode_layout(function.layout(up=up), unit.content) == octets


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3)).map(
            lambda drawn: {
                "address": "000000003304",
                "protocol": 2,
                "index": 1,
                "device": 0,
                "sub_node_total": drawn[0],
                "sub_nodes": [{"address": "000000000001", "protocol": 2}] * (drawn[1] if drawn[0] else 0),
            }
        ),
        max_size=3,
    )
)
def test_both_readings_of_a_node_without_sub_nodes_round_trip(nodes):
    profile = Profile(empty_node_list="without-count")
    layout = lookup(0x06, 4, profile).up
    octets = encode_layout(layout, {"nodes": nodes})
    assert decode_layout(layout, octets)[0] == {"nodes": nodes}


def test_the_other_reading_is_accepted_with_a_finding():
    node = {
        "address": "000000003304",
        "protocol": 2,
        "index": 1,
        "device": 1,
        "sub_node_total": 0,
        "sub_nodes": [],
    }
    bare = Profile(empty_node_list="without-count")
    octets = encode_layout(lookup(0x06, 4, bare).up, {"nodes": [node]})
    unit = unit_of("06F4", True, octets.hex())
    assert unit.content == {"nodes": [node]}
    assert [found.code for found in unit.findings] == ["reading"]
    older = unit_of("00F1", True, "ffff0000")
    assert older.content == {"handled": 1, "idle_channels": 0x7FFF, "wait": 0}
    assert [found.code for found in older.findings] == ["reading"]
    newer = unit_of("00F1", True, "ffffffff0500", Profile(confirm_status_octets=2))
    assert newer.content == {"handled": 1, "idle_channels": 0x7FFFFFFF, "wait": 5}


def test_a_list_that_contradicts_its_total_is_not_written():
    profile = Profile(empty_node_list="without-count")
    node = {"address": "1" * 12, "protocol": 2, "index": 1, "device": 0, "sub_node_total": 0}
    node["sub_nodes"] = [{"address": "000000000001", "protocol": 2}]
    with pytest.raises(LocalProtocolError):
        encode_layout(lookup(0x06, 4, profile).up, {"nodes": [node]})


#: literal octets of data units, written by hand from the clause; up, then values
EXAMPLES = [
    ("00F2", True, "6d", {"reason": 109}),
    (
        "03F1",
        True,
        "455358550912230301",
        {"vendor": "ES", "chip": "XU", "version_date": "2023-12-09", "version": "0103"},
    ),
    (
        "03F5",
        True,
        "4202c0128005",
        {
            "rate_count": 2,
            "channel_feature": 0,
            "reading_mode": 1,
            "channel_count": 2,
            "rates": [{"rate": 0x12C0, "rate_in_kbit": 0}, {"rate": 0x0580, "rate_in_kbit": 0}],
        },
    ),
    ("03F9", False, "0202aabb", {"protocol": 2, "message": b"\xaa\xbb"}),
    ("03F9", True, "0a000202aabb", {"delay": 10, "protocol": 2, "message": b"\xaa\xbb"}),
    ("03F11", True, "03" + "03" + "00" * 11 + "08" + "00" * 19, {"index_afn": 3, "functions": [1, 2, 100]}),
    (
        "03F12",
        True,
        "4553030112ab34",
        {"vendor": "ES", "id_octets": 3, "id_format": 1, "module_id": bytes.fromhex("12ab34")},
    ),
    ("05F101", False, "050403021126", {"time": "2026-11-02 03:04:05"}),
    (
        "06F2",
        True,
        "0100020a0001ff",
        {"index": 1, "protocol": 2, "up_time": 10, "message": b"\xff"},
    ),
    ("06F3", True, "02", {"change": 2}),
    (
        "06F5",
        True,
        "01040d01043300000000010000000000",
        {
            "device": 1,
            "kind": 4,
            "report": {
                "power": 1,
                "nodes": [{"address": "000000003304"}, {"address": "000000000001"}],
            },
        },
    ),
    (
        "06F5",
        True,
        "0004080104330000000001",
        {
            "device": 0,
            "kind": 4,
            "report": {"power": 1, "meters": [{"address": "000000003304", "energised": 1}]},
        },
    ),
    (
        "06F5",
        True,
        "00040704330000000001",
        {
            "device": 0,
            "kind": 4,
            "report": {"meters": [{"address": "000000003304", "energised": 1}]},
        },
    ),
    (
        "06F5",
        True,
        "0205080104330000000001",
        {"device": 2, "kind": 5, "report": {"nodes": [{"address": "000000003304", "device": 1}]}},
    ),
    ("06F5", True, "010202aabb", {"device": 1, "kind": 2, "report": {"message": b"\xaa\xbb"}}),
    ("10F1", True, "05000004", {"total": 5, "most": 1024}),
    (
        "10F2",
        True,
        "0100010433000000003214",
        {
            "total": 1,
            "nodes": [
                {"address": "000000003304", "relay_level": 2, "quality": 3, "phases": 4, "protocol": 2}
            ],
        },
    ),
    (
        "10F4",
        True,
        "0364003200050046000001020308080801"[:32],
        {
            "learned": 1,
            "working": 1,
            "event": 0,
            "error_coding": 0,
            "total": 100,
            "read": 50,
            "relayed": 5,
            "learning": 0,
            "registration_allowed": 1,
            "event_allowed": 1,
            "area_identification": 0,
            "task": 1,
            "rate": 0,
            "rate_in_kbit": 0,
            "relay_level_1": 1,
            "relay_level_2": 2,
            "relay_level_3": 3,
            "step_1": 8,
            "step_2": 8,
            "step_3": 8,
        },
    ),
    (
        "10F21",
        True,
        "020001000104330000000002000100" + "11",
        {
            "total": 2,
            "start": 1,
            "nodes": [{"address": "000000003304", "tei": 2, "proxy_tei": 1, "level": 1, "role": 1}],
        },
    ),
    (
        "10F31",
        True,
        "01000100010433000000001700",
        {
            "total": 1,
            "start": 1,
            "nodes": [
                {
                    "address": "000000003304",
                    "phases": 7,
                    "abnormal": 0,
                    "three_phase": 1,
                    "phase_order": 0,
                }
            ],
        },
    ),
    (
        "10F111",
        True,
        "02010000888888999904020000",
        {
            "count": 2,
            "network": 1,
            "main_address": "049999888888",
            "neighbours": [{"network": 2}],
        },
    ),
    (
        "11F3",
        False,
        "04330000000001010000000000",
        {"address": "000000003304", "relays": [{"address": "000000000001"}]},
    ),
    (
        "11F4",
        False,
        "1200" + "00",
        {"learning": 0, "registration_allowed": 1, "error_coding": 1, "rate": 0, "rate_in_kbit": 0},
    ),
    (
        "13F1",
        False,
        "020101010000000000" + "01ff",
        {
            "protocol": 2,
            "delay_related": 1,
            "sub_nodes": [{"address": "000000000001"}],
            "message": b"\xff",
        },
    ),
    ("13F1", True, "0300" + "0201ff", {"up_time": 3, "protocol": 2, "message": b"\xff"}),
    ("14F1", True, "01" + "043300000000" + "0500", {"phase": 1, "address": "000000003304", "index": 5}),
    ("14F2", False, "050403021126", {"time": "2026-11-02 03:04:05"}),
    ("14F4", True, "0100000100", {"item_kind": 1, "item": "00010000"}),
    (
        "15F1",
        False,
        "03010002000100000002" + "00aabb",
        {
            "file": 3,
            "attribute": 1,
            "command": 0,
            "segments": 2,
            "segment": 1,
            "data": b"\xaa\xbb",
        },
    ),
    ("15F1", True, "ffffffff", {"segment": codes.FILE_ERROR_SEGMENT}),
    ("F1F1", False, "02000200aabb", {"protocol": 2, "spare": 0, "message": b"\xaa\xbb"}),
    ("F1F1", True, "020000", {"protocol": 2, "message": b""}),
]


@pytest.mark.parametrize(("name", "up", "octets", "content"), EXAMPLES, ids=lambda part: str(part)[:12])
def test_data_unit_by_hand(name, up, octets, content):
    unit = unit_of(name, up, octets)
    assert unit.content == content
    assert unit.findings == ()
    reading = Profile(collector_event_type="power" in content.get("report", {}))
    layout = lookup(unit.function.afn, unit.function.fn, reading).layout(up=up)
    assert encode_layout(layout, content).hex() == octets


def test_running_mode_by_hand():
    octets = (
        "d2aa10020000" + "5a" + "b400" + "0008" + "0004" + "1e" + "888888999904" + "0004" + "0200"
        "010919" + "020120" + "455358550912230301" + "00000a80"
    )
    content = unit_of("03F10", True, octets).content
    assert content["medium"] == 2
    assert (content["route_management"], content["needs_node_list"], content["reading_mode"]) == (1, 0, 3)
    assert (content["delay_support"], content["node_switch"]) == (2, 1)
    assert (content["broadcast_confirm"], content["broadcast_channel"]) == (1, 2)
    assert (content["channel_count"], content["phase_outage"], content["rate_count"]) == (16, 0, 2)
    assert (content["monitor_timeout"], content["broadcast_timeout"]) == (90, 180)
    assert (content["longest_frame"], content["longest_file_packet"]) == (2048, 1024)
    assert (content["main_address"], content["most_nodes"], content["present_nodes"]) == (
        "049999888888",
        1024,
        2,
    )
    assert (content["protocol_date"], content["filing_date"]) == ("2019-09-01", "2020-01-02")
    assert content["version"] == "0103"
    assert content["rates"] == [{"rate": 0, "rate_in_kbit": 0}, {"rate": 10, "rate_in_kbit": 1}]


@pytest.mark.parametrize(
    ("name", "up", "octets", "code"),
    [
        ("00F2", True, "0d", "undefined-value"),
        ("03F5", True, "0100", "count"),
        ("03F5", True, "00f0", "spare-bits"),
        ("03F1", True, "4553585599122303f1", "bad-time"),
        ("03F1", True, "ffff58550912230301", "not-ascii"),
        ("03F1", True, "4553585509122303f1", "bad-bcd"),
        ("05F1", False, "aaaaaaaaaaaa", "address-not-bcd"),
        ("05F101", False, "6500" * 3, "bad-time"),
        ("05F101", False, "a50403021126", "bad-time"),
        ("06F5", True, "01040301ffff", "layout"),
        ("10F104", True, "00", "layout"),
        ("10F104", False, "00", "trailing-data"),
        ("10F21", False, "000001", "start"),
        ("06F4", True, "01043300000000020100000001" + "010000000000" + "02", "count"),
        ("10F111", True, "0501000088888899990402000" + "0", "count"),
        ("12F1", False, "00", "trailing-data"),
        ("12F1", True, "", "direction"),
        ("06F3", False, "01", "direction"),
    ],
)
def test_odd_octets_are_found(name, up, octets, code):
    unit = unit_of(name, up, octets)
    assert code in [found.code for found in unit.findings]
    assert all(found.offset is not None and found.clause for found in unit.findings)


@pytest.mark.parametrize(
    ("name", "up", "octets", "offset"),
    [("11F1", False, "02", 14), ("13F1", False, "020000ff00", 18), ("15F1", True, "00", 14)],
)
def test_data_unit_that_ends_too_early(name, up, octets, offset):
    with pytest.raises(RemoteProtocolError) as refusal:
        unit_of(name, up, octets)
    assert (refusal.value.code, refusal.value.offset) == ("length", offset)
    assert name.split("F")[-1] in refusal.value.clause


def test_unknown_functions_stay_raw():
    for afn, text in ((0x20, "is in no table"), (0xF0, "vendor's own"), (0x03, "is in no table")):
        unit = read_data_unit(Frame(0x43, DownInformation(), afn, dt_of(99), b"\1\2"))
        assert unit.function is None
        assert unit.content == {"raw": b"\1\2"}
        assert [found.code for found in unit.findings] == ["unknown-fn"]
        assert text in unit.findings[0].message
    several = read_data_unit(Frame(0x43, DownInformation(), 3, 0x0003, b"\1"))
    assert (several.function, several.content, several.findings) == (None, {"raw": b"\1"}, ())


def test_items_of_the_later_edition_are_found_in_the_older():
    unit = unit_of("03F16", True, "01", DEFAULT_2013)
    assert [found.code for found in unit.findings] == ["edition"]
    assert unit.content == {"band": 1}
    assert unit_of("03F16", True, "01").findings == ()


@pytest.mark.parametrize(
    ("name", "up", "content", "code"),
    [
        ("05F1", False, {}, "missing"),
        ("05F1", False, {"main_address": 1}, "value"),
        ("05F1", False, {"main_address": "12"}, "address"),
        ("05F1", False, {"main_address": "0" * 12, "more": 1}, "unknown"),
        ("05F2", False, {"state": 256}, "value"),
        ("05F2", False, {"state": -1}, "value"),
        ("05F101", False, {"time": "yesterday"}, "value"),
        ("05F101", False, {"time": date(2026, 1, 1)}, "value"),
        ("05F101", False, {"time": datetime.fromisoformat("1999-12-31 23:59:59")}, "value"),
        ("03F1", True, {"vendor": "ESP", "chip": "XU"}, "value"),
        ("03F1", True, {"vendor": "电能", "chip": "XU"}, "value"),
        ("03F11", True, {"index_afn": 3, "functions": [0]}, "value"),
        ("03F11", True, {"index_afn": 3, "functions": ["1"]}, "value"),
        ("03F12", True, {"vendor": "ES", "id_octets": 2, "id_format": 1, "module_id": b"\1"}, "value"),
        ("10F112", True, {"total": 1, "start": 1, "nodes": [{"address": "0" * 12, "device": 1}]}, "missing"),
        ("11F1", False, {"nodes": [{"address": "0" * 12, "protocol": 2}] * 256}, "value"),
        ("11F1", False, {"nodes": ["0" * 12]}, "value"),
        ("11F4", False, {"learning": 2}, "value"),
        ("13F1", True, {"up_time": 0, "protocol": 2, "message": bytes(256)}, "value"),
        ("14F4", True, {"item_kind": 1, "item": "0001"}, "value"),
        ("06F5", True, {"device": 1, "kind": 2, "report": {"message": bytes(256)}}, "value"),
        ("06F5", True, {"device": 1, "kind": 4, "report": {"message": b""}}, "unknown"),
    ],
)
def test_values_that_do_not_fit_are_not_sent(name, up, content, code):
    afn, fn = name.split("F")
    with pytest.raises(LocalProtocolError) as refusal:
        encode_layout(lookup(int(afn, 16), int(fn)).layout(up=up), content)
    assert refusal.value.code == code


def test_table_is_whole():
    functions = list(all_functions())
    assert len(functions) == len(ROWS) == len({(one.afn, one.fn) for one in functions})
    assert {one.afn for one in functions} == set(codes.AFN_NAMES) - {codes.Afn.VENDOR}
    for one in functions:
        assert one.name
        assert one.name_zh
        assert f"AFN={one.afn:02X}H F{one.fn}" in one.clause
        assert one.provenance in {"seen", "recalled"}
        assert one.down is not None or one.up is not None
        for up in (False, True):
            names = layout_names(one.layout(up=up) or ())
            assert len(names) == len(set(names))
    assert lookup(0x03, 10).id == "03F10"
    assert lookup(0x20, 1) is None
    assert (afn_name(0x13), afn_name(0x20)) == ("route data forward", "unknown 20")


def test_profile_says_how_sure_its_settings_are():
    known = set(Profile.__dataclass_fields__) - {"provenance"}
    assert set(DEFAULT.provenance) == known
    assert set(DEFAULT.provenance.values()) <= {"seen", "recalled"}
