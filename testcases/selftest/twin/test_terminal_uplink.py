"""A terminal's connection: login, heartbeats, repeats, reconnecting, the backup address, reports that wait."""

from __future__ import annotations

from itertools import pairwise

import pytest

from fixtures.terminal_master import PlainMaster
from fixtures.terminal_world import World
from rig.protocols.gdw1376_1 import builders
from rig.protocols.gdw1376_1.messages import Content
from rig.twin.devices.terminal.uplink import UplinkState


def kinds(world):
    """What the terminal sent of its own accord: (seconds, type) of the link tests."""
    return [
        (at_s, unit.number)
        for at_s, message in world.master.heard
        if message.frame.afn == 2
        for unit in message.units
    ]


def test_login_asks_for_confirmation_and_numbers_count_on():
    world = World(1, heartbeat_min=1)
    login = world.master.heard[0][1]
    assert (login.frame.control, login.frame.address.master) == (0xC9, 0)
    assert login.frame.sequence.confirm
    assert [unit.number for unit in login.units] == [1]
    world.wait(200.0)
    numbers = [message.frame.sequence.number for _, message in world.master.heard]
    assert numbers == list(range(len(numbers)))
    assert [number for _, number in kinds(world)] == [1, 3, 3, 3]


def test_heartbeats_keep_their_period():
    world = World(1, heartbeat_min=2)
    world.wait(3600.0)
    beats = [at_s for at_s, number in kinds(world) if number == 3]
    assert len(beats) == 30
    assert all(abs(later - earlier - 120.0) < 1.0 for earlier, later in pairwise(beats))


def test_a_changed_period_holds_at_once():
    world = World(1, heartbeat_min=15)
    values = {item.key: item.value for item in world.query(1)[0, 1].values}
    assert world.set(Content(0, 1, values | {"heartbeat": 1})) == "confirmed"
    before = len(kinds(world))
    world.wait(185.0)
    assert len(kinds(world)) == before + 3


def test_unconfirmed_login_is_repeated_and_then_dialled_anew():
    world = World(1, login=False, confirm_wait_s=10, confirm_retries=2)
    world.master.confirms = False
    world.wait(15.0 + 9.0)
    assert len(world.master.heard) == 1
    world.wait(22.0)
    assert len(world.master.heard) == 3
    first = [message.frame for _, message in world.master.heard]
    assert first[0] == first[1] == first[2]
    world.wait(60.0)
    assert world.master.connections >= 2
    assert world.terminal.uplink.state is not UplinkState.ONLINE


def test_unconfirmed_heartbeat_leads_to_a_new_login():
    world = World(1, heartbeat_min=1, confirm_wait_s=10, confirm_retries=1)
    world.master.confirms = False
    world.wait(60.0 + 25.0 + 10.0)
    world.master.confirms = True
    world.wait(60.0)
    assert len(world.master.logins) >= 2
    assert world.terminal.uplink.online


def test_denied_login_is_tried_again():
    world = World(1, login=False)
    world.master.confirms = False
    taken = world.master.take

    def deny(frame):
        taken(frame)
        if frame.from_initiator:
            world.master.send(builders.deny(frame))

    world.master.take = deny
    world.wait(60.0)
    assert world.master.connections > 1
    assert not world.terminal.uplink.online


def test_pauses_grow_while_nobody_answers():
    world = World(1, login=False, main_address="10.0.0.9:7000", redial_from_s=5.0, redial_to_s=40.0)
    dialled = []
    dial = world.network.dial

    def count(address, peer, *, source=""):
        dialled.append((world.clock.now_s(), address))
        dial(address, peer, source=source)

    world.network.dial = count
    world.wait(900.0)
    pauses = [later[0] - earlier[0] for earlier, later in pairwise(dialled)]
    assert min(pauses) >= 5.0
    assert max(pauses) > 20.0
    assert {address for _, address in dialled} == {"10.0.0.9:7000"}


def test_backup_address_after_some_failures():
    world = World(1, login=False, main_address="10.0.0.9:7000", backup_address="10.0.0.2:7001")
    backup = PlainMaster(world.network, world.clock, "10.0.0.2:7001")
    world.wait(600.0)
    assert backup.logins
    assert world.terminal.uplink.address == "10.0.0.2:7001"


def test_new_master_address_is_followed():
    world = World(1)
    other = PlainMaster(world.network, world.clock, "10.0.0.3:7100")
    values = {item.key: item.value for item in world.query(3)[0, 3].values}
    changed = values | {"main_ip": "10.0.0.3", "main_port": 7100}
    assert world.set(Content(0, 3, changed)) == "confirmed"
    world.wait(60.0)
    assert other.logins


def test_broken_connection_is_opened_again():
    world = World(1)
    world.network.drop(world.config.name)
    world.wait(30.0)
    assert len(world.master.logins) == 2


def test_without_reconnecting_it_stays_away():
    world = World(1)
    world.terminal.behaviour.reconnects = False
    world.network.drop(world.config.name)
    world.wait(3600.0)
    assert len(world.master.logins) == 1


@pytest.mark.parametrize("confirmed", [True, False])
def test_reports_wait_for_their_confirmation(confirmed):
    world = World(1, confirm_wait_s=10, confirm_retries=2)
    world.master.confirms = confirmed
    world.terminal.record_event(21, {"fault": 1})
    world.wait(9.0)
    assert len(world.master.reports(0x0E)) == 1
    world.wait(25.0)
    assert len(world.master.reports(0x0E)) == (1 if confirmed else 3)
    world.master.confirms = True
    world.wait(300.0)
    numbers = [unit.value("1.erc").value for message in world.master.reports(0x0E) for unit in message.units]
    assert set(numbers) == {21}
    assert world.terminal.uplink.waiting == 0


def test_reports_of_an_outage_of_the_network_come_afterwards():
    world = World(1)
    world.network.block("10.0.0.1:7000", world.clock.now_s() + 1800.0)
    world.wait(60.0)
    for fault in (1, 2, 3):
        world.terminal.record_event(21, {"fault": fault})
    world.wait(3600.0)
    faults = [
        int(unit.value("1.fault").value) for message in world.master.reports(0x0E) for unit in message.units
    ]
    assert sorted(set(faults)) == [1, 2, 3]


def test_reports_can_be_sent_without_asking_for_confirmation():
    world = World(1)
    values = {item.key: item.value for item in world.query(1)[0, 1].values}
    assert world.set(Content(0, 1, values | {"confirm_class_3": 0})) == "confirmed"
    world.terminal.record_event(21, {"fault": 1})
    world.wait(10.0)
    assert [message.frame.sequence.confirm for message in world.master.reports(0x0E)] == [False]


def test_a_denied_report_is_tried_again_and_then_dropped():
    world = World(1)
    taken = world.master.take
    world.master.confirms = False

    def deny(frame):
        taken(frame)
        if frame.from_initiator:
            world.master.send(builders.deny(frame))

    world.master.take = deny
    world.terminal.record_event(21, {"fault": 1})
    world.wait(300.0)
    assert len(world.master.reports(0x0E)) == 3
    assert world.terminal.uplink.waiting == 0


def test_disconnect_command_and_the_way_back():
    world = World(1, redial_to_s=60.0)
    assert world.control(Content(0, 39)) == "confirmed"
    world.wait(10.0)
    assert world.master.lost
    world.wait(90.0)
    assert len(world.master.logins) == 2


def test_confirmation_by_unit_counts():
    world = World(1, heartbeat_min=1, confirm_wait_s=10, confirm_retries=1)
    taken = world.master.take
    world.master.confirms = False

    def by_unit(frame):
        taken(frame)
        if frame.from_initiator:
            world.master.send(builders.confirm_units(frame, [(0, 3, 0)]))

    world.master.take = by_unit
    world.wait(600.0)
    assert len(world.master.logins) == 1
    assert world.terminal.uplink.online
