"""Contacts: search, and one person's card."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.web.visit import Visit, VisitNow
from crm_core.contacts.card_queries import contact_card
from crm_core.contacts.queries import list_contacts

router = APIRouter()

Search = Annotated[str, Query(max_length=200)]


@router.get("/contacts")
async def page(visit: VisitNow, search: Search = "") -> Response:
    return await visit.page("contacts/list.html", "contacts", **await _listed(visit, search))


@router.get("/contacts/list")
async def part(visit: VisitNow, search: Search = "") -> Response:
    answer = visit.part("contacts/_list.html", **await _listed(visit, search))
    answer.headers["HX-Push-Url"] = f"/contacts?{urlencode({'search': search})}" if search else "/contacts"
    return answer


@router.get("/contacts/more")
async def more(visit: VisitNow, cursor: Annotated[str, Query(max_length=500)], search: Search = "") -> Response:
    contacts = await list_contacts(visit.connection, visit.actor, search=search, cursor=cursor)
    return visit.part("contacts/_rows.html", contacts=contacts, search=search)


@router.get("/contacts/{contact_id}")
async def card_page(visit: VisitNow, contact_id: int) -> Response:
    return await contact_page(visit, contact_id)


@router.get("/contacts/{contact_id}/card")
async def card(visit: VisitNow, contact_id: int) -> Response:
    return visit.part("contacts/_card.html", contact=await contact_card(visit.connection, visit.actor, contact_id))


async def contact_page(visit: Visit, contact_id: int, refused: str | None = None, status: int = 200) -> Response:
    contact = await contact_card(visit.connection, visit.actor, contact_id)
    return await visit.page("contacts/page.html", "contacts", status, contact=contact, refused=refused)


async def _listed(visit: Visit, search: str) -> dict[str, Any]:
    return {"contacts": await list_contacts(visit.connection, visit.actor, search=search), "search": search}
