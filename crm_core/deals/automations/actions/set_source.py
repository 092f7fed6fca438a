"""Says where the deal came from."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.words import ANY, Declined, Deed, Occasion, SetField, Settings, automation
from crm_core.options import Option, OptionKind
from crm_core.text import msgid


@automation(
    on=ANY,
    label=msgid("Set the source"),
    options=(
        Option("source", OptionKind.TEXT, msgid("Source"), required=True),
        Option("only_empty", OptionKind.YES_NO, msgid("Only if none is known"), default=True),
    ),
)
async def set_source(_tx: AsyncConnection, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    if occasion.deal.source == settings["source"]:
        raise Declined("there_already")
    if settings["only_empty"] and occasion.deal.source:
        raise Declined("filled")
    return [SetField("source", settings["source"])]
