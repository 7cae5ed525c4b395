"""Requests to a terminal: outside vectors, rules of the frame, passwords, answers over several frames."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fixtures.terminal_world import PASSWORD, World, at, value
from fixtures.vectors import FOLDER
from rig.protocols.gdw1376_1 import builders
from rig.protocols.gdw1376_1.assembly import Assembler
from rig.protocols.gdw1376_1.frame import Address, decode_frame, encode
from rig.protocols.gdw1376_1.messages import Auxiliary, Content, TimeStamp, parse_message
from rig.protocols.gdw1376_1.profile import DEFAULT_2013, Profile
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.config import TerminalConfig
from rig.twin.wire.gdw1376_1_table import served_types

VECTORS = [json.loads(line) for line in (FOLDER / "gdw1376_1.jsonl").read_text(encoding="utf-8").splitlines()]
REQUESTS = [record for record in VECTORS if record["direction"] == "down"]
#: what a terminal says to captured requests, by the beginning of their source or note
EXPECTED = {
    "684a004a00684b71012208020ce4": "denied",  # 0C F168, settlement of a meter: not served
    "684a004a00684b71012208020ceb": "data",  # 0C F25
    "688a008a006841000234120401f0": "confirmed",  # 01 F1
    "688e008e00684a412001000404e1": "denied",  # 04 F50, a maker's own type
    "68fa00fa00684a20211c000404e5": "confirmed",  # 04 F38
    "6832003200684a00000100020c60": "data",  # 0C F2
    "68a600a600687b34120100021061": "data",  # 10 F9
}


def at_home(frame):
    """A terminal with the address of a captured frame, at the time of its time stamp."""
    password = parse_message(frame).auxiliary.password or bytes(16)
    world = World(1, region=frame.address.region, terminal=frame.address.terminal, password=password)
    stamp = stamp_of(frame)
    if stamp is not None:
        day, hour, minute, second = (int(part) for part in stamp.time.replace(":", " ").split())
        world.terminal.clock.set(at(2026, 3, day, hour, minute, second))
    return world


def stamp_of(frame):
    return parse_message(frame).auxiliary.time_stamp


@pytest.mark.parametrize("record", REQUESTS, ids=lambda record: record["frame_hex"][:28])
def test_captured_requests(record):
    """Frames captured elsewhere get the answer that their function asks for, or none when they are not ours."""
    octets = bytes.fromhex(record["frame_hex"])
    expected = EXPECTED.get(record["frame_hex"][:28], "silence")
    if expected == "silence":
        assert World(1).said(octets) == "silence"
        return
    frame = decode_frame(octets)
    world = at_home(frame)
    messages = world.ask(frame)
    assert messages, "no answer"
    answer = messages[0]
    assert answer.frame.uplink
    assert not answer.frame.from_initiator
    assert answer.frame.sequence.number == frame.sequence.number
    assert answer.frame.address.master == frame.address.master
    said = "data" if answer.frame.afn else {1: "confirmed", 2: "denied"}[answer.units[0].number]
    assert said == expected
    assert answer.auxiliary.time_stamp == stamp_of(frame)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-2] + bytes((raw[-2] ^ 1,)) + raw[-1:],
        lambda raw: raw[:-1] + b"\x17",
        lambda raw: raw[:3] + bytes((raw[3] ^ 4,)) + raw[4:],
        lambda raw: b"\x69" + raw[1:],
        lambda raw: raw[:10],
    ],
    ids=["checksum", "end", "length", "start", "cut"],
)
def test_broken_frames_are_dropped(spoil):
    world = World(1)
    raw = encode(builders.read_realtime(world.address, [0], [2]))
    assert world.said(spoil(raw)) == "silence"
    assert world.said(raw) == "data"


def test_unfinished_frame_is_dropped_after_a_pause():
    world = World(1)
    world.master.send(b"\x68\x02\xfa\x02\xfa\x68" + bytes(30))
    world.wait(30.0)
    assert world.said(builders.read_realtime(world.address, [0], [2])) == "data"


def test_cut_and_joined_segments():
    world = World(1)
    raw = encode(builders.read_realtime(world.address, [0], [2], number=3))
    for octet in raw[:-1]:
        world.master.send(bytes((octet,)))
    assert world.said(raw[-1:]) == "data"
    world.master.answers.clear()
    world.master.send(b"\x00\x68" + raw + encode(builders.read_realtime(world.address, [0], [7], number=4)))
    world.wait(5.0)
    assert [message.frame.sequence.number for message in world.master.answers] == [3, 4]


def test_other_addresses_and_directions_are_ignored():
    world = World(1)
    for address in (
        Address("0171", 0x0823, 1),
        Address("0172", 0x0822, 1),
        Address("0171", 0x0822, 1, group=True),
    ):
        assert world.said(builders.read_realtime(address, [0], [2])) == "silence"
    uplink = builders.link_test(world.address, "heartbeat")
    assert world.said(uplink) == "silence"


def test_broadcast_is_executed_and_not_answered():
    world = World(1)
    when = world.clock.wall() + timedelta(seconds=40)
    everybody = Address("FFFF", 0xFFFF, 1, group=True)
    frame = builders.set_clock(everybody, when, auxiliary=Auxiliary(PASSWORD))
    assert world.said(encode(frame, strict=False)) == "silence"
    assert abs((world.terminal.clock.now() - world.clock.wall()).total_seconds() - 40) < 2


def test_group_address_is_heard():
    world = World(1)
    groups = {f"group.{place}": 77 if place == 3 else 0 for place in range(1, 9)}
    assert world.set(Content(0, 6, groups)) == "confirmed"
    when = world.clock.wall() + timedelta(seconds=30)
    frame = builders.set_clock(Address("0171", 77, 1, group=True), when, auxiliary=Auxiliary(PASSWORD))
    assert world.said(frame) == "silence"
    assert abs((world.terminal.clock.now() - world.clock.wall()).total_seconds() - 30) < 2


def test_unknown_types_are_denied():
    world = World(1)
    for afn, types in ((0x0C, [248]), (0x0D, [1]), (0x0A, [240]), (0x08, [1]), (0x03, [2]), (0x06, [1])):
        frame = builders.request(
            world.address, afn, builders.identifiers([1 if afn in {12, 13} else 0], types)
        )
        assert world.said(frame) == "denied", hex(afn)
    # a type of a point that has no meter, and an own type asked of a point
    assert world.said(builders.read_realtime(world.address, [9], [129])) == "denied"
    assert world.said(builders.read_realtime(world.address, [1], [2])) == "denied"


def test_known_units_are_answered_beside_unknown_ones():
    world = World(1)
    units = world.read([0], [2, 7, 8])
    assert set(units) == {(0, 2), (0, 7), (0, 8)}
    messages = world.ask(builders.read_realtime(world.address, [1, 2], [129]))
    assert [(unit.point, unit.number) for unit in messages[0].units] == [(1, 129)]


def test_several_bits_by_point_then_type():
    world = World(3)
    messages = world.ask(builders.read_realtime(world.address, [1, 3], [129, 131]))
    pairs = [(unit.point, unit.number) for message in messages for unit in message.units]
    assert pairs == [(1, 129), (1, 131), (3, 129), (3, 131)]


def test_all_points_identifier():
    world = World(3)
    messages = world.ask(builders.read_realtime(world.address, [-1], [129]))
    assert [unit.point for message in messages for unit in message.units] == [1, 2, 3]


# --- passwords ------------------------------------------------------------------------------------------------------------


def test_wrong_password_is_denied_and_recorded():
    world = World(1)
    wrong = bytes(16)
    before = world.terminal.clock.settings
    assert world.set(Content(0, 36, {"monthly_limit": 5}), password=wrong) == "denied"
    assert world.control(Content(0, 31, {"clock": at(2026, 3, 2, 9)}), password=wrong) == "denied"
    assert (0, 36) not in {key for key in world.terminal.parameters._octets if key == (36, 0)}
    assert world.terminal.clock.settings == before
    records = [record for record in world.records(important=False) if record["erc"] == 20]
    assert len(records) == 2
    assert records[0]["password"] == "00" * 16
    assert records[0]["master"] == 1


def test_missing_password_is_denied():
    world = World(1)
    whole = builders.set_parameters(
        world.address, [Content(0, 36, {"monthly_limit": 5})], auxiliary=Auxiliary(PASSWORD)
    )
    assert world.said(replace(whole, body=whole.body[:-16])) == "denied"
    assert world.set(Content(0, 36, {"monthly_limit": 5})) == "confirmed"


def test_reading_needs_no_password():
    world = World(1)
    assert world.said(builders.read_realtime(world.address, [0], [2])) == "data"


# --- frame count and time stamp ---------------------------------------------------------------------------------------------


def counted(world, bit, *, number=5, contents=None):
    return builders.request(
        world.address,
        0x05,
        contents or [Content(1, 1, {"limit_time": 0, "alarm_delay": 0})],
        number=number,
        auxiliary=Auxiliary(PASSWORD),
        frame_count=bit,
        confirm=True,
    )


def trips(world):
    return sum(frame[8] == 0x1C for _, frame, _ in world.port.requests)


def test_unchanged_frame_count_repeats_the_answer_without_executing():
    world = World(1)
    assert world.said(counted(world, True)) == "confirmed"
    assert trips(world) == 1
    assert world.said(counted(world, True)) == "confirmed"
    assert trips(world) == 1
    assert world.said(counted(world, False)) == "confirmed"
    assert trips(world) == 2


def test_frame_count_begins_anew_on_a_new_connection():
    world = World(1)
    assert world.said(counted(world, True)) == "confirmed"
    world.network.drop(world.config.name)
    world.master.wait_login()
    assert world.said(counted(world, True)) == "confirmed"
    assert trips(world) == 2


@pytest.mark.parametrize(
    ("late_min", "permitted_min", "answered"), [(0, 5, True), (10, 5, False), (10, 0, True)]
)
def test_time_stamp(late_min, permitted_min, answered):
    world = World(1)
    when = world.clock.wall() - timedelta(minutes=late_min)
    stamp = TimeStamp(9, when.strftime("%d %H:%M:%S"), permitted_min)
    frame = builders.request(
        world.address, 0x0C, builders.identifiers([0], [2]), auxiliary=Auxiliary(None, None, stamp)
    )
    messages = world.ask(frame)
    assert bool(messages) == answered
    if answered:
        assert messages[0].auxiliary.time_stamp == stamp


def test_time_stamp_across_the_end_of_a_month():
    world = World(1)
    world.terminal.clock.set(at(2026, 4, 1, 0, 1))
    assert world.terminal.age_of("31 23:59:00") == 120.0
    assert world.terminal.age_of("99 00:00:00") == float("inf")


# --- long answers -------------------------------------------------------------------------------------------------------------


def test_long_answers_are_split_into_numbered_frames():
    world = World(5, largest_user_data=300)
    frame = builders.read_realtime(world.address, [1, 2, 3, 4, 5], [33, 129], number=6)
    messages = world.ask(frame, 120.0)
    frames = [message.frame for message in messages]
    assert len(frames) > 2
    assert [found.sequence.number for found in frames] == [(6 + place) % 16 for place in range(len(frames))]
    assert [found.sequence.first for found in frames] == [True] + [False] * (len(frames) - 1)
    assert [found.sequence.final for found in frames] == [False] * (len(frames) - 1) + [True]
    assert all(len(encode(found)) - 8 <= 300 for found in frames)
    assembler = Assembler()
    whole = [assembler.feed(found) for found in frames]
    assert whole[-1] is not None
    assert sum(len(message.units) for message in messages) == 10


def test_archive_of_two_thousand_points_comes_in_parts():
    world = World(1)
    for number in range(2, 2001):
        assert world.terminal.put_meter(MeterEntry(number, f"{number:012d}", 31))
    messages = world.ask(builders.query_parameters(world.address, [10]), 120.0)
    values = [value(unit, "meters") for message in messages for unit in message.units]
    assert sum(values) == 2000
    assert len(messages) > 10


def test_what_is_told_as_served_is_what_has_a_handler():
    world = World(1)
    told = served_types(world.config.functions)
    assert {key for key in told if key[0]} == set(world.wire.handlers)
    assert (0x0C, 129) in told
    assert (0x10, 10) not in told
    assert world.said(builders.read_realtime(world.address, [1], [168])) == "denied"


# --- editions ------------------------------------------------------------------------------------------------------------------


def test_edition_2013_with_three_octets_of_address():
    profile = Profile(
        **{
            **{name: getattr(DEFAULT_2013, name) for name in ("edition", "authentication")},
            "terminal_octets": 3,
        }
    )
    world = World(1, edition="2013", terminal_octets=3, terminal=0x123456)
    assert world.config.profile == profile
    assert world.set(Content(0, 36, {"monthly_limit": 5})) == "confirmed"
    assert world.set(Content(0, 36, {"monthly_limit": 5}), password=bytes(16)) == "denied"


@pytest.mark.parametrize("seed", range(6))
def test_drawn_terminals_work(seed):
    drawn = TerminalConfig.conforming(seed, main_address="10.0.0.1:7000")
    values = {
        name: getattr(drawn, name)
        for name in drawn.__dataclass_fields__
        if name not in {"meters", "behaviour"}
    }
    world = World(1, **values)
    assert value(world.read([0], [2])[0, 2], "clock")
    assert drawn.fresh() == drawn
