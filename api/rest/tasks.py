"""`tasks`."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.deps import CurrentActor, Cursor, Limit, ReadDb, RowId
from api.paths import PathId
from api.rest.models import Page, TaskOut
from crm_core.tasks import queries
from crm_core.tasks.queries import TaskFilters
from crm_core.tasks.tables import TaskKind

router = APIRouter(tags=["tasks"])


def task_filters(
    done: bool | None = None,
    owner_id: RowId | None = None,
    kind: TaskKind | None = None,
    deal_id: RowId | None = None,
    contact_id: RowId | None = None,
    due_before: datetime | None = None,
) -> TaskFilters:
    due = due_before.replace(tzinfo=UTC) if due_before and due_before.tzinfo is None else due_before
    return TaskFilters(done, owner_id, kind, deal_id, contact_id, due)


@router.get("/tasks", response_model=Page[TaskOut])
async def list_of_tasks(
    actor: CurrentActor,
    connection: ReadDb,
    filters: Annotated[TaskFilters, Depends(task_filters)],
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.TASK_SORTS)})] = "due_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TaskOut]:
    page = await queries.list_tasks(connection, actor, filters, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[TaskOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/tasks/{task_id}", response_model=TaskOut)
async def one_task(task_id: PathId, actor: CurrentActor, connection: ReadDb) -> TaskOut:
    return TaskOut.of(await queries.task(connection, actor, task_id))
