"""Which database a URL means, and how it is shown to people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from rig.errors import ConfigError


def no_database(url: str) -> ConfigError:
    """There is none, and none is to be made."""
    return ConfigError(
        "no database of a command center", key="store", value=shown(url), hint="rig ncc serve makes one"
    )


def open_url(url: str, *, create: bool) -> tuple[Engine, Any]:
    """Engine and writer class of a URL.

    Raises:
        ConfigError: it is none, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    kind = parsed.get_backend_name() if parsed is not None else ""
    if parsed is not None and kind == "sqlite":
        from rig.ncc.store_sqlite import SqliteWriter, is_absent, sqlite_engine

        if not create and is_absent(parsed):
            raise no_database(url)
        return sqlite_engine(parsed), SqliteWriter
    if parsed is not None and kind == "postgresql":
        try:
            from rig.ncc.store_postgresql import PostgresqlWriter
        except ImportError as error:
            raise ConfigError(
                f"PostgreSQL needs a driver that is not installed ({error.name})",
                key="store",
                value=shown(url),
                hint="install smart-meter-rig[ncc]",
            ) from error
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        return engine, PostgresqlWriter
    raise ConfigError(
        "no such database",
        key="store",
        value=shown(url),
        hint="sqlite:///file.db or postgresql://user@host:port/name",
    )


def shown(url: str) -> str:
    """The URL without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url
