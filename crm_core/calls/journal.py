"""The journal is a capture: what each exchange said, byte for byte, a row a batch, beside what was derived from it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import CallState
from crm_core.calls.tables import calls, exchanges, journal
from crm_core.text import clean
from crm_core.upserts import insert_into

OPEN = tuple(state for state in CallState if state is not CallState.ENDED)
LONGEST_FAULT = 1000  # characters; it may name what an exchange said
CHUNK = 100  # batches read at once: a batch is at most some hundred kilobytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Bytes of one connection as they arrived; `offset` counts from the connection's first byte."""

    id: int
    connection: str
    offset: int
    received_at: datetime
    data: bytes
    fault: str | None


async def append(
    tx: AsyncConnection, exchange_id: int, connection: str, offset: int, received_at: datetime, data: bytes,
    fault: str | None = None,
) -> int:  # fmt: skip
    """Keep a batch and tell its id; one that is kept already (its commit was not heard of) keeps the id it has."""
    row = {"exchange_id": exchange_id, "connection": connection, "offset": offset, "received_at": received_at,
           "data": data, "fault": None if fault is None else clean(fault, LONGEST_FAULT)}  # fmt: skip
    place = (journal.c.exchange_id, journal.c.connection, journal.c.offset)
    added = insert_into(tx, journal).values(row).on_conflict_do_nothing(index_elements=place).returning(journal.c.id)
    if (new := await tx.scalar(added)) is not None:
        return int(new)
    known = select(journal.c.id).where(
        journal.c.exchange_id == exchange_id, journal.c.connection == connection, journal.c.offset == offset
    )
    return int((await tx.execute(known)).scalar_one())


async def since_oldest_open(connection: AsyncConnection, exchange_id: int) -> AsyncIterator[Batch]:
    """The batches from the one in which the oldest call still open began; none if no call is open. Oldest first."""
    still_open = (calls.c.exchange_id == exchange_id, calls.c.state.in_(OPEN))
    first = await connection.scalar(select(func.min(calls.c.journal_id)).where(*still_open))
    if first is None:
        return
    async for batch in since(connection, exchange_id, first):
        yield batch


async def since(connection: AsyncConnection, exchange_id: int, first: int) -> AsyncIterator[Batch]:
    """The batches of an exchange from the one with the id `first` on, oldest first."""
    query = select(journal).where(journal.c.exchange_id == exchange_id).order_by(journal.c.id).limit(CHUNK)
    place = first - 1
    while rows := (await connection.execute(query.where(journal.c.id > place))).all():
        for row in rows:
            yield Batch(row.id, row.connection, row.offset, row.received_at, row.data, row.fault)
        place = rows[-1].id


async def forget(tx: AsyncConnection, before: datetime) -> int:
    """Drop the batches whose calls all ended before `before`; returns how many were dropped."""
    dropped = 0
    for exchange_id in (await tx.scalars(select(exchanges.c.id))).all():
        old = [journal.c.exchange_id == exchange_id, journal.c.received_at < before]
        needed = await _oldest_needed(tx, exchange_id, before)
        if needed is not None:
            old.append(journal.c.id < needed)
        dropped += (await tx.execute(delete(journal).where(*old))).rowcount
    return dropped


async def _oldest_needed(tx: AsyncConnection, exchange_id: int, before: datetime) -> int | None:
    """The batch in which the oldest call began that is open still or ended since."""
    still_told = or_(calls.c.ended_at.is_(None), calls.c.ended_at >= before)
    query = select(calls.c.journal_id).where(calls.c.journal_id.is_not(None), calls.c.exchange_id == exchange_id, still_told)
    return await tx.scalar(query.order_by(calls.c.journal_id).limit(1))


async def note_fault(tx: AsyncConnection, batch_id: int, fault: str) -> None:
    """Why deriving from a batch, or taking in what was derived, raised; the bytes stay."""
    await tx.execute(update(journal).where(journal.c.id == batch_id).values(fault=clean(fault, LONGEST_FAULT)))
