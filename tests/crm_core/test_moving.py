"""`firstring db move`: all rows of all tables from one database into another, or none."""

import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.engine.url import make_url

from crm_core.calls.tables import calls, exchanges, journal
from crm_core.contacts.tables import companies, contact_numbers
from crm_core.db import Database
from crm_core.errors import Conflict, Invalid, SettingsError
from crm_core.leases import leases
from crm_core.moving.move import move
from crm_core.tables import metadata
from tests.databases import PostgresServer, fresh_sqlite
from tests.everything import fill, sums
from tests.office import Office

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)

Opened = Callable[[str], Database]


@pytest.fixture
def addresses(postgres: PostgresServer, template: Path, tmp_path: Path) -> dict[str, str]:
    """A migrated and a bare database of each kind."""
    return {
        "sqlite": fresh_sqlite(template, tmp_path), "postgresql": postgres.fresh(),
        "bare sqlite": f"sqlite+aiosqlite:///{tmp_path}/new/bare.db", "bare postgresql": postgres.empty(),
        "other postgresql": postgres.fresh(),
    }  # fmt: skip


@pytest.fixture
async def opened(addresses: dict[str, str]) -> AsyncIterator[Opened]:
    async with AsyncExitStack() as all_of_them:

        def open_one(kind: str) -> Database:
            database = Database(addresses[kind])
            all_of_them.push_async_callback(database.close)
            return database

        yield open_one


WAYS = [
    ("sqlite", "postgresql"), ("postgresql", "bare sqlite"), ("sqlite", "bare postgresql"), ("postgresql", "other postgresql"),
]  # fmt: skip


@pytest.mark.parametrize(("here", "there"), WAYS)
async def test_every_row_of_every_table_arrives_as_it_was(opened: Opened, here: str, there: str) -> None:
    source, target = opened(here), opened(there)
    await fill(source)
    before = await sums(source)

    moved = await move(source, target, NOW)

    assert await sums(target) == await sums(source) == before
    assert (moved.tables, moved.rows) == (len(metadata.tables), 4 * len(metadata.tables))
    assert {one.rows for one in before.values()} == {4}


@pytest.mark.parametrize(("here", "there"), WAYS)
async def test_an_id_that_was_given_once_is_not_given_again_elsewhere(opened: Opened, here: str, there: str) -> None:
    source, target = opened(here), opened(there)
    office = await Office.opened(source)
    call = {"exchange_id": office.exchange.id, "direction": "inbound", "state": "ended", "started_at": NOW}
    async with source.write() as tx:
        added = await tx.scalars(insert(calls).returning(calls.c.id), [call | {"key": str(number)} for number in range(3)])
        newest = max(added.all())
        await tx.execute(delete(calls).where(calls.c.id == newest))
        await tx.execute(insert(companies).values(id=41, name="Весна", created_at=NOW))

    await move(source, target, NOW)

    async with target.write() as tx:
        assert (await tx.execute(insert(calls).values(**call, key="x").returning(calls.c.id))).scalar_one() > newest
        company = insert(companies).values(name="Осень", created_at=NOW).returning(companies.c.id)
        assert (await tx.execute(company)).scalar_one() == 42


@pytest.mark.parametrize("there", ["sqlite", "postgresql"])
async def test_a_target_with_anything_in_it_is_refused_and_left_alone(opened: Opened, there: str) -> None:
    source, target = opened({"sqlite": "postgresql", "postgresql": "sqlite"}[there]), opened(there)
    await Office.opened(source)
    await Office.opened(target)
    before = await sums(target)

    with pytest.raises(Conflict, match=r"holds data already \(table .*name an empty one"):
        await move(source, target, NOW)

    assert await sums(target) == before


@pytest.mark.parametrize("there", ["bare sqlite", "bare postgresql"])
async def test_a_database_of_something_else_is_refused(opened: Opened, there: str) -> None:
    target = opened(there)
    if target.is_sqlite:
        Path(str(make_url(target.url).database)).parent.mkdir()
    async with target.write() as tx:
        await tx.execute(text("CREATE TABLE invoices (id INTEGER)"))

    with pytest.raises(Conflict, match="not of any Firstring"):
        await move(opened("sqlite"), target, NOW)


async def test_a_database_onto_itself_is_refused(opened: Opened) -> None:
    with pytest.raises(Invalid, match="database in use"):
        await move(opened("sqlite"), opened("sqlite"), NOW)


async def test_a_server_that_is_not_there_is_told_without_its_password(opened: Opened) -> None:
    nobody = Database("postgresql+asyncpg://u:T0p5ecret@127.0.0.1:1/none")
    with pytest.raises(SettingsError, match="cannot be reached") as refused:
        await move(opened("sqlite"), nobody, NOW)
    assert "T0p5ecret" not in str(refused.value)


async def test_what_does_not_fit_is_named_and_the_target_stays_empty(opened: Opened) -> None:
    source, target = opened("sqlite"), opened("postgresql")
    await fill(source)
    async with source.write() as tx:  # SQLite keeps what it is given, however long
        await tx.execute(insert(contact_numbers).values(number="7" * 81, raw="7", created_at=NOW))
    before = await sums(source)

    with pytest.raises(Invalid, match="A row of contact_numbers does not fit"):
        await move(source, target, NOW)

    assert await sums(source) == before
    assert {one.rows for one in (await sums(target)).values()} == {0}
    async with source.write() as tx:
        await tx.execute(delete(contact_numbers).where(func.length(contact_numbers.c.number) > 80))
    await move(source, target, NOW)


@pytest.mark.parametrize("here", ["sqlite", "postgresql"])
async def test_nothing_is_moved_while_somebody_holds_a_lease(opened: Opened, here: str) -> None:
    source = opened(here)
    async with source.write() as tx:
        held = {"name": "listen/1", "holder": "hub-7", "taken_at": NOW, "until": NOW + timedelta(seconds=9)}
        await tx.execute(insert(leases).values(held))

    with pytest.raises(Conflict, match="hub-7 does listen/1"):
        await move(source, opened("bare postgresql"), NOW)
    await move(source, opened("bare postgresql"), NOW + timedelta(seconds=10))


async def test_nothing_is_moved_while_another_firstring_is_connected_or_anybody_writes(
    opened: Opened, addresses: dict[str, str]
) -> None:
    source = opened("postgresql")
    address = make_url(addresses["postgresql"])
    other = await asyncpg.connect(
        user="postgres", host=address.query["host"], database=address.database,
        server_settings={"application_name": "firstring 77 on elsewhere"},
    )  # fmt: skip
    with pytest.raises(Conflict, match="firstring 77 on elsewhere"):
        await move(source, opened("sqlite"), NOW)

    await other.execute("SET application_name = 'psql'")
    async with other.transaction():
        await other.execute("INSERT INTO companies (name, created_at) VALUES ('x', now())")
        with pytest.raises(Conflict, match="Somebody writes"):
            await move(source, opened("sqlite"), NOW)
    await other.close()
    assert (await move(source, opened("sqlite"), NOW)).rows == 1


async def test_what_is_held_in_memory_does_not_grow_with_the_database(opened: Opened) -> None:
    source, target = opened("sqlite"), opened("postgresql")
    office = await Office.opened(source)
    numbers = count()
    for _ in range(10):
        async with source.write() as tx:
            rows = [
                {
                    "exchange_id": office.exchange.id,
                    "connection": "c",
                    "offset": next(numbers),
                    "received_at": NOW,
                    "data": bytes(2**20),
                }
                for _ in range(10)
            ]
            await tx.execute(insert(journal), rows)
            del rows
    tracemalloc.start()
    try:
        await move(source, target, NOW)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    async with target.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(journal)) == 100
        assert await connection.scalar(select(exchanges.c.name)) == "default"
    assert peak < 80 * 2**20
