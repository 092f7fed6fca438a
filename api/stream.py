"""Server-sent events to all open streams of the process; the page fetches the fragment under its own permissions.

One tail reads the `events` table, woken by commits and at the latest after a second. What it read is worded once for all who
are told the same, and put as bytes into their streams. One look for all streams sees who is no more who he was when he came in.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any

from prometheus_client import Gauge
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import Credential, actors_behind
from api.context import AppContext
from api.telling import Telling, Told, told_of
from crm_core import event_log
from crm_core.access import Actor
from crm_core.errors import FirstringError
from crm_core.event_log import events
from crm_core.paging import LARGEST_ID

POLL = 1.0  # seconds: the floor where a hint is lost or another process wrote
PING = 15.0  # seconds after which it is looked again whose stream this is, and a comment is sent where nothing else was
MOST_LOOKED_AT = 500  # streams in one statement; the others follow a second later
MOST_STREAMS = 20  # a user
MOST_WAITING = 128 * 1024  # bytes a stream may lag behind before it is closed to resume: some thousand events
MOST_MISSED = 2000  # events a resuming page fetches one by one; over that it reloads itself

# PostgreSQL hands ids out before commit: an event may turn up below one that was already sent.
OVERLAP_IDS = 200
OVERLAP_TIME = timedelta(seconds=60)

OPENING = b"retry: 1000\n: connected\n\n"
STILL_HERE = b": still here\n\n"

OPEN = Gauge("firstring_streams_open", "Pages and programs that follow what happens")


class TooManyStreams(FirstringError):
    """Too many open pages of one user listen at once; close some."""


@dataclass(slots=True, eq=False)
class Listener:
    """One open stream. `credential`: what let it in. `looked`: the monotonic second when it was last seen that it still does."""

    actor: Actor
    credential: Credential
    looked: float = field(default_factory=monotonic)
    ended: bool = False
    _silent: bool = True
    _waiting: list[bytes] = field(default_factory=list)
    _size: int = 0
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def give(self, text: bytes) -> None:
        """Whoever falls too far behind is closed, and resumes after what he read last. Nothing follows the end."""
        if self.ended or not text:
            return
        self._silent = False
        self._size += len(text)
        if self._size > MOST_WAITING:
            self.cut()
            return
        self._waiting.append(text)
        self._woken.set()

    def end(self) -> None:
        """What waits is still sent."""
        self.ended = True
        self._woken.set()

    def cut(self) -> None:
        """What waits is not sent any more: it is for somebody else by now, or too much."""
        self._waiting.clear()
        self.end()

    def ping(self) -> None:
        """A comment, where nothing was said since the last one: what stands between may close a line that is silent."""
        if self._silent:
            self.give(STILL_HERE)
        self._silent = True

    async def take(self) -> bytes:
        """All that waits, as soon as something does: what one commit made goes out as one piece. Empty at the end."""
        while not self._waiting and not self.ended:
            self._woken.clear()
            await self._woken.wait()
        text = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        return text


class Streams:
    """The tail of the events table and everybody who listens to it."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._listeners: dict[Actor, set[Listener]] = {}
        self._cursor: int | None = None
        self._beginning = asyncio.Lock()
        self._sent: deque[int] = deque(maxlen=2 * OVERLAP_IDS)
        self._overlap = 0 if context.database.is_sqlite else OVERLAP_IDS

    def __iter__(self) -> Iterator[Listener]:
        return (listener for listeners in self._listeners.values() for listener in listeners)

    def __len__(self) -> int:
        return sum(map(len, self._listeners.values()))

    async def run(self) -> None:
        """Follow the table, and look who listens, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_following())
            group.create_task(self._keep_looking())

    async def _keep_following(self) -> None:
        wake = self._context.wake
        while True:
            coming = wake.coming
            if self._cursor is not None:
                await self.follow()
            await wake.wait(POLL, coming)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(POLL)
            latest = monotonic() - PING
            if due := [one for one in self if one.looked <= latest][:MOST_LOOKED_AT]:
                await self._look(due)
            for listener in due:
                listener.ping()

    async def follow(self) -> None:
        """Hand what is new to whom it is for."""
        if self._cursor is None:
            await self._begin()
            return
        async with self._context.database.read() as connection:
            fresh = await self._fresh(connection, self._cursor)
        if fresh:
            self._sent.extend(row.id for row in fresh)
            self._cursor = max(self._cursor, *(row.id for row in fresh))
            self.tell(Telling([told_of(row) for row in fresh]))

    async def _begin(self) -> None:
        """At what is there now: who begins to listen has not missed it."""
        async with self._beginning:
            if self._cursor is not None:
                return
            async with self._context.database.read() as connection:
                newest = await event_log.newest_id(connection)
                rows = await event_log.after(connection, newest - self._overlap) if self._overlap else []
            self._sent.extend(row.id for row in rows)
            self._cursor = newest

    def tell(self, telling: Telling) -> None:
        """To each what he may know of it, in the same bytes to all his streams."""
        for actor, listeners in self._listeners.items():
            words = telling.to(actor)
            for listener in listeners:
                listener.give(words.text)
                if words.last:
                    listener.end()

    def end_session(self, session: Credential) -> None:
        """Close the streams of a session that was logged out."""
        for listener in self:
            if listener.credential == session:
                listener.cut()

    def end_all(self) -> None:
        for listener in self:
            listener.end()

    def require_room(self, actor: Actor) -> None:
        """Raises TooManyStreams where one user would keep too many connections."""
        if sum(one.actor.user_id == actor.user_id for one in self) >= MOST_STREAMS:
            raise TooManyStreams

    async def listen(self, listener: Listener, last_id: int | None) -> AsyncIterator[bytes]:
        """What is sent to the listener: first of what came after `last_id`, if any, then of what comes."""
        if self._cursor is None:
            await self._begin()
        self._add(listener)
        try:
            missed = b"" if last_id is None else await self._missed(listener.actor, last_id)
            await self._look([listener])  # his access may have changed between his asking and his listening
            if listener.ended or self._context.stopping.is_set():
                return
            yield OPENING + missed
            while text := await listener.take():
                yield text
        finally:
            self._discard(listener)

    def _add(self, listener: Listener) -> None:
        self._listeners.setdefault(listener.actor, set()).add(listener)
        OPEN.inc()

    def _discard(self, listener: Listener) -> None:
        others = self._listeners[listener.actor]
        others.discard(listener)
        if not others:
            del self._listeners[listener.actor]
        OPEN.dec()

    async def _look(self, listeners: Sequence[Listener]) -> None:
        """Cut off who logged out, was deactivated or may see other things by now."""
        found = await actors_behind(self._context, {one.credential for one in listeners})
        for listener in listeners:
            listener.looked = monotonic()
            if found.get(listener.credential) != listener.actor:
                listener.cut()

    async def _fresh(self, connection: AsyncConnection, cursor: int) -> Sequence[Any]:
        rows = await event_log.after(connection, cursor - self._overlap)
        oldest = self._context.now() - OVERLAP_TIME
        known = set(self._sent)
        return [row for row in rows if row.id > cursor or (row.id not in known and row.at > oldest)]

    async def _missed(self, actor: Actor, last_id: int) -> bytes:
        """Up to where the tail is: what comes after that it tells. At worst something is told twice, never not at all."""
        upto = self._cursor
        between = (events.c.id > min(last_id, LARGEST_ID) - self._overlap, events.c.id <= upto)
        async with self._context.database.read() as connection:
            query = select(events).where(*between).order_by(events.c.id).limit(MOST_MISSED + 1)
            rows = (await connection.execute(query)).all()
        if len(rows) > MOST_MISSED:
            return Telling([Told(upto or 0, None, {"id": upto, "event": "reload"})]).again(actor)
        oldest = self._context.now() - OVERLAP_TIME
        return Telling([told_of(row) for row in rows if row.id > last_id or row.at > oldest]).again(actor)


def last_event_id(text: str | None) -> int | None:
    """What a browser says it saw last; anything else counts as nothing."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 16 else None
