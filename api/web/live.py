"""On the line: who talks with whom now, and everybody's figures of the day."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.web.trust import period_trust
from api.web.visit import Visit, VisitNow
from crm_core.deals.overrides import count_overrides
from crm_core.users import desk_queries

router = APIRouter()

OVERRIDES_OF = timedelta(days=7)


@router.get("/live")
async def page(visit: VisitNow) -> Response:
    return await visit.page("live/page.html", "live", **await _floor(visit))


@router.get("/live/floor")
async def floor(visit: VisitNow) -> Response:
    return visit.part("live/_floor.html", **await _floor(visit))


async def _floor(visit: Visit) -> dict[str, Any]:
    floor = await desk_queries.floor(visit.connection, visit.actor, *visit.today, visit.now)
    overrides = await count_overrides(visit.connection, visit.actor, visit.now - OVERRIDES_OF)
    return {"floor": floor, "overrides": overrides, **await period_trust(visit, *visit.today)}
