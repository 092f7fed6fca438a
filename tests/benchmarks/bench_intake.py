"""One finished call through intake against bare Core writing the very rows that it leaves; 50 calls a transaction."""

import asyncio
import contextlib
import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, select

from crm_core.calls.events import CallEvent
from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.db import Database
from crm_core.deals.tables import deals, stage_history
from crm_core.event_log import events
from crm_core.tasks.tables import tasks
from tests.benchmarks.figures import Figure
from tests.builders import MORNING, inbound, outbound
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import Office

CALLS = 50  # in a batch
ROUNDS = 60
GOAL = 1.5
EXTENSIONS = ("101", "102", "103", "104")
WRITTEN: tuple[Table, ...] = (
    contacts, contact_numbers, deals, stage_history, calls, call_linkedids, call_rings, call_talks, tasks, events,
)  # fmt: skip

Rows = list[tuple[Table, list[dict[str, Any]]]]


def run() -> Figure:
    """Alternately a batch through intake on one database and its rows by bare Core on another."""
    with sqlite_template() as template:
        return asyncio.run(_measure(template))


async def _measure(template: Path) -> Figure:
    spent: tuple[list[float], list[float]] = ([], [])
    async with _two_offices(template) as (ours, bare):
        placed = dict.fromkeys(WRITTEN, 0)
        await _new_rows(ours.database, placed)  # what was there before
        for round_number in range(ROUNDS):
            batch = _batch(round_number)
            spent[0].append(await _intake(ours, batch))
            rows = await _new_rows(ours.database, placed)
            spent[1].append(await _bare(bare.database, rows))
    told, written = (_unhindered(times) / CALLS * 1000 for times in spent)
    explained = (f"{CALLS} calls a transaction: intake {told:.3f} ms a call, bare Core {written:.3f} ms for the same rows",)
    return Figure("intake", told / written, GOAL, explained=explained)


def _unhindered(times: Sequence[float]) -> float:
    """The lower quartile, without the rounds in which statements are first compiled: a busy neighbour only ever adds."""
    return statistics.quantiles(times[5:], n=4)[0]


def _batch(round_number: int) -> list[CallEvent]:
    """What a day brings: new callers answered and missed, known callers, calls out; each from its start to its end."""
    told: list[CallEvent] = []
    for index in range(CALLS):
        at = MORNING + round_number * 1000 + index
        number = f"7916{round_number:03}{index:04}"
        one, other = EXTENSIONS[index % 4], EXTENSIONS[(index + 1) % 4]
        if index % 5 == 4:
            told += outbound(number, by=one, at=at).answers(one).ends()
        elif index % 5 == 3:
            told += inbound(number, at=at).rings(one, other).stops(one).stops(other).ends()
        else:
            told += inbound(number, at=at).rings(one, other).answers(one).records(f"/rec/{at}.wav").ends()
    return told


async def _intake(office: Office, batch: Sequence[CallEvent]) -> float:
    gc.collect()
    began = time.perf_counter()
    await office.take(batch)
    return time.perf_counter() - began


async def _bare(database: Database, rows: Rows) -> float:
    """One multi-row INSERT for each table, in one transaction: no less will do."""
    gc.collect()
    began = time.perf_counter()
    async with database.write() as tx:
        for table, values in rows:
            await tx.execute(insert(table), values)
    return time.perf_counter() - began


async def _new_rows(database: Database, placed: dict[Table, int]) -> Rows:
    """What the batch left, in the order of its writing; `placed` is the highest id of each table so far."""
    found: Rows = []
    async with database.read() as connection:
        for table in WRITTEN:
            place = table.c.call_id if "call_id" in table.primary_key.columns or table is call_linkedids else table.c.id
            rows = (await connection.execute(select(table).where(place > placed[table]).order_by(place))).mappings().all()
            found.append((table, [dict(row) for row in rows]))
            placed[table] = max((row[place.name] for row in rows), default=placed[table])
    return [(table, rows) for table, rows in found if rows]


@contextlib.asynccontextmanager
async def _two_offices(template: Path) -> AsyncIterator[tuple[Office, Office]]:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        databases = [Database(fresh_sqlite(template, Path(folder))) for folder in (one, other)]
        offices = [await Office.opened(database) for database in databases]
        for office in offices:
            for extension in EXTENSIONS:
                await office.person(f"Manager{extension}", extension)
        try:
            yield offices[0], offices[1]
        finally:
            for database in databases:
                await database.close()


if __name__ == "__main__":
    print(run().line())
