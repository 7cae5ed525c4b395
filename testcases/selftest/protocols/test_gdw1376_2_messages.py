"""Both roles: what they build, what an answer must be, and what is refused."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest

from rig.errors import DeviceRefused, LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645.frame import encode as encode_meter_frame
from rig.protocols.dlt645.messages import read_data
from rig.protocols.gdw1376_2 import codes
from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import (
    MICROPOWER,
    NARROWBAND,
    Addresses,
    Frame,
    decode_frame,
    dt_of,
    encode,
)
from rig.protocols.gdw1376_2.functions import all_functions
from rig.protocols.gdw1376_2.host import Host
from rig.protocols.gdw1376_2.information import DownInformation, UpInformation
from rig.protocols.gdw1376_2.messages import answer, build, confirm, deny, parse_answer, read_data_unit
from rig.protocols.gdw1376_2.module import Module
from rig.protocols.gdw1376_2.profile import Profile

CCO = "049999888888"
METER = "000000003304"
OTHER = "000000000002"
HOST = Host(CCO, information=DownInformation(expected_reply_octets=40, rate=50))
PLAIN = Host(CCO)
MODULE = Module()
MESSAGE = encode_meter_frame(read_data(METER, 0x00010000))
FOREIGN = bytes.fromhex("68180043050433000000001064d10502000100100200009104" + "16")
BROADCAST = bytes.fromhex("68999999999999681104333334334816")
MOMENT = datetime.fromisoformat("2012-05-10 12:12:00")
LATER = datetime.fromisoformat("2026-11-02 03:04:05")

#: captured frames, built again by name
CAPTURED = [
    ("680f00430000283200551202000616", HOST.pause_route(sequence=0x55)),
    (
        "68190043000028320056111000001212100512020003046816",
        HOST.start_registration(MOMENT, duration_min=2, retries=3, slots=4, sequence=0x56),
    ),
    ("680f00430000283200581008000d16", HOST.route_state(sequence=0x58)),
    ("681200430000283200641010020100022616", HOST.read_nodes(1, 2, fn=21, sequence=100)),
    (
        "682f004304000000006e888888999904043300000000f10100020010006804330000000068110433333533ea16a816",
        PLAIN.read_concurrently(METER, [encode_meter_frame(read_data(METER, 0x00020000))], sequence=110),
    ),
    (
        "6839004304002832005a8888889999040433000000001301000301001a68180043050433000000001064d10502000100100200009104163b16",
        HOST.monitor(METER, FOREIGN, protocol=3, delay_related=True, sequence=0x5A),
    ),
    (
        "683200c30000000000041404000433000000000a001a68180043050433000000001064d10502000100100200009104164316",
        MODULE.ask_corrected(METER, 10, FOREIGN, sequence=4),
    ),
    ("6815004300002832004b050100888888999904bc16", HOST.set_main_address(sequence=0x4B)),
    ("680f004300002832004d010200ed16", HOST.clear_nodes(sequence=0x4D)),
    ("680f004300002832004e100100fc16", HOST.count_nodes(sequence=0x4E)),
    ("6817004300002832004f11010001043300000000023816", HOST.add_nodes([METER], sequence=0x4F)),
    ("681200430000283200501002000100010116", HOST.read_nodes(1, 1, sequence=0x50)),
    (
        "68210043000028320060030101021068999999999999681104333334334816ba16",
        HOST.query_delay(BROADCAST, sequence=0x60),
    ),
    (
        "682d00430400283200618888889999049999999999990504000210689999999999996811043333343348162716",
        HOST.broadcast(BROADCAST, sequence=0x61),
    ),
    ("680f00430000283200621204001516", HOST.resume_route(sequence=0x62)),
    (
        "682a00030001283200061404001a68180043050433000000001064d10502000100100200009104169f16",
        Host(CCO, information=DownInformation(expected_reply_octets=40, rate=50, channel=1)).corrected(
            MODULE.ask_corrected(METER, 10, FOREIGN, sequence=6), FOREIGN
        ),
    ),
    (
        "68150001000000000000000100ffffffff0000fe16",
        confirm(Module(mode=NARROWBAND).route_changed(1, sequence=0)),
    ),
    (
        "681000410100ff00000005801801df16",
        Host(
            CCO, mode=NARROWBAND, information=DownInformation(bypass=True, expected_reply_octets=255)
        ).allow_refused_reports(True, sequence=0),
    ),
    ("680f00410000000000000301004516", Host(CCO, mode=NARROWBAND).query(1, sequence=0)),
    ("680f004300000000000010400da016", PLAIN.neighbouring_networks(sequence=0)),
]


@pytest.mark.parametrize(("octets", "frame"), CAPTURED, ids=lambda part: str(part)[20:30])
def test_captured_frames_are_built_by_name(octets, frame):
    assert encode(frame).hex() == octets


#: what the host begins, and what it says
REQUESTS = [
    (HOST.query(10, sequence=1), "03F10", {}),
    (HOST.query_index(0x10, sequence=1), "03F11", {"index_afn": 16}),
    (HOST.reset(sequence=1), "01F1", {}),
    (HOST.clear_data(sequence=1), "01F3", {}),
    (HOST.forward(METER, MESSAGE, sequence=1), "02F1", {"protocol": 2, "message": MESSAGE}),
    (HOST.allow_reports(False, sequence=1), "05F2", {"state": 0}),
    (HOST.set_monitor_timeout(90, sequence=1), "05F4", {"timeout": 90}),
    (
        HOST.set_radio(channel_group=254, power=255, sequence=1),
        "05F5",
        {"channel_group": 254, "power": 255},
    ),
    (HOST.identify_area(True, sequence=1), "05F6", {"state": 1}),
    (HOST.set_band(2, sequence=1), "05F16", {"band": 2}),
    (HOST.set_time(LATER, sequence=1), "05F101", {"time": "2026-11-02 03:04:05"}),
    (
        HOST.delete_nodes([METER, OTHER], sequence=1),
        "11F2",
        {"nodes": [{"address": METER}, {"address": OTHER}]},
    ),
    (
        HOST.fix_relays(METER, [OTHER], sequence=1),
        "11F3",
        {"address": METER, "relays": [{"address": OTHER}]},
    ),
    (
        HOST.set_route_mode(learning=True, registration_allowed=False, sequence=1, rate=300),
        "11F4",
        {"learning": 1, "registration_allowed": 0, "error_coding": 0, "rate": 300, "rate_in_kbit": 0},
    ),
    (HOST.stop_registration(sequence=1), "11F6", {}),
    (HOST.restart_route(sequence=1), "12F1", {}),
    (
        HOST.monitor(METER, MESSAGE, sequence=1, sub_nodes=[OTHER], relays=(OTHER,)),
        "13F1",
        {"protocol": 2, "delay_related": 0, "sub_nodes": [{"address": OTHER}], "message": MESSAGE},
    ),
    (
        HOST.file_segment(3, 4, b"\1\2", segments=5, sequence=1),
        "15F1",
        {"file": 3, "attribute": 1, "command": 0, "segments": 5, "segment": 4, "data": b"\1\2"},
    ),
]
#: what the module begins, and what it says
REPORTS = [
    (
        MODULE.found_nodes([(METER, 1)], sequence=1),
        "06F1",
        {"nodes": [{"address": METER, "protocol": 2, "index": 1}]},
    ),
    (
        MODULE.read_data(7, MESSAGE, sequence=1, up_time_s=3),
        "06F2",
        {"index": 7, "protocol": 2, "up_time": 3, "message": MESSAGE},
    ),
    (MODULE.route_changed(2, sequence=1), "06F3", {"change": 2}),
    (MODULE.event(MESSAGE, sequence=1), "06F5", {"device": 1, "kind": 2, "report": {"message": MESSAGE}}),
    (
        MODULE.refused_nodes([(METER, 1)], sequence=1, device=2),
        "06F5",
        {"device": 2, "kind": 5, "report": {"nodes": [{"address": METER, "device": 1}]}},
    ),
    (
        MODULE.collector_power_event(1, [(METER, True), (OTHER, False)], sequence=1),
        "06F5",
        {
            "device": 0,
            "kind": 4,
            "report": {
                "power": 1,
                "meters": [{"address": METER, "energised": 1}, {"address": OTHER, "energised": 0}],
            },
        },
    ),
    (
        MODULE.ask_what_to_read(METER, index=5, phase=2, sequence=1),
        "14F1",
        {"phase": 2, "address": METER, "index": 5},
    ),
    (MODULE.ask_clock(sequence=1), "14F2", {}),
    (MODULE.ask_sampling("02010100", item_kind=1, sequence=1), "14F4", {"item_kind": 1, "item": "02010100"}),
]


@pytest.mark.parametrize(("frame", "name", "content"), REQUESTS + REPORTS, ids=lambda part: str(part)[:8])
def test_what_either_role_begins_says_what_was_asked(frame, name, content):
    again = decode_frame(encode(frame), strict=True)
    assert again == frame
    assert frame.initiating
    unit = read_data_unit(again)
    assert (unit.function.id, unit.content, unit.findings) == (name, content, ())


def test_every_function_can_be_asked():
    """The generic request reaches what has no method of its own."""
    plain = [one for one in all_functions() if one.down == ()]
    assert len(plain) > 20
    for one in plain:
        frame = decode_frame(encode(HOST.request(one.afn, one.fn, sequence=3)), strict=True)
        assert read_data_unit(frame).function == one


def test_devices_behind_collectors_travel_both_ways():
    node = {"address": METER, "protocol": 2, "index": 1, "device": codes.COLLECTOR, "sub_node_total": 1}
    node["sub_nodes"] = [{"address": OTHER, "protocol": 2}]
    frame = MODULE.found_devices([node], sequence=9)
    assert read_data_unit(decode_frame(encode(frame))).content == {"nodes": [node]}


def test_power_events_split_over_frames_of_255_octets():
    nodes = [f"{number:012d}" for number in range(100)]
    frames = MODULE.power_events(1, nodes, sequence=254)
    assert [frame.sequence for frame in frames] == [254, 255, 0]
    said = []
    for frame in frames:
        unit = read_data_unit(decode_frame(encode(frame), strict=True))
        assert unit.findings == ()
        assert unit.content["kind"] == codes.POWER_EVENT
        said += [node["address"] for node in unit.content["report"]["nodes"]]
    assert said == nodes
    assert MODULE.power_events(1, [], sequence=0) == ()


def test_collector_event_without_its_kind():
    module = Module(profile=Profile(collector_event_type=False))
    frame = module.collector_power_event(1, [(METER, True)], sequence=1)
    unit = read_data_unit(frame)
    assert unit.content["report"] == {"meters": [{"address": METER, "energised": 1}]}


def test_relays_and_flags_come_from_the_addresses():
    frame = HOST.monitor(METER, MESSAGE, sequence=1, relays=(OTHER,))
    assert frame.addresses == Addresses(CCO, METER, (OTHER,))
    assert frame.information.module_flag
    assert frame.information.relay_level == 1
    assert not HOST.pause_route(sequence=1).information.module_flag


def exchanged(frame):
    """The frame after a trip over the wire."""
    return decode_frame(encode(frame), strict=True)


def test_answer_echoes_and_swaps():
    request = exchanged(HOST.monitor(METER, MESSAGE, sequence=200, relays=(OTHER,)))
    reply = exchanged(MODULE.monitored(request, b"\1", up_time_s=2))
    assert (reply.up, reply.initiating, reply.mode, reply.sequence) == (True, False, 3, 200)
    assert reply.addresses == Addresses(METER, CCO)
    unit = parse_answer(request, reply)
    assert unit.content == {"up_time": 2, "protocol": 2, "message": b"\1"}


def test_concurrent_answers():
    request = HOST.read_concurrently(METER, [MESSAGE, MESSAGE], sequence=3)
    assert parse_answer(request, MODULE.concurrent(request, [b"\1", b"\2"])).content["message"] == b"\1\2"
    assert parse_answer(request, MODULE.concurrent(request, [])).content["message"] == b""


def test_lists_and_files_are_answered():
    request = HOST.read_nodes(1, 1, sequence=3)
    node = {"address": METER, "relay_level": 1, "quality": 2, "phases": 1, "protocol": 2}
    assert parse_answer(request, MODULE.nodes(request, 1, [node])).content == {"total": 1, "nodes": [node]}
    request = HOST.read_nodes(1, 1, sequence=3, fn=21)
    node = {"address": METER, "tei": 2, "proxy_tei": 1, "level": 1, "role": 1}
    assert parse_answer(request, MODULE.nodes(request, 1, [node], start=1)).content["nodes"] == [node]
    request = HOST.file_segment(3, 0, b"\1", segments=2, sequence=3)
    assert parse_answer(request, MODULE.segment_received(request, 0)).content == {"segment": 0}
    assert parse_answer(request, MODULE.segment_received(request, None)).content == {"segment": 0xFFFFFFFF}


def test_running_mode_is_sent_unasked():
    request = HOST.query(4, sequence=1)
    assert parse_answer(request, MODULE.answer(request, {"main_address": CCO})).content == {
        "main_address": CCO
    }
    content = {
        "medium": 2,
        "reading_mode": 3,
        "rate_count": 0,
        "monitor_timeout": 90,
        "broadcast_timeout": 180,
        "longest_frame": 2048,
        "longest_file_packet": 1024,
        "upgrade_wait": 30,
        "main_address": CCO,
        "most_nodes": 1024,
        "present_nodes": 0,
        "protocol_date": "2019-09-01",
        "filing_date": "2019-09-01",
        "vendor": "RG",
        "chip": "01",
        "version_date": "2026-01-01",
        "version": "0100",
        "rates": [],
    }
    frame = exchanged(MODULE.running_mode(content, sequence=0))
    assert frame.initiating
    said = read_data_unit(frame)
    assert said.findings == ()
    assert {key: said.content[key] for key in content} == content


def test_the_host_answers_the_route():
    asked = exchanged(MODULE.ask_what_to_read(METER, index=5, sequence=77))
    reply = exchanged(HOST.read_this(asked, MESSAGE, sub_nodes=[OTHER]))
    assert (reply.up, reply.initiating, reply.sequence) == (False, False, 77)
    assert parse_answer(asked, reply).content == {
        "flag": 2,
        "delay_related": 0,
        "message": MESSAGE,
        "sub_nodes": [{"address": OTHER}],
    }
    assert parse_answer(asked, HOST.read_done(asked)).content["flag"] == codes.READ_DONE
    assert parse_answer(asked, HOST.read_done(asked, failed=True)).content["flag"] == codes.READ_FAILED
    clock = MODULE.ask_clock(sequence=78)
    assert parse_answer(clock, HOST.clock(clock, LATER)).content == {"time": "2026-11-02 03:04:05"}
    late = MODULE.ask_corrected(METER, 3, MESSAGE, sequence=79)
    assert parse_answer(late, HOST.corrected(late, b"")).content == {"message": b""}


def test_what_has_no_answer_of_its_own_is_confirmed():
    for request in (HOST.pause_route(sequence=5), MODULE.route_changed(1, sequence=5)):
        unit = parse_answer(request, exchanged(confirm(request, wait_s=10)))
        assert unit.function.id == "00F1"
        assert unit.content == {"handled": 1, "idle_channels": 0x7FFFFFFF, "wait": 10}
    older = Profile(confirm_status_octets=2)
    request = HOST.pause_route(sequence=5)
    reply = confirm(request, handled=False, profile=older)
    assert reply.data == bytes.fromhex("feff0000")
    assert parse_answer(request, reply, older).content["idle_channels"] == 0x7FFF
    assert confirm(request, idle_channels=1).data == bytes.fromhex("030000000000")


@pytest.mark.parametrize("reason", [*codes.DENY_CODES, 77])
def test_deny_is_a_refusal_with_its_code(reason):
    request = HOST.monitor(METER, MESSAGE, sequence=5)
    with pytest.raises(DeviceRefused) as refusal:
        parse_answer(request, exchanged(deny(request, reason)))
    assert refusal.value.code == reason
    assert refusal.value.meaning == (codes.DENY_CODES.get(reason, "undefined"),)
    assert decode_frame(refusal.value.frame).afn == Afn.CONFIRM


REQUEST = HOST.monitor(METER, MESSAGE, sequence=5)
REPLY = MODULE.monitored(REQUEST, b"\1")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"control": 0x03, "information": DownInformation(sequence=5, module_flag=True)}, "direction"),
        ({"control": 0xC3}, "prm"),
        ({"information": UpInformation(sequence=6, module_flag=True)}, "sequence"),
        ({"afn": 0x02}, "function"),
        ({"dt": dt_of(2)}, "function"),
        ({"afn": 0, "dt": dt_of(1)}, "function"),
        ({"addresses": Addresses(OTHER, CCO)}, "address"),
        ({"data": b"\1"}, "length"),
    ],
)
def test_answer_that_breaks_a_rule(changes, code):
    with pytest.raises(RemoteProtocolError) as refusal:
        parse_answer(REQUEST, dataclasses.replace(REPLY, **changes))
    assert refusal.value.code == code
    assert refusal.value.clause
    assert refusal.value.frame


def test_deny_without_its_reason_is_a_broken_rule():
    reply = Frame(0x83, UpInformation(sequence=5), 0, dt_of(2))
    with pytest.raises(RemoteProtocolError) as refusal:
        parse_answer(HOST.pause_route(sequence=5), reply)
    assert refusal.value.code == "length"


def test_answer_of_a_broadcast_may_come_from_any_node():
    request = HOST.broadcast(BROADCAST, sequence=5)
    reply = confirm(request)
    assert parse_answer(request, dataclasses.replace(reply, addresses=Addresses(METER, CCO)))


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (lambda: HOST.request(0x20, 1, sequence=0), "fn"),
        (lambda: HOST.request(0x06, 3, sequence=0), "direction"),
        (lambda: HOST.request(0x05, 1, sequence=0), "missing"),
        (lambda: HOST.query(3, sequence=0), "missing"),
        (lambda: HOST.set_monitor_timeout(256, sequence=0), "value"),
        (lambda: HOST.add_nodes(["1"], sequence=0), "address"),
        (lambda: MODULE.event(bytes(256), sequence=0), "value"),
        (lambda: MODULE.collector_power_event(1, [(METER, True)] * 37, sequence=0), "value"),
        (lambda: MODULE.report(0x12, 1, sequence=0), "direction"),
        (lambda: answer(Frame(0x43, DownInformation(), 3, 3)), "fn"),
        (lambda: answer(HOST.query(4, sequence=0), information=DownInformation()), "information"),
        (lambda: encode(HOST.pause_route(sequence=256)), "information"),
    ],
)
def test_what_is_not_sent(action, code):
    with pytest.raises(LocalProtocolError) as refusal:
        action()
    assert refusal.value.code == code


def test_modes_of_other_media():
    frame = build(3, 8, information=DownInformation(), initiating=True, mode=MICROPOWER)
    assert decode_frame(encode(frame), strict=True).mode == MICROPOWER
