"""The most memory a worker holds while it transcribes seven minutes, against bare batched faster-whisper on the same sound."""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crm_core.db import Database
from crm_core.jobs import JobState
from crm_core.migrations.upgrade import upgrade_now
from pbx.playing.speech import scripts
from tests.benchmarks.figures import Figure
from tests.transcribe.desk import SpeechDesk, stereo_of
from tests.transcribe.worker_process import WorkerProcess
from transcribe import models

BARE = """
import sys
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.audio import decode_audio
model = BatchedInferencePipeline(WhisperModel(sys.argv[1], device="cpu", compute_type="int8"))
found, _ = model.transcribe(decode_audio(sys.argv[2]), language="ru", batch_size=8, word_timestamps=True)
list(found)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


async def run() -> Figure:
    folder = models.fetch("base", Path(sys.prefix) / "models")
    russian = [spoken for spoken in scripts() if spoken.language == "ru"]
    with tempfile.TemporaryDirectory() as scratch:
        file = stereo_of(Path(scratch), *russian * 4)
        ours = await worker_peak(Path(scratch), file, folder.parent)
        bare = int(subprocess.run([sys.executable, "-c", BARE, folder, file], capture_output=True, text=True, check=True).stdout)
    explained = [f"worker {ours // 1024} MB at its peak, bare {bare // 1024} MB"]
    return Figure("worker_peak", ours / bare, 1.2, explained=explained)


async def worker_peak(scratch: Path, file: Path, models_dir: Path) -> int:
    """kB, of a worker that transcribes this recording."""
    url = f"sqlite+aiosqlite:///{scratch / 'bench.db'}"
    await asyncio.to_thread(upgrade_now, url)
    database = Database(url)
    desk = await SpeechDesk.opened(database, scratch)
    await desk.recording(await desk.call(), file, began=None)
    worker = WorkerProcess(desk, models_dir)
    try:
        return await _peak_when_done(desk, worker)
    finally:
        worker.stop()
        await database.close()


async def _peak_when_done(desk: SpeechDesk, worker: WorkerProcess) -> int:
    until = time.monotonic() + 600
    while (await desk.job()).state != JobState.DONE:
        if time.monotonic() > until:
            raise TimeoutError(worker.log.read_text()[-1000:])
        await asyncio.sleep(0.2)
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
