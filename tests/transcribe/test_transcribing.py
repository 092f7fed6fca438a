"""A stored recording becomes exactly one transcript, whatever happens on the way."""

import sqlite3
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.engine import make_url

from crm_core.calls.tables import exchanges
from crm_core.events import EventKind
from crm_core.jobs import JobState, jobs
from crm_core.recordings.tables import recordings
from crm_core.transcripts.speech import Side, Transcription
from crm_core.transcripts.tables import transcript_segments, transcripts
from tests.builders import MORNING, inbound
from tests.office import NOW, at
from tests.transcribe.desk import SpeechDesk, WrittenEngine, loud_from, loud_until, stored_event
from tests.transcribe.sound import tone, write_wav
from transcribe.engine import Heard, Sides, say_nothing
from transcribe.jobs import release_waiting, transcribe_recordings
from transcribe.loading import load_engine
from transcribe.null import NullEngine
from transcribe.transcribing import MOST_ATTEMPTS


def two_voices(folder: Path, seconds: float = 30.0) -> Path:
    return write_wav(folder / "call.wav", tone(seconds), tone(seconds, hertz=600.0))


async def test_a_stored_recording_gets_one_job_however_often_it_is_told(desk: SpeechDesk) -> None:
    call = await desk.call()
    recording = await desk.recording(call, two_voices(desk.folder))

    async with desk.database.write() as tx:
        await transcribe_recordings(tx, [stored_event(call, recording), stored_event(call, recording)])

    job = await desk.job()
    assert (job.kind, job.payload, job.call_id) == ("transcribe_recording", {"recording_id": recording}, call)


async def test_what_was_said_is_written_and_told_in_the_transaction_that_ends_the_job(desk: SpeechDesk) -> None:
    call = await desk.call()
    recording = await desk.recording(call, two_voices(desk.folder))

    assert await desk.runner(WrittenEngine("сколько это стоит")).run_due() == 1

    transcript, segment = await desk.office.the(transcripts), await desk.office.the(transcript_segments)
    (ready,) = await desk.told(EventKind.TRANSCRIPT_READY)
    assert (transcript.recording_id, transcript.call_id, transcript.model, transcript.language) == (
        recording,
        call,
        "written",
        "ru",
    )
    assert transcript.speech_seconds == {"customer": 1.5}
    assert (segment.position, segment.side, segment.text) == (0, "customer", "сколько это стоит")
    assert segment.words[2] == [1.0, 1.4, "стоит", 0.9]
    assert (ready.call_id, ready.recording_id, ready.receivers) == (call, recording, [desk.manager])
    assert ((await desk.job()).state, (await desk.job()).progress) == (JobState.DONE, 1.0)


async def test_the_exchanges_language_is_fixed_and_none_is_left_to_the_model(desk: SpeechDesk) -> None:
    engine = WrittenEngine()
    await desk.office.set(exchanges, desk.office.exchange.id, language="en")
    await desk.recording(await desk.call(), two_voices(desk.folder))
    await desk.runner(engine).run_due()
    await desk.office.set(exchanges, desk.office.exchange.id, language=None)
    await desk.recording(
        await desk.call(inbound("79160000001", at=MORNING + 60).rings("101").answers("101").ends()), two_voices(desk.folder)
    )
    await desk.runner(engine).run_due()

    assert [language for _, language in engine.given] == ["en", None]


async def test_the_menu_before_the_answer_and_the_hold_are_not_heard(desk: SpeechDesk) -> None:
    engine = WrittenEngine()
    story = inbound(at=MORNING).rings("101", after=8.0).answers("101", after=2.0).holds(after=10.0).ends(after=10.0)
    call = await desk.call(story)
    await desk.recording(call, two_voices(desk.folder), began=at(MORNING))

    await desk.runner(engine).run_due()

    heard = engine.given[0][0][Side.CUSTOMER]
    assert 9.4 < loud_from(heard) < 9.6
    assert 20.4 < loud_until(heard[: 29 * 16_000]) < 20.6


async def test_no_transaction_is_open_while_the_model_works(desk: SpeechDesk) -> None:
    file = make_url(desk.database.url).database

    class WritingEngine(WrittenEngine):
        def transcribe(self, sides: Sides, language: str | None, heard: Heard = say_nothing) -> Transcription:
            with sqlite3.connect(str(file), timeout=0.5, isolation_level=None) as other:
                other.execute("BEGIN IMMEDIATE")  # fails if anybody holds the writer's lock
                other.execute("ROLLBACK")
            other.close()
            return super().transcribe(sides, language, heard)

    await desk.recording(await desk.call(), two_voices(desk.folder))

    await desk.runner(WritingEngine()).run_due()

    assert (await desk.job()).state == JobState.DONE, (await desk.job()).last_error


async def test_progress_reaches_the_page(desk: SpeechDesk) -> None:
    call = await desk.call()
    await desk.recording(call, two_voices(desk.folder))

    await desk.runner(WrittenEngine()).run_due()

    (told,) = await desk.told(EventKind.TRANSCRIPT_PROGRESS)
    assert (told.call_id, told.receivers) == (call, [desk.manager])
    assert 0.0 <= told.facts["progress"] < 1.0


async def test_a_worker_killed_before_it_wrote_leaves_one_transcript_in_the_end(desk: SpeechDesk) -> None:
    await desk.recording(await desk.call(), two_voices(desk.folder))
    runner = desk.runner(WrittenEngine())
    (job_id,) = await runner.due()
    await runner._claim(job_id)  # and then it is killed

    assert await desk.runner(WrittenEngine()).run_due() == 0
    assert await desk.runner(WrittenEngine(), later=timedelta(seconds=30)).run_due() == 1
    assert await desk.runner(WrittenEngine(), later=timedelta(seconds=60)).run_due() == 0

    assert await desk.office.count(transcripts) == 1
    assert len(await desk.told(EventKind.TRANSCRIPT_READY)) == 1


async def test_a_slow_worker_that_lost_its_lease_writes_nothing(desk: SpeechDesk) -> None:
    await desk.recording(await desk.call(), two_voices(desk.folder))
    late = desk.runner(WrittenEngine("поздно"))
    (job_id,) = await late.due()
    job = await late._claim(job_id)
    assert job is not None
    await desk.runner(WrittenEngine("вовремя"), later=timedelta(seconds=30)).run_due()

    kind = late._kinds[job.kind]
    await late._finish(job, await kind.work(job, lambda _done: _told()))

    assert (await desk.office.the(transcript_segments)).text == "вовремя"


async def _told() -> None:
    """Progress nobody reads."""


async def test_without_a_model_the_job_waits_and_says_what_to_do(desk: SpeechDesk) -> None:
    await desk.recording(await desk.call(), two_voices(desk.folder))

    await desk.runner(load_engine("base", desk.folder / "no models")).run_due()

    job = await desk.job()
    assert (job.state, job.last_error) == (JobState.PARKED, "There is no speech model base: run `firstring models fetch base`")
    assert await desk.office.count(transcripts) == 0


async def test_jobs_that_wait_for_a_model_go_again_when_it_is_there(desk: SpeechDesk) -> None:
    await desk.recording(await desk.call(), two_voices(desk.folder))
    await desk.runner(load_engine("base", desk.folder / "no models")).run_due()

    async with desk.database.write() as tx:
        assert await release_waiting(tx, NOW) == 1
    await desk.runner(WrittenEngine()).run_due()

    assert await desk.office.count(transcripts) == 1


async def test_other_parked_jobs_stay_parked_when_a_model_comes(desk: SpeechDesk) -> None:
    broken = desk.folder / "broken.wav"
    broken.write_bytes(b"RIFF and nothing more")
    await desk.recording(await desk.call(), broken)
    await desk.runner(WrittenEngine()).run_due()

    async with desk.database.write() as tx:
        assert await release_waiting(tx, NOW) == 0

    job = await desk.job()
    assert job.state == JobState.PARKED
    assert "cannot be" in job.last_error


async def test_a_recording_whose_file_is_gone_is_told_as_such(desk: SpeechDesk) -> None:
    call = await desk.call()
    await desk.recording(call, two_voices(desk.folder))
    await desk.blobs.delete(f"recordings/ab/{call}.wav")

    await desk.runner(WrittenEngine()).run_due()

    assert (await desk.job()).state == JobState.PARKED
    assert "is gone" in (await desk.job()).last_error


async def test_a_recording_that_was_deleted_needs_no_transcript(desk: SpeechDesk) -> None:
    recording = await desk.recording(await desk.call(), two_voices(desk.folder))
    async with desk.database.write() as tx:
        await tx.execute(delete(recordings).where(recordings.c.id == recording))

    await desk.runner(WrittenEngine()).run_due()

    assert (await desk.job()).state == JobState.DONE
    assert await desk.office.count(transcripts) == 0


async def test_a_recording_that_kills_every_worker_is_given_up(desk: SpeechDesk) -> None:
    await desk.recording(await desk.call(), two_voices(desk.folder))
    await desk.office.set(jobs, (await desk.job()).id, attempts=MOST_ATTEMPTS)

    await desk.runner(WrittenEngine()).run_due()

    assert (await desk.job()).state == JobState.PARKED
    assert "died" in (await desk.job()).last_error


async def test_hostile_words_are_kept_as_they_are(desk: SpeechDesk) -> None:
    said = "<script>alert(1)</script> '; DROP TABLE calls;-- \u202e"
    await desk.recording(await desk.call(), two_voices(desk.folder))

    await desk.runner(WrittenEngine(said)).run_due()

    assert (await desk.office.the(transcript_segments)).text == said


def test_the_twin_is_what_a_damaged_model_gives(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.bin").write_bytes(b"no weights")

    engine = load_engine("base", tmp_path)

    assert isinstance(engine, NullEngine)
    assert engine.why.startswith("There is no speech model")
