"""What is read and written in the database for a transcript."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.receivers import receivers_of
from crm_core.calls.tables import call_talks, calls, exchanges
from crm_core.event_log import events
from crm_core.events import Event, EventKind
from crm_core.recordings.tables import recordings
from crm_core.transcripts.speech import Segment, Transcription
from crm_core.transcripts.tables import transcript_segments, transcripts
from transcribe.audio import Span
from transcribe.spans import holds_in, left_out

STATE_EVENTS = (EventKind.CALL_CHANGED, EventKind.CALL_TRANSFERRED, EventKind.CALL_ANSWERED, EventKind.CALL_ENDED)
MANY = 500  # rows of one INSERT


@dataclass(frozen=True, slots=True)
class RecordingToHear:
    """`language`: of the speech, as the exchange has it, None to detect it; `left_out`: seconds without talk."""

    id: int
    call_id: int
    blob: str
    language: str | None
    left_out: tuple[Span, ...]


async def recording_to_hear(connection: AsyncConnection, recording_id: int) -> RecordingToHear | None:
    """None if the recording is gone or was transcribed already."""
    query = (
        select(recordings, exchanges.c.language, transcripts.c.id.label("transcript_id"))
        .join(calls, calls.c.id == recordings.c.call_id)
        .join(exchanges, exchanges.c.id == calls.c.exchange_id)
        .outerjoin(transcripts, transcripts.c.recording_id == recordings.c.id)
        .where(recordings.c.id == recording_id)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None or row.transcript_id is not None:
        return None
    return RecordingToHear(row.id, row.call_id, row.blob, row.language, await _left_out(connection, row))


async def _left_out(connection: AsyncConnection, recording: Row[Any]) -> tuple[Span, ...]:
    query = select(call_talks.c.joined_at, call_talks.c.left_at).where(call_talks.c.call_id == recording.call_id)
    talks = [(talk.joined_at, talk.left_at) for talk in await connection.execute(query)]
    told = select(events.c.at, events.c.facts).where(events.c.call_id == recording.call_id, events.c.kind.in_(STATE_EVENTS))
    states = [(event.at, event.facts.get("state")) for event in await connection.execute(told.order_by(events.c.at, events.c.id))]
    return tuple(left_out(recording.started_at, recording.seconds, talks, holds_in(states)))


async def store(tx: AsyncConnection, recording_id: int, heard: Transcription, now: datetime) -> None:
    """Write the transcript and tell of it; a recording that has one keeps it, one that is gone gets none."""
    row = (await tx.execute(select(recordings).where(recordings.c.id == recording_id))).one_or_none()
    known = await tx.scalar(select(transcripts.c.id).where(transcripts.c.recording_id == recording_id))
    if row is None or known is not None:
        return
    values = {
        "recording_id": row.id, "call_id": row.call_id, "language": heard.language, "model": heard.model[:120],
        "speech_seconds": {side.value: seconds for side, seconds in heard.speech_seconds.items()}, "made_at": now,
    }  # fmt: skip
    transcript_id: int = (await tx.execute(insert(transcripts).values(values).returning(transcripts.c.id))).scalar_one()
    rows = [_segment_row(transcript_id, position, segment) for position, segment in enumerate(heard.segments)]
    for first in range(0, len(rows), MANY):
        await tx.execute(insert(transcript_segments), rows[first : first + MANY])
    await event_log.append(tx, [await _event(tx, EventKind.TRANSCRIPT_READY, row, now, {"transcript_id": transcript_id})])


async def tell_progress(tx: AsyncConnection, recording_id: int, done: float, now: datetime) -> None:
    """Tell whoever looks at the call how far its transcript is, 0..1."""
    row = (await tx.execute(select(recordings).where(recordings.c.id == recording_id))).one_or_none()
    if row is not None:
        await event_log.append(tx, [await _event(tx, EventKind.TRANSCRIPT_PROGRESS, row, now, {"progress": round(done, 2)})])


async def _event(tx: AsyncConnection, kind: EventKind, recording: Row[Any], now: datetime, facts: dict[str, Any]) -> Event:
    return Event(
        kind, now, await receivers_of(tx, recording.call_id), call_id=recording.call_id, contact_id=recording.contact_id,
        deal_id=recording.deal_id, recording_id=recording.id, facts=facts,
    )  # fmt: skip


def _segment_row(transcript_id: int, position: int, segment: Segment) -> dict[str, Any]:
    return {
        "transcript_id": transcript_id, "position": position, "side": segment.side.value, "start": segment.start,
        "end": segment.end, "text": segment.text, "confidence": segment.confidence,
        "words": [[word.start, word.end, word.text, word.probability] for word in segment.words],
    }  # fmt: skip
