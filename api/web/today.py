"""Today: a manager's own day."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.web.trust import period_trust
from api.web.visit import Visit, VisitNow
from crm_core.users import desk_queries

router = APIRouter()


@router.get("/today")
async def page(visit: VisitNow) -> Response:
    return await visit.page("today/page.html", "today", **await _today(visit))


@router.get("/today/desk")
async def desk(visit: VisitNow) -> Response:
    return visit.part("today/_desk.html", **await _today(visit))


async def _today(visit: Visit) -> dict[str, Any]:
    today = await desk_queries.today(visit.connection, visit.actor, *visit.today, visit.now)
    return {"today": today, **await period_trust(visit, *visit.today)}
