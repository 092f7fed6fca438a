"""Many deals are changed at once; one that refuses does not undo the others.

Each deal is changed by the very deed that its card calls, so gates, owners and history hold here as they do there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, require, require_may_give, require_visible, visible
from crm_core.contacts.tables import companies, contacts
from crm_core.deals import edits, moves
from crm_core.deals.filters import DealFilters, narrowed
from crm_core.deals.tables import deals
from crm_core.deals.work_type import choose_work_type
from crm_core.errors import FirstringError, Invalid
from crm_core.tasks.deeds import NewTask, set_task

MOST = 1000
"""Deals that one change may be about."""
CHUNK = 20
"""Deals changed in one transaction: others write between two of them."""


class BulkDeed(StrEnum):
    OWNER = "owner"
    STAGE = "stage"
    SOURCE = "source"
    WORK_TYPE = "work_type"
    LOSE = "lose"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class BulkChange:
    """One deed and what it needs. `owner_id` None: nobody. A task belongs to each deal's owner, or to who sets it."""

    deed: BulkDeed
    owner_id: int | None = None
    stage_id: int | None = None
    source: str | None = None
    work_type_id: int | None = None
    reason_id: int | None = None
    words: str | None = None
    title: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """`name`: what the deal is called, where it may be seen."""

    deal_id: int
    name: str | None
    error: FirstringError


@dataclass(frozen=True, slots=True)
class BulkResult:
    done: tuple[int, ...]
    refused: tuple[Refusal, ...]

    def and_then(self, other: "BulkResult") -> "BulkResult":
        return BulkResult(self.done + other.done, self.refused + other.refused)


NOTHING = BulkResult((), ())


def chunks(deal_ids: Sequence[int]) -> list[tuple[int, ...]]:
    """Each deal once, in parts for a transaction each; raises Invalid for more than `MOST`.

    In the order of their ids: two changes of the same deals at once wait for each other instead of holding each other up.
    """
    once = tuple(sorted(set(deal_ids)))
    if len(once) > MOST:
        raise Invalid(f"At most {MOST} deals are changed at once", field="deal_ids")
    return [once[first : first + CHUNK] for first in range(0, len(once), CHUNK)]


def require_lawful(actor: Actor, change: BulkChange) -> None:
    """Whether he may do it at all, and all it needs is given. Raises Forbidden or Invalid."""
    require(actor, Right.WORK)
    if change.deed is BulkDeed.OWNER:
        require_may_give(actor, change.owner_id)
    told = (change.title or "").strip() and change.due_at
    needed = {BulkDeed.STAGE: change.stage_id, BulkDeed.LOSE: change.reason_id, BulkDeed.TASK: told}
    if change.deed in needed and not needed[change.deed]:
        raise Invalid(f"{change.deed} needs more to be said", field=change.deed.value)


async def change_chunk(
    tx: AsyncConnection, actor: Actor, deal_ids: Sequence[int], change: BulkChange, *, now: datetime
) -> BulkResult:
    """Those that can be are changed; the others are as they were, and it is told why."""
    done: list[int] = []
    refused: list[Refusal] = []
    for deal_id in deal_ids:
        try:
            async with tx.begin_nested():
                await _change(tx, actor, deal_id, change, now=now)
            done.append(deal_id)
        except FirstringError as error:
            refused.append(Refusal(deal_id, await _named(tx, actor, deal_id), error))
    return BulkResult(tuple(done), tuple(refused))


async def fitting(connection: AsyncConnection, actor: Actor, filters: DealFilters) -> tuple[tuple[int, ...], bool]:
    """Ids of the deals that fit, the newest first, and whether there are more than `MOST` of them."""
    company = companies.c.id == deals.c.company_id
    named = deals.outerjoin(contacts, contacts.c.id == deals.c.contact_id).outerjoin(companies, company)
    query = select(deals.c.id).select_from(named).where(visible(actor, deals))
    query = (await narrowed(connection, query, filters)).order_by(deals.c.id.desc()).limit(MOST + 1)
    found = tuple((await connection.scalars(query)).all())
    return found[:MOST], len(found) > MOST


async def _change(tx: AsyncConnection, actor: Actor, deal_id: int, change: BulkChange, *, now: datetime) -> None:
    await require_visible(tx, actor, deals, deal_id)
    by = actor.user_id
    match change.deed:
        case BulkDeed.OWNER:
            await edits.assign_deal(tx, deal_id, change.owner_id, by=by, now=now)
        case BulkDeed.STAGE:
            await moves.move(tx, deal_id, change.stage_id or 0, by=by, now=now)
        case BulkDeed.SOURCE:
            await edits.edit_deal(tx, deal_id, edits.DealChanges(source=change.source), by=by, now=now)
        case BulkDeed.WORK_TYPE:
            await choose_work_type(tx, deal_id, change.work_type_id, by=by, now=now)
        case BulkDeed.LOSE:
            await edits.lose_deal(tx, deal_id, change.reason_id or 0, change.words, by=by, now=now)
        case BulkDeed.TASK:
            await _set_task(tx, deal_id, change, by=by, now=now)


async def _set_task(tx: AsyncConnection, deal_id: int, change: BulkChange, *, by: int, now: datetime) -> None:
    owner: int | None = await tx.scalar(select(deals.c.owner_id).where(deals.c.id == deal_id))
    new = NewTask(change.title or "", change.due_at or now, deal_id=deal_id, owner_id=owner or by)
    await set_task(tx, new, by=by, now=now)


async def _named(tx: AsyncConnection, actor: Actor, deal_id: int) -> str | None:
    named = deals.outerjoin(contacts, contacts.c.id == deals.c.contact_id)
    query = select(deals.c.title, contacts.c.name).select_from(named).where(deals.c.id == deal_id, visible(actor, deals))
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else row.title or row.name
