"""The database: two ways in, `read()` and `write()`, made in wiring and passed on. Nobody else commits."""

import asyncio
import copy
import json
import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypedDict, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import JSON, DateTime, MetaData, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    PendingRollbackError,
    ProgrammingError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

from crm_core import sqlite_driver
from crm_core.sqlite_connection import SqliteConnection

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

CONNECT_SECONDS = 10.0
"""How long a database server may take to answer; a start that waits longer looks like one that hangs."""

OUR_NAME = f"firstring {os.getpid()} on {socket.gethostname()}"[:63]
"""How the database's server lists us among those who use it."""

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class KeyLookedAt(TypedDict):
    """When a foreign key is."""

    deferrable: bool
    initially: str


LATER = KeyLookedAt(deferrable=True, initially="DEFERRED")
"""For a key into its own table: a row may be copied before the one it names. Looked at when the transaction ends."""

Guard = Callable[[AsyncConnection], Awaitable[None]]
"""Looks, at the beginning of a transaction, whether it may be."""

UTC_ZONE = ZoneInfo("UTC")
ZONE = "firstring_zone"
"""The execution option by which a connection knows it."""

OUR_OWN_FAULT = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
OUR_OWN = ("0A", "21", "22", "54")
"""How SQLSTATEs begin of which SQLAlchemy makes none of those: what cannot be done, wrong values, too much at once."""

PASSING = ("08", "25P03", "25P04", "40", "53", "55P03", "57", "58")
"""How SQLSTATEs begin by which PostgreSQL says: cut off, ended for standing or lasting too long, deadlock, no room, a lock not
to be had in time, cancelled or shutting down, trouble with its disk."""


class UtcTime(TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite keeps no zone, so it is taken off on the way in and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        moment = value if value.tzinfo is UTC else value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def moment(epoch_seconds: float | None) -> datetime | None:
    """Epoch seconds as the exchange's side counts them → an aware moment."""
    return None if epoch_seconds is None else datetime.fromtimestamp(epoch_seconds, UTC)


def database_trouble(error: BaseException) -> str | None:
    """In one line what keeps the database or a file from us (gone, locked, disk full); None if the error is another matter."""
    if isinstance(error, BaseExceptionGroup):
        troubles = [database_trouble(one) for one in error.exceptions]
        return troubles[0] if all(troubles) else None
    if isinstance(error, DBAPIError) and not isinstance(error, OUR_OWN_FAULT) and not _sqlstate(error).startswith(OUR_OWN):
        return "the database does not answer: " + " ".join(str(error.orig).split())[:200]
    if isinstance(error, OSError):
        return f"database or disk: {error}" if str(error) else f"database or disk: {type(error).__name__}"
    return None


def is_passing(error: BaseException) -> bool:
    """Whether the database was in the way of what was to be done, not what was to be done itself: the same is to be tried again.

    Asked where one thing is given up so that it stops no other. SQLAlchemy makes no OperationalError of what PostgreSQL says,
    and asyncpg's InterfaceError is also that of too many arguments; SQLite's is that of a statement it cannot do, too.
    """
    if isinstance(error, PendingRollbackError):  # cut off in the middle of the transaction
        return True
    if isinstance(error, OperationalError):
        return getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or _sqlstate(error).startswith(PASSING)


def _sqlstate(error: DBAPIError) -> str:
    """What PostgreSQL calls it, or nothing."""
    return getattr(error.orig, "sqlstate", None) or ""


def is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


class Database:
    """SQLite (WAL, every commit on disk) or PostgreSQL behind `read()` and `write()`.

    On SQLite writers take the lock at BEGIN: the driver's default, taking it at the first write,
    loses concurrent read-modify-writes without an error. `zone`: the installation's, which its connections tell (`zone_of`).
    """

    def __init__(self, url: str, zone: ZoneInfo = UTC_ZONE) -> None:
        self.url = url
        self.zone = zone
        self.is_sqlite = is_sqlite(url)
        self._committed: list[Callable[[], None]] = []
        self._guard: Guard | None = None
        self._reader = self._engine("BEGIN")
        self._writer = self._engine("BEGIN IMMEDIATE", pool_size=1) if self.is_sqlite else self._reader
        self._one_writer = asyncio.Lock()

    def on_commit(self, hint: Callable[[], None]) -> None:
        """Have `hint` called after each commit; losing the hint may cost time, never data."""
        self._committed.append(hint)

    def guarded(self, guard: Guard) -> "Database":
        """The same database, whose transactions begin with `guard`: what it raises keeps them from being."""
        twin = copy.copy(self)
        twin._guard = guard
        return twin

    def quiet(self) -> "Database":
        """The same database, whose commits are nobody's business."""
        twin = copy.copy(self)
        twin._committed = []
        return twin

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one consistent moment; nothing done through it is kept."""
        async with self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def moment(self) -> AsyncIterator[AsyncConnection]:
        """As `read()`, and all that is read is of the same moment, however long it takes and whoever writes meanwhile."""
        async with self._reader.connect() as connection:
            if not self.is_sqlite:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends well, undone when it raises."""
        if self.is_sqlite:
            async with self._one_writer, self._writer.begin() as tx:
                await self._guarded(tx)
                yield tx
        else:
            async with self._writer.begin() as tx:
                await self._guarded(tx)
                yield tx
        for hint in self._committed:
            hint()

    async def _guarded(self, tx: AsyncConnection) -> None:
        if self._guard is not None:
            await self._guard(tx)

    async def close(self) -> None:
        await self._reader.dispose()
        if self._writer is not self._reader:
            await self._writer.dispose()

    def _engine(self, begin: str, **options: Any) -> AsyncEngine:
        options |= {"json_serializer": _to_json, "json_deserializer": _from_json, "execution_options": {ZONE: self.zone}}
        options["hide_parameters"] = True  # what was to be written, numbers and words of customers, would stand in the log
        if not self.is_sqlite:
            connect = {"timeout": CONNECT_SECONDS, "server_settings": {"application_name": OUR_NAME}}
            return create_async_engine(self.url, pool_size=10, pool_pre_ping=True, connect_args=connect, **options)
        driver = {"factory": SqliteConnection, "only_reads": begin == "BEGIN"}
        engine = sqlite_driver.Engine(create_async_engine(self.url, connect_args=driver, **options).sync_engine)
        event.listen(engine.sync_engine, "do_connect", sqlite_driver.connect)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine


def _to_json(value: Any) -> str:
    """By msgspec, at a tenth of the cost: a call's rows have a dozen such values. What only `json` can write it writes."""
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError):
        return json.dumps(value)


def _from_json(text: str | bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)


def zone_of(connection: AsyncConnection) -> ZoneInfo:
    """The installation's time zone: what runs deep inside a transaction has no settings at hand."""
    opened = connection.sync_connection
    zone: ZoneInfo = UTC_ZONE if opened is None else opened.get_execution_options().get(ZONE, UTC_ZONE)
    return zone


async def in_one_step(connection: AsyncConnection, deed: Coroutine[Any, Any, T]) -> T:
    """Do what asks many statements of this connection, and waits for nothing else.

    On SQLite in the connection's thread, where each is asked on the spot: otherwise each is a way there and back, and waits
    for whatever else this process does. A long deed of much thought and few statements is better left where it is.
    """
    if connection.dialect.name != "sqlite":
        return await deed
    driver: Any = (await connection.get_raw_connection()).driver_connection
    whole: Coroutine[Any, Any, T] = driver.run_whole(deed)
    return await whole


async def one_at_a_time(tx: AsyncConnection, deed: int) -> None:
    """Wait until no other transaction does this deed (a number of our own). SQLite lets one writer in anyway."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:deed)"), {"deed": deed})


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _choose_wal(cursor)
    cursor.close()
    # SQLite's own lower() knows only ASCII; people search for names in Cyrillic.
    connection.create_function("lower", 1, lambda value: value if value is None else str(value).lower(), deterministic=True)


def _choose_wal(cursor: Any) -> None:
    """WAL is kept in the file. SQLite does not wait for the lock it takes to change to it: whoever holds it is changing now."""
    cursor.execute("PRAGMA journal_mode")
    if cursor.fetchone()[0] == "wal":
        return
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
