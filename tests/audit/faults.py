"""What may be wrong with a day, done to it on purpose."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, or_, update

from crm_core.calls.tables import calls, journal
from crm_core.event_log import events
from crm_core.tables import metadata
from tests.audit.house import House
from tests.office import Office


async def forget_call(house: Office, call_id: int) -> None:
    """As if it had never been told."""
    async with house.database.write() as tx:
        for column in _pointing_at_calls():
            theirs = column == call_id
            emptied = update(column.table).where(theirs).values({column: None})
            await tx.execute(emptied if column.nullable else delete(column.table).where(theirs))
        await tx.execute(delete(events).where(events.c.call_id == call_id))
        await tx.execute(delete(calls).where(calls.c.id == call_id))


def _pointing_at_calls() -> Iterator[Any]:
    """Innermost tables first."""
    for table in reversed(metadata.sorted_tables):
        for column in table.c:
            if any(key.column is calls.c.id for key in column.foreign_keys):
                yield column


async def forget_journal(house: House, *scenarios: str) -> None:
    """As if nobody had listened then."""
    theirs = or_(*(journal.c.connection == scenario for scenario in scenarios))
    async with house.database.write() as tx:
        await tx.execute(delete(journal).where(theirs))


async def change_call(house: House, call_id: int, **values: Any) -> None:
    async with house.database.write() as tx:
        await tx.execute(update(calls).where(calls.c.id == call_id).values(values))


async def call_of(house: House, **facts: Any) -> int:
    return int((await house.the(calls, **facts)).id)


def cut_records(house: House, linkedid: str, *files: str) -> None:
    """The exchange's records lose all that they say of this call."""
    for name in files:
        file = house.folder / name
        kept = [line for line in file.read_bytes().splitlines(keepends=True) if linkedid.encode() not in line]
        file.write_bytes(b"".join(kept))
