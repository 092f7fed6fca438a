"""`meetings` of deals: who, with whom, where, when, and what was agreed."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, RowId
from api.paths import BodyId, PathId, UtcMoment
from api.rest.models import Answer, Moment, Page, PersonOut
from crm_core.access import Actor, Right, require, require_visible
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals
from crm_core.meetings import deeds, queries
from crm_core.meetings.deeds import MeetingChanges, NewMeeting
from crm_core.meetings.queries import Meeting, MeetingFilters, MeetingState

router = APIRouter(tags=["meetings"])


class MeetingOut(Answer):
    """`with_whom`: others, as they were named. `lacks`: what nobody has said yet of user, contact, place, at, notes."""

    id: int
    deal_id: int
    task_id: int | None
    user: PersonOut | None
    contact_id: int | None
    with_whom: str | None
    place: str | None
    at: Moment | None
    notes: str | None
    state: MeetingState
    held_at: Moment | None
    agreements: str | None
    lacks: list[str]
    created_at: Moment

    @classmethod
    def of(cls, one: Meeting) -> "MeetingOut":
        return cls(
            id=one.id, deal_id=one.deal.id, task_id=one.task_id, user=PersonOut.model_validate(one.user) if one.user else None,
            contact_id=one.contact.id if one.contact and one.contact.may_open else None, with_whom=one.with_whom, place=one.place,
            at=one.at, notes=one.notes, state=one.state, held_at=one.held_at, agreements=one.agreements, lacks=list(one.lacks),
            created_at=one.created_at,
        )  # fmt: skip


class MeetingChange(BaseModel):
    """What is left out stays; null: not said yet. Another time puts it off, its task with it."""

    at: UtcMoment | None = None
    user_id: BodyId | None = None
    contact_id: BodyId | None = None
    with_whom: str | None = Field(None, max_length=300)
    place: str | None = Field(None, max_length=500)
    notes: str | None = Field(None, max_length=10_000)


class MeetingIn(MeetingChange):
    deal_id: BodyId


class MeetingChangeSeen(MeetingChange):
    seen: MeetingChange | None = Field(None, description="what you saw: 409 with `changed` where somebody else changed it since")


class Held(BaseModel):
    """`held_at`: by default the time it was set for."""

    agreements: str = Field(min_length=1, max_length=10_000)
    held_at: UtcMoment | None = None


class Cancelled(BaseModel):
    reason: str | None = Field(None, max_length=1000)


@router.get("/meetings", response_model=Page[MeetingOut])
async def list_of_meetings(
    actor: CurrentActor,
    connection: ReadDb,
    deal_id: RowId | None = None,
    user_id: RowId | None = None,
    contact_id: RowId | None = None,
    state: MeetingState | None = None,
    since: UtcMoment | None = None,
    until: UtcMoment | None = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.MEETING_SORTS)})] = "at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MeetingOut]:
    """Of the deals you may see; `since` and `until` bound their time."""
    filters = MeetingFilters(deal_id, user_id, contact_id, state, since, until)
    page = await queries.list_meetings(connection, actor, filters, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[MeetingOut.of(one) for one in page.items], next_cursor=page.next_cursor)


@router.get("/meetings/{meeting_id}", response_model=MeetingOut)
async def one_meeting(meeting_id: PathId, actor: CurrentActor, connection: ReadDb) -> MeetingOut:
    return MeetingOut.of(await queries.meeting(connection, actor, meeting_id))


@router.post("/meetings", response_model=MeetingOut, status_code=201)
async def set_meeting(new: MeetingIn, actor: CurrentActor, context: Context) -> MeetingOut:
    """With a task of the kind `meeting` for whoever goes."""
    require(actor, Right.WORK)
    given: dict[str, Any] = new.model_dump()
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, new.deal_id)
        await _require_contact(tx, actor, new.contact_id)
        added = await deeds.set_meeting(tx, NewMeeting(**given), by=actor.user_id, now=context.now())
        return MeetingOut.of(await queries.meeting(tx, actor, added))


@router.patch("/meetings/{meeting_id}", response_model=MeetingOut)
async def change_meeting(meeting_id: PathId, change: MeetingChangeSeen, actor: CurrentActor, context: Context) -> MeetingOut:
    """409 if it was held or cancelled."""
    require(actor, Right.WORK)
    changes = cast("MeetingChanges", change.model_dump(exclude_unset=True, exclude={"seen"}))
    seen = change.seen.model_dump(exclude_unset=True) if change.seen else None
    async with context.database.write() as tx:
        await queries.meeting(tx, actor, meeting_id)
        await _require_contact(tx, actor, change.contact_id)
        await deeds.change_meeting(tx, meeting_id, changes, by=actor.user_id, now=context.now(), seen=seen)
        return MeetingOut.of(await queries.meeting(tx, actor, meeting_id))


@router.post("/meetings/{meeting_id}/hold", response_model=MeetingOut)
async def hold_meeting(meeting_id: PathId, held: Held, actor: CurrentActor, context: Context) -> MeetingOut:
    """It took place; its task is done. Told again, what was agreed is written anew."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await queries.meeting(tx, actor, meeting_id)
        await deeds.hold_meeting(tx, meeting_id, held.agreements, by=actor.user_id, now=context.now(), held_at=held.held_at)
        return MeetingOut.of(await queries.meeting(tx, actor, meeting_id))


@router.post("/meetings/{meeting_id}/cancel", response_model=MeetingOut)
async def cancel_meeting(meeting_id: PathId, cancelled: Cancelled, actor: CurrentActor, context: Context) -> MeetingOut:
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await queries.meeting(tx, actor, meeting_id)
        await deeds.cancel_meeting(tx, meeting_id, cancelled.reason, by=actor.user_id, now=context.now())
        return MeetingOut.of(await queries.meeting(tx, actor, meeting_id))


async def _require_contact(tx: AsyncConnection, actor: Actor, contact_id: int | None) -> None:
    if contact_id is not None:
        await require_visible(tx, actor, contacts, contact_id)
