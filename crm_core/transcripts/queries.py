"""Reads of transcripts: what was said, which tags point where, and why there is none yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, hearable
from crm_core.calls.tables import calls
from crm_core.jobs import JobState, jobs
from crm_core.recordings.tables import recordings
from crm_core.tags.tables import call_tags
from crm_core.transcripts.speech import Segment, Side, Word
from crm_core.transcripts.tables import transcript_segments, transcripts

ATTACH_JOB = "attach_recording"
TRANSCRIBE_JOB = "transcribe_recording"


@dataclass(frozen=True, slots=True)
class Tag:
    """Points to its quote: words `word_start`…`word_end` of segment `segment`, seconds `start`…`end`."""

    id: int
    tag: str
    segment: int | None
    word_start: int | None
    word_end: int | None
    start: float | None
    end: float | None
    quote: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """Segments in order of time; a segment's place in `segments` is what its tags name."""

    id: int
    recording_id: int
    language: str | None
    model: str
    speech_seconds: dict[str, float]
    segments: tuple[Segment, ...]
    tags: tuple[Tag, ...]


class TranscriptStatus(StrEnum):
    """Why a page shows a transcript, or what it waits for."""

    READY = "ready"
    WORKING = "working"  # `progress` says how far
    QUEUED = "queued"
    PARKED = "parked"  # `why` says what it needs: usually the speech model
    RECORDING_AWAITED = "recording_awaited"
    NO_RECORDING = "no_recording"
    NOT_ALLOWED = "not_allowed"  # the reader may not listen


@dataclass(frozen=True, slots=True)
class TranscriptState:
    status: TranscriptStatus
    progress: float = 0.0  # 0..1
    why: str | None = None


async def transcripts_of(connection: AsyncConnection, actor: Actor, recording_ids: Sequence[int]) -> dict[int, Transcript]:
    """By recording; those the actor may not read are left out."""
    query = (
        select(transcripts)
        .join(calls, calls.c.id == transcripts.c.call_id)
        .where(transcripts.c.recording_id.in_(recording_ids), hearable(actor))
    )
    rows = (await connection.execute(query)).all() if recording_ids else []
    ids = [row.id for row in rows]
    segments, tags = await _segments(connection, ids), await _tags(connection, ids)
    return {row.recording_id: _transcript(row, segments.get(row.id, ()), tags.get(row.id, ())) for row in rows}


async def transcript_state(connection: AsyncConnection, actor: Actor, call_id: int) -> TranscriptState:
    """How far the words of a call are; the call itself must have been found visible before."""
    return (await transcript_states(connection, actor, [call_id]))[call_id]


async def transcript_states(connection: AsyncConnection, actor: Actor, call_ids: Sequence[int]) -> dict[int, TranscriptState]:
    """The same for many calls, with as many questions as for one."""
    if not call_ids:
        return {}
    heard = list(await connection.scalars(select(calls.c.id).where(calls.c.id.in_(call_ids), hearable(actor))))
    known = await states_of_calls(connection, heard)
    not_allowed = TranscriptState(TranscriptStatus.NOT_ALLOWED)
    return {one: known.get(one, not_allowed) for one in call_ids}


async def states_of_calls(connection: AsyncConnection, call_ids: Sequence[int]) -> dict[int, TranscriptState]:
    """Whoever asks: for rules of the product, which show nobody any words."""
    if not call_ids:
        return {}
    stored = set(await connection.scalars(select(recordings.c.call_id).where(recordings.c.call_id.in_(call_ids))))
    written = set(await connection.scalars(select(transcripts.c.call_id).where(transcripts.c.call_id.in_(call_ids))))
    query = select(jobs).where(jobs.c.call_id.in_(call_ids), jobs.c.kind.in_((ATTACH_JOB, TRANSCRIBE_JOB))).order_by(jobs.c.id)
    waiting: dict[int, list[Any]] = {}
    for row in await connection.execute(query):
        waiting.setdefault(row.call_id, []).append(row)
    return {one: _state(one in stored, one in written, waiting.get(one, ())) for one in call_ids}


def _state(stored: bool, written: bool, rows: Sequence[Any]) -> TranscriptState:
    kind = TRANSCRIBE_JOB if stored else ATTACH_JOB
    open_rows = [row for row in rows if row.kind == kind and row.state != JobState.DONE]
    if not stored:
        waits = [row for row in open_rows if row.state != JobState.PARKED]
        status = TranscriptStatus.RECORDING_AWAITED if waits else TranscriptStatus.NO_RECORDING
        return TranscriptState(status, why=next((row.last_error for row in rows if row.last_error), None))
    if not open_rows:
        return TranscriptState(TranscriptStatus.READY if written else TranscriptStatus.QUEUED)
    row = open_rows[0]
    status = {JobState.RUNNING: TranscriptStatus.WORKING, JobState.PARKED: TranscriptStatus.PARKED}.get(
        JobState(row.state), TranscriptStatus.QUEUED
    )
    return TranscriptState(status, row.progress, row.last_error)


async def _segments(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, tuple[Segment, ...]]:
    found: dict[int, list[Segment]] = {}
    table = transcript_segments
    query = select(table).where(table.c.transcript_id.in_(ids)).order_by(table.c.transcript_id, table.c.position)
    for row in (await connection.execute(query)).all() if ids else []:
        words = tuple(Word(*word) for word in row.words)
        segment = Segment(Side(row.side), row.start, row.end, row.text, row.confidence, words)
        found.setdefault(row.transcript_id, []).append(segment)
    return {transcript_id: tuple(segments) for transcript_id, segments in found.items()}


async def _tags(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, tuple[Tag, ...]]:
    found: dict[int, list[Tag]] = {}
    query = select(call_tags).where(call_tags.c.transcript_id.in_(ids)).order_by(call_tags.c.start, call_tags.c.id)
    for row in (await connection.execute(query)).all() if ids else []:
        tag = Tag(row.id, row.tag, row.segment, row.word_start, row.word_end, row.start, row.end, row.quote)
        found.setdefault(row.transcript_id, []).append(tag)
    return {transcript_id: tuple(tags) for transcript_id, tags in found.items()}


def _transcript(row: Any, segments: tuple[Segment, ...], tags: tuple[Tag, ...]) -> Transcript:
    return Transcript(row.id, row.recording_id, row.language, row.model, row.speech_seconds, segments, tags)
