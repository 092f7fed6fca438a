"""Sets a task unless a meeting is planned already: who agreed on one and wrote it down at once need not be told to (F15)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import UtcTime
from crm_core.deals.automations.task_options import TASK, due
from crm_core.deals.automations.words import ANY, Declined, Deed, Occasion, SetTask, Settings, automation
from crm_core.meetings.tables import meetings
from crm_core.text import msgid

_THEN = bindparam("then", type_=UtcTime())
_PLANNED = (
    select(meetings.c.id)
    .where(
        meetings.c.deal_id == bindparam("deal"), meetings.c.state != "cancelled", meetings.c.created_at <= _THEN,
        or_(meetings.c.at.is_(None), meetings.c.at > _THEN),
    )
    .limit(1)
)  # fmt: skip


@automation(on=ANY, label=msgid("Set a task if no meeting is planned"), options=TASK, templates=("title",))
async def set_task_unless_meeting(tx: AsyncConnection, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    if await tx.scalar(_PLANNED, {"deal": occasion.deal.id, "then": occasion.at}) is not None:
        raise Declined("meeting_planned")
    return [SetTask(settings["title"], kind=settings["kind"], **due(settings))]
