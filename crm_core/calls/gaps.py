"""When nobody listened to an exchange, and whether its own records have told since what happened meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, require
from crm_core.calls.tables import exchanges, gaps
from crm_core.text import clean
from crm_core.upserts import insert_into

LONGEST_NOTE = 500
RECENT = 20


@dataclass(frozen=True, slots=True)
class Gap:
    """From the last moment the exchange was heard until it was heard again. `note`: why it is not filled, or not wholly."""

    exchange_id: int
    lost_at: datetime
    made_at: datetime
    filled_at: datetime | None = None
    rows: int = 0
    broken: int = 0
    tries: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class GapLine:
    """A gap as the Exchange page shows it."""

    exchange: str
    gap: Gap

    @property
    def seconds(self) -> float:
        """0 if our clock was set back meanwhile."""
        return max(0.0, (self.gap.made_at - self.gap.lost_at).total_seconds())


async def note(tx: AsyncConnection, gap: Gap) -> None:
    """Keep what is known of a gap; one that begins at the same moment is the same."""
    row = {name: getattr(gap, name) for name in Gap.__dataclass_fields__}
    row["note"] = None if gap.note is None else clean(gap.note, LONGEST_NOTE)
    place = (gaps.c.exchange_id, gaps.c.lost_at)
    known = {name: row[name] for name in row if name not in ("exchange_id", "lost_at")}
    await tx.execute(insert_into(tx, gaps).values(row).on_conflict_do_update(index_elements=place, set_=known))


async def unfilled(connection: AsyncConnection, exchange_id: int, since: datetime) -> list[Gap]:
    """Those that ended after `since`, oldest first. One that began after it did so, too, whatever our clock said at its end."""
    recent = or_(gaps.c.made_at >= since, gaps.c.lost_at >= since)
    query = select(gaps).where(gaps.c.exchange_id == exchange_id, gaps.c.filled_at.is_(None), recent)
    return [_gap(row) for row in await connection.execute(query.order_by(gaps.c.lost_at))]


async def recent(connection: AsyncConnection, actor: Actor) -> Sequence[GapLine]:
    """The newest of all exchanges; raises Forbidden for roles that have nothing to do with exchanges."""
    require(actor, Right.SEE_EXCHANGES)
    query = select(gaps, exchanges.c.name).join(exchanges).order_by(gaps.c.lost_at.desc(), gaps.c.id.desc()).limit(RECENT)
    return [GapLine(row.name, _gap(row)) for row in await connection.execute(query)]


async def forget(tx: AsyncConnection, before: datetime) -> None:
    await tx.execute(delete(gaps).where(gaps.c.made_at < before, gaps.c.lost_at < before))


def _gap(row: Any) -> Gap:
    return Gap(**{name: getattr(row, name) for name in Gap.__dataclass_fields__})
