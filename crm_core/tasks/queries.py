"""Reads of tasks."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging, references
from crm_core.access import Actor, opens, visible
from crm_core.calls.tables import calls
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals, stages
from crm_core.errors import NotFound
from crm_core.paging import Page
from crm_core.references import ContactRef, DealRef, Person
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.tables import users

MOST_OPEN = 50
"""Open tasks of one deal that its card shows."""

TASK_SORTS = paging.sorts(tasks.c.id, {"due_at": tasks.c.due_at, "created_at": tasks.c.created_at})


@dataclass(frozen=True, slots=True)
class TaskFilters:
    done: bool | None = False
    owner_id: int | None = None
    kind: TaskKind | None = None
    deal_id: int | None = None
    contact_id: int | None = None
    due_before: datetime | None = None
    unowned: bool = False  # only what is nobody's yet


@dataclass(frozen=True, slots=True)
class TaskLine:
    """`title` is None where the kind says it all, in the reader's language. `number`: whom to call back.

    `call_id` and `done_by_call_id` only where the reader may open that call.
    """

    id: int
    kind: TaskKind
    title: str | None
    deal: DealRef | None
    contact: ContactRef | None
    call_id: int | None
    number: str | None
    owner: Person | None
    due_at: datetime
    created_at: datetime
    done_at: datetime | None
    done_by: Person | None
    done_by_call_id: int | None

    def overdue(self, now: datetime) -> bool:
        return self.done_at is None and self.due_at < now


async def list_tasks(
    connection: AsyncConnection, actor: Actor, filters: TaskFilters | None = None, *,
    sort: str = "due_at", cursor: str | None = None, limit: int = 50,
) -> Page[TaskLine]:  # fmt: skip
    """A page of the tasks the actor may see, by default what is still open; raises Invalid."""
    order = paging.sort_named(TASK_SORTS, sort)
    query = _narrowed(task_query(actor), filters or TaskFilters())
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [line_of(row) for row in rows[:limit]], order, limit)


async def task(connection: AsyncConnection, actor: Actor, task_id: int) -> TaskLine:
    """Raises NotFound."""
    row = (await connection.execute(task_query(actor).where(tasks.c.id == task_id))).one_or_none()
    if row is None:
        raise NotFound(noun="tasks", id=task_id)
    return line_of(row)


async def open_tasks_of(connection: AsyncConnection, actor: Actor, deal_id: int) -> tuple[TaskLine, ...]:
    """What is still to be done about a deal, the most urgent first."""
    return tuple(line_of(row) for row in await connection.execute(_open_of_deal(actor), {"deal": deal_id}))


async def count_open_tasks(connection: AsyncConnection, actor: Actor, due_before: datetime) -> int:
    """His own open tasks that are due before that moment."""
    query = select(func.count()).select_from(tasks)
    query = query.where(tasks.c.owner_id == actor.user_id, tasks.c.done_at.is_(None), tasks.c.due_at < due_before)
    return (await connection.scalar(query)) or 0


@lru_cache(1000)
def task_query(actor: Actor) -> Select[Any]:
    """Lines of all tasks the actor may see, in no order yet."""
    owner, doer = users.alias("owner"), users.alias("doer")
    return (
        select(
            tasks,
            contacts.c.name.label("contact_name"), visible(actor, contacts).label("contact_opens"),
            companies.c.id.label("company_id"), companies.c.name.label("company_name"),
            deals.c.title.label("deal_title"), deals.c.amount.label("deal_amount"),
            deals.c.currency.label("deal_currency"), visible(actor, deals).label("deal_opens"),
            stages.c.id.label("deal_stage_id"), stages.c.name.label("deal_stage_name"),
            stages.c.short_name.label("deal_stage_short_name"),
            opens(actor, calls, tasks.c.call_id).label("call_opens"),
            opens(actor, calls, tasks.c.done_by_call_id).label("done_by_call_opens"),
            owner.c.name.label("owner_name"), doer.c.id.label("doer_id"), doer.c.name.label("doer_name"),
        )
        .select_from(
            tasks.outerjoin(contacts, contacts.c.id == tasks.c.contact_id)
            .outerjoin(companies, companies.c.id == contacts.c.company_id)
            .outerjoin(deals, deals.c.id == tasks.c.deal_id)
            .outerjoin(stages, stages.c.id == deals.c.stage_id)
            .outerjoin(owner, owner.c.id == tasks.c.owner_id)
            .outerjoin(doer, doer.c.id == tasks.c.done_by)
        )
        .where(visible(actor, tasks))
    )  # fmt: skip


@lru_cache(1000)
def _open_of_deal(actor: Actor) -> Select[Any]:
    query = task_query(actor).where(tasks.c.deal_id == bindparam("deal"), tasks.c.done_at.is_(None))
    return query.order_by(tasks.c.due_at, tasks.c.id).limit(MOST_OPEN)


def _narrowed(query: Select[Any], filters: TaskFilters) -> Select[Any]:
    equal = {
        tasks.c.owner_id: filters.owner_id, tasks.c.kind: filters.kind,
        tasks.c.deal_id: filters.deal_id, tasks.c.contact_id: filters.contact_id,
    }  # fmt: skip
    query = query.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.done is not None:
        query = query.where(tasks.c.done_at.is_not(None) if filters.done else tasks.c.done_at.is_(None))
    if filters.unowned:
        query = query.where(tasks.c.owner_id.is_(None))
    return query if filters.due_before is None else query.where(tasks.c.due_at < filters.due_before)


def line_of(row: Any) -> TaskLine:
    """Of a row of `task_query`."""
    return TaskLine(
        id=row.id, kind=TaskKind(row.kind), title=row.title, deal=references.deal(row), contact=references.contact(row),
        call_id=row.call_id if row.call_opens else None, number=row.number, owner=references.person(row, "owner"),
        due_at=row.due_at, created_at=row.created_at, done_at=row.done_at, done_by=references.person(row, "doer"),
        done_by_call_id=row.done_by_call_id if row.done_by_call_opens else None,
    )  # fmt: skip
