"""Lists by keyset: a page continues after the last row it showed, so new rows neither shift nor repeat others."""

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_

from crm_core.db import UtcTime
from crm_core.errors import Invalid
from crm_core.text import clean

T = TypeVar("T")

MOST_ROWS = 200
LARGEST_ID = 2**31 - 1
"""Of any row: beyond it PostgreSQL would not even look."""
LARGEST_VALUE = 2**53
LONGEST_TEXT = 500
NOT_OURS = "cursor is not one that this list gave; leave it out to begin anew"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list; `next_cursor` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Sort:
    """One lawful order: a column that is never null, told apart by id where it is equal."""

    name: str
    column: ColumnElement[Any]
    id: ColumnElement[int]

    @property
    def descending(self) -> bool:
        return self.name.startswith("-")


def sorts(id_column: ColumnElement[int], columns: Mapping[str, ColumnElement[Any]]) -> dict[str, Sort]:
    """Each column both ways: `due_at` ascending, `-due_at` descending."""
    names = [(way + name, column) for name, column in columns.items() for way in ("", "-")]
    return {name: Sort(name, column, id_column) for name, column in names}


def sort_named(lawful: Mapping[str, Sort], name: str) -> Sort:
    """The order of that name; raises Invalid for any other text."""
    if name not in lawful:
        raise Invalid(f"sort is one of: {', '.join(sorted(lawful))}", field="sort")
    return lawful[name]


def continued(query: Select[Any], sort: Sort, cursor: str | None, limit: int) -> Select[Any]:
    """The query in that order, after the cursor; one row more than `limit`, which tells whether there is a next page."""
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit is a number from 1 to {MOST_ROWS}", field="limit")
    if cursor is not None:
        query = query.where(_after(sort, *_read(sort, cursor)))
    order = (sort.column.desc(), sort.id.desc()) if sort.descending else (sort.column.asc(), sort.id.asc())
    return query.add_columns(sort.column.label("_sort")).order_by(*order).limit(limit + 1)


def page_of(rows: Sequence[Any], items: Sequence[T], sort: Sort, limit: int) -> Page[T]:
    """`rows` as `continued` selected them, `items` what they became, one for one."""
    if len(rows) <= limit:
        return Page(tuple(items), None)
    last = rows[limit - 1]
    return Page(tuple(items[:limit]), _write(sort, last._mapping["_sort"], last._mapping["id"]))


def _after(sort: Sort, value: Any, row_id: int) -> ColumnElement[bool]:
    """The first of both conditions is where an index is entered: by the second alone it would be read from its beginning."""
    if sort.descending:
        return and_(sort.column <= value, or_(sort.column < value, sort.id < row_id))
    return and_(sort.column >= value, or_(sort.column > value, sort.id > row_id))


def _write(sort: Sort, value: Any, row_id: int) -> str:
    plain = {"at": value.isoformat()} if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([sort.name, plain, row_id]).encode()).decode().rstrip("=")


def _read(sort: Sort, cursor: str) -> tuple[Any, int]:
    """Cursors come back from strangers: anything that is not exactly ours is refused."""
    try:
        name, value, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        value = datetime.fromisoformat(value["at"]).astimezone(UTC) if isinstance(value, dict) else value
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, binascii.Error) as error:
        raise Invalid(NOT_OURS, field="cursor") from error
    if name != sort.name or not _is_like(sort, value) or type(row_id) is not int or abs(row_id) > LARGEST_ID:
        raise Invalid(NOT_OURS, field="cursor")
    return value, row_id


def _is_like(sort: Sort, value: Any) -> bool:
    """Whether the value is of the column's own type."""
    if isinstance(sort.column.type, UtcTime):
        return isinstance(value, datetime)
    kind = sort.column.type.python_type
    if kind in (int, float):
        return type(value) in (int, float) and math.isfinite(value) and abs(value) <= LARGEST_VALUE
    return isinstance(value, kind) and (kind is not str or clean(value, LONGEST_TEXT) == value)
