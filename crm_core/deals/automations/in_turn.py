"""Round robin: who of a team is next."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import one_at_a_time
from crm_core.deals.automations.tables import automation_runs
from crm_core.deals.automations.words import RunState
from crm_core.teams.tables import team_members, teams
from crm_core.users.tables import Role, users

GIVING = 4_071_962  # any number of our own


async def next_in_turn(tx: AsyncConnection, team_id: int, rule_id: int) -> int | None:
    """The manager of the team after the one whom this automation gave the last deal; None where the team has nobody."""
    await one_at_a_time(tx, GIVING)  # else two deals that come at once go to the same person
    members: Sequence[int] = (await tx.scalars(_members(team_id))).all()
    if not members:
        return None
    last = await _last_given(tx, rule_id)
    return next((member for member in members if last is not None and member > last), members[0])


def _members(team_id: int) -> Any:
    return (
        select(users.c.id)
        .join(team_members, team_members.c.user_id == users.c.id)
        .join(teams, teams.c.id == team_members.c.team_id)
        .where(
            teams.c.id == team_id,
            teams.c.archived_at.is_(None),
            users.c.active,
            users.c.role == Role.MANAGER,
            ~team_members.c.leads,
        )
        .order_by(users.c.id)
    )


async def _last_given(tx: AsyncConnection, rule_id: int) -> int | None:
    runs = automation_runs
    query = select(runs.c.facts).where(runs.c.rule_id == rule_id, runs.c.state == RunState.DONE)
    facts: dict[str, int] | None = await tx.scalar(query.order_by(runs.c.id.desc()).limit(1))
    return None if not facts else facts.get("owner")
