"""What people wrote down on the deal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.deals.entry import Entry, EntryKind, Found, TimelineAsked
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


def _of_deal(_actor: Actor) -> Select[Any]:
    query = select(notes.c.id, notes.c.at, notes.c.text, notes.c.user_id, users.c.name.label("user_name"))
    return query.join(users, users.c.id == notes.c.user_id).where(notes.c.deal_id == bindparam("deal"))


async def _find(connection: AsyncConnection, asked: TimelineAsked) -> list[Found]:
    rows = await asked.rows(connection, _of_deal, NoteEntry.kind, notes.c.at, notes.c.id)
    return [Found(row.at, NoteEntry.kind, row.id, row) for row in rows]


async def _tell(_connection: AsyncConnection, _asked: TimelineAsked, rows: Sequence[Any]) -> list[NoteEntry]:
    return [NoteEntry(row.at, row.id, Person(row.user_id, row.user_name), row.text) for row in rows]


ENTRY = EntryKind(NoteEntry.kind, _find, _tell)
