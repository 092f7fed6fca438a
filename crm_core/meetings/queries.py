"""Reads of meetings: those of a deal, and those that are to come. A meeting is seen by whoever sees its deal."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging, references
from crm_core.access import Actor, visible
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals, stages
from crm_core.errors import NotFound
from crm_core.meetings.tables import meetings
from crm_core.paging import Page
from crm_core.references import ContactRef, DealRef, Person
from crm_core.users.tables import users

MEETING_SORTS = paging.sorts(
    meetings.c.id, {"at": func.coalesce(meetings.c.at, meetings.c.created_at), "created_at": meetings.c.created_at}
)


class MeetingState(StrEnum):
    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Meeting:
    """`user` goes to meet `contact` and `with_whom` (others, as they were named); None: not said yet.

    `notes` are written before it (what to bring, what to ask), `agreements` after it.
    """

    id: int
    deal: DealRef
    task_id: int | None
    user: Person | None
    contact: ContactRef | None
    with_whom: str | None
    place: str | None
    at: datetime | None
    notes: str | None
    state: MeetingState
    held_at: datetime | None
    agreements: str | None
    created_at: datetime

    @property
    def lacks(self) -> tuple[str, ...]:
        """What nobody has said yet of who, with whom, where, when (F15)."""
        said = {
            "user": self.user, "contact": self.contact or self.with_whom, "place": self.place, "at": self.at, "notes": self.notes,
        }  # fmt: skip
        return tuple(name for name, value in said.items() if not value)

    def is_past(self, now: datetime) -> bool:
        """Planned for a moment that is gone: somebody must say how it went."""
        return self.state is MeetingState.PLANNED and self.at is not None and self.at < now


@dataclass(frozen=True, slots=True)
class MeetingFilters:
    """`since` and `until` bound its time: from the first up to, not including, the second."""

    deal_id: int | None = None
    user_id: int | None = None
    contact_id: int | None = None
    state: MeetingState | None = None
    since: datetime | None = None
    until: datetime | None = None
    open_deals: bool = False


async def list_meetings(
    connection: AsyncConnection, actor: Actor, filters: MeetingFilters | None = None, *,
    sort: str = "at", cursor: str | None = None, limit: int = 50,
) -> Page[Meeting]:  # fmt: skip
    """A page of the meetings of the deals the actor may see; raises Invalid."""
    order = paging.sort_named(MEETING_SORTS, sort)
    query = _narrowed(meeting_query(actor), filters or MeetingFilters())
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [_meeting(row) for row in rows[:limit]], order, limit)


async def meeting(connection: AsyncConnection, actor: Actor, meeting_id: int) -> Meeting:
    """Raises NotFound."""
    row = (await connection.execute(meeting_query(actor).where(meetings.c.id == meeting_id))).one_or_none()
    if row is None:
        raise NotFound(noun="meetings", id=meeting_id)
    return _meeting(row)


async def meetings_of(connection: AsyncConnection, actor: Actor, deal_id: int) -> tuple[Meeting, ...]:
    """All of a deal: the ones to come first, the soonest before the later; then the newest."""
    found = [_meeting(row) for row in await connection.execute(_of_deal(actor), {"deal": deal_id})]
    planned = sorted((one for one in found if one.state is MeetingState.PLANNED), key=lambda one: one.at or one.created_at)
    done = sorted((one for one in found if one.state is not MeetingState.PLANNED), key=_ended, reverse=True)
    return (*planned, *done)


def _ended(meeting: Meeting) -> datetime:
    return meeting.held_at or meeting.at or meeting.created_at


@lru_cache(1000)
def meeting_query(actor: Actor) -> Select[Any]:
    """Lines of all meetings the actor may see, in no order yet."""
    return (
        select(
            meetings,
            deals.c.title.label("deal_title"), deals.c.amount.label("deal_amount"), deals.c.currency.label("deal_currency"),
            visible(actor, deals).label("deal_opens"), stages.c.id.label("deal_stage_id"),
            stages.c.name.label("deal_stage_name"), stages.c.short_name.label("deal_stage_short_name"),
            contacts.c.name.label("contact_name"), visible(actor, contacts).label("contact_opens"),
            companies.c.id.label("company_id"), companies.c.name.label("company_name"), users.c.name.label("user_name"),
        )
        .select_from(
            meetings.join(deals, deals.c.id == meetings.c.deal_id)
            .join(stages, stages.c.id == deals.c.stage_id)
            .outerjoin(contacts, contacts.c.id == meetings.c.contact_id)
            .outerjoin(companies, companies.c.id == func.coalesce(deals.c.company_id, contacts.c.company_id))
            .outerjoin(users, users.c.id == meetings.c.user_id)
        )
        .where(visible(actor, deals))
    )  # fmt: skip


@lru_cache(1000)
def _of_deal(actor: Actor) -> Select[Any]:
    return meeting_query(actor).where(meetings.c.deal_id == bindparam("deal")).order_by(meetings.c.id)


def _narrowed(query: Select[Any], filters: MeetingFilters) -> Select[Any]:
    equal = {
        meetings.c.deal_id: filters.deal_id, meetings.c.user_id: filters.user_id,
        meetings.c.contact_id: filters.contact_id, meetings.c.state: filters.state,
    }  # fmt: skip
    query = query.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.since is not None:
        query = query.where(meetings.c.at >= filters.since)
    if filters.until is not None:
        query = query.where(meetings.c.at < filters.until)
    return query.where(deals.c.closed_at.is_(None)) if filters.open_deals else query


def _meeting(row: Any) -> Meeting:
    deal = references.deal(row)
    if deal is None:
        raise NotFound(noun="deals", id=row.deal_id)
    return Meeting(
        id=row.id, deal=deal, task_id=row.task_id, user=references.person(row, "user"), contact=references.contact(row),
        with_whom=row.with_whom, place=row.place, at=row.at, notes=row.notes, state=MeetingState(row.state), held_at=row.held_at,
        agreements=row.agreements, created_at=row.created_at,
    )  # fmt: skip
