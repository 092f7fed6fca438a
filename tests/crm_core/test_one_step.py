"""What asks many statements of one connection in one step: kept whole, undone whole, and never from two threads at once."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.contacts.tables import companies, contact_numbers
from crm_core.db import Database, in_one_step
from tests.databases import fresh_sqlite
from tests.office import NOW


async def add(tx: AsyncConnection, name: str) -> int:
    added = insert(companies).values(name=name, created_at=NOW).returning(companies.c.id)
    return int((await tx.execute(added)).scalar_one())


async def add_two(tx: AsyncConnection) -> int:
    return await add(tx, "Ромашка") + await add(tx, "Лютик")


async def names(database: Database) -> list[str]:
    async with database.read() as connection:
        return list(await connection.scalars(select(companies.c.name).order_by(companies.c.id)))


async def test_what_it_returns_comes_back_and_what_it_wrote_is_kept(database: Database) -> None:
    async with database.write() as tx:
        assert await in_one_step(tx, add_two(tx)) > 0

    assert await names(database) == ["Ромашка", "Лютик"]


async def test_what_it_raises_is_raised_and_undoes_all(database: Database) -> None:
    async def twice_the_same(tx: AsyncConnection) -> None:
        await add_two(tx)
        row = {"number": "79160000001", "raw": "79160000001", "created_at": NOW}
        await tx.execute(insert(contact_numbers), [row, row])

    with pytest.raises(IntegrityError):
        async with database.write() as tx:
            await in_one_step(tx, twice_the_same(tx))

    assert await names(database) == []


async def test_a_savepoint_in_it_undoes_its_part_alone(database: Database) -> None:
    async def half(tx: AsyncConnection) -> None:
        await add(tx, "Ромашка")
        with suppress(IntegrityError):
            async with tx.begin_nested():
                await add(tx, "Лютик")
                await tx.execute(insert(companies).values(id=await tx.scalar(select(func.max(companies.c.id))), name="?"))
        await add(tx, "Астра")

    async with database.write() as tx:
        await in_one_step(tx, half(tx))

    assert await names(database) == ["Ромашка", "Астра"]


async def test_statements_before_and_after_it_are_of_the_same_transaction(database: Database) -> None:
    with suppress(ZeroDivisionError):
        async with database.write() as tx:
            await add(tx, "Василёк")
            await in_one_step(tx, add_two(tx))
            assert await tx.scalar(select(func.count()).select_from(companies)) == 3
            raise ZeroDivisionError
    assert await names(database) == []


async def test_a_reader_sees_what_was_written_since_he_last_read(database: Database) -> None:
    for count in range(1, 30):
        async with database.write() as tx:
            await add(tx, f"№ {count}")
        async with database.read() as connection:
            asked = connection.scalar(select(func.count()).select_from(companies))
            assert await in_one_step(connection, asked) == count
        assert len(await names(database)) == count


async def test_what_waits_for_something_else_is_refused_and_undone(template: Path, tmp_path: Path) -> None:
    database = Database(fresh_sqlite(template, tmp_path))

    async def sleepy(tx: AsyncConnection) -> None:
        await add(tx, "Ромашка")
        async with tx.begin_nested():
            await asyncio.sleep(0.01)

    with pytest.raises(RuntimeError):
        async with database.write() as tx:
            await in_one_step(tx, sleepy(tx))

    assert await names(database) == []
    await database.close()


async def test_cancelled_it_is_undone_after_its_end_and_the_next_writer_goes_on(template: Path, tmp_path: Path) -> None:
    database = Database(fresh_sqlite(template, tmp_path))
    begun, goes_on = threading.Event(), threading.Event()

    async def slow(tx: AsyncConnection) -> None:
        begun.set()
        goes_on.wait(10)  # in the connection's thread: nobody else is held up
        await add_two(tx)

    async def write() -> None:
        async with database.write() as tx:
            await in_one_step(tx, slow(tx))

    writing = asyncio.create_task(write())
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(2):  # whoever is in haste cancels twice
        writing.cancel()
        await asyncio.sleep(0)
    assert not writing.done()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await names(database) == []
    async with database.write() as tx:
        await in_one_step(tx, add_two(tx))
    assert await names(database) == ["Ромашка", "Лютик"]
    await database.close()
