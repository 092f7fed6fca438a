"""Writes a field of a deal as whoever edits its card does, so that its history knows."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.typed_values import typed_value
from crm_core.deals.automations.words import SetField
from crm_core.deals.edits import DealChanges, edit_deal
from crm_core.deals.tables import deals
from crm_core.deals.work_type import choose_work_type
from crm_core.errors import Invalid
from crm_core.fields.definitions import field
from crm_core.fields.history import Noun
from crm_core.fields.values import set_values

OWN = "custom."


async def write_field(tx: AsyncConnection, deal_id: int, deed: SetField, now: datetime) -> None:
    """Raises Invalid for a field a deal has not, or a value it cannot have; NotFound for a work type that is gone."""
    if deed.field.startswith(OWN):
        await _write_own(tx, deal_id, deed, now)
    elif deed.field == "work_type_id":
        await choose_work_type(tx, deal_id, deed.value, by=None, now=now)
    else:
        await edit_deal(tx, deal_id, _change(deed), by=None, now=now)
        if deed.is_usual:
            await tx.execute(update(deals).where(deals.c.id == deal_id).values(amount_is_usual=True))


async def _write_own(tx: AsyncConnection, deal_id: int, deed: SetField, now: datetime) -> None:
    number = deed.field.removeprefix(OWN)
    if not number.isdecimal():
        raise Invalid("A deal has no such field to be set", field=deed.field)
    value = typed_value(await field(tx, int(number)), str(deed.value))
    await set_values(tx, Noun.DEAL, deal_id, {number: value}, by=None, now=now)


def _change(deed: SetField) -> DealChanges:
    match deed.field:
        case "amount":
            return {"amount": deed.value}
        case "source":
            return {"source": str(deed.value)}
        case "title":
            return {"title": str(deed.value)}
    raise Invalid("A deal has no such field to be set", field=deed.field)
