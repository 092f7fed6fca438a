"""Calls with all their parts, as programs get them: the call JSON's facts and where the call belongs. Set-wise."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Float,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)
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
    query = paging.continued(narrowed(_calls(actor), filters, actor), order, cursor, limit)
    rows = (await connection.execute(query)).all()
    return paging.page_of(rows, await _whole(connection, actor, rows[:limit]), order, limit)


async def whole_call(connection: AsyncConnection, actor: Actor, call_id: int) -> WholeCall:
    """Raises NotFound."""
    rows = (await connection.execute(_calls(actor).where(calls.c.id == call_id))).all()
    if not rows:
        raise NotFound(noun="calls", id=call_id)
    return (await _whole(connection, actor, rows))[0]


@lru_cache(1000)
def _calls(actor: Actor) -> Select[Any]:
    named = line_query(actor).add_columns(exchanges.c.name.label("exchange"))
    return named.join(exchanges, exchanges.c.id == calls.c.exchange_id)


async def _whole(connection: AsyncConnection, actor: Actor, rows: Sequence[Any]) -> list[WholeCall]:
    if not rows:
        return []
    parts = await _parts_of(connection, actor, [row.id for row in rows])
    return [_one(row, line, parts[row.id]) for row, line in zip(rows, await lines_of(connection, actor, rows), strict=True)]


@dataclass(slots=True)
class _Parts:
    linkedids: list[str] = field(default_factory=list)
    talks: list[PartRow] = field(default_factory=list)
    rings: list[PartRow] = field(default_factory=list)
    recordings: list[RecordingRef] = field(default_factory=list)


def _one(row: Any, line: CallLine, parts: _Parts) -> WholeCall:
    return WholeCall(
        line=line, exchange=row.exchange, hold_seconds=row.hold_seconds, click_to_call=row.click_to_call,
        linkedids=(row.key, *sorted(linkedid for linkedid in parts.linkedids if linkedid != row.key)),
        forwarded_to=row.forwarded_to, transfers=tuple(row.transfers), source=row.source, partial=row.partial,
        answered_by=tuple(parts.talks), rang=tuple(parts.rings), recordings=tuple(parts.recordings), reviewed_at=row.reviewed_at,
    )  # fmt: skip


async def _parts_of(connection: AsyncConnection, actor: Actor, ids: Sequence[int]) -> dict[int, _Parts]:
    found: dict[int, _Parts] = defaultdict(_Parts)
    for part, call_id, _, number, text, outcome, seconds, more in await connection.execute(_parts(actor), {"ids": ids}):
        of_call = found[call_id]
        if part == RING:
            of_call.rings.append(PartRow(text, outcome=outcome))
        elif part == TALK:
            of_call.talks.append(PartRow(text, seconds, more))
        elif part == LINKEDID:
            of_call.linkedids.append(text)
        else:
            of_call.recordings.append(RecordingRef(number, seconds, int(more)))
    return found


@lru_cache(1000)
def _parts(actor: Actor) -> CompoundSelect[Any]:
    """All that hangs on calls in one statement, for each costs a step to the database's thread. In the order of each part."""
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    audio, own = recordings.c, call_linkedids.c
    in_order = func.row_number().over(order_by=(audio.started_at, audio.id))
    heard = _part(RECORDING, recordings, in_order, number=audio.id, first=audio.seconds, second=cast(audio.sides, Float))
    return union_all(
        _part(LINKEDID, call_linkedids, literal_column("0"), text=own.linkedid).where(own.call_id.in_(ids)),
        _part(TALK, call_talks, call_talks.c.position, text=call_talks.c.extension, first=call_talks.c.talk_seconds,
              second=call_talks.c.consultation_seconds).where(call_talks.c.call_id.in_(ids)),
        _part(RING, call_rings, call_rings.c.position, text=call_rings.c.extension, outcome=call_rings.c.outcome)
        .where(call_rings.c.call_id.in_(ids)),
        heard.join(calls, calls.c.id == audio.call_id).where(audio.call_id.in_(ids), hearable(actor)),
    ).order_by("place")  # fmt: skip


LINKEDID, TALK, RING, RECORDING = range(4)
NO_NUMBER, NO_TEXT, NO_SECONDS = cast(null(), Integer), cast(null(), String), cast(null(), Float)


def _part(
    part: int, table: Table, place: ColumnElement[int], *, number: ColumnElement[Any] = NO_NUMBER,
    text: ColumnElement[Any] = NO_TEXT, outcome: ColumnElement[Any] = NO_TEXT, first: ColumnElement[Any] = NO_SECONDS,
    second: ColumnElement[Any] = NO_SECONDS,
) -> Select[Any]:  # fmt: skip
    told = literal_column(str(part), Integer).label("part")
    return select(
        told, table.c.call_id, place.label("place"), number.label("number"), text.label("text"), outcome.label("outcome"),
        first.label("first"), second.label("second"),
    )  # fmt: skip
