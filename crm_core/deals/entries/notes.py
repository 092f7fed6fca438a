"""What people wrote down on the deal."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.entry import Entry, EntryKind, TimelineAsked
from crm_core.deals.tables import notes
from crm_core.references import Person
from crm_core.users.tables import users


@dataclass(frozen=True, slots=True)
class NoteEntry(Entry):
    kind: ClassVar[str] = "note"
    at: datetime
    id: int
    user: Person
    text: str


async def _read(connection: AsyncConnection, asked: TimelineAsked) -> list[NoteEntry]:
    query = select(notes, users.c.name.label("user_name")).join(users, users.c.id == notes.c.user_id)
    query = asked.newest(query.where(notes.c.deal_id == asked.deal_id), NoteEntry.kind, notes.c.at, notes.c.id)
    rows = (await connection.execute(query)).all()
    return [NoteEntry(row.at, row.id, Person(row.user_id, row.user_name), row.text) for row in rows]


ENTRY = EntryKind(NoteEntry.kind, _read)
