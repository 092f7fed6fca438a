"""Reads of calls by a click: how one's own stands, what was tried, who is near a cap."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Noun
from crm_core.calls.events import CallState, Outcome, RingOutcome
from crm_core.calls.tables import call_linkedids, call_rings, calls, exchanges
from crm_core.dialling import facts
from crm_core.dialling.attempts import Verdict
from crm_core.dialling.caps import Cap, caps_at
from crm_core.dialling.phones import Phone
from crm_core.dialling.refusals import Failure
from crm_core.dialling.rules import DialRules, rules_of
from crm_core.dialling.tables import dial_attempts
from crm_core.errors import NotFound
from crm_core.references import Person
from crm_core.scoped_rows import is_of
from crm_core.users.tables import user_extensions, users

SHOWN_FOR = timedelta(seconds=150)
"""How long after the click the page tells of it: longer than any phone rings."""

TOLD_BY_RING: dict[str, str] = {
    RingOutcome.BUSY: Failure.PHONE_BUSY, RingOutcome.DECLINED: Failure.PHONE_DECLINED,
    RingOutcome.NO_ANSWER: Failure.PHONE_NO_ANSWER, RingOutcome.CANCELLED: Failure.PHONE_NO_ANSWER,
    RingOutcome.UNAVAILABLE: Failure.PHONE_UNREACHABLE,
}  # fmt: skip


class Stage(StrEnum):
    """How far a call by a click is, as its user sees it."""

    ORDERED = "ordered"
    PHONE_RINGS = "phone_rings"
    CALLING = "calling"
    TALKING = "talking"
    ENDED = "ended"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """`why`: a code of `Reason` or `Failure`. `call_id` from the moment the exchange told of the call."""

    id: int
    at: datetime
    user: Person
    exchange_id: int | None
    extension: str | None
    number: str | None
    verdict: str
    why: str | None
    channel_id: str | None
    call_id: int | None
    stage: Stage
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class NearCap:
    """Somebody has used 80 % or more of a cap that holds now."""

    user: Person
    exchange: str
    cap: Cap


async def attempt(connection: AsyncConnection, actor: Actor, attempt_id: int) -> AttemptLine:
    """Of those whose calls he sees. Raises NotFound."""
    query = _query().where(dial_attempts.c.id == attempt_id)
    if (people := actor.people(Noun.CALLS)) is not None:
        query = query.where(is_of(dial_attempts.c.user_id, people))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(noun="dial_attempts", id=attempt_id)
    return _line(row)


async def newest_of(connection: AsyncConnection, user_id: int, *, now: datetime) -> AttemptLine | None:
    """What the user's page still has to say: his last click, while it is under way or has just failed.

    Not the call itself: that is told like any other. Not a refusal: that was the answer to the click.
    """
    query = _query().where(
        dial_attempts.c.user_id == user_id, dial_attempts.c.at > now - SHOWN_FOR, dial_attempts.c.channel_id.is_not(None)
    )
    row = (await connection.execute(query.order_by(dial_attempts.c.id.desc()).limit(1))).first()
    line = None if row is None else _line(row)
    return line if line is not None and line.stage in (Stage.ORDERED, Stage.PHONE_RINGS, Stage.FAILED) else None


async def recent(connection: AsyncConnection, exchange_id: int, limit: int = 30) -> tuple[AttemptLine, ...]:
    """The last attempts on an exchange, refused ones too, newest first."""
    query = _query().where(dial_attempts.c.exchange_id == exchange_id).order_by(dial_attempts.c.id.desc()).limit(limit)
    return tuple(_line(row) for row in await connection.execute(query))


async def phones_of(connection: AsyncConnection, user_id: int) -> tuple[Phone, ...]:
    """The phones a user may have rung: his own; who has none and may call from others', everybody's."""
    own = await facts.phones(connection, user_extensions.c.user_id == user_id)
    for_others = not own and await connection.scalar(select(users.c.may_dial_for_others).where(users.c.id == user_id))
    return await facts.phones(connection) if for_others else own


async def rules_on(connection: AsyncConnection, exchange_id: int) -> DialRules:
    """Raises NotFound."""
    query = select(exchanges.c.region, exchanges.c.dial_rules).where(exchanges.c.id == exchange_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(noun="exchanges", id=exchange_id)
    return rules_of(row.dial_rules, row.region)


async def near_caps(
    connection: AsyncConnection, *, now: datetime, zone: ZoneInfo, people: frozenset[int] | None = None
) -> tuple[NearCap, ...]:
    """Who (of these people, or of all) is near a cap now, the nearest cap of each; empty as long as nobody calls by click."""
    ordered = await facts.ordered_since(connection, now - facts.CAPS_LOOK_BACK)
    if people is not None:
        ordered = {user: calls for user, calls in ordered.items() if user in people}
    if not ordered:
        return ()
    query = (
        select(users.c.id, users.c.name, exchanges.c.name.label("exchange"), exchanges.c.region, exchanges.c.dial_rules)
        .join(user_extensions, and_(user_extensions.c.user_id == users.c.id, user_extensions.c.until.is_(None)))
        .join(exchanges, exchanges.c.id == user_extensions.c.exchange_id)
        .where(users.c.id.in_(ordered))
        .order_by(users.c.name, exchanges.c.id)
    )
    found: dict[int, NearCap] = {}
    for row in await connection.execute(query):
        caps = caps_at(rules_of(row.dial_rules, row.region), ordered[row.id], now, zone)
        near = max((cap for cap in caps if cap.near), key=lambda cap: cap.used / cap.most, default=None)
        if near is not None:
            found.setdefault(row.id, NearCap(Person(row.id, row.name), row.exchange, near))
    return tuple(found.values())


def _query() -> Select[Any]:
    own_ring = select(call_rings.c.outcome).where(
        call_rings.c.call_id == calls.c.id, call_rings.c.extension == dial_attempts.c.extension
    )
    return (
        select(
            dial_attempts, users.c.name.label("user_name"), calls.c.id.label("call_id"), calls.c.state, calls.c.outcome,
            calls.c.answered_at, own_ring.order_by(call_rings.c.position).limit(1).scalar_subquery().label("own_ring"),
        )
        .join(users, users.c.id == dial_attempts.c.user_id)
        .outerjoin(
            call_linkedids,
            and_(
                call_linkedids.c.exchange_id == dial_attempts.c.exchange_id,
                call_linkedids.c.linkedid == dial_attempts.c.channel_id,
            ),
        )
        .outerjoin(calls, calls.c.id == call_linkedids.c.call_id)
    )  # fmt: skip


def _line(row: Any) -> AttemptLine:
    picked_up = row.own_ring == RingOutcome.ANSWERED
    stage = stage_of(row.verdict, row.state, answered=row.answered_at is not None, picked_up=picked_up)
    return AttemptLine(
        id=row.id, at=row.at, user=Person(row.user_id, row.user_name), exchange_id=row.exchange_id, extension=row.extension,
        number=row.number, verdict=row.verdict, why=row.verdict if stage is Stage.REFUSED else why_of(row.note, row.own_ring),
        channel_id=row.channel_id, call_id=row.call_id, stage=stage,
        outcome=None if row.outcome is None else Outcome(row.outcome),
    )  # fmt: skip


def why_of(note: str | None, own_ring: str | None) -> str | None:
    """What the exchange answered to the order, made plainer by what the listener saw of the user's phone. Pure."""
    return TOLD_BY_RING.get(own_ring or "", note) if note == Failure.PHONE_NOT_REACHED else note


def stage_of(verdict: str, state: str | None, *, answered: bool, picked_up: bool) -> Stage:
    """From the attempt's own word and, once there is one, from the call. Pure."""
    if verdict not in list(Verdict):
        return Stage.REFUSED
    if verdict in (Verdict.FAILED, Verdict.UNSENT) or (verdict == Verdict.IN_DOUBT and state is None):
        return Stage.FAILED
    if state is not None:
        return _stage_of_call(state, answered=answered, picked_up=picked_up or verdict == Verdict.PLACED)
    return {Verdict.SENT: Stage.PHONE_RINGS, Verdict.PLACED: Stage.CALLING}.get(Verdict(verdict), Stage.ORDERED)


def _stage_of_call(state: str, *, answered: bool, picked_up: bool) -> Stage:
    if state == CallState.ENDED:
        return Stage.ENDED
    if answered:
        return Stage.TALKING
    return Stage.CALLING if picked_up else Stage.PHONE_RINGS
