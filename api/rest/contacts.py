"""`contacts`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import RedirectResponse, Response

from api.context import AppContext
from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, RowId, Search
from api.paths import BodyId, PathId
from api.rest.models import ContactOut, Page
from crm_core.access import Actor, Right, require, require_may_give, require_visible
from crm_core.contacts import edits, queries
from crm_core.contacts.edits import ContactChanges
from crm_core.contacts.tables import contacts
from crm_core.errors import Conflict, NotFound
from crm_core.fields.history import Noun
from crm_core.merging.kept import led_to
from crm_core.owning import require_may_own

router = APIRouter(tags=["contacts"])


@router.get("/contacts", response_model=Page[ContactOut])
async def list_of_contacts(
    actor: CurrentActor,
    connection: ReadDb,
    search: Search = None,
    company_id: RowId | None = None,
    owner_id: RowId | None = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.CONTACT_SORTS)})] = "-created_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ContactOut]:
    """The contacts you may see. `search`: part of a name, e-mail, company or number."""
    page = await queries.list_contacts(
        connection, actor, search=search, company_id=company_id, owner_id=owner_id, sort=sort, cursor=cursor, limit=limit
    )
    return Page(items=[ContactOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/contacts/{contact_id}", response_model=ContactOut)
async def one_contact(contact_id: PathId, actor: CurrentActor, connection: ReadDb) -> ContactOut | Response:
    """One that was merged leads to the one that was kept: 307."""
    if (kept := await led_to(connection, actor, Noun.CONTACT, contact_id)) is not None:
        return RedirectResponse(f"/api/v1/contacts/{kept}", 307)
    return ContactOut.of(await queries.contact(connection, actor, contact_id))


class ContactChange(BaseModel):
    """What is left out stays. `company` by its name: found, or made; null: none."""

    name: str | None = Field(None, max_length=200)
    position: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=254)
    note: str | None = Field(None, max_length=10_000)
    company: str | None = Field(None, max_length=300)
    owner_id: BodyId | None = None


class ContactIn(ContactChange):
    numbers: list[str] = Field(default=[], max_length=20, description="as people write them")


class ContactSeen(ContactChange):
    """What you saw before you changed it."""

    seen: ContactChange | None = Field(None, description="what you saw: 409 with `changed` where somebody else changed it since")


class NumberIn(BaseModel):
    number: str = Field(max_length=80, description="as people write it")


@router.post("/contacts", response_model=ContactOut, status_code=201)
async def add_contact(new: ContactIn, actor: CurrentActor, context: Context) -> ContactOut:
    """Yours, unless told otherwise."""
    require(actor, Right.WORK)
    given = {"owner_id": actor.user_id} | new.model_dump(exclude_unset=True, exclude={"numbers"})
    region = context.settings.region
    require_may_give(actor, given["owner_id"])
    async with context.database.write() as tx, _numbers_of_others_hidden(tx, actor):
        contact_id = await edits.add_contact(
            tx, cast("ContactChanges", given), new.numbers, region, by=actor.user_id, now=context.now()
        )
        return ContactOut.of(await queries.contact(tx, actor, contact_id))


@router.patch("/contacts/{contact_id}", response_model=ContactOut, responses={204: {"description": "done, and yours no more"}})
async def change_contact(contact_id: PathId, change: ContactSeen, actor: CurrentActor, context: Context) -> ContactOut | Response:
    """Giving a contact to somebody else is for who may hand records over (403); it may be out of your sight afterwards: 204."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await require_visible(tx, actor, contacts, contact_id)
        if "owner_id" in change.model_fields_set:
            await require_may_own(tx, actor, contacts, contact_id, change.owner_id)
        changes = cast("ContactChanges", change.model_dump(exclude_unset=True, exclude={"seen"}))
        seen = change.seen.model_dump(exclude_unset=True) if change.seen else None
        await edits.edit_contact(tx, contact_id, changes, by=actor.user_id, now=context.now(), seen=seen)
    return await _seen(context, actor, contact_id)


@router.post("/contacts/{contact_id}/numbers", response_model=ContactOut)
async def add_number(contact_id: PathId, new: NumberIn, actor: CurrentActor, context: Context) -> ContactOut:
    """409 if another contact has it, with its `contact_id` for who may see it."""
    require(actor, Right.WORK)
    async with context.database.write() as tx, _numbers_of_others_hidden(tx, actor):
        await require_visible(tx, actor, contacts, contact_id)
        await edits.add_number(tx, contact_id, new.number, context.settings.region, by=actor.user_id, now=context.now())
        return ContactOut.of(await queries.contact(tx, actor, contact_id))


@asynccontextmanager
async def _numbers_of_others_hidden(tx: AsyncConnection, actor: Actor) -> AsyncIterator[None]:
    """That a number is taken cannot be hidden; whose it is, can."""
    try:
        yield
    except Conflict as error:
        known = error.facts.get("contact_id")
        if not isinstance(known, int):
            raise
        try:
            await require_visible(tx, actor, contacts, known)
        except NotFound:
            raise Conflict(error.say) from error
        raise


async def _seen(context: AppContext, actor: Actor, contact_id: int) -> ContactOut | Response:
    async with context.database.read() as connection:
        try:
            return ContactOut.of(await queries.contact(connection, actor, contact_id))
        except NotFound:
            return Response(status_code=204)
