"""The pops of one person: the calls on his own phone now, with what he must know of each."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, visible
from crm_core.calls.events import CallState, Direction, RingOutcome
from crm_core.calls.lines import CallLine, customer_number, line_query, lines_of
from crm_core.calls.live_parties import Doing
from crm_core.calls.live_queries import LiveCall, read_live, that_are_up
from crm_core.calls.tables import call_rings, call_talks, calls
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals, stages
from crm_core.references import DealRef, StageRef, StageSays, deal_ref


@dataclass(frozen=True, slots=True)
class Pop:
    """A call on the actor's phone now. `deal` is the open deal; `last_calls` are earlier ones, newest first.

    `is_new`: this number never called us nor was called before, and nobody has named its contact.
    """

    call: LiveCall
    doing: Doing
    since: datetime
    deal: DealRef | None
    last_calls: tuple[CallLine, ...]
    is_new: bool

    @property
    def talking(self) -> bool:
        return self.doing in (Doing.TALKS, Doing.CONSULTS)


async def current_calls_for(connection: AsyncConnection, actor: Actor, now: datetime) -> tuple[Pop, ...]:
    """The calls that ring or talk on the actor's own phone now: what his call strip shows."""
    found = await read_live(connection, actor, _on_phone_of(actor), now)
    on_phone = [call for call in found if call.party_of(actor.user_id) is not None]
    return tuple([await _pop(connection, actor, call) for call in on_phone])


@lru_cache(1000)
def _on_phone_of(actor: Actor) -> Select[Any]:
    return that_are_up(line_query(actor).where(_may_be_on_phone_of(actor)))


def _may_be_on_phone_of(actor: Actor) -> ColumnElement[bool]:
    """He rings, talks, dialled, or was asked by a colleague; which of them it is now, the call's parties tell."""
    rings = exists().where(
        call_rings.c.call_id == calls.c.id, call_rings.c.user_id == actor.user_id,
        or_(call_rings.c.ended_at.is_(None), call_rings.c.outcome == RingOutcome.ANSWERED),
    )  # fmt: skip
    talks = exists().where(call_talks.c.call_id == calls.c.id, call_talks.c.user_id == actor.user_id)
    held = calls.c.state == CallState.HELD
    talks_now = talks.where(or_(call_talks.c.left_at.is_(None), held))
    dials = (calls.c.user_id == actor.user_id) & (calls.c.direction != Direction.INBOUND)
    return or_(rings, talks_now, dials)


async def _pop(connection: AsyncConnection, actor: Actor, call: LiveCall) -> Pop:
    own = call.party_of(actor.user_id)
    known, deal = await _known_and_deal(connection, actor, call.line)
    contact = call.line.contact
    return Pop(
        call=call, doing=own.doing if own else Doing.RINGS, since=own.since if own else call.line.started_at,
        deal=deal,
        last_calls=await _last_calls(connection, actor, call.line) if known else (),
        is_new=call.line.number is not None and not known and (contact is None or contact.name is None),
    )  # fmt: skip


# By the contact, which has an index; a number without a contact has to be looked for.
BY_CONTACT = calls.c.contact_id == bindparam("contact")
BY_NUMBER = customer_number == bindparam("number")
BEFORE = calls.c.started_at < bindparam("at")
NUMBER_KNOWN = select(exists().where(BY_NUMBER, BEFORE))


def _of_the_same(line: CallLine) -> ColumnElement[bool]:
    return BY_NUMBER if line.contact is None else BY_CONTACT


def _which(line: CallLine) -> dict[str, Any]:
    same = {"number": line.number} if line.contact is None else {"contact": line.contact.id}
    return {**same, "at": line.started_at}


async def _known_and_deal(connection: AsyncConnection, actor: Actor, line: CallLine) -> tuple[bool, DealRef | None]:
    """Whether there were calls with the customer before, and his newest open deal; a colleague's is named, but does not open."""
    if line.contact is None:
        known = line.number is not None and bool(await connection.scalar(NUMBER_KNOWN, _which(line)))
        return known, None
    row = (await connection.execute(_deal_query(actor), _which(line))).one()
    known = line.number is not None and bool(row.known)
    if row.id is None:
        return known, None
    stage = StageRef(row.stage_id, row.stage_name, row.short_name)
    deal = deal_ref(row.id, row.title, stage, row.opens, row.amount, row.currency)
    says = StageSays(row.goal, row.criteria, row.tools, row.algorithm)
    return known, replace(deal, says=says) if deal.may_open else deal


@lru_cache(1000)
def _deal_query(actor: Actor) -> Select[Any]:
    """One row for the contact: somebody's phone rings, and each question more is waited for."""
    is_open = and_(deals.c.contact_id == contacts.c.id, deals.c.closed_at.is_(None))
    return (
        select(
            exists().where(BY_CONTACT, BEFORE).label("known"),
            deals, stages.c.name.label("stage_name"), stages.c.short_name,
            stages.c.goal, stages.c.criteria, stages.c.tools, stages.c.algorithm,
            visible(actor, deals).label("opens"),
        )
        .select_from(contacts.outerjoin(deals, is_open).outerjoin(stages, stages.c.id == deals.c.stage_id))
        .where(contacts.c.id == bindparam("contact"))
        .order_by(deals.c.created_at.desc(), deals.c.id.desc())
        .limit(1)
    )  # fmt: skip


@lru_cache(2000)
def _last_query(actor: Actor, of_the_same: ColumnElement[bool]) -> Select[Any]:
    earlier = line_query(actor).where(of_the_same, calls.c.id != bindparam("id"), calls.c.started_at <= bindparam("at"))
    return earlier.order_by(calls.c.started_at.desc()).limit(3)


async def _last_calls(connection: AsyncConnection, actor: Actor, line: CallLine) -> tuple[CallLine, ...]:
    if line.number is None:
        return ()
    query = _last_query(actor, _of_the_same(line))
    rows = (await connection.execute(query, {**_which(line), "id": line.id})).all()
    return tuple(await lines_of(connection, actor, rows))
