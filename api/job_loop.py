"""Carries jobs of the hub's own kinds to the runner, a few at a time."""

import asyncio

from api.context import AppContext
from crm_core.jobs import JobRunner

POLL = 1.0  # seconds between looks when no commit wakes us: retries become due without one
AT_ONCE = 2


async def carry_jobs(context: AppContext, runner: JobRunner) -> None:
    """Until the process is to stop; what runs then is finished first, for a job cut off waits for its lease to end."""
    while not context.stopping.is_set():
        ids = await runner.due()
        if not ids:
            await context.wake.wait(POLL)
            continue
        for start in range(0, len(ids), AT_ONCE):
            if context.stopping.is_set():
                return
            async with asyncio.TaskGroup() as group:
                for job_id in ids[start : start + AT_ONCE]:
                    group.create_task(runner.run_one(job_id))
