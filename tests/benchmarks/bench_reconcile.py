"""A day of 10,000 calls audited, against reading the same rows and doing nothing with them: ours, CEL, CDR and queue log."""

import asyncio
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from crm_core import days
from crm_core.db import Database
from crm_core.trust.our_calls import our_calls
from pbx.records.reading import read_cdr, read_cel, read_queue_log
from tests.audit.busy_day import record, take_in, write_records
from tests.audit.house import DAY, ZONE, House
from tests.benchmarks.figures import Figure, least_cpu_of
from tests.databases import fresh_sqlite, sqlite_template

CALLS = 10_000
GOAL = 2.0


def run() -> Figure:
    with tempfile.TemporaryDirectory() as name, sqlite_template() as template:
        ours, reading = asyncio.run(_measured(fresh_sqlite(template, Path(name)), Path(name)))
    explained = (
        f"a day of {CALLS:,} calls: audited in {ours:.2f} s of CPU, its rows only read in {reading:.2f} s",
        "of three rounds each, turn by turn, the quickest; process time, all threads",
    )
    return Figure("reconcile", ours / reading, GOAL, explained=explained)


async def _measured(url: str, folder: Path) -> tuple[float, ...]:
    database = Database(url)
    try:
        house = await busy_house(database, folder, CALLS)
        return await least_cpu_of(lambda: audited(house), lambda: rows_read(house), rounds=3)
    finally:
        await database.close()


async def busy_house(database: Database, folder: Path, calls: int) -> House:
    house = await House.opened(database, own_numbers=())
    assert isinstance(house, House)
    exchange = folder / "exchange"
    exchange.mkdir()
    await house.at(exchange)
    write_records(house, calls)
    await take_in(house, calls)
    await record(house)
    return house


async def audited(house: House) -> int:
    found = await house.audited()
    if (found.audited.calls, found.audited.agreeing) != (CALLS, CALLS):
        raise AssertionError(f"{found.audited.agreeing} of {found.audited.calls} agree: {found.audited.differences[:3]}")
    return found.audited.calls


async def rows_read(house: House) -> int:
    """All that an audit reads, as it reads it: an hour of CEL at once."""
    since, until = days.bounds(DAY, ZONE)
    async with house.database.read() as connection:
        ours = await our_calls(connection, house.exchange.id, since, until)
    records, number = house.exchange.records, len(ours.calls)
    place: datetime = since
    while place < until:
        number += len((await read_cel(records, place, place + timedelta(hours=1))).rows)
        place += timedelta(hours=1)
    number += len((await read_cdr(records, since, until)).rows)
    return number + len((await read_queue_log(records, since, until)).rows)
