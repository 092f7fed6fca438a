"""Chooses the work type, and with it the amount that such work usually brings (F14)."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.words import ANY, Declined, Deed, Occasion, SetField, Settings, automation
from crm_core.options import Option, OptionKind
from crm_core.text import msgid


@automation(
    on=ANY,
    label=msgid("Choose the work type"),
    options=(
        Option("work_type", OptionKind.WORK_TYPE, msgid("Work type"), required=True),
        Option("only_empty", OptionKind.YES_NO, msgid("Only if none is known"), default=True),
    ),
)
async def choose_work_type(_tx: AsyncConnection, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    known = occasion.deal.work_type_id
    if known == settings["work_type"]:
        raise Declined("there_already")
    if settings["only_empty"] and known is not None:
        raise Declined("filled")
    return [SetField("work_type_id", settings["work_type"])]
