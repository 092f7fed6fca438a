"""A commit in one process is known in the others at once: by PostgreSQL's NOTIFY and by Redis, and again after a cut."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from crm_core.db import Database
from crm_core.live import HintsCut, Wake
from crm_core.live_by_notify import NotifyHints
from crm_core.live_by_redis import RedisHints, redis_address
from tests.processes.redis_server import RedisServer

AT_ONCE = 0.5  # seconds; the polling floor is one

Hints = NotifyHints | RedisHints
Make = Callable[[Database, Wake], Hints]


@pytest.fixture(params=["notify", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "notify":
        return NotifyHints
    server: RedisServer = request.getfixturevalue("redis")
    return lambda _database, wake: RedisHints(server.url, wake)


@asynccontextmanager
async def carried(database: Database, make: Make) -> AsyncIterator[Wake]:
    """A process that commits through `database`, as far as hints are concerned."""
    wake = Wake()
    hints = make(database, wake)
    database.on_commit(wake.wake)
    database.on_commit(hints.tell)
    running = asyncio.create_task(hints.run())
    await wake.wait(10)  # it begins with a hint
    yield wake
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def told_after(wake: Wake, commit: Callable[[], object]) -> float:
    """Seconds until the hint; 3 if none came."""
    waits = asyncio.create_task(wake.wait(3.0))
    await asyncio.sleep(0)
    began = time.monotonic()
    await commit()  # type: ignore[misc]
    await waits
    return time.monotonic() - began


async def committed(database: Database) -> None:
    async with database.write():
        pass


async def test_what_one_process_commits_wakes_the_other_at_once(database: Database, other: Database, make: Make) -> None:
    async with carried(database, make), carried(other, make) as wake:
        assert await told_after(wake, lambda: committed(database)) < AT_ONCE
        assert await told_after(wake, lambda: committed(database)) < AT_ONCE


async def test_nobody_is_woken_by_his_own_echo(database: Database, other: Database, make: Make) -> None:
    async with carried(database, make) as own, carried(other, make) as wake:
        assert await told_after(wake, lambda: committed(database)) < AT_ONCE
        began = time.monotonic()
        await own.wait(0.4)

        assert time.monotonic() - began > 0.35


async def test_a_hundred_commits_are_told_in_a_few_hints(database: Database, other: Database, make: Make) -> None:
    async with carried(database, make) as _, carried(other, make) as wake:
        heard = 0

        async def count() -> None:
            nonlocal heard
            while True:
                await wake.wait(10)
                heard += 1

        counting = asyncio.create_task(count())
        for _ in range(100):
            database._committed[-1]()
        await asyncio.sleep(0.3)
        counting.cancel()

        assert 1 <= heard <= 5


async def test_a_cut_way_is_told_and_made_anew(url: str, redis: RedisServer) -> None:
    """As the hub does it: what `run` raises is the supervisor's."""
    hints = RedisHints(redis.url, wake := Wake())
    running = asyncio.create_task(hints.run())
    await wake.wait(10)
    redis.kill()
    with pytest.raises(HintsCut):
        await asyncio.wait_for(running, 20)
    redis.start()
    again = asyncio.create_task(hints.run())
    began = time.monotonic()
    await wake.wait(10)

    assert time.monotonic() - began < 5
    again.cancel()


async def test_a_cut_line_to_postgresql_is_told(database: Database, other: Database) -> None:
    hints = NotifyHints(database, wake := Wake())
    running = asyncio.create_task(hints.run())
    await wake.wait(10)
    async with other.write() as tx:
        await tx.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    hints.tell()

    with pytest.raises(HintsCut):
        await asyncio.wait_for(running, 20)


def test_a_socket_file_is_written_as_celery_does() -> None:
    assert redis_address("redis+socket:///run/redis.sock") == "unix:///run/redis.sock"
    assert redis_address("rediss://redis:6379/1") == "rediss://redis:6379/1"


async def test_a_wake_up_that_comes_while_one_looks_is_not_missed() -> None:
    wake = Wake()
    coming = wake.coming
    wake.wake()  # while he looks

    async with asyncio.timeout(1):
        await wake.wait(10, coming)
