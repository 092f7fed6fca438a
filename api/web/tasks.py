"""Tasks: one's own, nobody's, everybody's, and what is done."""

from datetime import datetime
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.paths import PathId
from api.web.visit import Visit, VisitNow
from crm_core.access import Noun, Right, Scope, require_visible
from crm_core.paging import Page
from crm_core.tasks.deeds import do_task, reopen_task
from crm_core.tasks.queries import TaskFilters, TaskLine, list_tasks, task
from crm_core.tasks.tables import tasks

router = APIRouter()

Show = Literal["mine", "free", "all", "done"]


class Tick(Protocol):
    """Does a task, or takes that back."""

    async def __call__(self, tx: AsyncConnection, task_id: int, *, by: int | None, now: datetime) -> None: ...


@router.get("/tasks")
async def page(visit: VisitNow, show: Show = "mine") -> Response:
    found = await _tasks(visit, show)
    return await visit.page("tasks/page.html", "tasks", tasks=found, show=show, everybody=_sees_others(visit), continued=False)


@router.get("/tasks/list")
async def part(visit: VisitNow, show: Show = "mine") -> Response:
    return visit.part("tasks/_list.html", tasks=await _tasks(visit, show), show=show, continued=False)


@router.get("/tasks/more")
async def more(visit: VisitNow, cursor: Annotated[str, Query(max_length=500)], show: Show = "mine") -> Response:
    return visit.part("tasks/_rows.html", tasks=await _tasks(visit, show, cursor), show=show, continued=True)


async def _tasks(visit: Visit, show: Show, cursor: str | None = None) -> Page[TaskLine]:
    own = None if show in ("free", "all") or (show == "done" and _sees_others(visit)) else visit.actor.user_id
    filters = TaskFilters(done=show == "done", owner_id=own, unowned=show == "free")
    sort = "-due_at" if show == "done" else "due_at"
    return await list_tasks(visit.connection, visit.actor, filters, sort=sort, cursor=cursor)


def _sees_others(visit: Visit) -> bool:
    return visit.actor.scope(Noun.TASKS) is not Scope.OWN


@router.post("/tasks/{task_id}/done")
async def done(visit: VisitNow, task_id: PathId) -> Response:
    """The line as it stands then, ticked; the list is fetched anew by its event."""
    return await _ticked(visit, task_id, do_task)


@router.post("/tasks/{task_id}/reopen")
async def reopen(visit: VisitNow, task_id: PathId) -> Response:
    """Ticked by mistake."""
    return await _ticked(visit, task_id, reopen_task)


async def _ticked(visit: Visit, task_id: int, deed: Tick) -> Response:
    visit.require(Right.WORK)
    async with visit.context.database.write() as tx:
        await require_visible(tx, visit.actor, tasks, task_id)
        await deed(tx, task_id, by=visit.actor.user_id, now=visit.now)
        found = await task(tx, visit.actor, task_id)
    return visit.part("tasks/_line.html", task=found, with_owner=False)
