"""What an emulated local module says of itself, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import fixtures
from fixtures.emulated_module import MAIN, ModuleWorld
from rig.errors import DeviceRefused
from rig.protocols.gdw1376_2.frame import Frame, decode_frame, encode
from rig.protocols.gdw1376_2.functions import all_functions
from rig.protocols.gdw1376_2.information import DownInformation
from rig.protocols.gdw1376_2.profile import DEFAULT_2013
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.devices.cco_report import Report


@pytest.fixture
def world() -> ModuleWorld:
    return ModuleWorld(3)


def refusal(world: ModuleWorld, frame: Frame) -> int:
    with pytest.raises(DeviceRefused) as caught:
        world.ask(frame)
    return caught.value.code


def test_running_mode_tells_what_the_module_is(world: ModuleWorld):
    mode = world.ask(world.host.query(10, sequence=1))
    assert (mode["medium"], mode["present_nodes"], mode["most_nodes"]) == (2, 0, 1024)
    assert mode["monitor_timeout"] == 90
    assert mode["rates"] == [{"rate": 9600, "rate_in_kbit": 0}]
    assert mode["version_date"] == date(2026, 1, 15).isoformat()


def test_main_address_is_the_one_given(world: ModuleWorld):
    world.ask(world.host.set_main_address(sequence=1))
    assert world.ask(world.host.query(4, sequence=2)) == {"main_address": MAIN}


@pytest.mark.parametrize(
    ("fn", "key", "value"),
    [(1, "vendor", "TW"), (2, "noise", 0), (5, "reading_mode", 0), (7, "timeout", 90), (16, "band", 0)],
)
def test_simple_queries(world: ModuleWorld, fn: int, key: str, value: object):
    assert world.ask(world.host.query(fn, sequence=fn))[key] == value


def test_identity_is_the_configured_one(world: ModuleWorld):
    answer = world.ask(world.host.query(12, sequence=1))
    assert answer["module_id"] == world.module.config.module_id


def test_index_lists_what_is_answered_and_what_is_begun(world: ModuleWorld):
    listed = world.ask(world.host.query_index(0x03, sequence=1))["functions"]
    assert 10 in listed
    assert 16 in listed
    assert 8 not in listed
    assert 100 not in listed
    assert world.ask(world.host.query_index(0x06, sequence=2))["functions"] == [1, 2, 3, 4, 5]
    assert world.ask(world.host.query_index(0xF1, sequence=3))["functions"] == [1]


def test_heard_nodes_are_the_direct_ones(world: ModuleWorld):
    answer = world.ask(world.request(0x03, 3, {"start": 1, "count": 10}))
    assert answer["total"] == 3
    assert {node["address"] for node in answer["nodes"]} == set(world.addresses)


def test_monitor_timeout_is_set_and_zero_is_refused(world: ModuleWorld):
    world.ask(world.host.set_monitor_timeout(20, sequence=1))
    assert world.ask(world.host.query(7, sequence=2))["timeout"] == 20
    assert refusal(world, world.host.set_monitor_timeout(0, sequence=3)) == 1


def test_a_carrier_module_has_no_radio(world: ModuleWorld):
    assert refusal(world, world.host.query(8, sequence=1)) == 10
    assert refusal(world, world.host.set_radio(channel_group=1, power=1, sequence=2)) == 10


def test_a_radio_module_has_no_band():
    world = ModuleWorld(2, config=ModuleConfig(medium="MICROPOWER"))
    assert refusal(world, world.host.query(16, sequence=1)) == 10
    world.ask(world.host.set_radio(channel_group=12, power=2, sequence=2))
    assert world.ask(world.host.query(8, sequence=3)) == {"channel_group": 12, "power": 2}
    assert refusal(world, world.host.set_radio(channel_group=70, power=2, sequence=4)) == 1
    assert world.ask(world.host.query(10, sequence=5))["medium"] == 3


def test_unknown_functions_are_denied(world: ModuleWorld):
    known = world.host.query(10, sequence=1)
    assert refusal(world, replace(known, dt=0x1F80)) == 4
    assert refusal(world, replace(known, afn=0x44)) == 10


def test_malformed_data_units_are_denied_by_what_is_wrong(world: ModuleWorld):
    good = world.host.add_nodes(world.addresses, sequence=1)
    assert refusal(world, replace(good, data=good.data[:-1])) == 2
    assert refusal(world, replace(good, data=good.data + b"\0")) == 2
    assert refusal(world, replace(good, data=b"\x01\xaa\xbb\xcc\xdd\xee\xff\x02")) == 5
    assert refusal(world, replace(good, data=b"\x00")) == 1
    assert refusal(world, replace(good, dt=0x0003)) == 1


def test_a_frame_longer_than_the_module_takes_is_denied(world: ModuleWorld):
    frame = world.host.forward(world.addresses[0], bytes(200), sequence=1)
    world.module.config.longest_frame = 200
    assert refusal(world, frame) == 2


def test_a_wrong_checksum_gets_silence(world: ModuleWorld):
    raw = bytearray(encode(world.host.query(10, sequence=1)))
    raw[-2] ^= 1
    world.link.write(bytes(raw))
    assert world.listen(3.0) == []


def test_a_frame_that_goes_upward_gets_silence(world: ModuleWorld):
    answer = world.exchange(world.host.query(10, sequence=1))
    assert answer is not None
    world.send(answer)
    assert world.listen(3.0) == []


def test_a_good_frame_behind_a_broken_one_is_answered(world: ModuleWorld):
    world.link.write(bytes.fromhex("68ff0743000028320055"))
    idle_s = 33 / 9600
    world.clock.wait_until(world.clock.now_s() + 10 * 11 / 9600 + idle_s)
    assert world.exchange(world.host.query(10, sequence=1)) is not None


def test_a_frame_in_one_breath_with_a_false_header_is_found_when_the_line_is_quiet(world: ModuleWorld):
    world.link.write(bytes.fromhex("68ff0743") + encode(world.host.query(10, sequence=9)))
    frames = world.listen(3.0)
    assert [frame.sequence for frame in frames] == [9]


def test_own_answers_come_within_six_seconds():
    world = ModuleWorld(1, config=ModuleConfig.conforming(3))
    for sequence in range(20):
        world.clock.wait_until(world.clock.now_s() + 1.0)
        begin_s = world.clock.now_s()
        assert world.exchange(world.host.query(10, sequence=sequence)) is not None
        assert world.clock.now_s() - begin_s < 6.0


def test_answers_echo_sequence_and_swap_addresses(world: ModuleWorld):
    world.archive()
    request = world.host.monitor(world.addresses[0], b"\x68", sequence=0x77)
    answer = world.exchange(replace(request, data=b"\x05" + request.data[1:]))
    assert answer is not None
    assert answer.sequence == 0x77
    assert answer.addresses is not None
    assert answer.addresses.source == world.addresses[0]
    assert not answer.initiating
    assert answer.up


def test_the_older_edition_denies_later_items():
    world = ModuleWorld(2, config=ModuleConfig(profile=DEFAULT_2013))
    assert refusal(world, world.host.query(16, sequence=1)) == 4
    assert refusal(world, world.request(0x10, 111)) == 4
    assert 16 not in world.ask(world.host.query_index(3, sequence=3))["functions"]


def test_every_function_of_the_table_is_answered_or_denied(world: ModuleWorld):
    """Whatever is asked with an empty data unit, the module says something and stays in service."""
    for function in all_functions():
        if function.down is None or function.afn in (0x00, 0x14) or (function.afn, function.fn) == (1, 1):
            continue
        frame = Frame(0x43, DownInformation(sequence=5), function.afn, world.host.query(1, sequence=0).dt)
        frame = replace(frame, dt=((function.fn - 1) // 8) << 8 | 1 << (function.fn - 1) % 8)
        assert world.exchange(frame) is not None, function.id


VECTORS = [
    json.loads(line)
    for line in (Path(fixtures.__path__[0]) / "vectors" / "gdw1376_2.jsonl").read_text("utf-8").splitlines()
]
#: outside requests, by function code and Fn, that a module in service answers with something else than a denial
ANSWERED = {
    0x01: {2},
    0x03: {1, 9},
    0x05: {1, 3, 200},
    0x10: {1, 2, 4, 21, 111, 112},
    0x11: {1, 5},
    0x12: {2, 3},
}
REQUESTS = [
    bytes.fromhex(vector["frame_hex"])
    for vector in VECTORS
    if vector["valid"]
    and vector["expected"]["PRM"] == 1
    and vector["direction"] == "down"
    and vector["expected"]["Fn"][0] in ANSWERED.get(int(vector["expected"]["AFN"], 16), ())
]


@pytest.mark.parametrize("octets", REQUESTS, ids=[octets[-6:].hex() for octets in REQUESTS])
def test_outside_requests_get_an_answer_by_their_own_rules(world: ModuleWorld, octets: bytes):
    world.ask(world.host.set_main_address(sequence=250))
    world.ask(decode_frame(octets))


def test_outside_vectors_are_not_few():
    assert len(REQUESTS) >= 18


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS if not one["valid"]], ids=lambda one: one["frame_hex"][:12]
)
def test_outside_broken_frames_get_silence(world: ModuleWorld, vector: dict[str, str]):
    world.link.write(bytes.fromhex(vector["frame_hex"]))
    assert world.listen(8.0) == []


def test_a_report_has_the_octets_that_were_written_down_elsewhere(world: ModuleWorld):
    (vector,) = [one for one in VECTORS if one["direction"] == "up"]
    octets = bytes.fromhex(vector["frame_hex"])
    frame = decode_frame(octets)
    for _ in range(frame.sequence):
        world.module.wire.report(Report(0x06, 3, {"change": 1}, answered=False))
    world.module.wire.report(Report(frame.afn, frame.fn or 0, world.content(frame), answered=False))
    heard = b""
    while (burst := world.link.read(world.clock.now_s() + 1.0)) is not None:
        heard += burst.data
    assert heard.endswith(octets)
