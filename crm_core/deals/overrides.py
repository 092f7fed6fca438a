"""What was set aside, by whom and why: the head reads it (F2). Each is a line of a deal's way with something missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging, references
from crm_core.access import Actor, Noun, visible
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.paging import Page
from crm_core.references import Person, StageRef
from crm_core.users.tables import users

NEWEST_FIRST = paging.sorts(stage_history.c.id, {"at": stage_history.c.at})["-at"]
SET_ASIDE = stage_history.c.missing.is_not(None)


@dataclass(frozen=True, slots=True)
class Override:
    """`from_stage` None: the deal was opened beyond its first stage. `missing` as `gate.stored` keeps it."""

    id: int
    at: datetime
    deal_id: int
    title: str | None  # of the deal, else its contact's name
    from_stage: StageRef | None
    stage: StageRef
    user: Person | None
    reason: str | None
    missing: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class OverridesOf:
    """How often one person did so, and how many moves forward he made in all; `user` None: the product itself."""

    user: Person | None
    overrides: int
    moves: int


async def list_overrides(
    connection: AsyncConnection, actor: Actor, *, since: datetime | None = None, user_id: int | None = None,
    cursor: str | None = None, limit: int = 50,
) -> Page[Override]:  # fmt: skip
    """Newest first, of the deals the actor may see; raises Invalid for a cursor that is not ours."""
    query = _query(actor)
    if since is not None:
        query = query.where(stage_history.c.at >= since)
    if user_id is not None:
        query = query.where(stage_history.c.user_id == user_id)
    rows = (await connection.execute(paging.continued(query, NEWEST_FIRST, cursor, limit))).all()
    return paging.page_of(rows, [_override(row) for row in rows[:limit]], NEWEST_FIRST, limit)


async def count_overrides(connection: AsyncConnection, actor: Actor, since: datetime) -> int:
    query = select(func.count()).select_from(stage_history.join(deals, deals.c.id == stage_history.c.deal_id))
    return (await connection.scalar(query.where(SET_ASIDE, stage_history.c.at >= since, visible(actor, deals)))) or 0


async def overrides_by_person(connection: AsyncConnection, actor: Actor, since: datetime) -> Sequence[OverridesOf]:
    """Whoever set something aside since then, most first."""
    overrides = func.count(stage_history.c.missing)
    query = (
        select(
            stage_history.c.user_id, users.c.name.label("user_name"), overrides.label("overrides"), func.count().label("moves")
        )
        .select_from(
            stage_history.join(deals, deals.c.id == stage_history.c.deal_id).outerjoin(
                users, users.c.id == stage_history.c.user_id
            )
        )
        .where(stage_history.c.at >= since, stage_history.c.stage_id != stage_history.c.from_stage_id, visible(actor, deals))
        .group_by(stage_history.c.user_id, users.c.name)
        .having(overrides > 0)
        .order_by(overrides.desc(), users.c.name)
    )
    if (people := actor.people(Noun.FIGURES)) is not None:  # how persons compare is a figure (R7)
        query = query.where(stage_history.c.user_id.in_(sorted(people)))
    return [OverridesOf(references.person(row, "user"), row.overrides, row.moves) for row in await connection.execute(query)]


def _query(actor: Actor) -> Select[Any]:
    before = stages.alias("before")
    return (
        select(
            stage_history, deals.c.title, contacts.c.name.label("contact_name"), users.c.name.label("user_name"),
            stages.c.name.label("stage_name"), stages.c.short_name.label("stage_short_name"),
            before.c.name.label("before_name"), before.c.short_name.label("before_short_name"),
        )
        .join(deals, deals.c.id == stage_history.c.deal_id)
        .join(stages, stages.c.id == stage_history.c.stage_id)
        .outerjoin(before, before.c.id == stage_history.c.from_stage_id)
        .outerjoin(contacts, contacts.c.id == deals.c.contact_id)
        .outerjoin(users, users.c.id == stage_history.c.user_id)
        .where(SET_ASIDE, visible(actor, deals))
    )  # fmt: skip


def _override(row: Any) -> Override:
    before = None if row.from_stage_id is None else StageRef(row.from_stage_id, row.before_name, row.before_short_name)
    return Override(
        row.id, row.at, row.deal_id, row.title or row.contact_name, before,
        StageRef(row.stage_id, row.stage_name, row.stage_short_name), references.person(row, "user"), row.reason,
        tuple(row.missing),
    )  # fmt: skip
