"""What every deed on a deal begins and ends with: its row, kept from others, and the event that tells of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.tables import deals
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers
from crm_core.rows import locked_row


async def locked(tx: AsyncConnection, deal_id: int) -> Row[Any]:
    """The deal's row, kept from others until the transaction ends; raises NotFound."""
    return await locked_row(tx, deals, deal_id)


def told(kind: EventKind, deal: Row[Any], now: datetime, by: int | None, facts: dict[str, Any] | None = None) -> Event:
    """An event about a deal as it was before the deed."""
    return Event(kind, now, keepers(deal.owner_id), deal_id=deal.id, contact_id=deal.contact_id, user_id=by, facts=facts or {})
