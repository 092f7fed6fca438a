from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.events import Event, EventKind
from crm_core.jobs import JobRunner, JobState
from crm_core.tables import (
    call_linkedids,
    call_rings,
    call_talks,
    calls,
    contacts,
    deals,
    events,
    exchanges,
    jobs,
    pipelines,
    recordings,
    stages,
    users,
)
from crm_core.users.tables import Role
from recordings.fetch import attach_recordings, job_kind
from tests.database_fixtures import postgres, postgres_url, template
from tests.databases import fresh_sqlite
from tests.file_stores import S3Server, s3

__all__ = ["postgres", "postgres_url", "s3", "template"]

BEGAN = datetime(2026, 11, 21, 23, 43, 56, tzinfo=UTC)
ANSWERED = BEGAN + timedelta(seconds=2)
KEY = "1795304636.0"


class Clock:
    """The product's clock, moved by hand."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC) + timedelta(minutes=1)  # what the tests put down meanwhile is due

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Desk:
    """A company with one exchange, one user, one deal; its recordings folder and what keeps them."""

    database: Database
    blobs: Blobs
    files: str
    s3: S3Server | None
    root: Path
    scratch: Path
    clock: Clock

    async def call(self, *announced: str, key: str = KEY, direction: str = "inbound", seconds: float = 3, **facts: Any) -> int:
        """An ended call, answered unless `outcome` says otherwise, and the job that follows."""
        row = {
            "exchange_id": 1, "key": key, "direction": direction, "state": "ended", "started_at": BEGAN, "answered_at": ANSWERED,
            "ended_at": ANSWERED + timedelta(seconds=seconds), "outcome": "answered", "talk_seconds": seconds,
            "announced": list(announced), "contact_id": 1, "deal_id": 1, "stage_id": 1, "user_id": 2,
        }  # fmt: skip
        async with self.database.write() as tx:
            call_id: int = (await tx.execute(insert(calls).values(row | facts).returning(calls.c.id))).scalar_one()
            await tx.execute(insert(call_linkedids).values(exchange_id=1, linkedid=key, call_id=call_id))
            await tx.execute(insert(call_rings).values(call_id=call_id, position=0, extension="103", user_id=3, rang_at=BEGAN))
            await tx.execute(
                insert(call_talks).values(
                    call_id=call_id,
                    position=0,
                    extension="101",
                    user_id=2,
                    joined_at=ANSWERED,
                    talk_seconds=3,
                    consultation_seconds=0,
                )
            )
        await self.tell_ended(call_id)
        return call_id

    async def tell_ended(self, call_id: int) -> None:
        async with self.database.write() as tx:
            await attach_recordings(tx, [Event(EventKind.CALL_ENDED, BEGAN, call_id=call_id)])

    def runner(self) -> JobRunner:
        kind = job_kind(self.database, self.blobs, self.scratch, self.clock)
        return JobRunner(self.database, {kind.name: kind}, self.clock)

    async def work(self, times: int = 40, runner: JobRunner | None = None) -> list[str]:
        """Let the jobs run until they rest; the time they wait passes at once."""
        runner = runner or self.runner()
        for _ in range(times):
            states = await self.states()
            if JobState.QUEUED not in states and JobState.RUNNING not in states:
                break
            await runner.run_due()
            self.clock.pass_by(61)
        return await self.states()

    async def states(self) -> list[str]:
        return [row.state for row in await self.rows(jobs)]

    async def rows(self, table: Table) -> list[Row[Any]]:
        async with self.database.read() as connection:
            return list((await connection.execute(select(table).order_by(table.c.id))).all())

    async def stored(self) -> list[Row[Any]]:
        return await self.rows(recordings)

    async def told(self, kind: EventKind) -> list[Row[Any]]:
        return [row for row in await self.rows(events) if row.kind == kind]

    async def fault(self) -> str:
        return str((await self.rows(jobs))[-1].last_error)

    async def set_root(self, root: Path | str | None) -> None:
        async with self.database.write() as tx:
            await tx.execute(update(exchanges).values(recordings_root=None if root is None else str(root)))

    def kept(self) -> list[str]:
        if self.s3 is not None:
            return sorted(key.rpartition("/")[2] for key in self.s3.keys(self._bucket))
        return sorted(path.name for path in Path(self.files).rglob("*") if path.is_file())

    def file_of(self, blob: str) -> Path:
        if self.s3 is None:
            return Path(self.files) / blob
        copy = self.scratch.parent / blob.rpartition("/")[2]
        self.s3.client().download_file(self._bucket, f"audio/{blob}", str(copy))
        return copy

    @property
    def _bucket(self) -> str:
        return self.files.split("/")[2]


Place = tuple[str, str, S3Server | None]
"""The addresses of the database and of the store of files, and the server of the latter."""


@pytest.fixture(params=["sqlite and a folder", "postgresql and s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "sqlite and a folder":
        return fresh_sqlite(template, tmp_path), str(tmp_path / "blobs"), None
    s3: S3Server = request.getfixturevalue("s3")
    for name, value in s3.settings.items():
        monkeypatch.setenv(name, value)
    return request.getfixturevalue("postgres_url"), f"s3://{s3.bucket()}/audio", s3


@pytest.fixture
async def desk(place: Place, tmp_path: Path) -> AsyncIterator[Desk]:
    url, files, s3 = place
    database = Database(url)
    async with database.write() as tx:
        await _furnish(tx, tmp_path / "monitor")
    (tmp_path / "monitor").mkdir()
    yield Desk(database, Blobs(files), files, s3, tmp_path / "monitor", tmp_path / "scratch", Clock())
    await database.close()


async def _furnish(tx: AsyncConnection, root: Path) -> None:
    """One exchange; users 1 (owns the deal), 2 (answers), 3 (is rung), 4 (has nothing to do with it)."""
    for name in ("owner", "answers", "rung", "stranger"):
        person = {"email": f"{name}@test.example", "name": name, "role": Role.MANAGER, "created_at": BEGAN}
        await tx.execute(insert(users).values(person))
    exchange = {"name": "default", "region": "RU", "ami_host": "127.0.0.1", "ami_port": 5038, "ami_user": "u", "ami_secret": "s"}
    await tx.execute(insert(exchanges).values(exchange | {"recordings_root": str(root), "created_at": BEGAN}))
    await tx.execute(insert(pipelines).values(name="Sales", position=0))
    for position in (0, 1):
        await tx.execute(insert(stages).values(pipeline_id=1, name=f"Stage {position}", position=position))
    await tx.execute(insert(contacts).values(created_at=BEGAN))
    deal = {"contact_id": 1, "pipeline_id": 1, "stage_id": 1, "stage_since": BEGAN, "owner_id": 1, "created_at": BEGAN}
    await tx.execute(insert(deals).values(deal))
