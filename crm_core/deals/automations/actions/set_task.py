"""Sets a task: F13, and whatever a stage asks for besides its own tasks."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.task_options import TASK, due
from crm_core.deals.automations.words import ANY, Deed, Occasion, SetTask, Settings, automation
from crm_core.options import Option, OptionKind
from crm_core.text import msgid


@automation(
    on=ANY,
    label=msgid("Set a task"),
    options=(*TASK, Option("owner", OptionKind.USER, msgid("For whom, if not the deal's owner"))),
    templates=("title",),
)
async def set_task(_tx: AsyncConnection, _occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    return [SetTask(settings["title"], kind=settings["kind"], owner_id=settings["owner"], **due(settings))]
