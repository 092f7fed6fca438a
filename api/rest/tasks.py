"""`tasks`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.context import AppContext
from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, RowId
from api.paths import BodyId, PathId, UtcMoment
from api.rest.models import Page, TaskOut
from crm_core.access import Actor, Right, require, require_visible
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals
from crm_core.errors import NotFound
from crm_core.tasks import deeds, queries
from crm_core.tasks.deeds import NewTask
from crm_core.tasks.queries import TaskFilters
from crm_core.tasks.tables import TaskKind, tasks

router = APIRouter(tags=["tasks"])


def task_filters(
    done: bool | None = None,
    owner_id: RowId | None = None,
    kind: TaskKind | None = None,
    deal_id: RowId | None = None,
    contact_id: RowId | None = None,
    due_before: UtcMoment | None = None,
) -> TaskFilters:
    return TaskFilters(done, owner_id, kind, deal_id, contact_id, due_before)


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


class TaskIn(BaseModel):
    """Yours, unless `owner_id` says otherwise."""

    title: str = Field(max_length=300)
    due_at: UtcMoment
    deal_id: BodyId | None = None
    contact_id: BodyId | None = None
    owner_id: BodyId | None = None


class TaskChange(BaseModel):
    """What is left out stays."""

    due_at: UtcMoment | None = None
    owner_id: BodyId | None = None
    done: bool | None = None


@router.post("/tasks", response_model=TaskOut, status_code=201)
async def set_task(new: TaskIn, actor: CurrentActor, context: Context) -> TaskOut | Response:
    """204 where it was set for a colleague and is out of your sight."""
    require(actor, Right.WORK)
    made = NewTask(new.title, new.due_at, new.deal_id, new.contact_id, new.owner_id or actor.user_id)
    async with context.database.write() as tx:
        await _require_about(tx, actor, new)
        task_id = await deeds.set_task(tx, made, by=actor.user_id, now=context.now())
    return await _seen(context, actor, task_id)


@router.patch("/tasks/{task_id}", response_model=TaskOut, responses={204: {"description": "done, and yours no more"}})
async def change_task(task_id: PathId, change: TaskChange, actor: CurrentActor, context: Context) -> TaskOut | Response:
    """`done` true closes it, false opens it again. A task given to a colleague may be out of your sight afterwards: 204."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await require_visible(tx, actor, tasks, task_id)
        if change.due_at is not None:
            await deeds.put_off(tx, task_id, change.due_at, by=actor.user_id, now=context.now())
        if change.done is not None:
            deed = deeds.do_task if change.done else deeds.reopen_task
            await deed(tx, task_id, by=actor.user_id, now=context.now())
        if "owner_id" in change.model_fields_set:
            await deeds.assign_task(tx, task_id, change.owner_id, by=actor.user_id, now=context.now())
    return await _seen(context, actor, task_id)


async def _require_about(tx: AsyncConnection, actor: Actor, new: TaskIn) -> None:
    if new.deal_id is not None:
        await require_visible(tx, actor, deals, new.deal_id)
    if new.contact_id is not None:
        await require_visible(tx, actor, contacts, new.contact_id)


async def _seen(context: AppContext, actor: Actor, task_id: int) -> TaskOut | Response:
    async with context.database.read() as connection:
        try:
            return TaskOut.of(await queries.task(connection, actor, task_id))
        except NotFound:
            return Response(status_code=204)
