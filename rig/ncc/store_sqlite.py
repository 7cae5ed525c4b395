"""Groups into SQLite: WAL, durable at every commit, one transaction a group."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import URL, Engine, create_engine, event, pool
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import Insert, insert

from rig.errors import ConfigError
from rig.ncc.decode import Row
from rig.ncc.store import AuditRow, Batch, ClockRow, EventRow, StoreError, by_place, replacing
from rig.ncc.store_tables import AUDIT, CLOCK, EVENT, READING

_SYNCHRONOUS: Final = ("FULL", "NORMAL", "OFF")
#: pages of the log after which it is written back, 64 MiB; a commit that does it takes longer
_CHECKPOINT_PAGES: Final = 16384
_CACHE_KIB: Final = 262144
_OWNER_ONLY: Final = 0o600
#: how long a lock of another connection is waited for, ms
_LOCKED_MS: Final = 30_000


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
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": _LOCKED_MS / 1000}
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
_KEY: Final = ("day", "terminal", "point", "item", "second", "tariff")
_SAME: Final = " AND ".join(f"r.{name} = v.column{at}" for at, name in enumerate(_KEY, 1))
_SEVEN: Final = "(?, ?, ?, ?, ?, ?, ?)"


def _differing(number: int) -> str:
    """Counts, of so many rows, those whose place holds another value; each is looked up by its key."""
    rows = ", ".join([_SEVEN] * number)
    return (
        f"SELECT count(*) FROM (VALUES {rows}) v CROSS JOIN reading r WHERE {_SAME} AND r.value <> v.column7"  # noqa: S608 - of constants
    )


_CONFLICTS: Final = _differing(_AT_ONCE)


class _Written(NamedTuple):
    """A group in an open transaction."""

    new: int
    #: portions of which a row was not inserted: its place was taken
    taken: list[list[Row]]


def _insert(connection: sqlite3.Connection, rows: list[Row]) -> _Written:
    """Rows that are not there yet, many in one statement."""
    new = 0
    taken: list[list[Row]] = []
    whole = len(rows) - len(rows) % _AT_ONCE
    for at in range(0, whole, _AT_ONCE):
        portion = rows[at : at + _AT_ONCE]
        inserted = connection.execute(_MANY, list(chain.from_iterable(portion))).rowcount
        new += inserted
        if inserted < _AT_ONCE:
            taken.append(portion)
    rest = rows[whole:]
    if rest:
        inserted = connection.executemany(_READINGS, rest).rowcount
        new += inserted
        if inserted < len(rest):
            taken.append(rest)
    return _Written(new, taken)


def _conflicts(connection: sqlite3.Connection, rows: list[Row]) -> int:
    """Of rows that were inserted or were there, those whose place holds another value."""
    statement = _CONFLICTS if len(rows) == _AT_ONCE else _differing(len(rows))
    values = list(chain.from_iterable(row[:7] for row in rows))
    return int(connection.execute(statement, values).fetchone()[0])


class SqliteWriter:
    """A connection of its own that writes all groups."""

    def __init__(self, engine: Engine) -> None:
        self._pooled = engine.raw_connection()
        self._connection: sqlite3.Connection = self._pooled.driver_connection  # type: ignore[assignment]
        self._shown = engine.url.render_as_string(hide_password=True)
        self.conflicting = 0

    def prepare(self, batch: Batch) -> object:
        """Rows into an open transaction; the group itself when another connection holds the lock: ``commit`` waits."""
        if not (batch.rows or batch.events or batch.audit or batch.clocks):
            return _Written(0, [])
        try:
            self._begin(0)
        except sqlite3.Error as error:
            if _is_locked(error):
                return batch
            raise StoreError(f"{self._shown}: {error}") from error
        return self._fill(batch)

    def _begin(self, patience_ms: int) -> None:
        if self._connection.in_transaction:
            # a group that was prepared and given up
            self._connection.rollback()
        self._connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
        self._connection.execute("BEGIN IMMEDIATE")

    def _fill(self, batch: Batch) -> _Written:
        """Rows into the transaction; sorted, so that neighbours in the table are written together."""
        connection = self._connection
        try:
            batch.rows.sort(key=by_place)
            written = _insert(connection, batch.rows)
            if batch.events:
                connection.executemany(_EVENTS, batch.events)
            if batch.audit:
                connection.executemany(_AUDIT, batch.audit)
            if batch.clocks:
                connection.executemany(_CLOCKS, batch.clocks)
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            connection.rollback()
            raise StoreError(f"{self._shown}: {error}") from error
        return written

    def commit(self, prepared: object) -> int:
        """Make the transaction durable; this waits for a lock and the disk, and lets other threads run."""
        try:
            if isinstance(prepared, Batch):
                self._begin(_LOCKED_MS)
                prepared = self._fill(prepared)
            if not isinstance(prepared, _Written):
                raise TypeError(type(prepared))
            conflicting = sum(_conflicts(self._connection, rows) for rows in prepared.taken)
            self._connection.commit()
        except sqlite3.Error as error:
            self._connection.rollback()
            raise StoreError(f"{self._shown}: {error}") from error
        self.conflicting += conflicting
        return prepared.new

    def close(self) -> None:
        """Give the connection back."""
        self._pooled.close()


def _is_locked(error: sqlite3.Error) -> bool:
    """Another connection writes; the extended codes have the plain one in their low octet."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
