"""Teams are made, named and given their people. A person is in one team at a time; a head leads any number."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.teams.tables import team_members, teams
from crm_core.text import one_line
from crm_core.upserts import insert_into
from crm_core.users.accounts import require_working
from crm_core.users.audit import record

LONGEST_NAME = 80


async def make_team(tx: AsyncConnection, name: str, *, now: datetime, by: int | None) -> int:
    """A team without anybody in it; raises Invalid for an empty name, Conflict for one that another team has."""
    named = await _free_name(tx, name, None)
    made = int((await tx.execute(insert(teams).values(name=named, created_at=now).returning(teams.c.id))).scalar_one())
    await access_changed(tx, "team_made", made, now=now, by=by, facts={"name": named})
    return made


async def edit_team(
    tx: AsyncConnection, team_id: int, *, now: datetime, by: int | None, name: str | None = None, own_figures: bool | None = None
) -> None:
    """Change what is given. `own_figures`: its people see nobody's figures but their own. Raises NotFound, Invalid, Conflict."""
    await at_work(tx, team_id)
    named = None if name is None else await _free_name(tx, name, team_id)
    changed = {key: value for key, value in {"name": named, "own_figures": own_figures}.items() if value is not None}
    if changed:
        await tx.execute(update(teams).where(teams.c.id == team_id).values(changed))
        await access_changed(tx, "team_edited", team_id, now=now, by=by, facts=changed)


async def archive_team(tx: AsyncConnection, team_id: int, *, now: datetime, by: int | None) -> None:
    """Its people are in no team from now on; its plans and what was counted for it stay. Raises NotFound."""
    await at_work(tx, team_id)
    await tx.execute(update(teams).where(teams.c.id == team_id).values(archived_at=now))
    await tx.execute(delete(team_members).where(team_members.c.team_id == team_id))
    await access_changed(tx, "team_archived", team_id, now=now, by=by)


async def put_into_team(
    tx: AsyncConnection, team_id: int, user_id: int, *, now: datetime, by: int | None, leads: bool = False
) -> None:
    """As one of its people (he leaves the team he was in), or as a head. Raises NotFound; Conflict where somebody was faster."""
    await at_work(tx, team_id)
    await require_working(tx, user_id)
    if not leads:
        elsewhere = (team_members.c.user_id == user_id, team_members.c.team_id != team_id, ~team_members.c.leads)
        await tx.execute(delete(team_members).where(*elsewhere))
    put = insert_into(tx, team_members).values(team_id=team_id, user_id=user_id, leads=leads)
    try:
        async with tx.begin_nested():
            await tx.execute(
                put.on_conflict_do_update(
                    index_elements=[team_members.c.team_id, team_members.c.user_id], set_={"leads": put.excluded.leads}
                )
            )
    except IntegrityError as error:
        raise Conflict("Somebody has just put this person into another team") from error
    await access_changed(tx, "put_into_team", team_id, now=now, by=by, facts={"user": user_id, "leads": leads})


async def take_out_of_team(tx: AsyncConnection, team_id: int, user_id: int, *, now: datetime, by: int | None) -> None:
    """Raises NotFound where he is not in it."""
    await at_work(tx, team_id)
    gone = await tx.execute(delete(team_members).where(team_members.c.team_id == team_id, team_members.c.user_id == user_id))
    if not gone.rowcount:
        raise NotFound(noun="team_members", id=user_id)
    await access_changed(tx, "taken_out_of_team", team_id, now=now, by=by, facts={"user": user_id})


async def at_work(tx: AsyncConnection, team_id: int) -> Row[Any]:
    """The row of a team that is not archived; raises NotFound."""
    row = (await tx.execute(select(teams).where(teams.c.id == team_id, teams.c.archived_at.is_(None)))).one_or_none()
    if row is None:
        raise NotFound(noun="teams", id=team_id)
    return row


async def access_changed(
    tx: AsyncConnection, deed: str, team_id: int | None, *, now: datetime, by: int | None, facts: dict[str, Any] | None = None
) -> None:
    """The line of the audit trail, and the event at which every open stream asks anew who its reader is."""
    await record(tx, by, deed, "team" if team_id is not None else "role", team_id, now=now, facts=facts)
    await event_log.append(tx, [Event(EventKind.ACCESS_CHANGED, now, None, user_id=by, facts={"deed": deed})])


async def _free_name(tx: AsyncConnection, name: str, team_id: int | None) -> str:
    named = one_line(name, LONGEST_NAME)
    if not named:
        raise Invalid("A team has a name", field="name")
    same = select(teams.c.id).where(teams.c.name == named, teams.c.archived_at.is_(None), teams.c.id != (team_id or 0))
    if await tx.scalar(same) is not None:
        raise Conflict(f"There is a team {named} already")
    return named
