"""The doctor's visit as a job: he looks, and writes down what he found."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from api.doctor import checkup
from api.doctor.findings import Finding, as_json, fault, say, unknown
from api.doctor.test_call import TestCall
from crm_core.checkups import visits
from crm_core.checkups.visits import CHECKUP, Asked, Kind
from crm_core.db import Database
from crm_core.errors import FirstringError
from crm_core.exchanges import config
from crm_core.jobs import Finish, Job, JobKind, Progress
from crm_core.secrets import SecretBox
from crm_core.settings import Settings

LEASE = timedelta(seconds=60)


def job_kind(
    settings: Settings, database: Database, box: SecretBox, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> JobKind:
    """How `checkup` is done."""
    return JobKind(CHECKUP, _Visit(settings, database, box, now).work, lease=LEASE, most_attempts=3)


class _Visit:
    def __init__(self, settings: Settings, database: Database, box: SecretBox, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._database = database
        self._box = box
        self._now = now

    async def work(self, job: Job, _progress: Progress) -> Finish:
        async with self._database.write() as tx:
            asked = await visits.begin(tx, int(job.payload["checkup_id"]), now=self._now())
        findings = [] if asked is None else await self._found(asked, job)

        async def finish(tx: AsyncConnection) -> None:
            if asked is not None:
                await visits.note(tx, asked, [as_json(one) for one in findings], now=self._now())

        return finish

    async def _found(self, asked: Asked, job: Job) -> list[Finding]:
        try:
            if asked.kind is Kind.TEST_CALL:
                return await self._called(asked, job)
            return await self._examined(asked)
        except FirstringError as error:
            return [fault("no_visit", say("The doctor could not come: %(why)s", why=error.say))]

    async def _examined(self, asked: Asked) -> list[Finding]:
        house = await checkup.of_house(self._settings, self._database, self._box, now=self._now())
        async with self._database.read() as connection:
            exchange = await config.unopened(connection, asked.exchange_id)
        return house + await checkup.of_exchange(self._database, exchange.name, self._box, now=self._now())

    async def _called(self, asked: Asked, job: Job) -> list[Finding]:
        if not asked.is_first:  # its process died: the phone may have rung
            return [unknown("interrupted", say("The test call was interrupted, and is not repeated."))]

        async def told(findings: list[Finding]) -> None:
            async with self._database.write() as tx:
                await visits.note(tx, asked, [as_json(one) for one in findings], now=self._now(), is_over=False)

        call = TestCall(self._database, self._box, asked.exchange_id, told)
        return await call.placed(str(job.payload["extension"]), str(job.payload["number"]))
