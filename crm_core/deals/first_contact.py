"""How a deal began: by phone or otherwise (F14)."""

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import calls
from crm_core.requests.tables import requests

_CALLED = select(func.min(calls.c.started_at)).where(calls.c.deal_id == bindparam("deal")).scalar_subquery()
_ASKED = select(func.min(requests.c.at)).where(requests.c.deal_id == bindparam("deal")).scalar_subquery()
_FIRSTS = select(_CALLED, _ASKED)


async def first_contact_by_phone(connection: AsyncConnection, deal_id: int) -> bool:
    """Whether the customer's first word on this deal was a call, answered or not. One opened by hand has no such call."""
    called, asked = (await connection.execute(_FIRSTS, {"deal": deal_id})).one()
    return called is not None and (asked is None or called <= asked)
