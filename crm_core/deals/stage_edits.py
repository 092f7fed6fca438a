"""A stage is added, changed, put elsewhere in its pipeline, taken away, or put back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.named_by import named_by_stage
from crm_core.deals.stage_queries import version_of
from crm_core.deals.stage_settings import StageChanges, fitted_stage
from crm_core.deals.tables import StageKind, deals, pipelines, stage_history, stages
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers
from crm_core.rows import locked_row
from crm_core.users.audit import record
from crm_core.users.tables import audit, users

MOST_STAGES = 40


async def add_stage(tx: AsyncConnection, pipeline_id: int, given: StageChanges, *, by: int | None, now: datetime) -> int:
    """After the last open stage, before those that close a deal; tells its id. Raises NotFound, Invalid."""
    strip = await _strip(tx, pipeline_id)
    if len(strip) >= MOST_STAGES:
        raise Invalid(f"A pipeline has at most {MOST_STAGES} stages", field="name")
    values = await fitted_stage(tx, {"name": "", **given})
    kind = values.get("kind", StageKind.OPEN)
    row = {"gates": [], "entry_tasks": [], "kind": kind, **values, "pipeline_id": pipeline_id}
    last = await tx.scalar(select(func.max(stages.c.position)).where(stages.c.pipeline_id == pipeline_id))
    made = insert(stages).values(**row, position=0 if last is None else last + 1).returning(stages.c.id)
    added = int((await tx.execute(made)).scalar_one())
    before = [one.id for one in strip if kind != StageKind.OPEN or one.kind == StageKind.OPEN]
    await _placed(tx, pipeline_id, [*before, added, *(one.id for one in strip if one.id not in before)])
    await told_of_pipeline(tx, "stage_added", "stage", added, pipeline_id, by, now, {"name": row["name"]})
    return added


async def change_stage(
    tx: AsyncConnection, stage_id: int, given: StageChanges, *, by: int | None, now: datetime, seen: str | None = None
) -> None:
    """Set what is given. `seen`: the version that whoever changes it had before him.

    Raises NotFound; Invalid with the fact `field`; Conflict with `changed_by` (a name or None) and `changed_at` if somebody
    changed the stage since then, or with `deals` if its kind cannot change while deals stand on it.
    """
    stage = await _standing(tx, stage_id)
    if seen is not None and seen != version_of(stage):
        raise Conflict("Somebody changed this stage meanwhile", **await _last_change(tx, stage_id))
    fit = await fitted_stage(tx, given)
    changed = {name: value for name, value in fit.items() if getattr(stage, name) != value}
    if not changed:
        return
    if "kind" in changed:
        await _require_free(tx, stage)
    await tx.execute(update(stages).where(stages.c.id == stage_id).values(changed))
    if "kind" in changed:
        await _require_a_beginning(tx, stage.pipeline_id)
    facts = {name: [getattr(stage, name), value] for name, value in changed.items()}
    await told_of_pipeline(tx, "stage_changed", "stage", stage_id, stage.pipeline_id, by, now, facts)


async def order_stages(tx: AsyncConnection, pipeline_id: int, ids: Sequence[int], *, by: int | None, now: datetime) -> None:
    """Put the stages into this order. Raises NotFound, or Conflict if the pipeline has others than these by now."""
    strip = await _strip(tx, pipeline_id)
    if sorted(ids) != sorted(stage.id for stage in strip):
        raise Conflict("Stages were added or taken away meanwhile", stale=True)
    if list(ids) == [stage.id for stage in strip]:
        return
    await _placed(tx, pipeline_id, ids)
    await told_of_pipeline(tx, "stages_ordered", "pipeline", pipeline_id, pipeline_id, by, now, {"stages": list(ids)})


async def remove_stage(tx: AsyncConnection, stage_id: int, *, deals_to: int | None = None, by: int | None, now: datetime) -> int:
    """Take a stage away; its open deals go to `deals_to`, closed ones stay. Tells how many went.

    History goes on naming it. Raises NotFound; Conflict with `named_by` where an automation or lead rule names it, or with
    `deals` where open deals stand on it and it is not said where they go; Invalid for the last open stage.
    """
    stage = await _standing(tx, stage_id)
    if naming := await named_by_stage(tx, stage_id):
        raise Conflict("Automations or lead rules still name this stage", named_by=naming)
    await tx.execute(update(stages).where(stages.c.id == stage_id).values(archived_at=now))
    await _require_a_beginning(tx, stage.pipeline_id)
    went = await _moved_on(tx, stage, deals_to, by=by, now=now)
    await _placed(tx, stage.pipeline_id, [one.id for one in await _strip(tx, stage.pipeline_id)])
    facts = {"name": stage.name, "deals": went, "deals_to": deals_to if went else None}
    await told_of_pipeline(tx, "stage_removed", "stage", stage_id, stage.pipeline_id, by, now, facts)
    return went


async def put_back(tx: AsyncConnection, stage_id: int, *, by: int | None, now: datetime) -> None:
    """A stage that was taken away stands at the end of its pipeline again. Raises NotFound, Invalid."""
    stage = await locked_row(tx, stages, stage_id)
    if stage.archived_at is None:
        return
    strip = await _strip(tx, stage.pipeline_id)
    if len(strip) >= MOST_STAGES:
        raise Invalid(f"A pipeline has at most {MOST_STAGES} stages", field="name")
    await tx.execute(update(stages).where(stages.c.id == stage_id).values(archived_at=None))
    before = [one.id for one in strip if stage.kind != StageKind.OPEN or one.kind == StageKind.OPEN]
    await _placed(tx, stage.pipeline_id, [*before, stage_id, *(one.id for one in strip if one.id not in before)])
    await told_of_pipeline(tx, "stage_put_back", "stage", stage_id, stage.pipeline_id, by, now)


async def told_of_pipeline(
    tx: AsyncConnection, deed: str, noun: str, noun_id: int, pipeline_id: int, by: int | None, now: datetime,
    facts: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """A line of the audit trail, and the event that pages follow."""
    await record(tx, by, deed, noun, noun_id, now=now, facts=facts)
    changed = Event(EventKind.PIPELINE_CHANGED, now, None, user_id=by, facts={"pipeline_id": pipeline_id})
    await event_log.append(tx, [changed])


async def _standing(tx: AsyncConnection, stage_id: int) -> Row[Any]:
    row = await locked_row(tx, stages, stage_id)
    if row.archived_at is not None:
        raise NotFound(noun="stages", id=stage_id)
    return row


async def _strip(tx: AsyncConnection, pipeline_id: int) -> Sequence[Row[Any]]:
    """The stages that stand, in order; others wait for the pipeline's row until the transaction ends. Raises NotFound."""
    one = select(pipelines.c.id).where(pipelines.c.id == pipeline_id).with_for_update()
    if await tx.scalar(one) is None:
        raise NotFound(noun="pipelines", id=pipeline_id)
    query = select(stages).where(stages.c.pipeline_id == pipeline_id, stages.c.archived_at.is_(None))
    return (await tx.execute(query.order_by(stages.c.position, stages.c.id))).all()


async def _placed(tx: AsyncConnection, pipeline_id: int, ids: Sequence[int]) -> None:
    """Positions from 0 in this order, those taken away after them. No two rows have one place, not even between two steps."""
    gone = select(stages.c.id).where(stages.c.pipeline_id == pipeline_id, stages.c.id.not_in(ids))
    order = [*ids, *(await tx.scalars(gone.order_by(stages.c.position, stages.c.id)))]
    of_it = update(stages).where(stages.c.pipeline_id == pipeline_id)
    await tx.execute(of_it.values(position=-1 - stages.c.position))
    places = {stage_id: place for place, stage_id in enumerate(order)}
    await tx.execute(of_it.values(position=case(places, value=stages.c.id)))


async def _require_a_beginning(tx: AsyncConnection, pipeline_id: int) -> None:
    if not any(stage.kind == StageKind.OPEN for stage in await _strip(tx, pipeline_id)):
        raise Invalid("A pipeline keeps one open stage at least: deals begin there", field="kind")


async def _require_free(tx: AsyncConnection, stage: Row[Any]) -> None:
    standing = await tx.scalar(select(func.count()).select_from(deals).where(deals.c.stage_id == stage.id))
    if standing:
        raise Conflict("Deals stand on this stage: its kind stays", deals=standing)


async def _moved_on(tx: AsyncConnection, stage: Row[Any], to: int | None, *, by: int | None, now: datetime) -> int:
    """The stage is gone, and with it what it asked for: nothing is judged, nothing runs; each deal's way says what happened."""
    standing = select(deals).where(deals.c.stage_id == stage.id, deals.c.closed_at.is_(None)).with_for_update()
    rows = (await tx.execute(standing)).all()
    if not rows:
        return 0
    target = None if to is None else next((one for one in await _strip(tx, stage.pipeline_id) if one.id == to), None)
    if target is None or target.kind != StageKind.OPEN:
        raise Conflict("Open deals stand on this stage: say to which open stage they go", deals=len(rows))
    ids = [row.id for row in rows]
    await tx.execute(update(deals).where(deals.c.id.in_(ids)).values(stage_id=to, stage_since=now))
    step = {"from_stage_id": stage.id, "stage_id": to, "at": now, "user_id": by, "reason": f"× {stage.name}"}
    await tx.execute(insert(stage_history), [{"deal_id": deal_id, **step} for deal_id in ids])
    facts = {"from": stage.id, "to": to}
    of_all = [
        Event(EventKind.DEAL_MOVED, now, keepers(row.owner_id), None, row.contact_id, row.id, user_id=by, facts=facts)
        for row in rows
    ]
    await event_log.append(tx, of_all)
    return len(rows)


async def _last_change(tx: AsyncConnection, stage_id: int) -> dict[str, Any]:
    """Who was first, and when."""
    query = (
        select(audit.c.at, users.c.name)
        .outerjoin(users, users.c.id == audit.c.user_id)
        .where(audit.c.noun == "stage", audit.c.noun_id == stage_id)
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    row = (await tx.execute(query)).one_or_none()
    return {"changed_by": row.name if row else None, "changed_at": row.at if row else None}
