"""What ran by itself on the demo's deals: the automations of its pipeline, each with the task it set."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from crm_core.deals.automations.defaults import ARRANGING, IN_PROGRESS, MEETING, PROPOSAL
from crm_core.deals.automations.tables import automation_runs, automations
from crm_core.deals.automations.words import RunState, Trigger
from crm_core.deals.tables import deals, stage_history
from crm_core.demo.seeding import Demo
from crm_core.tasks.tables import TaskKind, tasks

TWO_DAYS = timedelta(days=2)
HOUR = timedelta(hours=1)


async def seed_runs(demo: Demo) -> None:
    """Where deals went through the stages that automations stand on."""
    rows = await demo.tx.execute(
        select(automations).where(automations.c.built_in, automations.c.active).order_by(automations.c.id)
    )
    by_stage = {(row.trigger, row.stage_id): row for row in rows}
    agreed = by_stage.get((Trigger.TAG, demo.stages[ARRANGING]))
    waited = by_stage.get((Trigger.TIMEOUT, demo.stages[PROPOSAL]))
    begun = by_stage.get((Trigger.ENTRY, demo.stages[IN_PROGRESS]))
    for deal in (await demo.tx.execute(select(deals).order_by(deals.c.id))).all():
        came = await _came(demo, deal.id)
        if agreed is not None and MEETING in came:
            await _ran(demo, agreed, deal, came[MEETING] - HOUR, deal.owner_id)
        if waited is not None and PROPOSAL in came and came[PROPOSAL] + TWO_DAYS < came.get(PROPOSAL + 1, demo.now) - 3 * HOUR:
            await _ran(demo, waited, deal, came[PROPOSAL] + TWO_DAYS, deal.owner_id)
        if begun is not None and IN_PROGRESS in came:
            await _ran(demo, begun, deal, came[IN_PROGRESS], demo.people["head@demo.local"])


async def _came(demo: Demo, deal: int) -> dict[int, datetime]:
    """When it came to each stage, by the stage's position."""
    rows = await demo.tx.execute(select(stage_history).where(stage_history.c.deal_id == deal))
    return {demo.stages.index(row.stage_id): row.at for row in rows if row.stage_id in demo.stages}


async def _ran(demo: Demo, rule: Row[Any], deal: Row[Any], at: datetime, owner: int | None) -> None:
    title = str(rule.settings["title"]).replace("{deal}", deal.title or "")
    task = await demo.row(
        tasks, kind=TaskKind.OTHER, title=title, deal_id=deal.id, contact_id=deal.contact_id, owner_id=owner, rule_id=rule.id,
        created_at=at, due_at=at + HOUR, done_at=at + HOUR / 2, done_by=owner,
    )  # fmt: skip
    await demo.row(
        automation_runs, rule_id=rule.id, deal_id=deal.id, at=at, trigger=rule.trigger, key=f"demo:{deal.id}",
        state=RunState.DONE, facts={"tasks": [task]},
    )  # fmt: skip
