"""What ran on the deal by itself, when and why; also what declined to (F8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Select, bindparam
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.deals.automations.queries import OF_DEALS, RunLine, named, run_line
from crm_core.deals.automations.tables import automation_runs
from crm_core.deals.entry import Entry, EntryKind, Found, TimelineAsked


@dataclass(frozen=True, slots=True)
class RunEntry(Entry):
    kind: ClassVar[str] = "run"
    at: datetime
    id: int
    run: RunLine


def _of_deal(_actor: Actor) -> Select[Any]:
    """Whoever sees the deal sees what ran on it."""
    return OF_DEALS.where(automation_runs.c.deal_id == bindparam("deal"))


async def _find(connection: AsyncConnection, asked: TimelineAsked) -> list[Found]:
    rows = await asked.rows(connection, _of_deal, RunEntry.kind, automation_runs.c.at, automation_runs.c.id)
    return [Found(row.at, RunEntry.kind, row.id, row) for row in rows]


async def _tell(connection: AsyncConnection, _asked: TimelineAsked, rows: Sequence[Any]) -> list[RunEntry]:
    return [RunEntry(line.at, line.id, line) for line in await named(connection, [run_line(row) for row in rows])]


ENTRY = EntryKind(RunEntry.kind, _find, _tell)
