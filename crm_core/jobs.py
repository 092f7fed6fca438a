"""The `jobs` table: what must still be done by the product, and the one way to do it.

A job's row is inserted in the transaction that causes it. Running one is always the same three steps: claim
(transaction 1), work with no transaction open, then the result together with "done" (transaction 2), or "again at"
or "parked". Embedded mode, the worker process and Celery differ only in who carries a job id to `JobRunner.run_one`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import (
    Column,
    CursorResult,
    Float,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    bindparam,
    case,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import Database, Json, UtcTime, metadata
from crm_core.errors import FilesUnavailable, FirstringError
from crm_core.logs import publishable
from crm_core.text import clean
from crm_core.upserts import insert_into

log = structlog.get_logger()

STORE_PAUSE = timedelta(minutes=1)
SLACK = 3  # attempts more than a job has, before it is taken to kill its process: restarts in mid-work are no fault of it
UNCLAIMED_REST = 5.0  # seconds: a database that can be read and not written (a full disk) is not asked without a pause
LONGEST_WHY = 500  # characters; an error may name a file whose name no database would take


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARKED = "parked"  # given up until a person or a changed setting lets it go again


jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("dedupe_key", String(200), nullable=False, unique=True),
    Column("payload", Json, nullable=False),
    Column("state", String(10), nullable=False),
    Column("run_after", UtcTime, nullable=False),
    Column("lease_until", UtcTime),
    Column("heartbeat_at", UtcTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("progress", Float, nullable=False, default=0.0),  # 0..1
    Column("last_error", Text),
    Column("call_id", Integer, index=True),  # the call whose page shows it
    Column("created_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Index("ix_jobs_due", "state", "kind", "run_after"),
)

Finish = Callable[[AsyncConnection], Awaitable[None]]
"""Writes a job's result; runs in the transaction that marks the job done."""


class Again(FirstringError):
    """The job cannot be done yet."""

    def __init__(self, say: str, after: timedelta) -> None:
        super().__init__(say)
        self.after = after


class Park(FirstringError):
    """The job cannot be done until something outside changes."""


@dataclass(frozen=True, slots=True)
class Job:
    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int  # this one included
    call_id: int | None
    created_at: datetime


Progress = Callable[[float], Awaitable[None]]
"""Tell how far the work is, 0..1; also renews the lease."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """How one kind of job is done. `work` may read, but holds no transaction while it touches a file, socket or model."""

    name: str
    work: Callable[[Job, Progress], Awaitable[Finish]]
    lease: timedelta = timedelta(seconds=60)
    most_attempts: int = 8


async def enqueue(
    tx: AsyncConnection, kind: str, dedupe_key: str, payload: dict[str, Any], *,
    now: datetime, run_after: datetime | None = None, call_id: int | None = None,
) -> int | None:  # fmt: skip
    """Put a job down in the transaction that causes it; None if a job with this key is known already."""
    row = {"kind": kind, "dedupe_key": dedupe_key, "payload": payload, "state": JobState.QUEUED,
           "run_after": run_after or now, "call_id": call_id, "created_at": now}  # fmt: skip
    added = insert_into(tx, jobs).values(row).on_conflict_do_nothing(index_elements=[jobs.c.dedupe_key])
    job_id: int | None = await tx.scalar(added.returning(jobs.c.id))
    return job_id


async def enqueue_all(
    tx: AsyncConnection, kind: str, wanted: Iterable[tuple[str, dict[str, Any], int | None]], *, now: datetime
) -> None:
    """The same for many at once: dedupe key, payload and call of each."""
    rows = [
        {"kind": kind, "dedupe_key": key, "payload": payload, "state": JobState.QUEUED, "run_after": now, "call_id": call_id,
         "created_at": now}
        for key, payload, call_id in wanted
    ]  # fmt: skip
    if rows:
        await tx.execute(insert_into(tx, jobs).on_conflict_do_nothing(index_elements=[jobs.c.dedupe_key]), rows)


def put_down_again(now: datetime, run_after: datetime | None = None) -> dict[str, Any]:
    """The values of a job that waits once more, for the moment of `run_after` or from now on.

    `heartbeat_at` says by which clock that was planned: `bring_forward` looks for those that were planned by one ahead.
    """
    return {"state": JobState.QUEUED, "run_after": run_after or now, "heartbeat_at": now, "lease_until": None}


async def free_running(tx: AsyncConnection, now: datetime) -> int:
    """Let jobs whose process is known to be gone go again at once, without waiting for their lease to run out."""
    freed = await tx.execute(update(jobs).where(jobs.c.state == JobState.RUNNING).values(**put_down_again(now)))
    return freed.rowcount


async def bring_forward(tx: AsyncConnection, now: datetime) -> int:
    """Plan anew what was planned by a clock that was ahead of this one; tells how many jobs. Those that are at work renew their
    lease by the clock as it is now; whoever does not is gone."""
    from_ahead = or_(jobs.c.created_at > now, jobs.c.heartbeat_at > now)
    queued = await tx.execute(
        update(jobs)
        .where(jobs.c.state == JobState.QUEUED, jobs.c.run_after > now, from_ahead)
        .values(run_after=now, created_at=case((jobs.c.created_at > now, now), else_=jobs.c.created_at), heartbeat_at=None)
    )
    running = await tx.execute(
        update(jobs)
        .where(jobs.c.state == JobState.RUNNING, jobs.c.heartbeat_at > now)
        .values(heartbeat_at=now, lease_until=now + LONGEST_TERM)
    )
    return queued.rowcount + running.rowcount


async def forget_done(tx: AsyncConnection, before: datetime) -> None:
    await tx.execute(delete(jobs).where(jobs.c.state == JobState.DONE, jobs.c.finished_at < before))


LONGEST_TERM = timedelta(seconds=60)
"""Of a lease that nobody has renewed since the clock was set back."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _due(kinds: Iterable[str]) -> Select[Any]:
    """Put together once: it is asked after every commit."""
    now = bindparam("now", type_=UtcTime)
    lost = (jobs.c.state == JobState.RUNNING) & (jobs.c.lease_until < now)
    ready = (jobs.c.state == JobState.QUEUED) & (jobs.c.run_after <= now)
    mine = select(jobs.c.id).where(jobs.c.kind.in_(kinds), or_(ready, lost))
    return mine.order_by(jobs.c.run_after).limit(bindparam("most", type_=Integer))


def _pause_after(attempts: int) -> timedelta:
    """10 s after the first failure, doubled with each up to ten minutes."""
    return timedelta(seconds=min(5 * 2**attempts, 600))


class JobRunner:
    """Carries out jobs of the kinds it is given. Several runners, in several processes, may share one table."""

    def __init__(self, database: Database, kinds: Mapping[str, JobKind], now: Callable[[], datetime] = _utc_now) -> None:
        self._database = database
        self._kinds = dict(kinds)
        self._now = now
        self._due = _due(self._kinds)

    async def due(self, limit: int = 20) -> list[int]:
        """Ids of jobs that may be claimed: queued and due, or running under a lease that ran out (their process died)."""
        async with self._database.read() as connection:
            return list((await connection.scalars(self._due, {"now": self._now(), "most": limit})).all())

    async def run_one(self, job_id: int) -> bool:
        """Claim, work, finish. False if the job is not to be had (somebody else has it, or it is done)."""
        try:
            job = await self._claim(job_id)
        except (SQLAlchemyError, OSError) as error:
            log.warning("job_not_claimed", job=job_id, error=type(error).__name__)
            await asyncio.sleep(UNCLAIMED_REST)
            return False
        if job is None:
            return False
        try:
            await self._run(job)
        except (SQLAlchemyError, OSError) as error:  # who carries several goes on with the others; this one's lease runs out
            log.warning("job_not_noted", job=job.id, kind=job.kind, error=type(error).__name__)
        return True

    async def _run(self, job: Job) -> None:
        """Raises what the database does when not even a failure can be noted."""
        kind = self._kinds[job.kind]
        over = asyncio.Event()
        beat = asyncio.create_task(self._keep_lease(job, kind, over))
        try:
            finish = await kind.work(job, lambda done: self._alive(job, kind, progress=done))
            await self._finish(job, finish)
        except Again as wait:
            await self._again(job, kind, wait.say, wait.after)
        except Park as stop:
            await self._park(job, stop.say)
        except FilesUnavailable as away:
            await self._wait_for_store(job, away.say)
        except Exception as error:  # whatever it was, the job is kept and tried again
            log.exception("job_failed", job=job.id, kind=job.kind, attempt=job.attempts)
            await self._again(job, kind, publishable(f"{type(error).__name__}: {error}"), _pause_after(job.attempts))
        finally:
            # Asked to end, not cancelled: a write cancelled on its way costs the writer its connection.
            over.set()
            await asyncio.gather(beat, return_exceptions=True)

    async def run_due(self) -> int:
        """Run what is due now, one after another; returns how many ran."""
        ran = 0
        for job_id in await self.due():
            ran += await self.run_one(job_id)
        return ran

    async def _claim(self, job_id: int) -> Job | None:
        now = self._now()
        async with self._database.write() as tx:
            row = (await tx.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
            if row is None or row.kind not in self._kinds:
                return None
            free = (row.state == JobState.QUEUED and row.run_after <= now) or (
                row.state == JobState.RUNNING and row.lease_until is not None and row.lease_until < now
            )
            if not free:
                return None
            as_seen = update(jobs).where(jobs.c.id == job_id, jobs.c.attempts == row.attempts, jobs.c.state == row.state)
            if row.attempts >= self._kinds[row.kind].most_attempts + SLACK:
                died = f"the process that did it died {row.attempts} times: look at its memory and at the log"
                await tx.execute(as_seen.values(state=JobState.PARKED, last_error=died, lease_until=None))
                log.error("job_parked", job=job_id, kind=row.kind, why=died)
                return None
            taken: CursorResult[Any] = await tx.execute(
                as_seen.values(
                    state=JobState.RUNNING, attempts=row.attempts + 1, progress=0.0, heartbeat_at=now,
                    lease_until=now + self._kinds[row.kind].lease,
                )
            )  # fmt: skip
        if taken.rowcount != 1:
            return None
        return Job(row.id, row.kind, row.payload, row.attempts + 1, row.call_id, row.created_at)

    async def _keep_lease(self, job: Job, kind: JobKind, over: asyncio.Event) -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), kind.lease.total_seconds() / 3)
                return
            await self._alive(job, kind)

    async def _alive(self, job: Job, kind: JobKind, **told: Any) -> None:
        """Say that the job is worked on; failing to is no fault of the work: the database may be back before the lease ends."""
        now = self._now()
        try:
            await self._set(job, heartbeat_at=now, lease_until=now + kind.lease, **told)
        except (SQLAlchemyError, OSError) as error:
            log.warning("lease_not_renewed", job=job.id, kind=job.kind, error=type(error).__name__)

    async def _finish(self, job: Job, finish: Finish) -> None:
        async with self._database.write() as tx:
            if not await self._holds(tx, job):
                log.warning("job_taken_over", job=job.id, kind=job.kind)
                return
            await finish(tx)
            await tx.execute(
                update(jobs)
                .where(jobs.c.id == job.id)
                .values(state=JobState.DONE, progress=1.0, finished_at=self._now(), lease_until=None, last_error=None)
            )

    async def _holds(self, tx: AsyncConnection, job: Job) -> bool:
        """Whether this attempt is still the one: a slow worker whose lease ran out must not write a second result."""
        row = await tx.scalar(
            select(jobs.c.id)
            .where(jobs.c.id == job.id, jobs.c.state == JobState.RUNNING, jobs.c.attempts == job.attempts)
            .with_for_update()
        )
        return row is not None

    async def _again(self, job: Job, kind: JobKind, why: str, after: timedelta) -> None:
        if job.attempts >= kind.most_attempts:
            await self._park(job, why)
        else:
            now = self._now()
            await self._set(job, last_error=clean(why, LONGEST_WHY), **put_down_again(now, now + after))

    async def _wait_for_store(self, job: Job, why: str) -> None:
        """No fault of the job's: it is tried once a minute, however long the store is away, and no try of it counts."""
        log.warning("file_store_away", job=job.id, kind=job.kind, why=why)
        now = self._now()
        await self._set(job, attempts=0, last_error=clean(why, LONGEST_WHY), **put_down_again(now, now + STORE_PAUSE))

    async def _park(self, job: Job, why: str) -> None:
        await self._set(job, state=JobState.PARKED, last_error=clean(why, LONGEST_WHY), lease_until=None)

    async def _set(self, job: Job, **values: Any) -> None:
        async with self._database.write() as tx:
            await tx.execute(
                update(jobs)
                .where(jobs.c.id == job.id, jobs.c.attempts == job.attempts, jobs.c.state == JobState.RUNNING)
                .values(**values)
            )
