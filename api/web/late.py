"""What nobody did: overdue tasks and deals that stand too long, for whoever leads (F8, F9)."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.web.visit import Visit, VisitNow
from crm_core.access import Right
from crm_core.deals.filters import DealFilters
from crm_core.deals.queries import list_deals
from crm_core.tasks.queries import TaskFilters, list_tasks

router = APIRouter()

SHOWN = 100


@router.get("/late")
async def page(visit: VisitNow) -> Response:
    return await visit.page("late/page.html", "late", **await _late(visit))


@router.get("/late/list")
async def part(visit: VisitNow) -> Response:
    return visit.part("late/_late.html", **await _late(visit))


async def _late(visit: Visit) -> dict[str, Any]:
    """The longest overdue and the longest stuck of those one sees, first."""
    visit.require(Right.SEE_FIGURES)
    late, stuck = TaskFilters(due_before=visit.now), DealFilters(open=True, stuck_at=visit.now)
    idle = DealFilters(without_task=True)
    return {
        "late_tasks": await list_tasks(visit.connection, visit.actor, late, sort="due_at", limit=SHOWN),
        "stuck_deals": await list_deals(visit.connection, visit.actor, stuck, sort="stage_since", limit=SHOWN),
        "forgotten": await list_deals(visit.connection, visit.actor, idle, sort="stage_since", limit=SHOWN),
    }
