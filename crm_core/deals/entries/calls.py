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
    """A call; the newest that the reader may hear also with what was recorded of it: it stands open on the card.

    What was recorded of the others is fetched when they are opened.
    """

    kind: ClassVar[str] = "call"
    at: datetime
    id: int
    line: CallLine
    talks_recorded: tuple[RecordedTalk, ...] = ()
    transcript: TranscriptState | None = None

    @property
    def own_stage_id(self) -> int | None:
        return None if self.line.stage is None else self.line.stage.id


async def _read(connection: AsyncConnection, asked: TimelineAsked) -> list[CallEntry]:
    query = line_query(asked.actor).where(calls.c.deal_id == asked.deal_id)
    found = await lines(connection, asked.actor, asked.newest(query, CallEntry.kind, calls.c.started_at, calls.c.id))
    opened = next((line.id for line in found if line.has_recording and line.may_listen), None)
    if opened is None or asked.before is not None:
        return [CallEntry(line.started_at, line.id, line) for line in found]
    talks = (await recorded_talks(connection, asked.actor, [opened])).get(opened, ())
    state = (await transcript_states(connection, asked.actor, [opened]))[opened]
    return [CallEntry(line.started_at, line.id, line, *((talks, state) if line.id == opened else ())) for line in found]


ENTRY = EntryKind(CallEntry.kind, _read)
