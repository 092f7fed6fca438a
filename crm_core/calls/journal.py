"""The journal is a capture: what each exchange said, byte for byte, a row a batch, beside what was derived from it.

What was read in the exchange's own records to fill a gap in listening stands there as well, as it was written: the batches
of a "connection" named after the one whose beginning ended the gap. `pbx/history.py` puts both in the order they happened.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Executable, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import CallState
from crm_core.calls.tables import calls, exchanges, journal
from crm_core.text import clean
from crm_core.upserts import insert_for

OPEN = tuple(state for state in CallState if state is not CallState.ENDED)
LONGEST_FAULT = 1000  # characters; it may name what an exchange said
CHUNK = 100  # batches read at once: a batch is at most some hundred kilobytes
AMI, CEL, CDR, QUEUE = "ami", "cel", "cdr", "queue"
RECORDS = (QUEUE, CEL, CDR)
"""In the order in which they are read: what the queue log says goes beside what the others tell of the same call."""
SHORT = "The records do not reach back to the beginning of the gap."
"""The fault of records that were used and do not tell all."""
HEARD = (b"Event: ", b"Ping: Pong", b"Message: Authentication accepted")
"""What is said only to those who are let in."""
LEAD = timedelta(seconds=5)
"""A call's first channel may be born this long before anything tells that it is a call (a leg that is originated)."""
MOST_LEAD = 500  # batches
STILL_TOLD = timedelta(seconds=60)
"""How long after a call's end something may still be told of it."""
LATEST = 1_000  # calls looked at for those that ended last


def records_of(connection: str, source: str = CEL) -> str:
    """The name under which the records are kept that filled the gap before this connection."""
    return f"{connection}+{source}"


def source_of(connection: str) -> str:
    """What the lines kept under this name are."""
    _, _, source = connection.rpartition("+")
    return source if source in RECORDS else AMI


def is_records(connection: str) -> bool:
    return source_of(connection) != AMI


def heard_on(connection: str) -> str:
    """Of records: the connection that ended their gap."""
    return connection.rpartition("+")[0] if is_records(connection) else connection


@dataclass(frozen=True, slots=True)
class Batch:
    """Bytes of one connection as they arrived; `offset` counts from the connection's first byte."""

    id: int
    connection: str
    offset: int
    received_at: datetime
    data: bytes
    fault: str | None
    source: str = AMI  # or CEL, CDR, QUEUE: lines of the exchange's records


async def append(
    tx: AsyncConnection, exchange_id: int, connection: str, offset: int, received_at: datetime, data: bytes,
    fault: str | None = None,
) -> int:  # fmt: skip
    """Keep a batch and tell its id; one that is kept already (its commit was not heard of) keeps the id it has."""
    source = source_of(connection)
    row = {"exchange_id": exchange_id, "source": source, "connection": connection, "offset": offset, "received_at": received_at,
           "data": data, "fault": None if fault is None else clean(fault, LONGEST_FAULT)}  # fmt: skip
    if (new := await tx.scalar(_kept(tx.dialect.name, source != AMI), row)) is not None:
        return int(new)
    return int((await tx.execute(KNOWN, {"exchange": exchange_id, "name": connection, "place": offset})).scalar_one())


@cache
def _kept(dialect: str, read_again: bool) -> Executable:
    """Put together once: for each batch anew it would cost more than the database takes. What is read again is more."""
    added = insert_for(dialect, journal)
    place = (journal.c.exchange_id, journal.c.connection, journal.c.offset)
    newer = {name: added.excluded[name] for name in ("received_at", "data", "fault")}
    if read_again:
        return added.on_conflict_do_update(index_elements=place, set_=newer).returning(journal.c.id)
    return added.on_conflict_do_nothing(index_elements=place).returning(journal.c.id)


KNOWN = select(journal.c.id).where(
    journal.c.exchange_id == bindparam("exchange"), journal.c.connection == bindparam("name"),
    journal.c.offset == bindparam("place"),
)  # fmt: skip


async def since(connection: AsyncConnection, exchange_id: int, first: int, until: int | None = None) -> AsyncIterator[Batch]:
    """What the exchange said from the batch with the id `first` on (to `until`, itself included), oldest first."""
    query = select(journal).where(journal.c.exchange_id == exchange_id, journal.c.source == AMI)
    if until is not None:
        query = query.where(journal.c.id <= until)
    place = first - 1
    while rows := (await connection.execute(query.where(journal.c.id > place).order_by(journal.c.id).limit(CHUNK))).all():
        for row in rows:
            yield _batch(row)
        place = rows[-1].id


async def records_before(connection: AsyncConnection, exchange_id: int, batch: Batch) -> list[Batch]:
    """The records that filled the gap which ended with this batch's connection; none if it is not the first of it."""
    if await first_of(connection, exchange_id, batch.connection) != batch.id:
        return []
    names = [records_of(batch.connection, source) for source in RECORDS]
    theirs = (journal.c.exchange_id == exchange_id, journal.c.connection.in_(names))
    found = [_batch(row) for row in await connection.execute(select(journal).where(*theirs).order_by(journal.c.offset))]
    return sorted(found, key=lambda one: RECORDS.index(one.source))


async def first_of(connection: AsyncConnection, exchange_id: int, name: str) -> int | None:
    """The first batch of a connection that is still kept."""
    theirs = (journal.c.exchange_id == exchange_id, journal.c.connection == name)
    return await connection.scalar(select(journal.c.id).where(*theirs).order_by(journal.c.offset, journal.c.id).limit(1))


async def first_after(connection: AsyncConnection, exchange_id: int, moment: datetime, since: int) -> int | None:
    """The first batch from `since` on in which something was said after this moment; None if there is none yet.

    Who wants to know all of what happened by then reads it, too: it may end a gap, and what filled that stands before it.
    """
    theirs = (journal.c.exchange_id == exchange_id, journal.c.source == AMI, journal.c.id >= since)
    query = select(journal.c.id).where(*theirs, journal.c.received_at > moment, func.length(journal.c.data) > 0)
    return await connection.scalar(query.order_by(journal.c.id).limit(1))


async def place_of(connection: AsyncConnection, exchange_id: int, batch_id: int) -> int:
    """The batch of the exchange's own words at which this one stands: of records, the first after the gap they filled."""
    name = await connection.scalar(select(journal.c.connection).where(journal.c.id == batch_id))
    if name is None or not is_records(name):
        return batch_id
    return await first_of(connection, exchange_id, heard_on(name)) or batch_id


async def oldest_place(connection: AsyncConnection, exchange_id: int, batch_ids: Iterable[int]) -> int | None:
    """The first of the places at which these batches stand: records that were read late have high ids and stand early."""
    query = select(journal.c.id, journal.c.connection).where(journal.c.id.in_(sorted(set(batch_ids))))
    rows = (await connection.execute(query)).all()
    records = [await place_of(connection, exchange_id, row.id) for row in rows if is_records(row.connection)]
    return min([*records, *(row.id for row in rows if not is_records(row.connection))], default=None)


async def oldest_needed(connection: AsyncConnection, exchange_id: int) -> int | None:
    """From which batch one must read to know all calls that are open, or ended in the last seconds told of, whole.

    Also never later than the last batch with which the exchange was certainly heard. None: it never was.
    """
    heard = await _last_heard(connection, exchange_id)
    latest = select(calls.c.journal_id, calls.c.ended_at).where(calls.c.exchange_id == exchange_id, calls.c.ended_at.is_not(None))
    ended = (await connection.execute(latest.order_by(calls.c.id.desc()).limit(LATEST))).all()
    last = max((row.ended_at for row in ended), default=None)
    recent = [row.journal_id for row in ended if last and row.ended_at >= last - STILL_TOLD]
    opened = await _batches_of(connection, calls.c.exchange_id == exchange_id, calls.c.state.in_(OPEN))
    return await led_in(connection, exchange_id, [batch_id for batch_id in (heard, *opened, *recent) if batch_id is not None])


async def _batches_of(connection: AsyncConnection, *told: ColumnElement[bool]) -> list[int]:
    """The batches in which these calls began. All of them: which stands first, their ids do not tell."""
    return list(await connection.scalars(select(calls.c.journal_id).where(calls.c.journal_id.is_not(None), *told).distinct()))


async def let_in_at(connection: AsyncConnection, exchange_id: int, made_at: datetime) -> str | None:
    """The connection that was let in with the batch received at this moment: it ended a gap. Its name begins with a time."""
    low, high = [f"{made_at + step:%Y%m%dT%H%M%S}" for step in (timedelta(days=-1), timedelta(seconds=2))]
    named = (journal.c.connection >= low, journal.c.connection < high, journal.c.received_at == made_at)
    query = select(journal.c.connection).where(journal.c.exchange_id == exchange_id, journal.c.source == AMI, *named)
    return await connection.scalar(query.order_by(journal.c.id.desc()).limit(1))


async def needed_for(connection: AsyncConnection, exchange_id: int, lost_at: datetime, first: int) -> int | None:
    """From which batch one must read to know whole what was going on before the batch `first` and after `lost_at`."""
    begun = await _batches_of(
        connection, calls.c.exchange_id == exchange_id, or_(calls.c.journal_id < first, calls.c.started_at < lost_at),
        or_(calls.c.ended_at.is_(None), calls.c.ended_at >= lost_at - STILL_TOLD),
    )  # fmt: skip
    heard = await _last_heard(connection, exchange_id, before=first)
    return await led_in(connection, exchange_id, begun if heard is None else [heard, *begun])


async def led_in(connection: AsyncConnection, exchange_id: int, needed: Iterable[int]) -> int | None:
    """The oldest of these batches with what came just before: a call is first told of later than its first channel is born."""
    first = await oldest_place(connection, exchange_id, needed)
    begun = None if first is None else await connection.scalar(select(journal.c.received_at).where(journal.c.id == first))
    if begun is None:
        return first
    theirs = (journal.c.exchange_id == exchange_id, journal.c.source == AMI, journal.c.id <= first)
    before = select(journal.c.id, journal.c.received_at).where(*theirs).order_by(journal.c.id.desc()).limit(MOST_LEAD).subquery()
    return await connection.scalar(select(func.min(before.c.id)).where(before.c.received_at >= begun - LEAD)) or first


async def _last_heard(connection: AsyncConnection, exchange_id: int, before: int | None = None) -> int | None:
    """The newest batch of a connection that was let in: a refused login is no contact."""
    query = select(journal.c.id, journal.c.data).where(journal.c.exchange_id == exchange_id, journal.c.source == AMI)
    query = query.order_by(journal.c.id.desc()).limit(CHUNK)
    place = before
    while rows := (await connection.execute(query if place is None else query.where(journal.c.id < place))).all():
        for row in rows:
            if any(sign in row.data for sign in HEARD):
                return int(row.id)
        place = rows[-1].id
    return None


def _batch(row: Any) -> Batch:
    return Batch(row.id, row.connection, row.offset, row.received_at, row.data, row.fault, row.source)


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
