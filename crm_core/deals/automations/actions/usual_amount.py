"""Fills in the amount that the deal's work type usually brings, where nobody said another (F14)."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.words import ANY, Declined, Deed, Occasion, SetField, Settings, automation
from crm_core.products.work_types import work_type
from crm_core.text import msgid


@automation(on=ANY, label=msgid("Fill in the usual amount of the work type"))
async def usual_amount(tx: AsyncConnection, occasion: Occasion, _settings: Settings) -> Sequence[Deed]:
    if occasion.deal.amount is not None:
        raise Declined("filled")
    if occasion.deal.work_type_id is None:
        raise Declined("no_work_type")
    expected = (await work_type(tx, occasion.deal.work_type_id)).expected
    if expected is None:
        raise Declined("no_usual_amount")
    return [SetField("amount", expected, is_usual=True)]
