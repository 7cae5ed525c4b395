"""The medium: relays by attenuation, phases and noise, time by hops and octets, loss, joining, supply of nodes."""

from __future__ import annotations

import random

import pytest

from rig.ports.meter_port import Answered
from rig.protocols.gdw1376_2.codes import METER
from rig.twin.engine import Engine
from rig.twin.media.nodes import NodeMeter
from rig.twin.media.parameters import MEDIA
from rig.twin.media.plc import Delivery, Medium
from rig.twin.media.routing import link_snr_db, link_success
from rig.twin.media.topology import Placement, draw_placements

FRAME = bytes(20)


class Node:
    """A node whose meter says what it heard, at once."""

    device = METER

    def __init__(self, address: str) -> None:
        self.address = address
        self.meters = (NodeMeter(address),)
        self.version = "0100"
        self.unsolicited = None
        self.supply_changed = None
        self.heard: list[bytes] = []

    def exchange(self, meter: str, frame: bytes, done: Answered) -> None:
        del meter
        done(frame)

    def overhear(self, frame: bytes) -> None:
        self.heard.append(frame)

    def energised(self, meter: str) -> bool:
        return bool(meter)


def medium(*places: Placement, name: str = "HPLC", seed: int = 1, formed: bool = True) -> Medium:
    nodes = [(Node(f"{number:012d}"), place) for number, place in enumerate(places, start=1)]
    return Medium(Engine(seed), MEDIA[name], nodes, formed=formed)


def deliver(one: Medium, number: int, frame: bytes = FRAME) -> tuple[Delivery, float]:
    """What became of a frame, and how long it took."""
    got: list[Delivery] = []
    begin_s = one.clock.now_s()
    one.deliver(f"{number:012d}", frame, got.append)
    one.clock.wait_until(begin_s + 600.0, lambda: bool(got))
    assert len(got) == 1
    return got[0], one.clock.now_s() - begin_s


def levels(one: Medium) -> list[int]:
    return [station.level for station in one.stations]


def test_a_near_node_is_reached_directly_and_a_far_one_by_a_relay():
    one = medium(*(Placement(distance_m=distance) for distance in (150.0, 400.0, 650.0, 1500.0)))
    assert levels(one) == [1, 2, 3, 0]
    first, second, third, _ = one.stations
    assert third.route() == [second, first]
    assert deliver(one, 4)[0].reason == "off-network"
    assert deliver(one, 99)[0].reason == "off-network"


def test_relays_are_of_the_own_feeder():
    one = medium(Placement(distance_m=200.0, feeder=1), Placement(distance_m=420.0, feeder=2))
    assert levels(one) == [1, 0]


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        (Placement(distance_m=300.0), "farther"),
        (Placement(distance_m=200.0, attenuation_db=10.0), "a lossy branch"),
        (Placement(distance_m=200.0, noise_db=10.0), "a noisy place"),
        (Placement(distance_m=200.0, phase=2), "another phase"),
    ],
)
def test_what_makes_a_link_worse(worse: Placement, why: str):
    parameters = MEDIA["HPLC"]
    sender, usual = Placement(distance_m=100.0), Placement(distance_m=200.0)
    assert link_snr_db(sender, worse, parameters) < link_snr_db(sender, usual, parameters), why


def test_success_falls_with_noise_and_stays_a_chance():
    parameters = MEDIA["HPLC"]
    chances = [link_success(snr, parameters) for snr in (-500.0, -3.0, 3.0, 9.0, 500.0)]
    assert chances == sorted(chances)
    assert chances[2] == pytest.approx(0.5)
    assert 0.0 <= chances[0] < 1e-6 < 1 - 1e-6 < chances[-1] <= 1.0


def test_each_hop_and_each_octet_costs_time():
    one = medium(Placement(distance_m=150.0), Placement(distance_m=400.0))
    near = sum(deliver(one, 1)[1] for _ in range(50))
    far = sum(deliver(one, 2)[1] for _ in range(50))
    long = sum(deliver(one, 1, bytes(400))[1] for _ in range(50))
    assert far > 1.7 * near
    assert long > 1.3 * near


@pytest.mark.parametrize(
    ("slow", "fast"), [("NARROWBAND_OFDM", "HPLC"), ("MICROPOWER", "ZIGBEE"), ("ZIGBEE", "HPLC")]
)
def test_media_differ_in_speed(slow: str, fast: str):
    spent = {
        name: sum(deliver(medium(Placement(), name=name), 1)[1] for _ in range(5)) for name in (slow, fast)
    }
    assert spent[slow] > 1.5 * spent[fast]


@pytest.mark.parametrize("name", list(MEDIA))
def test_every_medium_reaches_a_usual_transformer_area(name: str):
    places = draw_placements(random.Random(4), 200)
    one = medium(*places, name=name)
    assert sum(level > 0 for level in levels(one)) >= 195
    assert sum(deliver(one, number)[0].answer == FRAME for number in range(1, 201)) >= 190


def test_a_weak_link_repeats_and_a_dead_one_gives_up():
    one = medium(Placement(distance_m=100.0))
    station = one.stations[0]
    station.take_link(0.6)
    tries = [deliver(one, 1) for _ in range(300)]
    arrived = [delivery.answer is not None for delivery, _ in tries]
    assert 0.95 < sum(arrived) / 300 <= 1.0
    station.take_link(0.0)
    assert deliver(one, 1)[0].reason == "node-silent"


def test_frames_share_the_channel():
    one = medium(*(Placement(distance_m=20.0 * number) for number in range(1, 9)), name="NARROWBAND_OFDM")
    alone = deliver(one, 1)[1]
    got: list[float] = []
    begin_s = one.clock.now_s()
    for number in range(1, 9):
        one.deliver(f"{number:012d}", FRAME, lambda _: got.append(one.clock.now_s() - begin_s))
    one.clock.wait_until(begin_s + 60.0)
    assert len(got) == 8
    assert max(got) > 2.0 * alone


def test_nodes_join_one_after_another_relays_first():
    one = medium(*(Placement(distance_m=distance) for distance in (150.0, 400.0, 650.0)), formed=False)
    assert one.members() == []
    joined = [station.joins_at_s for station in one.stations]
    assert joined == sorted(joined)
    one.clock.wait_until(MEDIA["HPLC"].join_first_s - 0.1)
    assert one.members() == []
    one.clock.wait_until(120.0)
    assert [station.tei for station in one.members()] == [2, 3, 4]


def test_a_node_without_supply_leaves_reports_it_and_comes_back():
    one = medium(Placement(distance_m=150.0), Placement(distance_m=160.0))
    told: list[tuple[str, bool]] = []
    one.on_power = lambda station, on: told.append((station.address, on))
    one.set_power("000000000001", on=False)
    assert deliver(one, 1)[0].reason == "off-network"
    one.clock.wait_until(one.clock.now_s() + 30.0)
    assert told == [("000000000001", False)]
    one.set_power("000000000001", on=True)
    one.clock.wait_until(one.clock.now_s() + 60.0)
    assert told[1:] == [("000000000001", True)]
    assert deliver(one, 1)[0].answer == FRAME
    with pytest.raises(KeyError):
        one.set_power("000000000077", on=False)


def test_narrowband_nodes_cannot_report_their_outage():
    one = medium(Placement(distance_m=50.0), name="NARROWBAND_OFDM")
    told: list[bool] = []
    one.on_power = lambda _, on: told.append(on)
    one.set_power("000000000001", on=False)
    one.clock.wait_until(100.0)
    assert told == []


def test_who_was_behind_a_relay_finds_another():
    one = medium(
        Placement(distance_m=200.0),
        Placement(distance_m=190.0, attenuation_db=3.0),
        Placement(distance_m=420.0),
    )
    far = one.stations[2]
    relay = far.proxy
    assert relay is not None
    one.set_power(relay.address, on=False)
    assert not one.is_member(far)
    one.clock.wait_until(120.0)
    assert one.is_member(far)
    assert far.proxy not in (None, relay)


def test_a_broadcast_reaches_all_levels_within_its_time():
    one = medium(*(Placement(distance_m=distance) for distance in (150.0, 400.0, 650.0)))
    takes_s = one.broadcast(FRAME)
    assert takes_s == pytest.approx(one.broadcast_s(len(FRAME)))
    nodes = [station.node for station in one.stations]
    one.clock.wait_until(takes_s / 2)
    assert [len(node.heard) for node in nodes] == [1, 0, 0]  # type: ignore[attr-defined]
    one.clock.wait_until(takes_s + 1e-6)
    assert [len(node.heard) for node in nodes] == [1, 1, 1]  # type: ignore[attr-defined]


def test_what_a_meter_says_unasked_is_carried_up_once_it_can_be():
    one = medium(Placement(distance_m=150.0), formed=False)
    heard: list[tuple[str, bytes]] = []
    one.on_event = lambda _, meter, data: heard.append((meter, data))
    node = one.stations[0].node
    assert node.unsolicited is not None
    node.unsolicited("000000000001", b"news")
    assert heard == []
    one.clock.wait_until(60.0)
    assert heard == [("000000000001", b"news")]


def test_a_late_node_joins_a_standing_network():
    one = medium(Placement(distance_m=150.0))
    station = one.add(Node("000000000009"), Placement(distance_m=60.0))
    assert not one.is_member(station)
    one.clock.wait_until(60.0)
    assert one.is_member(station)
    assert station.tei == 3


def test_lower_bands_reach_farther_and_are_slower():
    one = medium(Placement(distance_m=340.0))
    assert levels(one) == [0]
    one.change_band(2, 30.0)
    assert levels(one) == [1]
    one.clock.wait_until(90.0)
    slow = sum(deliver(one, 1, bytes(200))[1] for _ in range(30))
    near = medium(Placement(distance_m=150.0))
    assert slow > sum(deliver(near, 1, bytes(200))[1] for _ in range(30))


def test_places_are_drawn_by_seed():
    assert draw_placements(random.Random(1), 50) == draw_placements(random.Random(1), 50)
    assert draw_placements(random.Random(1), 50) != draw_placements(random.Random(2), 50)
    assert {place.phase for place in draw_placements(random.Random(1), 50)} == {1, 2, 3}


def test_same_seed_same_times():
    def times(seed: int) -> list[float]:
        one = medium(*draw_placements(random.Random(9), 20), seed=seed)
        return [deliver(one, number)[1] for number in range(1, 21)]

    assert times(3) == times(3)
    assert times(3) != times(4)


def members(one: Medium) -> int:
    return len(one.members())


def test_a_node_whose_relay_comes_later_joins_when_it_has_come():
    one = medium(*(Placement(distance_m=distance) for distance in (150.0, 400.0)))
    for number in (1, 2):
        one.set_power(f"{number:012d}", on=False)
    one.set_power("000000000002", on=True)
    one.clock.wait_until(one.clock.now_s() + 600.0)
    assert members(one) == 0
    one.set_power("000000000001", on=True)
    one.clock.wait_until(one.clock.now_s() + 600.0)
    assert members(one) == 2


def test_a_node_that_came_back_in_noise_joins_when_it_is_over():
    one = medium(Placement(distance_m=150.0))
    one.set_noise(200.0)
    one.set_power("000000000001", on=False)
    one.set_power("000000000001", on=True)
    one.clock.wait_until(one.clock.now_s() + 600.0)
    assert members(one) == 0
    one.set_noise(0.0)
    one.clock.wait_until(one.clock.now_s() + 600.0)
    assert members(one) == 1


def test_nobody_joins_while_the_coordinator_is_down():
    one = medium(Placement(distance_m=150.0))
    one.dissolve()
    one.set_noise(0.0)
    one.clock.wait_until(one.clock.now_s() + 600.0)
    assert members(one) == 0
