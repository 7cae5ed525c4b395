"""Groups into SQLite: WAL, durable at every commit, one transaction a group."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from itertools import chain
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, pool
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import Insert, insert

from rig.errors import ConfigError
from rig.ncc.decode import Row
from rig.ncc.store import AuditRow, Batch, ClockRow, EventRow, StoreError, replacing
from rig.ncc.store_tables import AUDIT, CLOCK, EVENT, READING

_SYNCHRONOUS: Final = ("FULL", "NORMAL", "OFF")
#: pages of the log after which it is written back, 64 MiB; a commit that does it takes longer
_CHECKPOINT_PAGES: Final = 16384
_CACHE_KIB: Final = 262144
_OWNER_ONLY: Final = 0o600


def sqlite_engine(url: URL) -> Engine:
    """Engine for a file (``?synchronous=FULL|NORMAL|OFF``) or, without one, for a database in memory.

    Raises:
        ConfigError: another value of ``synchronous``.
    """
    wanted = str(url.query.get("synchronous", "FULL")).upper()
    if wanted not in _SYNCHRONOUS:
        raise ConfigError(
            "no such durability", key="synchronous", value=wanted, hint=" or ".join(_SYNCHRONOUS)
        )
    plain = url.difference_update_query(["synchronous"])
    memory = plain.database in {None, "", ":memory:"}
    if _is_file(plain):
        _own(Path(str(plain.database)))
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": 30.0}
    engine = create_engine(
        plain, connect_args=arguments, poolclass=pool.StaticPool if memory else pool.QueuePool
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {wanted}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    return engine


def is_absent(url: URL) -> bool:
    """Whether the file of a database is not there, or empty: the driver would make it."""
    if not _is_file(url):
        return False
    file = Path(str(url.database))
    return not file.is_file() or not file.stat().st_size


def _is_file(url: URL) -> bool:
    """It is neither in memory nor given as a URI."""
    return url.database not in {None, "", ":memory:"} and not str(url.database).startswith("file:")


def _own(file: Path) -> None:
    """Let nobody but its owner read a new database, and with it its log: it holds the passwords of terminals."""
    with contextlib.suppress(OSError):  # it is there, or cannot be made, which the driver says better
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY))


def _statement(statement: Insert, columns: tuple[str, ...]) -> str:
    """An insert as the driver takes it."""
    return str(statement.compile(dialect=sqlite.dialect(), column_keys=list(columns)))


#: what is there already stays as it is
_READINGS: Final = _statement(
    insert(READING).on_conflict_do_nothing(), tuple(column.name for column in READING.columns)
)
_EVENTS: Final = _statement(insert(EVENT).on_conflict_do_nothing(), EventRow._fields)
_AUDIT: Final = _statement(insert(AUDIT), AuditRow._fields)
_CLOCKS: Final = _statement(replacing(insert(CLOCK), ("terminal",)), ClockRow._fields)


#: rows of one statement: half the time of one a row
_AT_ONCE: Final = 50
_MANY: Final = _READINGS.replace(_ONE := "(?, ?, ?, ?, ?, ?, ?, ?, ?)", ", ".join([_ONE] * _AT_ONCE))


def _insert(connection: sqlite3.Connection, rows: list[Row]) -> None:
    """Rows that are not there yet, many in one statement."""
    whole = len(rows) - len(rows) % _AT_ONCE
    for at in range(0, whole, _AT_ONCE):
        connection.execute(_MANY, list(chain.from_iterable(rows[at : at + _AT_ONCE])))
    connection.executemany(_READINGS, rows[whole:])


class SqliteWriter:
    """A connection of its own that writes all groups."""

    def __init__(self, engine: Engine) -> None:
        self._pooled = engine.raw_connection()
        self._connection: sqlite3.Connection = self._pooled.driver_connection  # type: ignore[assignment]
        self._shown = engine.url.render_as_string(hide_password=True)

    def prepare(self, batch: Batch) -> object:
        """Rows into an open transaction; sorted, so that neighbours in the table are written together."""
        connection = self._connection
        before = connection.total_changes
        try:
            batch.rows.sort()
            _insert(connection, batch.rows)
            new = connection.total_changes - before
            if batch.events:
                connection.executemany(_EVENTS, batch.events)
            if batch.audit:
                connection.executemany(_AUDIT, batch.audit)
            if batch.clocks:
                connection.executemany(_CLOCKS, batch.clocks)
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            connection.rollback()
            raise StoreError(f"{self._shown}: {error}") from error
        return new

    def commit(self, prepared: object) -> int:
        """Make the transaction durable; this waits for the disk and lets other threads run."""
        try:
            self._connection.commit()
        except sqlite3.Error as error:
            self._connection.rollback()
            raise StoreError(f"{self._shown}: {error}") from error
        return int(str(prepared))

    def close(self) -> None:
        """Give the connection back."""
        self._pooled.close()
