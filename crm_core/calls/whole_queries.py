"""Calls with all their parts, as programs get them: the call JSON's facts and where the call belongs. Set-wise."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging
from crm_core.access import Actor, hearable
from crm_core.calls.lines import CallLine, line_query, lines_of
from crm_core.calls.queries import CALL_SORTS, CallFilters, narrowed
from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls, exchanges
from crm_core.errors import NotFound
from crm_core.paging import Page
from crm_core.recordings.tables import recordings


@dataclass(frozen=True, slots=True)
class PartRow:
    """Someone who was joined, or whose phone rang."""

    extension: str
    talk_seconds: float = 0.0
    consultation_seconds: float = 0.0
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingRef:
    id: int
    seconds: float
    sides: int


@dataclass(frozen=True, slots=True)
class WholeCall:
    """`line` says where the call belongs; `recordings` only where the reader may listen."""

    line: CallLine
    exchange: str
    linkedids: tuple[str, ...]
    hold_seconds: float
    click_to_call: bool
    forwarded_to: str | None
    transfers: tuple[dict[str, Any], ...]
    source: str
    partial: bool
    answered_by: tuple[PartRow, ...]
    rang: tuple[PartRow, ...]
    recordings: tuple[RecordingRef, ...]
    reviewed_at: datetime | None


async def whole_calls(
    connection: AsyncConnection, actor: Actor, filters: CallFilters, *, sort: str, cursor: str | None, limit: int
) -> Page[WholeCall]:
    """A page of the calls the actor may see; raises Invalid."""
    order = paging.sort_named(CALL_SORTS, sort)
    query = paging.continued(narrowed(line_query(actor), filters, actor), order, cursor, limit)
    rows = (await connection.execute(query)).all()
    return paging.page_of(rows, await _whole(connection, actor, rows[:limit]), order, limit)


async def whole_call(connection: AsyncConnection, actor: Actor, call_id: int) -> WholeCall:
    """Raises NotFound."""
    rows = (await connection.execute(line_query(actor).where(calls.c.id == call_id))).all()
    if not rows:
        raise NotFound(noun="calls", id=call_id)
    return (await _whole(connection, actor, rows))[0]


async def _whole(connection: AsyncConnection, actor: Actor, rows: Sequence[Any]) -> list[WholeCall]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    names = {row.id: row.name for row in await connection.execute(select(exchanges.c.id, exchanges.c.name))}
    linkedids = await _by_call(connection, select(call_linkedids).where(call_linkedids.c.call_id.in_(ids)))
    talks = await _by_call(connection, _parts(call_talks, ids))
    rings = await _by_call(connection, _parts(call_rings, ids))
    stored = await _by_call(connection, _recordings(actor, ids))
    return [
        WholeCall(
            line=line, exchange=names[row.exchange_id], hold_seconds=row.hold_seconds, click_to_call=row.click_to_call,
            linkedids=(row.key, *sorted(one.linkedid for one in linkedids[row.id] if one.linkedid != row.key)),
            forwarded_to=row.forwarded_to, transfers=tuple(row.transfers), source=row.source, partial=row.partial,
            answered_by=tuple(PartRow(one.extension, one.talk_seconds, one.consultation_seconds) for one in talks[row.id]),
            rang=tuple(PartRow(one.extension, outcome=one.outcome) for one in rings[row.id]),
            recordings=tuple(RecordingRef(one.id, one.seconds, one.sides) for one in stored[row.id]),
            reviewed_at=row.reviewed_at,
        )
        for row, line in zip(rows, await lines_of(connection, actor, rows), strict=True)
    ]  # fmt: skip


def _parts(table: Any, ids: Sequence[int]) -> Select[Any]:
    return select(table).where(table.c.call_id.in_(ids)).order_by(table.c.call_id, table.c.position)


def _recordings(actor: Actor, ids: Sequence[int]) -> Select[Any]:
    table = recordings
    return (
        select(table.c.id, table.c.call_id, table.c.seconds, table.c.sides)
        .join(calls, calls.c.id == table.c.call_id)
        .where(table.c.call_id.in_(ids), hearable(actor))
        .order_by(table.c.started_at, table.c.id)
    )


async def _by_call(connection: AsyncConnection, query: Select[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in await connection.execute(query):
        found[row.call_id].append(row)
    return found
