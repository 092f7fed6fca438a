"""Sets a task if the first contact was not by phone (F14: contact the client to set a meeting)."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.task_options import TASK, due
from crm_core.deals.automations.words import ANY, Declined, Deed, Occasion, SetTask, Settings, automation
from crm_core.deals.first_contact import first_contact_by_phone
from crm_core.text import msgid


@automation(on=ANY, label=msgid("Set a task if the first contact was not by phone"), options=TASK, templates=("title",))
async def set_task_unless_called(tx: AsyncConnection, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    if await first_contact_by_phone(tx, occasion.deal.id):
        raise Declined("called_first")
    return [SetTask(settings["title"], kind=settings["kind"], **due(settings))]
