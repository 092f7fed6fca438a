"""The worker: `python -m transcribe.worker`. Claims jobs of its kind, one at a time, until told to stop or due for recycling.

Ends with 0 when it wants to be started anew: its libraries leak, and an idle worker need not hold a model. Ends at once
when its standard input closes, for then whoever started it is gone. With REDIS_URL, Celery carries the jobs' ids here.
"""

import asyncio
import os
import resource
import signal
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from crm_core.blobs import Blobs, blobs_of
from crm_core.db import Database, database_trouble
from crm_core.errors import SettingsError
from crm_core.jobs import JobRunner
from crm_core.logs import begin_log
from crm_core.settings import Settings, load_settings
from transcribe.loading import Speech
from transcribe.transcribing import job_kind
from transcribe.waiting import Waiting

log = structlog.get_logger()

POLL = 1.0  # seconds
NICENESS = 10  # calls come first
MOST_JOBS = 200
IDLE_WITH_MODEL = 300.0  # seconds
MOST_RESIDENT = 1200 << 20  # bytes after a job; a fresh worker keeps about 800 MB


class Worker:
    """Runs what is due until it is worn."""

    def __init__(
        self, database: Database, blobs: Blobs, speech: Speech, clock: Callable[[], float], most_jobs: int = MOST_JOBS
    ) -> None:
        kind = job_kind(database, blobs, speech.engine)
        self._runner = JobRunner(database, {kind.name: kind})
        self._speech = speech
        self._clock = clock
        self._left = most_jobs
        self._last_ran = clock()
        self._waiting = Waiting(database, speech)

    async def run(self) -> None:
        """Until this process should be replaced by a fresh one."""
        while not self._is_worn():
            await self._waiting.look()
            if not await self._run_one():
                await asyncio.sleep(POLL)
        log.info("worker_worn", resident_mb=resident_bytes() >> 20)

    async def _run_one(self) -> bool:
        for job_id in await self._runner.due(limit=1):
            if await self._runner.run_one(job_id):
                self._left -= 1
                self._last_ran = self._clock()
                return True
        return False

    def _is_worn(self) -> bool:
        idle = self._speech.is_loaded and self._clock() - self._last_ran > IDLE_WITH_MODEL
        return idle or self._left <= 0 or resident_bytes() > MOST_RESIDENT


def resident_bytes() -> int:
    """Memory this process holds now; where the system does not tell, nothing is known and nothing is done about it."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


async def serve(settings: Settings) -> None:
    """Work until SIGTERM, SIGINT, or until worn."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end_now)
    database = Database(settings.database)
    await Worker(database, blobs_of(settings), Speech(settings, limited=True), loop.time).run()
    await database.close()


def end_now() -> None:
    """A recording takes minutes and its thread cannot be stopped; when the job's lease ends another worker has it."""
    os._exit(0)


def end_with_starter() -> None:
    """Watch standard input, if it is a pipe of whoever started us: it closes when he is gone, also by kill -9."""
    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        threading.Thread(target=_wait_for_end, daemon=True).start()


def _wait_for_end() -> None:
    while os.read(0, 4096):
        pass
    end_now()


def main() -> None:
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(error.say)
    os.nice(NICENESS)
    begin_log(settings)
    end_with_starter()
    if settings.redis_url is None:
        _serve_alone(settings)
        return
    try:
        from transcribe import celery_app  # noqa: PLC0415 - Celery is there with the extra `redis` only
    except ModuleNotFoundError as error:
        sys.exit(f"FIRSTRING_REDIS_URL needs {error.name}: .venv/bin/uv pip install --require-hashes -r requirements/servers.txt")
    celery_app.serve()


def _serve_alone(settings: Settings) -> None:
    try:
        asyncio.run(serve(settings))
    except Exception as error:
        trouble = database_trouble(error)
        if trouble is None:
            raise
        log.warning("worker_ended", why=trouble)
        sys.exit(1)


if __name__ == "__main__":
    main()
