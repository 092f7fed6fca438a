"""What is dropped when its time has come (ended sessions, old failures, done jobs, old journal), and what is tried again."""

import asyncio
from datetime import timedelta

from api.audit.job import plan_nights
from api.context import AppContext
from crm_core import jobs
from crm_core.calls import journal
from crm_core.merging import finding
from crm_core.merging.merges import gather_late
from crm_core.users import login_failures, sessions
from crm_core.webhooks import deeds as webhooks
from recordings import fetch

ROUND = timedelta(hours=1)
JOURNAL_KEPT = timedelta(days=30)
DONE_JOBS_KEPT = timedelta(days=7)


async def keep_house(context: AppContext) -> None:
    """Once an hour until cancelled."""
    while True:
        await tidy(context)
        await asyncio.sleep(ROUND.total_seconds())


async def tidy(context: AppContext) -> None:
    now = context.now()
    async with context.database.write() as tx:
        await sessions.forget_expired(tx, now=now)
        await login_failures.forget_old(tx, now=now)
        await jobs.forget_done(tx, now - DONE_JOBS_KEPT)
        await fetch.look_again(tx, now)
        await webhooks.forget_old(tx, now)
    async with context.database.write() as tx:
        await plan_nights(tx, context)
    async with context.database.write() as tx:
        await finding.plan_night(tx, now=now)
        await gather_late(tx, now)
    async with context.database.write() as tx:
        await journal.forget(tx, now - JOURNAL_KEPT)
