"""Where the people of the demo company sit: at one product on SQLite, or at two web processes of a firm whose parts run apart."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_core.db import Database
from crm_core.demo.company import seed_demo_company
from crm_core.exchanges import registry
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.registry import NewExchange
from crm_core.migrations.upgrade import upgrade_now
from crm_core.secrets import SecretBox
from pbx.playing.day import DIRECT, GROUP, SALES, demo_day
from pbx.practice import SECRET, USER
from tests.databases import aside, postgres_server
from tests.file_stores import S3Server, s3_server
from tests.practice_office import PracticeOffice, practice_office
from tests.processes.apart import KEY, Apart, apart, listener_of
from tests.processes.redis_server import redis_server
from tests.product import Api, eventually, running


@dataclass(frozen=True, slots=True)
class Seated:
    """The manager and the head of sales may sit at different web processes. `kept`: names of the files in S3, if any."""

    manager_at: str
    head_at: str
    api: Api
    kept: Callable[[], list[str]] | None = None


@contextmanager
def embedded(folder: Path) -> Iterator[Seated]:
    """`firstring demo`: one process tree on SQLite."""
    with running(folder / "var", "demo") as product:
        yield Seated(product.url, product.url, product.api())


@contextmanager
def processes_apart(folder: Path) -> Iterator[Seated]:
    """Two web processes, two listeners and a worker on PostgreSQL, Redis with Celery, and S3; each has its own data folder."""
    with (
        postgres_server() as postgres,
        redis_server() as redis,
        s3_server() as s3,
        practice_office(folder / "monitor") as office,
        pytest.MonkeyPatch.context() as environment,
    ):
        for name, value in s3.settings.items():
            environment.setenv(name, value)
        url, bucket = postgres.empty(), s3.bucket()
        aside(lambda: upgrade_now(url))
        aside(lambda: asyncio.run(_company(url, office)))
        with apart(folder, url, REDIS_URL=redis.url, FILES_URL=f"s3://{bucket}/firstring") as firm:
            seated = _opened(firm, s3, bucket)
            with _day(office):
                yield seated
            assert "Traceback" not in firm.said


def _opened(firm: Apart, s3: S3Server, bucket: str) -> Seated:
    for part in ("web", "web", "listen", "listen", "work"):
        firm.add(part)
    manager_at, head_at = firm.of("web")
    for web in (manager_at, head_at):
        web.wait_ready(90)
    listener_of(firm)
    eventually(lambda: "celery@" in firm.of("work")[0].said, within=60, what="Celery")
    return Seated(manager_at.url, head_at.url, head_at.api(), lambda: s3.keys(bucket))


async def _company(url: str, office: PracticeOffice) -> None:
    database, now = Database(url), datetime.now(UTC)
    ami = AmiAddress("127.0.0.1", office.port, tls=False, user=USER, secret=SECRET)
    new = NewExchange(registry.DEFAULT, ami, region="RU", recordings_root=office.recordings, own_numbers=(DIRECT, SALES, GROUP))
    async with database.write() as tx:
        exchange_id = await registry.add(tx, new, SecretBox(KEY), now=now)
        await seed_demo_company(tx, exchange_id, now=now, language="ru")
    await database.close()


@contextmanager
def _day(office: PracticeOffice) -> Iterator[None]:
    """The demo's day, once the people sit."""
    playing = office.begin(lambda: demo_day(office.exchange))
    try:
        yield
    finally:
        playing.cancel()
