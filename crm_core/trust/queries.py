"""What the audits say: of days, of one day's differences, and of any period whose figures are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, opens, require
from crm_core.calls.tables import calls, exchanges
from crm_core.days import day_of
from crm_core.errors import NotFound
from crm_core.trust.tables import audited_days, differences

SHOWN_DAYS = 60
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Trust:
    """`share`: of the calls of the audited days, how many agree, 0..1; None: there was nothing to compare."""

    calls: int
    agreeing: int
    audited: int  # days
    days: int

    @property
    def share(self) -> float | None:
        return self.agreeing / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class DayLine:
    """One exchange's day as it was audited last. `open`: differences that are not mended."""

    id: int
    exchange_id: int
    exchange: str
    day: date
    calls: int
    agreeing: int
    sources: dict[str, Any]
    note: str | None
    audited_at: datetime
    open: int
    mended: int

    @property
    def share(self) -> float | None:
        return self.agreeing / self.calls if self.calls else None

    @property
    def was_read(self) -> bool:
        """Whether a record of the exchange's own could be read: then a day without a share had no call to compare."""
        return any(read.get("why") is None for read in self.sources.values())


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """`facts`: what each witness says, by its name; see `crm_core.trust.differences`."""

    id: int
    kind: str
    at: datetime
    call_id: int | None
    linkedid: str | None
    facts: dict[str, Any]
    mended_at: datetime | None
    mended_how: str | None


async def trust_of(connection: AsyncConnection, since: datetime, until: datetime, zone: ZoneInfo) -> Trust | None:
    """Of the days in this time, all exchanges; None if none of them was ever audited. For whoever may see the figures."""
    first, last = day_of(since, zone), day_of(until - timedelta(microseconds=1), zone)
    query = select(func.sum(audited_days.c.calls), func.sum(audited_days.c.agreeing), func.count(audited_days.c.day.distinct()))
    during = (audited_days.c.day >= first, audited_days.c.day <= last)
    calls, agreeing, audited = (await connection.execute(query.where(*during))).one()
    return Trust(int(calls), int(agreeing), audited, (last - first).days + 1) if audited else None


async def audited(
    connection: AsyncConnection,
    actor: Actor,
    *,
    since: date | None = None,
    until: date | None = None,
    exchange_id: int | None = None,
) -> Sequence[DayLine]:
    """The newest days first; raises Forbidden."""
    require(actor, Right.SEE_EXCHANGES)
    query = _days()
    if since is not None:
        query = query.where(audited_days.c.day >= since)
    if until is not None:
        query = query.where(audited_days.c.day <= until)
    if exchange_id is not None:
        query = query.where(audited_days.c.exchange_id == exchange_id)
    query = query.order_by(audited_days.c.day.desc(), exchanges.c.name).limit(SHOWN_DAYS)
    return [_day(row) for row in await connection.execute(query)]


async def audited_day(connection: AsyncConnection, actor: Actor, day_id: int) -> DayLine:
    """Raises Forbidden, NotFound."""
    require(actor, Right.SEE_EXCHANGES)
    row = (await connection.execute(_days().where(audited_days.c.id == day_id))).one_or_none()
    if row is None:
        raise NotFound(noun="audited_days", id=day_id)
    return _day(row)


async def differences_of(connection: AsyncConnection, actor: Actor, day_id: int) -> Sequence[DifferenceLine]:
    """Open ones first, in order of time; what is of a call, or of none of ours, only to who sees it. Raises Forbidden."""
    require(actor, Right.SEE_EXCHANGES)
    query = select(differences).where(differences.c.day_id == day_id, opens(actor, calls, differences.c.call_id))
    order = (differences.c.mended_at.is_not(None), differences.c.at, differences.c.id)
    return [_difference(row) for row in await connection.execute(query.order_by(*order).limit(MOST_SHOWN))]


def _days() -> Select[Any]:
    of_day = differences.c.day_id == audited_days.c.id
    unmended = select(func.count()).where(of_day, differences.c.mended_at.is_(None)).scalar_subquery()
    mended = select(func.count()).where(of_day, differences.c.mended_at.is_not(None)).scalar_subquery()
    return select(audited_days, exchanges.c.name, unmended.label("open"), mended.label("mended")).join(exchanges)


def _day(row: Any) -> DayLine:
    names = [name for name in DayLine.__dataclass_fields__ if name != "exchange"]
    return DayLine(exchange=row.name, **{name: getattr(row, name) for name in names})


def _difference(row: Any) -> DifferenceLine:
    return DifferenceLine(**{name: getattr(row, name) for name in DifferenceLine.__dataclass_fields__})
