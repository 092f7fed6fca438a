"""The pipelines a new installation begins with: the conveyor of eleven stages (F13–F23), and repeat sales after it (F1)."""

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.planting import plant
from crm_core.deals.tables import pipelines, stages
from crm_core.deals.template import template_named

CONVEYOR, REPEAT = "eleven", "repeat"


async def seed_pipelines(tx: AsyncConnection, language: str = "ru", *, now: datetime) -> int:
    """The conveyor with its gates and tasks, handing over to repeat sales, where there is no pipeline yet.

    Tells the id of the first pipeline. An installation that has pipelines keeps them as they are.
    """
    known = await first_pipeline(tx)
    if known is not None:
        return known
    conveyor = await plant(tx, template_named(CONVEYOR), language, by=None, now=now)
    repeat = await plant(tx, template_named(REPEAT), language, by=None, now=now)
    await tx.execute(update(pipelines).where(pipelines.c.id == conveyor).values(hands_over_to=repeat))
    return conveyor


async def seed_pipeline(tx: AsyncConnection, language: str = "ru") -> int:
    """The eleven stages as they were before there were gates: they ask for nothing. Where there is no pipeline yet."""
    known = await first_pipeline(tx)
    if known is not None:
        return known
    words = template_named(CONVEYOR).said(language)
    added: int = (
        await tx.execute(insert(pipelines).values(name=words.pipeline, position=0).returning(pipelines.c.id))
    ).scalar_one()
    rows = [
        {"pipeline_id": added, "name": said.name, "short_name": said.short_name, "goal": said.goal, "position": place,
         "kind": rules.kind}
        for place, (said, rules) in enumerate(zip(words.stages, template_named(CONVEYOR).stages, strict=True))
    ]  # fmt: skip
    await tx.execute(insert(stages), rows)
    return added


async def first_pipeline(tx: AsyncConnection) -> int | None:
    """The id of the one that deals begin in."""
    query = select(pipelines.c.id).where(pipelines.c.archived_at.is_(None)).order_by(pipelines.c.position, pipelines.c.id)
    known: int | None = await tx.scalar(query.limit(1))
    return known
