"""Moves the deal to another stage, through its gates: what they miss is told with the run, and the deal stays."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.words import ANY, Deed, MoveDeal, Occasion, Settings, automation
from crm_core.options import Option, OptionKind
from crm_core.text import msgid


@automation(
    on=ANY,
    label=msgid("Move the deal"),
    options=(Option("stage", OptionKind.STAGE, msgid("To which stage"), required=True),),
    moves_to="stage",
)
async def move_deal(_tx: AsyncConnection, _occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    return [MoveDeal(settings["stage"])]
