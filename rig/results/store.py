"""The store of runs: SQLite with a write-ahead log, one transaction a case, several writing processes.

A process may die at any moment: a transaction is in the log whole or not at all, so that a case is there with all its
measurements and evidence or it is not there. ``synchronous=NORMAL`` keeps every commit over the death of the process;
a power cut may lose the last commits but does not damage the file.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from rig.errors import ConfigError
from rig.results import codec
from rig.results.records import CaseResult, RunInfo

#: in the header of the file: "RIG1"
APPLICATION_ID = 0x52494731
SCHEMA_VERSION = 1
#: how long a writer waits for another process's transaction (which takes well under a millisecond)
BUSY_TIMEOUT_S = 30.0

_SCHEMA = """
CREATE TABLE run (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL
);
CREATE TABLE case_result (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL REFERENCES run (id),
    case_id TEXT NOT NULL,
    verdict TEXT NOT NULL,
    standard TEXT NOT NULL,
    clause TEXT NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (run_id, case_id)
);
"""


class Store:
    """Runs and their cases in one SQLite file; what was committed survives a kill at any moment.

    Args:
        path: the file; made with its folder when it is missing, unless ``read_only``.
        read_only: open an existing store without the right to change it.

    Raises:
        ConfigError: the file is no store, was written by a newer release, or cannot be opened.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._current: str | None = None
        if not read_only and not path.exists():
            _create(path)
        self._connection = _open(path, read_only=read_only)
        try:
            _check_schema(self._connection, path)
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        except ConfigError:
            self._connection.close()
            raise

    def begin_run(self, run: RunInfo) -> None:
        """Record a new run and make it the current one; a run of the same id is resumed and keeps its start."""
        with self._transaction():
            stored = self._find_run(run.id)
            plain = codec.dump_run(run)
            if stored is not None:
                plain["started"] = stored.started or run.started
            self._connection.execute(
                "INSERT INTO run (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
                (run.id, codec.to_text(plain)),
            )
        self._current = run.id

    def join_run(self, run_id: str) -> RunInfo:
        """Make a run begun by another process the current one here; ConfigError when it is not stored."""
        run = self.run(run_id)
        self._current = run_id
        return run

    def add_case(self, case: CaseResult, *, run_id: str | None = None) -> None:
        """Commit one case with all its measurements at once; a repeated case replaces its earlier result."""
        row = (
            self._run_id(run_id),
            case.id,
            case.verdict.value,
            case.standard,
            case.clause,
            codec.to_text(codec.dump_case(case)),
        )
        with self._transaction():
            try:
                self._connection.execute(
                    "INSERT INTO case_result (run_id, case_id, verdict, standard, clause, record)"
                    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, case_id) DO UPDATE SET"
                    " verdict = excluded.verdict, standard = excluded.standard, clause = excluded.clause,"
                    " record = excluded.record",
                    row,
                )
            except sqlite3.IntegrityError as error:
                raise self._no_such_run(row[0]) from error

    def finish_run(self, *, finished: str, exit_code: int, run_id: str | None = None) -> None:
        """Record when the run ended (ISO 8601) and its exit status."""
        run = self.run(self._run_id(run_id))
        run.finished = finished
        run.exit_code = exit_code
        with self._transaction():
            self._connection.execute(
                "UPDATE run SET record = ? WHERE id = ?", (codec.to_text(codec.dump_run(run)), run.id)
            )

    def run(self, run_id: str) -> RunInfo:
        """The stored run; ConfigError when there is none of that id."""
        run = self._find_run(run_id)
        if run is None:
            raise self._no_such_run(run_id)
        return run

    def runs(self) -> list[RunInfo]:
        """All runs, oldest first."""
        rows = self._connection.execute("SELECT record FROM run ORDER BY ordinal").fetchall()
        return [codec.load_run(json.loads(record)) for (record,) in rows]

    def latest_run(self) -> RunInfo | None:
        """The run begun last, or None in an empty store."""
        row = self._connection.execute("SELECT record FROM run ORDER BY ordinal DESC LIMIT 1").fetchone()
        return None if row is None else codec.load_run(json.loads(row[0]))

    def cases(self, run_id: str | None = None) -> list[CaseResult]:
        """The cases of a run in the order in which they were first recorded."""
        rows = self._connection.execute(
            "SELECT record FROM case_result WHERE run_id = ? ORDER BY ordinal", (self._run_id(run_id),)
        ).fetchall()
        return [codec.load_case(json.loads(record)) for (record,) in rows]

    def decided(self, run_id: str | None = None) -> frozenset[str]:
        """Ids of the cases that have a verdict already; a resumed run leaves them out."""
        rows = self._connection.execute(
            "SELECT case_id FROM case_result WHERE run_id = ?", (self._run_id(run_id),)
        ).fetchall()
        return frozenset(case_id for (case_id,) in rows)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        # immediate: the write lock is taken at once, so that two writers queue instead of failing half-way
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _find_run(self, run_id: str) -> RunInfo | None:
        row = self._connection.execute("SELECT record FROM run WHERE id = ?", (run_id,)).fetchone()
        return None if row is None else codec.load_run(json.loads(row[0]))

    def _run_id(self, run_id: str | None) -> str:
        chosen = run_id or self._current
        if chosen is None:
            latest = self.latest_run()
            if latest is None:
                raise ConfigError("the store holds no run", file=str(self.path), hint="begin or name a run")
            chosen = latest.id
        return chosen

    def _no_such_run(self, run_id: str) -> ConfigError:
        known = ", ".join(run.id for run in self.runs()[-5:]) or "none"
        return ConfigError(
            "no such run", file=str(self.path), key="run", value=run_id, hint=f"runs in this store: {known}"
        )


def _create(path: Path) -> None:
    """Make an empty store beside its place and link it there whole.

    Two processes may create at the same moment, and either may die half-way: what carries the name is always complete.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")
        finally:
            connection.close()
        _publish(draft, path)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError("cannot make the result store", file=str(path), hint=str(error)) from error


def _publish(draft: Path, path: Path) -> None:
    """Give the draft its name, unless another process was first."""
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:
        # a file system without hard links: the check and the move are not one step there, which two processes that
        # start at the same instant could notice; a run has one process that begins it
        if not path.exists():
            draft.replace(path)
    draft.unlink(missing_ok=True)


def _open(path: Path, *, read_only: bool) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    try:
        return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    except sqlite3.Error as error:
        hint = str(error) if path.exists() else "there is no such file; give the folder of an earlier run"
        raise ConfigError("cannot open the result store", file=str(path), hint=hint) from error


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise ConfigError("not a result store", file=str(path), hint=str(error)) from error
    if application != APPLICATION_ID:
        raise ConfigError("not a result store", file=str(path), hint="name a store written by this program")
    if version != SCHEMA_VERSION:
        raise ConfigError(
            "the store has another schema version",
            file=str(path),
            key="user_version",
            value=version,
            hint=f"this release reads version {SCHEMA_VERSION}: use the release that wrote it, or another folder",
        )
