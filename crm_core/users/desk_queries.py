"""The day at a glance: a manager's own (Today), and everybody's for the head (Live)."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Noun, Right, require
from crm_core.calls.events import CallState, Direction
from crm_core.calls.figure_queries import Figures, HouseFigures, figures, house_figures
from crm_core.calls.lines import CallLine, line_query, lines
from crm_core.calls.listening_queries import NotHeard, not_heard
from crm_core.calls.live_parties import LiveParty
from crm_core.calls.live_queries import ORDER, LiveCall, live_calls
from crm_core.calls.missed_queries import Missed, MissedFilters, count_not_reached, list_missed
from crm_core.calls.queries import CallFilters, list_calls
from crm_core.calls.tables import calls
from crm_core.deals.queries import count_open_deals
from crm_core.tasks.queries import TaskFilters, TaskLine, count_open_tasks, list_tasks
from crm_core.users.queries import UserLine, list_users
from crm_core.users.tables import Role

MISSED_DAYS = timedelta(days=7)
FIRST_MISSED = 6


@dataclass(frozen=True, slots=True)
class Today:
    """`tasks`: open and due before the day ends, the most urgent first. `waiting`: customers on the line, with nobody yet.

    `missed`: the newest of the last week whom nobody has reached yet; `missed_count`: how many there are.
    """

    figures: Figures
    tasks: tuple[TaskLine, ...]
    calls: tuple[CallLine, ...]
    waiting: tuple[LiveCall, ...]
    missed: tuple[Missed, ...]
    missed_count: int
    last_talks: tuple[CallLine, ...]
    not_heard: tuple[NotHeard, ...]


@dataclass(frozen=True, slots=True)
class Badges:
    """The small figures beside the menu."""

    open_deals: int
    missed: int
    due_tasks: int


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's phone and day. `on_line`: the calls he is in now, the one he talks in first.

    `is_heard`: whether the exchange of his phone is; else nobody knows what he does.
    """

    user: UserLine
    figures: Figures
    on_line: tuple[tuple[LiveCall, LiveParty], ...]
    last_ended_at: datetime | None
    is_heard: bool = True

    @property
    def call(self) -> LiveCall | None:
        return self.on_line[0][0] if self.on_line else None

    @property
    def party(self) -> LiveParty | None:
        return self.on_line[0][1] if self.on_line else None

    @property
    def talking(self) -> bool:
        return self.party is not None and self.party.talking


@dataclass(frozen=True, slots=True)
class Floor:
    """What the head of sales sees: the desks of those whose figures he sees, who waits where, calls on nobody's phone, sums.

    `not_heard`: exchanges whose calls are shown as they were when they were last heard.
    """

    desks: tuple[Desk, ...]
    live: tuple[LiveCall, ...]
    house: HouseFigures
    not_heard: tuple[NotHeard, ...]

    @property
    def waiting(self) -> tuple[LiveCall, ...]:
        return waiting_in(self.live)

    @property
    def in_queues(self) -> tuple[LiveCall, ...]:
        return tuple(call for call in self.waiting if call.in_queue)

    @property
    def elsewhere(self) -> tuple[LiveCall, ...]:
        return tuple(call for call in self.live if call.elsewhere)


def waiting_in(live: tuple[LiveCall, ...]) -> tuple[LiveCall, ...]:
    """Queue by queue in the order of their callers' turns; then the others, the longest wait first."""
    return tuple(sorted((call for call in live if call.wait is not None), key=_turn))


def _turn(call: LiveCall) -> tuple[bool, str, int, datetime]:
    queue = (call.line.queue or "") if call.in_queue else ""
    return not call.in_queue, queue, call.place or 0, call.wait.since if call.wait else call.line.started_at


async def today(connection: AsyncConnection, actor: Actor, since: datetime, until: datetime, now: datetime) -> Today:
    """The actor's own day, from `since` (midnight) to `until`."""
    own = CallFilters(since=since, until=until, user_id=actor.user_id)
    talks = line_query(actor).where(
        calls.c.user_id == actor.user_id, calls.c.state == CallState.ENDED,
        or_(calls.c.answered_at.is_not(None), calls.c.direction == Direction.OUTBOUND),
    )  # fmt: skip
    last_week = MissedFilters(until - MISSED_DAYS, until)
    return Today(
        figures=(await figures(connection, since, until, [actor.user_id]))[actor.user_id],
        tasks=(await list_tasks(connection, actor, TaskFilters(owner_id=actor.user_id, due_before=until))).items,
        calls=(await list_calls(connection, actor, own)).items,
        waiting=waiting_in(await live_calls(connection, actor, now)),
        missed=(await list_missed(connection, actor, last_week, limit=FIRST_MISSED)).items,
        missed_count=await count_not_reached(connection, actor, last_week),
        last_talks=tuple(await lines(connection, actor, talks.order_by(calls.c.started_at.desc()).limit(5))),
        not_heard=tuple((await not_heard(connection, now)).values()),
    )


async def badges(connection: AsyncConnection, actor: Actor, until: datetime) -> Badges:
    """`until`: the end of today."""
    return Badges(
        open_deals=await count_open_deals(connection, actor),
        missed=await count_not_reached(connection, actor, MissedFilters(until - MISSED_DAYS, until)),
        due_tasks=await count_open_tasks(connection, actor, until),
    )


async def floor(connection: AsyncConnection, actor: Actor, since: datetime, until: datetime, now: datetime) -> Floor:
    """Raises Forbidden for who sees only himself."""
    require(actor, Right.SEE_FIGURES)
    whose = actor.people(Noun.FIGURES)
    people = [user for user in await _everybody(connection, actor) if _sells(user) and (whose is None or user.id in whose)]
    ids = [user.id for user in people]
    counted = await figures(connection, since, until, ids)
    live = await live_calls(connection, actor, now)
    silent = await not_heard(connection, now)
    ended = await _last_ended(connection, ids, since)
    return Floor(
        desks=tuple(_desk(user, counted[user.id], live, ended.get(user.id), silent) for user in people),
        live=live, house=await house_figures(connection, since, until, whose),
        not_heard=tuple(silent.values()),
    )  # fmt: skip


async def _everybody(connection: AsyncConnection, actor: Actor) -> list[UserLine]:
    """Page after page: a floor leaves nobody out."""
    found: list[UserLine] = []
    cursor: str | None = None
    while True:
        page = await list_users(connection, actor, active=True, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def _sells(user: UserLine) -> bool:
    return user.role is Role.MANAGER or bool(user.phones)


def _desk(
    user: UserLine, counted: Figures, live: tuple[LiveCall, ...], last_ended_at: datetime | None, silent: Container[int]
) -> Desk:
    on_line = [(call, party) for call in live if (party := call.party_of(user.id)) is not None]
    on_line.sort(key=lambda pair: (ORDER.index(pair[1].doing), pair[0].line.state == CallState.HELD, pair[1].since))
    is_heard = not any(phone.exchange_id in silent for phone in user.extensions if phone.until is None)
    return Desk(user, counted, tuple(on_line), last_ended_at, is_heard)


async def _last_ended(connection: AsyncConnection, user_ids: list[int], since: datetime) -> dict[int, datetime]:
    query = (
        select(calls.c.user_id, func.max(calls.c.ended_at))
        .where(calls.c.user_id.in_(user_ids), calls.c.started_at >= since, calls.c.ended_at.is_not(None))
        .group_by(calls.c.user_id)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}
