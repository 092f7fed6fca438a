"""All rows of a table, some at a time, and the sum that tells whether two tables hold the same."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import JSON, ColumnElement, LargeBinary, Row, TableClause, column, inspect, select, table, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.tables import metadata

SOME = 1000
SOME_LONG = 100  # rows with a JSON value: the outline of an hour's sound has 200 kB
SOME_RAW = 16  # rows with raw bytes: a batch of the journal has up to a megabyte
WHOLE = 2**53  # up to here a float tells whole numbers apart
MODULUS = 2**256

Columns = Mapping[str, Sequence[str]]
"""Which columns each table has; an older database may have fewer than ours. Tables in the order in which rows may be added."""


async def columns_of(connection: AsyncConnection) -> Columns:
    """The tables of ours that a database has, as it has them."""
    there = await connection.run_sync(lambda sync: {name: _names(sync, name) for name in inspect(sync).get_table_names()})
    return {known.name: there[known.name] for known in metadata.sorted_tables if known.name in there}


def _names(sync: Any, name: str) -> list[str]:
    return [str(one["name"]) for one in inspect(sync).get_columns(name)]


def shaped(name: str, columns: Sequence[str]) -> TableClause:
    """A table with these columns, typed as ours are but without their defaults: rows go in as they came out."""
    known = metadata.tables[name].columns
    return table(name, *(column(one, known[one].type) for one in columns))


async def read_rows(connection: AsyncConnection, name: str, columns: Sequence[str]) -> AsyncIterator[Sequence[Row[Any]]]:
    """Every row once, so many at a time that memory stays small; see it at one moment by `database.moment()`."""
    source = shaped(name, columns)
    keys = [source.columns[key.name] for key in metadata.tables[name].primary_key.columns]
    some = select(source).order_by(*keys).limit(_some(name))
    place: ColumnElement[bool] | None = None
    while rows := (await connection.execute(some if place is None else some.where(place))).all():
        yield rows
        last = rows[-1]._mapping
        place = tuple_(*keys) > tuple_(*(last[key.name] for key in keys))


def _some(name: str) -> int:
    types = [one.type for one in metadata.tables[name].columns]
    if any(isinstance(one, LargeBinary) for one in types):
        return SOME_RAW
    return SOME_LONG if any(isinstance(one, JSON) for one in types) else SOME


@dataclass(slots=True)
class Sum:
    """The same for the same rows in any order, on SQLite and on PostgreSQL."""

    rows: int = 0
    total: int = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            digest = hashlib.sha256(msgspec.json.encode([_alike(value) for value in row], order="sorted")).digest()
            self.total = (self.total + int.from_bytes(digest, "big")) % MODULUS
        self.rows += len(rows)

    @property
    def hex(self) -> str:
        return f"{self.total:064x}"


async def sum_of(connection: AsyncConnection, name: str, columns: Sequence[str]) -> Sum:
    found = Sum()
    async for rows in read_rows(connection, name, columns):
        found.add(rows)
    return found


def _alike(value: Any) -> Any:
    """PostgreSQL writes 1e2 in JSON as 100 and keeps no order of keys; each database has its own kinds of text and bytes."""
    if isinstance(value, float) and abs(value) < WHOLE and value == int(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= WHOLE:
        return float(value)
    if isinstance(value, list):
        return value if all(type(one) is str for one in value) else [_alike(one) for one in value]
    if isinstance(value, dict):
        return {key: _alike(one) for key, one in value.items()}
    if isinstance(value, str | datetime | None):
        return value
    return bytes(value) if isinstance(value, memoryview) else value
