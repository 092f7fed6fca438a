"""A pipeline is added, renamed, put elsewhere, told where its won deals begin anew, put away, or taken out again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.named_by import named_by_pipeline
from crm_core.deals.stage_edits import told_of_pipeline
from crm_core.deals.stage_settings import named
from crm_core.deals.tables import pipelines
from crm_core.errors import Conflict, Invalid
from crm_core.rows import locked_row

MOST_PIPELINES = 30


async def add_pipeline(tx: AsyncConnection, name: str, *, by: int | None, now: datetime) -> int:
    """After the others, without stages yet; tells its id. Raises Invalid for a name that is taken."""
    fit = await _fit_name(tx, name, None)
    standing = await _standing(tx)
    if len(standing) >= MOST_PIPELINES:
        raise Invalid(f"There are at most {MOST_PIPELINES} pipelines", field="name")
    last = await tx.scalar(select(func.max(pipelines.c.position)))
    values = {"name": fit, "position": 0 if last is None else last + 1}
    added: int = (await tx.execute(insert(pipelines).values(values).returning(pipelines.c.id))).scalar_one()
    await told_of_pipeline(tx, "pipeline_added", "pipeline", added, added, by, now, {"name": fit})
    return added


async def rename_pipeline(tx: AsyncConnection, pipeline_id: int, name: str, *, by: int | None, now: datetime) -> None:
    """Raises NotFound, Invalid."""
    before = await locked_row(tx, pipelines, pipeline_id)
    fit = await _fit_name(tx, name, pipeline_id)
    if fit != before.name:
        await tx.execute(update(pipelines).where(pipelines.c.id == pipeline_id).values(name=fit))
        await told_of_pipeline(
            tx, "pipeline_renamed", "pipeline", pipeline_id, pipeline_id, by, now, {"name": [before.name, fit]}
        )


async def hand_over_to(tx: AsyncConnection, pipeline_id: int, to: int | None, *, by: int | None, now: datetime) -> None:
    """Deals that are won here begin anew in that pipeline; None: nowhere. Raises NotFound, Invalid."""
    before = await locked_row(tx, pipelines, pipeline_id)
    if to == before.hands_over_to:
        return
    if to == pipeline_id:
        raise Invalid("A pipeline does not hand over to itself: a won deal would begin anew for ever", field="hands_over_to")
    if to is not None and (await locked_row(tx, pipelines, to)).archived_at is not None:
        raise Invalid("That pipeline was put away", field="hands_over_to")
    await tx.execute(update(pipelines).where(pipelines.c.id == pipeline_id).values(hands_over_to=to))
    facts = {"to": [before.hands_over_to, to]}
    await told_of_pipeline(tx, "pipeline_hands_over", "pipeline", pipeline_id, pipeline_id, by, now, facts)


async def order_pipelines(tx: AsyncConnection, ids: Sequence[int], *, by: int | None, now: datetime) -> None:
    """New deals begin in the first. Raises Conflict if there are others than these by now."""
    standing = await _standing(tx)
    if sorted(ids) != sorted(row.id for row in standing):
        raise Conflict("Pipelines were added or put away meanwhile", stale=True)
    if list(ids) == [row.id for row in standing]:
        return
    for place, pipeline_id in enumerate(ids):
        await tx.execute(update(pipelines).where(pipelines.c.id == pipeline_id).values(position=place))
    await told_of_pipeline(tx, "pipelines_ordered", "pipeline", ids[0], ids[0], by, now, {"pipelines": list(ids)})


async def archive_pipeline(tx: AsyncConnection, pipeline_id: int, *, by: int | None, now: datetime) -> None:
    """It takes no new deals; those on it are led to their end.

    Raises NotFound; Conflict with `named_by` where an automation or lead rule names it, or `handed_over_from` (names of
    pipelines) where others hand over to it; Invalid for the last one.
    """
    before = await locked_row(tx, pipelines, pipeline_id)
    if before.archived_at is not None:
        return
    standing = await _standing(tx)
    if len(standing) == 1:
        raise Invalid("The last pipeline stays: deals need one")
    if naming := await named_by_pipeline(tx, pipeline_id):
        raise Conflict("Automations or lead rules still name this pipeline", named_by=naming)
    if givers := [row.name for row in standing if row.hands_over_to == pipeline_id]:
        raise Conflict("Other pipelines hand their won deals over to this one", handed_over_from=givers)
    await tx.execute(update(pipelines).where(pipelines.c.id == pipeline_id).values(archived_at=now))
    await told_of_pipeline(tx, "pipeline_archived", "pipeline", pipeline_id, pipeline_id, by, now, {"name": before.name})


async def restore_pipeline(tx: AsyncConnection, pipeline_id: int, *, by: int | None, now: datetime) -> None:
    """Raises NotFound, or Invalid if another one took its name."""
    before = await locked_row(tx, pipelines, pipeline_id)
    if before.archived_at is not None:
        await _fit_name(tx, before.name, pipeline_id)
        await tx.execute(update(pipelines).where(pipelines.c.id == pipeline_id).values(archived_at=None))
        await told_of_pipeline(tx, "pipeline_restored", "pipeline", pipeline_id, pipeline_id, by, now)


async def _standing(tx: AsyncConnection) -> Sequence[Row[Any]]:
    query = select(pipelines).where(pipelines.c.archived_at.is_(None)).order_by(pipelines.c.position, pipelines.c.id)
    return (await tx.execute(query)).all()


async def _fit_name(tx: AsyncConnection, name: str, pipeline_id: int | None) -> str:
    fit = named(name)
    if any(row.name.casefold() == fit.casefold() and row.id != pipeline_id for row in await _standing(tx)):
        raise Invalid("A pipeline of this name is there already", field="name")
    return fit
