"""Carries out what automations ask for on one occasion, in order. Tasks are written together, as are the runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.db import zone_of
from crm_core.deals import edits, moves
from crm_core.deals.automations.chain import Chain
from crm_core.deals.automations.field_writing import write_field
from crm_core.deals.automations.heads import head_of
from crm_core.deals.automations.in_turn import next_in_turn
from crm_core.deals.automations.rules import Rule, ready
from crm_core.deals.automations.tables import automation_runs
from crm_core.deals.automations.wording import filled
from crm_core.deals.automations.words import (
    DealNow,
    Declined,
    Deed,
    GiveDeal,
    LoseDeal,
    MoveDeal,
    Note,
    Occasion,
    RunState,
    SetField,
    SetTask,
    Settings,
)
from crm_core.deals.gate import Refused, stored
from crm_core.deals.loss_reasons import loss_reason
from crm_core.deals.tables import deals
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.leads.calendar import Calendar
from crm_core.leads.rule_set import read_calendar
from crm_core.receivers import keepers
from crm_core.tasks.tables import tasks
from crm_core.text import clean
from crm_core.users.tables import users

NEW_TASKS = insert(tasks).returning(tasks.c.id, tasks.c.rule_id, tasks.c.kind, tasks.c.title)
NEW_RUNS = insert(automation_runs)
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Run:
    """What became of one rule on one occasion: a row of `automation_runs`."""

    rule: Rule
    state: RunState
    why: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _NewTask:
    """A row of `tasks` to be written; its id goes to the run that asked for it."""

    row: dict[str, Any]
    run: Run | None


class Desk:
    """What is done on one occasion. `chain`: the automations that led to it; `now` is when things are written."""

    def __init__(self, tx: AsyncConnection, occasion: Occasion, chain: Chain, now: datetime) -> None:
        self.deal = occasion.deal
        self.gone: str | None = None
        """Why nothing more is done with the deal: `moved_on`, or `closed`."""
        self.passed = False
        """Whether it has left the stage already for which this is done: then it is not moved or closed from there."""
        self._calendar: Calendar | None = None
        self._tx, self._occasion, self._chain, self._now = tx, occasion, chain, now
        self._tasks: list[_NewTask] = []
        self._runs: list[Run] = []

    async def run(self, rule: Rule) -> Run:
        """Run one rule; what it declines for is told, what it fails with is raised."""
        run = await self._ran(rule)
        self._runs.append(run)
        return run

    async def set_task(self, deed: SetTask, *, stage_id: int | None = None, run: Run | None = None) -> None:
        """Put a task down; it is written with the others."""
        owner = await self._task_owner(deed)
        title = None if deed.title is None else clean(await filled(self._tx, deed.title, self.deal), 300).strip() or None
        row = {
            "kind": deed.kind, "title": title, "deal_id": self.deal.id, "contact_id": self.deal.contact_id, "owner_id": owner,
            "due_at": await self._due(deed), "created_at": self._now, "stage_id": stage_id,
            "rule_id": run.rule.id if run else None,
        }  # fmt: skip
        self._tasks.append(_NewTask(row, run))

    async def finish(self) -> None:
        """Write the tasks and the runs, and tell of them."""
        await self._write_tasks()
        if not self._runs:
            return
        await self._tx.execute(NEW_RUNS, [run_row(run, self._occasion, self._now) for run in self._runs])
        await event_log.append(self._tx, [ran_event(self._runs, self.deal, self._now)])

    async def _ran(self, rule: Rule) -> Run:
        settings, fault = ready(rule)
        if fault is not None:
            return Run(rule, RunState.FAILED, "broken", {"fault": fault})
        if self.gone is not None:
            return Run(rule, RunState.DECLINED, self.gone)
        try:
            deeds = await _planned(self._tx, rule, replace(self._occasion, deal=self.deal), settings)
        except Declined as declined:
            return Run(rule, RunState.DECLINED, declined.why, dict(declined.facts))
        if self._chain.has(rule.id):
            return Run(rule, RunState.LOOPED, "loop", {"rules": [*self._chain.rules, rule.id]})
        return await self._done(rule, deeds)

    async def _done(self, rule: Rule, deeds: Sequence[Deed]) -> Run:
        """A move first: it may be refused, and then nothing else is done."""
        run = Run(rule, RunState.DONE)
        for deed in sorted(deeds, key=lambda one: not isinstance(one, MoveDeal)):
            await self._carry(deed, run)
            if run.state is not RunState.DONE:
                break
        return run

    async def _carry(self, deed: Deed, run: Run) -> None:
        match deed:
            case MoveDeal() | LoseDeal() if self.passed:
                run.state, run.why = RunState.DECLINED, "moved_on"
            case SetTask():
                await self.set_task(deed, run=run)
            case MoveDeal():
                await self._move(deed, run)
            case LoseDeal():
                await self._lose(deed, run)
            case GiveDeal():
                await self._give(deed, run)
            case SetField():
                await self._set_field(deed, run)
            case Note():
                run.facts["note"] = clean(await filled(self._tx, deed.text, self.deal), 4000)

    async def _move(self, deed: MoveDeal, run: Run) -> None:
        if deed.stage_id == self.deal.stage_id:
            run.state, run.why = RunState.DECLINED, "there_already"
            return
        await self._write_tasks()
        before = self.deal.stage_id
        try:
            async with self._tx.begin_nested():
                chain = self._chain.then(run.rule.id)
                await moves.move(self._tx, self.deal.id, deed.stage_id, by=None, now=self._now, chain=chain)
        except Conflict as refused:
            run.state, run.why = RunState.DECLINED, "refused"
            run.facts |= {"stage": deed.stage_id, "missing": stored(refused.missing) if isinstance(refused, Refused) else []}
        except (Invalid, NotFound):
            run.state, run.why, run.facts["fault"] = RunState.FAILED, "broken", f"stage:{deed.stage_id}"
        else:
            self.gone = "moved_on"
            run.facts |= {"from": before, "stage": deed.stage_id}

    async def _lose(self, deed: LoseDeal, run: Run) -> None:
        await self._write_tasks()  # those of the deal are done with then
        words = clean(await filled(self._tx, deed.words, self.deal), 1000) if deed.words else None
        try:
            await edits.lose_deal(self._tx, self.deal.id, deed.reason_id, words, by=None, now=self._now, rule_id=run.rule.id)
        except Invalid:
            run.state, run.why, run.facts["fault"] = RunState.FAILED, "broken", f"loss_reason:{deed.reason_id}"
            return
        self.gone = "closed"
        run.facts["lost"] = (await loss_reason(self._tx, deed.reason_id)).name

    async def _give(self, deed: GiveDeal, run: Run) -> None:
        owner = deed.owner_id
        if deed.team_id is not None:
            owner = await next_in_turn(self._tx, deed.team_id, run.rule.id)
            if owner is None:
                run.state, run.why, run.facts["fault"] = RunState.FAILED, "broken", f"team:{deed.team_id}"
                return
        await self._write_tasks()  # those of the deal go with it
        try:
            await edits.assign_deal(self._tx, self.deal.id, owner, by=None, now=self._now)
        except NotFound:
            run.state, run.why, run.facts["fault"] = RunState.FAILED, "broken", f"user:{owner}"
            return
        self.deal = replace(self.deal, owner_id=owner)
        run.facts["owner"] = owner

    async def _set_field(self, deed: SetField, run: Run) -> None:
        try:
            await write_field(self._tx, self.deal.id, deed, self._now)
        except (Invalid, NotFound):
            run.state, run.why, run.facts["fault"] = RunState.FAILED, "broken", f"field:{deed.field}"
            return
        run.facts["field"] = [deed.field, deed.value]
        if deed.field in ("amount", "source", "work_type_id"):
            self.deal = await standing(self._tx, self.deal.id)

    async def _due(self, deed: SetTask) -> datetime:
        if not deed.in_hours:
            return self._now + deed.due_in
        if self._calendar is None:
            self._calendar = await read_calendar(self._tx, zone_of(self._tx))
        return self._calendar.after(self._now, round(deed.due_in / MINUTE))

    async def _task_owner(self, deed: SetTask) -> int | None:
        """Whoever left gets no tasks: they are the deal owner's then."""
        if deed.for_head:
            return await head_of(self._tx, self.deal.owner_id)
        if deed.owner_id is not None and await self._tx.scalar(select(users.c.active).where(users.c.id == deed.owner_id)):
            return deed.owner_id
        return self.deal.owner_id

    async def _write_tasks(self) -> None:
        waiting, self._tasks = self._tasks, []
        if not waiting:
            return
        # Ids come back in no order anyone promises; two tasks alike in all that tells them apart may change places.
        ids: dict[tuple[Any, ...], list[int]] = {}
        for made in await self._tx.execute(NEW_TASKS, [one.row for one in waiting]):
            ids.setdefault((made.rule_id, made.kind, made.title), []).append(made.id)
        told = []
        for one in waiting:
            task_id = ids[one.row["rule_id"], one.row["kind"], one.row["title"]].pop(0)
            told.append(_task_event(one.row, task_id, self._now))
            if one.run is not None:
                one.run.facts.setdefault("tasks", []).append(task_id)
        await event_log.append(self._tx, told)


async def _planned(tx: AsyncConnection, rule: Rule, occasion: Occasion, settings: Settings) -> Sequence[Deed]:
    deeds = await rule.action.plan(tx, occasion, settings) if rule.action else ()
    if not deeds:
        raise Declined("nothing_to_do")
    return deeds


async def standing(tx: AsyncConnection, deal_id: int) -> DealNow:
    return DealNow.of((await tx.execute(select(deals).where(deals.c.id == deal_id))).one())


def run_row(run: Run, occasion: Occasion, now: datetime) -> dict[str, Any]:
    return {
        "rule_id": run.rule.id, "deal_id": occasion.deal.id, "at": now, "trigger": occasion.trigger, "key": occasion.key,
        "state": run.state, "why": None if run.why is None else clean(run.why, 1000), "facts": run.facts,
        "event_id": occasion.event_id,
    }  # fmt: skip


def ran_event(runs: Sequence[Run], deal: DealNow, now: datetime) -> Event:
    facts = {"ran": [{"rule": run.rule.id, "state": run.state.value} for run in runs]}
    return Event(EventKind.AUTOMATION_RAN, now, keepers(deal.owner_id), deal_id=deal.id, contact_id=deal.contact_id, facts=facts)


def _task_event(row: dict[str, Any], task_id: int, now: datetime) -> Event:
    return Event(EventKind.TASK_OPENED, now, keepers(row["owner_id"]), contact_id=row["contact_id"], deal_id=row["deal_id"],
                 task_id=task_id, facts={"kind": row["kind"]})  # fmt: skip
