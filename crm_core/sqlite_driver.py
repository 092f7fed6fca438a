"""The driver to SQLite, one step to its thread and back for each statement, or for as many as one likes.

aiosqlite goes there for the cursor, the statement, its rows and the cursor's end: four steps. Each waits for the other
thread to be woken and, where this one is busy, for the interpreter: under load that was most of what a statement cost.
`run_whole` takes a coroutine there: whatever it asks of this connection is then asked on the spot.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import CursorResult, Dialect, Executable
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import await_only

T = TypeVar("T")

_BRING_NOTHING = ("BEGIN", "SAVEPOINT ", "RELEASE SAVEPOINT ")
_whole = threading.local()
"""Of a thread: whether `run_whole` is at work in it."""


def connect(dialect: Dialect, _record: Any, place: Sequence[Any], options: dict[str, Any]) -> "Adapted":
    """For SQLAlchemy's event `do_connect`; `options` as `sqlite3.connect` takes them, and `only_reads`."""
    return Adapted(dialect.loaded_dbapi, await_only(_open(*place, **options)))  # type: ignore[arg-type]  # of cursors it asks less


async def _open(file: str, *, only_reads: bool, **options: Any) -> "Connection":
    connection = Connection(partial(sqlite3.connect, file, **options), only_reads=only_reads)
    connection._thread.daemon = True  # as SQLAlchemy has it: a connection left open keeps no process from ending
    try:
        await connection
    except BaseException:
        # Its thread tells this loop of its end, which must not be closed before: the thread would die of it, in our log.
        if connection.end:
            await connection.end
        raise
    return connection


class OnTheSpot(AsyncConnection):
    """A connection which in its own thread asks at once, and waits for nothing."""

    __slots__ = ()

    async def execute(self, statement: Executable, parameters: Any = None, *, execution_options: Any = None) -> CursorResult[Any]:
        if not getattr(_whole, "runs", False):
            return await super().execute(statement, parameters, execution_options=execution_options)
        return self._proxied.execute(statement, parameters, execution_options=execution_options)


class Engine(AsyncEngine):
    """Whose connections are such."""

    _connection_cls = OnTheSpot


class Adapted(AsyncAdapt_aiosqlite_connection):
    """The driver as SQLAlchemy wants it; in its own thread what is asked goes straight to SQLite."""

    __slots__ = ()

    def cursor(self, server_side: bool = False) -> Any:
        driver: Any = self._connection
        return driver.raw_cursor() if driver.is_here() else super().cursor(server_side)


class Connection(aiosqlite.Connection):
    """What begins or ends a part of a transaction brings nothing back, so it goes along with the statement after it."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], *, only_reads: bool) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self.end: asyncio.Future[None] | None = None
        """Of its thread, once it was told to stop."""
        self._first: list[str] = []
        self._left_alone = False
        self._only_reads = only_reads

    def stop(self) -> asyncio.Future[None] | None:
        self.end = super().stop()
        return self.end

    def cursor(self) -> "Cursor":  # type: ignore[override]  # SQLAlchemy enters it before use, as it enters theirs
        return Cursor(self)

    async def commit(self) -> None:
        if self._may_have_begun():
            await self.run(lambda raw: raw.commit())
        self._first.clear()

    async def rollback(self) -> None:
        """The end of what only read is not waited for: whatever is asked of this connection afterwards comes after it."""
        self._first.clear()
        if not self._may_have_begun():
            return
        if self._only_reads and not self._left_alone:
            self._tx.put_nowait((None, self._conn.rollback))
        else:
            await self.run(lambda raw: raw.rollback())

    async def run(self, statement: Callable[[sqlite3.Connection], None]) -> None:
        """In the connection's thread."""
        first, self._first = self._first, []
        try:
            await self._execute(self._in_thread, first, statement)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            self._left_alone = True
            raise

    async def run_whole(self, deed: Coroutine[Any, Any, T]) -> T:
        """A coroutine that waits for nothing but this connection, in the connection's thread.

        Who is cancelled meanwhile waits for its end: the connection is not used from two threads at once.
        """
        first, self._first = self._first, []
        whole = partial(_to_its_end, self._conn, first, deed)
        under_way: asyncio.Task[T] = asyncio.ensure_future(self._execute(copy_context().run, whole))  # type: ignore[no-untyped-call]
        try:
            return await asyncio.shield(under_way)
        finally:
            while not under_way.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([under_way])
            deed.close()

    def run_first(self, statement: str) -> None:
        """Before the next one."""
        self._first.append(statement)

    def is_here(self) -> bool:
        """Whether the connection's thread asks."""
        return threading.get_ident() == self._thread.ident

    def raw_cursor(self) -> sqlite3.Cursor:
        """In the connection's thread."""
        return self._conn.cursor()

    def _may_have_begun(self) -> bool:
        """A statement left alone (its task was cancelled) may begin a transaction at any moment."""
        return self._left_alone or self.in_transaction

    def _in_thread(self, first: Sequence[str], statement: Callable[[sqlite3.Connection], None]) -> None:
        _begin(self._conn, first)
        statement(self._conn)


def _begin(raw: sqlite3.Connection, first: Sequence[str]) -> None:
    for one in first:
        raw.execute(one).close()


def _to_its_end(raw: sqlite3.Connection, first: Sequence[str], deed: Coroutine[Any, Any, T]) -> T:
    """In the connection's thread."""
    _whole.runs = True
    try:
        _begin(raw, first)
        deed.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        _whole.runs = False
        deed.close()
    raise RuntimeError("it waits for something else than its connection")


class Cursor:
    """What a statement brought, as SQLAlchemy asks for it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        if statement.startswith(_BRING_NOTHING):
            self._connection.run_first(statement)
            return
        await self._connection.run(lambda raw: self._run(raw, lambda cursor: cursor.execute(statement, parameters)))

    async def executemany(self, statement: str, rows: Any) -> None:
        await self._connection.run(lambda raw: self._run(raw, lambda cursor: cursor.executemany(statement, rows)))

    async def fetchall(self) -> Sequence[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """It was closed in its thread, right after the last row."""

    def _run(self, raw: sqlite3.Connection, statement: Callable[[sqlite3.Cursor], Any]) -> None:
        cursor = raw.cursor()
        try:
            statement(cursor)
            self._rows = cursor.fetchall() if cursor.description else []
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()
