"""What a request opens: the deal of somebody who has none, by the lead rules, and what is to be done about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.ledger import IntakeRules
from crm_core.contacts.tables import contacts
from crm_core.deals.beginnings import beginnings
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.leads.rule_set import RuleSet, keep_turns, read_rule_set
from crm_core.leads.rules import Beginning, LeadFacts, LeadRule, Way
from crm_core.requests.people import Person
from crm_core.requests.words import USUAL_SOURCE, Asked
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.upserts import insert_into


@dataclass(frozen=True, slots=True)
class Opened:
    """`tasks`: ids and kinds. `deal_id` is None only where there is no pipeline at all."""

    deal_id: int | None
    owner_id: int | None
    opened: bool = False
    rule_id: int | None = None
    tasks: tuple[tuple[int, TaskKind], ...] = ()


async def lead_of(
    tx: AsyncConnection, row: Row[Any], person: Person, asked: Asked, form_id: int | None, rules: IntakeRules, now: datetime
) -> Opened:
    """His open deal, the newest if he has several, or a new one that begins where the lead rules say."""
    theirs = select(deals).where(deals.c.contact_id == person.id, deals.c.closed_at.is_(None))
    known = (await tx.execute(theirs.order_by(deals.c.id.desc()).limit(1))).one_or_none()
    if known is not None:
        wanted = _Wanted(known.id, person.id, asked.number, known.owner_id, now)
        kind = TaskKind.REQUEST if asked.number is None else TaskKind.CALL_BACK
        return Opened(known.id, known.owner_id, tasks=await wanted.set(tx, kind, None, now + rules.call_back_within))
    leads = await read_rule_set(tx, rules.zone)
    facts = LeadFacts(Way.REQUEST, known=person.known, in_hours=leads.calendar.works_at(row.at), form_id=form_id)
    return await _opened(tx, row, person, asked, leads, leads.first_fitting(facts), rules, now)


async def _opened(
    tx: AsyncConnection, row: Row[Any], person: Person, asked: Asked, leads: RuleSet, rule: LeadRule | None, rules: IntakeRules,
    now: datetime,
) -> Opened:  # fmt: skip
    begins = (rule and rule.beginning) or await _usual_beginning(tx)
    if begins is None:
        return Opened(None, person.keeper)
    owner = await _owner(tx, person, leads, rule)
    new = {
        "contact_id": person.id, "company_id": person.company_id, "pipeline_id": begins.pipeline_id, "stage_id": begins.stage_id,
        "stage_since": now, "owner_id": owner, "created_at": now, "utm": row.utm,
        "source": row.source or row.utm.get("source") or USUAL_SOURCE, "lead_rule_id": rule.id if rule else None,
    }  # fmt: skip
    deal_id: int = (await tx.execute(insert(deals).values(new).returning(deals.c.id))).scalar_one()
    await tx.execute(insert(stage_history).values(deal_id=deal_id, stage_id=begins.stage_id, at=now))
    wanted = _Wanted(deal_id, person.id, asked.number, owner, now)
    set_now = await _classify(tx, wanted, leads, rule, rules.classify_within)
    return Opened(deal_id, owner, True, rule.id if rule else None, set_now)


async def _owner(tx: AsyncConnection, person: Person, leads: RuleSet, rule: LeadRule | None) -> int | None:
    """His own manager, unless the rule says otherwise; nobody's customer becomes whose the rule says."""
    if rule is None or (person.keeper is not None and not rule.then.over_keeper):
        return person.keeper
    owner = leads.owner_by(rule) or person.keeper
    await keep_turns(tx, leads)
    if owner is not None and person.owner_id is None:
        await tx.execute(update(contacts).where(contacts.c.id == person.id).values(owner_id=owner))
    return owner


async def _usual_beginning(tx: AsyncConnection) -> Beginning | None:
    row = (await tx.execute(beginnings(stages.c.pipeline_id, stages.c.id).limit(1))).one_or_none()
    return None if row is None else Beginning(row.pipeline_id, row.id)


async def _classify(
    tx: AsyncConnection, wanted: "_Wanted", leads: RuleSet, rule: LeadRule | None, within: timedelta
) -> tuple[tuple[int, TaskKind], ...]:
    """The task to classify a new lead (F13), as the rule words it; and the rule's task of any other kind."""
    task = rule.then.task if rule else None
    if task is not None and task.kind is TaskKind.CLASSIFY:
        return await wanted.set(tx, TaskKind.CLASSIFY, task.title, leads.due(task, wanted.now))
    usual = await wanted.set(tx, TaskKind.CLASSIFY, None, wanted.now + within)
    return usual if task is None else usual + await wanted.set(tx, task.kind, task.title, leads.due(task, wanted.now))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """About whom tasks are set, and for whom."""

    deal_id: int
    contact_id: int
    number: str | None
    owner_id: int | None
    now: datetime

    async def set(
        self, tx: AsyncConnection, kind: TaskKind, title: str | None, due: datetime
    ) -> tuple[tuple[int, TaskKind], ...]:
        """Tells the task, or nothing where the number has an open call-back already. Who told no number cannot be called back."""
        if kind is TaskKind.CALL_BACK and self.number is None:
            kind = TaskKind.REQUEST
        row = {
            "kind": kind, "title": title, "deal_id": self.deal_id, "contact_id": self.contact_id, "number": self.number,
            "owner_id": self.owner_id, "due_at": due, "created_at": self.now,
        }  # fmt: skip
        added = insert_into(tx, tasks).values(row).on_conflict_do_nothing()  # one open call-back a number
        task_id = (await tx.execute(added.returning(tasks.c.id))).scalar_one_or_none()
        return () if task_id is None else ((task_id, kind),)
