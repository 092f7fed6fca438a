"""Writes a note into the deal's timeline."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.task_options import FIELDS_HELP
from crm_core.deals.automations.words import ANY, Deed, Note, Occasion, Settings, automation
from crm_core.options import Option, OptionKind
from crm_core.text import msgid


@automation(
    on=ANY,
    label=msgid("Write a note"),
    options=(Option("text", OptionKind.LONG_TEXT, msgid("Note"), required=True, help=FIELDS_HELP),),
    templates=("text",),
)
async def write_note(_tx: AsyncConnection, _occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    return [Note(settings["text"])]
