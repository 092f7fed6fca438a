"""Runs the automations of one occasion. One that fails harms nothing else: it is undone, kept as failed, and named.

A move calls `stage_changed` in its own transaction; calls, tags, requests, payments and tasks come by `reactions`, what stands
too long by `timeouts`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy import Row, bindparam, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.db import is_passing
from crm_core.deals.automations.chain import NO_CHAIN, Chain
from crm_core.deals.automations.rules import Rule, rules_on_stages
from crm_core.deals.automations.tables import automation_runs
from crm_core.deals.automations.words import DealNow, Occasion, RunState, SetTask, Trigger
from crm_core.deals.entry_tasks import BY_PHONE
from crm_core.deals.first_contact import first_contact_by_phone
from crm_core.deals.tables import StageKind, deals, stage_history, stages
from crm_core.tasks.tables import tasks

log = structlog.get_logger()

FAILED = Counter("firstring_automations_failed", "Runs of automations that failed and were undone")
"""Each is a row of `automation_runs`, too."""


async def stage_changed(
    tx: AsyncConnection, deal: Row[Any], from_stage: int | None, to_stage: int, *, by: int | None, now: datetime,
    chain: Chain = NO_CHAIN,
) -> None:  # fmt: skip
    """Run what the stage left and the stage entered ask for. `deal`: its row of `deals`, before or after the move;
    `from_stage` None: it is opened there. Called after the writes of the move, in its transaction; again for a deal that
    was opened, it does nothing."""
    rules = await rules_on_stages(tx, deal.pipeline_id, from_stage, to_stage)
    entered = await _entered(tx, deal.id, to_stage)
    if not rules and not entered.entry_tasks:
        return
    standing = DealNow.of(deal, stage_id=to_stage, stage_since=now)
    key = f"opened:{deal.id}" if from_stage is None else str(entered.step)
    exits = [rule for rule in rules if rule.trigger is Trigger.EXIT]
    entries = [rule for rule in rules if rule.trigger is Trigger.ENTRY]
    left = Occasion(Trigger.EXIT, standing, now, f"exit:{key}", may_repeat=False)
    came = Occasion(Trigger.ENTRY, standing, now, f"entry:{key}", may_repeat=from_stage is None)
    entry = (to_stage, entered.entry_tasks)
    if await run_rules(tx, exits, left, now=now, chain=chain):
        came = await _as_it_is(tx, came)
        entry = (to_stage, []) if came.facts["gone"] else entry
    await run_rules(tx, entries, came, now=now, chain=chain, entry=entry)


async def run_rules(
    tx: AsyncConnection, rules: Sequence[Rule], occasion: Occasion, *, now: datetime, chain: Chain = NO_CHAIN,
    entry: tuple[int, Sequence[dict[str, Any]]] = (0, ()),
) -> bool:  # fmt: skip
    """Run these rules in their order; `entry`: the stage entered and the tasks it sets. Returns whether any ran."""
    stage_id, entry_tasks = entry
    if occasion.may_repeat:
        rules = await _not_yet_run(tx, rules, occasion.key)
        entry_tasks = [] if not entry_tasks or await _has_entry_tasks(tx, occasion.deal.id, stage_id) else entry_tasks
    if not rules and not entry_tasks:
        return False
    if await _ran(tx, rules, occasion, chain, now, (stage_id, entry_tasks)):
        return bool(rules)
    # One of them fails: each alone then, and the others are done.
    if entry_tasks:
        await _ran(tx, (), occasion, chain, now, (stage_id, entry_tasks))
    for rule in rules:
        await _ran(tx, (rule,), await _as_it_is(tx, occasion), chain, now, None)
    return bool(rules)


async def _ran(
    tx: AsyncConnection, rules: Sequence[Rule], occasion: Occasion, chain: Chain, now: datetime,
    entry: tuple[int, Sequence[dict[str, Any]]] | None,
) -> bool:  # fmt: skip
    """All of them or nothing; what fails alone is kept as failed."""
    try:
        async with tx.begin_nested():
            await _carried_out(tx, rules, occasion, chain, now, entry or (0, ()))
    except Exception as error:
        if is_passing(error):
            raise  # all of it comes again
        alone = len(rules) == 1 and entry is None
        log.exception("automation_failed", rules=[rule.id for rule in rules], deal=occasion.deal.id)
        if not alone:
            return False
        FAILED.inc()
        await _keep_failure(tx, rules[0], occasion, error, now)
    return True


async def _carried_out(
    tx: AsyncConnection, rules: Sequence[Rule], occasion: Occasion, chain: Chain, now: datetime,
    entry: tuple[int, Sequence[dict[str, Any]]],
) -> None:  # fmt: skip
    from crm_core.deals.automations.carrying import Desk  # noqa: PLC0415 - a move runs automations, and one of those moves

    desk = Desk(tx, occasion, chain, now)
    desk.gone, desk.passed = occasion.facts.get("gone"), occasion.facts.get("passed", False)
    for task in await _wanted(tx, occasion.deal.id, entry[1]):
        within = timedelta(minutes=task["within_minutes"])
        deed = SetTask(task["title"], within, task["kind"], in_hours=task.get("in_hours", False))
        await desk.set_task(deed, stage_id=entry[0])
    for rule in rules:
        await desk.run(rule)
    await desk.finish()


async def _wanted(tx: AsyncConnection, deal_id: int, entry_tasks: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """F14: whoever rang first need not be rung to be asked for a meeting."""
    if not any(task.get("unless") == BY_PHONE for task in entry_tasks):
        return entry_tasks
    by_phone = await first_contact_by_phone(tx, deal_id)
    return [task for task in entry_tasks if not (by_phone and task.get("unless") == BY_PHONE)]


async def _keep_failure(tx: AsyncConnection, rule: Rule, occasion: Occasion, error: Exception, now: datetime) -> None:
    from crm_core.deals.automations.carrying import Run, ran_event, run_row  # noqa: PLC0415 - as above

    run = Run(rule, RunState.FAILED, "error", {"error": f"{type(error).__name__}: {error}"[:500]})
    await tx.execute(insert(automation_runs).values(run_row(run, occasion, now)))
    await event_log.append(tx, [ran_event([run], occasion.deal, now)])


async def _not_yet_run(tx: AsyncConnection, rules: Sequence[Rule], key: str) -> Sequence[Rule]:
    if not rules:
        return rules
    runs = automation_runs
    query = select(runs.c.rule_id).where(runs.c.key == key, runs.c.rule_id.in_([rule.id for rule in rules]))
    known = set((await tx.scalars(query)).all())
    return [rule for rule in rules if rule.id not in known]


async def _has_entry_tasks(tx: AsyncConnection, deal_id: int, stage_id: int) -> bool:
    return bool(await tx.scalar(select(exists().where(tasks.c.deal_id == deal_id, tasks.c.stage_id == stage_id))))


async def _as_it_is(tx: AsyncConnection, occasion: Occasion) -> Occasion:
    """The occasion with the deal as the rules before left it, or lost it."""
    row = (await tx.execute(select(deals).where(deals.c.id == occasion.deal.id))).one()
    deal = DealNow.of(row)
    gone = "moved_on" if deal.stage_id != occasion.deal.stage_id else "closed" if row.closed_as == StageKind.LOST else None
    facts = {**occasion.facts, "gone": gone}
    return Occasion(occasion.trigger, deal, occasion.at, occasion.key, occasion.event_id, facts, occasion.may_repeat)


_STEP = select(func.max(stage_history.c.id)).where(stage_history.c.deal_id == bindparam("deal")).scalar_subquery()
_ENTERED = select(stages.c.entry_tasks, _STEP.label("step")).where(stages.c.id == bindparam("stage"))


async def _entered(tx: AsyncConnection, deal_id: int, stage_id: int) -> Any:
    """The tasks of the stage, and the line of the deal's way that brought it there."""
    return (await tx.execute(_ENTERED, {"deal": deal_id, "stage": stage_id})).one()
