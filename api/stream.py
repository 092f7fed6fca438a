"""Server-sent events: `{id, event, noun ids}` and no more; the page fetches the fragment under its own permissions.

One tail reads the `events` table for all streams of the process, woken by commits and at the latest after a second.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from prometheus_client import Gauge
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.context import AppContext
from crm_core import event_log
from crm_core.access import Actor, Noun
from crm_core.errors import FirstringError
from crm_core.event_log import events
from crm_core.events import EventKind

POLL = 1.0  # seconds: the floor where a hint is lost or another process wrote
PING = 15.0  # seconds of silence after which a comment is sent and the session looked at again
MOST_STREAMS = 20  # a user
MOST_WAITING = 1000  # events a stream may lag behind before it is closed to resume
MOST_MISSED = 2000  # events a resuming page fetches one by one; over that it reloads itself

# PostgreSQL hands ids out before commit: an event may turn up below one that was already sent.
OVERLAP_IDS = 200
OVERLAP_TIME = timedelta(seconds=60)

OPEN = Gauge("firstring_streams_open", "Pages and programs that follow what happens")

NOUNS = ("call_id", "contact_id", "deal_id", "task_id", "recording_id")
FACTS = ("exchange_id", "user_id")  # ids of nouns that have no column of their own

NOUN_OF_KIND = {
    "call": Noun.CALLS, "party_": Noun.CALLS, "recording_": Noun.CALLS, "transcript_": Noun.CALLS,
    "contact_": Noun.CONTACTS, "records_merged": Noun.CONTACTS, "company_": Noun.COMPANIES, "deal_": Noun.DEALS,
    "meeting_": Noun.DEALS,
    "automation_ran": Noun.DEALS, "request_taken": Noun.DEALS, "payment_taken": Noun.DEALS, "task_": Noun.TASKS,
    "dial_changed": Noun.CALLS,
}  # fmt: skip
"""The kinds of events by how their names begin."""


class TooManyStreams(FirstringError):
    """Too many open pages of one user listen at once; close some."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as a stream sends it.

    `receivers` None: everybody. `person`: whose phone or deed it is. `facts`: its name and ids. `noun`: whose scope holds.
    """

    id: int
    receivers: frozenset[int] | None
    facts: dict[str, Any]
    person: int | None = None
    noun: Noun = Noun.FIGURES

    def is_for(self, actor: Actor) -> bool:
        """He is told of those whose records of this kind he sees; what is of the house, where he sees everybody's figures."""
        if self.receivers is None:
            return True
        people = actor.people(self.noun)
        return people is None or not people.isdisjoint(self.receivers)

    def text(self, actor: Actor, newest: int) -> str:
        """`mine` where it is about him, and he is not only one of those who may see it.

        `upto`, where more was told with it: whoever fetches now sees all of that.
        """
        mine = self.person == actor.user_id or (self.receivers is not None and actor.user_id in self.receivers)
        more = {"upto": newest} if newest > self.id else {}
        return json.dumps({**self.facts, **more, "mine": True} if mine else {**self.facts, **more})


@dataclass(slots=True, eq=False)
class Listener:
    """One open stream. `token`: the hash of the session it hangs on; None for programs."""

    actor: Actor
    token: str | None
    waiting: asyncio.Queue[Told | None] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))
    ended: bool = False

    def give(self, told: Told | None) -> None:
        """None ends the stream, which the browser then resumes; so does falling too far behind. Nothing follows the end."""
        if self.ended:
            return
        if self.waiting.full():
            while not self.waiting.empty():
                self.waiting.get_nowait()
            told = None
        self.ended = told is None
        self.waiting.put_nowait(told)


class Streams:
    """The tail of the events table and everybody who listens to it."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._listeners: set[Listener] = set()
        self._cursor: int | None = None
        self._sent: deque[int] = deque(maxlen=2 * OVERLAP_IDS)
        self._overlap = 0 if context.database.is_sqlite else OVERLAP_IDS

    def __len__(self) -> int:
        return len(self._listeners)

    async def run(self) -> None:
        """Follow the table until cancelled."""
        wake = self._context.wake
        while True:
            coming = wake.coming
            if self._listeners or self._cursor is not None:
                await self.follow()
            await wake.wait(POLL, coming)

    async def follow(self) -> None:
        """Hand what is new to whom it is for."""
        async with self._context.database.read() as connection:
            if self._cursor is None:
                self._cursor = await event_log.newest_id(connection)
                rows = await event_log.after(connection, self._cursor - self._overlap) if self._overlap else []
                self._sent.extend(row.id for row in rows)  # who begins to listen now has not missed them
                return
            fresh = await self._fresh(connection, self._cursor)
        for row in fresh:
            self._sent.append(row.id)
            self._cursor = max(self._cursor, row.id)
            self._tell(told_of(row))

    def _tell(self, told: Told) -> None:
        """Whom it is for. Whoever may see more or less from then on resumes as what he is now."""
        if told.facts["event"] == EventKind.ACCESS_CHANGED:
            self.end_all()
        for listener in [one for one in self._listeners if told.is_for(one.actor)]:
            listener.give(told)
        if told.facts["event"] == EventKind.USER_CHANGED:
            self._end([one for one in self._listeners if one.actor.user_id == told.facts.get("user_id")])

    def end_session(self, token: str) -> None:
        """Close the streams of a session that was logged out."""
        self._end([one for one in self._listeners if one.token == token])

    def end_all(self) -> None:
        self._end(self._listeners)

    @staticmethod
    def _end(listeners: Iterable[Listener]) -> None:
        for listener in listeners:
            listener.give(None)

    def require_room(self, actor: Actor) -> None:
        """Raises TooManyStreams where one user would keep too many connections."""
        if sum(one.actor.user_id == actor.user_id for one in self._listeners) >= MOST_STREAMS:
            raise TooManyStreams

    async def listen(self, listener: Listener, last_id: int | None) -> AsyncIterator[list[Told]]:
        """Events for the listener: first those after `last_id`, if any, then live ones; none when nothing came for a while."""
        if self._cursor is None:
            await self.follow()
        self._listeners.add(listener)
        OPEN.inc()
        try:
            missed = await self._missed(listener.actor, last_id) if last_id is not None else []
            yield missed
            already = {told.id for told in missed}
            async for live in _live(listener):
                fresh = [told for told in live if told.id not in already]
                if fresh or not live:
                    yield fresh
        finally:
            self._listeners.discard(listener)
            OPEN.dec()

    async def _fresh(self, connection: AsyncConnection, cursor: int) -> Sequence[Any]:
        rows = await event_log.after(connection, cursor - self._overlap)
        oldest = self._context.now() - OVERLAP_TIME
        known = set(self._sent)
        return [row for row in rows if row.id > cursor or (row.id not in known and row.at > oldest)]

    async def _missed(self, actor: Actor, last_id: int) -> list[Told]:
        async with self._context.database.read() as connection:
            newest = await event_log.newest_id(connection)
            query = select(events).where(events.c.id > last_id - self._overlap, events.c.id <= newest)
            rows = (await connection.execute(query.order_by(events.c.id).limit(MOST_MISSED + 1))).all()
        if len(rows) > MOST_MISSED:
            return [Told(newest, None, {"id": newest, "event": "reload"})]
        oldest = self._context.now() - OVERLAP_TIME
        found = [told_of(row) for row in rows if row.id > last_id or row.at > oldest]
        return [told for told in found if told.is_for(actor)]


def told_of(row: Any) -> Told:
    """Ids alone: what the event is about is fetched by who may see it."""
    columns = row._mapping
    ids = {noun: columns[noun] for noun in NOUNS if columns[noun] is not None}
    ids |= {fact: row.facts[fact] for fact in FACTS if isinstance(row.facts.get(fact), int)}
    receivers = None if row.receivers is None else frozenset(row.receivers)
    return Told(row.id, receivers, {"id": row.id, "event": row.kind, **ids}, row.user_id, noun_of(row.kind))


def noun_of(kind: str) -> Noun:
    """By whose scope it is decided who is told; figures stand for what is of the whole house."""
    return next((noun for begin, noun in NOUN_OF_KIND.items() if kind.startswith(begin)), Noun.FIGURES)


def last_event_id(text: str | None) -> int | None:
    """What a browser says it saw last; anything else counts as nothing."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 16 else None


async def _live(listener: Listener) -> AsyncIterator[list[Told]]:
    """All that waits at once: what one commit made goes out as one piece."""
    while True:
        try:
            async with asyncio.timeout(PING):
                first = await listener.waiting.get()
        except TimeoutError:
            yield []
            continue
        waiting = [first, *(listener.waiting.get_nowait() for _ in range(listener.waiting.qsize()))]
        told = [one for one in waiting if one is not None]  # None comes last: nothing is given to a stream that was ended
        if told:
            yield told
        if len(told) < len(waiting):
            return
