"""What people write down about a deal."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.deed import locked, told
from crm_core.deals.tables import notes
from crm_core.errors import Invalid
from crm_core.events import EventKind
from crm_core.repeats import just_made
from crm_core.text import clean

LONGEST = 10_000


async def note_deal(tx: AsyncConnection, deal_id: int, text: str, *, by: int, now: datetime) -> int:
    """Write a note on a deal's card and tell its id; raises NotFound, Invalid if it says nothing."""
    deal = await locked(tx, deal_id)
    said = clean(text, LONGEST).strip()
    if not said:
        raise Invalid("A note says something")
    row = {"deal_id": deal_id, "contact_id": deal.contact_id, "user_id": by, "at": now, "text": said}
    note_id = await just_made(tx, notes, row, at="at")
    if note_id is None:
        note_id = (await tx.execute(insert(notes).values(row).returning(notes.c.id))).scalar_one()
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"note_id": note_id})])
    return note_id
