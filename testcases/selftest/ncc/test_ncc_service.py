"""Roles, audit, and the orders that the core's tests leave out."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from fixtures.ncc_center import ADDRESS, QUIET, World
from fixtures.ncc_terminal import CONFIRMED, bcd, curve, day_freeze, stamp, unit_id
from rig.errors import ConfigError
from rig.ncc.service import Actor, ForbiddenError
from rig.ncc.store import StoreError
from rig.ports.command_center import CollectionTask, PointEntry, TerminalEntry

VIEWER, OPERATOR, CONTROLLER, ADMIN = (
    Actor(role, role) for role in ("viewer", "operator", "controller", "admin")
)
TASK = CollectionTask("t", ("0D.F161",), 86400.0, datetime(2026, 3, 3))
DAY = datetime(2026, 3, 1)


@pytest.fixture
def world():
    made = World()
    made.register()
    yield made
    made.ncc.close()


#: what a role may do at the least
ORDERS = {
    "viewer": [
        lambda service, actor: service.terminals(actor),
        lambda service, actor: service.terminal(actor, ADDRESS),
        lambda service, actor: service.points(actor, ADDRESS),
        lambda service, actor: service.tasks(actor),
        lambda service, actor: service.readings(actor),
        lambda service, actor: service.events(actor),
        lambda service, actor: service.statistics(actor),
    ],
    "operator": [
        lambda service, actor: service.register_terminals(actor, [TerminalEntry("0171-0005")]),
        lambda service, actor: service.register_points(actor, [PointEntry(ADDRESS, 9, "000000000009")]),
        lambda service, actor: service.schedule(actor, TASK),
        lambda service, actor: service.unschedule(actor, "t"),
        lambda service, actor: service.read_now(actor, ADDRESS, [1], ["0C.F129"]),
        lambda service, actor: service.read_history(actor, ADDRESS, [1], "0D.F161", DAY),
        lambda service, actor: service.query_parameter(actor, ADDRESS, 1),
        lambda service, actor: service.read_events(actor, ADDRESS),
    ],
    "controller": [
        lambda service, actor: service.set_parameter(actor, ADDRESS, 30, {"state": 1}),
        lambda service, actor: service.send_archive(actor, ADDRESS),
        lambda service, actor: service.control(actor, ADDRESS, 2),
        lambda service, actor: service.set_clock(actor, ADDRESS),
        lambda service, actor: service.reset(actor, ADDRESS, 1),
        lambda service, actor: service.forward(actor, ADDRESS, 1, b"\x68"),
    ],
    "admin": [lambda service, actor: service.audit(actor)],
}
ROWS = [(role, place) for role, orders in ORDERS.items() for place in range(len(orders))]


@pytest.mark.parametrize(("role", "place"), ROWS)
def test_every_order_needs_its_role(world, role, place):
    service, order = world.ncc.service, ORDERS[role][place]
    roles = list(ORDERS)
    for actor in (VIEWER, OPERATOR, CONTROLLER, ADMIN):
        if roles.index(actor.role) >= roles.index(role):
            order(service, actor)
            continue
        before = world.counter("refused.role")
        waiting = len(world.core.terminal(ADDRESS).queue)
        with pytest.raises(ForbiddenError, match=f"needs the role {role}"):
            order(service, actor)
        assert world.counter("refused.role") == before + 1
        assert len(world.core.terminal(ADDRESS).queue) == waiting
        assert service.audit(ADMIN)[-1].outcome == f"refused: needs the role {role}"


def test_calls_refused_again_and_again_are_counted_in_the_trail(world):
    def refuse(times: int, order=lambda: world.ncc.service.control(VIEWER, ADDRESS, 1)) -> None:
        for _ in range(times):
            with pytest.raises(ForbiddenError):
                order()

    refuse(1000)
    refuse(1, lambda: world.ncc.service.reset(VIEWER, ADDRESS, 1))
    refuse(1, lambda: world.ncc.service.control(OPERATOR, ADDRESS, 1))
    assert world.counter("refused.role") == 1002
    told = [(line.actor, line.action, line.outcome) for line in world.center.audit()]
    first = "refused: needs the role controller"
    assert told[-3:] == [
        ("viewer", "control", first),
        ("viewer", "reset", first),
        ("operator", "control", first),
    ]
    before = len(told)
    world.run(61)
    told = [(line.actor, line.action, line.outcome) for line in world.center.audit()[before:]]
    more = "refused 999 times more within 60 s: needs the role controller"
    assert told == [("viewer", "control", more)]
    # and the next one is told at once again
    refuse(1)
    assert world.center.audit()[-1].outcome == first
    world.run(61)
    assert world.center.audit()[-1].outcome == first


def trip(world: World, address: str, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ForbiddenError):
            world.ncc.service.control(VIEWER, address, 1)


def refusals(world: World) -> list[tuple[str, str]]:
    return [(line.terminal, line.outcome) for line in world.center.audit() if "refused" in line.outcome]


def test_attempts_on_one_terminal_hide_none_on_another(world):
    first = "refused: needs the role controller"
    more = "refused 2 times more within 60 s: needs the role controller"
    for number in (2, 3):
        world.register(f"0171-000{number}")
    trip(world, "0171-0001")
    trip(world, "0171-0002", 3)
    # the same terminal, written otherwise
    trip(world, "0171-000003")
    trip(world, "0171-0003", 2)
    # at once, so that it is there if the center is killed now
    assert refusals(world) == [("0171-0001", first), ("0171-0002", first), ("0171-0003", first)]
    world.run(61)
    assert refusals(world)[3:] == [("0171-0002", more), ("0171-0003", more)]


def test_attempts_on_terminals_that_are_made_up_are_one_line(world):
    for number in range(100):
        trip(world, f"0999-{number + 1:04X}")
    trip(world, "no address")
    world.run(61)
    assert refusals(world) == [
        ("0999-0001", "refused: needs the role controller"),
        ("", "refused 100 times more within 60 s: needs the role controller"),
    ]


def test_refusals_told_apart_are_bounded(world, monkeypatch):
    monkeypatch.setattr("rig.ncc.service._REFUSED_KEYS", 2)
    for number in range(2, 6):
        world.register(f"0171-000{number}")
    for number in range(1, 6):
        trip(world, f"0171-000{number}")
    assert [terminal for terminal, _ in refusals(world)] == ["0171-0001", "0171-0002", "0171-0003"]
    world.run(61)
    assert refusals(world)[3:] == [("", "refused 2 times more within 60 s: needs the role controller")]


def test_commands_are_in_the_trail_with_their_end(world):
    terminal = world.terminal()
    terminal.answers[0x05] = lambda _body: CONFIRMED
    command = world.ncc.service.control(CONTROLLER, ADDRESS, 1, 3, {"limit_time": 2, "alarm_delay": 0})
    before = world.center.audit(ADDRESS)[-1]
    assert (before.actor, before.action, before.outcome) == ("controller", "control", f"{command} ordered")
    assert before.detail == "05.F1 P3 limit_time=2 alarm_delay=0"
    assert world.center.wait(command).ok
    assert world.center.audit(ADDRESS)[-1].outcome == f"{command} done"
    world.ncc.service.control(CONTROLLER, ADDRESS, 2)
    terminal.silent = True
    late = world.ncc.service.control(CONTROLLER, ADDRESS, 2)
    world.center.wait(late, 200)
    assert world.center.audit(ADDRESS)[-1].outcome.startswith(f"{late} timeout: no answer")


def test_trail_is_written_before_a_command_is_sent(world):
    terminal = world.terminal()
    seen = []
    terminal.answers[0x05] = lambda _body: (
        seen.append(world.ncc.store.audit(ADDRESS)[-1].outcome) or CONFIRMED
    )
    world.center.wait(world.center.control(ADDRESS, 2))
    assert seen == ["c1-1 ordered"]


def test_reset_carries_no_frame_count(world):
    terminal = world.terminal()
    terminal.answers[0x01] = lambda _body: CONFIRMED
    assert world.center.wait(world.ncc.service.reset(CONTROLLER, ADDRESS, 1)).ok
    assert terminal.heard[-1][6] == 0x41


def test_history_of_days_and_months_and_curves(world):
    terminal = world.terminal()
    asked = []

    def answer(body: bytes) -> bytes:
        asked.append(body)
        return day_freeze(1, 161, DAY, [5])

    terminal.answers[0x0D] = answer
    assert world.center.wait(world.center.read_history(ADDRESS, [1, 2], "0D.F161", DAY, 2)).ok
    days = [bytes.fromhex("010326"), bytes.fromhex("020326")]
    assert asked == [b"".join(unit_id(point, 161) + day for day in days for point in (1, 2))]
    terminal.answers[0x0D] = lambda body: (
        asked.append(body) or unit_id(1, 177) + b"\x12\x25" + stamp(DAY) + b"\0" + bcd(1, 5)
    )
    assert world.center.wait(world.center.read_history(ADDRESS, [1], "0D.F177", datetime(2025, 12, 7), 2)).ok
    assert asked[-1] == unit_id(1, 177) + b"\x12\x25" + unit_id(1, 177) + b"\x01\x26"
    terminal.answers[0x0D] = lambda body: asked.append(body) or curve(1, 101, DAY, 1, [1])
    assert world.center.wait(world.center.read_history(ADDRESS, [1], "0D.F101", DAY, 300, 900.0)).ok
    # 300 points are 255 and 45, in requests of their own
    assert [body[-1] for body in asked[-2:]] == [255, 45]
    assert {row.source for row in world.center.readings()} == {"demand"}


@pytest.mark.parametrize(
    "order",
    [
        lambda center: center.read_history(ADDRESS, [1], "0C.F129", DAY),
        lambda center: center.read_history(ADDRESS, [], "0D.F161", DAY),
        lambda center: center.read_history(ADDRESS, [1], "0D.F161", DAY, 0),
        lambda center: center.send_archive(ADDRESS, [77]),
        lambda center: center.forward(ADDRESS, 300, b"\x68"),
        lambda center: center.register_points([PointEntry(ADDRESS, 2041, "000000000001")]),
        lambda center: center.register_points([PointEntry(ADDRESS, 1, "12")]),
        lambda center: center.register_points([PointEntry("0171-0009", 1, "000000000001")]),
        lambda center: center.register_terminal(TerminalEntry("0171-FFFF")),
        lambda center: center.register_terminal(TerminalEntry("0171-0000")),
        lambda center: center.register_terminal(TerminalEntry("01A1-0001")),
        lambda center: center.register_terminal(TerminalEntry("0171-0003", password=b"12")),
        lambda center: center.register_terminal(TerminalEntry("0171-0003", heartbeat_s=0.0)),
        lambda center: center.schedule(replace(TASK, terminals=("0171-0009",))),
        lambda center: center.readings(item="0C.F999"),
        lambda center: center.readings(terminal="x"),
    ],
)
def test_orders_that_cannot_be(world, order):
    with pytest.raises(ConfigError):
        order(world.center)


def test_denial_unit_by_unit(world):
    terminal = world.terminal()
    units = unit_id(0, 10) + b"\x01"
    terminal.answers[0x04] = lambda _body: None
    command = world.center.set_parameter(ADDRESS, 30, {"state": 1})
    world.run(0.1)
    seq = terminal.requests[0][1] & 15
    terminal.send(terminal.user(0x80, 0x00, 0x60 | seq, unit_id(0, 3) + b"\x04" + units, master=1))
    result = world.center.wait(command)
    assert (result.status, result.message) == ("denied", "denied: P0 F10 (code 1)")


def test_confirmation_unit_by_unit(world):
    terminal = world.terminal()
    command = world.center.set_parameter(ADDRESS, 30, {"state": 1})
    world.run(0.1)
    seq = terminal.requests[0][1] & 15
    body = unit_id(0, 3) + b"\x04" + unit_id(0, 30) + b"\x00"
    terminal.send(terminal.user(0x80, 0x00, 0x60 | seq, body, master=1))
    assert world.center.wait(command).ok


def test_answer_that_says_nothing_is_a_failure(world):
    terminal = world.terminal()
    command = world.center.control(ADDRESS, 2)
    world.run(0.1)
    seq = terminal.requests[0][1] & 15
    terminal.send(terminal.user(0x80, 0x00, 0x60 | seq, unit_id(0, 7), master=1))
    assert world.center.wait(command).status == "failed"


def test_control_with_a_time_stamp():
    world = World(replace(QUIET, control_delay_min=3))
    world.register()
    terminal = world.terminal()
    terminal.answers[0x05] = lambda _body: CONFIRMED
    assert world.center.wait(world.center.control(ADDRESS, 2)).ok
    _, seq, body = terminal.requests[0]
    assert seq & 0x80
    # number, second minute hour day, three minutes
    assert body[-6:] == b"\x01" + bytes.fromhex("00000802") + b"\x03"
    world.ncc.close()


def test_without_frame_count():
    world = World(replace(QUIET, frame_count=False))
    world.register()
    terminal = world.terminal()
    world.center.read_now(ADDRESS, [1], ["0C.F129"])
    world.run(0.1)
    assert terminal.heard[-1][6] == 0x4B
    world.ncc.close()


def test_long_answer_with_confirmation_of_every_frame(world):
    terminal = world.terminal()
    command = world.center.read_now(ADDRESS, [1, 2], ["0C.F129"])
    world.run(0.1)
    seq = terminal.requests[0][1] & 15
    for place, bits in enumerate((0x40, 0x20)):
        body = unit_id(place + 1, 129) + stamp(DAY) + b"\0" + bcd(place, 5)
        terminal.send(terminal.user(0x88, 0x0C, bits | 0x10 | (seq + place) & 15, body, master=1))
    assert world.center.wait(command).ok
    world.run(0.1)
    assert terminal.acks[-2:] == [seq, (seq + 1) & 15]


def test_reading_that_cannot_be_stored_is_no_success(world, monkeypatch):
    terminal = world.terminal()
    terminal.answers[0x0C] = lambda _body: unit_id(1, 129) + stamp(DAY) + b"\0" + bcd(1, 5)

    def refuse(_batch: object) -> object:
        raise StoreError("disk full")

    monkeypatch.setattr(world.ncc.store, "prepare", refuse)
    result = world.center.wait(world.center.read_now(ADDRESS, [1], ["0C.F129"]))
    assert (result.status, result.message) == ("failed", "not stored: disk full")
    number = terminal.report(0x0D, day_freeze(1, 161, DAY, [1]))
    world.run(1)
    assert number not in terminal.acks
    monkeypatch.undo()
    terminal.report(0x0D, day_freeze(1, 161, DAY, [1]))
    world.run(1)
    assert len(world.center.readings()) == 1


def test_center_is_stopped_with_what_waits_stored(tmp_path):
    url = f"sqlite:///{tmp_path}/ncc.db"
    world = World(store=url)
    world.register()
    terminal = world.terminal()
    terminal.report(0x0D, day_freeze(1, 161, DAY, [1]))
    world.run(0.0005)
    world.ncc.close()
    again = World(store=url)
    assert len(again.center.readings()) == 1
    assert again.center.terminals()[0].entry.address == ADDRESS
    again.ncc.close()


def test_logout(world):
    terminal = world.terminal()
    terminal.send(terminal.user(0xC9, 0x02, terminal.next_seq(), unit_id(0, 2)))
    world.run(0.2)
    assert terminal.closed
    assert len(terminal.acks) == 2
    assert not world.center.terminals()[0].online


def test_terminal_of_three_octets():
    from rig.protocols.gdw1376_1.profile import Profile

    world = World(replace(QUIET, profile=Profile(terminal_octets=3)))
    world.center.register_terminal(TerminalEntry("0171-010203"))
    world.center.register_points([PointEntry("0171-010203", 1, "000000000001")])
    terminal = world.terminal(dial=False)
    terminal.address = b"\x71\x01\x03\x02\x01"
    world.dial(terminal)
    assert world.center.terminals()[0].online
    terminal.send(terminal.user(0xC4, 0x0D, terminal.next_seq(), day_freeze(1, 161, DAY, [1])))
    world.run(0.2)
    assert len(world.center.readings("0171-010203")) == 1
    world.ncc.close()
