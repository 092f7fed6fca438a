"""The tags of a transcript, written beside it. Run again, it writes the same ones anew."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.receivers import receivers_of
from crm_core.calls.tables import calls
from crm_core.events import Event, EventKind
from crm_core.tags.rules import Rule, TagHit, tags_of
from crm_core.tags.starter import STARTER_RULES
from crm_core.tags.tables import call_tags
from crm_core.transcripts.speech import Segment, Side, Word
from crm_core.transcripts.tables import transcript_segments, transcripts

MANY = 500  # rows of one INSERT


async def tag_calls(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    """React to transcripts that are ready: tag each call they belong to."""
    for call_id in dict.fromkeys(event.call_id for event in happened if event.kind is EventKind.TRANSCRIPT_READY):
        if call_id is not None:
            await tag_call(tx, call_id, datetime.now(UTC))


async def tag_call(tx: AsyncConnection, call_id: int, now: datetime, rules: Sequence[Rule] = STARTER_RULES) -> int:
    """Tag all transcripts of a call and tell of it; returns how many tags it has now."""
    told = (await tx.execute(select(transcripts).where(transcripts.c.call_id == call_id))).all()
    rows = [row for transcript in told for row in await _tag_rows(tx, transcript, rules, now)]
    await tx.execute(delete(call_tags).where(call_tags.c.transcript_id.in_([transcript.id for transcript in told])))
    for first in range(0, len(rows), MANY):
        await tx.execute(insert(call_tags), rows[first : first + MANY])
    if rows:
        await event_log.append(tx, [await _tagged(tx, call_id, sorted({row["tag"] for row in rows}), now)])
    return len(rows)


async def _tag_rows(tx: AsyncConnection, transcript: Row[Any], rules: Sequence[Rule], now: datetime) -> list[dict[str, Any]]:
    table = transcript_segments
    query = select(table).where(table.c.transcript_id == transcript.id).order_by(table.c.position)
    segments = [_segment(row) for row in await tx.execute(query)]
    # The dictionary and an hour of talk take some tenths of a second.
    hits = await asyncio.to_thread(tags_of, segments, rules, transcript.language)
    return [_row(transcript, hit, now) for hit in hits]


async def _tagged(tx: AsyncConnection, call_id: int, tags: Sequence[str], now: datetime) -> Event:
    call = (await tx.execute(select(calls.c.contact_id, calls.c.deal_id).where(calls.c.id == call_id))).one()
    return Event(
        EventKind.CALL_TAGGED, now, await receivers_of(tx, call_id),
        call_id=call_id, contact_id=call.contact_id, deal_id=call.deal_id, facts={"tags": list(tags)},
    )  # fmt: skip


def _segment(row: Row[Any]) -> Segment:
    return Segment(Side(row.side), row.start, row.end, row.text, row.confidence, tuple(Word(*word) for word in row.words))


def _row(transcript: Row[Any], hit: TagHit, now: datetime) -> dict[str, Any]:
    return {
        "call_id": transcript.call_id, "transcript_id": transcript.id, "tag": hit.tag, "segment": hit.segment_index,
        "word_start": hit.word_start, "word_end": hit.word_end, "start": hit.start, "end": hit.end, "quote": hit.quote, "at": now,
    }  # fmt: skip
