"""Archive, lists, network and restart of an emulated local module."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.emulated_module import MAIN, ModuleWorld, address_of, read_energy
from rig.errors import DeviceRefused
from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.media.topology import Placement

#: near, far on the same feeder (needs the first as relay), another feeder
PLACES = (
    Placement(distance_m=200.0, phase=1),
    Placement(distance_m=420.0, phase=2),
    Placement(distance_m=60.0, feeder=2, phase=3),
    Placement(distance_m=90.0, feeder=2, three_phase=True, phase_order=2),
)


@pytest.fixture
def world() -> ModuleWorld:
    return ModuleWorld(4, places=PLACES)


def refusal(world: ModuleWorld, frame: Frame) -> int:
    with pytest.raises(DeviceRefused) as caught:
        world.ask(frame)
    return caught.value.code


def total(world: ModuleWorld) -> int:
    return world.ask(world.host.count_nodes(sequence=world.next_sequence()))["total"]


def listed(world: ModuleWorld, fn: int = 2, *, start: int = 1, count: int = 60) -> list[dict[str, object]]:
    return world.ask(world.host.read_nodes(start, count, sequence=world.next_sequence(), fn=fn))["nodes"]


def test_added_nodes_are_listed_in_order(world: ModuleWorld):
    world.archive()
    assert total(world) == 4
    assert [node["address"] for node in listed(world)] == world.addresses
    assert [node["address"] for node in listed(world, start=3, count=1)] == world.addresses[2:3]
    assert listed(world, start=9) == []


def test_a_known_address_is_refused_and_nothing_of_its_frame_is_taken(world: ModuleWorld):
    world.archive(world.addresses[:1])
    frame = world.host.add_nodes([address_of(70), world.addresses[0]], sequence=9)
    assert refusal(world, frame) == 6
    assert refusal(world, world.host.add_nodes([address_of(70)] * 2, sequence=10)) == 6
    assert total(world) == 1


def test_deleting_needs_a_node_that_is_there(world: ModuleWorld):
    world.archive()
    world.ask(world.host.delete_nodes(world.addresses[:2], sequence=9))
    assert total(world) == 2
    assert refusal(world, world.host.delete_nodes(world.addresses[1:3], sequence=10)) == 7
    assert total(world) == 2


def test_a_full_archive_takes_no_more():
    world = ModuleWorld(1, config=ModuleConfig(most_nodes=3))
    world.archive([address_of(number) for number in (1, 2, 3)])
    assert refusal(world, world.host.add_nodes([address_of(4)], sequence=9)) == 1
    assert total(world) == 3


def test_parameter_initialisation_empties_the_archive_and_data_initialisation_does_not(world: ModuleWorld):
    world.archive()
    world.ask(world.host.clear_data(sequence=9))
    assert total(world) == 4
    world.ask(world.host.clear_nodes(sequence=10))
    assert total(world) == 0


def test_lists_tell_relays_phases_and_quality(world: ModuleWorld):
    world.archive()
    near, far, third, three_phase = listed(world)
    assert (near["relay_level"], far["relay_level"]) == (0, 1)
    assert (near["phases"], far["phases"], third["phases"], three_phase["phases"]) == (1, 2, 4, 7)
    assert 1 <= int(str(far["quality"])) <= 15
    before = world.ask(world.request(0x10, 3, {"address": world.addresses[1]}))["nodes"]
    assert [node["address"] for node in before] == [world.addresses[0]]
    assert refusal(world, world.request(0x10, 3, {"address": address_of(99)})) == 7


def test_topology_begins_with_the_module_and_names_proxies(world: ModuleWorld):
    world.ask(world.host.set_main_address(sequence=1))
    nodes = {node["address"]: node for node in listed(world, fn=21)}
    main, near, far = nodes[MAIN], nodes[world.addresses[0]], nodes[world.addresses[1]]
    assert (main["tei"], main["role"], main["level"]) == (1, 4, 0)
    assert (near["role"], near["proxy_tei"], near["level"]) == (2, 1, 1)
    assert (far["role"], far["proxy_tei"], far["level"]) == (1, near["tei"], 2)
    assert refusal(world, world.request(0x10, 21, {"start": 0, "count": 5})) == 1


def test_phases_chips_and_networks_are_told():
    world = ModuleWorld(
        4, places=PLACES, config=ModuleConfig(network=7, neighbours=(8, 9), main_address=MAIN)
    )
    phases = listed(world, fn=31)
    assert [node["phases"] for node in phases[1:]] == [4, 7, 1, 2]
    assert phases[2]["three_phase"] == 1
    assert phases[2]["phase_order"] == 2
    chips = listed(world, fn=112)
    assert all(chip["chip_id"].hex().startswith("01029c01c1fb") for chip in chips)  # type: ignore[attr-defined]
    networks = world.ask(world.host.neighbouring_networks(sequence=9))
    assert (networks["network"], networks["count"]) == (7, 2)
    assert [one["network"] for one in networks["neighbours"]] == [8, 9]
    assert world.ask(world.request(0x10, 9))["network_size"] == 5


def test_a_reset_is_confirmed_then_silent_then_told(world: ModuleWorld):
    world.archive()
    begin_s = world.clock.now_s()
    world.ask(world.host.reset(sequence=9))
    world.clock.wait_until(begin_s + 1.0)
    world.send(world.host.query(10, sequence=10))
    frames = world.listen(60.0)
    assert [(frame.afn, frame.fn, frame.initiating) for frame in frames] == [(3, 10, True)]
    assert world.heard[-1][0] - begin_s < 60.0
    assert total(world) == 4


def test_the_network_forms_again_after_a_reset(world: ModuleWorld):
    world.archive()
    world.ask(world.host.reset(sequence=9))
    world.listen(4.0)
    assert len(listed(world, fn=21)) == 1
    assert (
        refusal(world, world.host.monitor(world.addresses[0], read_energy(world.addresses[0]), sequence=11))
        == 12
    )
    world.listen(120.0)
    assert len(listed(world, fn=21)) == 5


def test_the_reset_pin_needs_its_pulse(world: ModuleWorld):
    assert not world.module.cco.reset_pin(0.15)
    assert world.listen(60.0) == []
    assert world.module.cco.reset_pin(0.2)
    assert [frame.fn for frame in world.listen(60.0)] == [10]


def test_the_band_can_be_changed_and_wrong_ones_are_refused(world: ModuleWorld):
    world.archive()
    assert refusal(world, world.host.set_band(4, sequence=9)) == 1
    told = world.ask(world.host.set_band(2, sequence=10))
    assert told["wait"] == 60
    assert world.ask(world.host.query(16, sequence=11)) == {"band": 2}
    assert len(listed(world, fn=21)) == 1
    world.listen(200.0)
    assert len(listed(world, fn=21)) == 5


def test_route_mode_and_relays_are_kept(world: ModuleWorld):
    world.archive()
    world.ask(world.host.set_route_mode(learning=True, registration_allowed=False, sequence=9, rate=2400))
    state = world.ask(world.host.route_state(sequence=10))
    assert (state["learning"], state["registration_allowed"], state["rate"]) == (1, 0, 2400)
    world.ask(world.host.fix_relays(world.addresses[1], [world.addresses[0]], sequence=11))
    assert world.module.cco.archive.get(world.addresses[1]).relays == (world.addresses[0],)  # type: ignore[union-attr]
    before = world.ask(world.request(0x10, 3, {"address": world.addresses[1]}))["nodes"]
    assert [node["address"] for node in before] == [world.addresses[0]]
    assert refusal(world, world.host.fix_relays(address_of(99), [], sequence=12)) == 7


def test_named_rules_bend_the_module():
    config = ModuleConfig()
    config.behaviour.duplicate_refused = False
    config.behaviour.archive_survives_reset = False
    config.behaviour.denials["absent"] = 1
    world = ModuleWorld(2, config=config)
    world.archive()
    world.archive()
    assert total(world) == 2
    assert refusal(world, world.host.delete_nodes([address_of(9)], sequence=9)) == 1
    world.ask(world.host.reset(sequence=10))
    world.listen(60.0)
    assert total(world) == 0


def test_hooks_change_answers_reports_and_octets(world: ModuleWorld):
    wire = world.module.wire
    wire.answer_filters.append(lambda _, answer: replace(answer, dt=answer.dt))
    wire.answer_filters.append(lambda request, answer: None if request.afn == 0x10 else answer)
    assert world.exchange(world.host.count_nodes(sequence=1)) is None
    wire.byte_filters.append(lambda raw: raw[:-1] + b"\x17")
    world.send(world.host.query(10, sequence=2))
    burst = world.link.read(world.clock.now_s() + 5.0)
    assert burst is not None
    assert burst.data[-1] == 0x17
    wire.byte_filters.clear()
    wire.report_filters.append(lambda _: None)
    world.module.cco.reset_pin(0.3)
    assert world.listen(60.0) == []
    old = wire.handlers[0x03, 7]
    wire.handlers[0x03, 7] = lambda _: None
    assert world.exchange(world.host.query(7, sequence=3)) is None
    wire.handlers[0x03, 7] = old
    wire.delay_s = lambda: 5.0
    begin_s = world.clock.now_s()
    world.exchange(world.host.query(7, sequence=4))
    assert world.clock.now_s() - begin_s > 5.0


def test_same_seed_same_octets():
    def octets(seed: int) -> list[Frame]:
        world = ModuleWorld(3, seed=seed, config=ModuleConfig.conforming(5))
        world.archive()
        for address in world.addresses:
            world.ask(
                world.host.monitor(address, read_energy(address), sequence=world.next_sequence()), wait_s=95
            )
        return [frame for _, frame in world.heard], [at for at, _ in world.heard]  # type: ignore[return-value]

    assert octets(1) == octets(1)
    assert octets(1) != octets(2)
