"""The list of deals: filters as they stand in the address, an order, pages."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.web.deal_filters import Again, Asked, choices, filters_of
from api.web.visit import Visit, VisitNow, at_address
from crm_core.deals.loss_reasons import list_loss_reasons
from crm_core.deals.queries import list_deals

router = APIRouter()

AskedNow = Annotated[Asked, Depends()]


@router.get("/deals")
async def page(visit: VisitNow, asked: AskedNow) -> Response:
    reasons = await list_loss_reasons(visit.connection)
    facts = {**await choices(visit), **await listed(visit, asked), "loss_reasons": reasons}
    return await visit.page("deals/list.html", "deals", **facts)


@router.get("/deals/list")
async def part(visit: VisitNow, asked: AskedNow, again: Again = "") -> Response:
    """`again`: the page fetches what it shows already, and its address stays."""
    answer = visit.part("deals/_list.html", **await listed(visit, asked))
    return answer if again else at_address(answer, "/deals", asked.query())


@router.get("/deals/more")
async def more(visit: VisitNow, asked: AskedNow, cursor: Annotated[str, Query(max_length=500)]) -> Response:
    return visit.part("deals/_rows.html", **{**await listed(visit, asked, cursor), "continued": True})


async def listed(visit: Visit, asked: Asked, cursor: str | None = None) -> dict[str, Any]:
    found = await list_deals(visit.connection, visit.actor, filters_of(visit, asked), sort=asked.sort, cursor=cursor)
    return {
        "asked": asked, "asked_query": asked.query(), "filtered": asked.narrows, "deals": found, "continued": False,
        "is_board": False,
    }  # fmt: skip
