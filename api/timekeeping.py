"""What comes with time: automations of deals that stand too long, and what the head is told of because nobody did it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from api.context import AppContext
from crm_core.deals.automations.timeouts import run_timeouts
from crm_core.deals.escalation import escalate_deals, escalate_tasks

ROUND = timedelta(minutes=1)
MOST_PORTIONS = 40
"""Of one round: what is left waits for the next, and calls are taken in between two portions."""

Portion = Callable[[AsyncConnection, datetime], Awaitable[int]]


async def keep_time(context: AppContext) -> None:
    """Once a minute until cancelled."""
    while True:
        await tick(context)
        await asyncio.sleep(ROUND.total_seconds())


async def tick(context: AppContext) -> None:
    """All that is due now, in transactions of a portion each."""
    grace = timedelta(minutes=context.settings.escalate_minutes)
    for portion in (run_timeouts, lambda tx, now: escalate_tasks(tx, now, grace), escalate_deals):
        await _in_portions(context, portion)


async def _in_portions(context: AppContext, portion: Portion) -> None:
    for _ in range(MOST_PORTIONS):
        async with context.database.write() as tx:
            if not await portion(tx, context.now()):
                return
