"""A deadlock of PostgreSQL where a test wants it: always the same of the two transactions is ended."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import Database

LOOKS_AFTER = text("SELECT set_config('deadlock_timeout', :after, true)")
LOCK = text("SELECT pg_advisory_xact_lock(:number)")
WAITED_FOR = text("""
    SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
                   WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted)
""")


async def deadlock(tx: AsyncConnection, other: Database) -> None:
    """Another transaction waits for this one, and this one then for the other: the server ends what this one asks (40P01)."""
    await tx.execute(LOOKS_AFTER, {"after": "10ms"})
    await tx.execute(LOCK, {"number": 1})
    async with other.write() as crossing:
        await crossing.execute(LOOKS_AFTER, {"after": "10min"})
        await crossing.execute(LOCK, {"number": 2})
        waiting = asyncio.create_task(crossing.execute(LOCK, {"number": 1}))
        while not await tx.scalar(WAITED_FOR):
            await asyncio.sleep(0.005)
        try:
            await tx.execute(LOCK, {"number": 2})
        finally:
            await waiting
