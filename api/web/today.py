"""Today: a manager's own day."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.web.trust import period_trust
from api.web.visit import Visit, VisitNow
from crm_core.meetings.queries import Meeting, MeetingFilters, MeetingState, list_meetings
from crm_core.users import desk_queries

router = APIRouter()

AROUND = timedelta(days=14)


@router.get("/today")
async def page(visit: VisitNow) -> Response:
    return await visit.page("today/page.html", "today", **await _today(visit))


@router.get("/today/desk")
async def desk(visit: VisitNow) -> Response:
    return visit.part("today/_desk.html", **await _today(visit))


async def _today(visit: Visit) -> dict[str, Any]:
    today = await desk_queries.today(visit.connection, visit.actor, *visit.today, visit.now)
    return {"today": today, "meetings": await _meetings(visit), **await period_trust(visit, *visit.today)}


async def _meetings(visit: Visit) -> tuple[Meeting, ...]:
    """His own of the next days, and those of the last whose outcome nobody has told yet; by their time."""
    since, until = visit.today[0] - AROUND, visit.today[1] + AROUND
    own = MeetingFilters(user_id=visit.actor.user_id, state=MeetingState.PLANNED, since=since, until=until, open_deals=True)
    return (await list_meetings(visit.connection, visit.actor, own, limit=30)).items
