"""Missed: who called and was not answered, and who called back."""

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from api.web.visit import Visit, VisitNow
from crm_core.calls import missed_queries
from crm_core.calls.missed_queries import Missed
from crm_core.users.desk_queries import MISSED_DAYS

router = APIRouter()

Show = Literal["open", "all"]


@router.get("/missed")
async def page(visit: VisitNow, show: Show = "open") -> Response:
    missed = await _missed(visit, show)
    return await visit.page("missed/page.html", "missed", missed=missed, open_only=show == "open", days=MISSED_DAYS.days)


@router.get("/missed/list")
async def part(visit: VisitNow, show: Show = "open") -> Response:
    return visit.part("missed/_list.html", missed=await _missed(visit, show), open_only=show == "open")


async def _missed(visit: Visit, show: Show) -> tuple[Missed, ...]:
    until = visit.today[1]
    open_only = show == "open"
    return await missed_queries.missed(visit.connection, visit.actor, until - MISSED_DAYS, until, open_only=open_only)
