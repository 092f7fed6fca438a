"""Which exchanges are not heard now, and since when: what is shown of their calls is as old as that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import exchanges, journal

NOT_HEARD = ("connecting", "down", "refused")
"""States in which nothing is told of calls; one that is `new` never told of any."""
SILENCE = timedelta(seconds=90)
"""A live exchange answers some pings in this time, and the answers are journalled: longer silence means nobody listens."""


@dataclass(frozen=True, slots=True)
class NotHeard:
    """An exchange that is not heard. `since`: the last moment at which it was; what is known of its calls is as of then."""

    exchange_id: int
    name: str
    state: str
    since: datetime


HEARD = (
    select(journal.c.received_at)
    .where(journal.c.exchange_id == exchanges.c.id, journal.c.source == "ami")
    .order_by(journal.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
EXCHANGES = select(
    exchanges.c.id, exchanges.c.name, exchanges.c.state, exchanges.c.state_since, HEARD.label("heard_at")
).order_by(exchanges.c.id)  # fmt: skip


async def not_heard(connection: AsyncConnection, now: datetime) -> dict[int, NotHeard]:
    """By the exchange's id."""
    rows = (await connection.execute(EXCHANGES)).all()
    return {row.id: silent for row in rows if (silent := _not_heard(row, now)) is not None}


def _not_heard(row: Any, now: datetime) -> NotHeard | None:
    state, heard_at = row.state, row.heard_at
    silent = heard_at is not None and now - heard_at > SILENCE
    if state in NOT_HEARD or (silent and state == "up"):
        since = heard_at or row.state_since or now
        return NotHeard(row.id, row.name, state, min(since, now))
    return None
