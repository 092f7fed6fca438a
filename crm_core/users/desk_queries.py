"""The day at a glance: a manager's own (Today), and everybody's for the head (Live)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, require
from crm_core.calls.events import CallState, Direction
from crm_core.calls.figure_queries import Figures, HouseFigures, figures, house_figures
from crm_core.calls.lines import CallLine, line_query, lines
from crm_core.calls.live_queries import LiveCall, LiveParty, live_calls
from crm_core.calls.missed_queries import Missed, missed
from crm_core.calls.queries import CallFilters, list_calls
from crm_core.calls.tables import calls
from crm_core.deals.queries import count_open_deals
from crm_core.tasks.queries import TaskFilters, TaskLine, count_open_tasks, list_tasks
from crm_core.users.queries import UserLine, list_users
from crm_core.users.tables import Role

MISSED_DAYS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Today:
    """`tasks`: open and due before the day ends, the most urgent first. `missed`: of the last week, not reached yet."""

    figures: Figures
    tasks: tuple[TaskLine, ...]
    calls: tuple[CallLine, ...]
    missed: tuple[Missed, ...]
    last_talks: tuple[CallLine, ...]


@dataclass(frozen=True, slots=True)
class Badges:
    """The small figures beside the menu."""

    open_deals: int
    missed: int
    due_tasks: int


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's phone and day: `call` is what he talks in or what rings on his phone (`party`), if anything does."""

    user: UserLine
    figures: Figures
    call: LiveCall | None
    party: LiveParty | None
    last_ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Floor:
    """What the head of sales sees: everybody's desk, who waits, and the house's sums."""

    desks: tuple[Desk, ...]
    waiting: tuple[LiveCall, ...]
    live: tuple[LiveCall, ...]
    house: HouseFigures


async def today(connection: AsyncConnection, actor: Actor, since: datetime, until: datetime) -> Today:
    """The actor's own day, from `since` (midnight) to `until`."""
    own = CallFilters(since=since, until=until, user_id=actor.user_id)
    talks = line_query(actor).where(
        calls.c.user_id == actor.user_id, calls.c.state == CallState.ENDED,
        or_(calls.c.answered_at.is_not(None), calls.c.direction == Direction.OUTBOUND),
    )  # fmt: skip
    return Today(
        figures=(await figures(connection, since, until, [actor.user_id]))[actor.user_id],
        tasks=(await list_tasks(connection, actor, TaskFilters(owner_id=actor.user_id, due_before=until))).items,
        calls=(await list_calls(connection, actor, own)).items,
        missed=await missed(connection, actor, until - MISSED_DAYS, until, open_only=True),
        last_talks=tuple(await lines(connection, actor, talks.order_by(calls.c.started_at.desc()).limit(5))),
    )


async def badges(connection: AsyncConnection, actor: Actor, until: datetime) -> Badges:
    """`until`: the end of today."""
    return Badges(
        open_deals=await count_open_deals(connection, actor),
        missed=len(await missed(connection, actor, until - MISSED_DAYS, until, open_only=True)),
        due_tasks=await count_open_tasks(connection, actor, until),
    )


async def floor(connection: AsyncConnection, actor: Actor, since: datetime, until: datetime) -> Floor:
    """Raises Forbidden for who sees only himself."""
    require(actor, Right.SEE_FIGURES)
    people = [user for user in (await list_users(connection, actor, active=True)).items if _sells(user)]
    counted = await figures(connection, since, until, [user.id for user in people])
    live = await live_calls(connection, actor)
    ended = await _last_ended(connection, [user.id for user in people], since)
    return Floor(
        desks=tuple(_desk(user, counted[user.id], live, ended.get(user.id)) for user in people),
        waiting=tuple(call for call in live if call.waits and call.line.queue is not None),
        live=live, house=await house_figures(connection, since, until),
    )  # fmt: skip


def _sells(user: UserLine) -> bool:
    return user.role is Role.MANAGER or bool(user.phones)


def _desk(user: UserLine, counted: Figures, live: tuple[LiveCall, ...], last_ended_at: datetime | None) -> Desk:
    own = [(call, call.party_of(user.id)) for call in live]
    on_phone = [(call, party) for call, party in own if party is not None]
    on_phone.sort(key=lambda pair: not pair[1].talking)
    dialling = next((call for call, party in own if party is None and _dials(call, user.id)), None)
    call, party = on_phone[0] if on_phone else (dialling, None)
    return Desk(user, counted, call, party, last_ended_at)


def _dials(call: LiveCall, user_id: int) -> bool:
    return call.line.direction is not Direction.INBOUND and call.line.user is not None and call.line.user.id == user_id


async def _last_ended(connection: AsyncConnection, user_ids: list[int], since: datetime) -> dict[int, datetime]:
    query = (
        select(calls.c.user_id, func.max(calls.c.ended_at))
        .where(calls.c.user_id.in_(user_ids), calls.c.started_at >= since, calls.c.ended_at.is_not(None))
        .group_by(calls.c.user_id)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}
