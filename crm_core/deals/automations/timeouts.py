"""Deals that stand on a stage for longer than an automation allows. Once for each stay, however often it is looked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.chain import Chain
from crm_core.deals.automations.rules import Rule, fault_of, rules_on
from crm_core.deals.automations.running import run_rules
from crm_core.deals.automations.tables import automation_runs
from crm_core.deals.automations.words import DealNow, Occasion, Trigger
from crm_core.deals.tables import deals, stage_history

AT_ONCE = 50
LONGEST_CHAIN = 50


async def run_timeouts(tx: AsyncConnection, now: datetime, most: int = AT_ONCE) -> int:
    """Run what is due, at most so many; returns how many were. What has run, or declined, is not due again in this stay."""
    done = 0
    for rule in await rules_on(tx, Trigger.TIMEOUT):
        for row in await _due(tx, rule, now, most - done):
            deal = DealNow.of(row)
            key = f"timeout:{deal.id}:{deal.stage_id}:{deal.stage_since.timestamp():.3f}"
            await run_rules(tx, [rule], Occasion(Trigger.TIMEOUT, deal, now, key), now=now, chain=await chain_of(tx, deal.id))
            done += 1
    return done


async def _due(tx: AsyncConnection, rule: Rule, now: datetime, most: int) -> Sequence[Row[Any]]:
    if most <= 0 or fault_of(rule) is not None:
        return ()
    runs = automation_runs
    ran = exists().where(runs.c.rule_id == rule.id, runs.c.deal_id == deals.c.id, runs.c.at > deals.c.stage_since)
    since = now - timedelta(hours=float(rule.when.get("hours") or 24))
    query = select(deals).where(deals.c.closed_at.is_(None), deals.c.stage_since <= since, ~ran)
    if rule.stage_id is not None:
        query = query.where(deals.c.stage_id == rule.stage_id)
    if rule.pipeline_id is not None:
        query = query.where(deals.c.pipeline_id == rule.pipeline_id)
    return (await tx.execute(query.order_by(deals.c.stage_since, deals.c.id).limit(most))).all()


async def chain_of(tx: AsyncConnection, deal_id: int) -> Chain:
    """The automations that moved the deal since a person, or a call, last did: a time-out goes on where their moves ended."""
    steps = stage_history
    query = select(steps.c.rule_id).where(steps.c.deal_id == deal_id).order_by(steps.c.id.desc()).limit(LONGEST_CHAIN)
    moved: list[int] = []
    for rule_id in (await tx.scalars(query)).all():
        if rule_id is None:
            break
        moved.append(rule_id)
    return Chain(tuple(reversed(moved)))
