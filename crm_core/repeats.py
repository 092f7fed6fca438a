"""A form sent twice at once, by a double click or by a browser that tries again, counts once."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import one_at_a_time

AT_ONCE = timedelta(seconds=5)
SAYING = 4_071_951  # any number of our own


async def just_made(tx: AsyncConnection, table: Table, row: dict[str, Any], *, at: str) -> int | None:
    """The id of a row that says all the same and is at most five seconds older; `at` names the column of its moment."""
    await one_at_a_time(tx, SAYING)  # else each of two that come at once looks before the other is there
    alike = [table.c[column].is_not_distinct_from(value) for column, value in row.items() if column != at]
    query = select(table.c.id).where(*alike, table.c[at] > row[at] - AT_ONCE, table.c[at] <= row[at])
    found: int | None = await tx.scalar(query.order_by(table.c.id.desc()).limit(1))
    return found
