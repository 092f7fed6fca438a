"""Who asks, with all that the database sets of him: his role's scopes and rights, and the people of his teams. One statement."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Row, ScalarSelect, String, and_, bindparam, case, cast, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import AS_USUAL, Access, Actor
from crm_core.teams.tables import role_rights, role_scopes, team_members, teams
from crm_core.users.tables import Role, users

MEMBER, TEAM, MATE = team_members.alias("member"), teams.alias("team"), team_members.alias("mate")


def _of_role(told: Any, role: Any) -> ScalarSelect[str]:
    """`a:b,c:d` for the rows of the user's role."""
    return select(func.aggregate_strings(told, ",")).where(role == users.c.role).correlate(users).scalar_subquery()


def _teams() -> Any:
    """The teams that are at work of which he is one, or which he leads."""
    return MEMBER.join(TEAM, and_(TEAM.c.id == MEMBER.c.team_id, TEAM.c.archived_at.is_(None)))


# A head sees the people of the teams he leads; the people of a team see one another, and not what their head owns.
_MATES = (
    select(func.aggregate_strings(cast(MATE.c.user_id, String), ","))
    .select_from(_teams().join(MATE, and_(MATE.c.team_id == TEAM.c.id, ~MATE.c.leads)))
    .where(MEMBER.c.user_id == users.c.id)
    .correlate(users)
    .scalar_subquery()
)
_OWN_FIGURES = exists().select_from(_teams()).where(MEMBER.c.user_id == users.c.id, ~MEMBER.c.leads, TEAM.c.own_figures)
_GRANTED = case((role_rights.c.granted, "yes"), else_="no")

ACTORS = select(
    users,
    _of_role(role_scopes.c.noun + ":" + role_scopes.c.scope, role_scopes.c.role).label("set_scopes"),
    _of_role(role_rights.c.right + ":" + _GRANTED, role_rights.c.role).label("set_rights"),
    _MATES.label("mates"),
    _OWN_FIGURES.correlate(users).label("own_figures"),
)
"""Rows of `users`, to be narrowed to one, from which `actor` makes who asks."""

BY_ID = ACTORS.where(users.c.id == bindparam("id"))


async def actor_by_id(connection: AsyncConnection, user_id: int) -> Actor | None:
    """As whom this person asks, also one who left; None if there never was such a one."""
    row = (await connection.execute(BY_ID, {"id": user_id})).one_or_none()
    return None if row is None else actor(row)


def actor(row: Row[Any]) -> Actor:
    """The actor of a row of `ACTORS`."""
    access = _access(row.set_scopes, row.set_rights, row.mates, own_figures=bool(row.own_figures))
    return Actor(row.id, Role(row.role), row.name, row.language, row.may_listen, access)


@lru_cache(2000)
def _access(scopes: str | None, rights: str | None, mates: str | None, own_figures: bool) -> Access:
    if not (scopes or rights or mates or own_figures):
        return AS_USUAL
    return Access(
        scopes=frozenset(_pairs(scopes)),
        rights=frozenset((right, granted == "yes") for right, granted in _pairs(rights)),
        team=frozenset(int(mate) for mate in (mates or "").split(",") if mate),
        own_figures=own_figures,
    )


def _pairs(told: str | None) -> list[tuple[str, str]]:
    return [(name, value) for pair in (told or "").split(",") if pair for name, _, value in (pair.partition(":"),)]
