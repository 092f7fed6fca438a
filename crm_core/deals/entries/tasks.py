"""Tasks that were done; the open ones stand beside the timeline, those of meetings are told as meetings."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.entry import Entry, EntryKind, TimelineAsked
from crm_core.meetings.tables import meetings
from crm_core.tasks.queries import TaskLine, task_lines, task_query
from crm_core.tasks.tables import tasks


@dataclass(frozen=True, slots=True)
class TaskEntry(Entry):
    kind: ClassVar[str] = "task"
    at: datetime
    id: int
    task: TaskLine


async def _read(connection: AsyncConnection, asked: TimelineAsked) -> list[TaskEntry]:
    of_meetings = select(meetings.c.task_id).where(meetings.c.deal_id == asked.deal_id, meetings.c.task_id.is_not(None))
    done = task_query(asked.actor).where(tasks.c.deal_id == asked.deal_id, tasks.c.done_at.is_not(None))
    done = done.where(tasks.c.id.not_in(of_meetings))
    found = await task_lines(connection, asked.newest(done, TaskEntry.kind, tasks.c.done_at, tasks.c.id))
    return [TaskEntry(line.done_at, line.id, line) for line in found if line.done_at is not None]


ENTRY = EntryKind(TaskEntry.kind, _read)
