"""Two calls turned out to be one: the surviving row takes everything that hung on the other, which then goes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, case, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import call_remarks, calls
from crm_core.deals.automations.tables import automation_runs
from crm_core.deals.tables import deal_contacts, deals, notes, stage_history
from crm_core.event_log import events
from crm_core.jobs import jobs
from crm_core.meetings.tables import meetings
from crm_core.products.tables import deal_products
from crm_core.recordings.tables import recordings
from crm_core.requests.tables import requests
from crm_core.tags.tables import call_tags
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.transcripts.tables import transcripts
from crm_core.webhooks.tables import deliveries

# Everything that names a call by its id, save what goes with its row.
NAMED_BY: tuple[Column[Any], ...] = (
    transcripts.c.call_id, call_tags.c.call_id, call_remarks.c.call_id, tasks.c.call_id, tasks.c.done_by_call_id,
    jobs.c.call_id, events.c.call_id, deliveries.c.call_id,
)  # fmt: skip

# What somebody put into a deal: with any of it, the lead stays.
WORKED_ON: tuple[Column[Any], ...] = (
    notes.c.deal_id, requests.c.deal_id, meetings.c.deal_id, deal_products.c.deal_id, deal_contacts.c.deal_id,
    deals.alias().c.handed_over_from,
)  # fmt: skip


async def absorb(tx: AsyncConnection, survivor_id: int, absorbed: Sequence[int]) -> None:
    """Move all of the absorbed calls to the survivor and delete their rows (linkedids, rings and talks were told anew)."""
    if not absorbed:
        return
    await _withdraw_leads(tx, survivor_id, absorbed)
    await _keep_review(tx, survivor_id, absorbed)
    await _move_recordings(tx, survivor_id, absorbed)
    for column in NAMED_BY:
        await tx.execute(update(column.table).where(column.in_(absorbed)).values({column.name: survivor_id}))
    await tx.execute(delete(calls).where(calls.c.id.in_(absorbed)))


async def _withdraw_leads(tx: AsyncConnection, survivor_id: int, absorbed: Sequence[int]) -> None:
    """A lead opened by an absorbed call, and by nothing else, was no lead; one that people worked on stays."""
    survivors_deal = select(calls.c.deal_id).where(calls.c.id == survivor_id, calls.c.deal_id.is_not(None)).scalar_subquery()
    opened = select(tasks.c.deal_id).where(tasks.c.kind == TaskKind.CLASSIFY, tasks.c.call_id.in_(absorbed))
    query = select(deals.c.id).where(deals.c.id.in_(opened), deals.c.id.is_distinct_from(survivors_deal), *_untouched(absorbed))
    withdrawn = (await tx.scalars(query)).all()
    if not withdrawn:
        return
    await tx.execute(update(calls).where(calls.c.deal_id.in_(withdrawn)).values(deal_id=None, stage_id=None))
    await tx.execute(update(recordings).where(recordings.c.deal_id.in_(withdrawn)).values(deal_id=None, stage_id=None))
    await tx.execute(delete(tasks).where(tasks.c.deal_id.in_(withdrawn)))
    await tx.execute(delete(stage_history).where(stage_history.c.deal_id.in_(withdrawn)))
    await tx.execute(delete(automation_runs).where(automation_runs.c.deal_id.in_(withdrawn)))
    await tx.execute(delete(deals).where(deals.c.id.in_(withdrawn)))


def _untouched(absorbed: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    other_call = exists().where(calls.c.deal_id == deals.c.id, calls.c.id.not_in(absorbed))
    by_somebody = stage_history.c.user_id.is_not(None) | stage_history.c.rule_id.is_not(None)  # not by a lead rule
    moved = exists().where(stage_history.c.deal_id == deals.c.id, stage_history.c.from_stage_id.is_not(None), by_somebody)
    by_product = tasks.c.rule_id.is_not(None) | tasks.c.stage_id.is_not(None)  # what a new lead is given anyway
    of_people = (tasks.c.call_id.is_(None) & ~by_product) | tasks.c.call_id.not_in(absorbed) | tasks.c.done_by.is_not(None)
    worked = exists().where(tasks.c.deal_id == deals.c.id, of_people)
    kept = [~exists().where(column == deals.c.id).correlate(deals) for column in WORKED_ON]
    return (
        deals.c.closed_at.is_(None), deals.c.title.is_(None), deals.c.amount.is_(None),
        ~other_call.correlate(deals), ~moved.correlate(deals), ~worked.correlate(deals), *kept,
    )  # fmt: skip


async def _keep_review(tx: AsyncConnection, survivor_id: int, absorbed: Sequence[int]) -> None:
    reviewed = select(calls.c.reviewed_at, calls.c.reviewed_by).where(calls.c.id.in_(absorbed), calls.c.reviewed_at.is_not(None))
    row = (await tx.execute(reviewed.limit(1))).one_or_none()
    if row is not None:
        unreviewed = and_(calls.c.id == survivor_id, calls.c.reviewed_at.is_(None))
        await tx.execute(update(calls).where(unreviewed).values(reviewed_at=row.reviewed_at, reviewed_by=row.reviewed_by))


async def _move_recordings(tx: AsyncConnection, survivor_id: int, absorbed: Sequence[int]) -> None:
    """With their call, contact, deal and stage; a name both calls have is told apart."""
    home = (
        await tx.execute(select(calls.c.contact_id, calls.c.deal_id, calls.c.stage_id).where(calls.c.id == survivor_id))
    ).one()
    other = recordings.alias()
    taken = exists().where(other.c.name == recordings.c.name, other.c.id < recordings.c.id)
    taken = taken.where(other.c.call_id.in_([survivor_id, *absorbed])).correlate(recordings)
    name = case((taken, recordings.c.name + " (joined)"), else_=recordings.c.name)
    moved = update(recordings).where(recordings.c.call_id.in_(absorbed))
    values = {"call_id": survivor_id, "name": name, "contact_id": home.contact_id, "deal_id": home.deal_id}
    await tx.execute(moved.values({**values, "stage_id": home.stage_id}))
