"""Requests that came by web forms and programs, and those kept apart as spam, from where a person rescues them."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.paths import PathId
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.calls.ledger import IntakeRules
from crm_core.errors import Invalid
from crm_core.requests import queries
from crm_core.requests.fresh import fresh_requests
from crm_core.requests.queries import RequestFilters
from crm_core.requests.taking import rescue
from crm_core.requests.words import RequestState

router = APIRouter()

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; `state` None: everything."""

    state: RequestState | None = None
    search: str = ""

    @property
    def filters(self) -> RequestFilters:
        return RequestFilters(self.state, search=self.search or None)


def asked(state: Annotated[RequestState | None, Query()] = None, search: Annotated[str, Query(max_length=200)] = "") -> Asked:
    return Asked(state, search)


AskedNow = Annotated[Asked, Depends(asked)]


@router.get("/requests")
async def page(visit: VisitNow, asked: AskedNow) -> Response:
    return await _page(visit, asked)


async def _page(visit: Visit, asked: Asked, *, refused: str | None = None, status: int = 200) -> Response:
    spam = await queries.count_spam(visit.connection, visit.actor)
    return await visit.page("requests/list.html", "requests", status, spam=spam, refused=refused, **await _listed(visit, asked))


@router.get("/requests/fresh")
async def fresh(visit: VisitNow) -> Response:
    """Those that have just come and wait for the visitor."""
    return visit.part("requests/_fresh.html", fresh=await fresh_requests(visit.connection, visit.actor, visit.now))


@router.get("/requests/list")
async def part(visit: VisitNow, asked: AskedNow) -> Response:
    return visit.part("requests/_list.html", **await _listed(visit, asked))


@router.get("/requests/more")
async def more(visit: VisitNow, asked: AskedNow, cursor: Annotated[str, Query(max_length=500)]) -> Response:
    return visit.part("requests/_rows.html", continued=True, **await _listed(visit, asked, cursor))


async def _listed(visit: Visit, asked: Asked, cursor: str | None = None) -> dict[str, Any]:
    found = await queries.list_requests(visit.connection, visit.actor, asked.filters, cursor=cursor, limit=AT_ONCE)
    return {"requests": found, "asked": asked}


@router.post("/requests/{request_id}/rescue")
async def rescue_one(visit: VisitNow, request_id: PathId) -> Response:
    """It becomes a lead, and its deal is where one goes on; back to the list where there is nothing to see."""
    visit.require(Right.WORK)
    settings = visit.context.settings
    try:
        async with visit.context.database.write() as tx:
            await queries.one_request(tx, visit.actor, request_id)
            rules = IntakeRules.of(settings)
            taken = await rescue(tx, request_id, rules, settings.region, by=visit.actor.user_id, now=visit.now)
            line = await queries.list_requests(tx, visit.actor, RequestFilters(deal_id=taken.deal_id), limit=1)
    except Invalid:
        said = visit.say("Nobody could be answered by this request any more: its number is none in this region.")
        return await _page(visit, Asked(RequestState.SPAM), refused=said, status=422)
    seen = line.items and line.items[0].deal is not None and line.items[0].deal.may_open
    return back_to(f"/deals/{taken.deal_id}" if seen else "/requests?state=spam")
