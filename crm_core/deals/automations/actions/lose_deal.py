"""Gives the deal up, for a reason of the list: who did not answer for a month need not stand on the board (F3, F8)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.task_options import FIELDS_HELP
from crm_core.deals.automations.words import ANY, Declined, Deed, LoseDeal, Occasion, Settings, automation
from crm_core.deals.tables import deals
from crm_core.options import Option, OptionKind
from crm_core.text import msgid

_CLOSED = select(deals.c.closed_at).where(deals.c.id == bindparam("deal"))


@automation(
    on=ANY,
    label=msgid("Close the deal as lost"),
    options=(
        Option("reason", OptionKind.LOSS_REASON, msgid("Why it is lost"), required=True),
        Option("words", OptionKind.TEXT, msgid("In your own words"), help=FIELDS_HELP),
    ),
    templates=("words",),
)
async def lose_deal(tx: AsyncConnection, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    closed_at = await tx.scalar(_CLOSED, {"deal": occasion.deal.id})
    if closed_at is not None and closed_at <= occasion.at:
        raise Declined("closed")
    return [LoseDeal(settings["reason"], settings["words"])]
