"""What an emulated local module begins: registrations, events, outages, refused nodes, upgrades."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from fixtures.emulated_module import MAIN, ModuleWorld, address_of, read_energy
from rig.errors import DeviceRefused
from rig.ports.meter_port import Answered, PowerChange, Unsolicited
from rig.protocols.dlt645.frame import decode_frame as decode_meter
from rig.protocols.gdw1376_2.frame import Frame
from rig.protocols.gdw1376_2.nested import is_area_mismatch
from rig.protocols.gdw1376_2.profile import DEFAULT_2013
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.devices.cco_upgrade import firmware_image, image_version
from rig.twin.media.nodes import CollectorNode, NodeMeter
from rig.twin.media.topology import Placement

START = datetime.fromisoformat("2026-03-02 08:00:00")


class Port:
    """A collector's downlink: answers with what it was asked."""

    def __init__(self) -> None:
        self.events: Unsolicited | None = None
        self.power: PowerChange | None = None
        self.busy = False
        self.asked: list[tuple[str, bytes]] = []
        self.overheard: list[bytes] = []

    def request(
        self,
        address: str,
        frame: bytes,
        done: Answered,
        *,
        protocol: int = 2,
        baud: int = 0,
        wait_s: float = 0.0,
    ) -> None:
        del protocol, baud, wait_s
        self.asked.append((address, frame))
        done(frame[::-1])

    def broadcast(self, frame: bytes, done: Callable[[], None] | None = None) -> None:
        self.overheard.append(frame)
        if done is not None:
            done()


def collected(config: ModuleConfig | None = None, behind: int = 3) -> tuple[ModuleWorld, CollectorNode, Port]:
    """Two single meters and a collector with more behind it."""
    port = Port()
    node = CollectorNode(
        address_of(500), port, [NodeMeter(address_of(500 + number)) for number in range(1, behind + 1)]
    )
    place = Placement(distance_m=80.0, feeder=2, three_phase=True)
    return ModuleWorld(2, config=config, more=[(node, place)]), node, port


def registered(world: ModuleWorld, *, seconds: float = 90.0, **more: int) -> list[Frame]:
    settings = {"duration_min": 1, "retries": 2, "slots": 10} | more
    world.ask(world.host.start_registration(START, sequence=70, **settings))
    return world.listen(seconds)


def reports(frames: list[Frame], fn: int) -> list[Frame]:
    return [frame for frame in frames if (frame.afn, frame.fn) == (0x06, fn)]


def test_registration_reports_meters_and_collectors_then_its_end():
    world, node, _ = collected()
    frames = registered(world)
    found = [entry for frame in reports(frames, 4) for entry in world.content(frame)["nodes"]]
    assert {entry["address"] for entry in found} == {*world.addresses, node.address}
    collector = next(entry for entry in found if entry["device"] == 0)
    assert [meter["address"] for meter in collector["sub_nodes"]] == [meter.address for meter in node.meters]
    assert world.content(reports(frames, 3)[-1]) == {"change": 2}
    listed = world.ask(world.host.read_nodes(1, 20, sequence=80, fn=6))
    assert listed["total"] == 5


def test_registration_by_the_older_report_has_every_meter_once():
    world, node, _ = collected(ModuleConfig(discovery_fn=1))
    frames = registered(world)
    found = [entry["address"] for frame in reports(frames, 1) for entry in world.content(frame)["nodes"]]
    assert sorted(found) == sorted([*world.addresses, *(meter.address for meter in node.meters)])


def test_archived_meters_do_not_register_again():
    world = ModuleWorld(3)
    world.archive(world.addresses[:2])
    frames = registered(world)
    assert [
        entry["address"] for frame in reports(frames, 4) for entry in world.content(frame)["nodes"]
    ] == world.addresses[2:]


def test_a_full_collector_fits_into_its_report():
    world, node, _ = collected(behind=32)
    found = [entry for frame in reports(registered(world), 4) for entry in world.content(frame)["nodes"]]
    assert len(next(entry for entry in found if entry["address"] == node.address)["sub_nodes"]) == 32


def test_unconfirmed_reports_are_repeated_three_times():
    world = ModuleWorld(1)
    world.ask(world.host.start_registration(START, duration_min=1, retries=1, slots=1, sequence=70))
    frames = world.listen(50.0, confirm_reports=False)
    assert len(reports(frames, 4)) == 3
    assert len({frame.sequence for frame in reports(frames, 4)}) == 1


def test_registration_stops_on_command_and_is_shown_in_the_route_state():
    world = ModuleWorld(2)
    world.ask(world.host.start_registration(START, duration_min=30, retries=1, slots=1, sequence=70))
    assert world.ask(world.host.route_state(sequence=71))["task"] == 1
    world.ask(world.host.stop_registration(sequence=72))
    world.listen(10.0)
    assert world.listen(2000.0) == []


def test_a_node_that_joins_late_registers_late():
    world = ModuleWorld(2)
    world.module.medium.set_power(world.addresses[1], on=False)
    world.ask(world.host.start_registration(START, duration_min=5, retries=2, slots=4, sequence=70))
    early = reports(world.listen(30.0), 4)
    assert [
        entry["address"] for frame in early for entry in world.content(frame)["nodes"]
    ] == world.addresses[:1]
    world.module.medium.set_power(world.addresses[1], on=True)
    late = reports(world.listen(120.0), 4)
    assert [entry["address"] for frame in late for entry in world.content(frame)["nodes"]] == world.addresses[
        1:
    ]


def test_meters_behind_a_collector_are_read():
    world, node, port = collected()
    meter = node.meters[1].address
    world.archive([meter])
    answer = world.ask(world.host.monitor(meter, read_energy(meter), sequence=9), wait_s=95)
    assert answer["message"] == read_energy(meter)[::-1]
    assert port.asked == [(meter, read_energy(meter))]


def test_an_event_is_reported_as_it_was_said():
    world, node, _ = collected()
    message = read_energy(world.addresses[0])
    station = world.module.medium.station_of(world.addresses[0])
    assert station is not None
    assert station.node.unsolicited is not None
    station.node.unsolicited(world.addresses[0], message)
    (frame,) = world.listen(10.0)
    content = world.content(frame)
    assert (frame.afn, frame.fn) == (6, 5)
    assert (content["device"], content["kind"], content["report"]["message"]) == (1, 2, message)
    node.port.events(node.meters[0].address, message)  # type: ignore[misc]
    assert world.content(world.listen(10.0)[0])["device"] == 0


def test_forbidden_events_wait_and_show_themselves_in_every_answer():
    world = ModuleWorld(1)
    world.ask(world.host.allow_reports(False, sequence=1))
    station = world.module.medium.stations[0]
    station.node.unsolicited(station.address, read_energy(station.address))  # type: ignore[misc]
    assert world.listen(10.0) == []
    answer = world.exchange(world.host.query(10, sequence=2))
    assert answer is not None
    assert answer.information.event
    world.ask(world.host.allow_reports(True, sequence=3))
    assert [frame.fn for frame in world.listen(10.0)] == [5]


def test_an_outage_and_its_end_are_reported():
    world, node, _ = collected()
    world.module.medium.set_power(world.addresses[0], on=False)
    world.module.medium.set_power(node.meters[0].address, on=False)
    bodies = [world.content(frame)["report"] for frame in world.listen(60.0)]
    assert {"power": 1, "nodes": [{"address": world.addresses[0]}]} in bodies
    collector = next(body for body in bodies if "meters" in body)
    assert [meter["energised"] for meter in collector["meters"]] == [0, 0, 0]
    world.module.medium.set_power(world.addresses[0], on=True)
    bodies = [world.content(frame)["report"] for frame in world.listen(90.0)]
    assert bodies == [{"power": 2, "nodes": [{"address": world.addresses[0]}]}]


def test_a_collector_tells_which_of_its_meters_is_without_supply():
    world, node, port = collected()
    dark = node.meters[1].address
    assert port.power is not None
    for _ in range(2):
        port.power(dark, False)
    (frame,) = world.listen(20.0)
    content = world.content(frame)
    assert (content["device"], content["report"]["power"]) == (0, 1)
    assert [meter["energised"] for meter in content["report"]["meters"]] == [1, 0, 1]
    port.power(dark, True)
    (frame,) = world.listen(20.0)
    assert [meter["energised"] for meter in world.content(frame)["report"]["meters"]] == [1, 1, 1]


def test_an_outage_of_many_goes_into_several_frames_of_at_most_255_octets():
    world = ModuleWorld(60, places=[Placement(distance_m=20.0 + number) for number in range(60)])
    for address in world.addresses:
        world.module.medium.set_power(address, on=False)
    frames = reports(world.listen(90.0), 5)
    told = [node["address"] for frame in frames for node in world.content(frame)["report"]["nodes"]]
    assert sorted(told) == world.addresses
    assert all(len(frame.data) <= 255 for frame in frames)


def test_the_older_edition_knows_no_outage_report():
    world = ModuleWorld(1, config=ModuleConfig(profile=DEFAULT_2013))
    world.module.medium.set_power(world.addresses[0], on=False)
    assert world.listen(60.0) == []


def test_refused_nodes_are_told_when_wanted():
    world = ModuleWorld(3)
    world.archive(world.addresses[:1])
    world.listen(100.0)
    assert reports([frame for _, frame in world.heard], 5) == []
    world.ask(world.host.allow_refused_reports(True, sequence=60))
    (frame,) = world.listen(150.0)
    content = world.content(frame)
    assert content["kind"] == 5
    assert {node["address"] for node in content["report"]["nodes"]} == set(world.addresses[1:])
    world.ask(world.host.allow_refused_reports(False, sequence=61))
    assert world.listen(300.0) == []


def test_area_identification_names_strangers_and_tells_its_end():
    places = (Placement(distance_m=30.0), Placement(distance_m=60.0, foreign=True))
    world = ModuleWorld(2, places=places, config=ModuleConfig(main_address=MAIN))
    world.ask(world.host.identify_area(True, sequence=1))
    assert world.ask(world.host.route_state(sequence=2))["area_identification"] == 1
    event, end = world.listen(700.0)
    message = world.content(event)["report"]["message"]
    assert is_area_mismatch(message)
    assert decode_meter(message).address == world.addresses[1]
    assert world.content(end) == {"change": 3}


def send_file(world: ModuleWorld, image: bytes, *, file: int = 3, piece: int = 512) -> list[int]:
    parts = [image[at : at + piece] for at in range(0, len(image), piece)]
    return [
        world.ask(world.host.file_segment(file, number, part, segments=len(parts), sequence=number & 0xFF))[
            "segment"
        ]
        for number, part in enumerate(parts)
    ]


def test_an_upgrade_restarts_with_the_new_version():
    world = ModuleWorld(1)
    image = firmware_image("0207", 3000)
    assert image_version(image) == "0207"
    assert send_file(world, image) == [0, 1, 2, 3, 4, 5]
    assert [frame.fn for frame in world.listen(90.0)] == [10]
    assert world.ask(world.host.query(1, sequence=99))["version"] == "0207"


def test_nodes_get_their_version_and_reads_wait_for_it():
    world = ModuleWorld(1)
    world.archive()
    send_file(world, firmware_image("0307", 1500), file=8)
    assert world.ask(world.host.route_state(sequence=9))["task"] == 2
    with pytest.raises(DeviceRefused, match="busy"):
        world.ask(world.host.monitor(world.addresses[0], read_energy(world.addresses[0]), sequence=10))
    world.listen(400.0)
    chips = world.ask(world.host.read_nodes(1, 5, sequence=11, fn=112))["nodes"]
    assert [chip["version"] for chip in chips] == ["0100", "0307"]


def test_a_damaged_or_disordered_file_is_refused():
    world = ModuleWorld(1)
    image = bytearray(firmware_image("0207", 3000))
    image[1000] ^= 1
    assert send_file(world, bytes(image))[-1] == 0xFFFFFFFF
    answer = world.ask(world.host.file_segment(3, 4, b"12", segments=9, sequence=1))
    assert answer["segment"] == 0xFFFFFFFF
    answer = world.ask(world.host.file_segment(5, 0, b"12", segments=9, sequence=2))
    assert answer["segment"] == 0xFFFFFFFF
    assert world.listen(90.0) == []


def test_clearing_forgets_a_file_that_was_coming():
    world = ModuleWorld(1)
    world.ask(world.host.file_segment(3, 0, b"12", segments=9, sequence=1))
    assert world.module.cco.upgrade.receiving
    world.ask(world.host.file_segment(0, 0, b"", segments=1, sequence=2))
    assert not world.module.cco.upgrade.receiving


def test_the_module_asks_for_the_time_and_for_samples():
    world = ModuleWorld(1)
    world.module.cco.ask_clock()
    (asked,) = world.listen(1.0)
    world.send(world.host.clock(asked, datetime.fromisoformat("2026-07-01 12:00:00")))
    world.listen(1.0)
    assert (
        abs((world.module.cco.wall() - datetime.fromisoformat("2026-07-01 12:00:01")).total_seconds()) < 2.0
    )
    got: list[object] = []
    world.module.cco.ask_sampling("02010100", got.append)
    (asked,) = world.listen(1.0)
    assert (asked.afn, asked.fn) == (0x14, 4)
    world.listen(30.0)
    assert got == [None]


def test_time_is_set_by_command():
    world = ModuleWorld(1)
    world.ask(world.host.set_time(datetime.fromisoformat("2026-07-01 12:00:00"), sequence=1))
    assert (
        abs((world.module.cco.wall() - datetime.fromisoformat("2026-07-01 12:00:00")).total_seconds()) < 1.0
    )
