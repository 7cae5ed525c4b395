"""Reports of which a part cannot be stored: what can is stored, and nothing else is said to be."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

from datetime import datetime

import pytest

from fixtures.ncc_center import World
from fixtures.ncc_terminal import PlainTerminal, bcd, day_freeze, stamp, unit_id

DAY = datetime(2026, 3, 1)
GOOD = day_freeze(1, 161, DAY, [10000])
SECOND = day_freeze(2, 161, DAY, [20000])
ELSEWHERE = day_freeze(9, 161, DAY, [30000])
#: the day is of month 13
UNDATED = unit_id(2, 161) + b"\x32\x13\x26" + stamp(DAY) + b"\0" + bcd(20000, 5)
ABSENT = unit_id(2, 161) + stamp(DAY)[2:] + stamp(DAY) + b"\0" + b"\xee" * 5
#: a type that no table has, without data and with octets after which nothing can be found
BARE = unit_id(2, 248)
STRANGE = BARE + b"\xff" * 3


@pytest.fixture
def world():
    made = World()
    made.register()
    yield made
    made.ncc.close()


def answered(world: World, body: bytes, *, confirm: bool = True) -> tuple[PlainTerminal, bytes]:
    """The data units of what is answered to a report, empty for silence."""
    terminal = world.terminal()
    heard = len(terminal.heard)
    terminal.report(0x0D, body, confirm=confirm)
    world.run(0.2)
    answers = terminal.heard[heard:]
    assert len(answers) <= 1
    return terminal, answers[0][14:-2] if answers else b""


def stored(world: World) -> list[tuple[int, int]]:
    return [(row.point, row.tariff) for row in world.center.readings()]


def result(*units: tuple[int, int]) -> bytes:
    """A confirmation unit by unit, of points and their results."""
    return unit_id(0, 3) + b"\x0d" + b"".join(unit_id(point, 161) + bytes((error,)) for point, error in units)


@pytest.mark.parametrize(
    ("body", "points", "answer"),
    [
        pytest.param(GOOD + UNDATED, [1], result((1, 0), (2, 1)), id="no date"),
        pytest.param(UNDATED + GOOD, [1], result((2, 1), (1, 0)), id="no date first"),
        pytest.param(ELSEWHERE + UNDATED, [], result((9, 0), (2, 1)), id="of another and no date"),
        pytest.param(GOOD + SECOND[:-2], [1], unit_id(0, 2), id="cut short"),
        pytest.param(GOOD + STRANGE + SECOND + b"\x01", [1], unit_id(0, 2), id="behind a strange type"),
        pytest.param(GOOD + STRANGE, [1], unit_id(0, 2), id="a strange type"),
        pytest.param(GOOD + b"\x01\x01", [1], unit_id(0, 2), id="half an identifier"),
        pytest.param(ELSEWHERE + SECOND[:-2], [], unit_id(0, 2), id="of another and cut short"),
    ],
)
def test_report_of_which_a_part_is_lost_is_not_confirmed(world, body, points, answer):
    _, said = answered(world, body)
    assert said == answer
    assert stored(world) == [(point, 0) for point in points]
    assert world.counter("frames.partial") == 1
    assert any("frames.partial" in line for line in world.log)


@pytest.mark.parametrize(
    ("body", "points"),
    [
        pytest.param(GOOD + ABSENT, [1], id="absent"),
        pytest.param(GOOD + ELSEWHERE, [1], id="of another"),
        pytest.param(ELSEWHERE, [], id="only of another"),
        pytest.param(GOOD + BARE, [1], id="strange type without data"),
        pytest.param(GOOD + STRANGE + SECOND, [1, 2], id="strange type that can be skipped"),
    ],
)
def test_what_the_center_has_no_use_for_does_not_hinder_the_confirmation(world, body, points):
    _, said = answered(world, body)
    assert said == unit_id(0, 1)
    assert stored(world) == [(point, 0) for point in points]
    assert world.counter("frames.partial") == 0


def test_report_that_asks_for_no_confirmation_gets_none(world):
    _, said = answered(world, GOOD + UNDATED, confirm=False)
    assert said == b""
    assert stored(world) == [(1, 0)]
    assert world.counter("frames.partial") == 1


def test_part_is_stored_before_it_is_said_to_be(world):
    terminal = world.terminal()
    heard = len(terminal.heard)
    terminal.report(0x0D, GOOD + UNDATED)
    world.run(0.001)
    assert len(terminal.heard) == heard
    world.run(0.2)
    assert len(terminal.heard) == heard + 1


def test_report_of_very_many_units_is_denied_as_a_whole(world):
    _, said = answered(world, GOOD * 300 + UNDATED)
    assert said == unit_id(0, 2)
    assert stored(world) == [(1, 0)]


@pytest.mark.parametrize(("tariffs", "whole"), [(48, True), (49, False), (120, False), (255, False)])
def test_tariffs_that_no_archive_has_are_not_stored(world, tariffs, whole):
    _, said = answered(world, day_freeze(1, 161, DAY, list(range(tariffs + 1))))
    assert said == (unit_id(0, 1) if whole else result((1, 1)))
    assert stored(world) == [(1, number) for number in range(49)]
