"""What was set aside to let a deal on: how often, by whom, which deals and why. For who sees everybody's figures."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.deps import RowId
from api.web.visit import Visit, VisitNow
from crm_core.access import Right
from crm_core.deals.overrides import list_overrides, overrides_by_person

router = APIRouter()

Days = Annotated[int, Query(ge=1, le=366)]
PERIODS = (7, 30, 90)


@router.get("/overrides")
async def page(visit: VisitNow, days: Days = 30, user_id: RowId | None = None) -> Response:
    visit.require(Right.SEE_FIGURES)
    since = visit.now - timedelta(days=days)
    people = await overrides_by_person(visit.connection, visit.actor, since)
    facts = {"people": people, "periods": PERIODS, **await _listed(visit, days, user_id)}
    return await visit.page("overrides/page.html", "deals", **facts)


@router.get("/overrides/more")
async def more(
    visit: VisitNow, cursor: Annotated[str, Query(max_length=500)], days: Days = 30, user_id: RowId | None = None
) -> Response:
    visit.require(Right.SEE_FIGURES)
    return visit.part("overrides/_rows.html", **await _listed(visit, days, user_id, cursor))


async def _listed(visit: Visit, days: int, user_id: int | None, cursor: str | None = None) -> dict[str, Any]:
    since = visit.now - timedelta(days=days)
    found = await list_overrides(visit.connection, visit.actor, since=since, user_id=user_id, cursor=cursor)
    return {"found": found, "days": days, "user_id": user_id, "continued": cursor is not None}
