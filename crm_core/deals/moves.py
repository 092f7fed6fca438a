"""A deal moves to another stage. Each move is kept: who, when, from where (F2, F3)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers
from crm_core.tasks.deeds import close_tasks
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.text import clean
from crm_core.users.audit import record

OPEN = "open"


async def move(
    tx: AsyncConnection, deal_id: int, stage_id: int, *, by: int | None, now: datetime,
    expected_stage: int | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """Put a deal on a stage of its pipeline; one that wins or loses closes it, an open one opens it again.

    Raises NotFound; Invalid for a stage of another pipeline; Conflict with the fact `moved_to` {id, name} if the deal
    is not on `expected_stage` any more.
    """
    deal = await locked(tx, deal_id)
    if expected_stage is not None and deal.stage_id != expected_stage:
        raise Conflict("Somebody moved this deal first", moved_to=await _stage_named(tx, deal.stage_id))
    if deal.stage_id == stage_id:
        return
    stage = (
        await tx.execute(select(stages).where(stages.c.id == stage_id, stages.c.pipeline_id == deal.pipeline_id))
    ).one_or_none()
    if stage is None:
        raise Invalid("The deal's pipeline has no such stage")
    is_open = stage.kind == OPEN
    values = {
        "stage_id": stage_id,
        "stage_since": now,
        "closed_at": None if is_open else now,
        "closed_as": None if is_open else stage.kind,
    }
    await tx.execute(update(deals).where(deals.c.id == deal_id).values(values))
    await note_stage(tx, deal, stage_id, now=now, by=by, reason=reason)
    await _classified(tx, deal_id, now=now, by=by)
    facts = {"from": deal.stage_id, "to": stage_id}
    await record(tx, by, "deal_moved", "deal", deal_id, now=now, facts=facts)
    await event_log.append(tx, [told(EventKind.DEAL_MOVED, deal, now, by, facts)])


async def locked(tx: AsyncConnection, deal_id: int) -> Row[Any]:
    """The deal's row, kept from others until the transaction ends; raises NotFound."""
    row = (await tx.execute(select(deals).where(deals.c.id == deal_id).with_for_update())).one_or_none()
    if row is None:
        raise NotFound(noun="deals", id=deal_id)
    return row


async def note_stage(
    tx: AsyncConnection, deal: Row[Any], stage_id: int, *, now: datetime, by: int | None, reason: str | None
) -> None:
    """One line of the deal's way through the stages."""
    why = None if reason is None else clean(reason, 1000).strip() or None
    row = {"deal_id": deal.id, "from_stage_id": deal.stage_id, "stage_id": stage_id, "at": now, "user_id": by, "reason": why}
    await tx.execute(insert(stage_history).values(row))


def told(kind: EventKind, deal: Row[Any], now: datetime, by: int | None, facts: dict[str, Any] | None = None) -> Event:
    """An event about a deal as it was before the deed."""
    return Event(kind, now, keepers(deal.owner_id), deal_id=deal.id, contact_id=deal.contact_id, user_id=by, facts=facts or {})


async def _classified(tx: AsyncConnection, deal_id: int, *, now: datetime, by: int | None) -> None:
    """Whoever moves a lead on has classified it: its task is done (F13)."""
    await close_tasks(tx, (tasks.c.deal_id == deal_id, tasks.c.kind == TaskKind.CLASSIFY), now=now, by=by)


async def _stage_named(tx: AsyncConnection, stage_id: int) -> dict[str, Any]:
    row = (await tx.execute(select(stages.c.id, stages.c.name).where(stages.c.id == stage_id))).one()
    return {"id": row.id, "name": row.name}
