"""What is on the line now: who talks or rings with whom since when, who waits in a queue, and the pop of one manager."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import references
from crm_core.access import Actor, visible
from crm_core.calls.events import CallState, Direction
from crm_core.calls.lines import CallLine, customer_number, line_query, lines
from crm_core.calls.tables import call_rings, call_talks, calls
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals, stages
from crm_core.references import DealRef, Person, StageRef
from crm_core.users.tables import users

OPEN_STATES = (CallState.ARRIVED, CallState.RINGING, CallState.TALKING, CallState.HELD)


@dataclass(frozen=True, slots=True)
class LiveParty:
    """A phone of ours in a call now: it rings, or (`talking`) its person is joined with the customer, since `since`."""

    extension: str
    user: Person | None
    talking: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call that is up. Whoever dialled stands in `line.user` before anybody has answered."""

    line: CallLine
    parties: tuple[LiveParty, ...]

    @property
    def talking(self) -> bool:
        return any(party.talking for party in self.parties)

    @property
    def waits(self) -> bool:
        """The customer rang in and nobody is joined with him yet."""
        return self.line.direction is Direction.INBOUND and self.line.answered_at is None

    def party_of(self, user_id: int) -> LiveParty | None:
        """The user's own phone in this call; a talk before a ring."""
        own = [party for party in self.parties if party.user is not None and party.user.id == user_id]
        return max(own, key=lambda party: party.talking, default=None)


@dataclass(frozen=True, slots=True)
class Pop:
    """A call on the actor's phone now. `deal` is the open deal; `last_calls` are earlier ones, newest first.

    `is_new`: this number never called us nor was called before, and nobody has named its contact.
    """

    call: LiveCall
    talking: bool
    since: datetime
    deal: DealRef | None
    last_calls: tuple[CallLine, ...]
    is_new: bool


async def live_calls(connection: AsyncConnection, actor: Actor) -> tuple[LiveCall, ...]:
    """Every call that is up and that the actor may see, oldest first."""
    query = line_query(actor).where(calls.c.state.in_(OPEN_STATES)).order_by(calls.c.started_at, calls.c.id)
    return await _with_parties(connection, await lines(connection, actor, query))


async def waiting_in_queues(connection: AsyncConnection, actor: Actor) -> tuple[LiveCall, ...]:
    """Customers who are in a queue and not joined with anybody yet, longest wait first."""
    return tuple(call for call in await live_calls(connection, actor) if call.waits and call.line.queue is not None)


async def current_calls_for(connection: AsyncConnection, actor: Actor) -> tuple[Pop, ...]:
    """The calls that ring or talk on the actor's own phone now: what his call strip shows."""
    rings = exists().where(
        call_rings.c.call_id == calls.c.id, call_rings.c.user_id == actor.user_id, call_rings.c.ended_at.is_(None)
    )
    talks = exists().where(
        call_talks.c.call_id == calls.c.id, call_talks.c.user_id == actor.user_id, call_talks.c.left_at.is_(None)
    )
    dials = (calls.c.user_id == actor.user_id) & (calls.c.direction != Direction.INBOUND) & calls.c.answered_at.is_(None)
    query = line_query(actor).where(calls.c.state.in_(OPEN_STATES), or_(rings, talks, dials)).order_by(calls.c.started_at)
    live = await _with_parties(connection, await lines(connection, actor, query))
    return tuple([await _pop(connection, actor, call) for call in live])


async def _with_parties(connection: AsyncConnection, found: Sequence[CallLine]) -> tuple[LiveCall, ...]:
    ids = [line.id for line in found]
    talking = await _parties(connection, call_talks, "joined_at", "left_at", ids) if ids else []
    ringing = await _parties(connection, call_rings, "rang_at", "ended_at", ids) if ids else []
    by_call: dict[int, list[LiveParty]] = {}
    for call_id, party in (*talking, *ringing):
        by_call.setdefault(call_id, []).append(party)
    return tuple(LiveCall(line, tuple(by_call.get(line.id, ()))) for line in found)


async def _parties(
    connection: AsyncConnection, table: Any, began: str, ended: str, ids: Sequence[int]
) -> list[tuple[int, LiveParty]]:
    query = (
        select(table, users.c.name.label("user_name"))
        .outerjoin(users, users.c.id == table.c.user_id)
        .where(table.c.call_id.in_(ids), table.c[ended].is_(None))
        .order_by(table.c.call_id, table.c.position)
    )
    return [
        (row.call_id, LiveParty(row.extension, references.person(row, "user"), table is call_talks, row._mapping[began]))
        for row in await connection.execute(query)
    ]


async def _pop(connection: AsyncConnection, actor: Actor, call: LiveCall) -> Pop:
    own = call.party_of(actor.user_id)
    known = await _known_before(connection, call.line)
    contact = call.line.contact
    return Pop(
        call=call, talking=own is not None and own.talking, since=own.since if own else call.line.started_at,
        deal=await _open_deal(connection, actor, contact.id if contact else None),
        last_calls=await _last_calls(connection, actor, call.line),
        is_new=call.line.number is not None and not known and (contact is None or contact.name is None),
    )  # fmt: skip


async def _known_before(connection: AsyncConnection, line: CallLine) -> bool:
    if line.number is None:
        return False
    query = select(calls.c.id).where(
        or_(calls.c.caller == line.number, calls.c.callee == line.number), calls.c.started_at < line.started_at
    )
    return await connection.scalar(query.limit(1)) is not None


async def _open_deal(connection: AsyncConnection, actor: Actor, contact_id: int | None) -> DealRef | None:
    """The contact's newest open deal with its stage; a colleague's is named too, but does not open."""
    if contact_id is None:
        return None
    query = (
        select(deals, stages.c.name.label("stage_name"), stages.c.short_name, visible(actor, deals).label("opens"))
        .join(stages, stages.c.id == deals.c.stage_id)
        .where(deals.c.contact_id == contact_id, deals.c.closed_at.is_(None))
        .order_by(deals.c.created_at.desc(), deals.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    stage = StageRef(row.stage_id, row.stage_name, row.short_name)
    return DealRef(row.id, row.title, stage, bool(row.opens), row.amount, row.currency)


async def _last_calls(connection: AsyncConnection, actor: Actor, line: CallLine) -> tuple[CallLine, ...]:
    if line.number is None:
        return ()
    same = [customer_number == line.number]
    if line.contact is not None:
        same.append(contacts.c.id == line.contact.id)
    query = line_query(actor).where(or_(*same), calls.c.id != line.id, calls.c.started_at <= line.started_at)
    return tuple(await lines(connection, actor, query.order_by(calls.c.started_at.desc()).limit(3)))
