"""What each person did on the phone in a time: counted from calls alone, never typed in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import CallState, Direction, Outcome
from crm_core.calls.tables import call_rings, call_talks, calls
from crm_core.scoped_rows import card_of


@dataclass(frozen=True, slots=True)
class Figures:
    """Calls with customers that began in the time asked for; internal calls count nowhere.

    `taken`: inbound, he was joined with the customer. `made`: outbound he dialled, of them `reached` were answered.
    `missed`: inbound that rang on his phone and that nobody answered. `talk_seconds`: joined with customers, hold included.
    """

    taken: int = 0
    made: int = 0
    reached: int = 0
    missed: int = 0
    talk_seconds: float = 0.0

    @property
    def calls(self) -> int:
        return self.taken + self.made


@dataclass(frozen=True, slots=True)
class HouseFigures:
    """The whole house in that time. `wait_seconds`: mean time to answer of the answered inbound calls."""

    inbound: int
    answered: int
    unanswered: int
    outbound: int
    reached: int
    talk_seconds: float
    wait_seconds: float | None


async def figures(connection: AsyncConnection, since: datetime, until: datetime, user_ids: Sequence[int]) -> dict[int, Figures]:
    """By user; everybody asked for is in it, also who did nothing. Who may ask is the caller's question."""
    if not user_ids:
        return {}
    during = and_(calls.c.started_at >= since, calls.c.started_at < until, calls.c.direction != Direction.INTERNAL)
    counted = dict.fromkeys(user_ids, Figures())
    for counts in (
        await _talks(connection, during, user_ids),
        await _made(connection, during, user_ids),
        await _missed(connection, during, user_ids),
    ):
        for user_id, facts in counts.items():
            counted[user_id] = replace(counted[user_id], **facts)
    return counted


async def house_figures(
    connection: AsyncConnection, since: datetime, until: datetime, people: frozenset[int] | None = None
) -> HouseFigures:
    """Sums over all calls with customers that began in the time: of these people and of nobody, or of everybody (None)."""
    inbound, outbound = calls.c.direction == Direction.INBOUND, calls.c.direction == Direction.OUTBOUND
    answered = calls.c.outcome == Outcome.ANSWERED
    ended = calls.c.state == CallState.ENDED
    query = select(
        _count(inbound), _count(inbound & answered), _count(inbound & ended & ~answered),
        _count(outbound), _count(outbound & answered),
        func.coalesce(func.sum(case((inbound | outbound, calls.c.talk_seconds))), 0.0),
        func.avg(case((inbound & answered, calls.c.wait_seconds))),
    ).where(
        calls.c.started_at >= since, calls.c.started_at < until, true() if people is None else card_of(calls, people)
    )  # fmt: skip
    return HouseFigures(*(await connection.execute(query)).one())


def _count(claim: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((claim, 1), else_=0)), 0)


async def _talks(connection: AsyncConnection, during: Any, user_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    inbound = case((calls.c.direction == Direction.INBOUND, calls.c.id))
    query = (
        select(call_talks.c.user_id, func.count(inbound.distinct()), func.sum(call_talks.c.talk_seconds))
        .join(calls, calls.c.id == call_talks.c.call_id)
        .where(during, call_talks.c.user_id.in_(user_ids))
        .group_by(call_talks.c.user_id)
    )
    return {user: {"taken": taken, "talk_seconds": talk} for user, taken, talk in await connection.execute(query)}


async def _made(connection: AsyncConnection, during: Any, user_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    query = (
        select(calls.c.user_id, func.count(), _count(calls.c.outcome == Outcome.ANSWERED))
        .where(during, calls.c.direction == Direction.OUTBOUND, calls.c.user_id.in_(user_ids))
        .group_by(calls.c.user_id)
    )
    return {user: {"made": made, "reached": reached} for user, made, reached in await connection.execute(query)}


async def _missed(connection: AsyncConnection, during: Any, user_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    joined = exists().where(call_talks.c.call_id == calls.c.id)
    query = (
        select(call_rings.c.user_id, func.count(calls.c.id.distinct()))
        .join(calls, calls.c.id == call_rings.c.call_id)
        .where(during, calls.c.direction == Direction.INBOUND, calls.c.state == CallState.ENDED,
               calls.c.outcome != Outcome.ANSWERED, ~joined, call_rings.c.user_id.in_(user_ids))
        .group_by(call_rings.c.user_id)
    )  # fmt: skip
    return {user: {"missed": missed} for user, missed in await connection.execute(query)}
