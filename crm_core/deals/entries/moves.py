"""Moves from stage to stage, and the deal's beginning."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.entry import Entry, EntryKind, Found, TimelineAsked
from crm_core.deals.stays import Move


@dataclass(frozen=True, slots=True)
class MoveEntry(Entry):
    kind: ClassVar[str] = "move"
    at: datetime
    id: int
    move: Move


async def _find(_connection: AsyncConnection, asked: TimelineAsked) -> list[Found]:
    found = (Found(move.at, MoveEntry.kind, move.id, move) for move in reversed(asked.moves))
    return [one for one in found if asked.is_older(one)][: asked.limit]


async def _tell(_connection: AsyncConnection, _asked: TimelineAsked, rows: Sequence[Any]) -> list[MoveEntry]:
    return [MoveEntry(move.at, move.id, move) for move in rows]


ENTRY = EntryKind(MoveEntry.kind, _find, _tell)
