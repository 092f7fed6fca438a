"""Our calls of a time as an audit compares them: three set queries, whatever their number."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import Outcome
from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls
from crm_core.recordings.tables import recordings
from crm_core.trust.comparing import may_lack_cdr
from crm_core.trust.told import OurCall, Told, Witness


@dataclass(frozen=True, slots=True)
class Read:
    """`blobs`: the keys in our own storage of each call's recordings."""

    calls: list[OurCall]
    blobs: dict[int, list[str]]


async def our_calls(connection: AsyncConnection, exchange_id: int, since: datetime, until: datetime) -> Read:
    """Those of one exchange that began from `since` to `until`."""
    during = (calls.c.exchange_id == exchange_id, calls.c.started_at >= since, calls.c.started_at < until)
    rows = (await connection.execute(_wanted().where(*during).order_by(calls.c.started_at, calls.c.id))).all()
    linkedids = await _by_call(connection, call_linkedids, call_linkedids.c.linkedid, during)
    talks = await _by_call(connection, call_talks, call_talks.c.extension, during)
    kept = await _recordings(connection, during)
    rang = set(await connection.scalars(select(call_rings.c.call_id).join(calls).where(*during).distinct()))
    found = [
        _our_call(row, linkedids[row.id], talks[row.id], [name for name, _ in kept[row.id]], rang=row.id in rang) for row in rows
    ]
    return Read(found, {call_id: [blob for _, blob in files] for call_id, files in kept.items()})


def _wanted() -> Any:
    return select(
        calls.c.id, calls.c.key, calls.c.direction, calls.c.started_at, calls.c.answered_at, calls.c.ended_at, calls.c.caller,
        calls.c.did, calls.c.callee, calls.c.outcome, calls.c.talk_seconds, calls.c.voicemail, calls.c.forwarded_to,
        calls.c.queue, calls.c.click_to_call, calls.c.partial, calls.c.transfers, calls.c.announced,
    )  # fmt: skip


async def _by_call(connection: AsyncConnection, table: Any, column: Any, during: Any) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for call_id, value in await connection.execute(select(table.c.call_id, column).join(calls).where(*during)):
        found[call_id].append(value)
    return found


async def _recordings(connection: AsyncConnection, during: Any) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    query = select(recordings.c.call_id, recordings.c.name, recordings.c.blob).join(calls).where(*during)
    for call_id, name, blob in await connection.execute(query):
        found[call_id].append((name, blob))
    return found


def _our_call(row: Any, linkedids: list[str], talks: list[str], stored: list[str], *, rang: bool) -> OurCall:
    outcome = Outcome(row.outcome) if row.outcome else None
    told = Told(
        witness=Witness.OURS, linkedids=frozenset((row.key, *linkedids)), began=row.started_at.timestamp(),
        ended=_epoch(row.ended_at), answered=outcome is Outcome.ANSWERED, answered_at=_epoch(row.answered_at),
        talk=row.talk_seconds, outcome=row.outcome, parties=_parties(row, talks),
        audio=tuple(PurePosixPath(name).name for name in row.announced if isinstance(name, str)),
    )  # fmt: skip
    plainly = not (row.queue or row.transfers or row.voicemail or row.forwarded_to or row.click_to_call or len(talks) > 1)
    return OurCall(
        id=row.id, told=told, partial=row.partial, plainly=plainly, may_lack_cdr=may_lack_cdr(outcome, rang=rang),
        stored=tuple(stored),
    )  # fmt: skip


def _parties(row: Any, talks: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in (row.caller, row.did or row.callee, *talks) if name))


def _epoch(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
