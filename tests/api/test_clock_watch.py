"""The machine's clock is set back while the product runs."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from api import clock_watch
from api.clock_watch import watch_clock
from crm_core.jobs import enqueue, jobs
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


async def set_right(house: House, right: datetime) -> None:
    """And wait until no job is planned for later."""
    while await planned(house) > right:
        await asyncio.sleep(0.02)
        house.time = right


async def planned(house: House) -> Any:
    """Of the job that waits longest."""
    async with house.database.read() as connection:
        return await connection.scalar(select(func.max(jobs.c.run_after)))
