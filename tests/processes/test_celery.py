"""Jobs by Celery and a real Redis, workers as processes of their own: Redis may go and come back empty, workers may be killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import redis as redis_client
from sqlalchemy import func, select

from crm_core.db import Database
from crm_core.jobs import JobState, enqueue, jobs
from crm_core.transcripts.queries import TRANSCRIBE_JOB
from tests.processes.redis_server import RedisServer
from tests.product import ROOT

KIND = TRANSCRIBE_JOB
WORKER = ("-m", "celery", "-A", "transcribe.celery_app", "worker", "--concurrency=1")


class CeleryWorker:
    """`celery -A transcribe.celery_app worker`. The jobs here name recordings that are gone: what reaches it is done at once."""

    def __init__(self, folder: Path, database: str, redis_url: str, **settings: str) -> None:
        (folder / "models").mkdir(parents=True, exist_ok=True)
        self.log = folder / "celery.log"
        told = {"DATA_DIR": folder / "var", "DATABASE_URL": database, "REDIS_URL": redis_url, "MODELS_DIR": folder / "models"}
        told |= settings
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTRING_")}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, *WORKER, "-n", f"{folder.name}@%h"],
                env=clean | {f"FIRSTRING_{name}": str(value) for name, value in told.items()},
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=ROOT,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    async def says(self, words: str) -> None:
        await until(lambda: words in self.said, self)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """With all that it started."""
        if self.process.poll() is None:
            tree = self.children()
            self.process.kill()
            for member in tree:
                member.kill()
        self.process.wait()


@contextmanager
def celery_worker(folder: Path, database: str, redis_url: str, **settings: str) -> Iterator[CeleryWorker]:
    folder.mkdir()
    worker = CeleryWorker(folder, database, redis_url, **settings)
    try:
        yield worker
    finally:
        worker.kill()


@pytest.fixture
def worker(tmp_path: Path, url: str, redis: RedisServer) -> Iterator[CeleryWorker]:
    with celery_worker(tmp_path / "first", url, redis.url) as worker:
        yield worker


class Queue:
    """The jobs as the product put them down, and how they stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_down(self, *numbers: int) -> None:
        now = datetime.now(UTC)
        async with self._database.write() as tx:
            for number in numbers:
                await enqueue(tx, KIND, f"{KIND}:{number}", {"recording_id": number}, now=now)

    async def put_down_what_fails(self, word: str) -> None:
        async with self._database.write() as tx:
            await enqueue(tx, KIND, f"{KIND}:none", {"no recording": word}, now=datetime.now(UTC))

    async def standing(self) -> dict[tuple[str, int], int]:
        """How many there are of each state and number of attempts."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(jobs.c.state, jobs.c.attempts, func.count()).group_by(jobs.c.state, jobs.c.attempts)
            )
            return {(row[0], row[1]): row[2] for row in rows}


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


async def until(holds: Callable[[], bool], worker: CeleryWorker, within: float = 60) -> None:
    async with asyncio.timeout(within):
        while not holds():
            assert worker.process.poll() is None, worker.said[-3000:]
            await asyncio.sleep(0.1)


async def done(queue: Queue, worker: CeleryWorker, number: int, within: float = 60) -> None:
    """All so many jobs, each once."""
    async with asyncio.timeout(within):
        while await queue.standing() != {(JobState.DONE, 1): number}:
            assert worker.process.poll() is None, worker.said[-3000:]
            await asyncio.sleep(0.1)


def lying(redis: RedisServer) -> int:
    with redis_client.Redis.from_url(redis.url) as client:
        return int(client.llen("firstring")) + int(client.hlen("unacked"))


async def test_what_is_put_down_while_redis_is_gone_is_done_when_it_is_back_empty(
    queue: Queue, redis: RedisServer, worker: CeleryWorker
) -> None:
    await queue.put_down(1)
    await done(queue, worker, 1)

    redis.kill()
    await queue.put_down(2, 3, 4)
    await worker.says("carrying_failed")
    redis.start()
    await queue.put_down(5)

    await done(queue, worker, 5)
    assert worker.said.count("carrying_failed") == 1


async def test_ids_that_lay_in_a_redis_that_came_back_empty_are_sent_again(
    url: str, queue: Queue, redis: RedisServer, tmp_path: Path
) -> None:
    """Sent, not yet fetched: the worker is stopped in mid-step while they lie there."""
    with celery_worker(tmp_path / "first", url, redis.url) as worker:
        await queue.put_down(0)
        await done(queue, worker, 1)
        for child in worker.children():
            child.send_signal(signal.SIGSTOP)  # who works, not who sends
        await queue.put_down(*range(1, 6))
        await until(lambda: lying(redis) > 0, worker)

        redis.kill()
        redis.start()
        for child in worker.children():
            child.send_signal(signal.SIGCONT)

        await done(queue, worker, 6)


async def test_a_second_worker_has_what_a_killed_one_left(url: str, queue: Queue, redis: RedisServer, tmp_path: Path) -> None:
    with celery_worker(tmp_path / "first", url, redis.url) as first, celery_worker(tmp_path / "second", url, redis.url) as second:
        await first.says("lease=carry")
        await second.says("lease=carry")
        carries = first if "lease_taken" in first.said else second
        carries.kill()
        await queue.put_down(*range(4))

        await done(queue, second if carries is first else first, 4)


async def test_who_cannot_have_the_files_at_its_start_carries_when_he_can(
    url: str, queue: Queue, redis: RedisServer, tmp_path: Path
) -> None:
    """As where the disk is mounted later."""
    in_its_place = tmp_path / "var" / "blobs"
    in_its_place.parent.mkdir()
    in_its_place.touch()
    with celery_worker(tmp_path / "first", url, redis.url, DATA_DIR=str(in_its_place.parent)) as worker:
        await worker.says("cannot be made")
        in_its_place.unlink()
        await queue.put_down(1)
        await done(queue, worker, 1)

    assert worker.said.count("carrying_not_begun") == 1


async def test_what_went_wrong_stands_in_the_log_as_everywhere_without_the_values(
    url: str, queue: Queue, redis: RedisServer, tmp_path: Path
) -> None:
    with celery_worker(tmp_path / "first", url, redis.url, LOG_FORMAT="json") as worker:
        await queue.put_down_what_fails("a word of a customer")
        await worker.says("job_failed")

    lines = [json.loads(line) for line in worker.said.splitlines() if line.startswith("{")]
    [failed] = [line for line in lines if line["event"] == "job_failed"]
    assert (failed["kind"], failed["level"]) == (KIND, "error")
    assert "a word of a customer" not in worker.said


async def test_a_pickle_is_refused(queue: Queue, redis: RedisServer, worker: CeleryWorker) -> None:
    """Whoever can write to Redis must not have us run his code."""
    from transcribe.celery_app import app

    await queue.put_down(1)
    await done(queue, worker, 1)
    with app.connection_for_write(redis.url) as connection:
        app.send_task("run_job", (1,), connection=connection, serializer="pickle", retry=False)

    await worker.says("ContentDisallowed")
    await queue.put_down(2)
    await done(queue, worker, 2)
