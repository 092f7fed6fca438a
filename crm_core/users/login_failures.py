"""Failed logins make the next attempt wait, longer each time: by e-mail and by address, so neither can be worn down."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.upserts import insert_into
from crm_core.users.tables import login_failures

FREE = 3  # mistypings that cost nothing
LONGEST = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)


def delay_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: nothing for three, then 1 s, 2 s, 4 s … up to 15 minutes."""
    if failures <= FREE:
        return timedelta(0)
    return min(LONGEST, timedelta(seconds=2 ** min(failures - FREE - 1, 20)))


async def wait_left(connection: AsyncConnection, names: Sequence[str], *, now: datetime) -> timedelta:
    """How long until the next attempt under any of these names (the e-mail, the address) is let in; zero: now."""
    names_asked = [_hidden(name) for name in names]
    query = select(login_failures).where(login_failures.c.name.in_(names_asked), login_failures.c.last_at > now - FORGOTTEN_AFTER)
    rows = (await connection.execute(query)).all()
    waits: list[timedelta] = [row.last_at + delay_after(row.failures) - now for row in rows]
    return max([timedelta(0), *waits])


async def note_failure(tx: AsyncConnection, names: Sequence[str], *, now: datetime) -> None:
    """Count a failed login under each name; a count a day old begins anew."""
    insert = insert_into(tx, login_failures)
    fresh = login_failures.c.last_at > now - FORGOTTEN_AFTER
    counted = insert.on_conflict_do_update(
        index_elements=[login_failures.c.name],
        set_={"failures": case((fresh, login_failures.c.failures + 1), else_=1), "last_at": insert.excluded.last_at},
    )
    rows = [{"name": name, "failures": 1, "last_at": now} for name in sorted({_hidden(name) for name in names})]
    await tx.execute(counted, rows)


async def clear(tx: AsyncConnection, names: Sequence[str]) -> None:
    """A login went well: its names start afresh."""
    await tx.execute(delete(login_failures).where(login_failures.c.name.in_([_hidden(name) for name in names])))


async def forget_old(tx: AsyncConnection, *, now: datetime) -> None:
    await tx.execute(delete(login_failures).where(login_failures.c.last_at <= now - FORGOTTEN_AFTER))


def _hidden(name: str) -> str:
    """What people mistype into the e-mail field (a password, at times) must not stand in the database."""
    return hashlib.sha256(name.strip().casefold().encode("utf-8", "replace")).hexdigest()
