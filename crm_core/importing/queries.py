"""Reads of imports: the starter's own."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging
from crm_core.access import Actor
from crm_core.errors import NotFound
from crm_core.importing.options import Options
from crm_core.importing.tables import imports, refused_rows
from crm_core.paging import Page

IMPORT_SORTS = paging.sorts(imports.c.id, {"created_at": imports.c.created_at})
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Import:
    """`rows` of the table below its heading, 0: not counted yet. `done`: how many of them were looked at."""

    id: int
    file_name: str
    blob: str
    options: Options
    state: str
    rows: int
    row_reached: int
    created: int
    changed: int
    unchanged: int
    refused: int
    note: str | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def done(self) -> int:
        return self.created + self.changed + self.unchanged + self.refused


@dataclass(frozen=True, slots=True)
class Refused:
    """`why`: [(column from 0 or None, text of the catalogue, what fills it)]."""

    row: int
    cells: tuple[str, ...]
    why: tuple[tuple[int | None, str, dict[str, Any]], ...]


async def list_imports(connection: AsyncConnection, actor: Actor, *, cursor: str | None = None, limit: int = 20) -> Page[Import]:
    """The newest first. Raises Invalid."""
    order = paging.sort_named(IMPORT_SORTS, "-created_at")
    query = select(imports).where(imports.c.user_id == actor.user_id)
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [_import(row) for row in rows[:limit]], order, limit)


async def one_import(connection: AsyncConnection, actor: Actor, import_id: int) -> Import:
    """Raises NotFound, also for a colleague's."""
    query = select(imports).where(imports.c.id == import_id, imports.c.user_id == actor.user_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(noun="imports", id=import_id)
    return _import(row)


async def first_refused(connection: AsyncConnection, import_id: int, most: int = 20) -> Sequence[Refused]:
    rows = await connection.execute(_refused(import_id, 0).limit(most))
    return [_told(row) for row in rows]


async def all_refused(connection: AsyncConnection, import_id: int) -> AsyncIterator[Refused]:
    """In the order of the file, read in pieces."""
    after = 0
    while True:
        rows = (await connection.execute(_refused(import_id, after).limit(AT_ONCE))).all()
        for row in rows:
            yield _told(row)
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].row


def _refused(import_id: int, after: int) -> Any:
    query = select(refused_rows).where(refused_rows.c.import_id == import_id, refused_rows.c.row > after)
    return query.order_by(refused_rows.c.row)


def _told(row: Row[Any]) -> Refused:
    return Refused(row.row, tuple(row.cells), tuple((column, say, facts) for column, say, facts in row.why))


def _import(row: Row[Any]) -> Import:
    return Import(
        row.id, row.file_name, row.blob, Options.of(row.options), row.state, row.rows, row.row_reached, row.created, row.changed,
        row.unchanged, row.refused, row.note, row.created_at, row.ended_at,
    )  # fmt: skip
