"""The worker as a process of its own, with the real model: killed, starved of a model, left by its starter."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from crm_core.events import EventKind
from crm_core.jobs import JobState, free_running
from crm_core.transcripts.speech import Side
from crm_core.transcripts.tables import transcript_segments, transcripts
from pbx.playing.speech import script, scripts
from tests.office import NOW
from tests.requirements import need_redis
from tests.transcribe.desk import SpeechDesk, stereo_of
from tests.transcribe.worker_process import WorkerProcess

pytestmark = pytest.mark.model

RUSSIAN = tuple(spoken for spoken in scripts() if spoken.language == "ru")


Started = Callable[..., WorkerProcess]


@pytest.fixture
async def start(desk: SpeechDesk, base_model: Path) -> AsyncIterator[Started]:
    running: list[WorkerProcess] = []

    def begin(models_dir: Path = base_model.parent, **settings: str) -> WorkerProcess:
        running.append(WorkerProcess(desk, models_dir, **settings))
        return running[-1]

    yield begin
    for worker in running:
        worker.stop()


async def eventually(look: Callable[[], Awaitable[Any]], log: Path, within: float = 60.0) -> Any:
    until = time.monotonic() + within
    while not (found := await look()):
        assert time.monotonic() < until, f"not within {within} s; the worker said: {log.read_text()[-2000:]}"
        await asyncio.sleep(0.05)
    return found


async def done(desk: SpeechDesk) -> bool:
    return bool((await desk.job()).state == JobState.DONE)


async def said(desk: SpeechDesk, side: Side) -> str:
    rows = await desk.office.rows(transcript_segments, side=side)
    return " ".join(row.text for row in rows).lower()


async def test_a_recording_is_transcribed_by_the_worker(desk: SpeechDesk, start: Started) -> None:
    await desk.recording(await desk.call(), stereo_of(desk.folder, script("ru_shop")), began=None)

    worker = start()
    await eventually(lambda: done(desk), worker.log)

    assert "стоимость зависит" in await said(desk, Side.MANAGER)
    assert "сколько это стоит" in await said(desk, Side.CUSTOMER)
    process = psutil.Process(worker.process.pid)
    assert process.nice() == 10
    assert process.rlimit(psutil.RLIMIT_DATA)[0] < 4 << 30


async def test_killed_in_mid_transcription_and_started_again_it_leaves_exactly_one_transcript(
    desk: SpeechDesk, start: Started
) -> None:
    await desk.recording(await desk.call(), stereo_of(desk.folder, *RUSSIAN * 2), began=None)

    first = start()

    async def under_way() -> bool:
        return (await desk.job()).state == JobState.RUNNING and "speech_model_loaded" in first.log.read_text()

    await eventually(under_way, first.log)
    first.kill()
    assert (await desk.job()).state == JobState.RUNNING
    assert await desk.office.count(transcripts) == 0
    async with desk.database.write() as tx:
        await free_running(tx, NOW)  # as the hub does when it starts

    second = start()
    await eventually(lambda: done(desk), second.log, within=180)

    assert await desk.office.count(transcripts) == 1
    assert len(await desk.told(EventKind.TRANSCRIPT_READY)) == 1
    assert (await desk.job()).attempts == 2
    assert (await said(desk, Side.MANAGER)).count("уточнить стоимость") == 2


async def test_it_waits_for_a_model_and_begins_when_there_is_one(desk: SpeechDesk, start: Started, base_model: Path) -> None:
    await desk.recording(await desk.call(), stereo_of(desk.folder, script("en_call_back")), began=None)
    models_dir = desk.folder / "models"
    models_dir.mkdir()

    async def parked() -> bool:
        return bool((await desk.job()).state == JobState.PARKED)

    worker = start(models_dir)
    await eventually(parked, worker.log)
    assert "firstring models fetch" in (await desk.job()).last_error
    (models_dir / "base").symlink_to(base_model)
    await eventually(lambda: done(desk), worker.log)

    assert "i will call you back" in await said(desk, Side.MANAGER)


async def test_it_ends_when_whoever_started_it_is_gone(desk: SpeechDesk, start: Started) -> None:
    worker = start()
    assert worker.process.stdin is not None

    worker.process.stdin.close()

    assert await asyncio.to_thread(worker.process.wait, 20) == 0


async def test_it_ends_when_it_is_told_to(desk: SpeechDesk, start: Started) -> None:
    worker = start()

    async def listens() -> bool:
        with Path(f"/proc/{worker.process.pid}/status").open() as status:
            caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt"))
        return bool(caught & 1 << (signal.SIGTERM - 1))

    await eventually(listens, worker.log)
    worker.process.terminate()

    assert await asyncio.to_thread(worker.process.wait, 20) == 0


async def test_a_wrong_setting_is_one_line(desk: SpeechDesk, start: Started) -> None:
    worker = start(TIMEZONE="Nowhere/Land")

    assert await asyncio.to_thread(worker.process.wait, 20) == 1
    assert worker.log.read_text().startswith("FIRSTRING_TIMEZONE")
    assert len(worker.log.read_text().splitlines()) == 1


@pytest.fixture
def redis_url(tmp_path: Path) -> Any:
    if (reason := need_redis()) is not None:
        pytest.skip(reason)
    socket = tmp_path / "redis.sock"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    yield f"redis+socket://{socket}"
    server.kill()
    server.wait()


async def test_with_redis_celery_carries_the_job_here(desk: SpeechDesk, start: Started, redis_url: str) -> None:
    await desk.recording(await desk.call(), stereo_of(desk.folder, script("ru_shop")), began=None)

    worker = start(REDIS_URL=redis_url)
    await eventually(lambda: done(desk), worker.log)

    assert await desk.office.count(transcripts) == 1
    assert "сколько это стоит" in await said(desk, Side.CUSTOMER)
