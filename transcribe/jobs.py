"""The job `transcribe_recording`: what puts it down and what lets it go again. Light: the hub imports it, never the model."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.events import Event, EventKind
from crm_core.jobs import JobState, enqueue, jobs, put_down_again
from crm_core.transcripts.queries import TRANSCRIBE_JOB

MISSING = "There is no speech model"  # every reason that a job waits for want of a model begins so


async def transcribe_recordings(tx: AsyncConnection, events: Sequence[Event]) -> None:
    """One job for each stored recording."""
    for event in events:
        if event.kind is EventKind.RECORDING_STORED and event.recording_id is not None:
            key, payload = f"{TRANSCRIBE_JOB}:{event.recording_id}", {"recording_id": event.recording_id}
            await enqueue(tx, TRANSCRIBE_JOB, key, payload, now=datetime.now(UTC), call_id=event.call_id)


async def any_waiting(connection: AsyncConnection) -> bool:
    """Whether a job is parked for want of a model."""
    return await connection.scalar(select(jobs.c.id).where(_waiting()).limit(1)) is not None


async def release_waiting(tx: AsyncConnection, now: datetime) -> int:
    """Let go the jobs that were parked for want of a model; returns how many there were."""
    freed = await tx.execute(update(jobs).where(_waiting()).values(attempts=0, last_error=None, **put_down_again(now)))
    return freed.rowcount


def _waiting() -> ColumnElement[bool]:
    return (jobs.c.kind == TRANSCRIBE_JOB) & (jobs.c.state == JobState.PARKED) & jobs.c.last_error.startswith(MISSING)
