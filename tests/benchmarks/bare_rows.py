"""The yardstick of what stores calls: bare Core with multi-row statements writing the very rows that our side left."""

import asyncio
import contextlib
import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, select

from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls, journal
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.db import Database
from crm_core.deals.tables import deals, stage_history
from crm_core.event_log import events
from crm_core.tasks.tables import tasks
from tests.benchmarks.ami_stream import DIDS
from tests.builders import OUR_DID
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import Office

EXTENSIONS = ("101", "102", "103", "104")
WRITTEN: tuple[Table, ...] = (
    journal, contacts, contact_numbers, deals, stage_history, calls, call_linkedids, call_rings, call_talks, tasks, events,
)  # fmt: skip
FIRST_ROUNDS = 5  # in which statements are compiled and pages of the file made

Rows = list[tuple[Table, list[dict[str, Any]]]]
OneRound = Callable[[Office, int], Awaitable[None]]


@dataclass(slots=True)
class Spent:
    """Seconds of each round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def unhindered(self) -> tuple[float, float]:
        """The lower quartile of wall and of CPU seconds: a busy neighbour only ever adds."""
        wall, cpu = (statistics.quantiles(times[FIRST_ROUNDS:], n=4)[0] for times in (self.wall, self.cpu))
        return wall, cpu

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)


def against_bare_rows(
    one_round: Callable[[Office], OneRound], rounds: int, fresh: Callable[[], str] | None = None
) -> tuple[Spent, Spent, Spent]:
    """In turns, on three databases that are alike: ours; a bare loop that finds its ids itself; one that is given them.

    `fresh` makes a new database and tells its address; on SQLite, unless told.
    """
    if fresh is not None:
        return asyncio.run(_measure([fresh() for _ in range(3)], one_round, rounds))
    with sqlite_template() as template, contextlib.ExitStack() as folders:
        folder = [Path(folders.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        return asyncio.run(_measure([fresh_sqlite(template, one) for one in folder], one_round, rounds))


async def _measure(urls: list[str], prepare: Callable[[Office], OneRound], rounds: int) -> tuple[Spent, Spent, Spent]:
    ours, linking, bare = Spent(), Spent(), Spent()
    async with _offices(urls) as (office, other, third):
        placed = dict.fromkeys(WRITTEN, 0)
        await _new_rows(office.database, placed)  # what was there before
        one_round = prepare(office)
        for number in range(rounds):
            with ours.measured():
                await one_round(office, number)
            rows = await _new_rows(office.database, placed)
            with linking.measured():
                await _link(other.database, rows)
            with bare.measured():
                await _write(third.database, rows)
    return ours, linking, bare


async def _write(database: Database, rows: Rows) -> None:
    """One multi-row INSERT for each table, in one transaction: no less will do."""
    async with database.write() as tx:
        for table, values in rows:
            await tx.execute(insert(table), values)


async def _link(database: Database, rows: Rows) -> None:
    """As `_write`, but as anybody must who cannot know ids beforehand: who is known is asked, and new rows tell their ids."""
    new_id: dict[tuple[str, int], int] = {}
    async with database.write() as tx:
        numbers = [row["number"] for table, values in rows if table is contact_numbers for row in values]
        known = select(contact_numbers.c.number, contact_numbers.c.contact_id).where(contact_numbers.c.number.in_(numbers))
        (await tx.execute(known)).all()
        for table, values in rows:
            linked = [_relinked(table, row, new_id) for row in values]
            if table.name not in _REFERRED:
                await tx.execute(insert(table), linked)
                continue
            added = await tx.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), linked)
            new_id.update(((table.name, row["id"]), new) for row, new in zip(values, added, strict=True))


def _relinked(table: Table, row: dict[str, Any], new_id: dict[tuple[str, int], int]) -> dict[str, Any]:
    linked = {name: value for name, value in row.items() if name != "id"}
    for name, refers_to in _LINKS[table.name]:
        if linked[name] is not None:
            linked[name] = new_id.get((refers_to, linked[name]), linked[name])
    return linked


_LINKS = {
    table.name: [(key.parent.name, key.column.table.name) for key in table.foreign_keys if key.column.table in WRITTEN]
    for table in WRITTEN
}
_REFERRED = {name for links in _LINKS.values() for _, name in links}


async def _new_rows(database: Database, placed: dict[Table, int]) -> Rows:
    """What the round left, in the order of its writing; `placed` is the highest id of each table so far."""
    found: Rows = []
    async with database.read() as connection:
        for table in WRITTEN:
            place = table.c.call_id if "call_id" in table.primary_key.columns or table is call_linkedids else table.c.id
            rows = (await connection.execute(select(table).where(place > placed[table]).order_by(place))).mappings().all()
            found.append((table, [dict(row) for row in rows]))
            placed[table] = max((row[place.name] for row in rows), default=placed[table])
    return [(table, rows) for table, rows in found if rows]


@contextlib.asynccontextmanager
async def _offices(urls: list[str]) -> AsyncIterator[list[Office]]:
    async with contextlib.AsyncExitStack() as stack:
        offices = []
        for url in urls:
            database = Database(url)
            stack.push_async_callback(database.close)
            offices.append(await Office.opened(database, own_numbers=(OUR_DID, *DIDS)))
            for extension in EXTENSIONS:
                await offices[-1].person(f"Manager{extension}", extension)
        yield offices
