"""The meetings of a deal, as gates judge them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.meetings.tables import meetings


async def meetings_of(tx: AsyncConnection, deal_id: int) -> Sequence[Row[Any]]:
    """Newest first."""
    return (await tx.execute(select(meetings).where(meetings.c.deal_id == deal_id).order_by(meetings.c.id.desc()))).all()
