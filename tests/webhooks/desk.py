"""What a test does with webhooks: as an administrator, and as the running product that carries the jobs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp.abc import AbstractResolver
from sqlalchemy import Row

from api import wiring
from api.context import AppContext
from api.reactor import react
from api.webhooks.sender import OwnResolver, Sender
from api.webhooks.sending import job_kind
from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.jobs import JobRunner
from crm_core.live import Wake
from crm_core.secrets import SecretBox
from crm_core.settings import Settings
from crm_core.users.tables import Role
from crm_core.webhooks import deeds
from crm_core.webhooks.addresses import Allowed
from crm_core.webhooks.tables import deliveries
from tests.office import Office

LOOPBACK = Allowed.of("127.0.0.0/8")
SOON = 2.0  # seconds that a try may take here


class Desk:
    """`admin` made the webhooks; `pass_by` moves the clock that gaps are counted by."""

    def __init__(self, office: Office, admin: int) -> None:
        self.office = office
        self.admin = admin
        self.box = SecretBox("a key for tests")
        self.time = datetime.now(UTC) + timedelta(minutes=1)  # reactions put jobs down by the real clock
        wake = Wake()
        office.database.on_commit(wake.wake)
        settings = Settings(data_dir=Path(), webhooks_allow="127.0.0.0/8", _env_file=None)  # type: ignore[call-arg]
        self.context = AppContext(settings, office.database, Blobs(Path("blobs")), self.box, wake, now=self.now)

    @classmethod
    async def opened(cls, office: Office) -> "Desk":
        return cls(office, await office.person("Admin", role=Role.ADMIN))

    @property
    def database(self) -> Database:
        return self.office.database

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **time: float) -> None:
        self.time += timedelta(**time)

    async def add(self, url: str, *kinds: str, allowed: Allowed = LOOPBACK, since: datetime | None = None) -> tuple[int, str]:
        """Tells its id and its secret. It was made long before the calls of these tests, unless told otherwise."""
        async with self.database.write() as tx:
            made = since or datetime(2020, 1, 1, tzinfo=UTC)
            return await deeds.add(tx, url, kinds, allowed=allowed, box=self.box, now=made, by=self.admin)

    async def happen(self, *told: Any) -> None:
        """Calls are taken in, and what follows from their events is set going."""
        await self.office.take(*[[*one] for one in told])
        await self.follow()

    async def follow(self) -> None:
        while await react(self.context, wiring.REACTIONS):
            pass

    def runner(self, resolver: AbstractResolver | None = None, allowed: Allowed = LOOPBACK, seconds: float = SOON) -> JobRunner:
        sender = Sender(allowed, resolver or OwnResolver(4), seconds=seconds)
        kind = job_kind(self.database, self.box, sender, self.now)
        return JobRunner(self.database, {kind.name: kind}, self.now)

    async def send(self, runner: JobRunner | None = None) -> int:
        """Run what is due; tells how many tries there were."""
        return await (runner or self.runner()).run_due()

    async def sent(self, **where: Any) -> Sequence[Row[Any]]:
        return await self.office.rows(deliveries, **where)
