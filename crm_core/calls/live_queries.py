"""What is on the line now: who talks, rings or consults with whom since when, and who waits where."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.calls.events import CallState, Direction
from crm_core.calls.lines import CallLine, line_query, lines_of
from crm_core.calls.listening_queries import not_heard
from crm_core.calls.live_parties import Before, Doing, LiveParty, Wait, Waits, before_of, parties_of, wait_of
from crm_core.calls.tables import call_rings, call_talks, calls, exchanges
from crm_core.event_log import events
from crm_core.events import EventKind
from crm_core.users.tables import users

OPEN_STATES = (CallState.ARRIVED, CallState.RINGING, CallState.TALKING, CallState.HELD)
ORDER = list(Doing)
ONE_RINGING = timedelta(seconds=3)

# The exchange is named so that the index on (exchange, state) is used: without it each look would read all calls there ever were.
IS_UP = and_(calls.c.exchange_id.in_(select(exchanges.c.id)), calls.c.state.in_(OPEN_STATES))


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call that is up.

    `wait`: where the customer waits, if nobody speaks with him; `place`: his place in the queue, 1 is next.
    `before`: who spoke with him earlier in this call. `as_of`: None while its exchange is heard, else when it was last.
    """

    line: CallLine
    exchange_id: int
    parties: tuple[LiveParty, ...]
    wait: Wait | None = None
    place: int | None = None
    before: tuple[Before, ...] = ()
    as_of: datetime | None = None

    @property
    def talking(self) -> bool:
        return any(party.talking for party in self.parties)

    @property
    def in_queue(self) -> bool:
        return self.wait is not None and self.wait.where is Waits.QUEUE

    @property
    def elsewhere(self) -> bool:
        """Nobody waits, and none of the phones in it belongs to a user."""
        return self.wait is None and all(party.user is None for party in self.parties)

    def party_of(self, user_id: int) -> LiveParty | None:
        """The user's own phone in this call; a talk before a ring."""
        own = [party for party in self.parties if party.user is not None and party.user.id == user_id]
        return min(own, key=lambda party: ORDER.index(party.doing), default=None)

    def others(self, mine: LiveParty | None) -> tuple[LiveParty, ...]:
        """Who else of the house is in it: in an internal call the other end, else those who talk along or are asked."""
        alone = mine is None or not mine.talking
        return tuple(
            party
            for party in self.parties
            if party is not mine and (self.line.direction is Direction.INTERNAL or party.talking or not alone)
        )

    @property
    def ringing(self) -> tuple[LiveParty, ...]:
        return tuple(party for party in self.parties if party.doing is Doing.RINGS)


def that_are_up(query: Select[Any]) -> Select[Any]:
    """Those calls of a `line_query` that are up, oldest first."""
    return query.where(IS_UP).order_by(calls.c.started_at, calls.c.id)


async def live_calls(connection: AsyncConnection, actor: Actor, now: datetime) -> tuple[LiveCall, ...]:
    """Every call that is up and that the actor may see, oldest first."""
    return await read_live(connection, actor, that_are_up(line_query(actor)), now)


async def read_live(connection: AsyncConnection, actor: Actor, up: Select[Any], now: datetime) -> tuple[LiveCall, ...]:
    """What a query of `that_are_up` finds, with all that belongs to it."""
    rows = (await connection.execute(up)).all()
    if not rows:
        return ()
    parts = await _read_parts(connection, rows, now)
    return tuple(_live(row, line, parts) for row, line in zip(rows, await lines_of(connection, actor, rows), strict=True))


@dataclass(frozen=True, slots=True)
class Parts:
    """What belongs to the calls that are up, by call."""

    talks: Mapping[int, Sequence[Any]]
    rings: Mapping[int, Sequence[Any]]
    rang_again: Mapping[int, dict[str, datetime]]
    places: Mapping[int, int]
    as_of: Mapping[int, datetime] = field(default_factory=dict)  # by exchange


async def _read_parts(connection: AsyncConnection, rows: Sequence[Any], now: datetime) -> Parts:
    ids = [row.id for row in rows]
    talks = await _by_call(connection, call_talks, ids)
    rings = await _by_call(connection, call_rings, ids)
    ringing = [call_id for call_id, its in rings.items() if any(_rings_for_long(ring, now) for ring in its)]
    queued = any(row.queue is not None and row.answered_at is None for row in rows)
    silent = await not_heard(connection, now)
    return Parts(
        talks=talks, rings=rings, rang_again=await _rang_again(connection, ringing),
        places=await _places(connection) if queued else {},
        as_of={exchange_id: exchange.since for exchange_id, exchange in silent.items()},
    )  # fmt: skip


def _live(row: Any, line: CallLine, parts: Parts) -> LiveCall:
    talks = parts.talks.get(row.id, ())
    parties = parties_of(row, talks, parts.rings.get(row.id, ()), parts.rang_again.get(row.id, {}))
    wait = wait_of(row, talks, parties)
    in_queue = wait is not None and wait.where is Waits.QUEUE
    return LiveCall(
        line=line, exchange_id=row.exchange_id, parties=parties, wait=wait, place=parts.places.get(row.id) if in_queue else None,
        before=before_of(talks, parties), as_of=parts.as_of.get(row.exchange_id),
    )  # fmt: skip


@cache
def _parts_of(table: Any) -> Select[Any]:
    return (
        select(table, users.c.name.label("user_name"))
        .outerjoin(users, users.c.id == table.c.user_id)
        .where(table.c.call_id.in_(bindparam("ids", expanding=True)))
        .order_by(table.c.call_id, table.c.position)
    )


async def _by_call(connection: AsyncConnection, table: Any, ids: Sequence[int]) -> dict[int, list[Any]]:
    return _grouped(await connection.execute(_parts_of(table), {"ids": ids}))


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.call_id, []).append(row)
    return found


def _rings_for_long(ring: Any, now: datetime) -> bool:
    """Long enough to have been called more than once: a pop that comes up asks nothing more."""
    return ring.ended_at is None and now - ring.rang_at > ONE_RINGING


async def _rang_again(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, dict[str, datetime]]:
    """Since when each phone rings that rang before in the same call: a queue calls its members again and again."""
    if not ids:
        return {}
    extension = events.c.facts["extension"].as_string()
    query = (
        select(events.c.call_id, extension.label("extension"), func.max(events.c.at).label("at"))
        .where(events.c.call_id.in_(ids), events.c.kind == EventKind.PARTY_RANG)
        .group_by(events.c.call_id, extension)
        .having(func.count() > 1)
    )
    return {
        call_id: {row.extension: row.at for row in rows}
        for call_id, rows in _grouped(await connection.execute(query)).items()
    }  # fmt: skip


async def _places(connection: AsyncConnection) -> dict[int, int]:
    """Everybody's place in his queue, also of callers whom the reader may not see: they stand before him all the same."""
    since = func.coalesce(calls.c.queued_at, calls.c.started_at)
    waiting = and_(calls.c.direction == Direction.INBOUND, calls.c.answered_at.is_(None), calls.c.queue.is_not(None))
    query = select(calls.c.id, calls.c.exchange_id, calls.c.queue).where(IS_UP, waiting, calls.c.voicemail.is_(False))
    places: dict[int, int] = {}
    counted: dict[tuple[int, str], int] = {}
    for row in await connection.execute(query.order_by(since, calls.c.id)):
        queue = (row.exchange_id, row.queue)
        places[row.id] = counted[queue] = counted.get(queue, 0) + 1
    return places
