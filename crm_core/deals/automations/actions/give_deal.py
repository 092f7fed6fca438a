"""Gives the deal, with its open tasks, to somebody."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.words import ANY, Declined, Deed, GiveDeal, Occasion, Settings, automation
from crm_core.options import Option, OptionKind
from crm_core.text import msgid


@automation(
    on=ANY,
    label=msgid("Give the deal to somebody"),
    options=(
        Option("owner", OptionKind.USER, msgid("To whom"), required=True),
        Option("only_nobodys", OptionKind.YES_NO, msgid("Only if it is nobody's yet"), default=False),
    ),
)
async def give_deal(_tx: AsyncConnection, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    if occasion.deal.owner_id == settings["owner"]:
        raise Declined("there_already")
    if settings["only_nobodys"] and occasion.deal.owner_id is not None:
        raise Declined("has_owner")
    return [GiveDeal(owner_id=settings["owner"])]
