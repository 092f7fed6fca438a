"""With REDIS_URL: Celery carries job ids, and nothing else, to the one task `run_job`. What a job is and how often it is
tried stays in the `jobs` table; a message lost on the way is sent again, one that comes twice finds nothing to claim."""

import asyncio
import ctypes
import signal
import sys
import threading
import time
from functools import cache

import structlog
from celery import Celery
from celery.signals import worker_process_init, worker_ready

from crm_core.blobs import blobs_of
from crm_core.db import Database
from crm_core.jobs import JobRunner
from crm_core.settings import load_settings
from transcribe.loading import Speech
from transcribe.transcribing import job_kind
from transcribe.waiting import Waiting

log = structlog.get_logger()

QUEUE = "firstring"
POLL = 1.0
SEND_AGAIN = 60.0  # seconds after which an id that is still due is believed lost
PR_SET_PDEATHSIG = 1

_redis = load_settings().redis_url
app = Celery("firstring", broker=_redis.get_secret_value() if _redis else None)
app.conf.update(
    task_default_queue=QUEUE,
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=200,
    worker_max_memory_per_child=1_200_000,  # kB
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


def serve() -> None:
    """Carry and work until stopped."""
    app.worker_main(["worker", "--concurrency=1", "--loglevel=WARNING", "--without-gossip", "--without-mingle"])


def run_job(job_id: int) -> bool:
    """False if the job is not to be had any more."""
    return _loop().run(_runner().run_one(job_id))


app.task(name="run_job")(run_job)


@cache
def _loop() -> asyncio.Runner:
    """One event loop for the life of this process: the database's connections belong to it."""
    return asyncio.Runner()


@cache
def _runner() -> JobRunner:
    settings = load_settings()
    database = Database(settings.database)
    kind = job_kind(database, blobs_of(settings), Speech(settings, limited=True).engine)
    return JobRunner(database, {kind.name: kind})


def _die_with_parent(**_facts: object) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _begin_carrying(**_facts: object) -> None:
    threading.Thread(target=lambda: asyncio.run(carry()), name="carry", daemon=True).start()


worker_process_init.connect(_die_with_parent)
worker_ready.connect(_begin_carrying)


async def carry() -> None:
    """Send the ids of due jobs, each once a minute at most, for as long as the process lives."""
    settings = load_settings()
    database, speech = Database(settings.database), Speech(settings)
    kind = job_kind(database, blobs_of(settings), speech.engine)
    runner = JobRunner(database, {kind.name: kind})
    waiting, sent = Waiting(database, speech), dict[int, float]()
    while True:
        try:
            await waiting.look()
            sent = await _send_due(runner, sent)
        except Exception:  # the database or Redis is away for a while: the ids are still due afterwards
            log.exception("carrying_failed")
        await asyncio.sleep(POLL)


async def _send_due(runner: JobRunner, sent: dict[int, float]) -> dict[int, float]:
    now = time.monotonic()
    due = await runner.due()
    for job_id in due:
        if now - sent.get(job_id, float("-inf")) > SEND_AGAIN:
            await asyncio.to_thread(app.send_task, "run_job", (job_id,))
            sent[job_id] = now
    return {job_id: at for job_id, at in sent.items() if job_id in due}
