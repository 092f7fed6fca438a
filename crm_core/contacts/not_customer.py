"""«Не клиент»: somebody rings who will never buy. His number creates nothing from then on; and back again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.deals.deed import told
from crm_core.deals.tables import deals, stage_history
from crm_core.deals.way import note_stage
from crm_core.errors import Invalid
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers
from crm_core.tasks.deeds import close_tasks
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.text import clean
from crm_core.upserts import insert_into
from crm_core.users.audit import record

REASON = "not_customer"  # why such a deal was closed, in the history of its stages


async def mark_not_customer(tx: AsyncConnection, number: str, *, by: int | None, now: datetime) -> None:
    """Flag a number (as calls have it); what its calls opened and is still open is withdrawn. Raises Invalid."""
    known = await _number(tx, number, now=now)
    if known.not_customer_at is not None:
        return
    flag = {"not_customer_at": now, "not_customer_by": by}
    await tx.execute(update(contact_numbers).where(contact_numbers.c.id == known.id).values(flag))
    for deal in await _opened_by(tx, known.number):
        await tx.execute(update(deals).where(deals.c.id == deal.id).values(closed_at=now))
        await note_stage(tx, deal, deal.stage_id, now=now, by=by, reason=REASON)
        await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"closed": REASON})])
    await close_tasks(tx, _tasks_of(known.number), now=now, by=by)
    await _tell(tx, known, "marked_not_customer", now, by)


async def unmark_not_customer(tx: AsyncConnection, number: str, *, by: int | None, now: datetime) -> None:
    """A customer after all: deals and tasks that the mark closed are open again."""
    known = await _number(tx, number, now=now)
    if known.not_customer_at is None:
        return
    clear = {"not_customer_at": None, "not_customer_by": None}
    await tx.execute(update(contact_numbers).where(contact_numbers.c.id == known.id).values(clear))
    for deal in await _closed_by_mark(tx, known.number, known.not_customer_at):
        await tx.execute(update(deals).where(deals.c.id == deal.id).values(closed_at=None))
        await note_stage(tx, deal, deal.stage_id, now=now, by=by, reason=None)
        await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"closed": None})])
    closed_with_it = (tasks.c.done_at == known.not_customer_at, tasks.c.done_by_call_id.is_(None))
    call_back = await _call_back_to_open(tx, closed_with_it, known.number)
    opens = or_(tasks.c.kind != TaskKind.CALL_BACK, tasks.c.id == call_back)
    again = update(tasks).where(*_tasks_of(known.number), *closed_with_it, opens).values(done_at=None, done_by=None)
    for task in (await tx.execute(again.returning(tasks))).all():
        event = Event(EventKind.TASK_OPENED, now, keepers(task.owner_id), task_id=task.id, deal_id=task.deal_id,
                      contact_id=task.contact_id, user_id=by)  # fmt: skip
        await event_log.append(tx, [event])
    await _tell(tx, known, "unmarked_not_customer", now, by)


def _tasks_of(number: str) -> tuple[Any, ...]:
    """Those that calls and requests of the number set; what people set names no number."""
    return (tasks.c.number == number,)


async def _call_back_to_open(tx: AsyncConnection, closed: Sequence[ColumnElement[bool]], number: str) -> int | None:
    """A number has one open call-back: the newest that the mark closed, unless somebody opened another one meanwhile."""
    its = (tasks.c.kind == TaskKind.CALL_BACK, tasks.c.number == number)
    if await tx.scalar(select(tasks.c.id).where(*its, tasks.c.done_at.is_(None)).limit(1)) is not None:
        return None
    newest: int | None = await tx.scalar(select(func.max(tasks.c.id)).where(*its, *closed))
    return newest


async def _number(tx: AsyncConnection, number: str, *, now: datetime) -> Row[Any]:
    """The number's row, locked; one that never had a contact gets a row to carry the flag."""
    wanted = clean(number, 80).strip()
    if not wanted:
        raise Invalid("There is no number to mark")
    row = {"number": wanted, "raw": wanted, "created_at": now}
    await tx.execute(insert_into(tx, contact_numbers).values(row).on_conflict_do_nothing(index_elements=["number"]))
    return (await tx.execute(select(contact_numbers).where(contact_numbers.c.number == wanted).with_for_update())).one()


async def _opened_by(tx: AsyncConnection, number: str) -> Sequence[Row[Any]]:
    """The open deals that calls of this number opened: their task to classify tells."""
    leads = select(tasks.c.deal_id).where(tasks.c.number == number, tasks.c.kind == TaskKind.CLASSIFY)
    query = select(deals).where(deals.c.id.in_(leads), deals.c.closed_at.is_(None))
    return (await tx.execute(query.with_for_update())).all()


async def _closed_by_mark(tx: AsyncConnection, number: str, marked_at: datetime) -> Sequence[Row[Any]]:
    leads = select(tasks.c.deal_id).where(tasks.c.number == number, tasks.c.kind == TaskKind.CLASSIFY)
    marked = select(stage_history.c.deal_id).where(stage_history.c.reason == REASON, stage_history.c.at == marked_at)
    query = select(deals).where(deals.c.id.in_(leads), deals.c.id.in_(marked), deals.c.closed_at == marked_at)
    return (await tx.execute(query.with_for_update())).all()


async def _tell(tx: AsyncConnection, known: Row[Any], deed: str, now: datetime, by: int | None) -> None:
    owner = await tx.scalar(select(contacts.c.owner_id).where(contacts.c.id == known.contact_id))
    await record(tx, by, deed, "number", known.id, now=now)
    event = Event(EventKind.CONTACT_CHANGED, now, keepers(owner), contact_id=known.contact_id, user_id=by)
    await event_log.append(tx, [event])
