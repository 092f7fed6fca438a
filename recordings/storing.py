"""What is read and written in the database for a recording: the call it belongs to, its row, and what is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.events import Direction
from crm_core.calls.receivers import receivers_of
from crm_core.calls.repeated_ids import plain
from crm_core.calls.tables import call_linkedids, calls, exchanges
from crm_core.event_log import events
from crm_core.events import Event, EventKind
from crm_core.recordings.tables import recordings

CLOCKS_AGREE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class CallToAttach:
    """What a call tells about its recordings. `linkedids` begins with the call's key."""

    id: int
    exchange_id: int
    direction: Direction
    linkedids: tuple[str, ...]
    announced: tuple[str, ...]
    root: Path | None
    began: datetime
    answered: datetime | None
    ended: datetime
    talk_seconds: float
    stored: frozenset[str]  # names of the recordings it has already
    dialect: str = ""  # of its exchange

    @property
    def names(self) -> tuple[str, ...]:
        """Its ids as the exchange says them, which its files are named by."""
        return tuple(dict.fromkeys(plain(linkedid) for linkedid in self.linkedids))


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation that is in the blobs. `closed` is when its last sample was written, by the clock of the folder."""

    name: str
    blob: str
    play_blob: str
    peaks: dict[str, Any]
    seconds: float
    sides: int
    bytes: int
    sha256: str
    closed: datetime | None


async def call_to_attach(connection: AsyncConnection, call_id: int, exchange_id: int, key: str) -> CallToAttach | None:
    """The call, also if it became part of another one meanwhile; None if it is gone or did not end."""
    row = await _call_row(connection, call_id, exchange_id, key)
    if row is None or row.ended_at is None:
        return None
    known = await connection.scalars(select(call_linkedids.c.linkedid).where(call_linkedids.c.call_id == row.id))
    stored = await connection.scalars(select(recordings.c.name).where(recordings.c.call_id == row.id))
    return CallToAttach(
        id=row.id, exchange_id=row.exchange_id, direction=Direction(row.direction),
        linkedids=tuple(dict.fromkeys((row.key, *sorted(known)))),
        announced=tuple(path for path in row.announced if isinstance(path, str)),
        root=Path(row.recordings_root) if row.recordings_root else None,
        began=row.started_at, answered=row.answered_at, ended=row.ended_at, talk_seconds=row.talk_seconds,
        stored=frozenset(stored), dialect=row.dialect,
    )  # fmt: skip


async def store(tx: AsyncConnection, call: CallToAttach, kept: Sequence[Kept], missing: int, now: datetime) -> None:
    """Write the rows of a call's recordings and tell of them; those it has already are left as they are."""
    row = await _call_row(tx, call.id, call.exchange_id, call.linkedids[0])
    if row is None:
        return
    known = set(await tx.scalars(select(recordings.c.name).where(recordings.c.call_id == row.id)))
    receivers = await receivers_of(tx, row.id)
    told = []
    for one in kept:
        if one.name in known:
            continue
        known.add(one.name)
        recording_id = await _insert(tx, row, one, _began(one, call, len(kept)), now)
        told.append(_event(EventKind.RECORDING_STORED, row, receivers, now, recording_id, seconds=one.seconds, sides=one.sides))
    if missing and not await _told_missing(tx, row.id):
        told.append(_event(EventKind.RECORDING_MISSING, row, receivers, now, None, missing=missing))
    await event_log.append(tx, told)


async def _call_row(connection: AsyncConnection, call_id: int, exchange_id: int, key: str) -> Any:
    query = select(calls, exchanges.c.recordings_root, exchanges.c.dialect).join(exchanges)
    row = (await connection.execute(query.where(calls.c.id == call_id))).one_or_none()
    if row is not None:
        return row
    same = (call_linkedids.c.exchange_id == exchange_id) & (call_linkedids.c.linkedid == key)
    joined = select(call_linkedids.c.call_id).where(same).scalar_subquery()
    return (await connection.execute(query.where(calls.c.id == joined))).one_or_none()


async def _insert(tx: AsyncConnection, call: Any, one: Kept, began: datetime | None, now: datetime) -> int:
    values = {
        "call_id": call.id, "name": one.name, "contact_id": call.contact_id, "deal_id": call.deal_id, "stage_id": call.stage_id,
        "blob": one.blob, "play_blob": one.play_blob, "peaks": one.peaks, "seconds": one.seconds, "sides": one.sides,
        "bytes": one.bytes, "sha256": one.sha256, "started_at": began, "stored_at": now,
    }  # fmt: skip
    recording_id: int = (await tx.execute(insert(recordings).values(values).returning(recordings.c.id))).scalar_one()
    return recording_id


def _began(one: Kept, call: CallToAttach, of_how_many: int) -> datetime | None:
    """When the first sample was heard: at the answer if it is as long as the talk, else counted back from its end."""
    if call.answered and of_how_many == 1 and abs((call.ended - call.answered).total_seconds() - one.seconds) <= 2:
        return call.answered
    if one.closed and call.began - CLOCKS_AGREE <= one.closed <= call.ended + CLOCKS_AGREE:
        return max(call.began, one.closed - timedelta(seconds=one.seconds))
    return None


async def _told_missing(tx: AsyncConnection, call_id: int) -> bool:
    told = select(events.c.id).where(events.c.call_id == call_id, events.c.kind == EventKind.RECORDING_MISSING).limit(1)
    return await tx.scalar(told) is not None


def _event(
    kind: EventKind, call: Any, receivers: tuple[int, ...] | None, at: datetime, recording_id: int | None, **facts: float
) -> Event:
    return Event(
        kind, at, receivers, call_id=call.id, contact_id=call.contact_id, deal_id=call.deal_id,
        recording_id=recording_id, facts=facts,
    )  # fmt: skip
