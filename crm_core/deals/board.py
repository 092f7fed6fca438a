"""The board: the open deals of a pipeline in columns by stage, each with its sums and the cards that are shown of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import references
from crm_core.access import Actor, visible
from crm_core.calls.listening_queries import not_heard
from crm_core.calls.live_queries import IS_UP
from crm_core.calls.tables import calls
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.filters import DealFilters, narrowed_at_once, stage_limits, stuck
from crm_core.deals.tables import StageKind, deals, stages
from crm_core.references import Person
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.tables import users

FIRST = 25
"""Cards a column shows until somebody asks for more of it."""
MOST = 500

Sums = Mapping[str, int]
"""By currency, in its smallest unit."""


@dataclass(frozen=True, slots=True)
class BoardStage:
    """`chance`: per cent of deals here that are won; None: not said, and the column has no weighted sum."""

    id: int
    name: str
    short_name: str | None
    kind: str
    chance: int | None
    limit_hours: float | None

    @property
    def is_open(self) -> bool:
        return self.kind == StageKind.OPEN


@dataclass(frozen=True, slots=True)
class NextTask:
    """The most urgent open task; `title` None: its kind says it all."""

    kind: TaskKind
    title: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class OnLine:
    """A call of the deal is up. `since`: it was answered; None: it rings. `as_of`: its exchange is not heard since."""

    since: datetime | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Card:
    """A deal as a card shows it. `number`: the contact's first, told only where there is neither a title nor a name."""

    id: int
    title: str | None
    contact: str | None
    company: str | None
    number: str | None
    stage_id: int
    stage_since: datetime
    owner: Person | None
    amount: int | None
    currency: str
    source: str | None
    created_at: datetime
    is_stuck: bool
    task: NextTask | None = None
    on_line: OnLine | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """`count` and `sums` are of all its deals, shown or not."""

    stage: BoardStage
    count: int
    sums: Sums
    cards: tuple[Card, ...]

    @property
    def hidden(self) -> int:
        """How many deals are not shown yet."""
        return self.count - len(self.cards)

    @property
    def weighted(self) -> Sums:
        """What of the sums will come, by the stage's chance; empty where that is not known."""
        if self.stage.chance is None:
            return {}
        return {currency: amount * self.stage.chance // 100 for currency, amount in self.sums.items()}


@dataclass(frozen=True, slots=True)
class Board:
    """`columns`: open stages in their order; `ends`: the stages that close a deal."""

    columns: tuple[Column, ...]
    ends: tuple[BoardStage, ...]

    @property
    def count(self) -> int:
        return sum(column.count for column in self.columns)

    @property
    def sums(self) -> Sums:
        return _added(column.sums for column in self.columns)

    @property
    def weighted(self) -> Sums:
        return _added(column.weighted for column in self.columns)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What statements of a board are kept by: putting one together costs as much as what it finds. `over`: what is stuck."""

    actor: Actor
    filters: DealFilters
    over: ColumnElement[bool] | None

    def narrowed(self, query: Select[Any]) -> Select[Any]:
        seen = query.select_from(_named(self.filters)).where(visible(self.actor, deals))
        return narrowed_at_once(seen if self.over is None else seen.where(self.over), self.filters)


async def read_board(
    connection: AsyncConnection, actor: Actor, pipeline_id: int, filters: DealFilters, *, now: datetime,
    shown: Mapping[int, int] | None = None, first: int = FIRST,
) -> Board:  # fmt: skip
    """The pipeline's open deals that the actor may see; `shown`: how many cards of a stage's column, where not the first ones."""
    over = None if filters.stuck_at is None else stuck(await stage_limits(connection), filters.stuck_at)
    asked = _Asked(actor, replace(filters, open=True, pipeline_id=pipeline_id, stuck_at=None), over)
    in_order = [_stage(row) for row in await connection.execute(_stages_of(pipeline_id))]
    counted = await _counted(connection, asked)
    query = _card_query(asked, tuple(sorted((shown or {}).items())), first)
    cards = await _cards(connection, query, {stage.id: stage.limit_hours for stage in in_order}, now)
    return Board(
        columns=tuple(_column(stage, counted, cards) for stage in in_order if stage.is_open),
        ends=tuple(stage for stage in in_order if not stage.is_open),
    )


def _column(stage: BoardStage, counted: Mapping[int, tuple[int, Sums]], cards: Mapping[int, Sequence[Card]]) -> Column:
    count, sums = counted.get(stage.id, (0, {}))
    return Column(stage, count, sums, tuple(cards.get(stage.id, ())))


@lru_cache(200)
def _stages_of(pipeline_id: int) -> Select[Any]:
    """Also a stage that was deleted, while deals stand on it."""
    columns = (stages.c.id, stages.c.name, stages.c.short_name, stages.c.kind, stages.c.chance, stages.c.limit_hours)
    stand_there = select(deals.c.stage_id).where(deals.c.pipeline_id == pipeline_id, deals.c.closed_at.is_(None))
    lives = or_(stages.c.archived_at.is_(None), stages.c.id.in_(stand_there))
    return select(*columns).where(stages.c.pipeline_id == pipeline_id, lives).order_by(stages.c.position, stages.c.id)


@lru_cache(500)
def _count_query(asked: _Asked) -> Select[Any]:
    query = select(deals.c.stage_id, deals.c.currency, func.count().label("count"), func.sum(deals.c.amount).label("amount"))
    return asked.narrowed(query).group_by(deals.c.stage_id, deals.c.currency)


async def _counted(connection: AsyncConnection, asked: _Asked) -> dict[int, tuple[int, Sums]]:
    found: dict[int, tuple[int, Sums]] = {}
    for row in await connection.execute(_count_query(asked)):
        count, sums = found.get(row.stage_id, (0, {}))
        amount = {} if row.amount is None else {row.currency: int(row.amount)}
        found[row.stage_id] = count + int(row._mapping["count"]), {**sums, **amount}
    return found


async def _cards(
    connection: AsyncConnection, query: Select[Any], limits: Mapping[int, float | None], now: datetime
) -> dict[int, list[Card]]:
    """By stage; what came to a stage last stands first."""
    rows = (await connection.execute(query)).all()
    urgent = await _next_tasks(connection, [row.id for row in rows])
    on_line = await _on_line(connection, now) if rows else {}
    found: dict[int, list[Card]] = {}
    for row in rows:
        limit = limits.get(row.stage_id)
        is_stuck = limit is not None and row.stage_since < now - timedelta(hours=limit)
        found.setdefault(row.stage_id, []).append(_card(row, is_stuck, urgent.get(row.id), on_line.get(row.id)))
    return found


def _places(asked: _Asked) -> FromClause:
    """Each deal with its place in its column."""
    newest = (deals.c.stage_since.desc(), deals.c.id.desc())
    place = func.row_number().over(partition_by=deals.c.stage_id, order_by=newest).label("place")
    return asked.narrowed(select(deals.c.id, deals.c.stage_id, place)).subquery("places")


def _named(filters: DealFilters) -> FromClause:
    """What a search looks into is joined only for a search."""
    if not filters.search:
        return deals
    company = companies.c.id == func.coalesce(deals.c.company_id, contacts.c.company_id)
    return deals.outerjoin(contacts, contacts.c.id == deals.c.contact_id).outerjoin(companies, company)


@lru_cache(500)
def _card_query(asked: _Asked, shown: tuple[tuple[int, int], ...], first: int) -> Select[Any]:
    places = _places(asked)
    more = [and_(places.c.stage_id == stage, places.c.place <= min(count, MOST)) for stage, count in shown]
    number = select(func.min(contact_numbers.c.number)).where(contact_numbers.c.contact_id == deals.c.contact_id)
    nameless = and_(deals.c.title.is_(None), contacts.c.name.is_(None))
    return (
        select(
            deals.c.id, deals.c.title, deals.c.stage_id, deals.c.stage_since, deals.c.owner_id, deals.c.amount,
            deals.c.currency, deals.c.source, deals.c.created_at, contacts.c.name.label("contact"),
            companies.c.name.label("company"), users.c.name.label("owner_name"),
            case((nameless, number.correlate(deals).scalar_subquery())).label("number"),
        )
        .select_from(
            places.join(deals, deals.c.id == places.c.id)
            .outerjoin(contacts, contacts.c.id == deals.c.contact_id)
            .outerjoin(companies, companies.c.id == func.coalesce(deals.c.company_id, contacts.c.company_id))
            .outerjoin(users, users.c.id == deals.c.owner_id)
        )
        .where(or_(places.c.place <= first, *more))
        .order_by(places.c.stage_id, places.c.place)
    )  # fmt: skip


NEXT_TASKS = (
    select(tasks.c.deal_id, tasks.c.kind, tasks.c.title, tasks.c.due_at)
    .where(tasks.c.deal_id.in_(bindparam("deals", expanding=True)), tasks.c.done_at.is_(None))
    .order_by(tasks.c.due_at.desc(), tasks.c.id.desc())
)
"""The most urgent last: it stays of each deal."""
UP = (
    select(calls.c.deal_id, calls.c.exchange_id, calls.c.answered_at)
    .where(IS_UP, calls.c.deal_id.is_not(None))
    .order_by(calls.c.started_at.desc(), calls.c.id.desc())
)


async def _next_tasks(connection: AsyncConnection, deal_ids: Sequence[int]) -> dict[int, NextTask]:
    if not deal_ids:
        return {}
    rows = await connection.execute(NEXT_TASKS, {"deals": deal_ids})
    return {row.deal_id: NextTask(TaskKind(row.kind), row.title, row.due_at) for row in rows}


async def _on_line(connection: AsyncConnection, now: datetime) -> dict[int, OnLine]:
    """By deal; a call that was answered before one that rings."""
    rows = (await connection.execute(UP)).all()
    if not rows:
        return {}
    silent = await not_heard(connection, now)
    as_of = {exchange_id: exchange.since for exchange_id, exchange in silent.items()}
    answered_last = sorted(rows, key=lambda row: row.answered_at is not None)
    return {row.deal_id: OnLine(row.answered_at, as_of.get(row.exchange_id)) for row in answered_last}


def _card(row: Any, is_stuck: bool, task: NextTask | None, on_line: OnLine | None) -> Card:
    return Card(
        id=row.id, title=row.title, contact=row.contact, company=row.company, number=row.number, stage_id=row.stage_id,
        stage_since=row.stage_since, owner=references.person(row, "owner"), amount=row.amount, currency=row.currency,
        source=row.source, created_at=row.created_at, is_stuck=is_stuck, task=task, on_line=on_line,
    )  # fmt: skip


def _stage(row: Any) -> BoardStage:
    return BoardStage(row.id, row.name, row.short_name, row.kind, row.chance, row.limit_hours)


def _added(several: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for sums in several:
        for currency, amount in sums.items():
            total[currency] = total.get(currency, 0) + amount
    return total
