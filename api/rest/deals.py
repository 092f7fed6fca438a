"""`deals` and their moves along the pipeline."""

from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, RowId, Search
from api.paths import BodyId, PathId, UtcMoment
from api.rest.models import DealOut, Page
from crm_core.access import Actor, Right, require, require_may_give, require_visible
from crm_core.contacts.tables import companies, contacts
from crm_core.deals import edits, moves, people, queries
from crm_core.deals.edits import DealChanges, NewDeal
from crm_core.deals.filters import DealFilters
from crm_core.deals.tables import deals
from crm_core.deals.work_type import choose_work_type

router = APIRouter(tags=["deals"])


def deal_filters(
    context: Context,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    pipeline_id: RowId | None = None,
    stage_id: RowId | None = None,
    owner_id: RowId | None = None,
    contact_id: RowId | None = None,
    company_id: RowId | None = None,
    search: Search = None,
    source: Annotated[str | None, Query(max_length=300)] = None,
    work_type_id: RowId | None = None,
    unowned: bool = False,
    without_task: Annotated[bool, Query(description="open, and no open task says what happens next")] = False,
    stuck: Annotated[bool, Query(description="longer on its stage than that allows")] = False,
    opened_since: UtcMoment | None = None,
    opened_until: UtcMoment | None = None,
) -> DealFilters:
    return DealFilters(
        is_open, pipeline_id, stage_id, owner_id, contact_id, company_id, search, source, work_type_id, unowned, without_task,
        context.now() if stuck else None, opened_since, opened_until,
    )  # fmt: skip


@router.get("/deals", response_model=Page[DealOut])
async def list_of_deals(
    actor: CurrentActor,
    connection: ReadDb,
    filters: Annotated[DealFilters, Depends(deal_filters)],
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.DEAL_SORTS)})] = "-stage_since",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DealOut]:
    """The deals you may see: your own and nobody's, or everybody's, by your role."""
    page = await queries.list_deals(connection, actor, filters, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[DealOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/deals/{deal_id}", response_model=DealOut)
async def one_deal(deal_id: PathId, actor: CurrentActor, connection: ReadDb) -> DealOut:
    return DealOut.of(await queries.deal(connection, actor, deal_id))


class DealIn(BaseModel):
    """`amount` in the smallest unit of the currency. Without a stage it begins in the first; without an owner it is yours."""

    contact_id: BodyId
    title: str | None = Field(None, max_length=300)
    amount: int | None = Field(None, ge=0)
    stage_id: BodyId | None = None
    owner_id: BodyId | None = None
    source: str | None = Field(None, max_length=300)
    override: str | None = Field(None, max_length=1000, description="why it begins beyond what the stages before its own ask for")


class DealChange(BaseModel):
    """What is left out stays. `owner_id` null: nobody's."""

    title: str | None = Field(None, max_length=300)
    amount: int | None = Field(None, ge=0)
    currency: str = Field("RUB", min_length=3, max_length=3)
    source: str | None = Field(None, max_length=300)
    owner_id: BodyId | None = None
    work_type_id: BodyId | None = None
    contact_id: BodyId | None = None
    company_id: BodyId | None = None


class DealSeen(BaseModel):
    title: str | None = None
    amount: int | None = None
    currency: str = "RUB"
    source: str | None = None
    work_type_id: int | None = None


class DealChangeSeen(DealChange):
    """A work type sets an amount that nobody typed. `contact_id`: who was the main one takes part further."""

    seen: DealSeen | None = Field(None, description="what you saw: 409 with `changed` where somebody else changed it since")


class Move(BaseModel):
    """`expected_stage`: where you saw it last; `override`: why, where a rule is set aside."""

    stage: BodyId
    expected_stage: BodyId | None = None
    override: str | None = Field(None, max_length=1000)


@router.post("/deals", response_model=DealOut, status_code=201)
async def open_deal(new: DealIn, actor: CurrentActor, context: Context) -> DealOut:
    require(actor, Right.WORK)
    require_may_give(actor, new.owner_id or actor.user_id)
    made = NewDeal(new.contact_id, new.title, new.amount, new.stage_id, new.owner_id or actor.user_id, new.source)
    async with context.database.write() as tx:
        await require_visible(tx, actor, contacts, new.contact_id)
        deal_id = await edits.open_deal(
            tx, made, by=actor.user_id, now=context.now(), override=new.override, may_override=actor.may(Right.OVERRIDE)
        )
        return DealOut.of(await queries.deal(tx, actor, deal_id))


@router.patch("/deals/{deal_id}", response_model=DealOut)
async def change_deal(deal_id: PathId, change: DealChangeSeen, actor: CurrentActor, context: Context) -> DealOut:
    """A manager may take a deal that is nobody's; giving one to somebody else is for who sees everybody's (403)."""
    require(actor, Right.WORK)
    given = change.model_dump(exclude_unset=True, include={"title", "amount", "currency", "source"})
    seen = change.seen.model_dump(exclude_unset=True) if change.seen else None
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, deal_id)
        await _place(tx, actor, deal_id, change, seen, context.now())
        await edits.edit_deal(tx, deal_id, cast("DealChanges", given), by=actor.user_id, now=context.now(), seen=seen)
        if "owner_id" in change.model_fields_set:
            require_may_give(actor, change.owner_id)
            await edits.assign_deal(tx, deal_id, change.owner_id, by=actor.user_id, now=context.now())
        return DealOut.of(await queries.deal(tx, actor, deal_id))


async def _place(
    tx: AsyncConnection, actor: Actor, deal_id: int, change: DealChange, seen: dict[str, Any] | None, now: datetime
) -> None:
    """What kind of work it is, with whom and with which company; each must be one that the actor may see."""
    by = actor.user_id
    if "work_type_id" in change.model_fields_set:
        await choose_work_type(tx, deal_id, change.work_type_id, by=by, now=now, seen=seen)
    if change.contact_id is not None:
        await require_visible(tx, actor, contacts, change.contact_id)
        await people.make_main(tx, deal_id, change.contact_id, by=by, now=now)
    if "company_id" in change.model_fields_set:
        if change.company_id is not None:
            await require_visible(tx, actor, companies, change.company_id)
        await people.set_company(tx, deal_id, change.company_id, by=by, now=now)


@router.post("/deals/{deal_id}/move", response_model=DealOut)
async def move_deal(deal_id: PathId, move: Move, actor: CurrentActor, context: Context) -> DealOut:
    """409 with `missing` [{kind, what, say}] if a stage on the way does not let it, with `moved_to` {id, name} if somebody was
    first. `override` sets aside what is missing; it needs the right to (403)."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, deal_id)
        await moves.move(
            tx, deal_id, move.stage, by=actor.user_id, now=context.now(), expected_stage=move.expected_stage,
            override=move.override, may_override=actor.may(Right.OVERRIDE),
        )  # fmt: skip
        return DealOut.of(await queries.deal(tx, actor, deal_id))
