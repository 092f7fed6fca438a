"""Writes a value into one of the company's own fields of the deal."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.words import ANY, Deed, Occasion, SetField, Settings, automation
from crm_core.options import Option, OptionKind
from crm_core.text import msgid


@automation(
    on=ANY,
    label=msgid("Set a field"),
    options=(
        Option("field", OptionKind.FIELD, msgid("Which field of the deal"), required=True,
               help=msgid("One of your own fields of deals, the title or the source.")),
        Option("value", OptionKind.TEXT, msgid("Value"), required=True),
    ),
)  # fmt: skip
async def set_field(_tx: AsyncConnection, _occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    return [SetField(settings["field"], settings["value"])]
