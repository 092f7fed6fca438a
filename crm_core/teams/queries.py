"""Reads of teams: who is in which, and who leads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, require
from crm_core.errors import NotFound
from crm_core.references import Person
from crm_core.teams.tables import team_members, teams
from crm_core.users.tables import Role, users


@dataclass(frozen=True, slots=True)
class TeamLine:
    """`people` and `heads` by name; `own_figures`: its people see nobody's figures but their own."""

    id: int
    name: str
    own_figures: bool
    people: tuple[Person, ...]
    heads: tuple[Person, ...]


async def list_teams(connection: AsyncConnection, actor: Actor) -> tuple[TeamLine, ...]:
    """Those at work, by name; raises Forbidden for who may not see people."""
    require(actor, Right.SEE_PEOPLE)
    return await _teams(connection)


async def team(connection: AsyncConnection, actor: Actor, team_id: int) -> TeamLine:
    """Raises Forbidden, NotFound."""
    found = next((one for one in await list_teams(connection, actor) if one.id == team_id), None)
    if found is None:
        raise NotFound(noun="teams", id=team_id)
    return found


async def teams_of(connection: AsyncConnection, user_id: int) -> tuple[TeamLine, ...]:
    """The teams he is in or leads."""
    every = await _teams(connection)
    return tuple(one for one in every if any(person.id == user_id for person in (*one.people, *one.heads)))


async def without_team(connection: AsyncConnection, actor: Actor) -> tuple[Person, ...]:
    """Managers at work who are in no team and lead none; raises Forbidden."""
    require(actor, Right.SEE_PEOPLE)
    placed = select(team_members.c.user_id)
    query = select(users.c.id, users.c.name).where(users.c.active, users.c.role == Role.MANAGER, users.c.id.not_in(placed))
    return tuple(Person(row.id, row.name) for row in await connection.execute(query.order_by(func.lower(users.c.name))))


async def _teams(connection: AsyncConnection) -> tuple[TeamLine, ...]:
    rows = (await connection.execute(select(teams).where(teams.c.archived_at.is_(None)).order_by(func.lower(teams.c.name)))).all()
    query = (
        select(team_members, users.c.name)
        .join(users, users.c.id == team_members.c.user_id)
        .where(users.c.active)
        .order_by(func.lower(users.c.name), users.c.id)
    )
    placed = (await connection.execute(query)).all() if rows else []
    return tuple(_line(row, [one for one in placed if one.team_id == row.id]) for row in rows)


def _line(row: Any, placed: Sequence[Any]) -> TeamLine:
    people, heads = (tuple(Person(one.user_id, one.name) for one in placed if one.leads is leads) for leads in (False, True))
    return TeamLine(row.id, row.name, row.own_figures, people, heads)
