"""A lead rule whose facts came late put a deal elsewhere: what the stages left and entered ask for is done as after any move."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.running import stage_changed
from crm_core.deals.tables import deals
from crm_core.events import Event


async def enter_ruled(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    """Whoever moved the deal on meanwhile had his own stage's asked for."""
    for event in happened:
        if "lead_rule" not in event.facts or event.deal_id is None:
            continue
        here = select(deals).where(
            deals.c.id == event.deal_id, deals.c.stage_id == event.facts["to"], deals.c.closed_at.is_(None)
        )
        deal = (await tx.execute(here.with_for_update())).one_or_none()
        if deal is not None:
            await stage_changed(tx, deal, event.facts["from"], deal.stage_id, by=None, now=datetime.now(UTC))
