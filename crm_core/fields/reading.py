"""Who may read what is personal on a card, and the note of it: who, whose card, when (G27–G29).

A view of a card is noted once, however often its page refreshes itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging
from crm_core.access import Actor, Noun, Right, may_see_personal, visible
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals
from crm_core.errors import Forbidden
from crm_core.paging import Page
from crm_core.references import Person
from crm_core.users.audit import record
from crm_core.users.tables import audit, users

READ = "personal_read"
VIEW = timedelta(minutes=15)
"""How long an opened card counts as one view."""

TABLES = {"deal": deals, "contact": contacts, "company": companies}
READ_SORTS = paging.sorts(audit.c.id, {"at": audit.c.at})


@dataclass(frozen=True, slots=True)
class Reading:
    """`name` of the card None: it has none, or it is not the asker's to see; `may_open` says which."""

    id: int
    at: datetime
    reader: Person
    noun: str  # deal, contact, company
    noun_id: int
    name: str | None
    may_open: bool


async def may_read(connection: AsyncConnection, actor: Actor, noun: str, noun_id: int) -> bool:
    """Whether the personal fields of this card are the actor's to read; of one that he sees anyway."""
    if actor.may(Right.SEE_PERSONAL):
        return True
    table = TABLES[noun]
    return may_see_personal(actor, await connection.scalar(select(table.c.owner_id).where(table.c.id == noun_id)))


async def is_noted(connection: AsyncConnection, actor: Actor, noun: str, noun_id: int, *, now: datetime) -> bool:
    """Whether this view of the card was noted already."""
    query = select(audit.c.id).where(
        audit.c.deed == READ, audit.c.user_id == actor.user_id, audit.c.noun == noun, audit.c.noun_id == noun_id,
        audit.c.at > now - VIEW,
    )  # fmt: skip
    return await connection.scalar(query.limit(1)) is not None


async def personal(tx: AsyncConnection, actor: Actor, noun: str, noun_id: int, *, now: datetime) -> bool:
    """Whether the actor may read what is personal here; if so, that he does is noted in the same transaction."""
    if not await may_read(tx, actor, noun, noun_id):
        return False
    if not await is_noted(tx, actor, noun, noun_id, now=now):
        await record(tx, actor.user_id, READ, noun, noun_id, now=now)
    return True


async def list_readings(
    connection: AsyncConnection, actor: Actor, *, reader_id: int | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Reading]:
    """The newest first, by those whose figures the actor sees. For administrators and who may read what is personal himself."""
    if not (actor.may(Right.SETTINGS) or actor.may(Right.SEE_PERSONAL)):
        raise Forbidden(right=Right.SEE_PERSONAL.value)
    order = paging.sort_named(READ_SORTS, "-at")
    query = _query(actor)
    if reader_id is not None:
        query = query.where(audit.c.user_id == reader_id)
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [_reading(row) for row in rows[:limit]], order, limit)


def _query(actor: Actor) -> Select[Any]:
    places = audit.join(users, users.c.id == audit.c.user_id)
    names: list[Any] = []
    for noun, table in TABLES.items():
        places = places.outerjoin(table, and_(audit.c.noun == noun, table.c.id == audit.c.noun_id, visible(actor, table)))
        title = table.c.title if table is deals else table.c.name
        names += [table.c.id.label(f"{noun}_id"), title.label(f"{noun}_name")]
    query = select(audit, users.c.name.label("user_name"), *names).select_from(places).where(audit.c.deed == READ)
    people = actor.people(Noun.FIGURES)
    return query if people is None else query.where(audit.c.user_id.in_(sorted(people)))


def _reading(row: Any) -> Reading:
    columns = row._mapping
    return Reading(
        row.id, row.at, Person(row.user_id, row.user_name), row.noun, row.noun_id, columns[f"{row.noun}_name"],
        columns[f"{row.noun}_id"] is not None,
    )  # fmt: skip
