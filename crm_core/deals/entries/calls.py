"""Calls of the deal, each under the stage that was frozen on it, with what was recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Select, bindparam
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.calls.lines import CallLine, brief_query, lines_of
from crm_core.calls.tables import calls
from crm_core.deals.entry import Entry, EntryKind, Found, TimelineAsked
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


def _of_deal(actor: Actor) -> Select[Any]:
    return brief_query(actor).where(calls.c.deal_id == bindparam("deal"))


async def _find(connection: AsyncConnection, asked: TimelineAsked) -> list[Found]:
    rows = await asked.rows(connection, _of_deal, CallEntry.kind, calls.c.started_at, calls.c.id)
    return [Found(row.started_at, CallEntry.kind, row.id, row) for row in rows]


async def _tell(connection: AsyncConnection, asked: TimelineAsked, rows: Sequence[Any]) -> list[CallEntry]:
    found = await lines_of(connection, asked.actor, rows)
    opened = next((line.id for line in found if line.has_recording and line.may_listen), None)
    if opened is None or asked.before is not None:
        return [CallEntry(line.started_at, line.id, line) for line in found]
    talks = (await recorded_talks(connection, asked.actor, [opened])).get(opened, ())
    state = (await transcript_states(connection, asked.actor, [opened]))[opened]
    return [CallEntry(line.started_at, line.id, line, *((talks, state) if line.id == opened else ())) for line in found]


ENTRY = EntryKind(CallEntry.kind, _find, _tell)
