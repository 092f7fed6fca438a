"""Tasks that were done; the open ones stand beside the timeline, those of meetings are told as meetings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.deals.entry import Entry, EntryKind, Found, TimelineAsked
from crm_core.meetings.tables import meetings
from crm_core.tasks.queries import TaskLine, line_of, task_query
from crm_core.tasks.tables import tasks


@dataclass(frozen=True, slots=True)
class TaskEntry(Entry):
    kind: ClassVar[str] = "task"
    at: datetime
    id: int
    task: TaskLine


def _of_deal(actor: Actor) -> Select[Any]:
    of_meetings = select(meetings.c.task_id).where(meetings.c.deal_id == bindparam("deal"), meetings.c.task_id.is_not(None))
    done = task_query(actor).where(tasks.c.deal_id == bindparam("deal"), tasks.c.done_at.is_not(None))
    return done.where(tasks.c.id.not_in(of_meetings))


async def _find(connection: AsyncConnection, asked: TimelineAsked) -> list[Found]:
    rows = await asked.rows(connection, _of_deal, TaskEntry.kind, tasks.c.done_at, tasks.c.id)
    return [Found(row.done_at, TaskEntry.kind, row.id, row) for row in rows]


async def _tell(_connection: AsyncConnection, _asked: TimelineAsked, rows: Sequence[Any]) -> list[TaskEntry]:
    return [TaskEntry(row.done_at, row.id, line_of(row)) for row in rows]


ENTRY = EntryKind(TaskEntry.kind, _find, _tell)
