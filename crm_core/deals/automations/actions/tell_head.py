"""Tells the head: a task for whoever leads the deal's owner (F20: work may start)."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.task_options import DUE, TITLE, due
from crm_core.deals.automations.words import ANY, Deed, Occasion, SetTask, Settings, automation
from crm_core.text import msgid


@automation(on=ANY, label=msgid("Give the head a task"), options=(TITLE, *DUE), templates=("title",))
async def tell_head(_tx: AsyncConnection, _occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    return [SetTask(settings["title"], for_head=True, **due(settings))]
