"""What people write down about a deal or a contact."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.contacts.tables import contacts
from crm_core.deals.deed import locked, told
from crm_core.deals.tables import notes
from crm_core.errors import Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers
from crm_core.repeats import just_made
from crm_core.text import clean

LONGEST = 10_000


async def note_deal(tx: AsyncConnection, deal_id: int, text: str, *, by: int, now: datetime) -> int:
    """Write a note on a deal's card and tell its id; raises NotFound, Invalid if it says nothing."""
    deal = await locked(tx, deal_id)
    note_id = await _write(tx, text, by, now, deal_id=deal_id, contact_id=deal.contact_id)
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"note_id": note_id})])
    return note_id


async def note_contact(tx: AsyncConnection, contact_id: int, text: str, *, by: int, now: datetime) -> int:
    """The same for a contact's card."""
    contact = (await tx.execute(select(contacts.c.owner_id).where(contacts.c.id == contact_id))).one_or_none()
    if contact is None:
        raise NotFound(noun="contacts", id=contact_id)
    note_id = await _write(tx, text, by, now, deal_id=None, contact_id=contact_id)
    event = Event(EventKind.CONTACT_CHANGED, now, keepers(contact.owner_id), contact_id=contact_id, user_id=by,
                  facts={"note_id": note_id})  # fmt: skip
    await event_log.append(tx, [event])
    return note_id


async def _write(tx: AsyncConnection, text: str, by: int, now: datetime, *, deal_id: int | None, contact_id: int | None) -> int:
    said = clean(text, LONGEST).strip()
    if not said:
        raise Invalid("A note says something")
    row = {"deal_id": deal_id, "contact_id": contact_id, "user_id": by, "at": now, "text": said}
    written = await just_made(tx, notes, row, at="at")
    if written is not None:
        return written
    note_id: int = (await tx.execute(insert(notes).values(row).returning(notes.c.id))).scalar_one()
    return note_id
