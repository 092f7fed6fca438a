"""Rows into an empty database, all or none, and counted and summed again before they are kept."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.errors import Conflict, Invalid
from crm_core.moving.rows import Columns, Sum, columns_of, shaped, sum_of

ReadTable = Callable[[str, Sequence[str]], AsyncIterator[Sequence[Sequence[Any]]]]
"""The rows of a table, some at a time, with the values of these columns."""
SumTold = Callable[[str], Awaitable[tuple[int, str]]]
"""How many rows a table should have, and their sum in hex."""


async def load(tx: AsyncConnection, columns: Columns, read: ReadTable) -> dict[str, Sum]:
    """What was read, by table. Raises Invalid naming the table whose rows the database does not take."""
    sums: dict[str, Sum] = {}
    for name, names in columns.items():
        sums[name] = Sum()
        adding = insert(shaped(name, names))
        async for rows in read(name, names):
            sums[name].add(rows)
            try:
                await tx.execute(adding, [dict(zip(names, row, strict=True)) for row in rows])
            except DBAPIError as error:
                why = " ".join(str(error.orig).split())[:200]
                raise Invalid(f"A row of {name} does not fit into that database ({why}); nothing was kept of it") from error
    await _require_named_rows(tx)
    return sums


async def _require_named_rows(tx: AsyncConnection) -> None:
    """The keys that are looked at last (`crm_core.db.LATER`), now, while it can be said what is wrong."""
    if tx.dialect.name == "sqlite":
        missing = (await tx.execute(text("PRAGMA foreign_key_check"))).first()
        if missing is not None:
            raise Invalid(f"A row of {missing[0]} names one of {missing[2]} that is not there; nothing was kept of it")
        return
    try:
        await tx.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    except DBAPIError as error:
        why = " ".join(str(error.orig).split())[:200]
        raise Invalid(f"A row names another that is not there ({why}); nothing was kept of it") from error


async def holds(connection: AsyncConnection, columns: Columns, told: SumTold) -> int | None:
    """How many rows there are if its tables hold just what is told of each, else None: so far came who was killed at the end."""
    rows = 0
    if await columns_of(connection) != columns:
        return None
    for name, names in columns.items():
        there = await sum_of(connection, name, names)
        if (there.rows, there.hex) != await told(name):
            return None
        rows += there.rows
    return rows


async def require_same(tx: AsyncConnection, columns: Columns, told: dict[str, Sum]) -> None:
    """Reads everything again; raises Conflict naming the first table that differs."""
    for name, names in columns.items():
        there = await sum_of(tx, name, names)
        if there != told[name]:
            raise Conflict(
                f"Table {name} differs after copying ({told[name].rows} rows here, {there.rows} there): nothing was kept of it"
            )
