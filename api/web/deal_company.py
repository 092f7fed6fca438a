"""With which company a deal is: chosen among those one sees, or written down, on the deal's card."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import PathId
from api.web.deal_card import after_deed, of_mine
from api.web.visit import VisitNow
from crm_core.access import Right
from crm_core.contacts.edits import company_named
from crm_core.contacts.queries import list_companies
from crm_core.deals.deed import locked
from crm_core.deals.people import set_company
from crm_core.deals.queries import deal

router = APIRouter()

Name = Annotated[str, Form(max_length=400)]
SeenId = Annotated[str | None, Form(max_length=15, alias="was.company_id")]
MOST_OFFERED = 200


@router.get("/deals/{deal_id}/company")
async def choose(visit: VisitNow, deal_id: PathId) -> Response:
    """The form, with the companies that can be chosen."""
    visit.require(Right.WORK)
    line = await deal(visit.connection, visit.actor, deal_id)
    offered = await list_companies(visit.connection, visit.actor, limit=MOST_OFFERED)
    return visit.part("deals/_company.html", line=line, offered=offered.items)


@router.post("/deals/{deal_id}/company")
async def place(visit: VisitNow, deal_id: PathId, name: Name = "", seen: SeenId = None) -> Response:
    """By its name: found, or made; an empty one: its contact's. What a colleague chose meanwhile is not overwritten."""
    async with of_mine(visit, deal_id) as tx:
        await locked(tx, deal_id)
        stands = (await deal(tx, visit.actor, deal_id)).company
        now_there = None if stands is None else stands.id
        wanted = await company_named(tx, name, now=visit.now) if name.strip() else None
        overtaken = now_there != wanted and seen not in (None, str(now_there or ""))
        if not overtaken:
            await set_company(tx, deal_id, wanted, by=visit.actor.user_id, now=visit.now)
    if overtaken:
        refused = visit.say("A colleague chose the company meanwhile. Look at it, and choose anew.")
        return await after_deed(visit, deal_id, refused, 409)
    return await after_deed(visit, deal_id)
