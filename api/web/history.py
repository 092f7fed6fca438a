"""What the fields of a card were before: who changed what and when; and taking one change back."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.paths import PathId
from api.web.visit import Visit, VisitNow, back_to, status_after
from crm_core.access import Right
from crm_core.errors import Conflict, Invalid
from crm_core.fields.history import Noun
from crm_core.fields.history_queries import change, list_changes
from crm_core.fields.reading import personal
from crm_core.fields.restoring import restorable, restore

router = APIRouter()

PLACES = {Noun.DEAL: "deals", Noun.CONTACT: "contacts", Noun.COMPANY: "companies"}


@router.get("/history/deal/{deal_id}")
async def of_deal(visit: VisitNow, deal_id: PathId) -> Response:
    return await history_page(visit, Noun.DEAL, deal_id)


@router.get("/history/contact/{contact_id}")
async def of_contact(visit: VisitNow, contact_id: PathId) -> Response:
    return await history_page(visit, Noun.CONTACT, contact_id)


@router.get("/history/company/{company_id}")
async def of_company(visit: VisitNow, company_id: PathId) -> Response:
    return await history_page(visit, Noun.COMPANY, company_id)


@router.get("/history/more")
async def more(visit: VisitNow, noun: Noun, noun_id: PathId, cursor: Annotated[str, Query(max_length=500)]) -> Response:
    return visit.part("history/_rows.html", **await _listed(visit, noun, noun_id, cursor))


@router.post("/history/{change_id}/restore")
async def take_back(visit: VisitNow, change_id: PathId) -> Response:
    """Itself a change, that stands in the history with the one it took back."""
    visit.require(Right.WORK)
    known = await change(visit.connection, visit.actor, change_id)
    try:
        async with visit.context.database.write() as tx:
            await restore(tx, visit.actor, change_id, visit.context.settings.region, now=visit.now)
    except (Invalid, Conflict) as refused:
        say = visit.say(refused.say) % {name: visit.say(str(value)) for name, value in refused.facts.items() if name == "why"}
        return await history_page(visit, known.noun, known.noun_id, say, status_after(refused))
    return back_to(f"/history/{known.noun}/{known.noun_id}")


async def history_page(visit: Visit, noun: Noun, noun_id: int, refused: str | None = None, status: int = 200) -> Response:
    facts = await _listed(visit, noun, noun_id)
    return await visit.page("history/page.html", PLACES[noun], status, refused=refused, place=PLACES[noun], **facts)


async def _listed(visit: Visit, noun: Noun, noun_id: int, cursor: str | None = None) -> dict[str, Any]:
    """That somebody read what is personal is noted, as on the card itself."""
    found = await list_changes(visit.connection, visit.actor, noun, noun_id, cursor=cursor)
    if any(one.personal for one in found.items):
        async with visit.context.database.write() as tx:
            await personal(tx, visit.actor, noun, noun_id, now=visit.now)
    return {"changes": found, "noun": noun, "noun_id": noun_id, "restorable": restorable}
