"""With REDIS_URL: Celery carries job ids, and nothing else, to the one task `run_job`. What a job is and how often it is
tried stays in the `jobs` table; a message lost on the way is sent again, one that comes twice finds nothing to claim.

More workers, here or on other machines: `celery -A transcribe.celery_app worker`. One of them at a time sends the ids.
"""

import asyncio
import ctypes
import signal
import sys
import threading
import time
from functools import cache

import structlog
from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_ready
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from crm_core.blobs import Blobs, blobs_of
from crm_core.db import Database, database_trouble
from crm_core.errors import SettingsError
from crm_core.jobs import JobRunner
from crm_core.leases import LeaseLost, hold, new_holder
from crm_core.live_by_redis import redis_address
from crm_core.logs import begin_log
from crm_core.settings import Settings, load_settings
from transcribe.loading import Speech
from transcribe.transcribing import job_kind
from transcribe.waiting import Waiting

log = structlog.get_logger()

QUEUE = "firstring"
POLL = 1.0
SEND_AGAIN = 60.0  # seconds after which an id that is still due is believed lost
ANSWER = 5.0  # seconds Redis has for an answer
PR_SET_PDEATHSIG = 1

_redis = load_settings().redis_url
app = Celery("firstring", broker=_redis.get_secret_value() if _redis else None)
app.conf.update(
    task_default_queue=QUEUE,
    task_serializer="json",
    accept_content=["json"],  # whoever can write to Redis must not be able to have us run his pickles
    result_accept_content=["json"],
    result_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=200,
    worker_max_memory_per_child=1_200_000,  # kB
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # for ever
    broker_transport_options={"socket_timeout": ANSWER, "socket_connect_timeout": ANSWER},
)


def serve() -> None:
    """Carry and work until stopped."""
    app.worker_main(["worker", "--concurrency=1", "--without-gossip", "--without-mingle"])


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


def _begin_log(**_facts: object) -> None:
    """As in every process: structlog as it comes would tell each traceback with its values, and so what customers said."""
    begin_log(load_settings())


setup_logging.connect(_begin_log)
worker_process_init.connect(_die_with_parent)
worker_ready.connect(_begin_carrying)


async def carry() -> None:
    """Send the ids of due jobs for as long as the process lives, whenever it is our turn among the workers."""
    settings, holder, begins = load_settings(), new_holder(), True
    database = Database(settings.database)
    while True:
        try:
            blobs = blobs_of(settings)  # before it is our turn: who cannot have them leaves that to another
            async with hold(database, "carry", holder) as held:
                begins = True
                await _carry(held.database, settings, blobs)
        except LeaseLost:
            continue
        except Exception as error:  # whoever gave up here would stay up and send nothing
            if begins:
                log.warning("carrying_not_begun", why=_trouble(error), exc_info=_trouble(error) is None)
            begins = False
            await asyncio.sleep(POLL)


async def _carry(database: Database, settings: Settings, blobs: Blobs) -> None:
    speech = Speech(settings)
    kind = job_kind(database, blobs, speech.engine)
    runner = JobRunner(database, {kind.name: kind})
    waiting, mail, answers = Waiting(database, speech), Mail(), True
    while True:
        try:
            await waiting.look()
            await asyncio.to_thread(mail.send, await runner.due())
            answers = True
        except LeaseLost:
            raise
        except Exception as error:  # the database or Redis is away for a while: the ids are still due afterwards
            if answers:
                log.warning("carrying_failed", why=_trouble(error), exc_info=_trouble(error) is None)
            answers = False
        await asyncio.sleep(POLL)


def _trouble(error: Exception) -> str | None:
    if isinstance(error, (RedisError, OperationalError)):
        return f"Redis does not answer: {type(error).__name__}"
    if isinstance(error, SettingsError):
        return str(error)
    return database_trouble(error)


class Mail:
    """Each id once a minute at most, and anew to a Redis that is not the one of before: it came back empty. Blocking."""

    def __init__(self) -> None:
        self._sent: dict[int, float] = {}
        self._redis: Redis | None = None
        self._known: str | None = None

    def send(self, due: list[int]) -> None:
        """Raises RedisError or kombu's OperationalError where Redis is gone."""
        self._look()
        now = time.monotonic()
        self._sent = {job_id: at for job_id, at in self._sent.items() if job_id in due and now - at <= SEND_AGAIN}
        for job_id in due:
            if job_id not in self._sent:
                app.send_task("run_job", (job_id,), retry=False)
                self._sent[job_id] = now

    def _look(self) -> None:
        found = self._client().info("server")["run_id"]
        if found != self._known:
            self._known, self._sent = found, {}

    def _client(self) -> Redis:
        if self._redis is None:
            address = redis_address(_redis.get_secret_value() if _redis else "")
            self._redis = Redis.from_url(address, socket_timeout=ANSWER, socket_connect_timeout=ANSWER)
        return self._redis
