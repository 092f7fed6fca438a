"""Reading a recording for a player, and noting who listened."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_core.blobs import Blobs
from crm_core.errors import NotFound
from crm_core.tables import listenings
from recordings.playback import Playable, note_listening, playable
from recordings.ranges import parse_range
from tests.recordings.conftest import Desk
from tests.recordings.sounds import tone

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@dataclass
class Row:
    blob: str = "recordings/ab/abcd.flac"
    play_blob: str | None = "recordings/ab/abcd.mp3"


async def heard(sound: Playable, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in sound.chunks(start, end)])


@pytest.fixture
async def blobs(tmp_path: Path) -> Blobs:
    blobs = Blobs(tmp_path / "blobs")
    await blobs.put_bytes("recordings/ab/abcd.flac", b"original")
    await blobs.put_bytes("recordings/ab/abcd.mp3", bytes(range(256)) * 4096)
    return blobs


async def test_the_small_copy_is_played_and_its_ranges_are_exact(blobs: Blobs) -> None:
    sound = await playable(blobs, Row())
    asked = parse_range("bytes=1000-300000", sound.size)

    assert (sound.media_type, sound.size) == ("audio/mpeg", 1 << 20)
    assert asked is not None
    assert await heard(sound, asked.start, asked.end) == (bytes(range(256)) * 4096)[1000:300001]
    assert len(await heard(sound)) == 1 << 20


@pytest.mark.parametrize("play_blob", [None, "recordings/ab/gone.mp3"])
async def test_without_a_copy_the_original_is_played(blobs: Blobs, play_blob: str | None) -> None:
    sound = await playable(blobs, Row(play_blob=play_blob))

    assert (sound.media_type, await heard(sound)) == ("audio/flac", b"original")
    assert sound.etag != (await playable(blobs, Row())).etag


async def test_a_recording_that_is_gone_is_said_to_be(blobs: Blobs) -> None:
    with pytest.raises(NotFound):
        await playable(blobs, Row("recordings/ab/gone.flac", None))


async def test_a_listening_is_noted_once_for_all_its_ranges(desk: Desk) -> None:
    tone(desk.root / "a.wav", 1, 440)
    await desk.call("a.wav")
    await desk.work()

    async with desk.database.write() as tx:
        assert await note_listening(tx, 1, 2, NOW)
        assert not await note_listening(tx, 1, 2, NOW + timedelta(minutes=9))
        assert await note_listening(tx, 1, 3, NOW)
        assert await note_listening(tx, 1, 2, NOW + timedelta(minutes=11))

    assert [(row.recording_id, row.user_id) for row in await desk.rows(listenings)] == [(1, 2), (1, 3), (1, 2)]
