"""Today: a manager's own day."""

from fastapi import APIRouter
from starlette.responses import Response

from api.web.visit import VisitNow
from crm_core.users import desk_queries

router = APIRouter()


@router.get("/today")
async def page(visit: VisitNow) -> Response:
    today = await desk_queries.today(visit.connection, visit.actor, *visit.today)
    return await visit.page("today/page.html", "today", today=today)


@router.get("/today/desk")
async def desk(visit: VisitNow) -> Response:
    return visit.part("today/_desk.html", today=await desk_queries.today(visit.connection, visit.actor, *visit.today))
