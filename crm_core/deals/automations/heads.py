"""Who leads somebody: whom what is overdue or stuck is told to."""

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.teams.tables import team_members, teams
from crm_core.users.tables import Role, users


async def heads_of(connection: AsyncConnection, user_id: int | None) -> tuple[int, ...]:
    """Those who lead his team and work here; where there is none, and for what is nobody's, all heads of sales."""
    his = team_members.alias("his")
    leading = (
        select(team_members.c.user_id)
        .join(his, and_(his.c.team_id == team_members.c.team_id, his.c.user_id == user_id))
        .join(teams, and_(teams.c.id == team_members.c.team_id, teams.c.archived_at.is_(None)))
        .join(users, users.c.id == team_members.c.user_id)
        .where(team_members.c.leads, users.c.active)
        .order_by(team_members.c.user_id)
    )
    found = () if user_id is None else tuple((await connection.scalars(leading)).all())
    if found:
        return found
    every = select(users.c.id).where(users.c.role == Role.HEAD, users.c.active).order_by(users.c.id)
    return tuple((await connection.scalars(every)).all())


async def head_of(connection: AsyncConnection, user_id: int | None) -> int | None:
    """The first of them; None where nobody leads."""
    return next(iter(await heads_of(connection, user_id)), None)
