"""Groups into PostgreSQL: binary COPY into a staging table, then what is not there yet into the table."""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - a class
from typing import Any, Final, NamedTuple

import psycopg
from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import SQLAlchemyError

from rig.ncc.store import AuditRow, Batch, ClockRow, EventRow, StoreError, by_place, replacing
from rig.ncc.store_tables import AUDIT, CLOCK, EVENT

_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
#: field count, then length and value of every column of the table, in its order
_ROW: Final = Struct(">hiiiqihiiiiihiqiiih")
_STAGE: Final = "CREATE TEMPORARY TABLE IF NOT EXISTS reading_stage (LIKE reading) ON COMMIT DELETE ROWS"
_COPY: Final = "COPY reading_stage FROM STDIN (FORMAT BINARY)"
_MERGE: Final = "INSERT INTO reading SELECT * FROM reading_stage ON CONFLICT DO NOTHING"
#: each row is looked up by key: a join might read all of the table
_CONFLICTS: Final = """SELECT count(*) FROM reading_stage s WHERE s.value <> (
    SELECT r.value FROM reading r WHERE (r.day, r.terminal, r.point, r.item, r.second, r.tariff)
        = (s.day, s.terminal, s.point, s.item, s.second, s.tariff))"""


def _statement(statement: Insert, columns: tuple[str, ...]) -> str:
    """An insert as the driver takes it."""
    dialect = postgresql.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
    return str(statement.compile(dialect=dialect, column_keys=list(columns)))


_EVENTS: Final = _statement(insert(EVENT).on_conflict_do_nothing(), EventRow._fields)
_AUDIT: Final = _statement(insert(AUDIT), AuditRow._fields)
_CLOCKS: Final = _statement(replacing(insert(CLOCK), ("terminal",)), ClockRow._fields)


class _Prepared(NamedTuple):
    copy: bytes
    batch: Batch


class _Written(NamedTuple):
    new: int
    conflicting: int


class PostgresqlWriter:
    """A connection of its own that writes all groups."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shown = engine.url.render_as_string(hide_password=True)
        self._pooled: Any = None
        self._connection: psycopg.Connection[Any] | None = None
        self.conflicting = 0

    def prepare(self, batch: Batch) -> object:
        """The rows as the octets of a binary COPY, sorted by place so that pages are touched once."""
        try:
            return self._packed(batch)
        except StructError as error:
            raise StoreError(f"{self._shown}: {error}") from error

    def _packed(self, batch: Batch) -> _Prepared:
        batch.rows.sort(key=by_place)
        pack = _ROW.pack
        octets = b"".join(
            [
                pack(
                    9,
                    4,
                    day,
                    8,
                    terminal,
                    2,
                    point,
                    4,
                    item,
                    4,
                    second,
                    2,
                    tariff,
                    8,
                    value,
                    4,
                    received,
                    2,
                    source,
                )
                for day, terminal, point, item, second, tariff, value, received, source in batch.rows
            ]
        )
        return _Prepared(_HEADER + octets + _TRAILER if octets else b"", batch)

    def commit(self, prepared: object) -> int:
        """Copy, merge and commit; a broken connection is opened anew for the next group."""
        if not isinstance(prepared, _Prepared):
            raise TypeError(type(prepared))
        try:
            written = self._write(self._open(), prepared)
        except (psycopg.Error, SQLAlchemyError, UnicodeError) as error:
            self._drop()
            words = str(error).strip().splitlines() or [type(error).__name__]
            raise StoreError(f"{self._shown}: {words[0]}") from error
        self.conflicting += written.conflicting
        return written.new

    def _write(self, connection: psycopg.Connection[Any], prepared: _Prepared) -> _Written:
        new = conflicting = 0
        with connection.cursor() as cursor:
            if prepared.copy:
                cursor.execute(_STAGE)
                with cursor.copy(_COPY) as copy:
                    copy.write(prepared.copy)
                cursor.execute(_MERGE)
                new = cursor.rowcount
                if new < len(prepared.batch.rows):
                    found = cursor.execute(_CONFLICTS).fetchone()
                    conflicting = int(found[0]) if found is not None else 0
            if prepared.batch.events:
                cursor.executemany(_EVENTS, prepared.batch.events)
            if prepared.batch.audit:
                cursor.executemany(_AUDIT, prepared.batch.audit)
            if prepared.batch.clocks:
                cursor.executemany(_CLOCKS, prepared.batch.clocks)
        connection.commit()
        return _Written(new, conflicting)

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._drop()
            self._pooled = self._engine.raw_connection()
            self._connection = self._pooled.driver_connection
            assert self._connection is not None
            with self._connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit = on")
            self._connection.commit()
        return self._connection

    def _drop(self) -> None:
        if self._pooled is not None:
            self._pooled.invalidate()
        self._pooled = self._connection = None

    def close(self) -> None:
        """Give the connection back."""
        if self._pooled is not None:
            self._pooled.close()
        self._pooled = self._connection = None
