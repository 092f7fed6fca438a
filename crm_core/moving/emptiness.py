"""What rows may be put into: a database that has our tables and nothing in them."""

import asyncio

from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import Database
from crm_core.errors import Conflict, SettingsError
from crm_core.migrations.upgrade import make_room, newest_revision, upgrade
from crm_core.moving.rows import columns_of, read_rows


class HoldsData(Conflict):
    """The database has our tables and something in them."""


async def make_ready(database: Database, revision: str | None = None) -> None:
    """Give an empty database the tables of a revision (of this version, unless told).

    Raises HoldsData, or another Conflict if other tables are there, and SettingsError if it cannot be reached.
    """
    wanted = revision or newest_revision()
    if await _is_bare(database):
        await upgrade(database.url, wanted)
    async with database.read() as connection:
        if await revision_of(connection) != wanted:
            raise Conflict("That database has the tables of another version: name one without any tables")
        await require_empty(connection)


async def _is_bare(database: Database) -> bool:
    await asyncio.to_thread(make_room, database.url)
    try:
        async with database.read() as connection:
            if await revision_of(connection) is not None:
                return False
            there = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    except (OSError, DBAPIError) as error:
        why = " ".join(str(getattr(error, "orig", None) or error).split()).rpartition(">: ")[2][:200]
        raise SettingsError(f"That database cannot be reached ({why}): see that it runs and that we may log in") from error
    if set(there) - {"alembic_version"}:
        raise Conflict("That database holds tables that are not of any Firstring: name an empty one")
    return True


async def require_empty(connection: AsyncConnection) -> None:
    for name, columns in (await columns_of(connection)).items():
        async for _ in read_rows(connection, name, columns):
            raise HoldsData(f"That database holds data already (table {name}): nothing was touched; name an empty one")


async def revision_of(connection: AsyncConnection) -> str | None:
    """Of which version its tables are; None if it has none of ours."""
    there = await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "alembic_version"))
    return await connection.scalar(text("SELECT version_num FROM alembic_version")) if there else None
