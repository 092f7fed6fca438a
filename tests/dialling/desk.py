"""Olga at phone 101, whose exchange may be dialled on; she knows one customer."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update

from crm_core.access import Actor
from crm_core.calls.tables import exchanges
from crm_core.db import Database
from crm_core.dialling.asking import Asked, ask
from crm_core.dialling.phones import Wanted
from crm_core.dialling.queries import AttemptLine, attempt
from crm_core.dialling.rules import DialRules
from crm_core.dialling.settings import set_dialler, set_rules
from crm_core.jobs import JobRunner
from crm_core.secrets import SecretBox
from crm_core.users.tables import Role
from pbx.originate import job_kind
from pbx.practice import DIALLER, SECRET
from tests.office import LONG_AGO
from tests.pbx.listening import Desk
from tests.pbx.test_connection import QUICK

KNOWN, STRANGER = "79161112233", "79035557788"
MOSCOW = ZoneInfo("Europe/Moscow")
BOX = SecretBox("a key for tests")
BY_DAY = DialRules(countries=("RU",), night_from=datetime.min.time(), night_until=datetime.min.time(), ring_seconds=5)
"""No night: these tests run at any hour."""


class DialDesk(Desk):
    """`olga` has 101 and `igor` 102; `now` is the product's clock, real unless a test sets it."""

    olga: Actor
    igor: Actor
    now: datetime | None = None

    @classmethod
    async def at(cls, database: Database, port: int) -> "DialDesk":
        desk = await cls.opened(database, own_numbers=("74951112233",))
        if not isinstance(desk, DialDesk):
            raise TypeError("opened as something else")
        desk.at_port(port)
        desk.olga = Actor(await desk.person("Olga", "101"), Role.MANAGER, "Olga")
        desk.igor = Actor(await desk.person("Igor", "102"), Role.MANAGER, "Igor")
        await desk.contact(KNOWN, "Pavel", desk.olga.user_id)
        async with database.write() as tx:
            await tx.execute(update(exchanges).values(ami_port=port))
            await set_dialler(tx, desk.exchange.id, DIALLER, SECRET, BOX, now=LONG_AGO, by=None)
        await desk.rules(BY_DAY)
        return desk

    async def rules(self, rules: DialRules, **changed: Any) -> None:
        async with self.database.write() as tx:
            await set_rules(tx, self.exchange.id, replace(rules, **changed), now=LONG_AGO, by=None)

    def clock(self) -> datetime:
        return self.now or datetime.now(UTC)

    async def clicks(
        self, to: str = KNOWN, extension: str | None = None, *, by: Actor | None = None, key: str | None = None
    ) -> Asked:
        async with self.database.write() as tx:
            return await ask(tx, by or self.olga, Wanted(to, extension), now=self.clock(), zone=MOSCOW, key=key)

    def runner(self) -> JobRunner:
        """Another one each time, as after a restart."""
        kind = job_kind(self.database, BOX, self.clock, patience=QUICK)
        return JobRunner(self.database, {kind.name: kind}, self.clock)

    async def line(self, asked: Asked, by: Actor | None = None) -> AttemptLine:
        async with self.database.read() as connection:
            return await attempt(connection, by or self.olga, asked.attempt_id or 0)

    async def goes(self, to: str = KNOWN) -> AttemptLine:
        """A click, and what came of it once its job is done."""
        asked = await self.clicks(to)
        if asked.refusal is not None:
            raise AssertionError(f"refused: {asked.refusal}")
        await self.runner().run_due()
        return await self.line(asked)
