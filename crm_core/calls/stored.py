"""A call as its rows have it, for whoever compares it with what is derived anew or explains it without the journal."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import (
    Call,
    CallState,
    Direction,
    Outcome,
    Ring,
    RingOutcome,
    Source,
    Talk,
    Transfer,
    TransferKind,
)
from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls, exchanges
from crm_core.errors import NotFound
from crm_core.users.tables import users


@dataclass(frozen=True, slots=True)
class StoredCall:
    """`journal_id`: the batch in which it began, None once the journal is dropped. `names`: its people by extension."""

    id: int
    exchange_id: int
    call: Call
    journal_id: int | None
    names: dict[str, str]


async def id_of(connection: AsyncConnection, asked: str) -> int:
    """The call that this is the id, or any linkedid, of: the newest, should exchanges have given one linkedid twice."""
    if asked.isascii() and asked.isdecimal() and len(asked) <= 15:
        found = await connection.scalar(select(calls.c.id).where(calls.c.id == int(asked)))
        if found is not None:
            return int(found)
    named = select(func.max(call_linkedids.c.call_id)).where(call_linkedids.c.linkedid == asked[:150])
    known = await connection.scalar(named)
    if known is None:
        raise NotFound(f"There is no call with the id or linkedid {asked[:80]}", noun="calls", id=asked[:80])
    return int(known)


async def stored_call(connection: AsyncConnection, call_id: int) -> StoredCall:
    """Raises NotFound."""
    found = await stored_calls(connection, [call_id])
    if not found:
        raise NotFound(noun="calls", id=call_id)
    return found[0]


async def stored_calls(connection: AsyncConnection, call_ids: Sequence[int]) -> list[StoredCall]:
    """Those of the calls that there are, oldest first; at most some hundred at once."""
    query = select(calls, exchanges.c.name.label("exchange")).join(exchanges, exchanges.c.id == calls.c.exchange_id)
    rows = await connection.execute(query.where(calls.c.id.in_(call_ids)).order_by(calls.c.started_at, calls.c.id))
    linkedids = await _linkedids(connection, call_ids)
    rings, talks = [await _parts(connection, table, call_ids) for table in (call_rings, call_talks)]
    return [_stored(row, linkedids[row.id], rings[row.id], talks[row.id]) for row in rows]


def _stored(row: Any, linkedids: list[str], rings: list[Any], talks: list[Any]) -> StoredCall:
    ids = (row.key, *sorted(linkedid for linkedid in linkedids if linkedid != row.key))
    names = {part.extension: part.user_name for part in (*rings, *talks) if part.user_name}
    return StoredCall(row.id, row.exchange_id, _call(row, ids, rings, talks), row.journal_id, names)


async def _linkedids(connection: AsyncConnection, call_ids: Sequence[int]) -> dict[int, list[str]]:
    query = select(call_linkedids.c.call_id, call_linkedids.c.linkedid).where(call_linkedids.c.call_id.in_(call_ids))
    found: dict[int, list[str]] = defaultdict(list)
    for call_id, linkedid in await connection.execute(query):
        found[call_id].append(linkedid)
    return found


async def _parts(connection: AsyncConnection, table: Any, call_ids: Sequence[int]) -> dict[int, list[Any]]:
    query = select(table, users.c.name.label("user_name")).outerjoin(users, users.c.id == table.c.user_id)
    found: dict[int, list[Any]] = defaultdict(list)
    for row in await connection.execute(query.where(table.c.call_id.in_(call_ids)).order_by(table.c.call_id, table.c.position)):
        found[row.call_id].append(row)
    return found


def _call(row: Any, linkedids: tuple[str, ...], rings: Sequence[Any], talks: Sequence[Any]) -> Call:
    return Call(
        exchange=row.exchange, linkedids=linkedids, direction=Direction(row.direction), state=CallState(row.state),
        started_at=row.started_at.timestamp(), ended_at=_epoch(row.ended_at), answered_at=_epoch(row.answered_at),
        caller=row.caller, caller_raw=row.caller_raw, caller_name=row.caller_name, did=row.did, callee=row.callee,
        callee_raw=row.callee_raw, outcome=Outcome(row.outcome) if row.outcome else None, wait_seconds=row.wait_seconds,
        talk_seconds=row.talk_seconds, hold_seconds=row.hold_seconds, voicemail=row.voicemail, forwarded_to=row.forwarded_to,
        queue=row.queue, click_to_call=row.click_to_call, recordings=tuple(row.announced), source=Source(row.source),
        partial=row.partial,
        answered_by=tuple(
            Talk(one.extension, one.joined_at.timestamp(), _epoch(one.left_at), one.talk_seconds, one.consultation_seconds)
            for one in talks
        ),
        rang=tuple(
            Ring(one.extension, one.rang_at.timestamp(), _epoch(one.ended_at), RingOutcome(one.outcome) if one.outcome else None)
            for one in rings
        ),
        transfers=tuple(_transfer(one) for one in row.transfers),
    )  # fmt: skip


def _transfer(told: dict[str, Any]) -> Transfer:
    return Transfer(
        TransferKind(told["kind"]), told.get("from"), told.get("to"), bool(told.get("answered")), told.get("at") or 0.0
    )


def _epoch(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
