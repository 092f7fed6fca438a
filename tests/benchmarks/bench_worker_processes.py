"""One process that works and two, on one PostgreSQL and one table of jobs: how long until all jobs that sleep 0.2 s are done."""

import asyncio
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from crm_core.db import Database
from crm_core.jobs import JobState, enqueue, jobs
from crm_core.live_by_notify import CHANNEL
from tests.benchmarks.figures import Figure
from tests.benchmarks.parts_apart import part
from tests.databases import postgres_server

JOBS = 60
GOAL = 1.8


def run() -> Figure:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(postgres_server()).fresh()
        seconds: list[float] = []
        for number in (1, 2):
            stack.enter_context(part("work", folder / str(number), url))
            seconds.append(min(asyncio.run(_seconds(url, f"{number}/{turn}")) for turn in range(2)))
    one, two = seconds
    explained = f"{JOBS} jobs that sleep 0.2 s, two at a time in each process: {one:.2f} s by one, {two:.2f} s by two"
    return Figure("worker_processes", one / two, GOAL, at_most=False, explained=(explained,))


async def _seconds(url: str, turn: str) -> float:
    """From the first job's beginning to the last one's end."""
    database, now = Database(url), datetime.now(UTC)
    async with database.write() as tx:
        for number in range(JOBS):
            await enqueue(tx, "sleep", f"{turn}/{number}", {}, now=now)
        await tx.execute(select(func.pg_notify(CHANNEL, "the benchmark")))  # as whoever puts a job down tells it
    mine = jobs.c.dedupe_key.startswith(f"{turn}/")
    done = select(func.count(), func.min(jobs.c.heartbeat_at), func.max(jobs.c.finished_at)).where(
        mine, jobs.c.state == JobState.DONE
    )
    async with asyncio.timeout(120):
        while True:
            async with database.read() as connection:
                count, first, last = (await connection.execute(done)).one()
            if count == JOBS:
                await database.close()
                return float((last - first).total_seconds())
            await asyncio.sleep(0.2)
