"""Reads of pipelines and deals. What happened on one deal, by its stages, is told by `timeline`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging, references
from crm_core.access import Actor, opens, visible
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.filters import DealFilters, narrowed
from crm_core.deals.tables import deals, pipelines, stages
from crm_core.errors import NotFound
from crm_core.paging import Page
from crm_core.products.tables import work_types
from crm_core.references import CompanyRef, ContactRef, Person, StageRef, WorkTypeRef
from crm_core.tasks.tables import tasks
from crm_core.users.tables import users

DEAL_SORTS = paging.sorts(
    deals.c.id,
    {"created_at": deals.c.created_at, "stage_since": deals.c.stage_since, "amount": func.coalesce(deals.c.amount, 0)},
)


@dataclass(frozen=True, slots=True)
class Stage:
    """`kind`: open, won or lost."""

    id: int
    name: str
    short_name: str | None
    goal: str | None
    position: int
    kind: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`stages` in their order."""

    id: int
    name: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class DealLine:
    """`title` None: the page names it after its contact or number. `next_due_at`: of its most urgent open task."""

    id: int
    title: str | None
    contact: ContactRef | None
    number: str | None  # the contact's first
    pipeline_id: int
    stage: StageRef
    stage_since: datetime
    owner: Person | None
    amount: int | None  # in the smallest unit of the currency
    currency: str
    source: str | None
    created_at: datetime
    closed_at: datetime | None
    closed_as: str | None  # won, lost
    next_due_at: datetime | None
    limit_hours: float | None = None  # of its stage
    company: CompanyRef | None = None  # the deal's own, else its contact's
    work_type: WorkTypeRef | None = None
    amount_is_usual: bool = False  # the amount is what such work usually brings: nobody typed it
    custom: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lacks_task(self) -> bool:
        """Open, and nobody has to do anything about it (F9)."""
        return self.is_open and self.next_due_at is None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def is_stuck(self, now: datetime) -> bool:
        """Whether it stands longer on its stage than that allows."""
        return self.is_open and self.limit_hours is not None and self.stage_since < now - timedelta(hours=self.limit_hours)


# Without the words for managers, which are long: boards and lists read these often.
STRIP = select(
    stages.c.id, stages.c.pipeline_id, stages.c.name, stages.c.short_name, stages.c.goal, stages.c.position, stages.c.kind
).order_by(stages.c.position)
STRIP_OF = STRIP.where(
    stages.c.pipeline_id == bindparam("pipeline"),
    or_(stages.c.archived_at.is_(None), stages.c.id == bindparam("stands_on", type_=Integer)),
)


async def list_pipelines(connection: AsyncConnection) -> tuple[Pipeline, ...]:
    """All pipelines that stand, with the stages that do, in order; they are no secret within the house."""
    rows = (await connection.execute(STRIP.where(stages.c.archived_at.is_(None)))).all()
    query = select(pipelines.c.id, pipelines.c.name).where(pipelines.c.archived_at.is_(None))
    found = (await connection.execute(query.order_by(pipelines.c.position, pipelines.c.id))).all()
    return tuple(Pipeline(one.id, one.name, tuple(_stage(row) for row in rows if row.pipeline_id == one.id)) for one in found)


async def pipeline(connection: AsyncConnection, pipeline_id: int, *, stands_on: int | None = None) -> Pipeline:
    """Also one that was put away. `stands_on`: a stage to show even if it was taken away, after the others. Raises NotFound."""
    name = await connection.scalar(select(pipelines.c.name).where(pipelines.c.id == pipeline_id))
    if name is None:
        raise NotFound(noun="pipelines", id=pipeline_id)
    return Pipeline(pipeline_id, name, await strip_of(connection, pipeline_id, stands_on=stands_on))


async def strip_of(connection: AsyncConnection, pipeline_id: int, *, stands_on: int | None = None) -> tuple[Stage, ...]:
    """The stages of `pipeline`."""
    rows = await connection.execute(STRIP_OF, {"pipeline": pipeline_id, "stands_on": stands_on})
    return tuple(_stage(row) for row in rows)


async def list_deals(
    connection: AsyncConnection, actor: Actor, filters: DealFilters | None = None, *,
    sort: str = "-stage_since", cursor: str | None = None, limit: int = 50,
) -> Page[DealLine]:  # fmt: skip
    """A page of the deals the actor may see; raises Invalid."""
    order = paging.sort_named(DEAL_SORTS, sort)
    query = await narrowed(connection, deal_query(actor), filters or DealFilters())
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [_line(row) for row in rows[:limit]], order, limit)


async def deal(connection: AsyncConnection, actor: Actor, deal_id: int) -> DealLine:
    """Raises NotFound."""
    row = (await connection.execute(_one(actor), {"deal": deal_id})).one_or_none()
    if row is None:
        raise NotFound(noun="deals", id=deal_id)
    return _line(row)


async def deals_among(connection: AsyncConnection, actor: Actor, ids: Sequence[int]) -> tuple[DealLine, ...]:
    """Those of these deals that the actor sees, in the order of the ids."""
    rows = await connection.execute(deal_query(actor).where(deals.c.id.in_(ids)))
    found = {row.id: _line(row) for row in rows}
    return tuple(found[deal_id] for deal_id in ids if deal_id in found)


async def count_open_deals(connection: AsyncConnection, actor: Actor) -> int:
    query = select(func.count()).select_from(deals).where(deals.c.closed_at.is_(None), visible(actor, deals))
    return (await connection.scalar(query)) or 0


@lru_cache(1000)
def deal_query(actor: Actor) -> Select[Any]:
    """Lines of all deals the actor may see, in no order yet."""
    number = select(func.min(contact_numbers.c.number)).where(contact_numbers.c.contact_id == deals.c.contact_id)
    due = select(func.min(tasks.c.due_at)).where(tasks.c.deal_id == deals.c.id, tasks.c.done_at.is_(None))
    return (
        select(
            deals,
            contacts.c.name.label("contact_name"), visible(actor, contacts).label("contact_opens"),
            companies.c.id.label("firm_id"), companies.c.name.label("company_name"),
            opens(actor, companies, companies.c.id).label("company_opens"),
            work_types.c.name.label("work_type_name"), stages.c.name.label("stage_name"),
            stages.c.short_name.label("stage_short_name"), stages.c.limit_hours, users.c.name.label("owner_name"),
            number.correlate(deals).scalar_subquery().label("number"),
            due.correlate(deals).scalar_subquery().label("next_due_at"),
        )
        .select_from(
            deals.join(stages, stages.c.id == deals.c.stage_id)
            .outerjoin(contacts, contacts.c.id == deals.c.contact_id)
            .outerjoin(companies, companies.c.id == func.coalesce(deals.c.company_id, contacts.c.company_id))
            .outerjoin(users, users.c.id == deals.c.owner_id)
            .outerjoin(work_types, work_types.c.id == deals.c.work_type_id)
        )
        .where(visible(actor, deals))
    )  # fmt: skip


@lru_cache(1000)
def _one(actor: Actor) -> Select[Any]:
    return deal_query(actor).where(deals.c.id == bindparam("deal"))


def _stage(row: Any) -> Stage:
    return Stage(row.id, row.name, row.short_name, row.goal, row.position, row.kind)


def _line(row: Any) -> DealLine:
    return DealLine(
        id=row.id, title=row.title, contact=references.contact(row), number=row.number, pipeline_id=row.pipeline_id,
        stage=StageRef(row.stage_id, row.stage_name, row.stage_short_name), stage_since=row.stage_since,
        owner=references.person(row, "owner"), amount=row.amount, currency=row.currency, source=row.source,
        created_at=row.created_at, closed_at=row.closed_at, closed_as=row.closed_as,
        next_due_at=row.next_due_at, limit_hours=row.limit_hours,
        company=None if row.firm_id is None else CompanyRef(row.firm_id, row.company_name, bool(row.company_opens)),
        work_type=None if row.work_type_id is None else WorkTypeRef(row.work_type_id, row.work_type_name),
        amount_is_usual=row.amount_is_usual, custom=row.custom,
    )  # fmt: skip
