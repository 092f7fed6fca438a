"""Rows of a time out of a table in the exchange's own database, MySQL/MariaDB or PostgreSQL: nothing is held but a few hundred.

Every column is asked for as the bytes that are stored: what a caller sent need not be text in any encoding. Times are local there
(FreePBX), or have an offset, or are seconds. Only SELECT is used.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import URL, ColumnElement, LargeBinary, TableClause, Text, cast, column, func, literal, select, table, text
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from crm_core.exchanges.record_sources import SqlKind, SqlSource
from pbx.records import troubles
from pbx.records.local_time import LocalTimes
from pbx.records.troubles import OutOfReach

CHUNK = 500
CONNECT = 10.0  # seconds
CLOSE = 3.0
EDGE = 3700.0
"""Seconds by which local times may be off around a change of the clock."""
_SAMPLE = 200
_DRIVERS = {SqlKind.MYSQL: "mysql+aiomysql", SqlKind.POSTGRESQL: "postgresql+asyncpg"}
_NO_LOGIN = frozenset([1044, 1045, 1698, 1049, "28P01", "28000", "3D000"])
_NO_TABLE = frozenset([1146, 1054, "42P01", "42703"])
_NO_RIGHT = frozenset([1142, 1143, "42501"])

TableRow = dict[str, Any]


class RecordsTable:
    """One table of an open connection. `time` names its column of times, by which (or by its `id`) it is read."""

    def __init__(self, connection: AsyncConnection, source: SqlSource, columns: Sequence[str], time: str) -> None:
        self._connection = connection
        self._mysql = source.kind is SqlKind.MYSQL
        schema, _, name = source.table.rpartition(".")
        self._table: TableClause = table(name, *(column(one) for one in columns), schema=schema or None)
        self._names = {one.lower(): one for one in columns}
        self._time = self._column(time)
        self._uid = next((name for name in ("uniqueid", "callid") if name in self._names), None)
        self.unfinished = False  # rows are on their way that nobody will read
        self._seconds = False  # times are epoch seconds
        self._offset = False  # times have an offset: the database knows the moment
        self._written = False  # times are text, which PostgreSQL compares with nothing else

    def _column(self, name: str) -> ColumnElement[Any]:
        return self._table.c[self._names[name]]

    @property
    def key(self) -> str | None:
        return "id" if "id" in self._names else None

    async def learn(self, times: LocalTimes) -> None:
        """How its times are written, by the newest rows."""
        wanted = [self._bytes(self._time), *([self._bytes(self._column(self._uid))] if self._uid else [])]
        newest = self._column("id") if self.key else self._time
        if not self._mysql:
            kind = await self._connection.scalar(select(cast(func.pg_typeof(self._time), Text)).limit(1))
            self._written = str(kind) in ("text", "character varying", "character")
        rows = (await self._connection.execute(select(*wanted).order_by(newest.desc()).limit(_SAMPLE))).all()
        for row in reversed(rows):
            written, uid = [(value or b"").decode(errors="replace") for value in (*row, b"")[:2]]
            self._seconds = self._seconds or written.replace(".", "", 1).isdecimal()
            try:
                times.moment(written, uid)
                self._offset = self._offset or (not self._seconds and datetime.fromisoformat(written).tzinfo is not None)
            except ValueError:
                continue

    async def oldest(self) -> bytes | None:
        """The time of its first row."""
        first = self._column("id") if self.key else self._time
        return await self._connection.scalar(select(self._bytes(self._time)).order_by(first).limit(1))

    async def rows(self, since: float, until: float, times: LocalTimes) -> AsyncIterator[list[TableRow]]:
        """Chunks of rows whose time is about between the two, in the order in which they were written."""
        within = [self._time >= self._bound(since - EDGE, times), self._time <= self._bound(until + EDGE, times)]
        order = self._time
        if self.key:
            order = self._column("id")
            first = await self._first_id(within[0])
            within += [order >= first] if first is not None else []
        shown = [self._bytes(self._table.c[name]).label(low) for low, name in self._names.items()]
        query = select(*shown).where(*within).order_by(order).execution_options(yield_per=CHUNK)
        self.unfinished = True
        result = await self._connection.stream(query)
        async for some in result.mappings().partitions(CHUNK):
            yield [dict(row) for row in some]
        self.unfinished = False

    async def _first_id(self, reached: ColumnElement[bool]) -> int | None:
        """From which id on the time is reached: FreePBX keeps no index on the times of CEL, and ids grow with them."""
        ids = self._column("id")
        low, high = (await self._connection.execute(select(func.min(ids), func.max(ids)))).one()
        if not isinstance(low, int) or not isinstance(high, int):
            return None
        while high - low > CHUNK:
            middle = (low + high) // 2
            some = select(self._time.label("time")).where(ids >= middle).order_by(ids).limit(5).subquery()
            met = await self._connection.scalar(select(func.count()).select_from(some).where(some.c.time >= _bound_of(reached)))
            low, high = (low, middle) if met else (middle, high)
        return low

    def _bound(self, moment: float, times: LocalTimes) -> ColumnElement[Any]:
        if self._written:
            return literal(str(int(moment)) if self._seconds else times.local(moment).isoformat(" "), Text)
        if self._seconds:
            return literal(int(moment))
        if self._offset:
            return literal(datetime.fromtimestamp(moment, UTC), sqltypes.DateTime(timezone=True))
        return literal(times.local(moment), mysql.DATETIME(fsp=6) if self._mysql else sqltypes.DateTime())

    def _bytes(self, one: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(one, LargeBinary) if self._mysql else func.textsend(cast(one, Text), type_=LargeBinary)


def _bound_of(reached: ColumnElement[bool]) -> ColumnElement[Any]:
    return reached.right  # type: ignore[no-any-return]


@asynccontextmanager
async def opened(source: SqlSource, time: Sequence[str], within: float) -> AsyncIterator[RecordsTable]:
    """The table, for so many seconds at most; `time`: what its column of times may be called. Raises OutOfReach."""
    try:
        async with asyncio.timeout(within), _connected(source) as connection:
            columns = list((await connection.execute(_no_rows(source))).keys())
            named = next((name for name in time if name in {one.lower() for one in columns}), None)
            if named is None:
                raise OutOfReach(troubles.NO_TABLE)
            found = RecordsTable(connection, source, columns, named)
            try:
                yield found
            finally:
                if found.unfinished:  # MySQL's driver would read all that is left, for as long as the server takes
                    await _end(connection.invalidate())
    except DBAPIError as error:
        raise OutOfReach(_why(error.orig)) from error
    except (TimeoutError, OSError, SQLAlchemyError) as error:
        raise OutOfReach(troubles.NO_SERVER) from error


def _no_rows(source: SqlSource) -> Any:
    schema, _, name = source.table.rpartition(".")
    return select(text("*")).select_from(table(name, schema=schema or None)).limit(0)


@asynccontextmanager
async def _connected(source: SqlSource) -> AsyncIterator[AsyncConnection]:
    try:
        engine = create_async_engine(_url(source), poolclass=NullPool, connect_args=_arguments(source))
    except ModuleNotFoundError as error:
        raise OutOfReach(troubles.NO_DRIVER) from error
    try:
        connection = await _connect(engine)
        try:
            yield connection
        finally:
            await _end(connection.close())
    finally:
        await engine.dispose()


async def _end(closing: Coroutine[Any, Any, None]) -> None:
    """A server that says nothing more is not waited for."""
    with suppress(TimeoutError, SQLAlchemyError, OSError):
        async with asyncio.timeout(CLOSE):
            await closing


async def _connect(engine: AsyncEngine) -> AsyncConnection:
    """The drivers raise errors of their own kinds here; which ones, only those who have installed them could name."""
    attempt = asyncio.create_task(_opening(engine))
    try:
        return await asyncio.shield(attempt)
    except asyncio.CancelledError:
        # Not in the driver: of Python 3.11 its wait may forget that it was cancelled, and whoever ends us would wait for good.
        attempt.cancel()
        await asyncio.wait([attempt], timeout=CLOSE)
        if attempt.done() and not attempt.cancelled() and attempt.exception() is None:
            await _end(attempt.result().invalidate())
        raise
    except DBAPIError as error:
        raise OutOfReach(_why(error.orig)) from error
    except Exception as error:
        raise OutOfReach(_why(error)) from error


async def _opening(engine: AsyncEngine) -> AsyncConnection:
    return await engine.connect()


def _url(source: SqlSource) -> URL:
    socket = source.host.startswith("/")
    return URL.create(
        _DRIVERS[source.kind], source.user, source.password or None, None if socket else source.host,
        None if socket else source.port, source.database,
    )  # fmt: skip


def _arguments(source: SqlSource) -> dict[str, Any]:
    socket = source.host if source.host.startswith("/") else None
    if source.kind is SqlKind.MYSQL:
        found: dict[str, Any] = {"connect_timeout": CONNECT, "charset": "utf8mb4"}
        return {**found, "unix_socket": socket} if socket else found
    asked = {"timezone": "UTC", "default_transaction_read_only": "on"}
    found = {"timeout": CONNECT, "server_settings": asked, "ssl": "prefer"}
    return {**found, "host": socket, "port": source.port, "ssl": False} if socket else found


def _why(error: BaseException | None) -> str:
    """Of the database's own words nothing is shown: they may name what was asked with."""
    cause = error
    while cause is not None:
        codes = {getattr(cause, "sqlstate", None), *(one for one in cause.args[:1] if isinstance(one, int))}
        for known, words in ((_NO_LOGIN, troubles.NO_LOGIN), (_NO_TABLE, troubles.NO_TABLE), (_NO_RIGHT, troubles.NO_RIGHT)):
            if codes & known:
                return words
        cause = cause.__cause__
    return troubles.NO_SERVER
