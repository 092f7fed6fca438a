"""Tasks are set, done, opened again, given to somebody and put off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers
from crm_core.repeats import just_made
from crm_core.rows import locked_row
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.text import clean
from crm_core.users.accounts import require_working
from crm_core.users.audit import record

FIRST_YEAR, LAST_YEAR = 2000, 2200


@dataclass(frozen=True, slots=True)
class NewTask:
    """Set by a person; those that follow from calls are made by intake."""

    title: str
    due_at: datetime
    deal_id: int | None = None
    contact_id: int | None = None
    owner_id: int | None = None


async def set_task(tx: AsyncConnection, new: NewTask, *, by: int | None, now: datetime) -> int:
    """Set a task and tell its id; raises Invalid if it says nothing, NotFound for a deal, contact or owner there is not."""
    title = clean(new.title, 300).strip()
    if not title:
        raise Invalid("A task says what is to be done")
    _require_meant(new.due_at)
    await require_working(tx, new.owner_id)
    contact_id = await _contact_of(tx, new)
    row = {"kind": TaskKind.OTHER, "title": title, "deal_id": new.deal_id, "contact_id": contact_id,
           "owner_id": new.owner_id, "due_at": new.due_at, "created_at": now}  # fmt: skip
    made = await just_made(tx, tasks, row, at="created_at")
    if made is not None:
        return made
    task_id: int = (await tx.execute(insert(tasks).values(row).returning(tasks.c.id))).scalar_one()
    await record(tx, by, "task_set", "task", task_id, now=now)
    await event_log.append(tx, [_told(EventKind.TASK_OPENED, await locked_row(tx, tasks, task_id), now, by)])
    return task_id


async def do_task(tx: AsyncConnection, task_id: int, *, by: int | None, now: datetime) -> None:
    """The task is done; done twice is done once. Raises NotFound."""
    task = await locked_row(tx, tasks, task_id)
    if task.done_at is None:
        await close_tasks(tx, (tasks.c.id == task_id,), now=now, by=by)
        await record(tx, by, "task_done", "task", task_id, now=now)


async def close_tasks(tx: AsyncConnection, which: Sequence[ColumnElement[bool]], *, now: datetime, by: int | None) -> None:
    """Mark all open tasks that meet these conditions done."""
    closed = update(tasks).where(tasks.c.done_at.is_(None), *which).values(done_at=now, done_by=by).returning(tasks)
    rows = (await tx.execute(closed)).all()
    await event_log.append(tx, [_told(EventKind.TASK_DONE, row, now, by) for row in rows])


async def reopen_task(tx: AsyncConnection, task_id: int, *, by: int | None, now: datetime) -> None:
    """It was not done after all; raises Conflict if the number has another open call-back by now."""
    task = await locked_row(tx, tasks, task_id)
    if task.done_at is None:
        return
    other = tasks.alias()
    another = exists().where(other.c.number == task.number, other.c.kind == TaskKind.CALL_BACK, other.c.done_at.is_(None))
    if task.kind == TaskKind.CALL_BACK and await tx.scalar(select(another)):
        raise Conflict("This number has another open call-back already")
    values = {"done_at": None, "done_by": None, "done_by_call_id": None}
    await tx.execute(update(tasks).where(tasks.c.id == task_id).values(values))
    await record(tx, by, "task_reopened", "task", task_id, now=now)
    await event_log.append(tx, [_told(EventKind.TASK_OPENED, task, now, by)])


async def assign_task(tx: AsyncConnection, task_id: int, owner_id: int | None, *, by: int | None, now: datetime) -> None:
    """Give a task to somebody, or to nobody; raises NotFound."""
    task = await locked_row(tx, tasks, task_id)
    await require_working(tx, owner_id)
    if task.owner_id == owner_id:
        return
    await tx.execute(update(tasks).where(tasks.c.id == task_id).values(owner_id=owner_id))
    await record(tx, by, "task_assigned", "task", task_id, now=now, facts={"owner": [task.owner_id, owner_id]})
    await event_log.append(tx, [_told(EventKind.TASK_OPENED, task, now, by, also=owner_id)])


async def put_off(tx: AsyncConnection, task_id: int, due_at: datetime, *, by: int | None, now: datetime) -> None:
    """Another deadline; raises NotFound, or Invalid for one that nobody can mean."""
    _require_meant(due_at)
    task = await locked_row(tx, tasks, task_id)
    await tx.execute(update(tasks).where(tasks.c.id == task_id).values(due_at=due_at))
    facts = {"due_at": [task.due_at.isoformat(), due_at.isoformat()]}
    await record(tx, by, "task_put_off", "task", task_id, now=now, facts=facts)
    await event_log.append(tx, [_told(EventKind.TASK_OPENED, task, now, by)])


def _require_meant(due_at: datetime) -> None:
    """At the ends of the calendar a moment cannot be told in every zone, and the page that lists it would fail."""
    if not FIRST_YEAR <= due_at.year < LAST_YEAR:
        raise Invalid("A deadline is a day that somebody may live to see")


async def _contact_of(tx: AsyncConnection, new: NewTask) -> int | None:
    """The contact it is about: the one given, else the deal's."""
    if new.contact_id is not None and not await tx.scalar(select(contacts.c.id).where(contacts.c.id == new.contact_id)):
        raise NotFound(noun="contacts", id=new.contact_id)
    if new.deal_id is None:
        return new.contact_id
    deal = (await tx.execute(select(deals.c.contact_id).where(deals.c.id == new.deal_id))).one_or_none()
    if deal is None:
        raise NotFound(noun="deals", id=new.deal_id)
    return new.contact_id or deal.contact_id


def _told(kind: EventKind, task: Row[Any], now: datetime, by: int | None, *, also: int | None = None) -> Event:
    owners = (task.owner_id,) if also is None else (task.owner_id, also)
    return Event(kind, now, keepers(*owners), call_id=task.call_id, contact_id=task.contact_id, deal_id=task.deal_id,
                 task_id=task.id, user_id=by, facts={"kind": task.kind})  # fmt: skip
