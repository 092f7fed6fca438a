"""Contacts: search, and one person's card."""

from datetime import datetime
from typing import Annotated, Any, Protocol, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.paths import PathId
from api.web.custom_fields import fill_in, personal_part
from api.web.duplicates import kept_page
from api.web.seen import as_it_stands, given_in, overtaken, seen_in
from api.web.typed import text_typed
from api.web.visit import Visit, VisitNow, at_address, back_to
from crm_core.access import Right, may_see_personal, require_visible
from crm_core.contacts import edits
from crm_core.contacts.card_queries import contact_card
from crm_core.contacts.not_customer import mark_not_customer, unmark_not_customer
from crm_core.contacts.queries import list_contacts, numbers_of
from crm_core.contacts.tables import contacts
from crm_core.errors import Conflict, Invalid
from crm_core.fields.definitions import definitions
from crm_core.fields.history import Noun

router = APIRouter()

Search = Annotated[str, Query(max_length=200)]
Text = Annotated[str, Form(max_length=12_000)]
READERS = dict.fromkeys(("name", "company", "position", "email", "note"), text_typed)


class Mark(Protocol):
    """Marks a number as no customer's, or takes the mark off."""

    async def __call__(self, tx: AsyncConnection, number: str, *, by: int | None, now: datetime) -> None: ...


@router.get("/contacts")
async def page(visit: VisitNow, search: Search = "") -> Response:
    return await visit.page("contacts/list.html", "contacts", **await _listed(visit, search))


@router.get("/contacts/list")
async def part(visit: VisitNow, search: Search = "") -> Response:
    answer = visit.part("contacts/_list.html", **await _listed(visit, search))
    return at_address(answer, "/contacts", urlencode({"search": search}) if search else "")


@router.get("/contacts/more")
async def more(visit: VisitNow, cursor: Annotated[str, Query(max_length=500)], search: Search = "") -> Response:
    found = await list_contacts(visit.connection, visit.actor, search=search, cursor=cursor)
    return visit.part("contacts/_rows.html", contacts=found, search=search)


@router.get("/contacts/{contact_id}")
async def card_page(visit: VisitNow, contact_id: PathId) -> Response:
    return await kept_page(visit, Noun.CONTACT, contact_id) or await contact_page(visit, contact_id)


@router.get("/contacts/{contact_id}/card")
async def card(visit: VisitNow, contact_id: PathId) -> Response:
    return visit.part("contacts/_card.html", **await _card(visit, contact_id))


async def contact_page(visit: Visit, contact_id: int, refused: str | None = None, status: int = 200) -> Response:
    return await visit.page("contacts/page.html", "contacts", status, refused=refused, **await _card(visit, contact_id))


async def _card(visit: Visit, contact_id: int) -> dict[str, Any]:
    contact = await contact_card(visit.connection, visit.actor, contact_id)
    owner = contact.line.owner.id if contact.line.owner else None
    fields = await definitions(visit.connection, Noun.CONTACT)
    return {"contact": contact, "fields": fields, "may_personal": may_see_personal(visit.actor, owner)}


async def _listed(visit: Visit, search: str) -> dict[str, Any]:
    return {"contacts": await list_contacts(visit.connection, visit.actor, search=search), "search": search}


@router.post("/contacts/{contact_id}/edit")
async def edit(visit: VisitNow, contact_id: PathId) -> Response:
    """What the form has changed, field by field; the company by its name: found, or made."""
    visit.require(Right.WORK)
    form = await visit.request.form()
    changes, seen = given_in(form, READERS), seen_in(form, READERS)
    try:
        async with visit.context.database.write() as tx:
            await require_visible(tx, visit.actor, contacts, contact_id)
            given = cast("edits.ContactChanges", changes)
            await edits.edit_contact(tx, contact_id, given, by=visit.actor.user_id, now=visit.now, seen=seen)
    except Conflict as error:
        say = await overtaken(visit, error, as_it_stands(_names(visit)))
        return await contact_page(visit, contact_id, say, 409)
    return back_to(f"/contacts/{contact_id}")


@router.post("/contacts/{contact_id}/fields")
async def fill_in_fields(visit: VisitNow, contact_id: PathId) -> Response:
    said = await fill_in(visit, Noun.CONTACT, contact_id)
    return await contact_page(visit, contact_id, *said) if said else back_to(f"/contacts/{contact_id}")


@router.get("/contacts/{contact_id}/personal")
async def personal(visit: VisitNow, contact_id: PathId) -> Response:
    """The personal fields; that they were looked at is written down."""
    return await personal_part(visit, Noun.CONTACT, contact_id)


@router.post("/contacts/{contact_id}/numbers")
async def add_number(visit: VisitNow, contact_id: PathId, number: Text) -> Response:
    visit.require(Right.WORK)
    region = visit.context.settings.region
    try:
        async with visit.context.database.write() as tx:
            await require_visible(tx, visit.actor, contacts, contact_id)
            await edits.add_number(tx, contact_id, number, region, by=visit.actor.user_id, now=visit.now)
    except Invalid:
        return await contact_page(
            visit, contact_id, visit.say("This is no telephone number. Write it like +7 916 111-22-33."), 422
        )
    except Conflict:
        return await contact_page(visit, contact_id, visit.say("Another contact has this number already."), 409)
    return back_to(f"/contacts/{contact_id}")


@router.post("/contacts/{contact_id}/not-customer")
async def not_a_customer(visit: VisitNow, contact_id: PathId) -> Response:
    """All his numbers create nothing from now on."""
    return await _mark(visit, contact_id, mark_not_customer)


@router.post("/contacts/{contact_id}/customer")
async def a_customer_after_all(visit: VisitNow, contact_id: PathId) -> Response:
    return await _mark(visit, contact_id, unmark_not_customer)


async def _mark(visit: Visit, contact_id: int, deed: Mark) -> Response:
    visit.require(Right.WORK)
    async with visit.context.database.write() as tx:
        await require_visible(tx, visit.actor, contacts, contact_id)
        for number in await numbers_of(tx, contact_id):
            await deed(tx, number.number, by=visit.actor.user_id, now=visit.now)
    return back_to(f"/contacts/{contact_id}")


def _names(visit: Visit) -> dict[str, str]:
    """Of what is typed on the card."""
    return {
        "name": visit.say("Name"), "position": visit.say("Position"), "email": visit.say("E-mail"), "note": visit.say("Note"),
        "company": visit.say("Company"),
    }  # fmt: skip
