"""How a deal began: by phone or otherwise (F14)."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import calls
from crm_core.requests.tables import requests


async def first_contact_by_phone(connection: AsyncConnection, deal_id: int) -> bool:
    """Whether the customer's first word on this deal was a call, answered or not. One opened by hand has no such call."""
    first_call = select(func.min(calls.c.started_at)).where(calls.c.deal_id == deal_id).scalar_subquery()
    first_request = select(func.min(requests.c.at)).where(requests.c.deal_id == deal_id).scalar_subquery()
    called, asked = (await connection.execute(select(first_call, first_request))).one()
    return called is not None and (asked is None or called <= asked)
