"""Jobs are put down once, done once, tried again, given up, and taken over from whoever died."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Row, insert, select, text
from sqlalchemy.engine.url import make_url
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from crm_core.contacts.tables import companies
from crm_core.db import Database
from crm_core.jobs import (
    Again,
    Finish,
    Job,
    JobKind,
    JobRunner,
    JobState,
    Park,
    Progress,
    bring_forward,
    enqueue,
    forget_done,
    free_running,
    jobs,
)
from tests.databases import PostgresServer
from tests.office import NOW, Office

KIND = "make_company"
MINUTE = timedelta(minutes=1)


@dataclass
class Clock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def passes(self, time: timedelta) -> None:
        self.at += time


@dataclass
class Work:
    """Makes a company, or what it is told to do instead; `reached` when it is at work, which lasts until `may_end`."""

    error: Exception | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    attempts: list[int] = field(default_factory=list)

    async def __call__(self, job: Job, progress: Progress) -> Finish:
        self.attempts.append(job.attempts)
        self.reached.set()
        await progress(0.5)
        await self.may_end.wait()
        if self.error is not None:
            raise self.error

        async def finish(tx: AsyncConnection) -> None:
            await tx.execute(insert(companies).values(name=f"attempt {job.attempts}", created_at=NOW))

        return finish


def at_once(error: Exception | None = None) -> Work:
    work = Work(error)
    work.may_end.set()
    return work


def runner(office: Office, work: Work, clock: Clock | None = None, most_attempts: int = 3) -> JobRunner:
    return JobRunner(
        office.database, {KIND: JobKind(KIND, work, lease=MINUTE, most_attempts=most_attempts)}, (clock or Clock()).now
    )


async def put_down(database: Database, key: str = "one") -> int | None:
    async with database.write() as tx:
        return await enqueue(tx, KIND, key, {}, now=NOW)


async def the_job(office: Office) -> Row[tuple[object, ...]]:
    return await office.the(jobs)


async def test_the_same_job_is_put_down_once_also_by_two_at_the_same_moment(office: Office) -> None:
    ids = await asyncio.gather(*(put_down(office.database) for _ in range(4)))

    assert [job_id for job_id in ids if job_id is not None] == [(await the_job(office)).id]


async def test_a_job_two_runners_want_is_done_by_one(office: Office) -> None:
    await put_down(office.database)
    job_id, work = (await the_job(office)).id, at_once()

    ran = await asyncio.gather(*(runner(office, work).run_one(job_id) for _ in range(4)))

    assert sorted(ran) == [False, False, False, True]
    assert (await office.the(companies)).name == "attempt 1"
    assert (await the_job(office)).state == JobState.DONE


async def test_what_fails_is_tried_again_later_and_given_up_at_last(office: Office) -> None:
    await put_down(office.database)
    clock = Clock()
    often = runner(office, at_once(ValueError("bad \udcff\0 name")), clock)

    states = []
    for _ in range(3):
        assert await often.run_due() == 1
        assert await often.run_due() == 0, "not due at once"
        states.append((await the_job(office)).state)
        clock.passes(10 * MINUTE)

    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.PARKED]
    assert (await the_job(office)).last_error == "ValueError: bad ? name"
    assert await office.count(companies) == 0


async def test_a_job_that_kills_its_process_each_time_is_parked_at_last(office: Office) -> None:
    await put_down(office.database)
    clock, started = Clock(), 0
    while (await the_job(office)).state != JobState.PARKED:
        work, dying = Work(), Clock(clock.at)
        process = asyncio.create_task(runner(office, work, dying).run_due())
        await asyncio.wait({process, asyncio.create_task(work.reached.wait())}, return_when=asyncio.FIRST_COMPLETED)
        started += work.reached.is_set()
        process.cancel()
        await asyncio.gather(process, return_exceptions=True)
        clock.passes(2 * MINUTE)
        assert started < 20, "it goes on without end"

    assert "died" in str((await the_job(office)).last_error)


async def test_what_failed_is_kept_without_the_rows_that_a_database_quotes(office: Office) -> None:
    said = "duplicate key\nDETAIL:  Key (number)=(+79161112233) exists, as do\n(Ольга)\nHINT:  Look at +79161112233."
    await put_down(office.database)

    await runner(office, at_once(ValueError(said)), Clock()).run_due()

    assert (await the_job(office)).last_error == "ValueError: duplicate key\nHINT:  Look at +79…33."


async def test_a_job_that_must_wait_says_why_and_comes_again(office: Office) -> None:
    await put_down(office.database)
    clock = Clock()
    await runner(office, at_once(Again("not there yet", MINUTE)), clock).run_due()
    waits = await the_job(office)

    clock.passes(MINUTE)
    await runner(office, at_once(), clock).run_due()

    assert (waits.state, waits.last_error, waits.run_after) == (JobState.QUEUED, "not there yet", NOW + MINUTE)
    assert (await office.the(companies)).name == "attempt 2"
    assert (await the_job(office)).last_error is None


async def test_a_parked_job_is_not_taken_up_again(office: Office) -> None:
    await put_down(office.database)
    clock = Clock()
    await runner(office, at_once(Park("no folder")), clock).run_due()
    clock.passes(24 * 60 * MINUTE)

    assert await runner(office, at_once(), clock).run_due() == 0
    assert ((await the_job(office)).state, (await the_job(office)).last_error) == (JobState.PARKED, "no folder")


async def test_what_a_dead_process_had_is_taken_over_when_its_lease_ends_and_written_once(office: Office) -> None:
    await put_down(office.database)
    clock, slow = Clock(), Work()
    first = asyncio.create_task(runner(office, slow, clock).run_due())
    await slow.reached.wait()
    early = await runner(office, at_once(), clock).run_due()
    clock.passes(2 * MINUTE)

    late = await runner(office, at_once(), clock).run_due()
    slow.may_end.set()
    await first

    assert (early, late) == (0, 1)
    assert (await office.the(companies)).name == "attempt 2"


@pytest.fixture
def on_postgres(postgres: PostgresServer) -> str:
    return postgres.fresh()


async def test_a_lease_is_renewed_again_when_the_database_is_back(on_postgres: str) -> None:
    database = Database(on_postgres)
    async with database.write() as tx:
        await tx.execute(text(f"ALTER DATABASE {make_url(database.url).database} SET lock_timeout = '50ms'"))
    await database.close()  # connections made from now on give up early
    await put_down(database)
    clock, slow = Clock(), Work()
    kind = JobKind(KIND, slow, lease=timedelta(seconds=0.3))
    running = asyncio.create_task(JobRunner(database, {KIND: kind}, clock.now).run_due())
    await slow.reached.wait()

    with capture_logs() as told:
        async with database.write() as tx:
            await tx.execute(select(jobs).with_for_update())
            async with asyncio.timeout(20):
                while not any(line["event"] == "lease_not_renewed" for line in told):
                    await asyncio.sleep(0.02)
    clock.passes(MINUTE)
    async with asyncio.timeout(20):
        while await heartbeat(database) != clock.at:
            await asyncio.sleep(0.02)

    slow.may_end.set()
    assert await running == 1
    await database.close()


async def test_progress_that_cannot_be_told_does_not_fail_the_work(office: Office) -> None:
    async def work(_job: Job, progress: Progress) -> Finish:
        async with office.database.write() as tx:
            await tx.execute(text("ALTER TABLE jobs RENAME TO jobs_away"))
        await progress(0.5)
        async with office.database.write() as tx:
            await tx.execute(text("ALTER TABLE jobs_away RENAME TO jobs"))
        return await at_once()(_job, progress)

    await put_down(office.database)
    await JobRunner(office.database, {KIND: JobKind(KIND, work)}, Clock().now).run_due()

    assert (await the_job(office)).state == JobState.DONE


async def heartbeat(database: Database) -> datetime | None:
    async with database.read() as connection:
        return await connection.scalar(select(jobs.c.heartbeat_at))


async def test_jobs_of_a_process_known_to_be_gone_go_again_at_once(office: Office) -> None:
    await put_down(office.database)
    slow = Work()
    killed = asyncio.create_task(runner(office, slow).run_due())
    await slow.reached.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    running = (await the_job(office)).state
    async with office.database.write() as tx:
        freed = await free_running(tx, NOW)

    assert (running, freed, await runner(office, at_once()).run_due()) == (JobState.RUNNING, 1, 1)
    assert (await office.the(companies)).name == "attempt 2"


async def test_a_result_that_cannot_be_written_leaves_nothing_and_is_tried_again(office: Office) -> None:
    await put_down(office.database)

    async def work(_job: Job, _progress: Progress) -> Finish:
        async def finish(tx: AsyncConnection) -> None:
            await tx.execute(insert(companies).values(name="half", created_at=NOW))
            raise ValueError("no room")

        return finish

    await JobRunner(office.database, {KIND: JobKind(KIND, work)}, Clock().now).run_due()

    assert await office.count(companies) == 0
    assert (await the_job(office)).state == JobState.QUEUED


@pytest.mark.parametrize(("after", "left"), [(-MINUTE, 1), (MINUTE, 0)])
async def test_done_jobs_are_forgotten_in_time(office: Office, after: timedelta, left: int) -> None:
    await put_down(office.database)
    await runner(office, at_once()).run_due()
    async with office.database.write() as tx:
        await forget_done(tx, NOW + after)

    assert await office.count(jobs) == left


async def test_what_was_planned_by_a_clock_that_was_ahead_is_done_when_it_is_right_again(office: Office) -> None:
    ahead = Clock()
    ahead.passes(60 * MINUTE)
    async with office.database.write() as tx:
        await enqueue(tx, KIND, "made ahead", {}, now=ahead.at, run_after=ahead.at + MINUTE)
        await enqueue(tx, KIND, "tried ahead", {}, now=NOW)
        await enqueue(tx, KIND, "truly later", {}, now=NOW, run_after=NOW + MINUTE)
    await JobRunner(office.database, {KIND: JobKind(KIND, at_once(Again("not yet", MINUTE)))}, ahead.now).run_one(2)

    async with office.database.write() as tx:
        planned = await bring_forward(tx, NOW)

    assert planned == 2
    assert await runner(office, at_once()).due() == [1, 2]


async def test_a_job_whose_worker_died_while_the_clock_was_ahead_is_taken_over_soon(office: Office) -> None:
    await put_down(office.database)
    ahead, slow = Clock(), Work()
    ahead.passes(60 * MINUTE)
    killed = asyncio.create_task(runner(office, slow, ahead).run_due())
    await slow.reached.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)

    async with office.database.write() as tx:
        await bring_forward(tx, NOW)

    soon = Clock()
    soon.passes(2 * MINUTE)
    assert await runner(office, at_once(), soon).run_due() == 1
