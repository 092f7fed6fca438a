"""A deal moves to another stage, if the stages it leaves let it. Each move is kept: who, when, from where (F2, F3).

Everything that changes a stage comes through `move`: card, board, bulk, interface and automations.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.automations.chain import NO_CHAIN, Chain
from crm_core.deals.automations.running import stage_changed
from crm_core.deals.deed import locked, told
from crm_core.deals.gate import Lack, LackKind, Refused
from crm_core.deals.handing_over import hand_over
from crm_core.deals.judging import way_of
from crm_core.deals.tables import StageKind, deals, stages
from crm_core.deals.way import note_stage, said
from crm_core.errors import Conflict, Forbidden
from crm_core.events import EventKind
from crm_core.tasks.deeds import close_tasks
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.text import msgid
from crm_core.users.audit import record

WHY_LOST = Lack(LackKind.FIELD, "loss_reason", msgid("Why the deal is lost is not said"), asks=("loss_reason",))


async def move(
    tx: AsyncConnection, deal_id: int, stage_id: int, *, by: int | None, now: datetime,
    expected_stage: int | None = None, override: str | None = None, may_override: bool = False, chain: Chain = NO_CHAIN,
) -> None:  # fmt: skip
    """Put a deal on a stage of its pipeline; one that wins or loses closes it, an open one opens it again.

    `override`: why what is missing is set aside, by who has the right to (`may_override`); where nothing is missing it is only
    the reason of the move. `chain`: the automations that led to it, the one that moves it last. Raises NotFound; Invalid for a
    stage of another pipeline; Refused with `missing` if a stage on the way does not let it; Forbidden for an override without the
    right; Conflict with `moved_to` {id, name} if the deal is not on `expected_stage` any more.
    """
    deal = await locked(tx, deal_id)
    if expected_stage is not None and deal.stage_id != expected_stage:
        raise Conflict("Somebody moved this deal first", moved_to=await _stage_named(tx, deal.stage_id))
    if deal.stage_id == stage_id:
        return
    reason = said(override)
    missing = await let_through(tx, deal, stage_id, reason, may_override=may_override)
    stage = (await tx.execute(select(stages).where(stages.c.id == stage_id))).one()
    if stage.kind == StageKind.LOST and reason is None:
        raise Refused([WHY_LOST])
    await tx.execute(update(deals).where(deals.c.id == deal_id).values(_standing(stage, now)))
    await note_stage(tx, deal, stage_id, now=now, by=by, reason=reason, missing=missing, rule_id=chain.rule_id)
    await _tasks_closed(tx, deal_id, stage, now=now, by=by)
    facts = {"from": deal.stage_id, "to": stage_id, **({"set_aside": len(missing)} if missing else {})}
    await record(tx, by, "deal_moved", "deal", deal_id, now=now, facts=facts)
    await event_log.append(tx, [told(EventKind.DEAL_MOVED, deal, now, by, facts)])
    await stage_changed(tx, deal, deal.stage_id, stage_id, by=by, now=now, chain=chain)
    if stage.kind == StageKind.WON:
        await hand_over(tx, deal, now=now)


async def let_through(
    tx: AsyncConnection, deal: Row[Any], stage_id: int, reason: str | None, *, may_override: bool, begins: int | None = None
) -> tuple[Lack, ...]:
    """What was set aside to let it through, usually nothing; raises Refused, Forbidden or Invalid."""
    missing = (await way_of(tx, deal, stage_id, begins=begins)).judged.lacks
    if missing and reason is None:
        raise Refused(missing)
    if missing and not may_override:
        raise Forbidden(right="override")
    return missing


def _standing(stage: Row[Any], now: datetime) -> dict[str, Any]:
    ended = stage.kind != StageKind.OPEN
    values = {"stage_id": stage.id, "stage_since": now, "closed_at": now if ended else None,
              "closed_as": stage.kind if ended else None}  # fmt: skip
    return values if stage.kind == StageKind.LOST else {**values, "loss_reason_id": None}


async def _tasks_closed(tx: AsyncConnection, deal_id: int, stage: Row[Any], *, now: datetime, by: int | None) -> None:
    """Whoever moves a lead on has classified it: that task is done (F13). For a deal that is lost nothing is left to do."""
    which = [tasks.c.deal_id == deal_id]
    if stage.kind != StageKind.LOST:
        which.append(tasks.c.kind == TaskKind.CLASSIFY)
    await close_tasks(tx, which, now=now, by=by)


async def _stage_named(tx: AsyncConnection, stage_id: int) -> dict[str, Any]:
    row = (await tx.execute(select(stages.c.id, stages.c.name).where(stages.c.id == stage_id))).one()
    return {"id": row.id, "name": row.name}
