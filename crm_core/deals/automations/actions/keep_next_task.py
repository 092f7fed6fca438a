"""Sets a next task where the deal has none: no open deal is forgotten (F9)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import UtcTime
from crm_core.deals.automations.task_options import TASK, due
from crm_core.deals.automations.words import ANY, Declined, Deed, Occasion, SetTask, Settings, Trigger, automation
from crm_core.deals.tables import deals
from crm_core.tasks.tables import tasks
from crm_core.text import msgid

_THEN = bindparam("then", type_=UtcTime())
_OPEN_THEN = (tasks.c.created_at <= _THEN, or_(tasks.c.done_at.is_(None), tasks.c.done_at > _THEN))
_HAS_TASK = exists().where(tasks.c.deal_id == deals.c.id, *_OPEN_THEN)
_STANDING = select(deals.c.closed_at, _HAS_TASK).where(deals.c.id == bindparam("deal"))


@automation(on=ANY - {Trigger.EXIT}, label=msgid("Set a next task if the deal has none"), options=TASK, templates=("title",))
async def keep_next_task(tx: AsyncConnection, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    asked = {"deal": occasion.deal.id, "then": occasion.at}
    closed_at, already = (await tx.execute(_STANDING, asked)).one()
    if closed_at is not None or already:
        raise Declined("closed" if closed_at is not None else "has_task")
    return [SetTask(settings["title"], kind=settings["kind"], **due(settings))]
