"""The audit trail over a restart, and of what the center does by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fixtures.ncc_center import ADDRESS, QUIET, World
from fixtures.ncc_terminal import CONFIRMED, bcd, unit_id
from rig.errors import ConfigError
from rig.ncc.settings import TimeRules
from rig.ncc.store import AuditRow, Batch, Store, StoreError
from rig.ncc.trail_words import ends_of_the_open

LINE = AuditRow(1, "ann", "control", ADDRESS, "05.F2", "")
UNKNOWN = "unknown: the center ended before it"


def test_ids_are_not_used_twice_over_a_restart(tmp_path):
    url = f"sqlite:///{tmp_path}/ncc.db"
    first = World(store=url)
    first.register()
    old = first.center.control(ADDRESS, 2)
    assert old == "c1-1"
    first.ncc.close()
    second = World(store=url)
    with pytest.raises(ConfigError):
        second.center.result(old)
    assert second.center.control(ADDRESS, 2) == "c2-1"
    second.ncc.close()


def test_pending_command_gets_its_end_at_the_next_start_once(tmp_path):
    url = f"sqlite:///{tmp_path}/ncc.db"
    first = World(store=url)
    first.register()
    first.terminal().answers[0x05] = lambda _body: CONFIRMED
    first.center.wait(first.center.control(ADDRESS, 2))
    first.run(1)
    first.center.set_clock("0171-0001")
    first.core.journal.flush()
    # nothing is told to anybody any more
    first.ncc.store.close()
    for _ in range(3):
        again = World(store=url)
        outcomes = [line.outcome for line in again.center.audit(ADDRESS)][-4:]
        assert outcomes == ["c1-1 ordered", "c1-1 done", "c1-2 ordered", f"c1-2 {UNKNOWN}"]
        assert [line.action for line in again.center.audit(ADDRESS)][-2:] == ["set clock", "set clock"]
        again.ncc.close()


def test_starts_are_counted_in_every_database(database):
    store = Store(database)
    assert [store.begin(1), store.begin(2)] == [1, 2]
    store.write(Batch(audit=[LINE._replace(outcome="c2-1 ordered")]))
    assert store.begin(77) == 3
    last = store.audit()[-1]
    assert last.outcome == f"c2-1 {UNKNOWN}"
    assert (last.actor, last.action, last.detail) == ("ann", "control", "05.F2")
    assert store.begin(78) == 4
    assert len(store.audit()) == 2
    store.close()


def test_refusals_and_other_lines_open_nothing():
    lines = [LINE._replace(outcome=text) for text in ("refused: x", "done", "c1-1 ordered", "c1-1 failed: y")]
    assert ends_of_the_open(lines, 5) == []


def corrected():
    """A center that looks at a clock ten minutes after the login."""
    world = World(replace(QUIET, time=TimeRules(first_check_s=600.0)))
    world.register()
    terminal = world.terminal()
    return world, terminal


def shown(world: World, off_s: float) -> bytes:
    """0C F2: the terminal's clock."""
    when = world.clock.wall() + timedelta(seconds=off_s)
    month = when.month // 10 << 4 | when.month % 10 | when.isoweekday() << 5
    fields = [when.second, when.minute, when.hour, when.day]
    return (
        unit_id(0, 2)
        + b"".join(bcd(value, 1) for value in fields)
        + bytes((month,))
        + bcd(when.year % 100, 1)
    )


def test_own_setting_of_a_clock_is_in_the_trail_before_it_is_sent():
    world, terminal = corrected()
    seen = []
    terminal.answers[0x0C] = lambda _body: shown(world, -120.0)
    terminal.answers[0x05] = lambda _body: (
        seen.append(world.ncc.store.audit(ADDRESS)[-1].outcome) or CONFIRMED
    )
    world.run(3600)
    assert seen == ["c1-1 ordered"]
    first, last = world.center.audit(ADDRESS)[-2:]
    assert (first.actor, first.action) == ("time keeping", "set clock")
    assert first.detail.startswith("05.F31, -1")
    assert (last.actor, last.outcome) == ("time keeping", "c1-1 done")
    world.ncc.close()


def test_own_setting_of_a_clock_is_not_sent_when_the_trail_cannot_be_written(monkeypatch):
    world, terminal = corrected()
    terminal.answers[0x0C] = lambda _body: shown(world, -120.0)
    terminal.answers[0x05] = lambda _body: CONFIRMED

    def refuse(_batch: object) -> object:
        raise StoreError("disk full")

    monkeypatch.setattr(world.ncc.store, "prepare", refuse)
    world.run(3600)
    assert not any(frame[12] == 0x05 for frame in terminal.heard)
    monkeypatch.undo()
    world.run(5)
    assert (
        world.center.audit(ADDRESS)[-1].outcome == "c1-1 failed: not sent: the audit trail cannot be written"
    )
    world.ncc.close()


def test_setting_of_a_clock_that_nobody_answers_is_told_so():
    world, terminal = corrected()
    terminal.answers[0x0C] = lambda _body: shown(world, -120.0)
    world.run(3600)
    assert world.center.audit(ADDRESS)[-1].outcome.startswith("c1-1 timeout")
    world.ncc.close()
