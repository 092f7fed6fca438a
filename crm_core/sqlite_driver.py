"""The driver to SQLite, one step to its thread and back for each statement.

aiosqlite goes there for the cursor, the statement, its rows and the cursor's end: four steps. Each waits for the other
thread to be woken and, where this one is busy, for the interpreter: under load that was most of what a statement cost.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import aiosqlite

_BRING_NOTHING = ("BEGIN", "SAVEPOINT ", "RELEASE SAVEPOINT ")


def open_sqlite(file: str, **options: Any) -> "Connection":
    """To be awaited; `options` as `sqlite3.connect` takes them."""
    connection = Connection(partial(sqlite3.connect, file, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy has it: a connection left open keeps no process from ending
    return connection


class Connection(aiosqlite.Connection):
    """What begins or ends a part of a transaction brings nothing back, so it goes along with the statement after it."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        self._first: list[str] = []
        self._left_alone = False

    def cursor(self) -> "Cursor":  # type: ignore[override]  # SQLAlchemy enters it before use, as it enters theirs
        return Cursor(self)

    async def commit(self) -> None:
        if self._may_have_begun():
            await self.run(lambda raw: raw.commit())
        self._first.clear()

    async def rollback(self) -> None:
        self._first.clear()
        if self._may_have_begun():
            await super().rollback()

    async def run(self, statement: Callable[[sqlite3.Connection], None]) -> None:
        """In the connection's thread."""
        first, self._first = self._first, []
        try:
            await self._execute(self._in_thread, first, statement)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            self._left_alone = True
            raise

    def run_first(self, statement: str) -> None:
        """Before the next one."""
        self._first.append(statement)

    def _may_have_begun(self) -> bool:
        """A statement left alone (its task was cancelled) may begin a transaction at any moment."""
        return self._left_alone or self.in_transaction

    def _in_thread(self, first: Sequence[str], statement: Callable[[sqlite3.Connection], None]) -> None:
        for one in first:
            self._conn.execute(one).close()
        statement(self._conn)


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
