"""Tables of the command center's database, and the version by which an older or newer one is refused.

Readings are whole numbers scaled by the decimals of their quantity, so that energy stays exact in every database. The
day leads their key: what arrives together lies together, and a query names the days it wants.
"""

from __future__ import annotations

import hashlib
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
)

from rig.ncc.items import all_quantities

SCHEMA_VERSION: Final = 2

METADATA: Final = MetaData()

META: Final = Table(
    "meta", METADATA, Column("name", String(32), primary_key=True), Column("value", Text, nullable=False)
)
QUANTITY: Final = Table(
    "quantity",
    METADATA,
    Column("code", Integer, primary_key=True, autoincrement=False),
    Column("id", String(64), nullable=False, unique=True),
    Column("unit", String(32), nullable=False),
    Column("decimals", SmallInteger, nullable=False),
)
TERMINAL: Final = Table(
    "terminal",
    METADATA,
    Column("terminal", BigInteger, primary_key=True, autoincrement=False),
    Column("role", String(16), nullable=False),
    Column("password", LargeBinary(16), nullable=False),
    Column("heartbeat_s", Float, nullable=False),
)
POINT: Final = Table(
    "point",
    METADATA,
    Column("terminal", BigInteger, nullable=False),
    Column("point", SmallInteger, nullable=False),
    Column("meter", String(12), nullable=False, index=True),
    Column("port", SmallInteger, nullable=False),
    Column("protocol", SmallInteger, nullable=False),
    Column("tariffs", SmallInteger, nullable=False),
    Column("speed_code", SmallInteger, nullable=False),
    Column("collector", String(12), nullable=False),
    Column("big_class", SmallInteger, nullable=False),
    Column("small_class", SmallInteger, nullable=False),
    PrimaryKeyConstraint("terminal", "point"),
)
TASK: Final = Table(
    "task",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("definition", Text, nullable=False),
)
READING: Final = Table(
    "reading",
    METADATA,
    Column("day", Integer, nullable=False),
    Column("terminal", BigInteger, nullable=False),
    Column("point", SmallInteger, nullable=False),
    Column("item", Integer, nullable=False),
    Column("second", Integer, nullable=False),
    Column("tariff", SmallInteger, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("received", Integer, nullable=False),
    Column("source", SmallInteger, nullable=False),
    PrimaryKeyConstraint("day", "terminal", "point", "item", "second", "tariff"),
    sqlite_with_rowid=False,
)
EVENT: Final = Table(
    "event",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("terminal", BigInteger, nullable=False, index=True),
    Column("important", Boolean, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("erc", SmallInteger, nullable=False),
    # a terminal's clock may be decades off
    Column("occurred", BigInteger),
    Column("received", Integer, nullable=False),
    Column("point", SmallInteger),
    Column("content", Text, nullable=False),
    Column("digest", String(32), nullable=False, unique=True),
)
#: what is known of terminals' clocks; a terminal without a row has a good one
CLOCK: Final = Table(
    "clock",
    METADATA,
    Column("terminal", BigInteger, primary_key=True, autoincrement=False),
    Column("faulty", Boolean, nullable=False),
    # when it was corrected, a JSON list of seconds
    Column("corrected", Text, nullable=False),
)
AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("moment", Integer, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("terminal", String(16), nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("outcome", Text, nullable=False),
)


def quantities_digest() -> str:
    """Fingerprint of the meaning of quantity codes; a database written with another one is refused."""
    rows = sorted((row.code, row.id, row.unit, row.decimals) for row in all_quantities().values())
    return hashlib.sha256(repr(rows).encode()).hexdigest()
