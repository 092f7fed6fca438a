"""A deal that was won begins anew where its pipeline hands over to: the customer is kept, and sold to again (F1)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.automations.running import stage_changed
from crm_core.deals.tables import StageKind, deal_contacts, deals, pipelines, stage_history, stages
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers
from crm_core.upserts import insert_into
from crm_core.users.audit import record

REPEAT = "repeat"
"""The source of a deal that was handed over; worded by the pages."""


async def hand_over(tx: AsyncConnection, deal: Row[Any], *, now: datetime) -> int | None:
    """Open the deal that goes on from one that was won; tells its id, None where nothing goes on.

    With the same customer, people, company and owner, on the first open stage. Once: a deal that is opened again and won
    again hands over nothing more.
    """
    begins = await _beginning(tx, deal.pipeline_id)
    if begins is None:
        return None
    row = {
        "contact_id": deal.contact_id, "company_id": deal.company_id, "pipeline_id": begins.pipeline_id, "stage_id": begins.id,
        "stage_since": now, "owner_id": deal.owner_id, "currency": deal.currency, "source": REPEAT, "created_at": now,
        "handed_over_from": deal.id,
    }  # fmt: skip
    once = insert_into(tx, deals).values(row).on_conflict_do_nothing(index_elements=["handed_over_from"])
    opened = (await tx.execute(once.returning(deals))).one_or_none()
    if opened is None:
        return None
    await _people(tx, deal.id, opened.id)
    await tx.execute(insert(stage_history).values(deal_id=opened.id, stage_id=begins.id, at=now))
    await record(tx, None, "deal_handed_over", "deal", opened.id, now=now, facts={"from": deal.id})
    facts = {"handed_over_from": deal.id}
    told = Event(EventKind.DEAL_OPENED, now, keepers(deal.owner_id), deal_id=opened.id, contact_id=deal.contact_id, facts=facts)
    await event_log.append(tx, [told])
    await stage_changed(tx, opened, None, begins.id, by=None, now=now)
    return int(opened.id)


async def _beginning(tx: AsyncConnection, pipeline_id: int) -> Row[Any] | None:
    """The first open stage of the pipeline that is handed over to."""
    giver = pipelines.alias("giver")
    query: Select[Any] = (
        select(stages.c.id, stages.c.pipeline_id)
        .join(pipelines, pipelines.c.id == stages.c.pipeline_id)
        .join(giver, giver.c.hands_over_to == pipelines.c.id)
        .where(giver.c.id == pipeline_id, pipelines.c.archived_at.is_(None))
        .where(stages.c.kind == StageKind.OPEN, stages.c.archived_at.is_(None))
        .order_by(stages.c.position)
        .limit(1)
    )
    row: Row[Any] | None = (await tx.execute(query)).one_or_none()
    return row


async def _people(tx: AsyncConnection, from_deal: int, to_deal: int) -> None:
    """Who decides may differ from deal to deal (G26): it begins as it was, and is changed there."""
    copied = ("contact_id", "role", "influence", "added_at")
    rows = await tx.execute(select(*(deal_contacts.c[name] for name in copied)).where(deal_contacts.c.deal_id == from_deal))
    people = [{**row._mapping, "deal_id": to_deal} for row in rows]
    if people:
        await tx.execute(insert(deal_contacts), people)
