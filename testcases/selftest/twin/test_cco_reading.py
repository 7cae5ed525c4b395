"""Reading meters through an emulated local module: point, concurrent, by the route, and what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fixtures.emulated_module import ModuleWorld, address_of, read_energy
from rig.errors import DeviceRefused
from rig.protocols.dlt645.frame import decode_frame as decode_meter
from rig.protocols.dlt645.frame import encode as encode_meter
from rig.protocols.dlt645.messages import broadcast_time, read_data
from rig.protocols.gdw1376_2.frame import Frame
from rig.protocols.gdw1376_2.messages import parse_answer
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.media.topology import Placement


@pytest.fixture
def world() -> ModuleWorld:
    world = ModuleWorld(6)
    world.archive()
    return world


def refusal(world: ModuleWorld, frame: Frame, *, wait_s: float = 95.0) -> int:
    with pytest.raises(DeviceRefused) as caught:
        world.ask(frame, wait_s=wait_s)
    return caught.value.code


def point(world: ModuleWorld, address: str, **more: bool) -> Frame:
    return world.host.monitor(address, read_energy(address), sequence=world.next_sequence(), **more)


def concurrent(world: ModuleWorld, address: str, messages: int = 1) -> Frame:
    frames = [read_energy(address)] * messages
    return world.host.read_concurrently(address, frames, sequence=world.next_sequence())


def energy(world: ModuleWorld, address: str) -> bytes:
    data = world.meters[address].wire.read_any(0)
    assert data is not None
    return bytes(4) + data


def silence(world: ModuleWorld, address: str) -> None:
    world.meters[address].wire.answer_filters.append(lambda *_: None)


def test_a_point_read_brings_the_meters_own_answer(world: ModuleWorld):
    for address in world.addresses:
        frame = point(world, address)
        answer = world.exchange(frame, wait_s=95)
        assert answer is not None
        content = parse_answer(frame, answer).content
        meter = decode_meter(content["message"])
        assert (meter.address, meter.data) == (address, energy(world, address))
        station = world.module.medium.station_of(address)
        assert station is not None
        assert answer.information.phase == station.placement.phase  # type: ignore[union-attr]


def test_forwarding_brings_it_too(world: ModuleWorld):
    address = world.addresses[0]
    answer = world.ask(world.host.forward(address, read_energy(address), sequence=9), wait_s=95)
    assert decode_meter(answer["message"]).data == energy(world, address)


def test_failures_have_their_own_reasons(world: ModuleWorld):
    silent, gone, lost = world.addresses[:3]
    silence(world, silent)
    assert refusal(world, point(world, silent)) == 8
    world.module.medium.set_power(gone, on=False)
    assert refusal(world, point(world, gone)) == 12
    world.module.medium.station_of(lost).take_link(0.0)  # type: ignore[union-attr]
    assert refusal(world, point(world, lost)) == 11
    assert refusal(world, point(world, address_of(99))) == 7
    assert refusal(world, world.request(0x13, 1, _monitor_content(b"\x68"))) == 5
    assert refusal(world, world.request(0x13, 1, _monitor_content(b""), node=world.addresses[3])) == 1


def _monitor_content(message: bytes) -> dict[str, object]:
    return {"protocol": 2, "delay_related": 0, "sub_nodes": [], "message": message}


def test_the_monitor_timeout_ends_a_read(world: ModuleWorld):
    silence(world, world.addresses[0])
    world.ask(world.host.set_monitor_timeout(1, sequence=50))
    begin_s = world.clock.now_s()
    assert refusal(world, point(world, world.addresses[0])) == 0
    assert world.clock.now_s() - begin_s < 1.5


def test_during_a_read_others_are_answered_and_reads_are_busy(world: ModuleWorld):
    first = world.addresses[0]
    silence(world, first)
    world.send(point(world, first))
    world.clock.wait_until(world.clock.now_s() + 0.2)
    assert world.ask(world.host.query(10, sequence=100))["medium"] == 2
    assert refusal(world, point(world, world.addresses[1])) == 9
    assert refusal(world, concurrent(world, world.addresses[1])) == 9
    assert refusal(world, world.host.broadcast(b"\x68", sequence=101)) == 9
    world.listen(5.0)
    world.ask(point(world, world.addresses[1]), wait_s=95)


def test_concurrent_reads_overlap_and_all_arrive():
    world = ModuleWorld(5, config=ModuleConfig(concurrent_meters=5))
    world.archive()
    begin_s = world.clock.now_s()
    requests = {address: concurrent(world, address) for address in world.addresses}
    for frame in requests.values():
        world.send(frame)
    answers = {frame.sequence: frame for frame in world.listen(10.0)}
    for address, request in requests.items():
        content = parse_answer(request, answers[request.sequence]).content
        assert decode_meter(content["message"]).data == energy(world, address)
    last_s = max(at for at, frame in world.heard if frame.afn == 0xF1)
    assert last_s - begin_s < 1.2, "five reads side by side take little more than one"


def test_concurrency_has_its_limits():
    world = ModuleWorld(4, config=ModuleConfig(concurrent_meters=2, concurrent_messages=3))
    world.archive()
    first, second, third, _ = world.addresses
    for address in (first, second):
        silence(world, address)
        world.send(concurrent(world, address))
    world.clock.wait_until(world.clock.now_s() + 0.3)
    assert refusal(world, concurrent(world, first), wait_s=1.0) == 111
    assert refusal(world, concurrent(world, third), wait_s=1.0) == 109
    assert refusal(world, point(world, third), wait_s=1.0) == 9
    world.listen(5.0)
    assert refusal(world, concurrent(world, third, 4)) == 110
    answer = world.ask(concurrent(world, third, 3), wait_s=95)
    assert answer["message"].count(b"\x68" + bytes.fromhex(third)[::-1] + b"\x68") == 3


def test_a_failed_concurrent_read_is_an_empty_answer(world: ModuleWorld):
    silence(world, world.addresses[0])
    assert world.ask(concurrent(world, world.addresses[0]), wait_s=95)["message"] == b""


def test_a_delay_related_read_asks_for_the_corrected_message(world: ModuleWorld):
    address = world.addresses[0]
    request = point(world, address, delay_related=True)
    world.send(request)
    asked = world.listen(1.0)[0]
    content = world.content(asked)
    assert (asked.afn, asked.fn) == (0x14, 3)
    assert (content["address"], content["message"]) == (address, read_energy(address))
    world.send(world.host.corrected(asked, encode_meter(read_data(address, 0x00010000))))
    answer = world.listen(10.0)[0]
    meter = decode_meter(parse_answer(request, answer).content["message"])
    assert meter.data[:4] == bytes.fromhex("00000100")


def test_a_delay_related_read_that_is_given_up_is_denied(world: ModuleWorld):
    request = point(world, world.addresses[0], delay_related=True)
    world.send(request)
    asked = world.listen(1.0)[0]
    world.send(world.host.corrected(asked, b""))
    assert world.listen(5.0)[0].afn == 0
    world.ask(point(world, world.addresses[1]), wait_s=95)


def test_a_broadcast_reaches_every_meter_within_the_time_told(world: ModuleWorld):
    when = world.clock.wall() + timedelta(seconds=40)
    message = encode_meter(broadcast_time(when))
    told = world.ask(world.host.query_delay(message, sequence=9))["delay"]
    begin_s = world.clock.now_s()
    wait = world.ask(world.host.broadcast(message, sequence=10))["wait"]
    assert told == wait >= 1
    world.clock.wait_until(begin_s + wait)
    for meter in world.meters.values():
        date, time = (meter.wire.read_any(di) for di in (0x04000101, 0x04000102))
        assert date is not None
        assert time is not None
        assert date[::-1].hex()[:6] == when.strftime("%y%m%d")
        assert abs(int(time[::-1].hex()[4:6]) - when.second) <= 3


def test_a_broadcast_keeps_reads_out(world: ModuleWorld):
    message = encode_meter(broadcast_time(datetime.fromisoformat("2026-03-02 08:01:00")))
    world.ask(world.host.broadcast(message, sequence=10))
    world.module.cco.reading.doing = "broadcast"
    assert refusal(world, point(world, world.addresses[0])) == 9


class Concentrator:
    """Answers what the route asks."""

    def __init__(self, world: ModuleWorld) -> None:
        self.world = world
        self.asked: list[str] = []
        self.data: dict[int, bytes] = {}
        self.ended = False
        self.refuse: set[str] = set()

    def run(self, seconds: float) -> None:
        deadline_s = self.world.clock.now_s() + seconds
        while not self.ended and self.world.clock.now_s() < deadline_s:
            for frame in self.world.listen(0.5):
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        if not frame.initiating:
            return
        content = self.world.content(frame)
        if (frame.afn, frame.fn) == (0x14, 1):
            self.asked.append(content["address"])
            if content["address"] in self.refuse:
                self.world.send(self.world.host.read_done(frame, failed=True))
            else:
                self.world.send(self.world.host.read_this(frame, read_energy(content["address"])))
        elif (frame.afn, frame.fn) == (6, 2):
            self.data[content["index"]] = content["message"]
        elif (frame.afn, frame.fn) == (6, 3):
            self.ended = content["change"] == 1


def test_the_route_reads_everybody_and_tells_the_end(world: ModuleWorld):
    concentrator = Concentrator(world)
    concentrator.refuse = {world.addresses[2]}
    silence(world, world.addresses[3])
    world.ask(world.host.restart_route(sequence=90))
    concentrator.run(120.0)
    assert concentrator.ended
    assert set(concentrator.asked) == set(world.addresses)
    assert sorted(concentrator.data) == [1, 2, 5, 6]
    for index, message in concentrator.data.items():
        assert decode_meter(message).address == world.addresses[index - 1]
    unread = world.ask(world.host.read_nodes(1, 10, sequence=91, fn=5))["nodes"]
    assert [node["address"] for node in unread] == world.addresses[2:4]


def test_a_paused_route_asks_nothing_and_goes_on_where_it_was(world: ModuleWorld):
    concentrator = Concentrator(world)
    world.ask(world.host.restart_route(sequence=90))
    concentrator.run(1.0)
    world.ask(world.host.pause_route(sequence=91))
    world.listen(8.0)
    asked = list(concentrator.asked)
    assert world.listen(30.0) == []
    world.ask(world.host.resume_route(sequence=92))
    concentrator.run(60.0)
    assert concentrator.ended
    assert len(concentrator.asked) > len(asked)


def test_an_unanswered_route_falls_silent(world: ModuleWorld):
    world.ask(world.host.restart_route(sequence=90))
    frames = world.listen(600.0, confirm_reports=False)
    assert 1 <= len(frames) <= 9
    assert all((frame.afn, frame.fn) == (0x14, 1) for frame in frames)


def test_a_far_node_is_read_over_its_relay_until_that_goes():
    places = (Placement(distance_m=200.0), Placement(distance_m=420.0), Placement(distance_m=210.0, phase=2))
    world = ModuleWorld(3, places=places)
    world.archive()
    relay, far, other = world.addresses
    answer = world.exchange(point(world, far), wait_s=95)
    assert answer is not None
    assert answer.information.relay_level == 1
    station = world.module.medium.station_of(far)
    assert station is not None
    assert station.proxy is not None
    first = station.proxy.address
    world.module.medium.set_power(first, on=False)
    assert refusal(world, point(world, far)) == 12
    world.listen(120.0)
    world.ask(point(world, far), wait_s=95)
    assert station.proxy.address in {relay, other} - {first}


def test_noise_makes_reads_fail_and_silence_heals_them(world: ModuleWorld):
    address = world.addresses[-1]
    world.module.medium.set_noise(70.0)
    assert refusal(world, point(world, address)) == 11
    world.module.medium.set_noise(0.0)
    world.ask(point(world, address), wait_s=95)


def test_a_restart_forgets_the_read_that_was_on_its_way(world: ModuleWorld):
    world.send(point(world, world.addresses[0]))
    world.clock.wait_until(world.clock.now_s() + 0.15)
    world.module.cco.reset_pin(0.3)
    frames = world.listen(60.0)
    assert [(frame.afn, frame.fn) for frame in frames] == [(3, 10)]


def test_late_meters_and_wake_up_octets_are_the_nodes_business(world: ModuleWorld):
    address = world.addresses[0]
    world.meters[address].wire.preamble = 4
    answer = world.ask(point(world, address), wait_s=95)
    assert answer["message"][0] == 0x68
    world.meters[address].wire.delay_s = lambda: 30.0
    assert refusal(world, point(world, address)) == 8


def test_a_read_of_the_wrong_protocol_is_refused(world: ModuleWorld):
    frame = point(world, world.addresses[0])
    assert refusal(world, replace(frame, data=b"\x09" + frame.data[1:])) == 1
