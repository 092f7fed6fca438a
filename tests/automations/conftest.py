"""A company with a bare pipeline, somebody who works there, and a way to set automations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Row, insert, select

from crm_core.db import Database
from crm_core.deals.automations.tables import automation_runs, automations
from crm_core.deals.moves import move
from crm_core.deals.tables import stages
from crm_core.tasks.tables import tasks
from crm_core.users.tables import Role
from tests.database_fixtures import database, database_url, postgres, template
from tests.office import LONG_AGO, NOW, Office

__all__ = ["database", "database_url", "postgres", "template"]


@dataclass(slots=True)
class Company:
    """`stages`: ids in order; `olga` a manager, `head` her head, `deal` hers on the second stage."""

    office: Office
    stages: Sequence[int]
    olga: int
    head: int
    contact: int
    deal: int

    async def rule(
        self, action: str, trigger: str = "entry", at: int | None = None, *, when: dict[str, Any] | None = None, **settings: Any
    ) -> int:
        """An automation that has been there for long, for the stage `at` this position; tells its id."""
        position = len(await self.office.rows(automations))
        values = {
            "action": action, "trigger": trigger, "stage_id": None if at is None else self.stages[at], "when": when or {},
            "settings": settings, "position": position, "created_at": LONG_AGO,
        }  # fmt: skip
        async with self.office.database.write() as tx:
            return int((await tx.execute(insert(automations).values(values).returning(automations.c.id))).scalar_one())

    async def move(self, stage: int, now: datetime = NOW, deal: int | None = None) -> None:
        async with self.office.database.write() as tx:
            await move(tx, deal or self.deal, self.stages[stage], by=self.olga, now=now)

    async def runs(self) -> list[tuple[int, str, str | None]]:
        return [(row.rule_id, row.state, row.why) for row in await self.office.rows(automation_runs)]

    async def run_rows(self) -> Sequence[Row[Any]]:
        return await self.office.rows(automation_runs)

    async def titles(self) -> list[str | None]:
        return [row.title for row in await self.office.rows(tasks)]


@pytest.fixture
async def office(database: Database) -> Office:
    return await Office.opened(database)


@pytest.fixture
async def company(office: Office) -> Company:
    olga = await office.person("Ольга", "101")
    head = await office.person("Ирина", role=Role.HEAD)
    contact = await office.contact("79161112233", "Пётр", owner=olga)
    deal = await office.deal(contact, stage=1, owner=olga)
    async with office.database.read() as connection:
        ids = (await connection.scalars(select(stages.c.id).order_by(stages.c.position))).all()
    return Company(office, ids, olga, head, contact, deal)
