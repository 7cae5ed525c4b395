"""Tasks on the virtual clock: runs, gaps, re-collection, success counted at the database."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from fixtures.ncc_center import ADDRESS, World
from fixtures.ncc_terminal import bcd, curve, day_freeze, stamp, unit_id
from rig.errors import ConfigError
from rig.ports.command_center import CollectionTask

START = datetime(2026, 3, 2, 8, 0)
MIDNIGHT = datetime(2026, 3, 3)
DAILY = CollectionTask(
    "daily",
    ("0D.F161",),
    period_s=86400.0,
    first_at=datetime(2026, 3, 3, 0, 30),
    recollect_s=3600.0,
    window_s=600.0,
)


@pytest.fixture
def world():
    made = World()
    made.register(points=3)
    yield made
    made.ncc.close()


def units_of(body: bytes, octets: int) -> list[tuple[int, bytes]]:
    """Points and marks of a request for one type."""
    found = []
    for at in range(0, len(body), 4 + octets):
        da1, da2 = body[at], body[at + 1]
        found.append(((da2 - 1) * 8 + da1.bit_length(), body[at + 4 : at + 4 + octets]))
    return found


def freezes(missing: set[int]):
    """Answers day freezes of all points but these."""

    def answer(body: bytes) -> bytes:
        out = b""
        for point, mark in units_of(body, 3):
            day = datetime(2000 + int(mark[2:3].hex()), int(mark[1:2].hex()), int(mark[:1].hex()))
            value = unit_id(point, 161) + mark + stamp(day) + b"\x00"
            out += value + (b"\xee" * 5 if point in missing else bcd(point * 10000 + day.day, 5))
        return out

    return answer


def test_daily_task_collects_the_day_before(world):
    terminal = world.terminal()
    terminal.heartbeats = True
    terminal.answers[0x0D] = freezes(set())
    world.center.schedule(DAILY)
    world.run((MIDNIGHT + timedelta(minutes=31) - START).total_seconds())
    rows = world.center.readings(item="0D.F161")
    assert [(row.point, row.mark, row.source) for row in rows] == [
        (point, datetime(2026, 3, 2), "task") for point in (1, 2, 3)
    ]
    cycle = world.center.cycle("daily", datetime(2026, 3, 2), datetime(2026, 3, 2))
    assert (cycle.due, cycle.once, cycle.stored, cycle.missing) == (3, 3, 3, ())
    assert cycle.completeness == 1.0


def test_gaps_and_only_gaps_are_collected_again(world):
    terminal = world.terminal()
    terminal.heartbeats = True
    terminal.answers[0x0D] = freezes({2})
    world.center.schedule(DAILY)
    world.run((MIDNIGHT + timedelta(minutes=31) - START).total_seconds())
    cycle = world.center.cycle("daily", datetime(2026, 3, 2), datetime(2026, 3, 2))
    assert (cycle.due, cycle.stored) == (3, 2)
    assert [(gap.point, gap.mark) for gap in cycle.missing] == [(2, datetime(2026, 3, 2))]
    terminal.requests.clear()
    terminal.answers[0x0D] = freezes(set())
    world.run(3700)
    assert [units_of(body, 3) for _, _, body in terminal.requests] == [[(2, stamp(datetime(2026, 3, 2))[2:])]]
    cycle = world.center.cycle("daily", datetime(2026, 3, 2), datetime(2026, 3, 2))
    assert (cycle.due, cycle.once, cycle.stored, cycle.completeness) == (3, 2, 3, 1.0)
    world.run(7200)
    assert len(terminal.requests) == 1


def test_what_a_terminal_reported_is_not_asked_for(world):
    terminal = world.terminal()
    terminal.heartbeats = True
    terminal.answers[0x0D] = freezes(set())
    world.center.schedule(DAILY)
    world.run((MIDNIGHT + timedelta(minutes=10) - START).total_seconds())
    day = datetime(2026, 3, 2)
    terminal.report(0x0D, b"".join(day_freeze(point, 161, day, [1]) for point in (1, 3)))
    world.run(3600)
    assert units_of(terminal.requests[0][2], 3) == [(2, stamp(day)[2:])]
    cycle = world.center.cycle("daily", day, day)
    assert (cycle.due, cycle.once) == (3, 3)


def test_terminal_that_was_away_is_caught_up_after_its_login(world):
    world.center.schedule(DAILY)
    world.run((MIDNIGHT + timedelta(hours=5) - START).total_seconds())
    terminal = world.terminal(dial=False)
    terminal.answers[0x0D] = freezes(set())
    world.dial(terminal)
    world.run(60)
    cycle = world.center.cycle("daily", datetime(2026, 3, 2), datetime(2026, 3, 2))
    assert (cycle.once, cycle.stored) == (0, 3)


def test_curve_gaps_are_asked_in_stretches(world):
    terminal = world.terminal()
    terminal.heartbeats = True
    hours = [datetime(2026, 3, 2) + timedelta(hours=hour) for hour in range(24)]

    def answer(body: bytes) -> bytes:
        out = b""
        for point, mark in units_of(body, 7):
            start = datetime(2026, 3, int(mark[2:3].hex()), int(mark[1:2].hex()))
            out += curve(point, 101, start, 3, [100 + start.hour + step for step in range(mark[6])])
        return out

    terminal.answers[0x0D] = answer
    terminal.report(0x0D, curve(1, 101, hours[5], 3, [105]) + curve(1, 101, hours[6], 3, [106]))
    task = CollectionTask("curves", ("0D.F101",), 86400.0, datetime(2026, 3, 3, 1, 0), points=(1,))
    world.center.schedule(task)
    world.run((MIDNIGHT + timedelta(hours=1, minutes=1) - START).total_seconds())
    # the day before the run, from 01:00 to 01:00
    stretches = [(mark[1:2].hex(), mark[6]) for _, mark in units_of(terminal.requests[0][2], 7)]
    assert stretches == [("01", 4), ("07", 18)]
    cycle = world.center.cycle("curves", hours[1], hours[23] + timedelta(hours=1))
    assert (cycle.due, cycle.stored) == (24, 24)


def test_class_1_task_every_quarter(world):
    terminal = world.terminal()
    terminal.heartbeats = True

    def answer(_body: bytes) -> bytes:
        now = world.clock.wall()
        return b"".join(unit_id(point, 129) + stamp(now) + b"\x00" + bcd(point, 5) for point in (1, 2, 3))

    terminal.answers[0x0C] = answer
    world.center.schedule(CollectionTask("quarter", ("0C.F129",), 900.0, START + timedelta(minutes=15)))
    world.run(3601)
    cycle = world.center.cycle("quarter", START, START + timedelta(hours=1))
    assert (cycle.due, cycle.stored, cycle.once) == (12, 12, 12)
    assert len(terminal.requests) == 4


def test_month_is_collected_when_it_has_ended(world):
    terminal = world.terminal()
    terminal.heartbeats = True

    def answer(body: bytes) -> bytes:
        return b"".join(
            unit_id(point, 177) + mark + stamp(START) + b"\x00" + bcd(point, 5)
            for point, mark in units_of(body, 2)
        )

    terminal.answers[0x0D] = answer
    world.center.schedule(CollectionTask("months", ("0D.F177",), 86400.0, datetime(2026, 3, 3, 2, 0)))
    world.run(86400 * 28)
    assert terminal.requests == []
    world.run(86400 * 3)
    rows = world.center.readings(item="0D.F177")
    assert {row.mark for row in rows} == {datetime(2026, 3, 1)}
    assert len(rows) == 3


def test_task_survives_a_restart_of_the_center(tmp_path):
    url = f"sqlite:///{tmp_path}/ncc.db"
    first = World(store=url)
    first.register(points=3)
    first.center.schedule(DAILY)
    first.ncc.close()
    second = World(store=url)
    assert second.center.tasks() == (DAILY,)
    assert len(second.center.points(ADDRESS)) == 3
    second.ncc.close()


def test_task_that_ended_asks_no_more(world):
    terminal = world.terminal()
    terminal.heartbeats = True
    world.center.schedule(DAILY)
    world.center.unschedule("daily")
    world.run(2 * 86400)
    assert [afn for afn, _, _ in terminal.requests] == []
    with pytest.raises(ConfigError):
        world.center.cycle("daily", START, START)


@pytest.mark.parametrize(
    "change",
    [{"items": ()}, {"items": ("0D.F250",)}, {"period_s": 1.0}, {"items": ("0D.F101",), "density_s": 7.0}],
)
def test_tasks_that_cannot_be_are_refused(world, change):
    from dataclasses import replace

    with pytest.raises(ConfigError):
        world.center.schedule(replace(DAILY, **change))
