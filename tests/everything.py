"""Rows in every table there is, with values that databases treat each in their own way."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Integer, LargeBinary, String, Table, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import Database, UtcTime
from crm_core.moving.rows import Sum, columns_of, sum_of
from crm_core.tables import metadata

FIRST = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
JSONS = (
    {"b": 1.0, "a": [1e2, 0.1, -0.0, 2**60], "Ключ": None},
    [],
    [{"x": "«ёлка» \N{BELL}", "y": [True, False]}],
    {"deep": [[[1]]]},
)
FLOATS = (0.0, 1.0, 0.1, 1e300, -2.5)


async def fill(database: Database, rows: int = 4) -> None:
    """Every second row has nothing in each column that may be empty."""
    async with database.write() as tx:
        for one in metadata.sorted_tables:
            for number in range(rows):
                await tx.execute(insert(one).values(await _row(tx, one, number)))
            for column in filter(_is_of_itself, one.columns):
                await tx.execute(update(one).where(one.c.id == 1).values({column.name: rows}))  # a row names one that comes later


async def _row(tx: AsyncConnection, one: Table, number: int) -> dict[str, Any]:
    serial = one.primary_key.columns.keys() == ["id"]
    return {
        column.name: await _value(tx, column, number)
        for column in one.columns
        if not (serial and column.name == "id") and not (column.nullable and number % 2) and not _is_of_itself(column)
    }


def _is_of_itself(column: Column[Any]) -> bool:
    return any(key.column.table is column.table for key in column.foreign_keys)


async def _value(tx: AsyncConnection, column: Column[Any], number: int) -> Any:  # noqa: PLR0911 - one for each kind
    kind = column.type
    for key in column.foreign_keys:
        return (await tx.scalars(key.column.table.select().with_only_columns(key.column).order_by(key.column))).all()[number]
    if isinstance(kind, UtcTime):
        return FIRST + timedelta(microseconds=number * 1_000_003)
    if isinstance(kind, JSON):
        return JSONS[number % len(JSONS)]
    if isinstance(kind, LargeBinary):
        return bytes(range(256)) * (number + 1)
    if isinstance(kind, Boolean):
        return number % 3 == 0
    if isinstance(kind, Float):
        return FLOATS[number % len(FLOATS)]
    if isinstance(kind, BigInteger):
        return 2**40 + number
    if isinstance(kind, Integer):
        return number
    if isinstance(kind, String):
        return f"{number}ё'\"\\ «x»\n"[: kind.length]
    if str(kind) == "DATE":
        return FIRST.date() + timedelta(days=number)
    raise LookupError(f"{column} is of a kind nobody thought of: {kind}")


async def sums(database: Database) -> dict[str, Sum]:
    """What is in each table."""
    async with database.moment() as connection:
        columns = await columns_of(connection)
        return {name: await sum_of(connection, name, columns[name]) for name in columns}
