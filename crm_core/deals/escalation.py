"""What is overdue or stuck is told to the head, once each (F9)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.automations.heads import heads_of
from crm_core.deals.filters import stage_limits, stuck
from crm_core.deals.tables import deals, stages
from crm_core.event_log import events
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers
from crm_core.tasks.tables import tasks

AT_ONCE = 100


async def escalate_tasks(tx: AsyncConnection, now: datetime, after: timedelta, most: int = AT_ONCE) -> int:
    """Tell of open tasks that are overdue for so long, at most so many; returns how many there were."""
    late = select(tasks.c.id).where(tasks.c.done_at.is_(None), tasks.c.due_at < now - after, tasks.c.escalated_at.is_(None))
    ids = (await tx.scalars(late.order_by(tasks.c.due_at).limit(most))).all()
    if not ids:
        return 0
    rows = (await tx.execute(update(tasks).where(tasks.c.id.in_(ids)).values(escalated_at=now).returning(tasks))).all()
    await event_log.append(tx, [await _overdue(tx, row, now) for row in rows])
    return len(rows)


async def _overdue(tx: AsyncConnection, task: Row[Any], now: datetime) -> Event:
    facts = {"kind": task.kind, "due_at": task.due_at.isoformat()}
    return Event(EventKind.TASK_OVERDUE, now, await _told_to(tx, task.owner_id), call_id=task.call_id, contact_id=task.contact_id,
                 deal_id=task.deal_id, task_id=task.id, facts=facts)  # fmt: skip


async def escalate_deals(tx: AsyncConnection, now: datetime, most: int = AT_ONCE) -> int:
    """Tell of deals that are on their stage for longer than it allows, at most so many; returns how many there were."""
    told = exists().where(
        events.c.kind == EventKind.DEAL_STUCK, events.c.deal_id == deals.c.id, events.c.at > deals.c.stage_since
    )
    longer = stuck(await stage_limits(tx), now)
    query = select(deals, stages.c.limit_hours).join(stages).where(deals.c.closed_at.is_(None), longer, ~told)
    rows = (await tx.execute(query.order_by(deals.c.stage_since, deals.c.id).limit(most))).all()
    await event_log.append(tx, [await _stuck(tx, row, now) for row in rows])
    return len(rows)


async def _stuck(tx: AsyncConnection, deal: Row[Any], now: datetime) -> Event:
    facts = {"stage": deal.stage_id, "limit_hours": deal.limit_hours, "since": deal.stage_since.isoformat()}
    return Event(EventKind.DEAL_STUCK, now, await _told_to(tx, deal.owner_id), deal_id=deal.id, contact_id=deal.contact_id,
                 facts=facts)  # fmt: skip


async def _told_to(tx: AsyncConnection, owner_id: int | None) -> tuple[int, ...]:
    """The owner and who leads him; where it is nobody's, the heads: they give it to somebody."""
    return keepers(*await heads_of(tx, owner_id), *(() if owner_id is None else (owner_id,))) or ()
