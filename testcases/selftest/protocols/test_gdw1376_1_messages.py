"""Messages: data units, additional information, builders of requests and answers, several frames, decode for people."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import dlt645_plain
from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.decode import Decoded, decoders
from rig.protocols.gdw1376_1.assembly import Assembler, split
from rig.protocols.gdw1376_1.builders import (
    answer,
    confirm,
    confirm_units,
    control,
    deny,
    forward,
    identifiers,
    link_test,
    query_parameters,
    read_events,
    read_history,
    read_realtime,
    report,
    request,
    reset,
    set_clock,
    set_parameters,
)
from rig.protocols.gdw1376_1.decoder import decode
from rig.protocols.gdw1376_1.frame import Address, Frame, decode_frame, encode
from rig.protocols.gdw1376_1.messages import (
    Auxiliary,
    Content,
    TimeStamp,
    encode_unit,
    parse_message,
    values_of,
)
from rig.protocols.gdw1376_1.profile import DEFAULT, DEFAULT_2013, Profile

TERMINAL = Address("3701", 0x0821, 1)
STAMP = TimeStamp(7, "28 16:24:06", 5)
PASSWORD = bytes(range(16))
WHEN = datetime(2026, 3, 2, 8, 15, 30)  # noqa: DTZ001 - terminals keep local time without zone


def shown(frame: Frame, profile: Profile = DEFAULT) -> Decoded:
    decoded = decode(encode(frame), profile)
    assert decoded.ok
    json.dumps(decoded.to_json())
    return decoded


def codes(frame: Frame) -> list[str]:
    return [found.code for found in parse_message(frame).findings]


# --- requests


def test_login_is_the_captured_one():
    assert encode(link_test(Address("0200", 0x1234), "login", number=1)) == bytes.fromhex(
        "683200320068c900023412000271000001008516"
    )
    heartbeat = bytes.fromhex("683200320068c93333444400027c000004003916")
    assert encode(link_test(Address("3333", 0x4444), "heartbeat", number=12)) == heartbeat
    assert shown(link_test(TERMINAL, "logout")).fields["units"][0]["name"] == "logout"


def test_confirmation_of_a_login_is_the_captured_one():
    login = link_test(Address("0419", 0x11), "login", number=1)
    assert confirm(login).control == 0x0B
    captured = decode_frame(bytes.fromhex("6832003200680b04191100000061000001009b16"))
    assert (captured.control, captured.afn, captured.seq, captured.body) == (
        confirm(login).control,
        confirm(login).afn,
        confirm(login).seq,
        confirm(login).body,
    )
    heartbeat = link_test(Address("2120", 7), "heartbeat", number=1)
    by_unit = confirm_units(heartbeat, [(0, 3, 0)])
    assert encode(by_unit) == bytes.fromhex("684a004a00680b2021070000006100000400020000040000be16")


def test_query_of_class_1_data_is_the_captured_one():
    query = request(
        Address("0171", 0x0822, 1),
        0x0C,
        identifiers([1], [25]),
        number=11,
        auxiliary=Auxiliary(time_stamp=TimeStamp(0x0B, "28 16:49:13")),
    )
    assert encode(query) == bytes.fromhex("684a004a00684b71012208020ceb010101030b13491628008b16")


def test_hardware_reset_is_the_captured_one():
    stamp = TimeStamp(0, "07 13:53:28", 5)
    frame = reset(Address("0200", 0x1234, 2), 1, auxiliary=Auxiliary(time_stamp=stamp))
    captured = decode_frame(
        bytes.fromhex("688a008a006841000234120401f000000100000000000000000000000000000000000028531307051916")
    )
    assert (frame.control, frame.seq, frame.body) == (captured.control, captured.seq, captured.body)


def test_several_points_and_types_share_identifiers():
    frame = read_realtime(TERMINAL, [1, 2, 9], [25, 33, 34], number=3)
    assert frame.body.hex() == "03010103" + "03010304" + "01020103" + "01020304"
    message = parse_message(frame)
    assert [(unit.point, unit.number) for unit in message.units] == [
        *((1, 25), (2, 25), (1, 33), (1, 34), (2, 33), (2, 34)),
        *((9, 25), (9, 33), (9, 34)),
    ]
    assert not message.findings


def test_day_freeze_request_and_answer():
    asked = read_history(TERMINAL, [1, 2], 161, {"date": "2026-03-01"}, number=5)
    assert asked.body.hex() == "01010114010326" + "02010114010326"
    values = {"date": "2026-03-01", "time": "2026-03-02 00:05", "tariffs": 2}
    values |= {"total": Decimal("123.4567"), "t1": Decimal(100), "t2": None}
    reply = answer(asked, [Content(1, 161, values)])
    assert (reply.control, reply.seq) == (0x88, 0x65)
    decoded = shown(reply)
    assert [(value.id, str(value.value)) for value in decoded.values] == [
        ("0D.F161.P1.date", "2026-03-01"),
        ("0D.F161.P1.time", "2026-03-02 00:05"),
        ("0D.F161.P1.tariffs", "2"),
        ("0D.F161.P1.total", "123.4567"),
        ("0D.F161.P1.t1", "100.0000"),
    ]
    assert decoded.fields["units"][0]["absent"] == ["t2"]


@pytest.mark.parametrize(("density", "points"), [(1, 96), (2, 48), (3, 24), (254, 200), (255, 255)])
def test_curve_with_density(density, points):
    values = {"start": WHEN, "density": density, "points": points}
    values |= {f"point.{number}": Decimal(number) / 10 for number in range(1, points + 1)}
    asked = read_history(TERMINAL, [1], 89, {"start": WHEN, "density": density, "points": points})
    decoded = shown(answer(asked, [Content(1, 89, values)]))
    assert not decoded.findings
    assert decoded.values[-1].id == f"0D.F89.P1.point.{points}"
    assert decoded.values[2 + points].value == Decimal(points) / 10


def test_hourly_freeze_takes_its_count_from_the_density():
    asked = read_realtime(TERMINAL, [1], [89])
    values = {"hour": "08", "density": 1, **{f"point.{n}": Decimal("0.5") for n in range(1, 5)}}
    decoded = shown(answer(asked, [Content(1, 89, values)]))
    assert [value.id for value in decoded.values[2:]] == [f"0C.F89.P1.point.{n}" for n in range(1, 5)]
    assert [found.code for found in decoded.findings] == ["provisional-layout"]


def test_events_with_counters_and_unknown_codes():
    asked = read_events(TERMINAL, 250, 252)
    records = {"ec1": 252, "ec2": 3, "pm": 250, "pn": 252}
    records |= {"1.erc": 14, "1.power_off": "2026-03-01 10:00", "1.power_on": "2026-03-01 10:05"}
    records |= {"2.erc": 99, "2.rest": "0102"}
    reply = answer(asked, [Content(0, 1, records)], auxiliary=Auxiliary(events=(252, 3)))
    decoded = shown(reply)
    assert reply.control == 0xA8
    assert decoded.fields["access_demand"]
    assert decoded.fields["event_counters"] == {"important": 252, "general": 3}
    assert [found.code for found in decoded.findings] == ["unknown-event"]
    values = {value.id: str(value.value) for value in decoded.values}
    assert values["0E.F1.P0.1.power_off"] == "2026-03-01 10:00"
    assert values["0E.F1.P0.2.rest"] == "0102"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("00000100" + "0100" + "0001", ["event-count"]),
        (
            "00000100" + "0100" + "0001" + "0e0a" + "0010010326" + "0510010326" + "0e0a",
            ["truncated"],
        ),
        ("00000100" + "0100" + "0001" + "0e0b" + "0010010326" + "0510010326" + "77", ["event-length"]),
        ("00000100" + "0100" + "0001" + "0e05" + "0010010326", ["length"]),
        ("00000100" + "0100" + "0001" + "0eff" + "0010010326", ["length"]),
        ("00000100" + "0100" + "0001" + "02", ["length"]),
        ("00000100" + "0100" + "0001" + "0206" + "0010010399" + "01", []),
    ],
)
def test_broken_events_are_findings(body, found):
    frame = Frame(TERMINAL, 0x88, 0x0E, 0x60, bytes.fromhex(body))
    assert codes(frame) == found


# --- additional information


@pytest.mark.parametrize(
    ("frame", "fields"),
    [
        (
            control(TERMINAL, [Content(1, 2)], auxiliary=Auxiliary(password=PASSWORD, time_stamp=STAMP)),
            {
                "password": PASSWORD.hex().upper(),
                "time_stamp": {"counter": 7, "time": "28 16:24:06", "delay_minutes": 5},
            },
        ),
        (control(TERMINAL, [Content(1, 2)]), {"password": "00" * 16}),
        (
            report(
                TERMINAL,
                0x0C,
                [Content(0, 7, {"ec1": 1, "ec2": 2})],
                auxiliary=Auxiliary(None, (1, 2), STAMP),
            ),
            {
                "event_counters": {"important": 1, "general": 2},
                "time_stamp": {"counter": 7, "time": "28 16:24:06", "delay_minutes": 5},
                "master": 0,
            },
        ),
        (
            request(
                TERMINAL,
                0x06,
                [Content(0, 3, {"request": "11" * 16})],
                auxiliary=Auxiliary(password=PASSWORD),
            ),
            {"password": PASSWORD.hex().upper()},
        ),
    ],
)
def test_order_of_the_additional_information(frame, fields):
    decoded = shown(frame)
    assert {name: decoded.fields[name] for name in fields} == fields
    assert [found.code for found in decoded.findings] == []


def test_password_before_counters_before_stamp():
    frame = answer(
        request(TERMINAL, 0x06, [Content(0, 1, {"request": "22" * 16})]),
        [Content(0, 2, {"response": "33" * 16})],
        auxiliary=Auxiliary(PASSWORD, (9, 8), STAMP),
    )
    assert frame.body.hex().endswith("33" * 16 + PASSWORD.hex() + "0908" + "0706241628" + "05")
    assert parse_message(frame).auxiliary == Auxiliary(PASSWORD, (9, 8), STAMP)


@pytest.mark.parametrize(
    "auxiliary",
    [
        Auxiliary(password=bytes(4)),
        Auxiliary(events=(1, 2)),
        Auxiliary(time_stamp=TimeStamp(256, "28 16:24:06")),
        Auxiliary(time_stamp=TimeStamp(1, "28 16:24")),
        Auxiliary(time_stamp=TimeStamp(1, "28 16:24:06", 300)),
    ],
)
def test_additional_information_that_cannot_be_sent(auxiliary):
    with pytest.raises(LocalProtocolError):
        control(TERMINAL, [Content(1, 2)], auxiliary=auxiliary)
    with pytest.raises(LocalProtocolError):
        report(TERMINAL, 0x0C, [Content(0, 7, {"ec1": 1, "ec2": 2})], auxiliary=Auxiliary(events=(1, 256)))
    query = query_parameters(TERMINAL, [1])
    with pytest.raises(LocalProtocolError):
        request(TERMINAL, query.afn, query.body, auxiliary=Auxiliary(password=PASSWORD))


def test_editions_name_what_authenticates():
    frame = set_clock(TERMINAL, WHEN)
    assert "password" in shown(frame).fields
    fields = shown(frame, DEFAULT_2013).fields
    assert (fields["edition"], fields["mac"]) == ("2013", "00" * 16)
    assert DEFAULT_2013.provenance["authentication"] == "recalled"
    assert set(DEFAULT.provenance) >= {"edition", "terminal_octets", "password_functions"}


@pytest.mark.parametrize(
    ("control_octet", "afn", "seq", "body"),
    [(0x4A, 0x05, 0x60, "000001"), (0xA8, 0x0C, 0x60, "01"), (0x88, 0x0C, 0xE0, "00000100")],
)
def test_additional_information_that_does_not_fit_is_a_finding(control_octet, afn, seq, body):
    assert "aux" in codes(Frame(TERMINAL, control_octet, afn, seq, bytes.fromhex(body)))


def test_forwarding_without_password_is_read_with_a_finding():
    frame = forward(TERMINAL, 2, b"\x01\x02\x03")
    bare = Frame(TERMINAL, frame.control, frame.afn, frame.seq, frame.body[:-16])
    message = parse_message(bare)
    assert [found.code for found in message.findings] == ["no-password"]
    assert message.auxiliary.password is None
    assert message.unit(0, 1).value("message").value == "010203"
    assert parse_message(frame).unit(0, 1).value("message").value == "010203"
    assert "speed_code" in shown(frame).fields["units"][0]["recalled"]


def test_all_points_are_provisional():
    frame = Frame(TERMINAL, 0x4B, 0x0C, 0x60, bytes.fromhex("ff000103"))
    decoded = shown(frame)
    assert decoded.fields["units"][0]["point"] == "all"
    assert [found.code for found in decoded.findings] == ["provisional-point"]


def test_broken_time_stamp_is_a_finding_with_its_octets():
    frame = Frame(TERMINAL, 0x4B, 0x0C, 0xE0, bytes.fromhex("01010103" + "0799241628" + "05"))
    message = parse_message(frame)
    assert [(found.code, found.offset) for found in message.findings] == [("bad-time", 19)]
    assert message.auxiliary.time_stamp == TimeStamp(7, "99241628", 5)


# --- units


def test_several_bits_with_data_are_read_in_order():
    values = {"clock": "2026-03-02 W1 08:15:30"}
    second = {"ec1": 1, "ec2": 2}
    clock = encode_unit(0x0C, Content(0, 2, values), uplink=True)[4:]
    counters = encode_unit(0x0C, Content(0, 7, second), uplink=True)[4:]
    frame = Frame(TERMINAL, 0x88, 0x0C, 0x60, bytes.fromhex("00004200") + clock + counters)
    message = parse_message(frame)
    assert [(unit.number, unit.data) for unit in message.units] == [(2, clock), (7, counters)]
    assert message.unit(0, 7).value("ec2").value == 2
    assert message.unit(1, 7) is None
    assert message.unit(0, 7).value("none") is None


def test_unknown_type_keeps_its_octets_and_what_follows_when_that_is_clean():
    known = encode_unit(0x0C, Content(1, 7, {"ec1": 1, "ec2": 2}), uplink=True)
    unknown = bytes.fromhex("0101801e") + b"\xaa\xbb\xcc"
    message = parse_message(Frame(TERMINAL, 0x88, 0x0C, 0x60, unknown + known))
    assert [(unit.number, unit.data) for unit in message.units] == [(248, b"\xaa\xbb\xcc"), (7, b"\x01\x02")]
    assert [found.code for found in message.findings] == ["unknown-fn", "resumed"]
    message = parse_message(Frame(TERMINAL, 0x88, 0x0C, 0x60, unknown + known + b"\x01"))
    assert [unit.number for unit in message.units] == [248]
    assert message.units[0].data == b"\xaa\xbb\xcc" + known + b"\x01"
    assert message.units[0].item is None


def test_strict_reading_refuses_the_first_finding():
    frame = Frame(TERMINAL, 0x88, 0x0C, 0x60, bytes.fromhex("0101801e" + "aabbcc"))
    with pytest.raises(RemoteProtocolError) as refusal:
        parse_message(frame, strict=True)
    assert refusal.value.code == "unknown-fn"
    assert parse_message(confirm(frame), strict=True).units


@pytest.mark.parametrize(
    ("body", "code", "offset"),
    [
        ("", "no-unit", 14),
        ("03000110", "unit-id", 14),
        ("0101011f", "unit-id", 17),
        ("010101", "truncated", 17),
        ("01010110" + "1018", "length", 20),
        ("00000200" + "000000020326" + "0101", "truncated", 26),
        (
            "00000200" + "0000ff0303e6" + "00004000" + "05",
            "length",
            29,
        ),  # a clock without an hour puts nothing in doubt
        ("01010110" + "3010020326" + "c8" + "0000010000" * 9, "length", 69),
        ("01010110" + "3010020326" + "02" + "0000ff0000" + "0000", "length", 31),
    ],
)
def test_data_units_that_cannot_be_read_make_a_frame_invalid(body, code, offset):
    frame = Frame(TERMINAL, 0x88, 0x0C, 0x60, bytes.fromhex(body))
    assert code in codes(frame)
    decoded = decode(encode(frame))
    assert not decoded.ok
    assert (decoded.error.code, decoded.error.offset) == (code, offset)
    assert decoded.error.clause
    assert code not in [found.code for found in decoded.findings]
    assert decoded.fields["afn"] == "0C"


@pytest.mark.parametrize(
    "body",
    [
        "0101801e" + "eeeeeeee",  # behind a type that is in no table
        "01018014" + "2316280818" + "eeeeeeeeeeee55",  # a layout that is only recalled
        "01010110" + "1018280818" + "00" + "0000ff0000" + "eeeeeeee",  # behind a value that is none
        "01010104" + "1018280818" + "ee" + "eeeeeeeeee",  # behind a number of tariffs that is absent
    ],
)
def test_what_follows_doubtful_octets_stays_a_finding(body):
    decoded = decode(encode(Frame(TERMINAL, 0x88, 0x0C, 0x60, bytes.fromhex(body))))
    assert decoded.ok
    assert decoded.findings


def test_a_number_of_tariffs_that_is_absent_invents_no_readings():
    reading = bytes.fromhex("3010020326" + "01" + "0000010000" + "0000020000")
    for rounds in (1, 5, 13):
        absent = bytes.fromhex("01010110") + b"\xee" * (6 + 5 * rounds)
        frame = Frame(TERMINAL, 0x88, 0x0C, 0x60, absent + bytes.fromhex("02010110") + reading)
        message = parse_message(frame)
        assert [found.code for found in message.findings] == ["absent-count"]
        first, second = message.units
        assert {value.value for value in first.values} == {None}
        assert len(first.data) == 6 + 5 * rounds
        assert [str(value.value) for value in second.values[1:]] == ["1", "1.0000", "2.0000"]
        assert encode_unit(0x0C, Content(1, 129, values_of(first)), uplink=True) == absent
        assert decode(encode(frame)).ok


def test_absent_tariffs_of_several_rows_and_more_tariffs_than_there_are():
    body = bytes.fromhex("01010104") + b"\xee" * (6 + 17 * 5)
    message = parse_message(Frame(TERMINAL, 0x88, 0x0C, 0x60, body))
    assert [found.code for found in message.findings] == ["absent-count"]
    assert [value.key for value in message.units[0].values][-1] == "quadrant_4.t4"
    many = bytes.fromhex("01010110" + "3010020326" + "0d") + b"\xee" * 70
    message = parse_message(Frame(TERMINAL, 0x88, 0x0C, 0x60, many))
    assert [found.code for found in message.findings] == ["count"]
    assert len(message.units[0].values) == 16


def test_answers_to_forwarded_commands_end_with_the_command():
    for number in (10, 11):
        unit = bytes.fromhex("0000") + bytes((1 << (number - 9), 1))
        body = unit + bytes.fromhex("1f" + "010000000000" + "01" + "55")
        decoded = decode(encode(Frame(TERMINAL, 0x88, 0x10, 0x60, body)))
        assert decoded.ok
        assert [found.code for found in decoded.findings] == ["provisional-layout"]
        assert "5.16.2.2" in decoded.findings[0].message
        assert {value.id: value.value for value in decoded.values}[f"10.F{number}.P0.action"] == "55"


def test_confirmation_with_a_makers_octets():
    frame = Frame(TERMINAL, 0x80, 0x00, 0x60, bytes.fromhex("00000100" + "0badc0de00"))
    message = parse_message(frame)
    assert [found.code for found in message.findings] == ["confirm-octets"]
    assert message.rest.hex() == "0badc0de00"
    assert decode(encode(frame)).fields["rest"] == "0BADC0DE00"


def test_refusals_and_unknown_layouts():
    asked = read_realtime(TERMINAL, [1], [25], number=9)
    assert (deny(asked).control, deny(asked).afn, deny(asked).seq) == (0x89, 0, 0x69)
    station = request(TERMINAL, 0x03, [Content(0, 2)])
    with pytest.raises(LocalProtocolError) as refusal:
        answer(station, [Content(0, 2, {"time": None})])
    assert refusal.value.code == "unknown-layout"
    assert answer(station, [Content(0, 2, b"\x01")]).body.hex() == "0000020001"
    assert set_parameters(TERMINAL, [Content(0, 36, {"monthly_limit": 5})]).seq == 0x70


# --- forwarding


def test_forwarded_meter_frames_are_decoded_too():
    ask = dlt645_plain.build("000000000161", 0x11, bytes.fromhex("00000100"))
    reply = dlt645_plain.build("000000000161", 0x91, bytes.fromhex("00000100" + "26000000"))
    down = forward(TERMINAL, 31, b"\xfe\xfe" + ask, timeout_s=60)
    # the line octet of the captured triple 6B BC: 2400 bit/s, 8 data bits, even parity
    assert down.body[4:6].hex() == "1f6b"
    fields = shown(down).fields
    assert [nested["fields"]["item"] for nested in fields["nested"]] == ["forward active energy total"]
    values = {"port": 31, "length": len(reply), "message": reply.hex()}
    up = shown(answer(down, [Content(0, 1, values)]))
    nested = {value.id: (str(value.value), value.unit) for value in up.values}
    assert nested["10.F1.P0.00010000"] == ("0.26", "kWh")
    assert up.fields["nested"][0]["ok"]


@pytest.mark.parametrize("message", [b"", b"\x01\x03\x00\x00\x00\x01\x84\x0a", b"\x68" * 20])
def test_forwarded_octets_of_another_protocol_stay_octets(message):
    decoded = shown(forward(TERMINAL, 2, message))
    assert "nested" not in decoded.fields
    assert not decoded.findings


# --- several frames


def test_transfer_in_several_frames():
    asked = read_realtime(TERMINAL, range(1, 60), [129], number=14)
    values = {"time": WHEN, "tariffs": 4} | {key: Decimal(1) for key in ("total", "t1", "t2", "t3", "t4")}
    units = [encode_unit(0x0C, Content(point, 129, values), uplink=True) for point in range(1, 60)]
    frames = split(answer(asked, b""), units, profile=Profile(max_user_data=255))
    assert all(len(encode(frame)) <= 263 for frame in frames)
    assert [(frame.sequence.first, frame.sequence.final) for frame in frames[:2]] == [
        (True, False),
        (False, False),
    ]
    assert frames[-1].sequence.final
    assert [frame.sequence.number for frame in frames[:3]] == [14, 15, 0]
    assembler = Assembler()
    assert [assembler.feed(frame) for frame in frames[:-1]] == [None] * (len(frames) - 1)
    assert assembler.pending == len(frames) - 1
    whole = assembler.feed(frames[-1])
    assert whole == tuple(frames)
    points = [unit.point for frame in whole for unit in parse_message(frame).units]
    assert points == list(range(1, 60))
    with pytest.raises(LocalProtocolError):
        split(answer(asked, b""), [bytes(300)], profile=Profile(max_user_data=255))


def numbered(seq: int, body: bytes = b"\0\0\1\0") -> Frame:
    return Frame(TERMINAL, 0x88, 0x0C, seq, body)


def test_single_frames_pass_even_when_marked_as_last_only():
    assembler = Assembler()
    assert assembler.feed(numbered(0x60)) == (numbered(0x60),)
    assert assembler.feed(numbered(0x22)) == (numbered(0x22),)


def test_frames_out_of_order_are_refused_and_dropped():
    assembler = Assembler()
    with pytest.raises(RemoteProtocolError, match="without a first"):
        assembler.feed(numbered(0x01))
    assert assembler.feed(numbered(0x41)) is None
    assert assembler.feed(numbered(0x41 & 0x0F)) is None  # a repetition
    with pytest.raises(RemoteProtocolError, match="out of order"):
        assembler.feed(numbered(0x05, b"other"))
    assert assembler.pending == 0
    assembler.feed(numbered(0x41))
    with pytest.raises(RemoteProtocolError, match="first frame inside"):
        assembler.feed(numbered(0x48))
    assert assembler.pending == 1
    assert assembler.feed(numbered(0x29)) == (numbered(0x48), numbered(0x29))
    assembler.feed(numbered(0x41))
    assembler.reset()
    assert assembler.pending == 0


@given(st.lists(st.integers(0, 255), max_size=40))
def test_assembler_raises_nothing_else(sequence):
    assembler = Assembler()
    for seq in sequence:
        try:
            whole = assembler.feed(numbered(seq))
        except RemoteProtocolError as refusal:
            assert refusal.code == "sequence"  # noqa: PT017 - either outcome is legal
            continue
        assert whole is None or whole[-1].sequence.final


# --- robustness


@given(st.integers(0, 255), st.integers(0, 0x11), st.integers(0, 255), st.binary(max_size=200))
def test_any_content_decodes_for_people(control_octet, afn, seq, body):
    frame = Frame(TERMINAL, control_octet, afn, seq, body)
    decoded = decode(encode(frame))
    json.dumps(decoded.to_json())
    message = parse_message(frame)
    assert decoded.ok is (message.fault is None)
    assert all(0 <= found.offset <= len(body) + 20 for found in message.findings if found.offset is not None)


@given(st.binary(max_size=200))
def test_any_octets_decode_for_people(data):
    decoded = decode(data)
    assert decoded.ok is (decoded.error is None)
    json.dumps(decoded.to_json())


def test_registered_under_its_name():
    decoded = decoders()["gdw1376.1"](bytes.fromhex("683200320068c900023412000271000001008516"))
    assert (decoded.protocol, decoded.ok) == ("gdw1376.1", True)
