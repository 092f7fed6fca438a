"""What ran on the deal by itself, when and why; also what declined to (F8)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.queries import RunLine, named, run_line, runs_of_deal
from crm_core.deals.automations.tables import automation_runs
from crm_core.deals.entry import Entry, EntryKind, TimelineAsked


@dataclass(frozen=True, slots=True)
class RunEntry(Entry):
    kind: ClassVar[str] = "run"
    at: datetime
    id: int
    run: RunLine


async def _read(connection: AsyncConnection, asked: TimelineAsked) -> list[RunEntry]:
    query = asked.newest(runs_of_deal(asked.deal_id), RunEntry.kind, automation_runs.c.at, automation_runs.c.id)
    found = await named(connection, [run_line(row) for row in await connection.execute(query)])
    return [RunEntry(line.at, line.id, line) for line in found]


ENTRY = EntryKind(RunEntry.kind, _read)
