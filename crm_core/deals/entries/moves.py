"""Moves from stage to stage, and the deal's beginning."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.entry import Entry, EntryKind, TimelineAsked
from crm_core.deals.stays import Move


@dataclass(frozen=True, slots=True)
class MoveEntry(Entry):
    kind: ClassVar[str] = "move"
    at: datetime
    id: int
    move: Move


async def _read(_connection: AsyncConnection, asked: TimelineAsked) -> list[MoveEntry]:
    entries = (MoveEntry(move.at, move.id, move) for move in reversed(asked.moves))
    return [entry for entry in entries if asked.is_older(entry)][: asked.limit]


ENTRY = EntryKind(MoveEntry.kind, _read)
