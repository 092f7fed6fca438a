"""`fields` that were added to cards, and their values on the cards of deals, contacts and companies."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.context import AppContext
from api.deps import Context, CurrentActor, ReadDb
from api.paths import PathId
from api.personal import personal_shown
from api.rest.models import Answer, Page
from crm_core.access import Actor, Right, require, require_visible
from crm_core.fields import definitions, reading
from crm_core.fields.definitions import FieldChanges, FieldKind, NewField
from crm_core.fields.history import Noun
from crm_core.fields.values import TABLES, set_values

router = APIRouter(tags=["fields"])


class FieldOut(Answer):
    """`choices`: of choice and choices, in order. `personal`: its values are shown to few, and each look is written down."""

    id: int
    noun: Noun
    name: str
    kind: FieldKind
    choices: list[str]
    personal: bool
    block: str | None
    position: int
    archived: bool


class FieldIn(BaseModel):
    noun: Noun
    name: str = Field(min_length=1, max_length=120)
    kind: FieldKind
    choices: list[str] = Field(default=[], max_length=definitions.MOST_CHOICES)
    personal: bool = False
    block: str | None = Field(None, max_length=120)


class FieldChange(BaseModel):
    """What is left out stays; the kind stays always."""

    name: str | None = Field(None, min_length=1, max_length=120)
    choices: list[str] = Field(default=[], max_length=definitions.MOST_CHOICES)
    personal: bool = False
    block: str | None = Field(None, max_length=120)
    position: int = Field(0, ge=0, le=1000)
    archived: bool = False


class ValueOut(Answer):
    """`value` by the kind: text, number, kopecks, `2026-11-22`, a word, words, true or false; null: not filled in.

    `hidden`: it is personal and not for you to see.
    """

    field_id: int
    name: str
    kind: FieldKind
    personal: bool
    value: Any
    hidden: bool


class ValuesIn(BaseModel):
    """By the fields' ids; null takes a value away. `seen`: as you saw them; 409 with `changed` if somebody changed them since."""

    values: dict[str, Any] = Field(max_length=definitions.MOST_FIELDS)
    seen: dict[str, Any] | None = Field(None, max_length=definitions.MOST_FIELDS)


@router.get("/fields", response_model=Page[FieldOut])
async def list_of_fields(
    _actor: CurrentActor, connection: ReadDb, noun: Noun | None = None, archived: Annotated[bool, Query()] = False
) -> Page[FieldOut]:
    found = await definitions.definitions(connection, noun, archived=archived)
    return Page(items=[FieldOut.model_validate(one) for one in found], next_cursor=None)


@router.post("/fields", response_model=FieldOut, status_code=201)
async def add_field(new: FieldIn, actor: CurrentActor, context: Context) -> FieldOut:
    require(actor, Right.SETTINGS)
    made = NewField(new.noun, new.name, new.kind, new.choices, new.personal, new.block)
    async with context.database.write() as tx:
        added = await definitions.add_field(tx, made, by=actor.user_id, now=context.now())
        return FieldOut.model_validate(await definitions.field(tx, added))


@router.patch("/fields/{field_id}", response_model=FieldOut)
async def change_field(field_id: PathId, change: FieldChange, actor: CurrentActor, context: Context) -> FieldOut:
    require(actor, Right.SETTINGS)
    changes: FieldChanges = change.model_dump(exclude_unset=True)  # type: ignore[assignment]
    async with context.database.write() as tx:
        await definitions.edit_field(tx, field_id, changes, by=actor.user_id, now=context.now())
        return FieldOut.model_validate(await definitions.field(tx, field_id))


@router.get("/deals/{deal_id}/fields", response_model=Page[ValueOut])
async def values_of_deal(deal_id: PathId, actor: CurrentActor, connection: ReadDb, context: Context) -> Page[ValueOut]:
    return await _values(context, connection, actor, Noun.DEAL, deal_id)


@router.patch("/deals/{deal_id}/fields", response_model=Page[ValueOut])
async def fill_in_deal(deal_id: PathId, given: ValuesIn, actor: CurrentActor, context: Context) -> Page[ValueOut]:
    return await _fill_in(context, actor, Noun.DEAL, deal_id, given)


@router.get("/contacts/{contact_id}/fields", response_model=Page[ValueOut])
async def values_of_contact(contact_id: PathId, actor: CurrentActor, connection: ReadDb, context: Context) -> Page[ValueOut]:
    return await _values(context, connection, actor, Noun.CONTACT, contact_id)


@router.patch("/contacts/{contact_id}/fields", response_model=Page[ValueOut])
async def fill_in_contact(contact_id: PathId, given: ValuesIn, actor: CurrentActor, context: Context) -> Page[ValueOut]:
    return await _fill_in(context, actor, Noun.CONTACT, contact_id, given)


@router.get("/companies/{company_id}/fields", response_model=Page[ValueOut])
async def values_of_company(company_id: PathId, actor: CurrentActor, connection: ReadDb, context: Context) -> Page[ValueOut]:
    return await _values(context, connection, actor, Noun.COMPANY, company_id)


@router.patch("/companies/{company_id}/fields", response_model=Page[ValueOut])
async def fill_in_company(company_id: PathId, given: ValuesIn, actor: CurrentActor, context: Context) -> Page[ValueOut]:
    return await _fill_in(context, actor, Noun.COMPANY, company_id, given)


async def _fill_in(context: AppContext, actor: Actor, noun: Noun, noun_id: int, given: ValuesIn) -> Page[ValueOut]:
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await require_visible(tx, actor, TABLES[noun], noun_id)
        may = await reading.may_read(tx, actor, noun, noun_id)
        await set_values(tx, noun, noun_id, given.values, by=actor.user_id, now=context.now(), seen=given.seen, may_personal=may)
    async with context.database.read() as connection:
        return await _values(context, connection, actor, noun, noun_id)


async def _values(context: AppContext, connection: AsyncConnection, actor: Actor, noun: Noun, noun_id: int) -> Page[ValueOut]:
    """That personal values were read is written down, if there were any."""
    table = TABLES[noun]
    await require_visible(connection, actor, table, noun_id)
    custom = (await connection.execute(select(table.c.custom).where(table.c.id == noun_id))).scalar_one()
    known = await definitions.definitions(connection, noun)
    filled = any(field.personal and str(field.id) in custom for field in known)
    shown = filled and await personal_shown(context, connection, actor, noun, noun_id)
    items = [
        ValueOut(
            field_id=field.id, name=field.name, kind=field.kind, personal=field.personal,
            hidden=field.personal and filled and not shown,
            value=custom.get(str(field.id)) if shown or not field.personal else None,
        )
        for field in known
    ]  # fmt: skip
    return Page(items=items, next_cursor=None)
