"""People and programs that may use the command center: names, roles, passwords as hashes, and the tokens they were given.

Accounts are in the center's database and may be changed by any process; a token holds as long as its account is what it
was when the token was given, which is looked up in the database once in ``LoginRules.checked_s``. Every change stands
in the audit trail.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from rig.clock import Clock
from rig.errors import ConfigError, RigError
from rig.ncc.items import seconds_of
from rig.ncc.service import ROLES, Actor, Role
from rig.ncc.store import AuditRow, StoreError
from rig.ncc.store_tables import AUDIT

_SALT_OCTETS: Final = 16
_LEAST_PASSWORD: Final = 10
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

ACCOUNTS: Final = MetaData()
ACCOUNT: Final = Table(
    "account",
    ACCOUNTS,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("salt", LargeBinary(_SALT_OCTETS), nullable=False),
    Column("hash", LargeBinary(64), nullable=False),
)


class LoginError(RigError):
    """Name and password do not fit, or too many tries were made; it does not say which."""


@dataclass(frozen=True, slots=True)
class LoginRules:
    """Bounds of logins: life of a token, tries before a name is shut, for how long, and tokens held at once.

    ``checked_s``: how long what the database said of an account holds for its tokens. ``cost`` of a password hash (N of RFC 7914): 2**14 takes a twentieth of a second and 16 MiB.
    """

    token_s: float = 3600.0
    checked_s: float = 1.0
    tries: int = 5
    shut_s: float = 60.0
    tokens: int = 10_000
    tokens_a_name: int = 100
    names: int = 10_000
    cost: int = 2**14


class _Token(NamedTuple):
    """A token that was given."""

    actor: Actor
    until_s: float
    #: salt of the account then: every change of an account draws another
    salt: bytes


class Accounts:
    """Accounts in the center's database; tokens live in memory only and end with the process.

    Safe to be used from several threads as far as ``login`` and ``actor`` go: each call works on its own connection.
    """

    def __init__(self, engine: Engine, clock: Clock, rules: LoginRules = LoginRules()) -> None:
        self._engine = engine
        self._clock = clock
        self.rules = rules
        #: SHA-256 of a token -> who has it
        self._tokens: dict[bytes, _Token] = {}
        #: name -> salt of its account, None without one, and until when that is believed
        self._known: dict[str, tuple[bytes | None, float]] = {}
        #: name -> tries in vain, and until when it is shut
        self._vain: dict[str, tuple[int, float]] = {}
        #: logins run in threads of their own
        self._lock = threading.Lock()
        with self._writing() as connection:
            ACCOUNTS.create_all(connection)

    def set_account(self, name: str, role: str, password: str, *, by: str = "rig") -> None:
        """Add or replace an account; tokens it was given before end. ``by``: who does it, for the audit trail.

        Raises:
            ConfigError: no usable name, no such role, or a password that is too short.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(
                "no usable name", key="name", value=name, hint="letters, digits, . _ - up to 64"
            )
        if role not in ROLES:
            raise ConfigError("no such role", key="role", value=role, hint=f"one of {', '.join(ROLES)}")
        if len(password) < _LEAST_PASSWORD:
            raise ConfigError(
                "the password is too short", key="password", hint=f"{_LEAST_PASSWORD} characters or more"
            )
        salt = secrets.token_bytes(_SALT_OCTETS)
        hashed = self._hash(password, salt)
        with self._writing() as connection:
            connection.execute(delete(ACCOUNT).where(ACCOUNT.c.name == name))
            connection.execute(insert(ACCOUNT).values(name=name, role=role, salt=salt, hash=hashed))
            self._trail(connection, by, "set account", f"{name}: {role}")
        self._forget(name)

    def drop_account(self, name: str, *, by: str = "rig") -> None:
        """Remove an account and its tokens. ``by``: who does it, for the audit trail.

        Raises:
            ConfigError: there is none of this name.
        """
        with self._writing() as connection:
            if connection.execute(delete(ACCOUNT).where(ACCOUNT.c.name == name)).rowcount == 0:
                raise ConfigError("no such account", key="name", value=name)
            self._trail(connection, by, "drop account", name)
        self._forget(name)

    def accounts(self) -> tuple[Actor, ...]:
        """Every account by name."""
        with self._reading() as connection:
            rows = connection.execute(select(ACCOUNT.c.name, ACCOUNT.c.role).order_by(ACCOUNT.c.name)).all()
        return tuple(Actor(row.name, row.role) for row in rows)

    def login(self, name: str, password: str) -> tuple[str, Actor]:
        """A fresh token for a name and its password.

        Raises:
            LoginError: they do not fit, or the name is shut after too many tries in vain.
        """
        with self._lock:
            asked_s = self._refuse_shut(name)
        with self._reading() as connection:
            row = connection.execute(select(ACCOUNT).where(ACCOUNT.c.name == name)).first()
        # an unknown name takes as long as a known one, so that names cannot be guessed by the time
        salt = bytes(row.salt) if row is not None else bytes(_SALT_OCTETS)
        given = self._hash(password, salt)
        with self._lock:
            # the hash took a while: others may have used up the tries meanwhile, and then this one is one too many
            now_s = self._refuse_shut(name)
            if row is None or not hmac.compare_digest(given, bytes(row.hash)):
                self._count(name, self._vain.get(name, (0, 0.0))[0] + 1, now_s)
                raise LoginError("login refused")
            self._vain.pop(name, None)
            self._known[name] = salt, asked_s + self.rules.checked_s
            return self._issue(_Token(Actor(row.name, row.role), now_s + self.rules.token_s, salt), now_s)

    def actor(self, token: str) -> Actor | None:
        """Whose token it is; None when it is nobody's, its time is over, or its account was changed or dropped.

        Raises:
            StoreError: the database cannot be asked.
        """
        key = _digest(token)
        now_s = self._clock.now_s()
        with self._lock:
            held = self._tokens.get(key)
            if held is None:
                return None
            salt, until_s = self._known.get(held.actor.name, (None, 0.0))
        if now_s < held.until_s and (now_s >= until_s or salt != held.salt):
            salt = self._salt(held.actor.name)
            with self._lock:
                self._known[held.actor.name] = salt, now_s + self.rules.checked_s
        if now_s < held.until_s and salt == held.salt:
            return held.actor
        with self._lock:
            self._tokens.pop(key, None)
        return None

    def logout(self, token: str) -> None:
        """End a token."""
        with self._lock:
            self._tokens.pop(_digest(token), None)

    def _issue(self, made: _Token, now_s: float) -> tuple[str, Actor]:
        if len(self._tokens) >= self.rules.tokens:
            self._tokens = {key: held for key, held in self._tokens.items() if held.until_s > now_s}
        if len(self._tokens) >= self.rules.tokens:
            raise LoginError("too many logins at once")
        own = [key for key, held in self._tokens.items() if held.actor.name == made.actor.name]
        for key in own[: max(0, len(own) - self.rules.tokens_a_name + 1)]:
            # one account must not use up what there is for all: its oldest token ends
            del self._tokens[key]
        token = secrets.token_urlsafe(32)
        self._tokens[_digest(token)] = made
        return token, made.actor

    def _refuse_shut(self, name: str) -> float:
        """Refuse a name that is shut; else the time now, s. The lock is held.

        Raises:
            LoginError: it is shut.
        """
        now_s = self._clock.now_s()
        if now_s < self._vain.get(name, (0, 0.0))[1]:
            raise LoginError("login refused")
        return now_s

    def _count(self, name: str, tries: int, now_s: float) -> None:
        if name not in self._vain and len(self._vain) >= self.rules.names:
            self._vain = {key: held for key, held in self._vain.items() if held[1] > now_s}
        if tries >= self.rules.tries:
            self._vain[name] = (0, now_s + self.rules.shut_s)
        elif name in self._vain or len(self._vain) < self.rules.names:
            self._vain[name] = (tries, 0.0)

    def _hash(self, password: str, salt: bytes) -> bytes:
        return hashlib.scrypt(password.encode(), salt=salt, n=self.rules.cost, r=8, p=1, maxmem=2**26)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)
            self._tokens = {key: held for key, held in self._tokens.items() if held.actor.name != name}

    def _salt(self, name: str) -> bytes | None:
        """Salt of an account as the database has it now; None: there is no such account."""
        with self._reading() as connection:
            row = connection.execute(select(ACCOUNT.c.salt).where(ACCOUNT.c.name == name)).first()
        return None if row is None else bytes(row.salt)

    def _trail(self, connection: Connection, by: str, action: str, detail: str) -> None:
        """A line of the audit trail, durable with what it tells."""
        line = AuditRow(seconds_of(self._clock.wall()), by[:64], action, "", detail, "done")
        connection.execute(insert(AUDIT).values(line._asdict()))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _failure(error) from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _failure(error) from error


def _failure(error: SQLAlchemyError) -> StoreError:
    return StoreError(f"accounts: {type(error).__name__}")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


__all__ = ["Accounts", "LoginError", "LoginRules", "Role"]
