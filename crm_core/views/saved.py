"""Saved views: filters somebody keeps under a name, for himself or for everybody. Each sees his own records by a shared one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.references import Person
from crm_core.text import one_line
from crm_core.users.audit import record
from crm_core.users.tables import users
from crm_core.views.tables import saved_views

LONGEST_NAME = 60
LONGEST_QUERY = 1500
MOST_VIEWS = 50
"""Of one person in one section."""


class Section(StrEnum):
    """The lists that can be saved."""

    DEALS = "deals"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class View:
    """`query` stands after the question mark. `may_remove`: whether the reader may."""

    id: int
    section: Section
    name: str
    query: str
    shared: bool
    owner: Person
    may_remove: bool


async def list_views(connection: AsyncConnection, actor: Actor, section: Section) -> tuple[View, ...]:
    """One's own, then what others share, by name."""
    seen = or_(saved_views.c.user_id == actor.user_id, saved_views.c.shared)
    query = select(saved_views, users.c.name.label("owner_name")).join(users, users.c.id == saved_views.c.user_id)
    query = query.where(saved_views.c.section == section, seen)
    order = (saved_views.c.user_id != actor.user_id, func.lower(saved_views.c.name), saved_views.c.id)
    return tuple(
        View(row.id, Section(row.section), row.name, row.query, row.shared, Person(row.user_id, row.owner_name),
             _may_remove(actor, row.user_id))
        for row in await connection.execute(query.order_by(*order))
    )  # fmt: skip


async def save_view(
    tx: AsyncConnection, actor: Actor, section: Section, name: str, query: str, *, shared: bool, now: datetime
) -> int:
    """Keep it and tell its id; under a name he has already, it takes the old one's place. Raises Invalid or Conflict."""
    wanted = one_line(name, LONGEST_NAME)
    if not wanted:
        raise Invalid("A view has a name", field="name")
    if len(query) > LONGEST_QUERY:
        raise Invalid("These filters are too long to be kept", field="query")
    own = (saved_views.c.user_id == actor.user_id, saved_views.c.section == section)
    same: int | None = await tx.scalar(select(saved_views.c.id).where(*own, saved_views.c.name == wanted).limit(1))
    if same is not None:
        await tx.execute(update(saved_views).where(saved_views.c.id == same).values(query=query, shared=shared))
        return same
    if (await tx.scalar(select(func.count()).select_from(saved_views).where(*own)) or 0) >= MOST_VIEWS:
        raise Conflict("So many views nobody finds again; remove one first")
    row = {"user_id": actor.user_id, "section": section, "name": wanted, "query": query, "shared": shared, "created_at": now}
    view_id: int = (await tx.execute(insert(saved_views).values(row).returning(saved_views.c.id))).scalar_one()
    await record(tx, actor.user_id, "view_saved", "view", view_id, now=now)
    return view_id


async def remove_view(tx: AsyncConnection, actor: Actor, view_id: int, *, now: datetime) -> None:
    """One's own; a shared one also by who sets the house up. Raises NotFound or Forbidden."""
    row = (await tx.execute(select(saved_views).where(saved_views.c.id == view_id))).one_or_none()
    if row is None or (row.user_id != actor.user_id and not row.shared):
        raise NotFound(noun="saved_views", id=view_id)
    if not _may_remove(actor, row.user_id):
        raise Forbidden
    await tx.execute(delete(saved_views).where(saved_views.c.id == view_id))
    await record(tx, actor.user_id, "view_removed", "view", view_id, now=now)


def _may_remove(actor: Actor, owner_id: int) -> bool:
    return owner_id == actor.user_id or actor.may(Right.SETTINGS)
