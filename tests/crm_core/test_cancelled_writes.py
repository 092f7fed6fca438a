"""A task may be cancelled anywhere: what it was writing is undone or done, and the next writer need not wait."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from crm_core.contacts.tables import companies
from crm_core.db import Database
from crm_core.sqlite_connection import SqliteConnection
from tests.databases import fresh_sqlite
from tests.office import NOW

MOST_STEPS = 200


class Cancelled:
    """Awaits something and cancels it where it waits for the n-th time, as the event loop does; `struck`: it came so far."""

    def __init__(self, work: Awaitable[None], at_step: int) -> None:
        self._work = work
        self._left = at_step
        self.struck = False

    def __await__(self) -> Generator[Any, None, None]:
        steps = self._work.__await__()
        try:
            waits_for = next(steps)
            while True:
                self._left -= 1
                if self._left == 0 and waits_for is not None:
                    self.struck = True
                    waits_for.cancel()
                    waits_for = steps.throw(asyncio.CancelledError())
                yield waits_for
                waits_for = next(steps)
        except StopIteration:
            return


async def write_a_company(database: Database) -> None:
    row = {"name": "Ромашка", "created_at": NOW}
    async with database.write() as tx:
        (await tx.execute(insert(companies).values(row).returning(companies.c.id))).all()
        (await tx.execute(select(companies))).all()


def require_unlocked(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")


async def test_a_write_cancelled_at_any_step_leaves_no_lock_and_half_of_nothing(template: Path, tmp_path: Path) -> None:
    url = fresh_sqlite(template, tmp_path)
    database = Database(url)
    faults: list[BaseException] = []  # their tracebacks keep alive whatever the cancelled task had in its hands
    written = 0

    for step in range(1, MOST_STEPS):
        attempt = Cancelled(write_a_company(database), step)
        try:
            await attempt
        except asyncio.CancelledError as cancelled:
            faults.append(cancelled)
        require_unlocked(tmp_path / "firstring.db")
        if not attempt.struck:
            break
    await write_a_company(database)
    async with database.read() as connection:
        written = (await connection.execute(select(func.count()).select_from(companies))).scalar_one()
    await database.close()

    assert len(faults) > 5
    assert not attempt.struck, "more steps than were tried"
    assert written >= 2


def test_closing_a_connection_ends_the_query_that_was_not_read_to_its_end(template: Path, tmp_path: Path) -> None:
    fresh_sqlite(template, tmp_path)
    file = tmp_path / "firstring.db"
    connection = sqlite3.connect(file, factory=SqliteConnection, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    half_read = connection.cursor().execute("SELECT 1 UNION ALL SELECT 2")

    connection.close()

    require_unlocked(file)
    with pytest.raises(sqlite3.ProgrammingError):
        half_read.fetchone()
