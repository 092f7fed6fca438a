"""Carries jobs of the hub's own kinds to the runner, a few at a time."""

import asyncio
from collections.abc import Iterator

from api.context import AppContext
from crm_core.jobs import JobRunner

POLL = 1.0  # seconds between looks when no commit wakes us: retries become due without one
REST = 0.1  # seconds from a commit to the look: calls commit many times a second, and rarely for us
AT_ONCE = 2


async def carry_jobs(context: AppContext, runner: JobRunner) -> None:
    """Until the process is to stop; what runs then is finished first, for a job cut off waits for its lease to end."""
    while not context.stopping.is_set():
        coming = context.wake.coming
        ids = await runner.due()
        if not ids:
            await context.wake.wait(POLL, coming)
            await asyncio.sleep(REST)
            continue
        waiting = iter(ids)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(_carry_some(context, runner, waiting))


async def _carry_some(context: AppContext, runner: JobRunner, waiting: Iterator[int]) -> None:
    """One after another: who finds that another process has the next one goes on at once."""
    for job_id in waiting:
        if context.stopping.is_set():
            return
        await runner.run_one(job_id)


async def carry_at_once(context: AppContext, runner: JobRunner, most: int = 50) -> None:
    """Each job begins as soon as it is there, up to `most` together: for jobs that mostly wait, and for which somebody waits."""
    under_way: set[int] = set()
    async with asyncio.TaskGroup() as group:
        while not context.stopping.is_set():
            coming = context.wake.coming
            fresh = [job_id for job_id in await runner.due() if job_id not in under_way]
            for job_id in fresh[: most - len(under_way)]:
                under_way.add(job_id)
                task = group.create_task(runner.run_one(job_id))
                task.add_done_callback(lambda _, job_id=job_id: under_way.discard(job_id))  # type: ignore[misc]
            await context.wake.wait(POLL, coming)
