"""Tells calls apart to which an exchange gave one id: after a restart with its clock set back it counts from the same second.

The tracker does so for what it remembers; this, for what only the rows know. A repeated id is kept as `id~1795304636`, with
the second at which its call began. Records are read again and batches derived anew, so a call is another one only if it
cannot be the row's: the two do not touch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import Call, CallEvent, Source
from crm_core.calls.ledger import Ledger, Span
from crm_core.calls.tables import call_linkedids, calls
from crm_core.calls.telling import LATEST, LONGEST_KEY

APART = 5.0
"""Seconds between two calls that were both heard live: by one clock, whatever it says."""
FAR_APART = 24 * 3600.0
"""Seconds where records tell one of them (their clock may be wrong, or in another zone), or where one goes on."""
_MARK = "~"
_ROOM = 14  # for the mark and the second


@dataclass(frozen=True, slots=True)
class _Named:
    """A call known by a repeated id."""

    linkedid: str
    span: Span


def plain(linkedid: str) -> str:
    """The id as the exchange says it."""
    return linkedid.partition(_MARK)[0]


def repeated(ledger: Ledger, happened: Sequence[CallEvent]) -> set[str]:
    """The ids of these calls that belong to other calls already."""
    return {
        linkedid
        for event in happened
        for linkedid in event.call.linkedids
        if (draft := ledger.by_linkedid.get(linkedid)) and draft.span is not None and is_another(draft.span, event.call)
    }


def is_another(known: Span, call: Call) -> bool:
    """Whether the call cannot be the one known."""
    began = known.began.timestamp()
    if known.ended is None:
        return abs(call.started_at - began) > FAR_APART
    apart = APART if known.source == Source.LIVE and call.source is Source.LIVE else FAR_APART
    if call.started_at > known.ended.timestamp() + apart:
        return True
    return call.started_at < began - FAR_APART if call.ended_at is None else call.ended_at < began - apart


async def told_apart(
    tx: AsyncConnection, exchange_id: int, happened: Sequence[CallEvent], ids: set[str], now: datetime
) -> list[CallEvent]:
    """The same events, with those ids replaced by ones that are these calls' own."""
    taken = await _taken(tx, exchange_id, ids)
    return [_renamed(event, taken, now) for event in happened]


async def _taken(tx: AsyncConnection, exchange_id: int, ids: Iterable[str]) -> dict[str, list[_Named]]:
    """By id as the exchange says it: the calls that have it, the first one included."""
    taken: dict[str, list[_Named]] = {linkedid: [] for linkedid in ids}
    name = call_linkedids.c.linkedid
    query = select(name, calls.c.started_at, calls.c.ended_at, calls.c.source).join(calls, calls.c.id == call_linkedids.c.call_id)
    like = or_(*[name.startswith(_marked(linkedid), autoescape=True) for linkedid in taken])
    rows = await tx.execute(query.where(call_linkedids.c.exchange_id == exchange_id, or_(name.in_(sorted(taken)), like)))
    for row in rows:
        for linkedid, known in taken.items():
            if row.linkedid == linkedid or row.linkedid.startswith(_marked(linkedid)):
                known.append(_Named(row.linkedid, Span(row.started_at, row.ended_at, row.source)))
    return taken


def _renamed(event: CallEvent, taken: dict[str, list[_Named]], now: datetime) -> CallEvent:
    call = event.call
    if not taken.keys() & set(call.linkedids):
        return event
    own = {linkedid: _own(linkedid, call, taken[linkedid], now) for linkedid in call.linkedids if linkedid in taken}
    linkedids = tuple(own.get(linkedid, linkedid) for linkedid in call.linkedids)
    return replace(event, call=replace(call, linkedids=linkedids))


def _own(linkedid: str, call: Call, taken: list[_Named], now: datetime) -> str:
    """The name that this call has, or gets now."""
    for known in taken:
        if not is_another(known.span, call):
            return known.linkedid
    second = int(call.started_at) if 0 <= call.started_at < LATEST else int(now.timestamp())
    names = {known.linkedid for known in taken}
    while (name := f"{_marked(linkedid)}{second}") in names:
        second += 1
    taken.append(_Named(name, Span.of(call, now)))
    return name


def _marked(linkedid: str) -> str:
    return linkedid[: LONGEST_KEY - _ROOM] + _MARK
