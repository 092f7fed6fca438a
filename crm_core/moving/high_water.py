"""The highest id each table ever gave: browsers, events and jobs name ids for ever, so none is given twice, also elsewhere."""

from collections.abc import Mapping

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.moving.rows import columns_of
from crm_core.tables import metadata

HighWater = Mapping[str, int]

COUNTED = [one for one in metadata.sorted_tables if "id" in one.primary_key.columns]


async def high_water(connection: AsyncConnection) -> HighWater:
    if connection.dialect.name == "sqlite":
        found = {row.name: row.seq for row in await connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    else:
        there = await columns_of(connection)
        found = {one.name: await _given(connection, one.name) for one in COUNTED if one.name in there}
    return {one.name: found[one.name] for one in COUNTED if found.get(one.name)}


async def set_high_water(tx: AsyncConnection, marks: HighWater) -> None:
    """After the rows are in: the next id comes after all of them and after all that ever were."""
    there = await columns_of(tx)
    for one in (one for one in COUNTED if one.name in there):
        highest = max(marks.get(one.name, 0), await tx.scalar(select(func.max(one.c.id))) or 0)
        if highest and tx.dialect.name == "postgresql":
            await tx.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"), _told(one.name, highest))
        elif highest and one.dialect_options["sqlite"].get("autoincrement"):
            await tx.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": one.name})
            await tx.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :highest)"), _told(one.name, highest))


def _told(name: str, highest: int) -> dict[str, object]:
    return {"name": name, "highest": highest}


async def _given(connection: AsyncConnection, name: str) -> int:
    query = (
        "SELECT last_value FROM pg_sequences "
        "WHERE quote_ident(schemaname) || '.' || quote_ident(sequencename) = pg_get_serial_sequence(:name, 'id')"
    )
    return await connection.scalar(text(query), {"name": name}) or 0
