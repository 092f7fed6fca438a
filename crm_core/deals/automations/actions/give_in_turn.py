"""Gives the deal to whoever of a team is next, one after another."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.words import ANY, Declined, Deed, GiveDeal, Occasion, Settings, automation
from crm_core.options import Option, OptionKind
from crm_core.text import msgid


@automation(
    on=ANY,
    label=msgid("Give the deal to a team, in turn"),
    options=(
        Option("team", OptionKind.TEAM, msgid("To which team"), required=True),
        Option("only_nobodys", OptionKind.YES_NO, msgid("Only if it is nobody's yet"), default=True),
    ),
)
async def give_in_turn(_tx: AsyncConnection, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    if settings["only_nobodys"] and occasion.deal.owner_id is not None:
        raise Declined("has_owner")
    return [GiveDeal(team_id=settings["team"])]
