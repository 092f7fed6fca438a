"""Reads of recordings: what can be played, and to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, hearable, visible
from crm_core.calls.tables import calls
from crm_core.errors import NotFound
from crm_core.recordings.tables import recordings
from crm_core.transcripts.queries import Transcript, transcripts_of


@dataclass(frozen=True, slots=True)
class RecordingLine:
    """`sides` is 2 where the customer is left and the manager right. `playable`: its play copy is made."""

    id: int
    call_id: int
    seconds: float
    sides: int
    started_at: datetime | None
    stored_at: datetime
    playable: bool
    has_peaks: bool


@dataclass(frozen=True, slots=True)
class RecordedTalk:
    """A recording with what was said in it, if that is known yet."""

    recording: RecordingLine
    transcript: Transcript | None


async def recorded_talks(
    connection: AsyncConnection, actor: Actor, call_ids: Sequence[int]
) -> dict[int, tuple[RecordedTalk, ...]]:
    """By call, in order of time; calls the actor may not hear are left out."""
    query = (
        select(recordings)
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(recordings.c.call_id.in_(call_ids), hearable(actor))
        .order_by(recordings.c.started_at, recordings.c.id)
    )
    rows = (await connection.execute(query)).all()
    said = await transcripts_of(connection, actor, [row.id for row in rows])
    talks: dict[int, tuple[RecordedTalk, ...]] = {}
    for row in rows:
        talks[row.call_id] = (*talks.get(row.call_id, ()), RecordedTalk(_line(row), said.get(row.id)))
    return talks


async def recording_row(connection: AsyncConnection, actor: Actor, recording_id: int) -> Any:
    """The stored row of a recording the actor may hear, for playback; raises NotFound."""
    query = select(recordings).where(recordings.c.id == recording_id, visible(actor, recordings))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(noun="recordings", id=recording_id)
    return row


def _line(row: Any) -> RecordingLine:
    return RecordingLine(
        id=row.id, call_id=row.call_id, seconds=row.seconds, sides=row.sides, started_at=row.started_at,
        stored_at=row.stored_at, playable=row.play_blob is not None, has_peaks=row.peaks is not None,
    )  # fmt: skip
