"""What a deal is made of: the people who take part, its products, and all that happened on it."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb
from api.paths import BodyId, PathId
from api.rest.models import Answer, CompanyRefOut, Moment, NumberOut, Page, StageOut
from crm_core.access import Actor, Right, require, require_visible
from crm_core.contacts.tables import contacts
from crm_core.deals import card_queries, people
from crm_core.deals.entries.calls import CallEntry
from crm_core.deals.entries.meetings import MeetingEntry
from crm_core.deals.entries.moves import MoveEntry
from crm_core.deals.entries.notes import NoteEntry
from crm_core.deals.entries.tasks import TaskEntry
from crm_core.deals.entry import Entry
from crm_core.deals.people import DealPerson, Influence, people_of
from crm_core.deals.tables import deals
from crm_core.products import deal_lines
from crm_core.products.deal_lines import DealProducts, LineChanges, NewLine, products_of

router = APIRouter(tags=["deals"])


class DealPersonOut(Answer):
    """`main`: the deal's own contact. `influence`: decides, influences, uses, none; null: not known. `contact_id` null: not
    yours to open.
    """

    contact_id: int | None
    name: str | None
    position: str | None
    company: CompanyRefOut | None
    numbers: list[NumberOut]
    role: str | None
    influence: Influence | None
    main: bool

    @classmethod
    def of(cls, person: DealPerson) -> "DealPersonOut":
        contact = person.contact
        return cls(
            contact_id=contact.id if contact.may_open else None, name=contact.name, position=person.position,
            company=CompanyRefOut.model_validate(contact.company) if contact.company else None,
            numbers=[NumberOut.model_validate(number) for number in person.numbers], role=person.role,
            influence=person.influence, main=person.main,
        )  # fmt: skip


class PersonIn(BaseModel):
    role: str | None = Field(None, max_length=200)
    influence: Influence | None = None


class LineOut(Answer):
    """In the smallest unit of the deal's currency. `margin` is null where the cost is not known or not for you."""

    id: int
    product_id: int | None
    name: str
    unit: str | None
    quantity: float
    price: int
    total: int
    margin: int | None


class LinesOut(Answer):
    items: list[LineOut]
    total: int
    margin: int | None

    @classmethod
    def of(cls, sold: DealProducts, actor: Actor) -> "LinesOut":
        seen = actor.may(Right.SEE_FIGURES)
        items = [LineOut.model_validate(line).model_copy(update={} if seen else {"margin": None}) for line in sold.lines]
        return cls(items=items, total=sold.total, margin=sold.margin if seen else None)


class LineIn(BaseModel):
    """Of a product of the price list, or of what `name` says. Without a price it has the list's."""

    product_id: BodyId | None = None
    name: str | None = Field(None, max_length=300)
    quantity: float = Field(1.0, gt=0, le=deal_lines.MOST)
    price: int | None = Field(None, ge=0)
    unit: str | None = Field(None, max_length=20)


class LineChange(BaseModel):
    """What is left out stays."""

    name: str | None = Field(None, min_length=1, max_length=300)
    quantity: float = Field(1.0, gt=0, le=deal_lines.MOST)
    price: int = Field(0, ge=0)


class EntryOut(Answer):
    """`kind`: call, note, move, task, meeting, and others; `facts` say what it was. `stage`: where the deal stood then."""

    kind: str
    id: int
    at: Moment
    stage: StageOut
    facts: dict[str, Any]


@router.get("/deals/{deal_id}/timeline", response_model=Page[EntryOut])
async def timeline_of_deal(
    deal_id: PathId, actor: CurrentActor, connection: ReadDb, cursor: Cursor = None, limit: Limit = 50
) -> Page[EntryOut]:
    """All that happened on it, newest first."""
    found = await card_queries.older(connection, actor, deal_id, cursor, limit)
    items = [
        EntryOut(kind=entry.kind, id=entry.id, at=entry.at, stage=StageOut.model_validate(period.stage), facts=_facts(entry))
        for period in found.periods
        for entry in period.entries
    ]
    return Page(items=sorted(items, key=lambda one: (one.at, one.kind, one.id), reverse=True), next_cursor=found.next_cursor)


@router.get("/deals/{deal_id}/people", response_model=Page[DealPersonOut])
async def people_of_deal(deal_id: PathId, actor: CurrentActor, connection: ReadDb) -> Page[DealPersonOut]:
    await require_visible(connection, actor, deals, deal_id)
    return await _people(connection, actor, deal_id)


@router.put("/deals/{deal_id}/people/{contact_id}", response_model=Page[DealPersonOut])
async def place_person(
    deal_id: PathId, contact_id: PathId, given: PersonIn, actor: CurrentActor, context: Context
) -> Page[DealPersonOut]:
    """Adds him, or says anew what he is in this deal."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, deal_id)
        await require_visible(tx, actor, contacts, contact_id)
        await people.place_person(
            tx, deal_id, contact_id, role=given.role, influence=given.influence, by=actor.user_id, now=context.now()
        )
        return await _people(tx, actor, deal_id)


@router.delete("/deals/{deal_id}/people/{contact_id}", status_code=204)
async def remove_person(deal_id: PathId, contact_id: PathId, actor: CurrentActor, context: Context) -> Response:
    """The main contact is replaced (PATCH deals), not removed: 422."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, deal_id)
        await people.remove_person(tx, deal_id, contact_id, by=actor.user_id, now=context.now())
    return Response(status_code=204)


@router.get("/deals/{deal_id}/products", response_model=LinesOut)
async def products_of_deal(deal_id: PathId, actor: CurrentActor, connection: ReadDb) -> LinesOut:
    await require_visible(connection, actor, deals, deal_id)
    return LinesOut.of(await products_of(connection, deal_id), actor)


@router.post("/deals/{deal_id}/products", response_model=LinesOut, status_code=201)
async def add_line(deal_id: PathId, new: LineIn, actor: CurrentActor, context: Context) -> LinesOut:
    require(actor, Right.WORK)
    made = NewLine(new.product_id, new.name, new.quantity, new.price, new.unit)
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, deal_id)
        await deal_lines.add_line(tx, deal_id, made, by=actor.user_id, now=context.now())
        return LinesOut.of(await products_of(tx, deal_id), actor)


@router.patch("/deals/{deal_id}/products/{line_id}", response_model=LinesOut)
async def change_line(deal_id: PathId, line_id: PathId, change: LineChange, actor: CurrentActor, context: Context) -> LinesOut:
    require(actor, Right.WORK)
    changes: LineChanges = change.model_dump(exclude_unset=True)  # type: ignore[assignment]
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, deal_id)
        await deal_lines.edit_line(tx, deal_id, line_id, changes, by=actor.user_id, now=context.now())
        return LinesOut.of(await products_of(tx, deal_id), actor)


@router.delete("/deals/{deal_id}/products/{line_id}", status_code=204)
async def remove_line(deal_id: PathId, line_id: PathId, actor: CurrentActor, context: Context) -> Response:
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, deal_id)
        await deal_lines.remove_line(tx, deal_id, line_id, by=actor.user_id, now=context.now())
    return Response(status_code=204)


async def _people(connection: AsyncConnection, actor: Actor, deal_id: int) -> Page[DealPersonOut]:
    found = await people_of(connection, actor, deal_id)
    return Page(items=[DealPersonOut.of(person) for person in found], next_cursor=None)


def _facts(entry: Entry) -> dict[str, Any]:
    """What it was, by ids that lead on; a kind that is not known here tells no more than that it was."""
    match entry:
        case CallEntry():
            return {"call_id": entry.line.id, "direction": entry.line.direction, "talk_seconds": entry.line.talk_seconds}
        case NoteEntry():
            return {"text": entry.text, "user_id": entry.user.id}
        case MoveEntry():
            from_stage = entry.move.from_stage
            return {"from": from_stage and from_stage.id, "to": entry.move.stage.id, "reason": entry.move.reason}
        case TaskEntry():
            return {"task_id": entry.task.id, "kind": entry.task.kind}
        case MeetingEntry():
            return {"meeting_id": entry.meeting.id, "deed": entry.deed, "reason": entry.reason}
        case _:
            return {}
