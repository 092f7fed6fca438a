"""Sets a next task where the deal has none: no open deal is forgotten (F9)."""

from collections.abc import Sequence

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.task_options import TASK, due_in
from crm_core.deals.automations.words import ANY, Declined, Deed, Occasion, SetTask, Settings, Trigger, automation
from crm_core.deals.tables import deals
from crm_core.tasks.tables import tasks
from crm_core.text import msgid


@automation(on=ANY - {Trigger.EXIT}, label=msgid("Set a next task if the deal has none"), options=TASK, templates=("title",))
async def keep_next_task(tx: AsyncConnection, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    if not await tx.scalar(select(deals.c.closed_at.is_(None)).where(deals.c.id == occasion.deal.id)):
        raise Declined("closed")
    open_then = (tasks.c.created_at <= occasion.at, or_(tasks.c.done_at.is_(None), tasks.c.done_at > occasion.at))
    if await tx.scalar(select(exists().where(tasks.c.deal_id == occasion.deal.id, *open_then))):
        raise Declined("has_task")
    return [SetTask(settings["title"], due_in(settings), settings["kind"])]
