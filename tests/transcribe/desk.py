"""A company whose calls are recorded, and engines that stand for the model where what they hear is not the question."""

import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, select

from crm_core.blobs import Blobs
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.event_log import events
from crm_core.events import Event, EventKind
from crm_core.jobs import JobRunner, jobs
from crm_core.recordings.tables import recordings
from crm_core.transcripts.speech import Segment, Side, Transcription, Word
from pbx.playing.speech import Script, write_recording
from tests.builders import CallStory, inbound
from tests.office import NOW, Office
from tests.transcribe.sound import write_wav
from transcribe.engine import SAMPLE_RATE, Heard, Samples, Sides, SpeechEngine, say_nothing
from transcribe.jobs import transcribe_recordings
from transcribe.transcribing import job_kind


class WrittenEngine:
    """Hears the same words in everything, and remembers what it was given."""

    model = "written"

    def __init__(self, text: str = "сколько это стоит") -> None:
        self._text = text
        self.given: list[tuple[dict[Side, Samples], str | None]] = []

    def transcribe(self, sides: Sides, language: str | None, heard: Heard = say_nothing) -> Transcription:
        self.given.append(({side: samples.copy() for side, samples in sides.items()}, language))
        heard(0.5)
        words = tuple(Word(n * 0.5, n * 0.5 + 0.4, word, 0.9) for n, word in enumerate(self._text.split()))
        segment = Segment(Side.CUSTOMER, words[0].start, words[-1].end, self._text, 0.9, words)
        return Transcription(language or "ru", (segment,), {Side.CUSTOMER: 1.5}, self.model, 2.0)


class SpeechDesk:
    """`await SpeechDesk.opened(database, folder)`; the manager sits at 101."""

    def __init__(self, database: Database, office: Office, manager: int, folder: Path) -> None:
        self.database = database
        self.office = office
        self.manager = manager
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")

    @classmethod
    async def opened(cls, database: Database, folder: Path) -> "SpeechDesk":
        office = await Office.opened(database)
        return cls(database, office, await office.person("Ольга", "101"), folder)

    async def call(self, story: CallStory | None = None) -> int:
        """A finished call (answered after three seconds, unless told otherwise); tells its id."""
        await self.office.take(story or inbound().rings("101").answers("101").ends(after=30.0))
        async with self.database.read() as connection:
            return int((await connection.scalars(select(calls.c.id).order_by(calls.c.id.desc()))).first() or 0)

    async def recording(self, call: int, file: Path, *, seconds: float = 30.0, began: datetime | None = NOW) -> int:
        """A stored recording of the call, with the job that follows from it; tells its id."""
        key = f"recordings/ab/{call}{file.suffix}"
        await self.blobs.put(key, file)
        row = {
            "call_id": call, "name": file.name, "blob": key, "seconds": seconds, "sides": 2, "bytes": 1, "sha256": "ab",
            "started_at": began, "stored_at": NOW,
        }  # fmt: skip
        async with self.database.write() as tx:
            recording: int = (await tx.execute(insert(recordings).values(row).returning(recordings.c.id))).scalar_one()
            await transcribe_recordings(tx, [stored_event(call, recording)])
        return recording

    def runner(self, engine: SpeechEngine, later: timedelta = timedelta()) -> JobRunner:
        """What a worker does with its jobs, at a moment that much later."""
        kind = job_kind(self.database, self.blobs, lambda: engine)
        return JobRunner(self.database, {kind.name: kind}, lambda: datetime.now(UTC) + later)

    async def job(self) -> Any:
        return await self.office.the(jobs)

    async def told(self, kind: EventKind) -> list[Any]:
        return list(await self.office.rows(events, kind=kind))


def stored_event(call: int, recording: int) -> Event:
    return Event(EventKind.RECORDING_STORED, NOW, call_id=call, recording_id=recording)


def stereo_of(folder: Path, *spoken: Script) -> Path:
    """Practice calls one after another, as they are kept: left the customer, right the manager, 8 kHz."""
    customer, manager = folder / "customer.wav", folder / "manager.wav"
    sides: tuple[list[Samples], list[Samples]] = ([], [])
    for each in spoken:
        write_recording(each, folder / "mix.wav", customer, manager)
        for side, path in zip(sides, (customer, manager), strict=True):
            side.append(samples_of(path))
    return write_wav(folder / "call.wav", *(np.concatenate(side) for side in sides), rate=8000)


def samples_of(path: Path) -> Samples:
    with wave.open(str(path)) as wav:
        return np.frombuffer(wav.readframes(wav.getnframes()), "<i2").astype(np.float32) / 32768


def loud_until(samples: Samples) -> float:
    """The last second at which anything is heard."""
    heard = np.flatnonzero(np.abs(samples) > 0.01)
    return float(heard[-1] / SAMPLE_RATE) if len(heard) else 0.0


def loud_from(samples: Samples) -> float:
    heard = np.flatnonzero(np.abs(samples) > 0.01)
    return float(heard[0] / SAMPLE_RATE) if len(heard) else float("inf")
