"""The `events` table: append within the transaction that makes them true, read by cursor, react once."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, Row, String, Table, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import Json, UtcTime, metadata
from crm_core.events import Event, EventKind
from crm_core.paging import LARGEST_ID
from crm_core.upserts import Insert, insert_for

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("receivers", Json),
    Column("call_id", Integer, index=True),
    Column("contact_id", Integer, index=True),
    Column("deal_id", Integer, index=True),
    Column("task_id", Integer),
    Column("recording_id", Integer),
    Column("user_id", ForeignKey("users.id")),
    Column("facts", Json, nullable=False),
    Column("key", String(200), unique=True),  # where the same event may be told again: it is kept once
    Column("reacted_at", UtcTime),  # null until what follows from it was set going
    Index(
        "ix_events_unreacted",
        "id",
        sqlite_where=text("reacted_at IS NULL"),
        postgresql_where=text("reacted_at IS NULL"),
    ),
    sqlite_autoincrement=True,  # an id is never given twice: browsers resume by it
)


async def append(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    """Store events in the transaction that made them true; one whose key is known already is not stored again."""
    await append_rows(tx, [_row(event) for event in happened])


async def append_rows(tx: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """The same for whoever makes the rows himself: telephony tells thousands a minute."""
    if rows:
        await tx.execute(_insert(tx.dialect.name), rows)


@cache
def _insert(dialect: str) -> Insert:
    return insert_for(dialect, events).on_conflict_do_nothing(index_elements=[events.c.key])


async def newest_id(connection: AsyncConnection) -> int:
    return (await connection.scalar(select(func.max(events.c.id)))) or 0


LATER = select(events).where(events.c.id > bindparam("cursor")).order_by(events.c.id).limit(bindparam("most", type_=Integer))


async def after(connection: AsyncConnection, cursor: int, limit: int = 500) -> Sequence[Row[Any]]:
    """Rows later than `cursor`, oldest first. It comes back from browsers, so it may be any number."""
    place = {"cursor": min(cursor, LARGEST_ID), "most": limit}
    return (await connection.execute(LATER, place)).all()


WAITING = select(events.c.id).where(events.c.reacted_at.is_(None), events.c.kind.in_(bindparam("kinds", expanding=True))).limit(1)


async def any_unreacted(connection: AsyncConnection, kinds: Sequence[EventKind]) -> bool:
    return await connection.scalar(WAITING, {"kinds": list(kinds)}) is not None


async def unreacted(tx: AsyncConnection, kinds: Sequence[EventKind], limit: int = 200) -> list[Event]:
    """The oldest events of these kinds whose reactions have not run yet."""
    query = select(events).where(events.c.reacted_at.is_(None), events.c.kind.in_(kinds)).order_by(events.c.id).limit(limit)
    return [event_of(row) for row in await tx.execute(query)]


async def mark_reacted(tx: AsyncConnection, ids: Sequence[int], at: Any) -> None:
    await tx.execute(update(events).where(events.c.id.in_(ids)).values(reacted_at=at))


def event_of(row: Row[Any]) -> Event:
    return Event(
        kind=EventKind(row.kind), at=row.at, receivers=None if row.receivers is None else tuple(row.receivers),
        call_id=row.call_id, contact_id=row.contact_id, deal_id=row.deal_id, task_id=row.task_id,
        recording_id=row.recording_id, user_id=row.user_id, facts=row.facts, id=row.id,
    )  # fmt: skip


def _row(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind, "at": event.at, "receivers": None if event.receivers is None else list(event.receivers),
        "call_id": event.call_id, "contact_id": event.contact_id, "deal_id": event.deal_id, "task_id": event.task_id,
        "recording_id": event.recording_id, "user_id": event.user_id, "facts": event.facts,
        "key": event.key,
    }  # fmt: skip
