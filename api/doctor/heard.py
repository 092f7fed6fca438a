"""What the listener's journal tells of how the exchange is set: the newest events know best."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.doctor.seen import Heard
from crm_core.calls.journal import AMI
from crm_core.calls.tables import journal
from pbx.ami.inspection import classes_of
from pbx.ami.protocol import Message, MessageReader

FURTHEST = timedelta(days=3)
MOST_BATCHES = 400
MOST_BYTES = 4 * 1024 * 1024
RECORDING = "MIXMONITOR_FILENAME"
OF_CHANNELS = ("Newchannel", "Newstate", "DialBegin", "DialEnd", "BridgeEnter", "BridgeLeave", "Hangup")
UNSTAMPED = "FullyBooted"  # goes out by another way and never bears a time


async def heard_of(connection: AsyncConnection, exchange_id: int, now: datetime) -> Heard:
    """Of the last days, as much as is quickly read."""
    theirs = (journal.c.exchange_id == exchange_id, journal.c.source == AMI, journal.c.received_at >= now - FURTHEST)
    query = select(journal.c.connection, journal.c.received_at, journal.c.data).where(*theirs)
    rows = (await connection.execute(query.order_by(journal.c.id.desc()).limit(MOST_BATCHES))).all()
    pieces: list[bytes] = []
    since: datetime | None = None
    for row in rows:
        if row.connection != rows[0].connection or sum(map(len, pieces)) > MOST_BYTES:
            break  # another connection may have been under other settings
        pieces.append(row.data)
        since = row.received_at
    last_at = rows[0].received_at if rows else None
    return await asyncio.to_thread(lambda: judged(messages_of(reversed(pieces)), since, last_at))


def messages_of(pieces: Iterable[bytes]) -> list[Message]:
    reader = MessageReader()
    return [message for piece in pieces for message in reader.feed(piece)]


def judged(messages: list[Message], since: datetime | None, last_at: datetime | None) -> Heard:
    """Of messages in the order they came. Pure."""
    events = [message for message in messages if message.event and classes_of(message) and message.event != UNSTAMPED]
    channels = [message for message in events if message.event in OF_CHANNELS]
    return Heard(
        events=len(events), since=since, last_at=last_at,
        classes=frozenset(kind for message in events for kind in classes_of(message)),
        stamped=events[-1].first("Timestamp") is not None if events else None,
        names_recordings=_names_recording(channels[-1]) if channels else None,
        rings_in_use={message.first("Queue") or "": message.first("Ringinuse") == "1"
                      for message in events if message.event == "QueueMemberStatus"},
        processed=_processed(messages),
    )  # fmt: skip


def _names_recording(message: Message) -> bool:
    """Each event of a channel names the variable, empty or not, if the exchange is set to."""
    return any("ChanVariable" in name and value.startswith(f"{RECORDING}=") for name, value in message.headers())


def _processed(messages: list[Message]) -> int | None:
    """How many calls the exchange said it had had, when it was asked first."""
    for message in messages:
        told = message.first("CoreProcessedCalls")
        if told is not None and told.isdecimal():
            return int(told)
    return None
