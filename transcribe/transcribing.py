"""How `transcribe_recording` is done: open the stored audio, hear it in a thread, write what was said. Repeating is harmless."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.errors import NotFound
from crm_core.jobs import Finish, Job, JobKind, Park, Progress
from crm_core.transcripts.queries import TRANSCRIBE_JOB
from crm_core.transcripts.speech import Transcription
from transcribe import scratch
from transcribe.engine import SpeechEngine
from transcribe.errors import AudioUnreadable, NoSpeechModel
from transcribe.hearing import hear
from transcribe.storing import RecordingToHear, recording_to_hear, store, tell_progress

log = structlog.get_logger()

LEASE = timedelta(seconds=20)  # renewed while a job runs; a killed worker's job is free again after it
MOST_ATTEMPTS = 6
TELL_EVERY = 1.0  # seconds


def job_kind(database: Database, blobs: Blobs, engine: Callable[[], SpeechEngine]) -> JobKind:
    """How `transcribe_recording` is done; `engine` is called in a thread, when the first recording comes.

    What workers that are no more left of recordings is removed.
    """
    if left := scratch.clear_left():
        log.info("left_audio_removed", folders=left)
    return JobKind(TRANSCRIBE_JOB, _Transcribing(database, blobs, engine).work, LEASE, MOST_ATTEMPTS)


class _Transcribing:
    def __init__(self, database: Database, blobs: Blobs, engine: Callable[[], SpeechEngine]) -> None:
        self._database = database
        self._blobs = blobs
        self._engine = engine

    async def work(self, job: Job, progress: Progress) -> Finish:
        if job.attempts > MOST_ATTEMPTS:
            # A recording that kills the worker never gets as far as to count as failed.
            raise Park(f"The worker died {MOST_ATTEMPTS} times on this recording")
        async with self._database.read() as connection:
            recording = await recording_to_hear(connection, job.payload["recording_id"])
        if recording is None:
            return _nothing
        try:
            heard = await self._hear(recording, progress)
        except (NoSpeechModel, AudioUnreadable, NotFound) as error:
            raise Park(error.say) from error

        async def finish(tx: AsyncConnection) -> None:
            await store(tx, recording.id, heard, datetime.now(UTC))
            log.info("recording_transcribed", call=recording.call_id, seconds=heard.duration, segments=len(heard.segments))

        return finish

    async def _hear(self, recording: RecordingToHear, progress: Progress) -> Transcription:
        far = _Far()
        with scratch.folder() as folder:
            file = await self._blobs.fetch(recording.blob, folder / "audio")
            telling = asyncio.create_task(self._tell(recording, far, progress))
            try:
                return await asyncio.to_thread(self._listen, file, recording, far)
            finally:
                far.over.set()
                await asyncio.gather(telling, return_exceptions=True)  # not worth the transcript

    def _listen(self, file: Path, recording: RecordingToHear, far: "_Far") -> Transcription:
        return hear(self._engine(), file, language=recording.language, left_out=recording.left_out, heard=far.reach)

    async def _tell(self, recording: RecordingToHear, far: "_Far", progress: Progress) -> None:
        """Once a second, if it got further: into the job's row for the page, and an event so that the page looks."""
        told = -1.0
        while not far.over.is_set():
            if far.done > told:
                told = far.done
                await progress(told)
                async with self._database.write() as tx:
                    await tell_progress(tx, recording.id, told, datetime.now(UTC))
            with suppress(TimeoutError):
                await asyncio.wait_for(far.over.wait(), TELL_EVERY)


class _Far:
    """How far the thread is; written there, read in the loop.

    Whoever tells it is asked to end, not cancelled: a write cancelled on its way costs the writer its connection.
    """

    def __init__(self) -> None:
        self.done = 0.0
        self.over = asyncio.Event()

    def reach(self, done: float) -> None:
        self.done = done


async def _nothing(_tx: AsyncConnection) -> None:
    """The recording is gone or has its transcript."""
