"""Whom the news of a call is for, beside those who see everybody's calls."""

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import call_rings, call_talks, calls
from crm_core.deals.tables import deals


async def receivers_of(connection: AsyncConnection, call_id: int) -> tuple[int, ...] | None:
    """Those whose phone rang or who talked, who the call belongs to, and the deal's owner; everybody (None) if that is nobody."""
    people = union(
        select(call_rings.c.user_id).where(call_rings.c.call_id == call_id),
        select(call_talks.c.user_id).where(call_talks.c.call_id == call_id),
        select(calls.c.user_id).where(calls.c.id == call_id),
        select(deals.c.owner_id).join(calls, calls.c.deal_id == deals.c.id).where(calls.c.id == call_id),
    )
    return tuple(sorted(user for user in await connection.scalars(people) if user is not None)) or None
