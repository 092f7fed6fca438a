"""What every deed on a deal begins and ends with: its row, kept from others, and the event that tells of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.tables import deals
from crm_core.errors import NotFound
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers


async def locked(tx: AsyncConnection, deal_id: int) -> Row[Any]:
    """The deal's row, kept from others until the transaction ends; raises NotFound."""
    row = (await tx.execute(select(deals).where(deals.c.id == deal_id).with_for_update())).one_or_none()
    if row is None:
        raise NotFound(noun="deals", id=deal_id)
    return row


def told(kind: EventKind, deal: Row[Any], now: datetime, by: int | None, facts: dict[str, Any] | None = None) -> Event:
    """An event about a deal as it was before the deed."""
    return Event(kind, now, keepers(deal.owner_id), deal_id=deal.id, contact_id=deal.contact_id, user_id=by, facts=facts or {})
