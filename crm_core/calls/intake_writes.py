"""Writes what a ledger decided: one multi-row statement for each table, parents before children."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Delete, Executable, Table, bindparam, delete, func, insert, update
from sqlalchemy import Insert as StandardInsert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.call_rows import call_row, ring_rows, talk_rows
from crm_core.calls.joining import absorb
from crm_core.calls.lead_writes import write_deals, write_rulings
from crm_core.calls.ledger import CallDraft, ContactDraft, DealDraft, Ledger, TaskDraft, Told
from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.deals.tables import deals
from crm_core.tasks.tables import tasks
from crm_core.upserts import Insert, insert_for

# Written once, when the call is first taken in.
KEPT = frozenset(["id", "exchange_id", "key", "journal_id", "reviewed_at", "reviewed_by"])
# Known better the second time, but never unlearned; the stage stays that of the call's beginning.
FROZEN = ("stage_id",)

# Put together once: for a call or two that would cost more than the database takes.
NEW_CONTACTS = insert(contacts).returning(contacts.c.id, contacts.c.owner_id, contacts.c.created_at)
NEW_TASKS = insert(tasks).returning(tasks.c.call_id, tasks.c.kind, tasks.c.title, tasks.c.id)


@dataclass(frozen=True, slots=True)
class Parties:
    """The rows of one kind that calls had, and those they have now."""

    forgotten: Delete
    told: StandardInsert

    @classmethod
    def of(cls, table: Table) -> "Parties":
        return cls(delete(table).where(table.c.call_id.in_(bindparam("calls", expanding=True))), insert(table))


RINGS, TALKS = Parties.of(call_rings), Parties.of(call_talks)


async def write(tx: AsyncConnection, exchange_id: int, ledger: Ledger) -> None:
    """Store everything the ledger holds that is new or changed."""
    drafts = _touched(ledger)
    await _write_contacts(tx, ledger)
    await _write_numbers(tx, ledger)
    await write_deals(tx, ledger)
    await _write_calls(tx, exchange_id, ledger, drafts)
    await _write_linkedids(tx, exchange_id, drafts)
    await _write_parties(tx, ledger, drafts)
    await _write_tasks(tx, ledger)
    await _write_owners(tx, ledger)
    if ledger.leads is not None:
        await write_rulings(tx, ledger)
    for draft in drafts:
        if draft.absorbed and draft.id is not None:
            await absorb(tx, draft.id, [other.id for other in draft.absorbed if other.id is not None])
    await event_log.append_rows(tx, [_event_row(exchange_id, told) for told in ledger.told])


def _touched(ledger: Ledger) -> list[CallDraft]:
    return [draft for draft in dict.fromkeys(ledger.by_linkedid.values()) if draft.touched]


async def _write_contacts(tx: AsyncConnection, ledger: Ledger) -> None:
    """Ids come back in no order anyone promises; two new contacts alike in all they have may change places."""
    rows = [{"owner_id": contact.owner_id, "created_at": contact.created_at} for contact in ledger.new_contacts]
    if not rows:
        return
    ids: dict[tuple[int | None, datetime | None], list[int]] = {}
    for row in await tx.execute(NEW_CONTACTS, rows):
        ids.setdefault((row.owner_id, row.created_at), []).append(row.id)
    for contact in ledger.new_contacts:
        contact.id = ids[contact.owner_id, contact.created_at].pop()


async def _write_numbers(tx: AsyncConnection, ledger: Ledger) -> None:
    rows = [
        {"number": known.number, "raw": known.raw, "contact_id": known.contact.id, "created_at": known.contact.created_at}
        for known in ledger.numbers.values()
        if known.gets_contact and known.contact is not None
    ]
    if rows:
        await tx.execute(_number_upsert(tx.dialect.name), rows)


@cache
def _number_upsert(dialect: str) -> Insert:
    added = insert_for(dialect, contact_numbers)
    belongs = {"contact_id": func.coalesce(contact_numbers.c.contact_id, added.excluded.contact_id)}
    return added.on_conflict_do_update(index_elements=[contact_numbers.c.number], set_=belongs)


async def _write_calls(tx: AsyncConnection, exchange_id: int, ledger: Ledger, drafts: list[CallDraft]) -> None:
    rows = [call_row(exchange_id, ledger, draft) for draft in drafts]
    if not rows:
        return
    renamed = [{"row": draft.id, "new": draft.key} for draft in drafts if draft.stored_key not in (None, draft.key)]
    if renamed:
        await tx.execute(update(calls).where(calls.c.id == bindparam("row")).values(key=bindparam("new")), renamed)
    ids = {row.key: row.id for row in await tx.execute(_call_upsert(tx.dialect.name, tuple(rows[0])), rows)}
    for draft in drafts:
        draft.was_new, draft.id = draft.id is None, ids[draft.key]


@cache
def _call_upsert(dialect: str, columns: tuple[str, ...]) -> Executable:
    added = insert_for(dialect, calls)
    changed: dict[str, ColumnElement[Any]] = {name: added.excluded[name] for name in columns if name not in KEPT}
    for name in FROZEN:
        changed[name] = func.coalesce(calls.c[name], added.excluded[name])
    upserted = added.on_conflict_do_update(index_elements=[calls.c.exchange_id, calls.c.key], set_=changed)
    return upserted.returning(calls.c.id, calls.c.key)


async def _write_linkedids(tx: AsyncConnection, exchange_id: int, drafts: list[CallDraft]) -> None:
    rows = [
        {"exchange_id": exchange_id, "linkedid": linkedid, "call_id": draft.id}
        for draft in drafts
        if draft.was_new or len(draft.call.linkedids) > 1
        for linkedid in draft.call.linkedids
    ]
    if rows:
        await tx.execute(_linkedid_upsert(tx.dialect.name), rows)


@cache
def _linkedid_upsert(dialect: str) -> Insert:
    added = insert_for(dialect, call_linkedids)
    place = [call_linkedids.c.exchange_id, call_linkedids.c.linkedid]
    return added.on_conflict_do_update(index_elements=place, set_={"call_id": added.excluded.call_id})


async def _write_parties(tx: AsyncConnection, ledger: Ledger, drafts: list[CallDraft]) -> None:
    known = [draft.id for draft in drafts if not draft.was_new]
    for parties, rows_of in ((RINGS, ring_rows), (TALKS, talk_rows)):
        if known:
            await tx.execute(parties.forgotten, {"calls": known})
        if rows := [row for draft in drafts for row in rows_of(ledger, draft)]:
            await tx.execute(parties.told, rows)


async def _write_tasks(tx: AsyncConnection, ledger: Ledger) -> None:
    if ledger.tasks:
        rows = [_task_row(task) for task in ledger.tasks]
        added = await tx.execute(NEW_TASKS, rows)
        ids = {(row.call_id, row.kind, row.title): row.id for row in added}
        for task in ledger.tasks:
            task.id = ids[task.call.id if task.call else None, task.kind, task.title]
    changed = [{"task": task.id, **_task_end(task)} for task in ledger.known_tasks if task.changed]
    if changed:
        values: dict[str, Any] = {name: bindparam(name) for name in changed[0] if name != "task"}
        await tx.execute(update(tasks).where(tasks.c.id == bindparam("task")).values(values), changed)


def _task_row(task: TaskDraft) -> dict[str, Any]:
    return {
        "kind": task.kind, "number": task.number, "created_at": task.created_at,
        "call_id": task.call.id if task.call else None, "contact_id": task.contact.id if task.contact else None,
        "deal_id": task.deal.id if task.deal else None, **_task_end(task),
    }  # fmt: skip


def _task_end(task: TaskDraft) -> dict[str, Any]:
    by_call = task.done_by_call
    return {
        "title": task.title, "due_at": task.due_at, "owner_id": task.owner_id, "done_at": task.done_at, "done_by": task.done_by,
        "done_by_call_id": by_call.id if by_call else None,
    }  # fmt: skip


async def _write_owners(tx: AsyncConnection, ledger: Ledger) -> None:
    """What was there before the batch and was given to somebody in it; what is new was written with its owner."""
    given_deals = {told.deal for told in ledger.told if told.deal is not None and told.deal.gets_owner}
    given_contacts = {told.contact for told in ledger.told if told.contact is not None and told.contact.gets_owner}
    new_deals = {deal for deal, _ in ledger.new_deals}
    await _give(tx, deals, given_deals - new_deals)
    await _give(tx, contacts, given_contacts - {*ledger.new_contacts})


async def _give(tx: AsyncConnection, table: Any, drafts: Iterable[ContactDraft | DealDraft]) -> None:
    rows = [{"row": draft.id, "owner": draft.owner_id} for draft in drafts]
    if rows:
        nobodys = update(table).where(table.c.id == bindparam("row"), table.c.owner_id.is_(None))
        await tx.execute(nobodys.values(owner_id=bindparam("owner")), rows)


def _event_row(exchange_id: int, told: Told) -> dict[str, Any]:
    call, receivers = told.call, told.receivers
    return {
        "kind": told.kind, "at": told.at, "receivers": None if receivers is None else list(receivers),
        "call_id": call.id if call else None, "contact_id": told.contact.id if told.contact else None,
        "deal_id": told.deal.id if told.deal else None, "task_id": told.task.id if told.task else None,
        "user_id": told.user_id, "facts": told.facts,
        "key": f"{exchange_id}/{call.key}/{told.key}"[:200] if call and told.key else None,
    }  # fmt: skip
