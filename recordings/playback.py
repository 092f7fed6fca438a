"""Reading a recording for a player: the small copy where there is one, else the original. No file name goes outwards."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.blobs import Blobs
from crm_core.errors import NotFound
from crm_core.recordings.tables import listenings

MEDIA_TYPES = {"mp3": "audio/mpeg", "flac": "audio/flac", "wav": "audio/wav"}
ONE_LISTENING = timedelta(minutes=10)  # a player asks for many ranges: so long they are one listening


class RecordingRow(Protocol):
    """The columns of a row of `recordings` that playing needs."""

    @property
    def blob(self) -> str: ...
    @property
    def play_blob(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Playable:
    """`size` in bytes. `etag` is quoted, and another one for another content."""

    media_type: str
    size: int
    etag: str
    key: str
    blobs: Blobs

    def chunks(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) in chunks of at most 256 KiB."""
        return self.blobs.read(self.key, start, end)


async def playable(blobs: Blobs, recording: RecordingRow) -> Playable:
    """What a browser plays of a recording; raises NotFound if neither copy nor original is stored any more."""
    try:
        return await _stored(blobs, recording.play_blob or recording.blob)
    except NotFound:
        return await _stored(blobs, recording.blob)


async def note_listening(tx: AsyncConnection, recording_id: int, user_id: int, now: datetime) -> bool:
    """Log that a user listens; False if it is the listening already noted in the last ten minutes."""
    recent = select(listenings.c.id).where(
        listenings.c.recording_id == recording_id, listenings.c.user_id == user_id, listenings.c.at > now - ONE_LISTENING
    )
    if await tx.scalar(recent.limit(1)):
        return False
    await tx.execute(insert(listenings).values(recording_id=recording_id, user_id=user_id, at=now))
    return True


async def _stored(blobs: Blobs, key: str) -> Playable:
    stem, _, ending = key.rpartition("/")[2].partition(".")
    media_type = MEDIA_TYPES.get(ending, "application/octet-stream")
    return Playable(media_type, await blobs.size(key), f'"{stem[:32]}-{ending}"', key, blobs)
