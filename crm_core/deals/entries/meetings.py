"""What became of the deal's meetings: set, put off, held with what was agreed, cancelled; by whom and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.deals.entry import Entry, EntryKind, Found, TimelineAsked
from crm_core.meetings.queries import Meeting, meetings_of
from crm_core.meetings.tables import meetings
from crm_core.references import Person
from crm_core.users.tables import audit, users

TOLD = ("meeting_set", "meeting_put_off", "meeting_held", "meeting_cancelled")


@dataclass(frozen=True, slots=True)
class MeetingEntry(Entry):
    """`deed`: one of TOLD. `was_at`, `put_to`: of one that was put off. `reason`: of one that was cancelled."""

    kind: ClassVar[str] = "meeting"
    at: datetime
    id: int
    deed: str
    meeting: Meeting
    user: Person | None
    was_at: datetime | None
    put_to: datetime | None
    reason: str | None


def _of_deal(_actor: Actor) -> Select[Any]:
    own = select(meetings.c.id).where(meetings.c.deal_id == bindparam("deal"))
    return (
        select(audit, users.c.name.label("user_name"))
        .outerjoin(users, users.c.id == audit.c.user_id)
        .where(audit.c.noun == "meeting", audit.c.noun_id.in_(own), audit.c.deed.in_(TOLD))
    )


async def _find(connection: AsyncConnection, asked: TimelineAsked) -> list[Found]:
    if asked.meetings == ():
        return []
    rows = await asked.rows(connection, _of_deal, MeetingEntry.kind, audit.c.at, audit.c.id)
    return [Found(row.at, MeetingEntry.kind, row.id, row) for row in rows]


async def _tell(connection: AsyncConnection, asked: TimelineAsked, rows: Sequence[Any]) -> list[MeetingEntry]:
    known = asked.meetings if asked.meetings is not None else await meetings_of(connection, asked.actor, asked.deal_id)
    own = {one.id: one for one in known}
    return [_entry(row, own[row.noun_id]) for row in rows]


def _entry(row: Any, meeting: Meeting) -> MeetingEntry:
    facts = row.facts or {}
    was_at, put_to = facts["at"] if row.deed == "meeting_put_off" else (None, None)
    user = None if row.user_id is None else Person(row.user_id, row.user_name)
    return MeetingEntry(row.at, row.id, row.deed, meeting, user, _moment(was_at), _moment(put_to), facts.get("reason"))


def _moment(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)


ENTRY = EntryKind(MeetingEntry.kind, _find, _tell)
