"""The machine's clock is set back while the product runs."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from api import clock_watch
from api.clock_watch import watch_clock
from crm_core.jobs import Again, Finish, Job, JobKind, JobRunner, JobState, Progress, enqueue, free_running, jobs
from tests.api.world import House

HOUR = timedelta(hours=1)


async def test_jobs_planned_by_a_clock_that_was_an_hour_ahead_do_not_wait_for_an_hour(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_watch, "LOOK", 0.01)
    right = house.time
    house.time = right + HOUR
    watching = asyncio.create_task(watch_clock(house.context))
    async with house.database.write() as tx:
        await enqueue(tx, "any", "key", {}, now=house.time)

    async with asyncio.timeout(20):
        await set_right(house, right)

    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_nor_does_what_was_begun_before_and_put_down_after(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the database has taken his moment by the clock of before."""
    monkeypatch.setattr(clock_watch, "LOOK", 0.01)
    monkeypatch.setattr(clock_watch, "AGAIN", 0.01)
    right = house.time
    house.time = right + HOUR
    watching = asyncio.create_task(watch_clock(house.context))
    async with house.database.write() as tx:
        await enqueue(tx, "any", "put down before", {}, now=house.time)

    async with asyncio.timeout(20):
        await set_right(house, right)
        async with house.database.write() as tx:
            await enqueue(tx, "any", "put down after", {}, now=right + HOUR)
        while await planned(house) > right:
            await asyncio.sleep(0.02)

    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


@pytest.mark.parametrize("why", ["it is to be tried again", "it failed", "its process was killed"])
async def test_nor_does_what_was_put_down_once_more(why: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is older than the clock's step."""
    monkeypatch.setattr(clock_watch, "LOOK", 0.01)
    right = house.time
    async with house.database.write() as tx:
        job_id = await enqueue(tx, "any", "key", {}, now=right)
    assert job_id is not None

    async def work(_job: Job, _progress: Progress) -> Finish:
        house.time = right + HOUR
        if why == "it failed":
            raise OSError(why)
        raise Again(why, timedelta(seconds=10))

    if why == "its process was killed":
        async with house.database.write() as tx:
            await tx.execute(update(jobs).values(state=JobState.RUNNING, heartbeat_at=right, lease_until=right + HOUR))
            await free_running(tx, right + HOUR)
    else:
        await JobRunner(house.database, {"any": JobKind("any", work)}, lambda: house.time).run_one(job_id)
    house.time = right + HOUR
    watching = asyncio.create_task(watch_clock(house.context))
    assert await planned(house) >= right + HOUR

    async with asyncio.timeout(20):
        await set_right(house, right)

    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def set_right(house: House, right: datetime) -> None:
    """And wait until no job is planned for later."""
    while await planned(house) > right:
        await asyncio.sleep(0.02)
        house.time = right


async def planned(house: House) -> Any:
    """Of the job that waits longest."""
    async with house.database.read() as connection:
        return await connection.scalar(select(func.max(jobs.c.run_after)))
