"""A database that goes away in the middle of a transaction is not taken for an impossible call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from crm_core.calls import journal
from crm_core.calls.intake import USUAL
from crm_core.calls.tables import calls
from crm_core.db import Database
from pbx.storing import DATABASE_AWAY, Store
from tests.builders import inbound
from tests.databases import shared_postgres_server
from tests.office import NOW, Office


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    database = Database(await asyncio.to_thread(shared_postgres_server().fresh))
    yield await Office.opened(database)
    await database.close()


async def test_a_connection_ended_from_the_other_side_is_for_the_next_try(office: Office) -> None:
    store = Store(office.database, office.exchange, lambda: NOW, USUAL)
    told = list(inbound("79161112233").rings("101").ends())

    with capture_logs() as logs, suppress(SQLAlchemyError):
        async with office.database.write() as tx:
            journal_id = await journal.append(tx, office.exchange.id, "connection", 0, NOW, b"bytes")
            await _end(office.database, int(await tx.scalar(text("SELECT pg_backend_pid()")) or 0))
            with suppress(SQLAlchemyError):
                await tx.execute(text("SELECT 1"))  # it notices
            with pytest.raises(DATABASE_AWAY):
                await store.take_in(tx, told, journal_id, patient=True)

    assert not [line for line in logs if line["event"] in ("call_not_taken_in", "batch_not_taken_in")]
    assert await office.rows(calls) == []


async def _end(database: Database, backend: int) -> None:
    async with database.read() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
