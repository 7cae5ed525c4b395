"""The command center's database: what is written in groups, and what is asked.

A group is one transaction. ``prepare`` is quick and done where the core runs; ``commit`` waits for the disk and may be
done in another thread. Only after ``commit`` may anything of the group be acknowledged. With SQLite (WAL,
``synchronous=FULL``) and with PostgreSQL (``synchronous_commit=on``) what was committed survives the killing of the
process and the loss of power, as far as the disk honours a flush. With ``synchronous=NORMAL`` in the URL SQLite flushes
only at check-points: a killed process loses nothing, a loss of power may take the last groups.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar, cast

from sqlalchemy import (
    Engine,
    Integer,
    StaticPool,
    Text,
    delete,
    func,
    insert,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.exc import SQLAlchemyError

from rig.errors import ConfigError, RigError
from rig.ncc.items import DAY_S, all_quantities, moment, seconds_of, terminal_address, terminal_key
from rig.ncc.store_tables import (
    AUDIT,
    CLOCK,
    EVENT,
    META,
    METADATA,
    POINT,
    QUANTITY,
    READING,
    SCHEMA_VERSION,
    TASK,
    TERMINAL,
    quantities_digest,
)
from rig.ncc.store_urls import no_database, open_url, shown
from rig.ncc.trail_words import ends_of_the_open
from rig.ports.command_center import (
    AuditRecord,
    CollectionTask,
    EventRecord,
    PointEntry,
    Reading,
    Source,
    TerminalEntry,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

    from rig.ncc.decode import Row

DialectInsert = TypeVar("DialectInsert", "PostgresqlInsert", "SqliteInsert")

SOURCES: Final[tuple[Source, ...]] = ("report", "task", "recollection", "demand")
#: events of a terminal are numbered in a ring of so many
EVENT_RING: Final = 256
#: a query over more days than this does not name them one by one
_NAMED_DAYS: Final = 400


class StoreError(RigError):
    """The database refused or is gone; nothing of the group was stored."""


class EventRow(NamedTuple):
    """One event to store; ``digest`` is the same however often it comes."""

    terminal: int
    important: bool
    number: int
    erc: int
    occurred: int | None
    received: int
    point: int | None
    content: str
    digest: str


class ClockRow(NamedTuple):
    """What is known of a terminal's clock: it replaces what was."""

    terminal: int
    faulty: bool
    #: when it was corrected, a JSON list of seconds since the epoch of the store
    corrected: str


class AuditRow(NamedTuple):
    """One line of the audit trail to store."""

    moment: int
    actor: str
    action: str
    terminal: str
    detail: str
    outcome: str


@dataclass(slots=True)
class Batch:
    """One group: readings, events, audit lines, states of clocks."""

    rows: list[Row] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    clocks: list[ClockRow] = field(default_factory=list)


#: what rows are written in the order of, day and terminal: neighbours in the table are written together, and of two
#: values for one place the one that came first stays
by_place: Final = itemgetter(0, 1)


class Writer(Protocol):
    """The database's own fast way to write a group."""

    #: values so far that differ from the one that is stored for their place
    conflicting: int

    def prepare(self, batch: Batch) -> object:
        """Everything that needs no waiting; returns what ``commit`` needs."""
        ...

    def commit(self, prepared: object) -> int:
        """Write and make durable; the number of readings that were new."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class PresentRow(NamedTuple):
    """That a value is stored: where, when it came and why."""

    terminal: int
    point: int
    item: int
    mark: int
    received: int
    source: int


class Store:
    """Tables behind a URL: ``sqlite://`` (memory), ``sqlite:///file.db``, ``postgresql://user@host:port/name``.

    Args:
        url: which.
        create: make the database and its tables where there are none; else that is refused.

    Raises:
        ConfigError: the URL is none, or the database is of another version.
        StoreError: it cannot be reached.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        self.url = url
        self._engine, self._writer = open_url(url, create=create)
        self._writer_ready: Writer | None = None
        #: in memory all share one connection: what one of them does must not end the transaction of another
        self._alone: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
        self._shared = isinstance(self._engine.pool, StaticPool)
        if self._shared:
            self._alone = threading.RLock()
        try:
            self._check(create=create)
            # now: the loop must not wait later for a connection of a pool that is in use
            self._writer_ready = self._writer(self._engine)
        except SQLAlchemyError as error:
            self._engine.dispose()
            raise StoreError(f"{shown(url)}: {_reason(error)}") from error
        except ConfigError:
            self._engine.dispose()
            raise

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return shown(self.url)

    @property
    def engine(self) -> Engine:
        """Connections to the database, for tables that others keep in it."""
        return self._engine

    def prepare(self, batch: Batch) -> object:
        """The quick part of writing a group.

        Raises:
            StoreError: the database refused it.
        """
        with self._mapped():
            return batch if self._shared else self._ingest().prepare(batch)

    def commit(self, prepared: object) -> int:
        """The part that waits for the disk; how many readings were new.

        Raises:
            StoreError: the database refused it; nothing of the group is stored.
        """
        with self._mapped(), self._alone:
            writer = self._ingest()
            return writer.commit(writer.prepare(prepared) if isinstance(prepared, Batch) else prepared)

    @property
    def conflicting(self) -> int:
        """Values so far that differ from the one that is stored for the same point, quantity, mark and tariff."""
        return self._writer_ready.conflicting if self._writer_ready is not None else 0

    def write(self, batch: Batch) -> int:
        """Both parts."""
        return self.commit(self.prepare(batch))

    def close(self) -> None:
        """Close all connections."""
        if self._writer_ready is not None:
            self._writer_ready.close()
            self._writer_ready = None
        self._engine.dispose()

    def _ingest(self) -> Writer:
        if self._writer_ready is None:
            self._writer_ready = self._writer(self._engine)
        return self._writer_ready

    def _check(self, *, create: bool) -> None:
        """Create the tables in an empty database; refuse one of another version."""
        with self._engine.begin() as connection:
            if not create and not inspect(connection).has_table(META.name):
                raise no_database(self.url)
            METADATA.create_all(connection)
            found = {row.name: row.value for row in connection.execute(select(META))}
            if not found:
                connection.execute(
                    insert(META),
                    [
                        {"name": "schema", "value": str(SCHEMA_VERSION)},
                        {"name": "quantities", "value": quantities_digest()},
                    ],
                )
                rows = [row._asdict() for row in all_quantities().values()]
                keys = ("code", "id", "unit", "decimals")
                connection.execute(insert(QUANTITY), [{key: row[key] for key in keys} for row in rows])
                return
        if found.get("schema") != str(SCHEMA_VERSION):
            raise ConfigError(
                "database of another version",
                key="store",
                value=found.get("schema"),
                hint=f"this center writes version {SCHEMA_VERSION}; use another database",
            )
        if found.get("quantities") != quantities_digest():
            raise ConfigError(
                "database written with another table of quantities",
                key="store",
                value=self.shown,
                hint="its codes would mean something else; use another database",
            )

    # -- starts

    def begin(self, moment_: int) -> int:
        """A center starts: which start of this store it is, 1 and up. Commands left open get their end in the trail.

        Raises:
            StoreError: the database refused it.
        """
        counted = update(META).where(META.c.name == "starts")
        more = sql_cast(sql_cast(META.c.value, Integer) + 1, Text)
        known = select(META.c.name, META.c.value).where(META.c.name.in_(("starts", "audited")))
        with self._writing() as connection:
            if not connection.execute(counted.values(value=more)).rowcount:
                connection.execute(insert(META), [{"name": "starts", "value": "1"}])
            found = {row.name: row.value for row in connection.execute(known)}
            audited = int(found.get("audited", "0"))
            columns = [AUDIT.c[name] for name in AuditRow._fields]
            lines = (
                select(*columns).where(AUDIT.c.id > audited, AUDIT.c.outcome.like("c%")).order_by(AUDIT.c.id)
            )
            ends = ends_of_the_open((AuditRow(*row) for row in connection.execute(lines)), moment_)
            if ends:
                connection.execute(insert(AUDIT), [row._asdict() for row in ends])
            last = connection.execute(select(func.coalesce(func.max(AUDIT.c.id), 0))).scalar_one()
            _upsert(connection, META, [{"name": "audited", "value": str(last)}], ("name",))
            return int(found["starts"])

    # -- archive

    def save_terminals(self, entries: Iterable[TerminalEntry]) -> None:
        """Add or replace terminals."""
        rows = [
            {
                "terminal": terminal_key(entry.address),
                "role": entry.role,
                "password": entry.password,
                "heartbeat_s": entry.heartbeat_s,
            }
            for entry in entries
        ]
        self._replace(TERMINAL, rows, ("terminal",))

    def terminals(self) -> tuple[TerminalEntry, ...]:
        """Every terminal, by address."""
        return tuple(
            TerminalEntry(terminal_address(row.terminal), row.role, bytes(row.password), row.heartbeat_s)
            for row in self._all(select(TERMINAL).order_by(TERMINAL.c.terminal))
        )

    def save_points(self, entries: Iterable[PointEntry]) -> None:
        """Add or replace collection points."""
        rows = [asdict(entry) | {"terminal": terminal_key(entry.terminal)} for entry in entries]
        self._replace(POINT, rows, ("terminal", "point"))

    def drop_terminal(self, terminal: int) -> None:
        """Forget a terminal, its points and what was known of its clock."""
        with self._writing() as connection:
            for table in (POINT, CLOCK, TERMINAL):
                connection.execute(delete(table).where(table.c.terminal == terminal))

    def drop_point(self, terminal: int, point: int) -> None:
        """Forget a collection point."""
        with self._writing() as connection:
            connection.execute(delete(POINT).where(POINT.c.terminal == terminal, POINT.c.point == point))

    def points(self) -> tuple[PointEntry, ...]:
        """Every collection point."""
        return tuple(
            PointEntry(**(dict(row._mapping) | {"terminal": terminal_address(row.terminal)}))  # noqa: SLF001 - public in SQLAlchemy
            for row in self._all(select(POINT).order_by(POINT.c.terminal, POINT.c.point))
        )

    def clocks(self) -> tuple[ClockRow, ...]:
        """What is known of terminals' clocks."""
        return tuple(ClockRow(*row) for row in self._all(select(CLOCK)))

    def save_task(self, task: CollectionTask) -> None:
        """Add or replace a task."""
        definition = asdict(task) | {"first_at": task.first_at.isoformat()}
        self._replace(TASK, [{"name": task.name, "definition": json.dumps(definition)}], ("name",))

    def drop_task(self, name: str) -> None:
        """Forget a task."""
        with self._writing() as connection:
            connection.execute(delete(TASK).where(TASK.c.name == name))

    def tasks(self) -> tuple[CollectionTask, ...]:
        """Every task."""
        found = []
        for row in self._all(select(TASK).order_by(TASK.c.name)):
            values = json.loads(row.definition)
            lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
            found.append(
                CollectionTask(**(values | lists | {"first_at": datetime.fromisoformat(values["first_at"])}))
            )
        return tuple(found)

    def _replace(self, table: Table, rows: list[dict[str, Any]], key: tuple[str, ...]) -> None:
        if not rows:
            return
        with self._writing() as connection:
            _upsert(connection, table, rows, key)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._mapped(), self._alone, self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        """What SQLAlchemy says as an error of the store."""
        try:
            yield
        except SQLAlchemyError as error:
            raise StoreError(f"{self.shown}: {_reason(error)}") from error

    # -- queries

    def readings(
        self,
        terminal: int | None = None,
        point: int | None = None,
        codes: Sequence[int] = (),
        *,
        first: int | None = None,
        last: int | None = None,
        tariff: int | None = None,
        limit: int = 100_000,
    ) -> tuple[Reading, ...]:
        """Stored values with ``first <= mark <= last`` in seconds since the epoch, in the order of their key."""
        query = _between(select(READING), first, last)
        if terminal is not None:
            query = query.where(READING.c.terminal == terminal)
        if point is not None:
            query = query.where(READING.c.point == point)
        if codes:
            query = query.where(READING.c.item.in_(codes))
        if tariff is not None:
            query = query.where(READING.c.tariff == tariff)
        order = [READING.c[name] for name in ("terminal", "point", "item", "day", "second", "tariff")]
        return tuple(_reading(row) for row in self._all(query.order_by(*order).limit(limit)))

    def present(
        self,
        codes: Sequence[int],
        first: int,
        last: int,
        terminals: Sequence[int] = (),
        points: Sequence[int] = (),
    ) -> list[PresentRow]:
        """Which totals of these quantities are stored for marks ``first <= mark <= last``; none named: of all."""
        columns = [
            READING.c[name] for name in ("day", "terminal", "point", "item", "second", "received", "source")
        ]
        query = _between(select(*columns), first, last).where(
            READING.c.item.in_(codes), READING.c.tariff == 0
        )
        if terminals:
            query = query.where(READING.c.terminal.in_(terminals))
        if points:
            query = query.where(READING.c.point.in_(points))
        return [
            PresentRow(where, point, item, day * DAY_S + second, received, source)
            for day, where, point, item, second, received, source in self._all(query)
        ]

    def count(self) -> tuple[int, int]:
        """Number of readings, and the sum of their scaled values."""
        [row] = self._all(
            select(func.count(), func.coalesce(func.sum(READING.c.value), 0)).select_from(READING)
        )
        return int(row[0]), int(row[1])

    def events(
        self,
        terminal: int | None = None,
        erc: int | None = None,
        first: int | None = None,
        limit: int | None = None,
    ) -> tuple[EventRecord, ...]:
        """Stored events received from ``first`` on, in order of arrival; the first ``limit`` of them."""
        query = select(EVENT).order_by(EVENT.c.id).limit(limit)
        if terminal is not None:
            query = query.where(EVENT.c.terminal == terminal)
        if erc is not None:
            query = query.where(EVENT.c.erc == erc)
        if first is not None:
            query = query.where(EVENT.c.received >= first)
        return tuple(_event(row) for row in self._all(query))

    def event_pointer(self, terminal: int, *, important: bool) -> int | None:
        """Number of the last event of a terminal's ring before the first gap, None when none is stored."""
        query = (
            select(EVENT.c.number)
            .where(EVENT.c.terminal == terminal, EVENT.c.important == important)
            .order_by(EVENT.c.id.desc())
            .limit(EVENT_RING)
        )
        numbers = [int(row.number) for row in self._all(query)][::-1]
        if not numbers:
            return None
        following, ahead = numbers[0], set[int]()
        for number in numbers:
            ahead.add(number)
            while following in ahead:
                ahead.remove(following)
                following = (following + 1) % EVENT_RING
        return (following - 1) % EVENT_RING

    def audit(self, terminal: str = "", limit: int | None = None) -> tuple[AuditRecord, ...]:
        """The audit trail, oldest first; the newest ``limit`` lines of it."""
        query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
        if terminal:
            query = query.where(AUDIT.c.terminal == terminal)
        return tuple(
            AuditRecord(moment(row.moment), row.actor, row.action, row.terminal, row.detail, row.outcome)
            for row in reversed(self._all(query))
        )

    def _all(self, query: Select[Any]) -> Sequence[Any]:
        with self._mapped(), self._alone, self._engine.connect() as connection:
            return connection.execute(query).all()


def _between(query: Select[Any], first: int | None, last: int | None) -> Select[Any]:
    """Rows of marks in a period; the days are named, since they lead the key."""
    if first is not None and last is not None and last // DAY_S - first // DAY_S < _NAMED_DAYS:
        query = query.where(READING.c.day.in_(range(first // DAY_S, last // DAY_S + 1)))
    # compared by day and second: their sum in seconds may be more than the database's integers hold
    if first is not None:
        day, second = divmod(first, DAY_S)
        query = query.where(READING.c.day >= day, or_(READING.c.day > day, READING.c.second >= second))
    if last is not None:
        day, second = divmod(last, DAY_S)
        query = query.where(READING.c.day <= day, or_(READING.c.day < day, READING.c.second <= second))
    return query


def _reading(row: Any) -> Reading:
    quantity = all_quantities()[row.item]
    return Reading(
        terminal_address(row.terminal),
        row.point,
        quantity.id,
        moment(row.day * DAY_S + row.second),
        row.tariff,
        Decimal(row.value).scaleb(-quantity.decimals),
        quantity.unit,
        moment(row.received),
        SOURCES[row.source],
    )


def _event(row: Any) -> EventRecord:
    content = cast("dict[str, Any]", json.loads(row.content))
    return EventRecord(
        terminal_address(row.terminal),
        row.erc,
        str(content["name"]),
        bool(row.important),
        row.number,
        None if row.occurred is None else moment(row.occurred),
        moment(row.received),
        row.point,
        content["values"],
    )


def replacing(statement: DialectInsert, key: tuple[str, ...]) -> DialectInsert:
    """The insert of rows that take the place of those with the same key."""
    others = {column.name: column for column in statement.excluded if column.name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=others)


def _upsert(connection: Connection, table: Table, rows: list[dict[str, Any]], key: tuple[str, ...]) -> None:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as dialect_insert
    else:
        from sqlalchemy.dialects.sqlite import insert as dialect_insert  # type: ignore[assignment]
    connection.execute(replacing(dialect_insert(table), key), rows)


def _reason(error: SQLAlchemyError) -> str:
    """The driver's own words, one line."""
    original = getattr(error, "orig", None) or error
    return str(original).strip().splitlines()[0] if str(original).strip() else type(original).__name__


def bounds(first: datetime | None, last: datetime | None) -> tuple[int | None, int | None]:
    """Marks in seconds since the epoch."""
    return (
        None if first is None else seconds_of(first),
        None if last is None else seconds_of(last),
    )
