"""The last visits of the doctor at an exchange."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, require
from crm_core.checkups.tables import checkups
from crm_core.checkups.visits import GIVEN_UP, OPEN, Kind
from crm_core.users.tables import users


@dataclass(frozen=True, slots=True)
class Checkup:
    """`findings` as the doctor wrote them (`api.doctor.findings`)."""

    id: int
    kind: Kind
    is_open: bool
    asked_by: str | None
    asked_at: datetime
    over_at: datetime | None
    findings: list[dict[str, Any]]


async def last(
    connection: AsyncConnection, actor: Actor, exchange_id: int, kind: Kind, now: datetime, *, only_over: bool = False
) -> Checkup | None:
    """The newest of its kind; raises Forbidden for who has nothing to do with exchanges."""
    require(actor, Right.SEE_EXCHANGES)
    query = select(checkups, users.c.name).join_from(checkups, users, checkups.c.asked_by == users.c.id, isouter=True)
    query = query.where(checkups.c.exchange_id == exchange_id, checkups.c.kind == kind).order_by(checkups.c.id.desc())
    if only_over:
        query = query.where(checkups.c.over_at.is_not(None))
    row = (await connection.execute(query.limit(1))).one_or_none()
    if row is None:
        return None
    is_open = row.state in OPEN and row.asked_at > now - GIVEN_UP
    return Checkup(row.id, Kind(row.kind), is_open, row.name, row.asked_at, row.over_at, row.findings)
