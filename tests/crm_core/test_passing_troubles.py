"""What the database says when the same is to be tried again, told from what would fail again."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Executable, bindparam, insert, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import exchanges
from crm_core.db import Database, database_trouble, is_passing
from tests.database_fixtures import database, database_url, postgres, postgres_url, template
from tests.deadlocks import deadlock

__all__ = ["database", "database_url", "postgres", "postgres_url", "template"]

ANY_WRITE = text("DELETE FROM exchanges")
GONE = text("SELECT pg_terminate_backend(pg_backend_pid())")
MANY = text("SELECT 1 WHERE 1 IN :numbers").bindparams(bindparam("numbers", list(range(33_000)), expanding=True))


@pytest.fixture
async def served(postgres_url: str) -> AsyncIterator[Database]:
    """On PostgreSQL."""
    opened = Database(postgres_url)
    yield opened
    await opened.close()


async def test_a_deadlock_passes(served: Database) -> None:
    async with served.write() as tx:
        with pytest.raises(SQLAlchemyError, match="deadlock detected") as told:
            await deadlock(tx, served)
        await tx.rollback()

    assert is_passing(told.value)


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
async def test_what_took_too_long_passes(served: Database, limit: str) -> None:
    impatient = text("SELECT set_config(:limit, '20ms', true)").bindparams(limit=limit)
    async with served.write() as holder, served.write() as tx:
        await holder.execute(text("LOCK TABLE exchanges"))
        await tx.execute(impatient)
        with pytest.raises(SQLAlchemyError, match="canceling statement") as told:
            await tx.execute(ANY_WRITE)
        await tx.rollback()

    assert is_passing(told.value)


async def test_a_connection_that_was_ended_passes_however_it_is_met(served: Database) -> None:
    """As the server tells it, and as the driver does of each statement after that."""
    async with served.read() as connection:
        told = [await _said_within_a_savepoint(connection, statement) for statement in (GONE, ANY_WRITE, ANY_WRITE)]

    assert [is_passing(one) for one in told] == [True, True, True]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_lock_that_sqlite_waits_for_in_vain_passes(database: Database) -> None:
    async with database.write() as tx, database.read() as connection:
        await tx.execute(ANY_WRITE)
        await connection.execute(text("PRAGMA busy_timeout = 0"))
        with pytest.raises(SQLAlchemyError, match="database is locked") as told:
            await connection.execute(ANY_WRITE)

    assert is_passing(told.value)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("statement", [text("SELECT 1 FROM nowhere"), text("SELECT json('{')")])
async def test_what_sqlite_cannot_do_does_not_pass(database: Database, statement: Executable) -> None:
    """It would stop whatever comes after it for good."""
    async with database.read() as connection:
        with pytest.raises(SQLAlchemyError) as told:
            await connection.execute(statement)

    assert not is_passing(told.value)


async def test_what_the_database_refuses_does_not_pass(database: Database) -> None:
    async with database.read() as connection:
        told = await _said_within_a_savepoint(connection, insert(exchanges).values(id=None, name=None))

    assert not is_passing(told)


@pytest.mark.parametrize("statement", [text("SELECT 1 / 0"), text("SELECT 1 FROM nowhere"), MANY])
async def test_what_postgresql_cannot_do_does_not_pass(served: Database, statement: Executable) -> None:
    """Too many arguments are told by the error that asyncpg has for a closed connection, too: asked with fewer it goes well."""
    async with served.read() as connection:
        told = await _said_within_a_savepoint(connection, statement)

    assert not is_passing(told)


@pytest.mark.parametrize("statement", [text("SELECT 1 / 0"), text("SELECT CAST(:id AS int)").bindparams(id=2**40)])
async def test_a_wrong_value_is_not_told_as_a_database_that_does_not_answer(served: Database, statement: Executable) -> None:
    async with served.read() as connection:
        told = await _said_within_a_savepoint(connection, statement)

    assert database_trouble(told) is None


async def _said_within_a_savepoint(connection: AsyncConnection, statement: Executable) -> SQLAlchemyError:
    with pytest.raises(SQLAlchemyError) as told:
        await _within_a_savepoint(connection, statement)
    return told.value


async def _within_a_savepoint(connection: AsyncConnection, statement: Executable) -> None:
    async with connection.begin_nested():
        await connection.execute(statement)
