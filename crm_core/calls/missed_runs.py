"""The tries of customers who rang in vain, run by run, in one statement. A run ends when somebody spoke with the customer."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, case, exists, func, literal, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import references
from crm_core.access import Actor, visible
from crm_core.calls.events import CallState, Direction, Outcome
from crm_core.calls.lines import customer_number
from crm_core.calls.tables import call_rings, calls
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.deals.tables import deals
from crm_core.references import Person
from crm_core.users.tables import users


@dataclass(frozen=True, slots=True)
class MissedFilters:
    """Tries that began from `since` to `until`. `open_only`: whom nobody has reached; `own_of`: of this user's customers,
    or on his phone."""

    since: datetime
    until: datetime
    open_only: bool = True
    own_of: int | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """The first answered call with a number after its tries, of either direction; `call_id` where the reader may open it."""

    call_id: int | None
    at: datetime
    by: Person | None
    outbound: bool  # we rang back; else the customer rang again and was answered


@dataclass(frozen=True, slots=True)
class Run:
    """One customer's tries in a row. A withheld number stands `alone`: each try by itself, known by its call."""

    number: str | None
    alone: int | None
    first_at: datetime
    last_at: datetime
    tries: int
    reached: Reached | None

    @property
    def after_seconds(self) -> float | None:
        """From the first try to the moment the customer was reached."""
        return None if self.reached is None else (self.reached.at - self.first_at).total_seconds()


async def runs(connection: AsyncConnection, actor: Actor, filters: MissedFilters) -> list[Run]:
    """All runs of the time, the newest try first."""
    found = [_run(row) for row in await connection.execute(_runs_query(actor, filters))]
    return sorted(found, key=lambda run: (run.last_at, run.number or "", run.alone or 0), reverse=True)


async def count_not_reached(connection: AsyncConnection, actor: Actor, filters: MissedFilters) -> int:
    """How many customers nobody has reached; a withheld number counts with each try."""
    return int(await connection.scalar(_count_query(actor, filters)) or 0)


@lru_cache(1000)
def _count_query(actor: Actor, filters: MissedFilters) -> Select[Any]:
    """The badge of a day is asked for all day long."""
    return _runs_query(actor, replace(filters, open_only=True)).with_only_columns(func.count())


def missed_tries(actor: Actor, filters: MissedFilters) -> ColumnElement[bool]:
    """Which rows of `calls` are tries in vain that the actor may see; numbers marked «Не клиент» are nobody's loss."""
    ours = and_(
        calls.c.direction == Direction.INBOUND, calls.c.state == CallState.ENDED, calls.c.outcome != Outcome.ANSWERED,
        calls.c.started_at >= filters.since, calls.c.started_at < filters.until,
    )  # fmt: skip
    no_customer = exists().where(contact_numbers.c.number == calls.c.caller, contact_numbers.c.not_customer_at.is_not(None))
    own = true() if filters.own_of is None else _of_user(filters.own_of)
    return and_(ours, ~no_customer.correlate(calls), own, visible(actor, calls))


def _of_user(user_id: int) -> ColumnElement[bool]:
    contact, deal = contacts.alias(), deals.alias()
    return or_(
        exists().where(call_rings.c.call_id == calls.c.id, call_rings.c.user_id == user_id).correlate(calls),
        exists().where(contact.c.id == calls.c.contact_id, contact.c.owner_id == user_id).correlate(calls),
        exists().where(deal.c.id == calls.c.deal_id, deal.c.owner_id == user_id).correlate(calls),
    )


def _tries(actor: Actor, filters: MissedFilters) -> Select[Any]:
    alone = case((calls.c.caller.is_(None), calls.c.id), else_=0)
    facts = (calls.c.id, calls.c.caller.label("number"), alone.label("alone"), calls.c.started_at.label("at"))
    return select(*facts, literal(0).label("answered")).where(missed_tries(actor, filters))


def _answers(tries: CTE, filters: MissedFilters) -> Select[Any]:
    """Answered calls with these numbers, whoever spoke: the customer was reached."""
    facts = (calls.c.id, customer_number.label("number"), literal(0).label("alone"), calls.c.answered_at.label("at"))
    return select(*facts, literal(1).label("answered")).where(
        calls.c.answered_at.is_not(None), calls.c.direction != Direction.INTERNAL, calls.c.started_at >= filters.since,
        customer_number.in_(select(tries.c.number)),
    )  # fmt: skip


def _runs_query(actor: Actor, filters: MissedFilters) -> Select[Any]:
    """Tries with the same number of answers after them are one run; what ended it is the answer with that rank."""
    tries = _tries(actor, filters).cte("tries")
    both = union_all(select(tries), _answers(tries, filters)).subquery("both")
    from_the_end = (both.c.at.desc(), both.c.answered, both.c.id.desc())
    after = func.sum(both.c.answered).over(
        partition_by=(both.c.number, both.c.alone), order_by=from_the_end, rows=(None, 0)
    )  # fmt: skip
    ranked = select(both, after.label("rank")).cte("ranked")
    run = (
        select(
            ranked.c.number, ranked.c.alone, ranked.c.rank, func.min(ranked.c.at).label("first_at"),
            func.max(ranked.c.at).label("last_at"), func.count().label("tries"),
        )
        .where(ranked.c.answered == 0)
        .group_by(ranked.c.number, ranked.c.alone, ranked.c.rank)
        .subquery("run")
    )  # fmt: skip
    answer = ranked.alias("answer")
    ended_by = and_(answer.c.answered == 1, answer.c.number == run.c.number, answer.c.rank == run.c.rank)
    query = (
        select(run, answer.c.id.label("reached_id"), answer.c.at.label("reached_at"), calls.c.direction,
               calls.c.user_id, users.c.name.label("user_name"), visible(actor, calls).label("opens"))
        .select_from(run.outerjoin(answer, ended_by)
                     .outerjoin(calls, calls.c.id == answer.c.id).outerjoin(users, users.c.id == calls.c.user_id))
    )  # fmt: skip
    return query.where(answer.c.id.is_(None)) if filters.open_only else query


def _run(row: Any) -> Run:
    reached = None
    if row.reached_id is not None:
        reached = Reached(
            row.reached_id if row.opens else None,
            row.reached_at,
            references.person(row, "user"),
            row.direction == Direction.OUTBOUND,
        )
    return Run(row.number, row.alone or None, row.first_at, row.last_at, row.tries, reached)
