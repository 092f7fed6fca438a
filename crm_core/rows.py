"""One row by its id, for whoever is going to change it."""

from typing import Any

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.errors import NotFound


async def locked_row(tx: AsyncConnection, table: Table, row_id: int) -> Row[Any]:
    """Kept from others until the transaction ends; raises NotFound."""
    row = (await tx.execute(select(table).where(table.c.id == row_id).with_for_update())).one_or_none()
    if row is None:
        raise NotFound(noun=table.name, id=row_id)
    return row
