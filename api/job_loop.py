"""Carries jobs of the hub's own kinds to the runner, a few at a time."""

import asyncio
from collections.abc import Collection

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.context import AppContext
from crm_core.jobs import JobRunner

log = structlog.get_logger()

POLL = 1.0  # seconds between looks when no commit wakes us: retries become due without one
REST = 0.1  # seconds from a commit to the look: calls commit many times a second, and rarely for us
AT_ONCE = 2
AT_ONCE_WAITING = 50


async def carry_jobs(context: AppContext, runner: JobRunner, most: int = AT_ONCE, rest: float = REST) -> None:
    """Each begins as soon as fewer than `most` are under way, until the process is to stop; what runs then is finished first, for
    a job cut off waits for its lease to end."""
    under_way: dict[int, asyncio.Task[bool]] = {}
    async with asyncio.TaskGroup() as group:
        while not context.stopping.is_set():
            coming = context.wake.coming
            fresh = await _fresh(runner, under_way)
            for job_id in fresh[: most - len(under_way)]:
                under_way[job_id] = task = group.create_task(runner.run_one(job_id))
                task.add_done_callback(lambda _, job_id=job_id: under_way.pop(job_id))  # type: ignore[misc]
            if len(under_way) >= most:
                await asyncio.wait(under_way.values(), return_when=asyncio.FIRST_COMPLETED)
            elif not fresh:
                await context.wake.wait(POLL, coming)
                await asyncio.sleep(rest)


async def carry_at_once(context: AppContext, runner: JobRunner) -> None:
    """The same for jobs that mostly wait, and for which somebody waits."""
    await carry_jobs(context, runner, AT_ONCE_WAITING, rest=0.0)


async def _fresh(runner: JobRunner, under_way: Collection[int]) -> list[int]:
    """What is due and not under way. A database that is away takes nothing from what is: it may be back before that ends."""
    try:
        return [job_id for job_id in await runner.due() if job_id not in under_way]
    except (SQLAlchemyError, OSError) as error:
        if not under_way:
            raise
        log.warning("jobs_not_looked_for", under_way=len(under_way), error=type(error).__name__)
        return []
