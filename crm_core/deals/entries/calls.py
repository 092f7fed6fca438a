"""Calls of the deal, each under the stage that was frozen on it, with what was recorded."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.lines import CallLine, line_query, lines
from crm_core.calls.tables import calls
from crm_core.deals.entry import Entry, EntryKind, TimelineAsked
from crm_core.recordings.queries import RecordedTalk, recorded_talks
from crm_core.transcripts.queries import TranscriptState, transcript_states


@dataclass(frozen=True, slots=True)
class CallEntry(Entry):
    """A call with what was recorded of it (nothing where the reader may not listen)."""

    kind: ClassVar[str] = "call"
    at: datetime
    id: int
    line: CallLine
    talks_recorded: tuple[RecordedTalk, ...]
    transcript: TranscriptState

    @property
    def own_stage_id(self) -> int | None:
        return None if self.line.stage is None else self.line.stage.id


async def _read(connection: AsyncConnection, asked: TimelineAsked) -> list[CallEntry]:
    query = line_query(asked.actor).where(calls.c.deal_id == asked.deal_id)
    found = await lines(connection, asked.actor, asked.newest(query, CallEntry.kind, calls.c.started_at, calls.c.id))
    ids = [line.id for line in found]
    recorded = await recorded_talks(connection, asked.actor, ids) if ids else {}
    states = await transcript_states(connection, asked.actor, ids)
    return [CallEntry(line.started_at, line.id, line, recorded.get(line.id, ()), states[line.id]) for line in found]


ENTRY = EntryKind(CallEntry.kind, _read)
