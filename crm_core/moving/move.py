"""`firstring db move`: every row of one database into another, empty one. The source is only read."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import Database
from crm_core.errors import Conflict, Invalid
from crm_core.leases import leases
from crm_core.migrations.upgrade import newest_revision
from crm_core.moving.emptiness import HoldsData, make_ready, require_empty, revision_of
from crm_core.moving.high_water import high_water, set_high_water
from crm_core.moving.loading import holds, load, require_same
from crm_core.moving.rows import Columns, Sum, columns_of, read_rows, sum_of

LOCK_PATIENCE = "5s"


@dataclass(frozen=True, slots=True)
class Moved:
    """`before`: an earlier move had come to its end already."""

    tables: int
    rows: int
    before: bool = False


async def move(source: Database, target: Database, now: datetime) -> Moved:
    """Copy all tables, in one transaction of the target: whatever breaks, it stays empty. Moving once more is harmless.

    Raises Conflict if somebody works on the source, the target holds anything else or the copy differs; Invalid if the source
    is of another version or a row does not fit.
    """
    if source.url == target.url:
        raise Invalid("That is the database in use: name another, empty one")
    async with _at_rest(source, now) as connection:
        columns = await columns_of(connection)
        try:
            await make_ready(target)
        except HoldsData:
            rows = await _moved_before(connection, target, columns)
            if rows is None:
                raise
            return Moved(len(columns), rows, before=True)
        async with target.write() as tx:
            await require_empty(tx)
            sums = await _copy(connection, tx, columns)
            await require_same(tx, columns, sums)
            await _require_quiet(connection, now)
    return Moved(len(columns), sum(one.rows for one in sums.values()))


async def _moved_before(source: AsyncConnection, target: Database, columns: Columns) -> int | None:
    """How many rows, if the target holds the very same: who was killed at the end, or did not see it, moves again."""

    async def told(name: str) -> tuple[int, str]:
        here = await sum_of(source, name, columns[name])
        return here.rows, here.hex

    async with target.read() as connection:
        return await holds(connection, columns, told)


async def _copy(connection: AsyncConnection, tx: AsyncConnection, columns: Columns) -> dict[str, Sum]:
    def read(name: str, names: Sequence[str]) -> AsyncIterator[Sequence[Sequence[Any]]]:
        return read_rows(connection, name, names)

    sums = await load(tx, columns, read)
    await set_high_water(tx, await high_water(connection))
    return sums


@asynccontextmanager
async def _at_rest(source: Database, now: datetime) -> AsyncIterator[AsyncConnection]:
    """The source as it stands, and nobody writes to it meanwhile; it is left as it was."""
    async with source.read() as connection:
        await _require_ours(connection)
        await _require_quiet(connection, now)  # who works with it is told by name, before we wait for his locks
        await connection.rollback()
        try:
            await _hold(connection)
        except DBAPIError as error:
            raise Conflict("Somebody writes to this database: stop Firstring first") from error
        await _require_quiet(connection, now)
        yield connection
        await connection.rollback()


async def _require_ours(connection: AsyncConnection) -> None:
    if await revision_of(connection) != newest_revision():
        raise Invalid("The database has the tables of another version: run `firstring db upgrade` first")


async def _hold(connection: AsyncConnection) -> None:
    if connection.dialect.name == "sqlite":
        # Takes the writer's lock without changing a byte: what it would delete is not there.
        await connection.execute(text("DELETE FROM leases WHERE 1 = 0"))
        return
    await connection.execute(text("SELECT set_config('lock_timeout', :patience, true)"), {"patience": LOCK_PATIENCE})
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in await columns_of(connection))
    await connection.execute(text("LOCK TABLE " + names + " IN SHARE MODE"))


async def _require_quiet(connection: AsyncConnection, now: datetime) -> None:
    """Raises Conflict, saying who, if a Firstring on this or another machine works with the database."""
    held = (await connection.execute(select(leases.c.name, leases.c.holder).where(leases.c.until > now).limit(1))).first()
    if held is not None:
        raise Conflict(f"Firstring runs on this database ({held.holder} does {held.name}): stop it first")
    if connection.dialect.name == "postgresql":
        others = await connection.scalar(text(OTHERS))
        if others:
            raise Conflict(f"Firstring runs on this database ({others}): stop it first")


OTHERS = (
    "SELECT min(application_name) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name LIKE 'firstring %' AND application_name <> current_setting('application_name')"
)
