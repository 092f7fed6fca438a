"""Lead rules for tests, put down as a deed would leave them."""

from typing import Any

from sqlalchemy import func, insert, select

from crm_core.deals.tables import pipelines, stages
from crm_core.leads.tables import lead_rules
from crm_core.teams.tables import team_members, teams
from tests.office import LONG_AGO, Office


async def lead_rule(
    office: Office, when: dict[str, Any] | None = None, then: dict[str, Any] | None = None, **columns: Any
) -> int:
    """The next rule in order; tells its id."""
    async with office.database.write() as tx:
        place = await tx.scalar(select(func.count()).select_from(lead_rules))
        row = {
            "name": f"rule {place}",
            "position": place,
            "when": when or {},
            "then": then or {},
            "created_at": LONG_AGO,
            **columns,
        }
        return int((await tx.execute(insert(lead_rules).values(row).returning(lead_rules.c.id))).scalar_one())


async def pipeline(office: Office, *names: str) -> list[int]:
    """A second pipeline with these open stages; tells the ids: of the pipeline, and of each stage."""
    async with office.database.write() as tx:
        added = await tx.execute(insert(pipelines).values(name="Опт", position=9).returning(pipelines.c.id))
        pipeline_id = added.scalar_one()
        rows = [{"pipeline_id": pipeline_id, "name": name, "position": place} for place, name in enumerate(names)]
        found = await tx.scalars(insert(stages).returning(stages.c.id, sort_by_parameter_order=True), rows)
        return [pipeline_id, *found]


async def team(office: Office, *people: int, leader: int | None = None) -> int:
    async with office.database.write() as tx:
        added = await tx.execute(insert(teams).values(name="Отдел", created_at=LONG_AGO).returning(teams.c.id))
        team_id = int(added.scalar_one())
        rows = [{"team_id": team_id, "user_id": person, "leads": False} for person in people]
        rows += [{"team_id": team_id, "user_id": leader, "leads": True}] if leader is not None else []
        if rows:
            await tx.execute(insert(team_members), rows)
        return team_id
