"""A deal is opened by hand, renamed, priced, given to somebody, lost, or opened again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.contacts.tables import contacts
from crm_core.deals.automations.running import stage_changed
from crm_core.deals.beginnings import beginnings
from crm_core.deals.deed import locked, told
from crm_core.deals.gate import stored
from crm_core.deals.judging import FROM_THE_FIRST
from crm_core.deals.loss_reasons import offered
from crm_core.deals.moves import let_through
from crm_core.deals.tables import StageKind, deals, stage_history, stages
from crm_core.deals.way import note_stage, said
from crm_core.editing import to_write
from crm_core.errors import Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.fields.history import Noun, note_changes
from crm_core.receivers import keepers
from crm_core.tasks.deeds import close_tasks
from crm_core.tasks.tables import tasks
from crm_core.text import clean
from crm_core.users.accounts import require_working
from crm_core.users.audit import record

DEAREST = 10**15  # kopecks: beyond any contract, within a BIGINT


@dataclass(frozen=True, slots=True)
class NewDeal:
    """`amount` in the smallest unit of the currency. Without a stage it begins in the first of the first pipeline."""

    contact_id: int
    title: str | None = None
    amount: int | None = None
    stage_id: int | None = None
    owner_id: int | None = None
    source: str | None = None


class DealChanges(TypedDict, total=False):
    """What to change; a field that is not given stays."""

    title: str | None
    amount: int | None
    currency: str
    source: str | None


async def open_deal(
    tx: AsyncConnection, new: NewDeal, *, by: int | None, now: datetime, override: str | None = None, may_override: bool = False
) -> int:
    """Open a deal by hand and tell its id; raises Invalid, NotFound, or Refused where a stage before its own asks for more."""
    company = (await tx.execute(select(contacts.c.company_id).where(contacts.c.id == new.contact_id))).one_or_none()
    if company is None:
        raise NotFound(noun="contacts", id=new.contact_id)
    await require_working(tx, new.owner_id)
    pipeline_id, stage_id = await _beginning(tx, new.stage_id)
    row = {
        **_fit({"title": new.title, "amount": new.amount, "source": new.source}), "contact_id": new.contact_id,
        "company_id": company.company_id, "pipeline_id": pipeline_id, "stage_id": stage_id, "stage_since": now,
        "owner_id": new.owner_id, "created_at": now,
    }  # fmt: skip
    deal = (await tx.execute(insert(deals).values(row).returning(deals))).one()
    missing = await let_through(tx, deal, stage_id, said(override), may_override=may_override, begins=FROM_THE_FIRST)
    step = {"deal_id": deal.id, "stage_id": stage_id, "at": now, "user_id": by, "reason": said(override)}
    await tx.execute(insert(stage_history).values(**step, missing=stored(missing) or None))
    await record(tx, by, "deal_opened", "deal", deal.id, now=now)
    opened = Event(EventKind.DEAL_OPENED, now, keepers(new.owner_id), deal_id=deal.id, contact_id=new.contact_id, user_id=by)
    await event_log.append(tx, [opened])
    await stage_changed(tx, deal, None, stage_id, by=by, now=now)
    return int(deal.id)


async def edit_deal(
    tx: AsyncConnection, deal_id: int, changes: DealChanges, *, by: int | None, now: datetime,
    seen: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Change what is given; an amount that is given is an estimate no more.

    Raises NotFound, Invalid for an amount or currency that cannot be, and Conflict as `crm_core.editing` says.
    """
    deal = await locked(tx, deal_id)
    new = _fit(changes)
    changed = to_write(deal, new, seen)
    if deal.amount_is_usual and "amount" in new and (seen is None or "amount" not in seen or seen["amount"] != new["amount"]):
        changed["amount_is_usual"] = False
    if not changed:
        return
    await tx.execute(update(deals).where(deals.c.id == deal_id).values(changed))
    before = {name: (getattr(deal, name), value) for name, value in changed.items()}
    await note_changes(tx, Noun.DEAL, deal_id, before, by=by, now=now)
    await record(tx, by, "deal_edited", "deal", deal_id, now=now, facts=before)
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"changed": sorted(changed)})])


async def assign_deal(tx: AsyncConnection, deal_id: int, owner_id: int | None, *, by: int | None, now: datetime) -> None:
    """Give a deal with its open tasks to somebody, or to nobody; raises NotFound for who does not work here."""
    deal = await locked(tx, deal_id)
    await require_working(tx, owner_id)
    if deal.owner_id == owner_id:
        return
    await tx.execute(update(deals).where(deals.c.id == deal_id).values(owner_id=owner_id))
    its_tasks = (tasks.c.deal_id == deal_id, tasks.c.done_at.is_(None), tasks.c.owner_id.is_not_distinct_from(deal.owner_id))
    await tx.execute(update(tasks).where(*its_tasks).values(owner_id=owner_id))
    await note_changes(tx, Noun.DEAL, deal_id, {"owner_id": (deal.owner_id, owner_id)}, by=by, now=now)
    await record(tx, by, "deal_assigned", "deal", deal_id, now=now, facts={"owner": [deal.owner_id, owner_id]})
    facts = {"owner_id": owner_id}
    told_both = Event(EventKind.DEAL_CHANGED, now, keepers(deal.owner_id, owner_id), deal_id=deal_id,
                      contact_id=deal.contact_id, user_id=by, facts=facts)  # fmt: skip
    await event_log.append(tx, [told_both])


async def lose_deal(
    tx: AsyncConnection, deal_id: int, reason_id: int, words: str | None = None, *, by: int | None, now: datetime,
    rule_id: int | None = None,
) -> None:  # fmt: skip
    """Close a deal that will not be, for a reason on the list and in one's own words (F3, G38); the stage it was lost on stays.

    Its open tasks are done with. `rule_id`: the automation that gave it up. Raises NotFound, or Invalid for a reason that is not
    offered.
    """
    deal = await locked(tx, deal_id)
    if deal.closed_at is not None:
        return
    reason, own_words = await offered(tx, reason_id), said(words)
    lost = {"closed_at": now, "closed_as": StageKind.LOST, "loss_reason_id": reason_id}
    await tx.execute(update(deals).where(deals.c.id == deal_id).values(lost))
    why = f"{reason.name}: {own_words}" if own_words else reason.name
    await note_stage(tx, deal, deal.stage_id, now=now, by=by, reason=why, rule_id=rule_id)
    await close_tasks(tx, (tasks.c.deal_id == deal_id,), now=now, by=by)
    facts = {"reason_id": reason_id, "reason": clean(own_words or reason.name, 200)}
    await record(tx, by, "deal_lost", "deal", deal_id, now=now, facts=facts)
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"closed": StageKind.LOST, "reason_id": reason_id})])


async def reopen_deal(tx: AsyncConnection, deal_id: int, *, by: int | None, now: datetime) -> None:
    """Go on with a closed deal where it was left; one that was won must be moved back to an open stage instead."""
    deal = await locked(tx, deal_id)
    if deal.closed_at is None:
        return
    standing = select(stages.c.kind).where(stages.c.id == deal.stage_id, stages.c.archived_at.is_(None))
    if await tx.scalar(standing) != StageKind.OPEN:  # won, or its stage was taken away since
        raise Invalid("Move the deal to an open stage to go on with it")
    await tx.execute(update(deals).where(deals.c.id == deal_id).values(closed_at=None, closed_as=None, loss_reason_id=None))
    await note_stage(tx, deal, deal.stage_id, now=now, by=by, reason=None)
    await record(tx, by, "deal_reopened", "deal", deal_id, now=now)
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"closed": None})])


async def _beginning(tx: AsyncConnection, stage_id: int | None) -> tuple[int, int]:
    query = beginnings(stages.c.pipeline_id, stages.c.id)
    if stage_id is not None:
        query = query.where(stages.c.id == stage_id)
    row = (await tx.execute(query.limit(1))).one_or_none()
    if row is None:
        raise Invalid("A deal begins on an open stage of a pipeline")
    return row.pipeline_id, row.id


def _fit(changes: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: changes[name] for name in ("title", "amount", "currency", "source") if name in changes}
    for name in ("title", "source"):
        if given.get(name) is not None:
            given[name] = clean(str(given[name]), 300).strip() or None
    amount = given.get("amount")
    if amount is not None and not 0 <= amount <= DEAREST:
        raise Invalid("An amount is not negative and not beyond all measure")
    currency = given.get("currency", "RUB")
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise Invalid("A currency is three capital letters such as RUB")
    return given
