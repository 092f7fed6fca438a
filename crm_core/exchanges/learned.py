"""Keeps what an exchange told of its own lines, so that a restart knows it from the beginning."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import exchanges
from crm_core.exchanges.learned_lines import Learned


async def of(connection: AsyncConnection, exchange_id: int) -> Learned:
    """For whoever shows it; nothing learned if there is no such exchange."""
    kept = await connection.scalar(select(exchanges.c.learned).where(exchanges.c.id == exchange_id))
    return Learned.of_json(kept or {})


async def keep(tx: AsyncConnection, exchange_id: int, learned: Learned) -> None:
    """Instead of what was kept before: it holds that, too."""
    await tx.execute(update(exchanges).where(exchanges.c.id == exchange_id).values(learned=learned.as_json()))
