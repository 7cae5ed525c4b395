"""Commands whose answer comes and says nothing, or something else than what was asked for."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from fixtures.ncc_center import ADDRESS, World
from fixtures.ncc_terminal import CONFIRMED, bcd, curve, day_freeze, stamp, unit_id
from rig.ncc.answers import ABSENT, NOTHING, asked_by
from rig.ncc.bodies import history_bodies
from rig.ncc.items import parse_item
from rig.ports.command_center import PRESENT_FORWARD_ACTIVE

DAY = datetime(2026, 3, 1)
NOW = datetime(2026, 3, 2, 8, 0)
EE = b"\xee"


@pytest.fixture
def world():
    made = World()
    made.register()
    yield made
    made.ncc.close()


def present(point: int, value: int, number: int = 129) -> bytes:
    return unit_id(point, number) + stamp(NOW) + b"\x01" + bcd(value, 5) * 2


def absent(point: int, *, time: bytes = stamp(NOW)) -> bytes:
    return unit_id(point, 129) + time + b"\x01" + EE * 10


def read(world: World, answer: bytes | list[bytes], points: tuple[int, ...] = (1,)):
    terminal = world.terminal()
    terminal.answers[0x0C] = lambda _body: answer
    return world.center.wait(world.center.read_now(ADDRESS, points, [PRESENT_FORWARD_ACTIVE]))


@pytest.mark.parametrize("time", [stamp(NOW), EE * 5], ids=["time", "no time"])
def test_absent_values_are_told_and_not_called_done(world, time):
    result = read(world, absent(1, time=time))
    assert (result.ok, result.status, result.message) == (False, "failed", ABSENT)
    assert result.value(1, PRESENT_FORWARD_ACTIVE, "total") is None
    assert "total" in {value.key for value in result.values}
    assert world.center.readings() == ()
    assert world.counter("commands.failed") == 1


@pytest.mark.parametrize(
    "answer", [present(2, 7, 131), present(2, 7), present(1, 7, 131)], ids=["both", "point", "type"]
)
def test_answer_with_another_unit_than_asked_is_not_called_done(world, answer):
    result = read(world, answer)
    assert (result.ok, result.status, result.message) == (False, "failed", NOTHING)
    assert result.value(1, PRESENT_FORWARD_ACTIVE) is None
    # it is told what came instead
    assert {value.value for value in result.values if value.key == "total"} == {Decimal("0.0007")}
    assert world.counter("requests.failed") == 1


def test_values_absent_of_some_points_are_no_failure(world):
    result = read(world, absent(1) + present(2, 7), (1, 2))
    assert (result.ok, result.message) == (True, "")
    assert result.value(1, PRESENT_FORWARD_ACTIVE, "total") is None
    assert result.value(2, PRESENT_FORWARD_ACTIVE, "total") == Decimal("0.0007")
    assert len(world.center.readings()) == 2


def test_value_absent_in_one_frame_of_several(world):
    assert read(world, [absent(1), present(2, 7)], (1, 2)).ok


def test_each_request_of_a_command_is_to_have_something_of_its_own(world):
    size = world.core.settings.points_per_request
    world.register(points=size + 1)
    # the first request names the points 1 to size, the second one the last; both are answered with the first
    result = read(world, present(1, 7), tuple(range(1, size + 2)))
    assert (result.status, result.message) == ("failed", NOTHING)


def test_history(world):
    terminal = world.terminal()

    def history(item: str, answer: bytes):
        terminal.answers[0x0D] = lambda _body: answer
        return world.center.wait(world.center.read_history(ADDRESS, [1], item, DAY))

    nothing = unit_id(1, 161) + stamp(DAY)[2:] + EE * 5 + b"\x01" + EE * 10
    assert history("0D.F161", nothing).message == ABSENT
    assert history("0D.F161", day_freeze(2, 161, DAY, [1, 1])).message == NOTHING
    assert history("0D.F161", day_freeze(1, 163, DAY, [1, 1])).message == NOTHING
    assert history("0D.F161", day_freeze(1, 161, DAY, [1, 1])).ok
    empty = unit_id(1, 101) + stamp(DAY) + b"\x03\x01" + EE * 4
    assert history("0D.F101", empty).message == ABSENT
    assert history("0D.F101", curve(1, 101, DAY, 3, [5])).ok


@pytest.mark.parametrize("item", ["0D.F161", "0D.F177", "0D.F101"])
def test_what_requests_of_history_ask_for(item):
    kind = parse_item(item)
    bodies = history_bodies(kind, [1, 9, 2040], DAY, 3, 3600.0, 100)
    assert {pair for body in bodies for pair in asked_by(body, kind)} == {
        (point, kind.number) for point in (1, 9, 2040)
    }


def test_parameter_that_was_not_asked_for(world):
    terminal = world.terminal()
    terminal.answers[0x0A] = lambda _body: unit_id(0, 3) + bytes(28)
    result = world.center.wait(world.center.query_parameter(ADDRESS, 1))
    assert (result.ok, result.message) == (False, NOTHING)
    terminal.answers[0x0A] = lambda _body: unit_id(0, 1) + bytes(6)
    assert world.center.wait(world.center.query_parameter(ADDRESS, 1)).ok


def test_forwarding_that_is_answered_with_something_else(world):
    terminal = world.terminal()
    terminal.answers[0x10] = lambda _body: unit_id(0, 9) + bytes(8)
    result = world.center.wait(world.center.forward(ADDRESS, 1, b"\x68"))
    assert (result.ok, result.message) == (False, NOTHING)


def test_events_that_are_answered_with_something_else_are_asked_for_again(world):
    terminal = world.terminal()
    # two important events, and an answer about ordinary ones
    terminal.answers[0x0C] = lambda _body: unit_id(0, 7) + b"\x02\x00"
    terminal.answers[0x0E] = lambda _body: unit_id(0, 2) + b"\x02\x00\x00\x00"
    for _ in range(2):
        result = world.center.wait(world.center.read_events(ADDRESS))
        assert (result.ok, result.message) == (False, NOTHING)
    assert [body for afn, _, body in terminal.requests if afn == 0x0E] == [
        unit_id(0, 1) + b"\x00\x02",
        unit_id(0, 1) + b"\x00\x02",
    ]


def test_what_is_only_confirmed_is_done_as_before(world):
    terminal = world.terminal()
    terminal.answers[0x05] = terminal.answers[0x04] = lambda _body: CONFIRMED
    assert world.center.wait(world.center.control(ADDRESS, 2)).ok
    assert world.center.wait(world.center.send_archive(ADDRESS)).ok
