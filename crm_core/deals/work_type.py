"""A deal is given its work type, and with it the amount that such work usually brings (F14)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.deed import locked, told
from crm_core.deals.tables import deals
from crm_core.editing import to_write
from crm_core.errors import Invalid
from crm_core.events import EventKind
from crm_core.fields.history import Noun, note_changes
from crm_core.products.work_types import work_type
from crm_core.users.audit import record


async def choose_work_type(
    tx: AsyncConnection, deal_id: int, work_type_id: int | None, *, by: int | None, now: datetime,
    seen: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Give it a work type, or none. An amount that nobody typed becomes the one expected of such work, marked as usual.

    `seen` {"work_type_id": …}: the one the chooser saw; raises Conflict if somebody chose another meanwhile. Raises NotFound,
    Invalid for one that is put away.
    """
    deal = await locked(tx, deal_id)
    changed = to_write(deal, {"work_type_id": work_type_id}, seen)
    if not changed:
        return
    chosen = None if work_type_id is None else await work_type(tx, work_type_id)
    if chosen is not None and chosen.archived:
        raise Invalid("This work type is put away", field="work_type_id")
    if deal.amount is None or deal.amount_is_usual:
        changed |= _expected(chosen.expected if chosen else None)
    await tx.execute(update(deals).where(deals.c.id == deal_id).values(changed))
    kept = {name: (getattr(deal, name), value) for name, value in changed.items() if getattr(deal, name) != value}
    await note_changes(tx, Noun.DEAL, deal_id, kept, by=by, now=now)
    await record(tx, by, "deal_classified", "deal", deal_id, now=now, facts={name: list(pair) for name, pair in kept.items()})
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"changed": sorted(kept)})])


def _expected(amount: int | None) -> dict[str, Any]:
    return {"amount": amount, "amount_is_usual": amount is not None}
