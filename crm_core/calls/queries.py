"""Reads of calls: the list with its filters, and one call's card."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging, references
from crm_core.access import Actor, Right, hearable
from crm_core.calls.events import Direction, Outcome, RingOutcome, Source
from crm_core.calls.lines import CallLine, customer_number, line_query, lines, lines_of
from crm_core.calls.tables import call_linkedids, call_remarks, call_rings, call_talks, calls, exchanges
from crm_core.contacts.tables import companies, contacts
from crm_core.errors import NotFound
from crm_core.paging import Page
from crm_core.recordings.queries import RecordedTalk, recorded_talks
from crm_core.recordings.tables import recordings
from crm_core.references import Person
from crm_core.searching import digits_of, words_of
from crm_core.tags.tables import call_tags
from crm_core.text import clean
from crm_core.transcripts.queries import TranscriptState, transcript_state
from crm_core.users.tables import users

CALL_SORTS = paging.sorts(
    calls.c.id,
    {"started_at": calls.c.started_at, "talk_seconds": calls.c.talk_seconds, "wait_seconds": calls.c.wait_seconds},
)


@dataclass(frozen=True, slots=True)
class CallFilters:
    """What a list of calls is narrowed to. `since` ≤ start < `until`; `search`: part of a number or of a name."""

    since: datetime | None = None
    until: datetime | None = None
    direction: Direction | None = None
    outcome: Outcome | None = None
    user_id: int | None = None  # dialled, answered, or his phone rang
    contact_id: int | None = None
    deal_id: int | None = None
    search: str | None = None
    tag: str | None = None
    recorded: bool | None = None
    reviewed: bool | None = None


@dataclass(frozen=True, slots=True)
class RingLine:
    extension: str
    user: Person | None
    rang_at: datetime
    ended_at: datetime | None
    outcome: RingOutcome | None


@dataclass(frozen=True, slots=True)
class TalkLine:
    extension: str
    user: Person | None
    joined_at: datetime
    left_at: datetime | None
    talk_seconds: float
    consultation_seconds: float


@dataclass(frozen=True, slots=True)
class Remark:
    """`second` of the conversation it is about, or None for the call as a whole."""

    id: int
    user: Person
    at: datetime
    second: float | None
    text: str


@dataclass(frozen=True, slots=True)
class CallCard:
    """All a page tells of one call. `talks_recorded` is empty where the reader may not listen."""

    line: CallLine
    exchange: str
    linkedids: tuple[str, ...]
    hold_seconds: float
    click_to_call: bool
    forwarded_to: str | None
    transfers: tuple[dict[str, Any], ...]
    source: Source
    partial: bool
    rings: tuple[RingLine, ...]
    talks: tuple[TalkLine, ...]
    talks_recorded: tuple[RecordedTalk, ...]
    transcript: TranscriptState
    remarks: tuple[Remark, ...]
    reviewed_at: datetime | None
    reviewed_by: Person | None


async def list_calls(
    connection: AsyncConnection, actor: Actor, filters: CallFilters | None = None, *,
    sort: str = "-started_at", cursor: str | None = None, limit: int = 50,
) -> Page[CallLine]:  # fmt: skip
    """A page of the calls the actor may see; raises Invalid for a sort, cursor or limit that is not lawful."""
    order = paging.sort_named(CALL_SORTS, sort)
    query = narrowed(line_query(actor), filters or CallFilters(), actor)
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, await lines_of(connection, actor, rows[:limit]), order, limit)


async def call_line(connection: AsyncConnection, actor: Actor, call_id: int) -> CallLine:
    """One call as a line; raises NotFound."""
    found = await lines(connection, actor, line_query(actor).where(calls.c.id == call_id))
    if not found:
        raise NotFound(noun="calls", id=call_id)
    return found[0]


async def call_card(connection: AsyncConnection, actor: Actor, call_id: int) -> CallCard:
    """One call's card; raises NotFound where there is none or it is not the actor's to see."""
    line = await call_line(connection, actor, call_id)
    reviewer = users.alias()
    query = (
        select(calls, exchanges.c.name.label("exchange"), reviewer.c.name.label("reviewed_by_name"))
        .join(exchanges, exchanges.c.id == calls.c.exchange_id)
        .outerjoin(reviewer, reviewer.c.id == calls.c.reviewed_by)
        .where(calls.c.id == call_id)
    )
    row = (await connection.execute(query)).one()
    return CallCard(
        line=line, exchange=row.exchange, linkedids=await _linkedids(connection, row), hold_seconds=row.hold_seconds,
        click_to_call=row.click_to_call, forwarded_to=row.forwarded_to, transfers=tuple(row.transfers),
        source=Source(row.source), partial=row.partial, rings=await _rings(connection, call_id),
        talks=await _talks(connection, call_id),
        talks_recorded=(await recorded_talks(connection, actor, [call_id])).get(call_id, ()),
        transcript=await transcript_state(connection, actor, call_id),
        # A remark may quote what was said: whose phone only rang sees the card without it.
        remarks=await remarks_of(connection, call_id) if line.may_listen or actor.may(Right.REVIEW) else (),
        reviewed_at=row.reviewed_at,
        reviewed_by=None if row.reviewed_by is None else Person(row.reviewed_by, row.reviewed_by_name),
    )  # fmt: skip


def narrowed(query: Select[Any], filters: CallFilters, actor: Actor) -> Select[Any]:
    """A `line_query` with the filters put on; no filter finds by what the actor may not hear."""
    equal = {
        calls.c.direction: filters.direction, calls.c.outcome: filters.outcome,
        calls.c.contact_id: filters.contact_id, calls.c.deal_id: filters.deal_id,
    }  # fmt: skip
    query = query.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.since is not None:
        query = query.where(calls.c.started_at >= filters.since)
    if filters.until is not None:
        query = query.where(calls.c.started_at < filters.until)
    if filters.user_id is not None:
        query = query.where(_touched_by(filters.user_id))
    if filters.tag is not None:
        tagged = exists().where(call_tags.c.call_id == calls.c.id, call_tags.c.tag == clean(filters.tag, 40))
        query = query.where(tagged, hearable(actor))
    if filters.recorded is not None:
        recorded = and_(exists().where(recordings.c.call_id == calls.c.id), hearable(actor))
        query = query.where(recorded if filters.recorded else ~recorded)
    if filters.reviewed is not None:
        query = query.where(calls.c.reviewed_at.is_not(None) == filters.reviewed)
    words = words_of(filters.search)
    return query.where(_matches(words)) if words else query


def _touched_by(user_id: int) -> Any:
    rang = exists().where(call_rings.c.call_id == calls.c.id, call_rings.c.user_id == user_id)
    talked = exists().where(call_talks.c.call_id == calls.c.id, call_talks.c.user_id == user_id)
    return or_(calls.c.user_id == user_id, rang, talked)


def _matches(words: str) -> Any:
    """Part of the customer's number (typed as people type numbers), or of a name in any case of letters."""
    names = (contacts.c.name, companies.c.name, calls.c.caller_name)
    found = [func.lower(name).contains(words, autoescape=True) for name in names]
    if (digits := digits_of(words)) is not None:
        found.append(customer_number.contains(digits))
    return or_(*found)


async def _linkedids(connection: AsyncConnection, call: Any) -> tuple[str, ...]:
    """The key first, as the call JSON tells it."""
    found = await connection.scalars(select(call_linkedids.c.linkedid).where(call_linkedids.c.call_id == call.id))
    return (call.key, *sorted(linkedid for linkedid in found if linkedid != call.key))


async def _rings(connection: AsyncConnection, call_id: int) -> tuple[RingLine, ...]:
    query = (
        select(call_rings, users.c.name.label("user_name"))
        .outerjoin(users, users.c.id == call_rings.c.user_id)
        .where(call_rings.c.call_id == call_id)
        .order_by(call_rings.c.position)
    )
    return tuple(
        RingLine(row.extension, references.person(row, "user"), row.rang_at, row.ended_at,
                 None if row.outcome is None else RingOutcome(row.outcome))
        for row in await connection.execute(query)
    )  # fmt: skip


async def _talks(connection: AsyncConnection, call_id: int) -> tuple[TalkLine, ...]:
    query = (
        select(call_talks, users.c.name.label("user_name"))
        .outerjoin(users, users.c.id == call_talks.c.user_id)
        .where(call_talks.c.call_id == call_id)
        .order_by(call_talks.c.position)
    )
    return tuple(
        TalkLine(row.extension, references.person(row, "user"), row.joined_at, row.left_at,
                 row.talk_seconds, row.consultation_seconds)
        for row in await connection.execute(query)
    )  # fmt: skip


async def remarks_of(connection: AsyncConnection, call_id: int) -> tuple[Remark, ...]:
    """In the order of the seconds they are about, then those about the call as a whole; the caller asks who may see them."""
    query = (
        select(call_remarks, users.c.name.label("user_name"))
        .join(users, users.c.id == call_remarks.c.user_id)
        .where(call_remarks.c.call_id == call_id)
        .order_by(call_remarks.c.second.is_(None), call_remarks.c.second, call_remarks.c.id)
    )
    return tuple(
        Remark(row.id, Person(row.user_id, row.user_name), row.at, row.second, row.text)
        for row in await connection.execute(query)
    )
