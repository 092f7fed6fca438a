"""A database that goes away in the middle of a transaction, or lets wait too long, is not taken for an impossible call."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from crm_core.calls.intake import USUAL
from crm_core.calls.tables import calls, journal
from crm_core.db import Database
from pbx import storing
from pbx.received import Received
from pbx.storing import Store, Told
from tests.builders import inbound
from tests.databases import shared_postgres_server
from tests.metered import figure
from tests.office import NOW, Office

TRIED_AGAIN = "firstring_journal_retries_total"
END_WHO_KEEPS_THE_BYTES = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE 'INSERT INTO journal%'
""")


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    database = Database(await asyncio.to_thread(shared_postgres_server().fresh))
    yield await Office.opened(database)
    await database.close()


async def test_a_connection_ended_from_the_other_side_is_for_the_next_try(office: Office) -> None:
    store = Store(office.database, office.exchange, lambda: NOW, USUAL)
    batch = Received("connection", 0, NOW.timestamp(), b"bytes")
    told = asyncio.ensure_future(_told_when_the_connection_is_ended(office.database))

    with capture_logs() as logs:
        async with asyncio.timeout(30):
            await store.put(batch, told, _nothing, lambda: None)

    said = [line["event"] for line in logs]
    assert "journal_written_again" in said
    assert not {"call_not_taken_in", "batch_not_taken_in"}.intersection(said)
    assert len(await office.rows(calls)) == 1
    [kept] = await office.rows(journal)
    assert (kept.data, kept.fault) == (b"bytes", None)


async def test_a_lock_that_is_held_too_long_costs_no_call_however_often_it_is_met(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "TRIES", 0)  # each try goes on call by call
    store = Store(office.database.guarded(_impatient), office.exchange, lambda: NOW, USUAL)
    batch = Received("connection", 0, NOW.timestamp(), b"bytes")
    told = asyncio.get_running_loop().create_future()
    told.set_result(Told(list(inbound("79161112233").rings("101").ends())))
    before = figure(TRIED_AGAIN, exchange=office.exchange.name)

    with capture_logs() as logs:
        async with asyncio.timeout(30), office.database.write() as holder:
            await holder.execute(text("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE"))
            putting = asyncio.create_task(store.put(batch, told, _nothing, lambda: None))
            while figure(TRIED_AGAIN, exchange=office.exchange.name) < before + 2 and not putting.done():
                await asyncio.sleep(0.01)
        await putting

    assert not {"call_not_taken_in", "batch_not_taken_in"}.intersection(line["event"] for line in logs)
    assert len(await office.rows(calls)) == 1
    assert [row.fault for row in await office.rows(journal)] == [None]


async def _impatient(tx: AsyncConnection) -> None:
    await tx.execute(text("SET LOCAL lock_timeout = '20ms'"))


async def _told_when_the_connection_is_ended(database: Database) -> Told:
    """Between the bytes and the call."""
    while not await _end_who_keeps_the_bytes(database):
        await asyncio.sleep(0.01)
    return Told(list(inbound("79161112233").rings("101").ends()))


async def _end_who_keeps_the_bytes(database: Database) -> bool:
    """Asked anew each time: within one transaction the server always tells the same of the others."""
    async with database.read() as connection:
        return bool(await connection.scalar(END_WHO_KEEPS_THE_BYTES))


async def _nothing(_tx: AsyncConnection) -> None:
    pass
