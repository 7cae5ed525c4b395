"""The store, on SQLite and on PostgreSQL alike."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

import sys
import threading
from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text, update

from rig.errors import ConfigError
from rig.ncc.items import codes_of, seconds_of, terminal_key
from rig.ncc.store import AuditRow, Batch, ClockRow, EventRow, Store, StoreError
from rig.ncc.store_tables import META, METADATA
from rig.ports.command_center import CollectionTask, PointEntry, TerminalEntry

KEY = terminal_key("0171-0001")
[ENERGY] = codes_of("0D.F161")
DAY = seconds_of(datetime(2026, 3, 1)) // 86400


def row(point=1, tariff=0, value=12345678, day=DAY, second=0, source=0, item=ENERGY, terminal=KEY):
    return (day, terminal, point, item, second, tariff, value, 5, source)


@pytest.fixture
def store(database):
    made = Store(database)
    yield made
    made.close()


def test_energy_is_exact_and_by_tariff(store):
    # the greatest value of format A.14, and one that no binary fraction can hold
    assert (
        store.write(Batch([row(value=9_999_999_999), row(tariff=1, value=1), row(tariff=2, value=-3)])) == 3
    )
    found = store.readings(KEY, 1, (ENERGY,))
    assert [(reading.tariff, str(reading.value)) for reading in found] == [
        (0, "999999.9999"),
        (1, "0.0001"),
        (2, "-0.0003"),
    ]
    assert [reading.value for reading in store.readings(tariff=1)] == [Decimal("0.0001")]
    assert store.count() == (3, 9_999_999_997)


def test_nothing_is_doubled_and_the_first_value_stays(store):
    assert store.write(Batch([row(value=1), row(value=1), row(point=2, value=2)])) == 2
    assert store.write(Batch([row(value=7), row(point=3, value=3)])) == 1
    assert [(reading.point, reading.value) for reading in store.readings()] == [
        (1, Decimal("0.0001")),
        (2, Decimal("0.0002")),
        (3, Decimal("0.0003")),
    ]


def test_period_of_a_query(store):
    store.write(
        Batch([row(day=DAY + day, second=second, value=day) for day in range(5) for second in (0, 43200)])
    )
    low, high = (DAY + 1) * 86400 + 43200, (DAY + 3) * 86400
    marks = [seconds_of(reading.mark) for reading in store.readings(KEY, first=low, last=high)]
    assert marks == [low, (DAY + 2) * 86400, (DAY + 2) * 86400 + 43200, high]
    assert len(store.readings(first=low)) == 7
    assert len(store.readings(last=high)) == 7
    assert len(store.readings(first=0, last=2**31 - 1)) == 10
    assert len(store.readings(limit=4)) == 4


def test_presence_is_judged_by_totals(store):
    store.write(
        Batch([row(), row(tariff=1), row(point=2, tariff=1), row(point=3, source=2, terminal=KEY + 1)])
    )
    found = store.present([ENERGY], DAY * 86400, DAY * 86400)
    assert sorted((each.terminal, each.point, each.source) for each in found) == [
        (KEY, 1, 0),
        (KEY + 1, 3, 2),
    ]
    assert len(store.present([ENERGY], DAY * 86400, DAY * 86400, [KEY])) == 1


def test_events_once(store):
    event = EventRow(KEY, True, 3, 14, 100, 200, None, '{"name": "off", "values": {"a": "1"}}', "d1")
    store.write(Batch(events=[event, event._replace(digest="d2", number=4, important=False, point=7)]))
    store.write(Batch(events=[event]))
    found = store.events(KEY)
    assert [(each.number, each.important, each.point, each.name) for each in found] == [
        (3, True, None, "off"),
        (4, False, 7, "off"),
    ]
    assert store.event_pointer(KEY, important=True) == 3
    assert store.event_pointer(KEY + 1, important=True) is None
    assert store.events(erc=15) == ()
    assert store.events(first=201) == ()


def test_audit_keeps_its_order(store):
    lines = [AuditRow(5, "ann", "control", "0171-0001", f"line {number}", "ordered") for number in range(3)]
    store.write(Batch(audit=lines[:2]))
    store.write(Batch(audit=lines[2:]))
    assert [line.detail for line in store.audit("0171-0001")] == ["line 0", "line 1", "line 2"]
    assert store.audit("0171-0002") == ()


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgresql"])
def test_what_is_asked_meanwhile_does_not_end_a_group(new_database, kind):
    store = Store("sqlite://" if kind == "memory" else new_database(kind))
    prepared = store.prepare(Batch([row()]))
    assert store.readings() == ()
    assert store.commit(prepared) == 1
    assert len(store.readings()) == 1
    store.close()


def test_memory_is_asked_by_many_threads_while_groups_are_written():
    store = Store("sqlite://")
    over = threading.Event()
    wrong: list[BaseException] = []

    def ask() -> None:
        try:
            while not over.is_set():
                store.readings(limit=10)
        except StoreError as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(200):
        assert store.write(Batch([row(day=DAY + number)])) == 1
    over.set()
    for thread in threads:
        thread.join(20)
    assert wrong == []
    assert store.count()[0] == 200
    store.close()


def test_the_latest_of_a_clock_is_kept(store):
    store.write(Batch(clocks=[ClockRow(KEY, False, "[5]"), ClockRow(KEY + 1, True, "[]")]))
    store.write(Batch(clocks=[ClockRow(KEY, False, "[5, 6]"), ClockRow(KEY, True, "[5, 6]")]))
    assert sorted(store.clocks()) == [ClockRow(KEY, True, "[5, 6]"), ClockRow(KEY + 1, True, "[]")]


def test_database_from_before_clocks_were_kept_is_taken(database):
    Store(database).close()
    engine = create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE clock"))
    engine.dispose()
    store = Store(database)
    assert store.clocks() == ()
    store.close()


def test_archive_comes_back(database):
    terminals = (
        TerminalEntry("0171-0001", password=bytes(range(16))),
        TerminalEntry("0171-0A02", "collector"),
    )
    points = (
        PointEntry("0171-0001", 1, "000000000001", tariffs=2),
        PointEntry("0171-0A02", 2040, "123456789012", 1),
    )
    task = CollectionTask("daily", ("0D.F161",), 86400.0, datetime(2026, 3, 3, 0, 30), points=(1,))
    first = Store(database)
    first.save_terminals([TerminalEntry("0171-0001")])
    first.save_terminals(terminals)
    first.save_points(points)
    first.save_task(task)
    first.close()
    second = Store(database)
    assert second.terminals() == terminals
    assert second.points() == points
    assert second.tasks() == (task,)
    second.drop_task("daily")
    assert second.tasks() == ()
    second.close()


@pytest.mark.parametrize("name", ["schema", "quantities"])
def test_database_of_another_version_is_refused(database, name):
    Store(database).close()
    engine = create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(update(META).where(META.c.name == name).values(value="0"))
    engine.dispose()
    with pytest.raises(ConfigError, match="database"):
        Store(database)


def test_group_that_fails_leaves_nothing(database):
    store = Store(database)
    store.write(Batch([row()]))
    engine = create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE event"))
    event = EventRow(KEY, True, 3, 14, 100, 200, None, '{"name": "off", "values": {}}', "d1")
    with pytest.raises(StoreError, match="event"):
        store.write(Batch([row(point=2)], [event]))
    assert len(store.readings()) == 1
    METADATA.create_all(engine)
    engine.dispose()
    assert store.write(Batch([row(point=2)], [event])) == 1
    assert len(store.events()) == 1
    store.close()


def test_connection_to_postgresql_is_opened_anew(new_database):
    store = Store(new_database("postgresql"))
    store.write(Batch([row()]))
    engine = create_engine(store.url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()
    with pytest.raises(StoreError):
        store.write(Batch([row(point=2)]))
    assert store.write(Batch([row(point=2)])) == 1
    store.close()


def test_driver_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "rig.ncc.store_postgresql", raising=False)
    with pytest.raises(ConfigError, match="smart-meter-rig"):
        Store("postgresql://rig@127.0.0.1:1/x")


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://host/name", "sqlite:///x.db?synchronous=SOMETIMES", "", "http://host"]
)
def test_urls_that_are_none(url):
    with pytest.raises(ConfigError):
        Store(url)


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all/store.db", "postgresql://rig:secret@127.0.0.1:1/name"]
)
def test_database_that_cannot_be_reached(url):
    with pytest.raises(StoreError) as refused:
        Store(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("wanted", "number"), [("FULL", 2), ("NORMAL", 1), ("OFF", 0)])
def test_durability_of_sqlite(tmp_path, wanted, number):
    store = Store(f"sqlite:///{tmp_path}/x.db?synchronous={wanted}")
    connection = store._ingest()._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (number,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()
