"""Which deals of all that one may see a list, a board or a bulk change is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, visible
from crm_core.contacts.queries import contacts_with
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals, stages
from crm_core.searching import words_of
from crm_core.tasks.tables import tasks

MOST_SOURCES = 60


@dataclass(frozen=True, slots=True)
class DealFilters:
    """`search`: part of the title, of a name or of the contact's number. `open`: closed deals too while None.

    `unowned`: nobody's yet. `without_task`: open, and nobody has said what happens next (F9). `stuck_at`: those that stood longer
    on their stage at that moment than it allows. `opened_since` and `opened_until`: when it came; the end is not within.
    """

    open: bool | None = None
    pipeline_id: int | None = None
    stage_id: int | None = None
    owner_id: int | None = None
    contact_id: int | None = None
    company_id: int | None = None
    search: str | None = None
    source: str | None = None
    work_type_id: int | None = None
    unowned: bool = False
    without_task: bool = False
    stuck_at: datetime | None = None
    opened_since: datetime | None = None
    opened_until: datetime | None = None


async def narrowed(connection: AsyncConnection, query: Select[Any], filters: DealFilters) -> Select[Any]:
    """The query, which has `deals` in it and for a search also `contacts` and `companies`, with these conditions."""
    query = narrowed_at_once(query, filters)
    return query if filters.stuck_at is None else query.where(stuck(await stage_limits(connection), filters.stuck_at))


def narrowed_at_once(query: Select[Any], filters: DealFilters) -> Select[Any]:
    """`narrowed` but for `stuck_at`, which asks the database for the limits of stages first."""
    query = query.where(*_equal(filters), *_lasting(filters))
    words = words_of(filters.search)
    return query.where(_matches(words)) if words else query


def without_task() -> ColumnElement[bool]:
    """Open, and no open task says what happens next."""
    open_task = exists().where(tasks.c.deal_id == deals.c.id, tasks.c.done_at.is_(None)).correlate(deals)
    return and_(deals.c.closed_at.is_(None), ~open_task)


def stuck(limits: Sequence[tuple[int, float]], at: datetime) -> ColumnElement[bool]:
    """Open, and on its stage since before that stage's limit in hours: no arithmetic of moments is left to a database."""
    over = [and_(deals.c.stage_id == stage, deals.c.stage_since < at - timedelta(hours=hours)) for stage, hours in limits]
    return and_(deals.c.closed_at.is_(None), or_(false(), *over))


async def stage_limits(connection: AsyncConnection) -> tuple[tuple[int, float], ...]:
    rows = await connection.execute(select(stages.c.id, stages.c.limit_hours).where(stages.c.limit_hours.is_not(None)))
    return tuple((row.id, row.limit_hours) for row in rows)


async def known_sources(connection: AsyncConnection, actor: Actor) -> tuple[str, ...]:
    """Where the deals he sees came from, the most frequent first: what a filter offers."""
    many = func.count().desc()
    query = select(deals.c.source).where(deals.c.source.is_not(None), visible(actor, deals)).group_by(deals.c.source)
    return tuple((await connection.scalars(query.order_by(many, deals.c.source).limit(MOST_SOURCES))).all())


def _equal(filters: DealFilters) -> list[ColumnElement[bool]]:
    equal = {
        deals.c.pipeline_id: filters.pipeline_id, deals.c.stage_id: filters.stage_id,
        deals.c.owner_id: filters.owner_id, deals.c.contact_id: filters.contact_id,
        deals.c.company_id: filters.company_id, deals.c.source: filters.source,
        deals.c.work_type_id: filters.work_type_id,
    }  # fmt: skip
    return [column == value for column, value in equal.items() if value is not None]


def _lasting(filters: DealFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.open is not None:
        conditions.append(deals.c.closed_at.is_(None) if filters.open else deals.c.closed_at.is_not(None))
    if filters.unowned:
        conditions.append(deals.c.owner_id.is_(None))
    if filters.without_task:
        conditions.append(without_task())
    if filters.opened_since is not None:
        conditions.append(deals.c.created_at >= filters.opened_since)
    if filters.opened_until is not None:
        conditions.append(deals.c.created_at < filters.opened_until)
    return conditions


def _matches(words: str) -> ColumnElement[bool]:
    names = (deals.c.title, contacts.c.name, companies.c.name)
    return or_(*(func.lower(name).contains(words, autoescape=True) for name in names), contacts.c.id.in_(contacts_with(words)))
