"""Jobs begin as soon as there is room for them, and only then."""

import asyncio
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

import crm_core.jobs
from api import job_loop
from api.job_loop import carry_jobs
from crm_core.jobs import Finish, Job, JobKind, JobRunner, JobState, Progress, enqueue, jobs
from tests.api.world import House

KIND, DONE, RUNNING, QUEUED = "wait", JobState.DONE, JobState.RUNNING, JobState.QUEUED


@dataclass
class Desk:
    """Jobs by name, each of which lasts until it may end."""

    house: House
    begun: list[str] = field(default_factory=list)
    may_end: dict[str, asyncio.Event] = field(default_factory=dict)

    @property
    def runner(self) -> JobRunner:
        return JobRunner(self.house.database, {KIND: JobKind(KIND, self._work)}, self.house.context.now)

    async def put_down(self, *names: str) -> None:
        for name in names:
            self.may_end[name] = asyncio.Event()
            async with self.house.database.write() as tx:
                await enqueue(tx, KIND, name, {"name": name}, now=self.house.time)

    def end(self, *names: str) -> None:
        for name in names:
            self.may_end[name].set()

    async def begins(self, *names: str) -> None:
        async with asyncio.timeout(10):
            while not set(names) <= set(self.begun):
                await asyncio.sleep(0.01)

    async def ends(self, name: str) -> None:
        async with asyncio.timeout(10):
            while (await self.states())[name] != DONE:
                await asyncio.sleep(0.01)

    async def states(self) -> dict[str, str]:
        async with self.house.database.read() as connection:
            rows = (await connection.execute(select(jobs.c.dedupe_key, jobs.c.state).where(jobs.c.kind == KIND))).all()
        return {row.dedupe_key: row.state for row in rows}

    async def say(self, statement: str) -> None:
        async with self.house.database.write() as tx:
            await tx.execute(text(statement))

    async def _work(self, job: Job, _progress: Progress) -> Finish:
        name = job.payload["name"]
        self.begun.append(name)
        await self.may_end[name].wait()
        return _nothing


async def _nothing(_tx: AsyncConnection) -> None:
    pass


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


async def test_a_job_waits_for_no_long_one_that_began_before(desk: Desk) -> None:
    await desk.put_down("long")
    carrying = asyncio.create_task(carry_jobs(desk.house.context, desk.runner))
    await desk.begins("long")

    await desk.put_down("short", "another")
    desk.end("short", "another")
    await desk.ends("short")
    await desk.ends("another")

    assert (await desk.states())["long"] == RUNNING
    await over(desk, carrying, "long")


async def test_no_more_are_claimed_than_are_at_work_and_the_next_begins_when_one_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_loop, "POLL", 3600.0)
    await desk.put_down("one", "two", "three", "four")
    carrying = asyncio.create_task(carry_jobs(desk.house.context, desk.runner))
    await desk.begins("one", "two")

    before = await desk.states()
    desk.end("two")
    await desk.begins("three")

    assert before == {"one": RUNNING, "two": RUNNING, "three": QUEUED, "four": QUEUED}
    assert await desk.states() == {"one": RUNNING, "two": DONE, "three": RUNNING, "four": QUEUED}
    await over(desk, carrying, "one", "three")
    assert (await desk.states())["four"] == QUEUED, "it began while all was to end"


async def test_a_database_that_is_away_for_a_moment_ends_no_work_under_way(desk: Desk) -> None:
    await desk.put_down("long")
    carrying = asyncio.create_task(carry_jobs(desk.house.context, desk.runner))
    await desk.begins("long")

    with capture_logs() as told:
        await desk.say("ALTER TABLE jobs RENAME TO jobs_away")
        async with asyncio.timeout(10):
            while not any(line["event"] == "jobs_not_looked_for" for line in told):
                await asyncio.sleep(0.01)
        await desk.say("ALTER TABLE jobs_away RENAME TO jobs")

    await over(desk, carrying, "long")
    assert (desk.begun, await desk.states()) == (["long"], {"long": DONE})


async def test_a_job_whose_end_cannot_be_noted_takes_no_other_with_it(desk: Desk) -> None:
    await desk.put_down("unlucky", "long")
    carrying = asyncio.create_task(carry_jobs(desk.house.context, desk.runner))
    await desk.begins("unlucky", "long")

    with capture_logs() as told:
        await desk.say("ALTER TABLE jobs RENAME TO jobs_away")
        desk.end("unlucky")
        async with asyncio.timeout(10):
            while not any(line["event"] == "job_not_noted" for line in told):
                await asyncio.sleep(0.01)
        await desk.say("ALTER TABLE jobs_away RENAME TO jobs")

    await over(desk, carrying, "long")
    assert await desk.states() == {"unlucky": RUNNING, "long": DONE}  # the first goes again when its lease has run out


async def test_a_database_that_takes_no_writes_is_not_asked_without_a_pause(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crm_core.jobs, "UNCLAIMED_REST", 0.5)
    names = [str(number) for number in range(6)]
    await desk.put_down(*names)
    desk.end(*names)
    await desk.say("CREATE TRIGGER full BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    with capture_logs() as told:
        carrying = asyncio.create_task(carry_jobs(desk.house.context, desk.runner))
        await asyncio.sleep(1.2)
        refused = [line for line in told if line["event"] == "job_not_claimed"]
        await desk.say("DROP TRIGGER full")

    assert 0 < len(refused) <= 3 * job_loop.AT_ONCE
    for name in names:
        await desk.ends(name)
    await over(desk, carrying)


async def over(desk: Desk, carrying: asyncio.Task[None], *under_way: str) -> None:
    """All is to stop; what is under way ends."""
    desk.house.context.stopping.set()
    desk.house.context.wake.wake()
    desk.end(*under_way)
    await asyncio.wait_for(carrying, 10)
    states = await desk.states()
    assert [states[name] for name in under_way] == [DONE] * len(under_way)
